"""Codex's versions, what follows from them, and clients by name, in the user's words."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from app.platform.codex_advice import EnvironmentPair, SetupAdvice
from app.platform.codex_notes import CodexVersion


def dotted(version: CodexVersion) -> str:
    """A version as Codex prints it."""
    return ".".join(str(number) for number in version)


def client_words(client: str) -> str:
    """A client by the start of its User-Agent: `Codex 0.169.0`, `curl 8.5.0`."""
    name, _, version = client.partition(" ")[0].partition("/")
    return f"{'Codex' if is_codex(client) else name} {version}".strip()


def is_codex(client: str) -> bool:
    """Whether it is a Codex: they call themselves codex_cli_rs, codex_exec, codex-tui."""
    return client.lower().startswith("codex")


def advice_text(advice: SetupAdvice) -> str:
    """Which text to use with this version, and which keys to press: some lines."""
    lines = [_pair(advice.pair)]
    if advice.saved_key_leaves and advice.pair is EnvironmentPair.IGNORED:
        lines.append(
            QCoreApplication.translate(
                "CodexAdvice",
                "With the full set-up no sign-in screen comes. If one does, the text is missing in that terminal; "
                "choose neither 2, a device code for OpenAI's own sign-in, nor 3: it saves your license as a key, "
                "which Codex then sends to api.openai.com.",
            )
        )
    if advice.newer_than_tried:
        lines.append(
            QCoreApplication.translate(
                "CodexAdvice", "It is newer than 0.169, the newest that Waystation was tried with."
            )
        )
    return "\n".join(lines)


def _pair(pair: EnvironmentPair) -> str:
    match pair:
        case EnvironmentPair.KEY_TWO:
            return QCoreApplication.translate(
                "CodexAdvice",
                "Use the full set-up: no sign-in screen comes. The environment variables work too: start codex and "
                "press 2, then Enter; the license is filled in already, and Codex saves it.",
            )
        case EnvironmentPair.KEY_THREE:
            return QCoreApplication.translate(
                "CodexAdvice",
                "Use the full set-up: no sign-in screen comes. The environment variables work too: start codex and "
                "press 3 (here 2 is a device code for OpenAI), then Enter; the license is filled in already, and Codex "
                "saves it.",
            )
        case EnvironmentPair.KEY_NAMED:
            return QCoreApplication.translate(
                "CodexAdvice",
                "Use the full set-up: no sign-in screen comes. The environment variables work too: start codex, choose "
                "the line with the API key (2 or 3), then Enter; the license is filled in already, and Codex saves it.",
            )
        case EnvironmentPair.IGNORED:
            return QCoreApplication.translate(
                "CodexAdvice",
                "Use the full set-up. The environment variables alone must not be used with it: from 0.120 on Codex "
                "ignores OPENAI_BASE_URL and sends your requests, and the key, to api.openai.com.",
            )
        case EnvironmentPair.TOO_OLD:
            return QCoreApplication.translate(
                "CodexAdvice", "It is older than 0.42, and was not tried. Install the newest version:"
            )
        case EnvironmentPair.UNKNOWN:
            return QCoreApplication.translate(
                "CodexAdvice", "Use the full set-up: it works with every version that was tried, from 0.45 to 0.169."
            )

"""The design's words in the user's language: states, kinds, outcomes, shells."""

from __future__ import annotations

import re

from PySide6.QtCore import QCoreApplication

from app.core.token import TokenKind
from app.core.turn import Outcome
from app.gateway.snapshot import TokenState, TokenView
from app.platform.shells import Shell

_NUMBERED_KEY = re.compile(r"API key (\d+)")
# Practice mode names its samples in both languages at once.
_SAMPLE = re.compile(r"(.+) \(practice 练习\)")


def token_kind(kind: TokenKind) -> str:
    """What kind of upstream a token opens."""
    match kind:
        case TokenKind.CHATGPT:
            return QCoreApplication.translate("Words", "ChatGPT login")
        case TokenKind.API_KEY:
            return QCoreApplication.translate("Words", "API key")


def token_state(token: TokenView) -> str:
    """Whether a token can serve."""
    match token.state:
        case TokenState.READY:
            return QCoreApplication.translate("Words", "Ready")
        case TokenState.DISABLED:
            return QCoreApplication.translate("Words", "Disabled")
        case TokenState.RESTING:
            return QCoreApplication.translate("Words", "Resting")
        case TokenState.SEALED:
            return QCoreApplication.translate("Words", "Sealed: add it again")
        case TokenState.SIGN_IN if token.kind is TokenKind.API_KEY:
            return QCoreApplication.translate("Words", "API key refused")
        case TokenState.SIGN_IN:
            return QCoreApplication.translate("Words", "Sign in again")


def token_label(label: str) -> str:
    """A token's label; one that Waystation itself made up is translated."""
    made_up = _NUMBERED_KEY.fullmatch(label)
    if made_up:
        return QCoreApplication.translate("Words", "API key {number}").format(number=made_up[1])
    return _sample_label(label) or label


def license_label(label: str) -> str:
    """A license's label; the one for this computer and those of practice are translated."""
    if label == "This computer":
        return QCoreApplication.translate("Words", "This computer")
    return _sample_label(label) or label


def plan(name: str | None) -> str:
    """A ChatGPT plan, as OpenAI writes it."""
    return (name or "").replace("_", " ").title()


def session_state(*, active: bool) -> str:
    """Whether a session is being answered now."""
    if active:
        return QCoreApplication.translate("Words", "Answering")
    return QCoreApplication.translate("Words", "Idle")


def outcome(value: Outcome) -> str:
    """How a turn ended."""
    match value:
        case Outcome.COMPLETED:
            return QCoreApplication.translate("Words", "completed")
        case Outcome.FAILED:
            return QCoreApplication.translate("Words", "failed")
        case Outcome.REFUSED:
            return QCoreApplication.translate("Words", "refused")
        case Outcome.CLIENT_LEFT:
            return QCoreApplication.translate("Words", "client left")


def key_store(kind: str | None, *, practice: bool = False) -> str:
    """Where the key lives that seals tokens and licenses; in practice, what becomes of them."""
    if practice:
        return QCoreApplication.translate("Words", "Practice: everything is gone when it ends")
    match kind:
        case "keyring":
            return QCoreApplication.translate("Words", "Secrets are sealed by a key in the system's keyring")
        case "file":
            return QCoreApplication.translate("Words", "Secrets are sealed by a key file (weaker)")
        case "memory":
            return QCoreApplication.translate("Words", "Secrets are forgotten when Waystation quits")
        case _:
            return ""


def endpoint(value: str) -> str:
    """An endpoint by its most telling word: `responses`, `chat`, or `websocket`."""
    first, _, rest = value.partition("/")
    return rest if rest == "websocket" else first


def shell(value: Shell) -> str:
    """A shell's own name: the same in every language."""
    return {Shell.POWERSHELL: "PowerShell", Shell.WSL: "WSL"}.get(value, value.value)


def shell_with_system(value: Shell) -> str:
    """A shell with where it is found."""
    match value:
        case Shell.BASH:
            return QCoreApplication.translate("Words", "bash (Linux, older macOS)")
        case Shell.ZSH:
            return QCoreApplication.translate("Words", "zsh (macOS, Linux)")
        case Shell.FISH:
            return QCoreApplication.translate("Words", "fish (Linux, macOS)")
        case Shell.POWERSHELL:
            return QCoreApplication.translate("Words", "PowerShell (Windows)")
        case Shell.CMD:
            return QCoreApplication.translate("Words", "cmd (Windows)")
        case Shell.WSL:
            return QCoreApplication.translate("Words", "WSL: Codex in Linux, Waystation in Windows")


def _sample_label(label: str) -> str | None:
    """A label that practice gave, in the user's language; None: it is another."""
    sample = _SAMPLE.fullmatch(label)
    if sample is None:
        return None
    match sample[1]:
        case "API key":
            name = token_kind(TokenKind.API_KEY)
        case "Laptop":
            name = QCoreApplication.translate("Words", "Laptop")
        case "Night job":
            name = QCoreApplication.translate("Words", "Night job")
        case other:
            name = other
    return QCoreApplication.translate("Words", "{name} (practice)").format(name=name)

"""The notes beside the set-up texts, in the user's language; the English ones come with the notes."""

from __future__ import annotations

from PySide6.QtCore import QT_TRANSLATE_NOOP

from app.desktop.translation import translated
from app.platform.codex_notes import SetupNote

# The English sentences of all notes, so that Qt Linguist knows them.
NOTES: tuple[object, ...] = (
    QT_TRANSLATE_NOOP(
        "Notes",
        "Codex 0.120 and newer ignores OPENAI_BASE_URL and goes to api.openai.com. Use the full set-up instead.",
    ),
    QT_TRANSLATE_NOOP(
        "Notes",
        "If a license has been saved with codex login, Codex 0.120 and newer sends it to api.openai.com. "
        "This removes it.",
    ),
    QT_TRANSLATE_NOOP(
        "Notes",
        "Codex up to 0.118 sends the key only after saving it: start codex, press 2 (3 where 2 is a device code) "
        "and Enter, or run this once. It replaces the login that Codex has saved.",
    ),
    QT_TRANSLATE_NOOP(
        "Notes",
        "Every program started from this terminal window can read OPENAI_API_KEY. One that does not read "
        "OPENAI_BASE_URL too sends your license to api.openai.com. The full set-up does not use these names.",
    ),
    QT_TRANSLATE_NOOP(
        "Notes",
        "If HTTP_PROXY or ALL_PROXY is set, add the gateway's host to NO_PROXY. The full set-up does so.",
    ),
    QT_TRANSLATE_NOOP("Notes", "The shell may keep what you paste, with the license, in its history file."),
    QT_TRANSLATE_NOOP(
        "Notes",
        "Only codex typed in this terminal window goes through the gateway. Scripts, other windows and editors "
        "start the plain Codex.",
    ),
    QT_TRANSLATE_NOOP("Notes", "codex resume lists only conversations that were begun this way."),
    QT_TRANSLATE_NOOP(
        "Notes",
        "If config.toml selects a profile with a model_provider of its own, Codex up to 0.120 uses that one.",
    ),
    QT_TRANSLATE_NOOP(
        "Notes",
        "Where Windows forbids scripts, codex.cmd is started, and a prompt with & | < > ^ % or quotes may arrive "
        "changed. This allows your own scripts.",
    ),
    QT_TRANSLATE_NOOP(
        "Notes",
        "session_id names the conversation: requests with the same one stay on one token. Give each of yours its own.",
    ),
    QT_TRANSLATE_NOOP(
        "Notes", 'If HTTP_PROXY or ALL_PROXY is set, write --noproxy "*" after curl, or the request goes to that proxy.'
    ),
    QT_TRANSLATE_NOOP(
        "Notes",
        "Windows 10 and newer bring curl along. The text is written so that its quotes and Chinese characters arrive "
        "whole.",
    ),
    QT_TRANSLATE_NOOP(
        "Notes",
        "Up to 0.140 Codex forgets these settings where one of your own follows a command: write codex -c … "
        "exec, not codex exec -c ….",
    ),
    QT_TRANSLATE_NOOP(
        "Notes",
        "Codex 0.169 then warns that it is running without the shared background server. That is harmless: such a "
        "server would not know this license.",
    ),
    QT_TRANSLATE_NOOP(
        "Notes",
        "The license then stands in a file that only you can read. To go back, remove that file: the text names it.",
    ),
    QT_TRANSLATE_NOOP(
        "Notes",
        "Windows keeps the license with your user's environment variables then, and every program that you "
        "start can read it. The text says how to remove it.",
    ),
    QT_TRANSLATE_NOOP(
        "Notes",
        "Unless WSL shares the network of Windows (mirrored), the gateway must listen on all addresses "
        "(0.0.0.0), and the firewall of Windows must let it be reached.",
    ),
    QT_TRANSLATE_NOOP(
        "Notes",
        "No Codex was found on this computer. This installs it.",
    ),
    QT_TRANSLATE_NOOP(
        "Notes",
        "More than one Codex is installed. Your shell takes the first of them.",
    ),
    QT_TRANSLATE_NOOP(
        "Notes",
        "Codex cannot read its config.toml, and does not start. Correct the line that is named first.",
    ),
    QT_TRANSLATE_NOOP(
        "Notes",
        "A proxy of your environment stands between Codex and the gateway. Let Waystation write Codex's files, which "
        "puts the gateway's host into NO_PROXY there; or do so yourself: an asterisk does not stand for addresses such "
        "as 127.0.0.1.",
    ),
    QT_TRANSLATE_NOOP(
        "Notes",
        "A license stands in Codex's .env, and wins over the one of this text. If Waystation has written it there, "
        "this takes it back.",
    ),
    QT_TRANSLATE_NOOP(
        "Notes",
        "The license takes the place of the login that Codex has saved. To go back, sign in to Codex again.",
    ),
    QT_TRANSLATE_NOOP(
        "Notes",
        "Codex inside WSL has settings of its own: set it up there, with the text for WSL.",
    ),
    QT_TRANSLATE_NOOP(
        "Notes",
        "This Codex is older than 0.42, and was not tried. This installs the newest.",
    ),
)


def note_text(note: SetupNote) -> str:
    """A note's sentence, without its command."""
    return translated("Notes", note.text) or note.text

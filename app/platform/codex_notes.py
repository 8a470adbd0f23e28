"""What a user should know beside a set-up text, by Codex version, as data. No I/O.

The versions are measured with the real Codex CLI: OPENAI_BASE_URL reaches the gateway from 0.42 to 0.118 and is
ignored by 0.120 and newer (there was no 0.119); no version sends OPENAI_API_KEY before it has been saved.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from app.platform.shells import Shell

CodexVersion: TypeAlias = tuple[int, int, int]
"""Such as (0, 169, 0)."""

_IGNORES_ENVIRONMENT: CodexVersion = (0, 120, 0)
_LOGIN_READS_STDIN: CodexVersion = (0, 45, 0)
_PROFILES_ARE_FILES: CodexVersion = (0, 140, 0)
"""From here on Codex refuses a `profile` in config.toml, and profile files give way to the command line."""

_VERSION = re.compile(r"(?<![0-9.])([0-9]{1,6})\.([0-9]{1,6})\.([0-9]{1,6})")


class NoteCode(StrEnum):
    """Names a note for the translations."""

    ENVIRONMENT_IGNORED = "environment_ignored"
    SAVED_KEY_LEAVES = "saved_key_leaves"
    KEY_MUST_BE_SAVED = "key_must_be_saved"
    OTHER_PROGRAMS = "other_programs"
    PROXY = "proxy"
    HISTORY = "history"
    THIS_WINDOW = "this_window"
    RESUME = "resume"
    PROFILE = "profile"
    FORBIDDEN_SCRIPTS = "forbidden_scripts"
    CURL_SESSION = "curl_session"
    CURL_PROXY = "curl_proxy"
    CURL_WINDOWS = "curl_windows"


@dataclass(frozen=True, slots=True)
class SetupNote:
    """One thing to know.

    Attributes:
        code: which, for the translations.
        text: in English.
        command: to be run in the note's shell and shown as it is; empty if there is none.
    """

    code: NoteCode
    text: str
    command: str = ""


def parse_codex_version(text: str) -> CodexVersion | None:
    """The version in what `codex --version` prints, such as `codex-cli 0.169.0`; None if there is none."""
    found = _VERSION.search(text)
    return (int(found[1]), int(found[2]), int(found[3])) if found else None


def environment_notes(shell: Shell, codex_version: CodexVersion | None = None) -> tuple[SetupNote, ...]:
    """What to know about the environment pair, the weightiest first; of one version, or of all if it is None."""
    notes = []
    if codex_version is None or codex_version >= _IGNORES_ENVIRONMENT:
        notes += [_ENVIRONMENT_IGNORED, _SAVED_KEY_LEAVES]
    if codex_version is None or codex_version < _IGNORES_ENVIRONMENT:
        notes.append(_key_must_be_saved(shell, codex_version))
    notes += [_OTHER_PROGRAMS, _PROXY]
    if shell is not Shell.CMD:
        notes.append(_HISTORY)
    return tuple(notes)


def setup_notes(shell: Shell, codex_version: CodexVersion | None = None) -> tuple[SetupNote, ...]:
    """What to know about the full set-up, the weightiest first; of one version, or of all if it is None."""
    notes = [_THIS_WINDOW, _RESUME]
    if codex_version is None or codex_version < _PROFILES_ARE_FILES:
        notes.append(_PROFILE)
    if shell is Shell.POWERSHELL:
        notes.append(_FORBIDDEN_SCRIPTS)
    if shell is not Shell.CMD:
        notes.append(_HISTORY)
    return tuple(notes)


def curl_notes(shell: Shell) -> tuple[SetupNote, ...]:
    """What to know about the curl examples, the weightiest first."""
    notes = [_CURL_SESSION, _CURL_PROXY]
    if shell in (Shell.CMD, Shell.POWERSHELL):
        notes.append(_CURL_WINDOWS)
    if shell is not Shell.CMD:
        notes.append(_HISTORY)
    return tuple(notes)


def _key_must_be_saved(shell: Shell, codex_version: CodexVersion | None) -> SetupNote:
    on_command_line = codex_version is not None and codex_version < _LOGIN_READS_STDIN
    match shell:
        case Shell.CMD:
            commands = ("codex login --api-key %OPENAI_API_KEY%", "echo %OPENAI_API_KEY%| codex login --with-api-key")
        case Shell.POWERSHELL:
            commands = (
                "codex login --api-key $env:OPENAI_API_KEY",
                "$env:OPENAI_API_KEY | codex login --with-api-key",
            )
        case _:
            commands = (
                'codex login --api-key "$OPENAI_API_KEY"',
                'echo "$OPENAI_API_KEY" | codex login --with-api-key',
            )
    return SetupNote(
        NoteCode.KEY_MUST_BE_SAVED,
        "Codex up to 0.118 sends the key only after saving it: start codex, press 2 (3 where 2 is a device code) "
        "and Enter, or run this once. It replaces the login that Codex has saved.",
        commands[0 if on_command_line else 1],
    )


_ENVIRONMENT_IGNORED = SetupNote(
    NoteCode.ENVIRONMENT_IGNORED,
    "Codex 0.120 and newer ignores OPENAI_BASE_URL and goes to api.openai.com. Use the full set-up instead.",
)
_SAVED_KEY_LEAVES = SetupNote(
    NoteCode.SAVED_KEY_LEAVES,
    "If a license has been saved with codex login, Codex 0.120 and newer sends it to api.openai.com. This removes it.",
    "codex logout",
)
_OTHER_PROGRAMS = SetupNote(
    NoteCode.OTHER_PROGRAMS,
    "Every program started from this terminal window can read OPENAI_API_KEY. One that does not read "
    "OPENAI_BASE_URL too sends your license to api.openai.com. The full set-up does not use these names.",
)
_PROXY = SetupNote(
    NoteCode.PROXY,
    "If HTTP_PROXY or ALL_PROXY is set, add the gateway's host to NO_PROXY. The full set-up does so.",
)
_HISTORY = SetupNote(
    NoteCode.HISTORY,
    "The shell may keep what you paste, with the license, in its history file.",
)
_THIS_WINDOW = SetupNote(
    NoteCode.THIS_WINDOW,
    "Only codex typed in this terminal window goes through the gateway. Scripts, other windows and editors "
    "start the plain Codex.",
)
_RESUME = SetupNote(
    NoteCode.RESUME,
    "codex resume lists only conversations that were begun this way.",
)
_PROFILE = SetupNote(
    NoteCode.PROFILE,
    "If config.toml selects a profile with a model_provider of its own, Codex up to 0.120 uses that one.",
)
_FORBIDDEN_SCRIPTS = SetupNote(
    NoteCode.FORBIDDEN_SCRIPTS,
    "Where Windows forbids scripts, codex.cmd is started, and a prompt with & | < > ^ % or quotes may arrive "
    "changed. This allows your own scripts.",
    "Set-ExecutionPolicy -Scope CurrentUser RemoteSigned",
)
_CURL_SESSION = SetupNote(
    NoteCode.CURL_SESSION,
    "session_id names the conversation: requests with the same one stay on one token. Give each of yours its own.",
)
_CURL_PROXY = SetupNote(
    NoteCode.CURL_PROXY,
    'If HTTP_PROXY or ALL_PROXY is set, write --noproxy "*" after curl, or the request goes to that proxy.',
)
_CURL_WINDOWS = SetupNote(
    NoteCode.CURL_WINDOWS,
    "Windows 10 and newer bring curl along. The text is written so that its quotes and Chinese characters arrive "
    "whole.",
)

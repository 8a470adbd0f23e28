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

_SETTINGS_ADD_UP: CodexVersion = (0, 169, 0)
"""The first that was seen to keep a `-c` before a command such as `exec` where another one follows it."""

_HAS_SERVER: CodexVersion = (0, 169, 0)
"""The first that was seen to warn that it goes without its background server, as with every `-c`."""

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
    OWN_SETTINGS = "own_settings"
    WITHOUT_SERVER = "without_server"
    KEPT_IN_FILE = "kept_in_file"
    KEPT_BY_WINDOWS = "kept_by_windows"
    WSL_ADDRESS = "wsl_address"
    NOT_INSTALLED = "not_installed"
    SEVERAL = "several"
    CONFIG_BROKEN = "config_broken"
    PROXY_BETWEEN = "proxy_between"
    LOGIN_REPLACED = "login_replaced"
    IN_WSL = "in_wsl"
    FILE_WINS = "file_wins"
    TOO_OLD = "too_old"
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


def environment_notes(
    shell: Shell, codex_version: CodexVersion | None = None, *, lasting: bool = False
) -> tuple[SetupNote, ...]:
    """What to know about the environment pair, the weightiest first; of one version, or of all if it is None."""
    notes = []
    if codex_version is None or codex_version >= _IGNORES_ENVIRONMENT:
        notes += [_ENVIRONMENT_IGNORED, _SAVED_KEY_LEAVES]
    if codex_version is None or codex_version < _IGNORES_ENVIRONMENT:
        notes.append(_key_must_be_saved(shell, codex_version))
    notes += [_OTHER_PROGRAMS, _PROXY, *_kept(shell, variable=True, lasting=lasting)]
    if shell is Shell.WSL:
        notes.append(_WSL_ADDRESS)
    return tuple(notes)


def license_notes(shell: Shell, *, lasting: bool = False, license_in_file: bool = False) -> tuple[SetupNote, ...]:
    """What to know about the license alone, the weightiest first; see `setup_notes`."""
    return (*((_FILE_WINS,) if license_in_file else ()), *_kept(shell, variable=True, lasting=lasting))


def setup_notes(
    shell: Shell, codex_version: CodexVersion | None = None, *, lasting: bool = False, license_in_file: bool = False
) -> tuple[SetupNote, ...]:
    """What to know about the full set-up, the weightiest first; of one version, or of all if it is None.

    `license_in_file`: Codex's `.env` holds a license already, and wins over the environment in every version.
    """
    notes = [_FILE_WINS] if license_in_file else []
    if not lasting:
        notes.append(_THIS_WINDOW)
    notes.append(_RESUME)
    if codex_version is None or codex_version < _PROFILES_ARE_FILES:
        notes.append(_PROFILE)
    if shell is Shell.CMD and (codex_version is None or codex_version < _SETTINGS_ADD_UP):
        notes.append(_OWN_SETTINGS)
    if codex_version is None or codex_version >= _HAS_SERVER:
        notes.append(_WITHOUT_SERVER)
    if shell is Shell.POWERSHELL:
        notes.append(_FORBIDDEN_SCRIPTS)
    if shell is Shell.WSL:
        notes.append(_WSL_ADDRESS)
    notes += _kept(shell, variable=False, lasting=lasting)
    return tuple(notes)


def route_notes(
    *, installed: bool, several: bool, broken: bool, proxied: bool, key_leaves: bool, too_old: bool, in_wsl: bool
) -> tuple[SetupNote, ...]:
    """What to do about what was found on this computer, the weightiest first.

    Args:
        installed: there is a Codex.
        several: there is more than one.
        broken: its config.toml cannot be read.
        proxied: a proxy stands between Codex and the gateway.
        key_leaves: a key is saved that Codex sends to api.openai.com.
        too_old: nobody has tried so old a version.
        in_wsl: WSL was seen.
    """
    found = (
        (not installed, _NOT_INSTALLED),
        (too_old, _TOO_OLD),
        (broken, _CONFIG_BROKEN),
        (key_leaves, _SAVED_KEY_LEAVES),
        (proxied, _PROXY_BETWEEN),
        (several, _SEVERAL),
        (in_wsl, _IN_WSL),
    )
    return tuple(note for holds, note in found if holds)


def every_route_note() -> tuple[SetupNote, ...]:
    """All that `route_notes` can say."""
    return route_notes(
        installed=False, several=True, broken=True, proxied=True, key_leaves=True, too_old=True, in_wsl=True
    )


def login_notes() -> tuple[SetupNote, ...]:
    """What to know about `openai_base_url`."""
    return (_LOGIN_REPLACED,)


def _kept(shell: Shell, *, variable: bool, lasting: bool) -> tuple[SetupNote, ...]:
    """Where the license stands then."""
    notes = []
    if lasting and variable and shell in (Shell.CMD, Shell.POWERSHELL):
        notes.append(_KEPT_BY_WINDOWS)
    elif lasting:
        notes.append(_KEPT_IN_FILE)
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
_OWN_SETTINGS = SetupNote(
    NoteCode.OWN_SETTINGS,
    "Up to 0.140 Codex forgets these settings where one of your own follows a command: write codex -c … exec, not "
    "codex exec -c ….",
)
_WITHOUT_SERVER = SetupNote(
    NoteCode.WITHOUT_SERVER,
    "Codex 0.169 then warns that it is running without the shared background server. That is harmless: such a server "
    "would not know this license.",
)
_KEPT_IN_FILE = SetupNote(
    NoteCode.KEPT_IN_FILE,
    "The license then stands in a file that only you can read. To go back, remove that file: the text names it.",
)
_KEPT_BY_WINDOWS = SetupNote(
    NoteCode.KEPT_BY_WINDOWS,
    "Windows keeps the license with your user's environment variables then, and every program that you start can "
    "read it. The text says how to remove it.",
)
_WSL_ADDRESS = SetupNote(
    NoteCode.WSL_ADDRESS,
    "Unless WSL shares the network of Windows (mirrored), the gateway must listen on all addresses (0.0.0.0), and the "
    "firewall of Windows must let it be reached.",
)
_NOT_INSTALLED = SetupNote(
    NoteCode.NOT_INSTALLED,
    "No Codex was found on this computer. This installs it.",
    "npm install -g @openai/codex",
)
_SEVERAL = SetupNote(
    NoteCode.SEVERAL,
    "More than one Codex is installed. Your shell takes the first of them.",
)
_CONFIG_BROKEN = SetupNote(
    NoteCode.CONFIG_BROKEN,
    "Codex cannot read its config.toml, and does not start. Correct the line that is named first.",
)
_PROXY_BETWEEN = SetupNote(
    NoteCode.PROXY_BETWEEN,
    "A proxy of your environment stands between Codex and the gateway. Let Waystation write Codex's files, which puts "
    "the gateway's host into NO_PROXY there; or do so yourself: an asterisk does not stand for addresses such as "
    "127.0.0.1.",
)
_LOGIN_REPLACED = SetupNote(
    NoteCode.LOGIN_REPLACED,
    "The license takes the place of the login that Codex has saved. To go back, sign in to Codex again.",
)
_IN_WSL = SetupNote(
    NoteCode.IN_WSL,
    "Codex inside WSL has settings of its own: set it up there, with the text for WSL.",
)
_FILE_WINS = SetupNote(
    NoteCode.FILE_WINS,
    "A license stands in Codex's .env, and wins over the one of this text. If Waystation has written it there, this "
    "takes it back.",
    "waystation setup codex --undo",
)
_TOO_OLD = SetupNote(
    NoteCode.TOO_OLD,
    "This Codex is older than 0.42, and was not tried. This installs the newest.",
    "npm install -g @openai/codex",
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

"""The shells that set-up texts are written for, and what may stand in such a text."""

from __future__ import annotations

import re
from enum import StrEnum

from app.core.errors import InvalidInput

_POWERSHELL_QUOTES = re.compile("(['\u2018\u2019\u201a\u201b])")
_INERT = re.compile(r"[A-Za-z0-9._~+/=:\[\]-]+")


class Shell(StrEnum):
    """Where a text is pasted. `BASH` texts work in zsh as well, but for what is to last: each has its own files."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"
    CMD = "cmd"
    POWERSHELL = "powershell"
    #: The bash of a Linux inside Windows, where the gateway on Windows often has another address.
    WSL = "wsl"

    @property
    def is_posix(self) -> bool:
        """Whether it reads bash's language."""
        return self in (Shell.BASH, Shell.ZSH, Shell.WSL)


def default_shell(platform: str, login_shell: str = "") -> Shell:
    """The shell that a user of this system most likely has open.

    Args:
        platform: `sys.platform`.
        login_shell: the variable SHELL, such as `/usr/bin/fish`.
    """
    if platform == "win32":
        return Shell.POWERSHELL
    name = login_shell.rpartition("/")[2]
    return Shell(name) if name in ("zsh", "fish") else Shell.BASH


def inert(value: str) -> str:
    """The value, if no shell gives any of its characters a meaning inside quotes.

    There is no quoting that protects `%` or `"` in cmd, `!` in an interactive bash, or the typographic quotes
    that PowerShell takes for quotes. So such a value is refused, and plain quotes are enough for the rest.

    Raises:
        InvalidInput: the value is empty or has another character.
    """
    if not _INERT.fullmatch(value):
        raise InvalidInput("This address or license has a character that no shell text can carry safely.")
    return value


def powershell_quoted(text: str) -> str:
    """The text as one word for PowerShell, in quotes within which only quotes count; it knows typographic ones too."""
    return "'" + _POWERSHELL_QUOTES.sub(r"\1\1", text) + "'"


def joined(shell: Shell, lines: list[str]) -> str:
    """The text with the line ends of the shell: a carriage return would become part of a value in bash."""
    end = "\r\n" if shell is Shell.CMD else "\n"
    return "".join(line + end for line in lines)

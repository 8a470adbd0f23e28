"""Secrets come in by standard input or by files: other programs can read a command line."""

from __future__ import annotations

import codecs
import getpass
import sys
from pathlib import Path

from app.commandline.options import expanded
from app.core.errors import InvalidInput

_MAX_SECRET = 4 * 1024 * 1024
#: Of a backup: one of a thousand tokens has about 7 MB.
MAX_BACKUP = 32 * 1024 * 1024


def from_standard_input() -> str:
    """All of standard input.

    Raises:
        InvalidInput: it is not text.
    """
    if sys.stdin is None:
        return ""
    return _decoded(sys.stdin.buffer.read(_MAX_SECRET), "Standard input is not text.")


def from_file(path: Path, most: int = _MAX_SECRET) -> str:
    """The text of a file.

    Args:
        path: of the file.
        most: how many bytes it may have.

    Raises:
        InvalidInput: it cannot be read, is too large, or is not text.
    """
    try:
        with expanded(path).open("rb") as file:
            raw = file.read(most + 1)
    except OSError as error:
        keyring = ""
        if isinstance(error, FileNotFoundError) and path.name == "auth.json":
            keyring = (
                " If Codex keeps its login in the system's keyring, sign in here instead: waystation token sign-in"
            )
        raise InvalidInput(f"{path} cannot be read: {error.strerror}.{keyring}") from None
    if len(raw) > most:
        raise InvalidInput(f"{path} is too large: it has more than {most // 1024**2} MiB.")
    return _decoded(raw, f"{path} is not a text file.")


def proxy_from(text: str | None) -> str | None:
    """The proxy that `--proxy` names: itself; or with `-`, one line of standard input. Checked later.

    Raises:
        InvalidInput: it has a password and stands on the command line.
    """
    if text is None:
        return None
    if text == "-":
        if sys.stdin is not None and sys.stdin.isatty():
            return getpass.getpass("Proxy, such as http://user:password@host:8080: ").strip()
        lines = from_standard_input().strip().splitlines()
        if not lines:
            raise InvalidInput("No proxy came on standard input.")
        return lines[0].strip()
    if "@" in text:
        raise InvalidInput(
            "Other programs can read what stands on a command line. Give a proxy with a password as - and write it to "
            "standard input."
        )
    return text


def passphrase_from(named: str | None, *, twice: bool = False) -> str:
    """The passphrase of a backup: one line of standard input where that was named, else typed unseen.

    Args:
        named: `-` for standard input.
        twice: let it be typed once more.

    Raises:
        InvalidInput: there is none, or there is nobody to type it.
    """
    if named == "-":
        lines = from_standard_input().splitlines()
        if not lines or not lines[0]:
            raise InvalidInput("No passphrase came on standard input.")
        return lines[0]
    if sys.stdin is None or not sys.stdin.isatty():
        raise InvalidInput("There is nobody to ask for the passphrase. Write it to standard input: --passphrase -")
    passphrase = getpass.getpass("Passphrase of the backup: ")
    if twice and getpass.getpass("The same once more: ") != passphrase:
        raise InvalidInput("The two are not the same. Nothing was written.")
    return passphrase


def _decoded(raw: bytes, complaint: str) -> str:
    # Windows PowerShell writes UTF-16 by `>`; it and editors begin files with a byte order mark.
    wide = raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = raw.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidInput(complaint) from None
    # Almost any bytes can be read as UTF-16; keys, tokens and Codex's file are plain ASCII.
    if wide and not text.isascii():
        raise InvalidInput(complaint)
    return text

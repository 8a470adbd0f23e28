"""What a failing database means for the user: SQLite's result codes as `DataUnusable` with a sentence."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from app.core.errors import DataUnusable

_DAMAGED = "damaged"
_FULL = "full"
_LOCKED = "locked"
_READ_ONLY = "read_only"
_UNREACHABLE = "unreachable"

# Primary result codes, https://www.sqlite.org/rescode.html. Codes that are missing here blame the statement or its
# values (CONSTRAINT, MISMATCH, TOOBIG, …), not the file.
_REASONS = {
    sqlite3.SQLITE_NOTADB: _DAMAGED,
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_BUSY: _LOCKED,
    sqlite3.SQLITE_LOCKED: _LOCKED,
    sqlite3.SQLITE_READONLY: _READ_ONLY,
    sqlite3.SQLITE_PERM: _READ_ONLY,
    sqlite3.SQLITE_AUTH: _READ_ONLY,
    sqlite3.SQLITE_CANTOPEN: _UNREACHABLE,
    sqlite3.SQLITE_IOERR: _UNREACHABLE,
    sqlite3.SQLITE_PROTOCOL: _UNREACHABLE,
    sqlite3.SQLITE_NOLFS: _UNREACHABLE,
    sqlite3.SQLITE_NOMEM: _UNREACHABLE,
}

_SENTENCES = {
    _DAMAGED: "The database {path} is damaged. Quit Waystation, move that file away (or put a copy of it back), "
    "and start again.",
    _FULL: "The disk that holds {path} is full. Free some space; nothing else needs to be done.",
    _LOCKED: "Another program keeps the database {path} locked. Close that program (a database viewer, a backup).",
    _READ_ONLY: "The database {path} cannot be written. Make the file and its folder writable for this user.",
    _UNREACHABLE: "The database {path} cannot be read or written. Check its disk, and that the folder exists and "
    "belongs to this user.",
}


def unusable(path: Path, error: BaseException) -> DataUnusable | None:
    """The error to raise when the file at `path` is at fault; None when the statement or its values are."""
    original = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(original, OSError):
        return _failure(path, _READ_ONLY if isinstance(original, PermissionError) else _UNREACHABLE)
    if not isinstance(original, sqlite3.Error):
        return None
    code = getattr(original, "sqlite_errorcode", None)
    # The low byte is the primary code.
    reason = _REASONS.get(code & 0xFF) if isinstance(code, int) else None
    return _failure(path, reason) if reason else None


def damaged(path: Path) -> DataUnusable:
    """The file is no database any more."""
    return _failure(path, _DAMAGED)


def not_ours(path: Path) -> DataUnusable:
    """The file is a database of some other program."""
    return DataUnusable(
        f"The file {path} is not a Waystation database. Move it away, or choose another data folder.",
        path=str(path),
        reason="not_ours",
    )


def not_migrated(path: Path, version: str) -> DataUnusable:
    """A migration failed by itself, not by the disk."""
    return DataUnusable(
        f"The database {path} could not be brought to version {version} and was left as it was. Install the former "
        "Waystation again, and report what the log says.",
        path=str(path),
        reason="not_migrated",
    )


def closed(path: Path) -> DataUnusable:
    """The store was asked for something after it had been closed."""
    return DataUnusable(f"The database {path} is closed.", path=str(path), reason="closed")


def _failure(path: Path, reason: str) -> DataUnusable:
    return DataUnusable(_SENTENCES[reason].format(path=path), path=str(path), reason=reason)

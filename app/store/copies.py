"""The copies of the database that are made before migrations: where they are, and when they go."""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path

_log = logging.getLogger(__name__)

#: So long a copy is kept, in seconds; by then the user knows whether the new version works.
KEPT_S = 30 * 86400.0


def copy_path(path: Path, version: str) -> Path:
    """Where the copy made before a migration is kept: `waystation.sqlite3` becomes `waystation.v0001.sqlite3`."""
    return path.with_name(f"{path.stem}.v{version}{path.suffix}")


def copies_of(path: Path) -> list[Path]:
    """The copies of a database that are there."""
    return sorted(path.parent.glob(f"{path.stem}.v[0-9][0-9][0-9][0-9]{path.suffix}"))


def make_copy(raw: sqlite3.Connection, path: Path, version: str) -> None:
    """Copy an open database; the copies made before earlier migrations go.

    Raises:
        sqlite3.Error, OSError: it cannot be copied; the earlier ones stay.
    """
    target = copy_path(path, version)
    partial = target.with_name(target.name + ".partial")
    partial.unlink(missing_ok=True)
    os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    copy = sqlite3.connect(partial)
    try:
        raw.backup(copy)
    finally:
        copy.close()
    os.replace(partial, target)
    for other in copies_of(path):
        if other != target:
            _remove(other)


def remove_old_copies(path: Path, now: float) -> None:
    """Remove copies that are older than `KEPT_S`; `now` is in Unix seconds."""
    for copy in copies_of(path):
        with suppress(OSError):
            if copy.stat().st_mtime < now - KEPT_S:
                _remove(copy)


def remove_from_copies(path: Path, token_ids: Sequence[str]) -> None:
    """Leave nothing of these tokens in the copies; a copy that cannot be changed goes as a whole."""
    for copy in copies_of(path) if token_ids else []:
        made = copy.stat()
        try:
            with closing(sqlite3.connect(copy, isolation_level=None)) as database:
                # A copy may be in the mode of the database; without a log of its own the file is all there is.
                database.execute("PRAGMA journal_mode = DELETE").fetchall()
                # Otherwise the bytes stay in the file.
                database.execute("PRAGMA secure_delete = ON").fetchall()
                database.executemany("DELETE FROM tokens WHERE id = ?", [(token_id,) for token_id in token_ids])
            os.utime(copy, (made.st_atime, made.st_mtime))
        except (sqlite3.Error, OSError):
            _log.warning("a token cannot be removed from the copy %s, so the copy is removed", copy.name)
            _remove(copy)


def _remove(copy: Path) -> None:
    try:
        copy.unlink(missing_ok=True)
    except OSError as error:
        _log.warning("the copy %s cannot be removed: %s", copy.name, error.strerror)

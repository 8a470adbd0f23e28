"""One SQLite file behind one connection. Everything here runs on the store's thread."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import StaticPool

from app.store import failures, migration

#: How long a statement waits for another program that has locked the file.
BUSY_TIMEOUT_S = 5.0
# After a checkpoint the write-ahead log is cut to this size; a burst of writes must not leave a large file behind.
_WAL_LIMIT_BYTES = 4 * 1024 * 1024
# https://www.sqlite.org/fileformat2.html, 1.3.2.
_SMALLEST_PAGE = 512


class Database:
    """The open, migrated database.

    Args:
        path: the file; it is made when missing (mode 0600), and its folder too (mode 0700).
        busy_timeout_s: see `BUSY_TIMEOUT_S`.

    Raises:
        DataTooNew: a newer Waystation wrote it; nothing was changed.
        DataUnusable: damaged, locked, not writable, the disk is full, or it is another program's file.
    """

    def __init__(self, path: Path, busy_timeout_s: float = BUSY_TIMEOUT_S) -> None:
        self.path = path
        self._begin = "BEGIN"
        with self._explained():
            _private_file(path)
            # No implicit BEGIN by the driver: `transaction` says when one begins, and of which kind.
            self._raw = sqlite3.connect(path, timeout=busy_timeout_s, isolation_level=None)
            self._engine = create_engine(
                "sqlite+pysqlite://",
                creator=lambda: self._raw,
                poolclass=StaticPool,
                # Values may be secrets; they must not get into the text of an error.
                hide_parameters=True,
            )
            event.listen(self._engine, "begin", lambda connection: connection.exec_driver_sql(self._begin))
            self._connection = self._engine.connect()
        try:
            with self._explained():
                self._open()
        except BaseException:
            self.close()
            raise

    def _open(self) -> None:
        # First of all, and before anything is written: is this ours, and not of a newer program?
        version = migration.read_version(self._raw, self.path)
        self._set_pragmas(new=version is None)
        migration.upgrade(self._connection, self._raw, self.path, version)
        if version is None:
            _sync_folder(self.path.parent)
        # A file that cannot be written must be known now, not at the first token. BEGIN IMMEDIATE alone does not tell:
        # SQLite makes it a reading one. The statement changes no row, so nothing reaches the disk.
        with self.transaction() as connection:
            connection.exec_driver_sql("UPDATE alembic_version SET version_num = version_num WHERE 1 = 0")

    def _set_pragmas(self, *, new: bool) -> None:
        raw = self._raw
        if new:
            # Lets pruning give pages back to the disk piece by piece. Works only before the first table is made.
            raw.execute("PRAGMA auto_vacuum = INCREMENTAL")
        # Readers (a backup, a viewer) and the writer do not stop each other, and a commit appends instead of
        # rewriting pages. Where the file system cannot do it, SQLite stays with its rollback journal.
        (mode,) = raw.execute("PRAGMA journal_mode = WAL").fetchone()
        # With a write-ahead log, NORMAL can never damage the file; what a power cut may take is the last seconds of
        # turns and sessions, and that saves a disk flush several times a second. Tokens and licenses get FULL, see
        # `transaction`. Without the log only FULL is safe.
        self._synchronous = "NORMAL" if mode == "wal" else "FULL"
        raw.execute(f"PRAGMA synchronous = {self._synchronous}")
        # On macOS a plain fsync leaves data in the drive's cache; elsewhere this changes nothing.
        raw.execute("PRAGMA fullfsync = ON")
        raw.execute("PRAGMA checkpoint_fullfsync = ON")
        # SQLite does not hold foreign keys unless told to; a session's names go with it.
        raw.execute("PRAGMA foreign_keys = ON")
        # What it would take to undo a statement of many rows is else written into a file, twice the rows themselves.
        raw.execute("PRAGMA temp_store = MEMORY")
        raw.execute(f"PRAGMA journal_size_limit = {_WAL_LIMIT_BYTES}").fetchall()

    @contextmanager
    def transaction(self, *, durable: bool = False) -> Iterator[Connection]:
        """One write transaction, committed at the end of the block and undone by an exception.

        Args:
            durable: survive a power cut, not only the end of the process. For what cannot be had again: upstream
                accepts a refresh token once, so a lost write would be a lost login.

        Raises:
            DataUnusable: the file is at fault.
        """
        with self._explained():
            if durable:
                self._raw.execute("PRAGMA synchronous = FULL")
            try:
                # Takes the lock at once: a lock asked for in mid-transaction fails without waiting.
                self._begin = "BEGIN IMMEDIATE"
                with self._connection.begin():
                    yield self._connection
            finally:
                if durable:
                    self._raw.execute(f"PRAGMA synchronous = {self._synchronous}")

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One consistent view for reading.

        Raises:
            DataUnusable: the file is at fault.
        """
        with self._explained():
            self._begin = "BEGIN"
            with self._connection.begin():
                yield self._connection

    def size_bytes(self) -> int:
        """What the file takes, pages to be reused included."""
        return self._pragma("page_count") * self._pragma("page_size")

    def used_bytes(self) -> int:
        """What the file's content takes."""
        return (self._pragma("page_count") - self._pragma("freelist_count")) * self._pragma("page_size")

    def shrink(self, pages: int) -> bool:
        """Give up to so many unused pages back to the disk; whether another call would give more."""
        with self._explained():
            before = self._pragma("freelist_count")
            # The pragma frees one page per step, hence `fetchall`.
            self._raw.execute(f"PRAGMA incremental_vacuum({int(pages)})").fetchall()
            # None are given by a file that was made without `auto_vacuum`.
            return 0 < self._pragma("freelist_count") < before

    def checkpoint(self) -> None:
        """Move the write-ahead log into the file and cut it to nothing."""
        with self._explained():
            self._raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def close(self) -> None:
        """Close the connection; SQLite folds the write-ahead log into the file."""
        with suppress(SQLAlchemyError, sqlite3.Error):
            self._connection.close()
            self._engine.dispose()
        with suppress(sqlite3.Error):
            self._raw.close()

    def _pragma(self, name: str) -> int:
        with self._explained():
            return int(self._raw.execute(f"PRAGMA {name}").fetchone()[0])

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, sqlite3.Error, OSError) as error:
            explained = failures.unusable(self.path, error)
            if explained is None:
                raise
            raise explained from error


def _private_file(path: Path) -> None:
    """Make the file and its folder for this user alone; a file that others could read is closed to them.

    Raises:
        DataUnusable: what is there is too short to be a database.
        OSError: it cannot be made or looked at.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        # SQLite gives its -wal and -shm files the mode of the database.
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        status = path.stat()
        # SQLite takes a file without a whole page for an empty one, and would write over what is left of it.
        if 0 < status.st_size < _SMALLEST_PAGE:
            raise failures.damaged(path) from None
        if os.name == "posix" and status.st_mode & 0o077:
            path.chmod(0o600)


def _sync_folder(folder: Path) -> None:
    """Make the new file's name survive a power cut (Windows neither needs nor offers it)."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

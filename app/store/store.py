"""The store as the gateway sees it: awaitable from any loop, all work done on one thread of its own."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection

from app.core.history import HistoryBucket
from app.core.license import License, LicenseUsage
from app.core.quota import Quota
from app.core.rest import Rest
from app.core.session import Session
from app.core.token import Token
from app.core.turn import TurnRow
from app.store import copies, counts, health, licenses, sessions, settings, tokens, turns
from app.store.bridge import settled
from app.store.database import BUSY_TIMEOUT_S, Database
from app.store.health import StoredHealth
from app.store.licenses import StoredLicense
from app.store.tokens import RemovedToken, StoredToken
from app.store.vault import Sealed
from app.store.worker import Worker
from app.store.writer import BatchWriter

#: The file's name in the data folder.
DATABASE_FILE = "waystation.sqlite3"
#: History is kept for so long, and the file no larger than that.
MAX_AGE_S = 30 * 24 * 3600.0
MAX_BYTES = 200 * 1000 * 1000
#: Today's turns are what a license's budget is counted by after a restart: so young ones always stay. A day has up to
#: 25 hours.
TODAY_S = 25 * 3600.0

# Pruning goes in steps, so that a token does not have to wait for all of it.
_ROWS_PER_STEP = 2_000
_PAGES_PER_STEP = 1_000
_CLOSE_TIMEOUT_S = 15.0

_log = logging.getLogger(__name__)
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Pruned:
    """What `Store.prune` removed, and how large the file is now."""

    turns: int
    sessions: int
    size_bytes: int


class Store:
    """The open store. Made by `open`; its methods may be used from several loops and threads at once.

    Every method may raise DataUnusable: the file cannot be read or written, or the store is closed. What an awaited
    method was asked to do is done even if the wait for it is cancelled.
    """

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    @classmethod
    async def open(
        cls,
        path: Path,
        *,
        busy_timeout_s: float = BUSY_TIMEOUT_S,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> Store:
        """Open the database file, make or migrate it.

        Args:
            path: the file, see `DATABASE_FILE`; it and its folder are made when missing.
            busy_timeout_s: how long to wait for another program that has locked the file.
            monotonic: a clock in seconds, for the delays of writing.

        Raises:
            DataTooNew: a newer Waystation wrote it; it is left as it is.
            DataUnusable: damaged, locked, not writable, disk full, or another program's file.
        """
        worker = Worker(path, busy_timeout_s, monotonic)
        try:
            await settled(worker.opened)
        except BaseException:
            worker.close()
            raise
        return cls(worker)

    async def close(self) -> None:
        """Write everything that waits and close the file. Takes 15 s at most; may be called twice."""
        self._worker.close()
        try:
            await asyncio.wait_for(settled(self._worker.ended), _CLOSE_TIMEOUT_S)
        except TimeoutError:
            _log.error("the database did not close within %g s; the last rows may be lost", _CLOSE_TIMEOUT_S)

    @property
    def problem(self) -> str | None:
        """A sentence for the user while sessions, turns and healths of tokens cannot be written, else None."""
        return self._worker.problem

    async def tokens(self) -> list[StoredToken]:
        """All tokens that were not removed, in the user's order; where positions are equal, the oldest first."""
        return await self._read(tokens.load)

    async def put_token(self, token: Token, sealed: Sealed) -> None:
        """Add or replace a token, or restore it with this; it survives a power cut once this returns."""
        await self._write(lambda connection: tokens.put(connection, token, sealed), durable=True)

    async def update_token(self, token: Token) -> None:
        """Change a token's description and leave its credential.

        Raises:
            NotFound: there is no such token, or it was removed.
        """
        await self._write(lambda connection: tokens.describe(connection, token), durable=True)

    async def removed_tokens(self) -> list[RemovedToken]:
        """The tokens that were removed and can be restored, the last removed first."""
        return await self._read(tokens.load_removed)

    async def put_removed_token(self, removed: RemovedToken) -> None:
        """Replace a removed token and its credential; it stays removed."""
        token, sealed = removed.stored.token, removed.stored.sealed
        await self._write(lambda connection: tokens.put(connection, token, sealed, removed.removed_at), durable=True)

    async def remove_token(self, token_id: str, at: float) -> None:
        """Remove a token, if there is one; its row and its health stay until `delete_removed_tokens`.

        Args:
            token_id: which.
            at: Unix seconds.
        """
        await self._write(lambda connection: tokens.remove(connection, token_id, at), durable=True)

    async def restore_token(self, token_id: str) -> StoredToken:
        """Undo a removal; returns the token, as it was.

        Raises:
            NotFound: no such token was removed.
        """
        return await self._write(lambda connection: tokens.restore(connection, token_id), durable=True)

    async def delete_removed_tokens(self, before: float) -> int:
        """Delete for good the tokens removed before that time (Unix seconds), with all that is known; how many.

        They also go from the copies that were made before migrations.
        """

        def work(database: Database, writer: BatchWriter) -> int:
            with database.transaction(durable=True) as connection:
                ids = tokens.delete_removed(connection, before)
                for token_id in ids:
                    health.remove(connection, token_id)
            for token_id in ids:
                writer.forget_health(token_id)
            copies.remove_from_copies(database.path, ids)
            return len(ids)

        return await settled(self._worker.call(work))

    async def reorder_tokens(self, ids: Sequence[str]) -> None:
        """Make a token's place in `ids` its position; it survives a power cut once this returns.

        Tokens that are not named keep their positions, unknown ids are ignored.
        """
        await self._write(lambda connection: tokens.reorder(connection, ids), durable=True)

    def save_token_health(self, token_id: str, quota: Quota | None, rest: Rest | None) -> None:
        """Remember a token's quota and rest; written within a second, only the last state of many."""
        self._worker.save_health(token_id, (quota, rest))

    async def token_health(self) -> dict[str, StoredHealth]:
        """Quota and rest by token id, of those tokens of which either is known."""
        return await self._read(health.load)

    async def licenses(self) -> list[StoredLicense]:
        """All licenses, revoked ones included, the oldest first."""
        return await self._read(licenses.load)

    async def put_license(self, license: License, sealed: Sealed) -> None:
        """Add or replace a license; it survives a power cut once this returns."""
        await self._write(lambda connection: licenses.put(connection, license, sealed), durable=True)

    async def update_license(self, license: License) -> None:
        """Change a license's description (revoke it) and leave its key.

        Raises:
            NotFound: there is no such license.
        """
        await self._write(lambda connection: licenses.describe(connection, license), durable=True)

    async def sessions(self, active_since: float) -> list[Session]:
        """The sessions active at that time (Unix seconds) or later, and pinned ones; the longest idle first."""
        return await self._read(lambda connection: sessions.load(connection, active_since))

    def save_session(self, session: Session) -> None:
        """Remember a session's state; written within a second, only the last state of many."""
        self._worker.save_session(session)

    async def forget_sessions(self, ids: Collection[str] | None) -> int:
        """Remove these sessions (None: all), also what was saved of them before this call; how many there were."""
        chosen = None if ids is None else frozenset(ids)

        def work(database: Database, writer: BatchWriter) -> int:
            with database.transaction() as connection:
                count = sessions.remove(connection, chosen)
            writer.forget_sessions(chosen)
            return count

        return await settled(self._worker.call(work))

    def save_turn(self, row: TurnRow) -> None:
        """Remember a turn; written within a second."""
        self._worker.save_turn(row)

    async def turns(
        self, limit: int, before: float | None = None, before_id: str | None = None, session_id: str | None = None
    ) -> list[TurnRow]:
        """Up to `limit` turns, the newest first.

        Args:
            limit: of rows.
            before: only those started before this time, in Unix seconds.
            before_id: also those of that very time whose id is smaller, to go on behind a row that is known.
            session_id: only those of this session.
        """
        return await self._read(lambda connection: turns.load(connection, limit, before, before_id, session_id))

    async def history(self, since: float, until: float, bucket_s: float) -> list[HistoryBucket]:
        """The turns started from `since` to before `until`, in buckets of `bucket_s` seconds, the oldest first."""
        return await self._read(lambda connection: counts.history(connection, since, until, bucket_s))

    async def used_tokens(self, since: float) -> dict[str, int]:
        """Input and output tokens by license id, of the turns started at that time (Unix seconds) or later.

        A turn counts once it was saved; one of which upstream said nothing counts 0.
        """
        used = await self.license_usage(since)
        return {license_id: found.input_tokens + found.output_tokens for license_id, found in used.items()}

    async def license_usage(self, since: float) -> dict[str, LicenseUsage]:
        """What was used by license id, in the turns started at that time (Unix seconds) or later.

        A turn counts once it was saved; what upstream did not count is 0.
        """
        return await self._read(lambda connection: counts.license_usage(connection, since))

    async def settings(self) -> dict[str, str]:
        """All settings."""
        return await self._read(settings.load)

    async def set_setting(self, key: str, value: str | None) -> None:
        """Set one setting, or remove it by None; it survives a power cut once this returns."""
        await self.set_settings({key: value})

    async def set_settings(self, changes: Mapping[str, str | None]) -> None:
        """Set several settings, all or none of them; as `set_setting`."""

        def work(connection: Connection) -> None:
            for key, value in changes.items():
                settings.put(connection, key, value)

        await self._write(work, durable=True)

    async def put_all(
        self,
        new_tokens: Iterable[StoredToken],
        new_licenses: Iterable[StoredLicense],
        changes: Mapping[str, str | None],
    ) -> None:
        """Add or replace tokens, licenses and settings, all or none of them; they survive a power cut then."""

        def work(connection: Connection) -> None:
            for item in new_tokens:
                tokens.put(connection, item.token, item.sealed)
            for made in new_licenses:
                licenses.put(connection, made.license, made.sealed)
            for key, value in changes.items():
                settings.put(connection, key, value)

        await self._write(work, durable=True)

    async def flush(self) -> None:
        """Return when every session, turn and health saved so far is in the file."""
        await settled(self._worker.call(lambda database, writer: writer.write_waiting()))

    async def size_bytes(self) -> int:
        """How large the file is."""
        return await settled(self._worker.call(lambda database, writer: database.size_bytes()))

    async def prune(self, now: float, max_age_s: float = MAX_AGE_S, max_bytes: int = MAX_BYTES) -> Pruned:
        """Remove old turns and long idle sessions, then the oldest turns while the file is too large.

        Pinned sessions and the turns of `TODAY_S` stay. Turns that go for the size of the file stay counted in
        `history`, `used_tokens` and `license_usage`, by whole quarters of an hour.

        The space goes back to the disk, and copies made before migrations go when they are old.

        Args:
            now: Unix seconds.
            max_age_s: how old a turn may be, and how long a session may have been idle.
            max_bytes: how much the content of the file may take; tokens and licenses are never removed for it.
        """
        oldest, today = now - max(max_age_s, TODAY_S), now - TODAY_S
        removed_turns = removed_sessions = 0
        while count := await self._write(lambda c: turns.remove_oldest(c, _ROWS_PER_STEP, oldest)):
            removed_turns += count
        await self._write(lambda connection: counts.remove_old(connection, oldest))
        while count := await self._write(lambda c: sessions.remove_idle(c, oldest, _ROWS_PER_STEP)):
            removed_sessions += count

        def remove_excess(database: Database, writer: BatchWriter) -> int:
            if database.used_bytes() <= max_bytes:
                return 0
            with database.transaction() as connection:
                return turns.remove_oldest(connection, _ROWS_PER_STEP, today)

        while count := await settled(self._worker.call(remove_excess)):
            removed_turns += count
        while await settled(self._worker.call(lambda database, writer: database.shrink(_PAGES_PER_STEP))):
            pass
        await settled(self._worker.call(lambda database, writer: database.checkpoint()))
        await settled(self._worker.call(lambda database, writer: copies.remove_old_copies(database.path, now)))
        return Pruned(removed_turns, removed_sessions, await self.size_bytes())

    async def _read(self, work: Callable[[Connection], _T]) -> _T:
        def read(database: Database, writer: BatchWriter) -> _T:
            with database.reading() as connection:
                return work(connection)

        return await settled(self._worker.call(read))

    async def _write(self, work: Callable[[Connection], _T], *, durable: bool = False) -> _T:
        def write(database: Database, writer: BatchWriter) -> _T:
            with database.transaction(durable=durable) as connection:
                return work(connection)

        return await settled(self._worker.call(write))

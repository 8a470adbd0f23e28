"""Writes batches, and keeps them while the disk fails. Used on the store's thread alone, but for `problem`."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator
from functools import partial

from sqlalchemy import Connection

from app.core.errors import DataUnusable
from app.store import health, sessions, turns
from app.store.batch import Batch
from app.store.database import Database

#: A failing disk is tried again this often.
RETRY_S = 5.0

_log = logging.getLogger(__name__)


class BatchWriter:
    """Carries rows over a time in which the file cannot be written.

    Args:
        database: the open database.
        monotonic: the clock of `retry_at`, in seconds.
    """

    def __init__(self, database: Database, monotonic: Callable[[], float]) -> None:
        self._database = database
        self._monotonic = monotonic
        self._waiting = Batch(0.0)
        #: A sentence for the user while writing fails, else None. May be read from any thread.
        self.problem: str | None = None
        #: When to try again, or None when nothing waits.
        self.retry_at: float | None = None

    def write(self, batch: Batch) -> None:
        """Write now, or keep for later when the file cannot be written; raises nothing."""
        if self._waiting:
            self._waiting.add_all(batch)
        else:
            self._waiting = batch
        if self.retry_at is None or self._monotonic() >= self.retry_at:
            self._try()

    def write_waiting(self) -> None:
        """Write what waits.

        Raises:
            DataUnusable: it still cannot be written.
        """
        failure = self._try()
        if failure is not None:
            raise failure

    def forget_sessions(self, ids: Collection[str] | None) -> None:
        """They were deleted, so what still waits of them must not bring them back."""
        self._waiting.forget_sessions(ids)

    def forget_health(self, token_id: str) -> None:
        """The token was deleted, so what still waits of it must not be written."""
        self._waiting.forget_health(token_id)

    def give_up(self) -> None:
        """The last try before the end."""
        if self._try() is not None:
            _log.error("%d rows of history could not be written and are lost", len(self._waiting))

    def _try(self) -> DataUnusable | None:
        batch = self._waiting
        if not batch:
            # What waited was forgotten.
            self.retry_at = None
            return None
        try:
            self._write_together(batch)
        except DataUnusable as failure:
            self._failed(failure)
            return failure
        self._waiting = Batch(0.0)
        self._succeeded(batch.dropped)
        return None

    def _write_together(self, batch: Batch) -> None:
        try:
            with self._database.transaction() as connection:
                sessions.save(connection, tuple(batch.sessions.values()))
                turns.save(connection, tuple(batch.turns.values()))
                health.save(connection, batch.healths)
        except DataUnusable:
            raise
        except Exception:
            # Some value cannot be stored (a number beyond 64 bits), or some turns are there already. One row must not
            # hold up the others.
            self._write_one_by_one(batch)

    def _write_one_by_one(self, batch: Batch) -> None:
        for what, save in _one_by_one(batch):
            try:
                with self._database.transaction() as connection:
                    save(connection)
            except DataUnusable:
                raise
            except Exception as error:
                # The type only: the text may repeat the value.
                _log.error("%s could not be stored and was skipped: %s", what, type(error).__name__)

    def _failed(self, failure: DataUnusable) -> None:
        self.retry_at = self._monotonic() + RETRY_S
        if self.problem is None:
            _log.error("history cannot be written, trying again every %g s: %s", RETRY_S, failure.message)
        self.problem = failure.message

    def _succeeded(self, dropped: int) -> None:
        self.retry_at = None
        if dropped:
            _log.error("%d rows of history were given up while they could not be written", dropped)
        if self.problem is not None:
            self.problem = None
            _log.info("history can be written again")


def _one_by_one(batch: Batch) -> Iterator[tuple[str, Callable[[Connection], None]]]:
    for session in batch.sessions.values():
        yield "a session", partial(sessions.save, batch=(session,))
    for row in batch.turns.values():
        yield "a turn", partial(turns.save, batch=(row,))
    for token_id, state in batch.healths.items():
        yield "the health of a token", partial(health.save, batch={token_id: state})

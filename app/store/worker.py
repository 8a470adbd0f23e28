"""The store's thread: it owns the database and does everything in the order in which it was asked for.

Calls and waiting rows stand in one line. Rows that come one after the other share a batch, written when it is due or
as soon as a call stands behind it; so a call sees all rows saved before it, and none saved after it.
"""

from __future__ import annotations

import concurrent.futures
import logging
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from app.core.session import Session
from app.core.turn import TurnRow
from app.store import failures
from app.store.batch import Batch
from app.store.database import Database
from app.store.health import StoredHealth
from app.store.writer import BatchWriter

#: Rows are written at most so long after they came.
BATCH_DELAY_S = 0.3

_log = logging.getLogger(__name__)
_T = TypeVar("_T")

#: What a call gets: the database, and the writer when it must know of waiting rows.
Work = Callable[[Database, BatchWriter], _T]


class _Call:
    def __init__(self, work: Work[Any]) -> None:
        self.work = work
        self.future: concurrent.futures.Future[Any] = concurrent.futures.Future()

    def run(self, database: Database, writer: BatchWriter) -> None:
        try:
            result = self.work(database, writer)
        except BaseException as error:
            self.future.set_exception(error)
        else:
            self.future.set_result(result)


class Worker:
    """One thread, one database.

    Args:
        path: the database file.
        busy_timeout_s: how long to wait for another program that has locked the file.
        monotonic: a clock in seconds; the delays of batches and retries are measured by it.
    """

    def __init__(self, path: Path, busy_timeout_s: float, monotonic: Callable[[], float]) -> None:
        self._path = path
        self._busy_timeout_s = busy_timeout_s
        self._monotonic = monotonic
        self._lock = threading.RLock()
        # Who puts a row in line takes the lock itself: entering this instead is two calls of Python code more.
        self._changed = threading.Condition(self._lock)
        self._line: deque[_Call | Batch] = deque()
        self._closing = False
        self._writer: BatchWriter | None = None
        #: Settled when the database is open, or with the reason why it is not.
        self.opened: concurrent.futures.Future[None] = concurrent.futures.Future()
        #: Settled when the thread has done everything and closed the file.
        self.ended: concurrent.futures.Future[None] = concurrent.futures.Future()
        # A disk that hangs must not keep the process from ending; the owner ends this thread by `close`.
        self._thread = threading.Thread(target=self._run, name="waystation-store", daemon=True)
        self._thread.start()

    @property
    def problem(self) -> str | None:
        """Why rows cannot be written at present, or None."""
        return self._writer.problem if self._writer is not None else None

    def call(self, work: Work[_T]) -> concurrent.futures.Future[_T]:
        """Run something on the thread, after everything that was asked for before.

        Raises:
            DataUnusable: the store is closed.
        """
        call = _Call(work)
        with self._changed:
            if self._closing:
                raise failures.closed(self._path)
            self._line.append(call)
            self._changed.notify()
        return call.future

    def save_session(self, session: Session) -> None:
        """Put a session's state in line; returns at once."""
        with self._lock:
            if (batch := self._batch()) is not None:
                batch.add_session(session)

    def save_turn(self, row: TurnRow) -> None:
        """Put a turn in line; returns at once."""
        with self._lock:
            if (batch := self._batch()) is not None:
                batch.add_turn(row)

    def save_health(self, token_id: str, health: StoredHealth) -> None:
        """Put a token's health in line; returns at once."""
        with self._lock:
            if (batch := self._batch()) is not None:
                batch.add_health(token_id, health)

    def close(self) -> None:
        """Let the thread finish what is in line and end; `ended` tells when it has."""
        with self._changed:
            self._closing = True
            self._changed.notify()

    def _batch(self) -> Batch | None:
        """The one that takes rows now; None when the store is closed. With the lock held."""
        if self._closing:
            _log.warning("a row of history came after the store had been closed; it is not kept")
            return None
        if self._line and isinstance(last := self._line[-1], Batch):
            return last
        batch = Batch(self._monotonic() + BATCH_DELAY_S)
        self._line.append(batch)
        # Only now: the thread knows when this one is due, and need not be woken for what else comes into it.
        self._changed.notify()
        return batch

    def _run(self) -> None:
        try:
            database = Database(self._path, self._busy_timeout_s)
        except BaseException as error:
            self._refuse_all()
            self.opened.set_exception(error)
            self.ended.set_result(None)
            return
        writer = self._writer = BatchWriter(database, self._monotonic)
        self.opened.set_result(None)
        try:
            while (item := self._next(writer)) is not None:
                if isinstance(item, Batch):
                    writer.write(item)
                else:
                    item.run(database, writer)
            writer.give_up()
        except BaseException as error:
            _log.critical("the store's thread ended: %s", type(error).__name__)
            writer.problem = failures.closed(self._path).message
        finally:
            self._refuse_all()
            with suppress(Exception):
                database.close()
            self.ended.set_result(None)

    def _next(self, writer: BatchWriter) -> _Call | Batch | None:
        """What to do next; waits for it. None at the end."""
        with self._changed:
            while True:
                now = self._monotonic()
                if self._line:
                    head = self._line[0]
                    if isinstance(head, _Call) or len(self._line) > 1 or self._closing or head.due <= now:
                        return self._line.popleft()
                    self._changed.wait(head.due - now)
                elif self._closing:
                    return None
                elif writer.retry_at is None:
                    self._changed.wait()
                elif writer.retry_at <= now:
                    return Batch(now)
                else:
                    self._changed.wait(writer.retry_at - now)

    def _refuse_all(self) -> None:
        with self._changed:
            self._closing = True
            while self._line:
                item = self._line.popleft()
                if isinstance(item, _Call):
                    item.future.set_exception(failures.closed(self._path))

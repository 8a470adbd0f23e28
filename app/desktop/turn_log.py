"""The turns that a page shows: what is stored, page by page, and what ends meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from operator import attrgetter

from PySide6.QtCore import QObject, Signal
from shiboken6 import isValid

from app.core.errors import WaystationError
from app.core.turn import TurnRow, row_from_dict
from app.desktop.commanding import Commanding
from app.desktop.messages import error_text

#: Of operations: reading turns.
GROUP = "read turns"

_started_at = attrgetter("started_at")


class TurnLog(QObject):
    """All turns or those of one session, the newest first, as far back as somebody wants to see them.

    Attributes:
        rows: what is there; another list whenever it changed.
        loading: a page is being read.
        error: why the last page could not be read, in the user's words.
        complete: there are no older ones.

    Signals:
        changed: one of these is different.

    Args:
        commanding: reads them.
        page: how many are read at once.
        most: how many are held; then no older ones are read.
        parent: its owner.
    """

    changed = Signal()

    def __init__(self, commanding: Commanding, *, page: int = 500, most: int = 10_000, parent: QObject) -> None:
        super().__init__(parent)
        self._commanding = commanding
        self._page = page
        self._most = most
        self._session_id: str | None = None
        self.error: str | None = None
        self.rows: list[TurnRow]
        self.complete: bool
        self._ids: set[str]
        # The last row of the last page.
        self._last: TurnRow | None
        self._start_anew()

    @property
    def full(self) -> bool:
        """As many as may be are there."""
        return len(self.rows) >= self._most

    def open(self, session_id: str | None = None) -> None:
        """Show the turns of this session from now on, or all; read the newest."""
        self._session_id = session_id
        self._start_anew()
        self.refresh()

    def take_over(self, other: TurnLog) -> None:
        """Show what another log shows, as far back as that, and read the newest again."""
        self._session_id = other._session_id
        self._start_anew()
        self.rows = other.rows
        self.complete = other.complete
        self._ids = set(other._ids)
        self._last = other._last
        self.refresh()

    def close(self) -> None:
        """Show none, and take nothing that is still being read."""
        self._session_id = None
        self._start_anew()

    def refresh(self) -> None:
        """Read the newest again, after a time in which nobody looked."""
        self._read(None)

    def older(self) -> None:
        """Read the page behind the last one, unless that is being done, or there is none."""
        if not (self.loading or self.complete or self.full or self.error is not None or self._last is None):
            self._read(self._last)

    def retry(self) -> None:
        """Read the page again that could not be read."""
        self.error = None
        self._read(self._last)

    def add(self, turns: Iterable[TurnRow]) -> None:
        """Take turns that have ended, if they belong here."""
        if self._merge([turn for turn in turns if self._session_id in (None, turn.session_id)]):
            self.changed.emit()

    def _start_anew(self) -> None:
        self.rows = []
        self.loading = False
        self.error = None
        self.complete = False
        self._ids = set()
        self._last = None
        self._reading = object()

    def _read(self, behind: TurnRow | None) -> None:
        self.loading = True
        self._reading = object()
        self._commanding.begin(GROUP, self._read_page(behind, self._reading))
        self.changed.emit()

    async def _read_page(self, behind: TurnRow | None, reading: object) -> None:
        place = {} if behind is None else {"before": behind.started_at, "before_id": behind.id}
        session = {} if self._session_id is None else {"session_id": self._session_id}
        page: list[TurnRow] = []
        error: str | None = None
        try:
            found = await self._commanding.call("turn.list", limit=self._page, **place, **session)
            # Each part takes several milliseconds: between them others have a turn.
            await asyncio.sleep(0)
            page = [row_from_dict(row) for row in found]
            await asyncio.sleep(0)
        except WaystationError as problem:
            error = error_text(problem)
        # Meanwhile the page may be gone, or look for something else.
        if isValid(self) and reading is self._reading:
            self.loading, self.error = False, error
            if error is None:
                self._take(page, newest=behind is None)
            self.changed.emit()

    def _take(self, page: Sequence[TurnRow], *, newest: bool) -> None:
        whole = len(page) < self._page
        if newest and not whole and not any(row.id in self._ids for row in page):
            # Between these and what is here others may be missing.
            self.rows, self._ids, self._last = [], set(), None
        if self._last is None or not newest:
            self.complete = whole
            self._last = page[-1] if page else self._last
        self._merge(page)

    def _merge(self, turns: Sequence[TurnRow]) -> bool:
        new = [turn for turn in turns if turn.id not in self._ids]
        if not new:
            return False
        rows = sorted([*new, *self.rows], key=_started_at, reverse=True)
        self._ids.update(turn.id for turn in new)
        for gone in rows[self._most :]:
            self._ids.discard(gone.id)
        self.rows = rows[: self._most]
        return True

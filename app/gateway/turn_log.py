"""The log's lines of turns that have ended."""

from __future__ import annotations

import asyncio
import logging

from app.core.turn import TurnRow

#: In a rush a line waits for others for so long, in seconds.
_MOMENT_S = 0.02

_log = logging.getLogger(__name__)


class TurnLog:
    """A line for each turn: at once, and between `open` and `close`, in a rush, those of a moment together.

    Between other work, a line takes three times as long as one behind another: what makes it must be fetched into the
    processor's memory each time.
    """

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: list[TurnRow] = []
        self._timer: asyncio.TimerHandle | None = None
        self._quiet_from = 0.0

    def open(self) -> None:
        """The gateway starts, in the running loop."""
        self._loop = asyncio.get_running_loop()

    def close(self) -> None:
        """The gateway has stopped; what waits is written."""
        self._loop = None
        self._write_waiting()

    def note(self, row: TurnRow) -> None:
        """The turn has ended."""
        loop = self._loop
        if loop is None:
            _write(row)
            return
        now = loop.time()
        rush, self._quiet_from = now < self._quiet_from, now + _MOMENT_S
        if not rush and self._timer is None:
            _write(row)
            return
        self._waiting.append(row)
        if self._timer is None:
            self._timer = loop.call_later(_MOMENT_S, self._write_waiting)

    def _write_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        waiting, self._waiting = self._waiting, []
        for row in waiting:
            _write(row)


def _write(row: TurnRow) -> None:
    _log.info(
        "turn %s %s token=%s session=%s status=%s %s%s first_byte=%sms total=%.0fms in=%d out=%d %s",
        row.id,
        row.endpoint,
        row.token_id or "-",
        row.session_id or "-",
        row.status or "-",
        row.outcome,
        f"({row.error})" if row.error else "",
        "-" if row.first_byte_ms is None else f"{row.first_byte_ms:.0f}",
        row.total_ms,
        row.request_bytes,
        row.response_bytes,
        "not sent" if row.sent_sha256 is None else ",".join(row.edits) or "verbatim",
    )

"""The loop in which window and gateway live: qasync's, with timers of its own."""

from __future__ import annotations

import asyncio
import heapq
import math
from collections.abc import Callable
from contextvars import Context
from typing import Any

import qasync
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication

# Qt counts milliseconds in 32 bits; whoever waits longer than this is looked at in between. In seconds.
_LONGEST_S = 3600.0
# Cancelled timers are cleared away when there are more than so many, and more than of the others.
_MANY = 100


class DesktopLoop(qasync.QEventLoop):  # type: ignore[misc]
    """Qt's event loop for asyncio, in which a cancelled timer is gone.

    qasync gives every callback a Qt timer and keeps it until it is due, though it was cancelled long ago. aiohttp sets
    and cancels a timeout of many minutes for every piece of a stream: after ten minutes of fifty streams there were
    hundreds of thousands of timers. Here one Qt timer waits for the first that is due, as in asyncio's own loops.
    """

    def __init__(self, application: QApplication) -> None:
        self._due: list[asyncio.TimerHandle] = []
        self._cancelled = 0
        self._alarm = QTimer()
        self._alarm.setSingleShot(True)
        # A coarse one may be early.
        self._alarm.setTimerType(Qt.TimerType.PreciseTimer)
        self._alarm.timeout.connect(self._on_alarm)
        super().__init__(application)

    def call_later(
        self, delay: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        """See asyncio; callbacks without a delay too come this way."""
        if delay <= 0:
            handle = asyncio.Handle(callback, args, self, context)
            self._add_callback(handle)
            return handle
        timer = asyncio.TimerHandle(self.time() + delay, callback, args, self, context)
        timer._scheduled = True  # type: ignore[attr-defined]
        heapq.heappush(self._due, timer)
        if self._due[0] is timer:
            self._set_alarm()
        return timer

    def close(self) -> None:
        """See asyncio."""
        self._alarm.stop()
        self._due.clear()
        super().close()

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """Called by a timer that is cancelled before it was due."""
        if not handle._scheduled:  # type: ignore[attr-defined]
            return
        self._cancelled += 1
        if self._cancelled > max(_MANY, len(self._due) // 2):
            self._due = [timer for timer in self._due if not timer.cancelled()]
            heapq.heapify(self._due)
            self._cancelled = 0
            self._set_alarm()

    def _on_alarm(self) -> None:
        now = self.time()
        while self._due and (self._due[0].cancelled() or self._due[0].when() <= now):
            timer = heapq.heappop(self._due)
            timer._scheduled = False  # type: ignore[attr-defined]
            if timer.cancelled():
                self._cancelled -= 1
            else:
                self._add_callback(timer)
        self._set_alarm()

    def _set_alarm(self) -> None:
        if self._due:
            left = min(self._due[0].when() - self.time(), _LONGEST_S)
            self._alarm.start(max(0, math.ceil(left * 1000)))
        else:
            self._alarm.stop()

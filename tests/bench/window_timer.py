"""A timer in the window's thread that tells how late it is, and a stall of that thread: what a user would notice."""

from __future__ import annotations

import json
import time

from PySide6.QtCore import QObject, Qt, QTimer

#: A frame of a screen, in milliseconds.
_FRAME_MS = 16
#: How often the thread stalls, if it does.
_STALL_EVERY_MS = 1000


class WindowTimer(QObject):
    """Prints `late [MILLISECONDS, …]` once a second.

    Args:
        stall_s: for so long the thread does nothing once a second, as while something large is painted: without
            Python's lock. 0: never.
    """

    def __init__(self, parent: QObject, stall_s: float) -> None:
        super().__init__(parent)
        self._late: list[float] = []
        self._last = self._told = time.perf_counter()
        self._stall_s = stall_s
        self._every(_FRAME_MS, self._tick)
        if stall_s:
            self._every(_STALL_EVERY_MS, self._stall)

    def _every(self, ms: int, act: object) -> None:
        timer = QTimer(self)
        timer.setTimerType(Qt.TimerType.PreciseTimer)
        timer.timeout.connect(act)
        timer.start(ms)

    def _tick(self) -> None:
        now = time.perf_counter()
        self._late.append(round(max(0.0, (now - self._last) * 1e3 - _FRAME_MS), 2))
        self._last = now
        if now - self._told > 1:
            print(f"late {json.dumps(self._late)}", flush=True)
            self._late.clear()
            self._told = now

    def _stall(self) -> None:
        time.sleep(self._stall_s)

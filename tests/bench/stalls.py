"""For how long the loop reads nothing, by what the window computes alone: other programs do not count."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any

from app.desktop.loop import DesktopLoop

#: Shorter ones are what the streams themselves take, in seconds.
_WORTH_COUNTING_S = 0.001


class Stalls:
    """Notes the computing time between two readings from sockets, in Qt's loop.

    Whoever comes while the loop computes waits until it reads again. On a machine that does nothing else, events come
    at any moment of a stall alike, so that stalls alone say how many wait for how long.

    It is to be made before the loop.
    """

    def __init__(self) -> None:
        self._lengths: list[float] = []
        self._read_at = time.thread_time()
        self._original = DesktopLoop._on_ready
        DesktopLoop._on_ready = self._noting(self._original)  # type: ignore[method-assign]

    def close(self) -> None:
        """Leave everything as it was."""
        DesktopLoop._on_ready = self._original  # type: ignore[method-assign]

    def begin_anew(self) -> None:
        """Forget what was measured so far."""
        self._lengths = []

    def longest_ms(self) -> float:
        """The longest of all."""
        return max(self._lengths, default=0.0) * 1000

    def waited_ms(self, share: float, seconds: float) -> float:
        """What this share of all events in so many seconds waits at most: at 0.99 the p99."""
        low, high = 0.0, self.longest_ms() / 1000
        while high - low > 0.000_01:
            middle = (low + high) / 2
            if sum(length - middle for length in self._lengths if length > middle) > (1 - share) * seconds:
                low = middle
            else:
                high = middle
        return high * 1000

    def _noting(self, original: Any) -> Any:
        def noted(loop: DesktopLoop, handles: Sequence[asyncio.Handle]) -> None:
            length = time.thread_time() - self._read_at
            if length > _WORTH_COUNTING_S:
                self._lengths.append(length)
            original(loop, handles)
            self._read_at = time.thread_time()

        return noted

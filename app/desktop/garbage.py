"""Python's garbage collector, kept to the window's thread and out of the way of streams."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from PySide6.QtCore import Qt, QTimer

# Between two looks, while little is made and while much is: the less there is to look at, the shorter it takes.
_LOOK_MS = 3000
_BUSY_LOOK_MS = 100
# So many looks at the young, then one at the middle-aged as well; after ten, as Python has it, that takes 20 ms.
_LOOKS_AT_YOUNG = 3
# When a whole collection is due for the first time and again, and when it can wait no longer, in seconds.
_FIRST_S = 5.0
_DUE_S = 600.0
_OVERDUE_S = 3600.0


@contextmanager
def garbage_collected_here(busy: Callable[[], bool]) -> Iterator[None]:
    """While inside, only this thread collects, between two events of Qt's.

    Python itself collects wherever the one object too many is made, be it on the store's thread: a timer of Qt's that
    is garbage would be destroyed there, stay in the list of this thread's timers, and end the process when it is due
    (seen with PySide6 6.11). Nor is any event held up in its middle.

    The whole heap is looked at only while nothing runs. What is there already never is, for modules are more than a
    hundred thousand objects, which takes a tenth of a second; nor what the first look leaves, such as a day's sessions.

    Args:
        busy: whether anything runs now that would have to wait.
    """
    was_enabled = gc.isenabled()
    # Whoever has frozen something before wants it to stay so.
    ours = gc.get_freeze_count() == 0
    gc.disable()
    if ours:
        gc.freeze()
    garbage = _Garbage(busy)
    timer = QTimer()

    def look() -> None:
        pace(found=garbage.look(time.monotonic()))

    def pace(*, found: bool) -> None:
        # In quiet at whole seconds, when the feed wakes up as well.
        timer.setTimerType(Qt.TimerType.CoarseTimer if found else Qt.TimerType.VeryCoarseTimer)
        timer.setInterval(_BUSY_LOOK_MS if found else _LOOK_MS)

    timer.timeout.connect(look)
    pace(found=False)
    timer.start()
    try:
        yield
    finally:
        timer.stop()
        if ours:
            gc.unfreeze()
        if was_enabled:
            gc.enable()


class _Garbage:
    """Collects young objects as often as Python would, old ones in quiet."""

    def __init__(self, busy: Callable[[], bool]) -> None:
        self._busy = busy
        self._due = time.monotonic() + _FIRST_S
        self._frozen = False

    def look(self, now: float) -> bool:
        """Collect what it is time for, if anything; `now` is of the monotonic clock."""
        if now >= self._due + _OVERDUE_S - _DUE_S or (now >= self._due and not self._busy()):
            gc.collect()
            if not self._frozen:
                gc.freeze()
                self._frozen = True
            self._due = now + _DUE_S
            return True
        young, middle, _old = gc.get_count()
        if young <= gc.get_threshold()[0]:
            return False
        gc.collect(1 if middle > _LOOKS_AT_YOUNG else 0)
        return True

"""Python's garbage collector, kept from holding up the streams."""

from __future__ import annotations

import asyncio
import contextlib
import gc
from collections.abc import AsyncIterator, Callable

from app.gateway.tasks import TaskSet

# How often it is time for a whole collection, and when it can wait no longer, in seconds.
_DUE_S = 600.0
_OVERDUE_S = 3600.0
_LOOK_S = 60.0
# After how many new objects Python looks at them, and at those that were left the last time too; at the old never by
# itself. Its own 700 and 10 look ten times at what a turn has made while it is in use, and at as many in the end.
_THRESHOLDS = (4_000, 0, 1_000_000_000)


@contextlib.asynccontextmanager
async def collecting_in_quiet(busy: Callable[[], bool]) -> AsyncIterator[None]:
    """While inside, the whole heap is looked at only while nothing runs, and what was there before never.

    Modules, the window and a day's sessions are hundreds of thousands of objects. To look at all of them takes a tenth
    of a second, in which no stream goes on. Young objects are collected as ever, a little less often.

    Where Python's own collections are switched off, somebody else sees to all of this: in the desktop application the
    window's thread, whichever thread this is.

    Args:
        busy: whether anything runs that would have to wait.
    """
    if not gc.isenabled():
        yield
        return
    # Whoever has frozen something before wants it to stay so.
    ours = gc.get_freeze_count() == 0
    # Without a look: what little of it is garbage weighs less than the time.
    gc.freeze()
    before = gc.get_threshold()
    gc.set_threshold(*_THRESHOLDS)
    tasks = TaskSet()
    tasks.start(_collect(busy), "collect garbage")
    try:
        yield
    finally:
        await tasks.close()
        gc.set_threshold(*before)
        if ours:
            gc.unfreeze()


async def _collect(busy: Callable[[], bool]) -> None:
    waited = 0.0
    while True:
        await asyncio.sleep(_LOOK_S)
        waited += _LOOK_S
        if waited >= _OVERDUE_S or (waited >= _DUE_S and not busy()):
            gc.collect()
            waited = 0.0

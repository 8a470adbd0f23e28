"""The loop in which window and gateway live: qasync's, with timers, callbacks and sockets kept by ourselves."""

from __future__ import annotations

import asyncio
import heapq
import math
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context
from time import perf_counter
from typing import Any

import qasync
from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import QApplication

from app.desktop.socket_watch import Run, SocketWatch, socket_watch

# Qt counts milliseconds in 32 bits; whoever waits longer than this is looked at in between. In seconds.
_LONGEST_S = 3600.0
# Cancelled timers are cleared away when there are more than so many, and more than of the others.
_MANY = 100
# So long callbacks run one after the other before the window and the sockets have a turn, in seconds.
_TURN_S = 0.004
# For host names and files; threads are there when they are needed.
_WORKERS = 10


class DesktopLoop(qasync.QEventLoop):  # type: ignore[misc]
    """Qt's event loop for asyncio, in which a callback costs little and a cancelled timer is gone.

    qasync gives every callback a Qt timer, and keeps it until it is due, though it was cancelled long ago: aiohttp sets
    and cancels a timeout of many minutes for every piece of a stream. It hands each of Qt's events to Python, and stops
    and starts the watch of a socket for everything that comes. Here, as in asyncio's own loops, callbacks wait in one
    queue, one timer waits for the first that is due, and what comes is read when it is there. No event of Qt's is ever
    wrapped for Python, nothing of Python's goes through Qt's queue, and no thread is Qt's.
    """

    def __init__(self, application: QApplication, watch: Callable[[Run], SocketWatch] = socket_watch) -> None:
        self._queue: deque[asyncio.Handle] = deque()
        self._due: list[asyncio.TimerHandle] = []
        self._cancelled = 0
        self._sockets = watch(self._on_ready)
        self._over = False
        # Whether the next turn is on its way.
        self._called = False
        self._turn = QTimer()
        self._turn.setSingleShot(True)
        self._turn.setInterval(0)
        self._turn.timeout.connect(self._on_turn)
        self._bell = _Bell(self._run_ready)
        # A thread that rings while the process ends and Qt is taken down would crash it. Signals of the system may come
        # in the middle.
        self._ringing = threading.RLock()
        self._alarm = QTimer()
        self._alarm.setSingleShot(True)
        # A coarse one may be early.
        self._alarm.setTimerType(Qt.TimerType.PreciseTimer)
        self._alarm.timeout.connect(self._run_ready)
        super().__init__(application)
        self.set_default_executor(ThreadPoolExecutor(_WORKERS, "desktop"))

    def call_soon(self, callback: Callable[..., object], *args: Any, context: Context | None = None) -> asyncio.Handle:
        """See asyncio."""
        handle = asyncio.Handle(callback, args, self, context)
        self._queue.append(handle)
        self._call_turn()
        return handle

    def call_soon_threadsafe(
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        """See asyncio; the one method for other threads."""
        handle = asyncio.Handle(callback, args, self, context)
        with self._ringing:
            if not self._over:
                self._queue.append(handle)
                self._bell.rung.emit()
        return handle

    def call_later(
        self, delay: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        """See asyncio."""
        if delay <= 0:
            return self.call_soon(callback, *args, context=context)
        timer = asyncio.TimerHandle(self.time() + delay, callback, args, self, context)
        timer._scheduled = True  # type: ignore[attr-defined]
        heapq.heappush(self._due, timer)
        if self._due[0] is timer:
            self._set_alarm()
        return timer

    def close(self) -> None:
        """See asyncio."""
        super().close()
        with self._ringing:
            self._over = True
        self._turn.stop()
        self._alarm.stop()
        self._queue.clear()
        self._due.clear()
        self._sockets.close()

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

    def _add_reader(self, fd: Any, callback: Callable[..., object], *args: Any) -> asyncio.Handle:
        return self._watch(fd, False, callback, args)

    def _remove_reader(self, fd: Any) -> bool:
        return self._end_watch(qasync._fileno(fd), False)

    def _add_writer(self, fd: Any, callback: Callable[..., object], *args: Any) -> asyncio.Handle:
        return self._watch(fd, True, callback, args)

    def _remove_writer(self, fd: Any) -> bool:
        return self._end_watch(qasync._fileno(fd), True)

    def _watch(self, fd: Any, writing: bool, callback: Callable[..., object], args: tuple[Any, ...]) -> asyncio.Handle:
        self._check_closed()
        number = qasync._fileno(fd)
        self._end_watch(number, writing)
        handle = asyncio.Handle(callback, args, self, None)
        self._sockets.add(number, writing, handle)
        return handle

    def _end_watch(self, fd: int, writing: bool) -> bool:
        handle = self._sockets.remove(fd, writing)
        if handle is None:
            return False
        handle.cancel()
        return True

    def _on_ready(self, handles: Sequence[asyncio.Handle]) -> None:
        """These can be read or written: what was called before comes first, and what follows from each comes now."""
        if self._queue:
            self._run_ready()
        for handle in handles:
            # A callback before it may have ended the watch.
            if not handle.cancelled():
                handle._run()
                if self._queue:
                    self._run_ready()

    def _on_turn(self) -> None:
        self._called = False
        self._run_ready()

    def _run_ready(self) -> None:
        """Run what is ready and what is due, but what becomes ready meanwhile only in the next turn."""
        if self._over:
            return
        if self._due:
            self._take_due()
        queue = self._queue
        number = len(queue)
        if number > 1:
            # One that opens a loop of its own, such as a menu's, does not hold up the others.
            self._call_turn()
        until = perf_counter() + _TURN_S
        while number and queue:
            handle = queue.popleft()
            number -= 1
            if not handle.cancelled():
                handle._run()
                if perf_counter() > until:
                    break
        if queue:
            self._call_turn()
        elif self._called:
            self._called = False
            self._turn.stop()

    def _take_due(self) -> None:
        now = self.time()
        taken = False
        while self._due and (self._due[0].cancelled() or self._due[0].when() <= now):
            timer = heapq.heappop(self._due)
            timer._scheduled = False  # type: ignore[attr-defined]
            taken = True
            if timer.cancelled():
                self._cancelled -= 1
            else:
                self._queue.append(timer)
        if taken or not self._alarm.isActive():
            self._set_alarm()

    def _call_turn(self) -> None:
        if not self._called and not self._over:
            self._called = True
            self._turn.start()

    def _set_alarm(self) -> None:
        if self._due and not self._over:
            left = min(self._due[0].when() - self.time(), _LONGEST_S)
            self._alarm.start(max(0, math.ceil(left * 1000)))
        else:
            self._alarm.stop()


class _Bell(QObject):
    """Has a turn taken, from any thread."""

    rung = Signal()

    def __init__(self, on_rung: Callable[[], None]) -> None:
        super().__init__()
        self._on_rung = on_rung
        self.rung.connect(self._answer, Qt.ConnectionType.QueuedConnection)

    def _answer(self) -> None:
        self._on_rung()

"""Which sockets can be read or written, told within Qt's event loop."""

from __future__ import annotations

import asyncio
import select
from collections.abc import Callable, Sequence
from contextlib import suppress
from time import perf_counter
from typing import Protocol

from PySide6.QtCore import QSocketNotifier, QTimer

#: So many are asked for at once, and all of them told before the next: epoll puts whom it has named behind all others,
#: and who is named and not told would come last again and again.
_AT_ONCE = 8
#: So long they are told before Qt looks at the window again, in seconds.
_TURN_S = 0.004

#: Runs the handles of what is ready.
Run = Callable[[Sequence[asyncio.Handle]], None]


class SocketWatch(Protocol):
    """Has the handle of a descriptor run whenever it is ready, until it is removed."""

    def add(self, fd: int, writing: bool, handle: asyncio.Handle) -> None:
        """Watch a descriptor of which nothing of this kind is watched yet."""

    def remove(self, fd: int, writing: bool) -> asyncio.Handle | None:
        """Watch it no more; its handle, or None when it was not watched."""

    def __len__(self) -> int:
        """How many descriptors are watched."""

    def close(self) -> None:
        """Watch nothing any more."""


def socket_watch(run: Run) -> SocketWatch:
    """The best one that this system has."""
    return EpollWatch(run) if hasattr(select, "epoll") else NotifierWatch(run)


class EpollWatch:
    """All of them behind one descriptor (Linux).

    Qt asks the system about each of its notifiers each time, hundreds with hundreds of streams, and tells Python of
    each by a signal. Here it knows one.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._handles: dict[int, list[asyncio.Handle | None]] = {}
        self._epoll = select.epoll()
        self._notifier = QSocketNotifier(self._epoll.fileno(), QSocketNotifier.Type.Read)
        self._notifier.activated["int"].connect(self._on_activated)  # type: ignore[index]

    def add(self, fd: int, writing: bool, handle: asyncio.Handle) -> None:
        """See `SocketWatch`."""
        handles = self._handles.setdefault(fd, [None, None])
        handles[writing] = handle
        try:
            self._tell(fd, handles)
        except OSError:
            # What cannot be waited for, such as a file.
            self.remove(fd, writing)
            raise

    def remove(self, fd: int, writing: bool) -> asyncio.Handle | None:
        """See `SocketWatch`."""
        handles = self._handles.get(fd)
        if handles is None or (handle := handles[writing]) is None:
            return None
        handles[writing] = None
        # One that is closed already, the system has forgotten.
        with suppress(OSError):
            if handles[not writing] is None:
                del self._handles[fd]
                self._epoll.unregister(fd)
            else:
                self._tell(fd, handles)
        return handle

    def __len__(self) -> int:
        return len(self._handles)

    def close(self) -> None:
        """See `SocketWatch`."""
        self._notifier.setEnabled(False)
        self._handles.clear()
        self._epoll.close()

    def _tell(self, fd: int, handles: Sequence[asyncio.Handle | None]) -> None:
        mask = (select.EPOLLIN if handles[False] else 0) | (select.EPOLLOUT if handles[True] else 0)
        try:
            self._epoll.modify(fd, mask)
        except FileNotFoundError:
            self._epoll.register(fd, mask)

    def _on_activated(self, _fd: int) -> None:
        until = perf_counter() + _TURN_S
        while not self._epoll.closed:
            named = self._epoll.poll(0, _AT_ONCE)
            ready: list[asyncio.Handle] = []
            for fd, mask in named:
                reader, writer = self._handles.get(fd, (None, None))
                # An error or the other end's leaving is told to whoever waits for anything.
                if reader is not None and mask & ~select.EPOLLOUT:
                    ready.append(reader)
                if writer is not None and mask & ~select.EPOLLIN:
                    ready.append(writer)
            self._run(ready)
            if len(named) < _AT_ONCE or perf_counter() > until:
                break


class NotifierWatch:
    """One of Qt's notifiers for each, on systems whose one descriptor for all has not been tried with Qt."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._watched: dict[tuple[int, bool], tuple[QSocketNotifier, asyncio.Handle]] = {}
        # The signal of one of these may be under way: they live until a turn that Qt's timer has called.
        self._ended: list[QSocketNotifier] = []
        self._turn = QTimer()
        self._turn.setSingleShot(True)
        self._turn.setInterval(0)
        self._turn.timeout.connect(self._ended.clear)

    def add(self, fd: int, writing: bool, handle: asyncio.Handle) -> None:
        """See `SocketWatch`."""
        notifier = QSocketNotifier(fd, QSocketNotifier.Type.Write if writing else QSocketNotifier.Type.Read)
        notifier.activated["int"].connect(lambda _fd: self._run((handle,)))  # type: ignore[index]
        notifier.setEnabled(True)
        self._watched[fd, writing] = notifier, handle

    def remove(self, fd: int, writing: bool) -> asyncio.Handle | None:
        """See `SocketWatch`."""
        watched = self._watched.pop((fd, writing), None)
        if watched is None:
            return None
        notifier, handle = watched
        notifier.setEnabled(False)
        notifier.activated["int"].disconnect()  # type: ignore[index]
        self._ended.append(notifier)
        self._turn.start()
        return handle

    def __len__(self) -> int:
        return len({fd for fd, _ in self._watched})

    def close(self) -> None:
        """See `SocketWatch`."""
        for fd, writing in list(self._watched):
            self.remove(fd, writing)
        self._turn.stop()
        self._ended.clear()

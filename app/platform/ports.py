"""What program has a port of this machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import psutil


def port_owner(port: int) -> str | None:
    """The program that listens on a TCP port, such as `Code (4711)` with its process id; None when it is not known.

    Slow (it looks at every process), and other users' programs are often hidden. Never raises.
    """
    # Processes come and go meanwhile, and systems differ in what they let us see and how they say so.
    with suppress(Exception):
        for pid in _listeners(port):
            return f"{psutil.Process(pid).name()} ({pid})"
    return None


def _listeners(port: int) -> Iterator[int]:
    try:
        for row in psutil.net_connections("tcp"):
            if row.pid and row.status == psutil.CONN_LISTEN and row.laddr.port == port:
                yield row.pid
    except psutil.AccessDenied:
        # macOS shows the whole list to root only, but each of the user's own programs.
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if any(
                    row.status == psutil.CONN_LISTEN and row.laddr.port == port
                    for row in process.net_connections("tcp")
                ):
                    yield process.pid

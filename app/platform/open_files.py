"""How many files, and with them connections, this process may have open."""

from __future__ import annotations

import contextlib
import os
import sys

#: A stream takes two. Some systems take no number above their own most (macOS: 10,240, `OPEN_MAX`): then the next.
_WANTED = (65_536, 10_240)
#: For so many the system's table has room from the beginning: 2,000 streams, and 72 KiB of the system's memory.
_ROOM = 8_192


def allow_many_files() -> None:
    """Raise the limit as far as this user may, and have room for many; to be called before threads start.

    A desktop starts programs with 256 (macOS) or 1,024 (Linux): too few for what a gateway serves at once. Windows has
    no such limit.
    """
    if sys.platform != "win32":
        _raise_limit()
    if sys.platform == "linux":
        _make_room()


def _raise_limit() -> None:
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for wanted in _WANTED:
        if hard != resource.RLIM_INFINITY:
            wanted = min(wanted, hard)
        if soft != resource.RLIM_INFINITY and soft < wanted:
            with contextlib.suppress(OSError, ValueError):
                resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
                return


def _make_room() -> None:
    """Have Linux make the table of open files large at once, which takes it 50 µs.

    Once there are threads, the table grows (at 64, 256, 512, ... open files) only when all processors have gone through
    the scheduler (`expand_files` in fs/file.c: `synchronize_rcu`). Whoever opens a file waits for that, for 10 to 25 ms
    where measured: the loop, when it accepts a connection, and all streams with it.
    """
    import fcntl
    import resource

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _ROOM if soft == resource.RLIM_INFINITY else min(soft, _ROOM)
    # What cannot be had at once, grows as it is needed.
    with contextlib.suppress(OSError), open(os.devnull, "rb") as some:
        os.close(fcntl.fcntl(some, fcntl.F_DUPFD_CLOEXEC, most - 1))

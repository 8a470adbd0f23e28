"""What program has a port of this machine, and which ports Windows keeps for itself."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress

#: Hyper-V, WSL and Docker have Windows reserve hundreds of ports at each start.
_RANGE = re.compile(r"^\s*(\d{1,5})\s+(\d{1,5})\b", re.MULTILINE)
_NETSH = ("netsh", "interface", "ipv4", "show", "excludedportrange", "protocol=tcp")
_NETSH_S = 10.0


def reserved_ports(said: str | None = None) -> tuple[range, ...]:
    """The ports that Windows gives to no program (error 10013); none on other systems. Slow; never raises.

    Args:
        said: what `netsh` printed, in whatever language; None: ask it.
    """
    if said is None:
        if sys.platform != "win32":
            return ()
        try:
            said = subprocess.run(  # noqa: S603 - a fixed command
                _NETSH,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=_NETSH_S,
                check=False,
                creationflags=subprocess.CREATE_NO_WINDOW,
            ).stdout
        except (OSError, subprocess.SubprocessError):
            return ()
    return tuple(range(int(first), int(last) + 1) for first, last in _RANGE.findall(said))


def port_owner(port: int) -> str | None:
    """The program that listens on a TCP port, such as `Code (4711)` with its process id; None when it is not known.

    Slow (it looks at every process), and other users' programs are often hidden. Never raises.
    """
    # Imported late: a port is seldom taken.
    import psutil

    # Processes come and go meanwhile, and systems differ in what they let us see and how they say so.
    with suppress(Exception):
        for pid in _listeners(port):
            return f"{psutil.Process(pid).name()} ({pid})"
    return None


def _listeners(port: int) -> Iterator[int]:
    import psutil

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

"""How many files, and with them connections, this process may have open."""

from __future__ import annotations

import contextlib
import sys

#: A stream takes two. Some systems take no number above their own most (macOS: 10,240, `OPEN_MAX`): then the next.
_WANTED = (65_536, 10_240)


def allow_many_files() -> None:
    """Raise the limit as far as this user may.

    A desktop starts programs with 256 (macOS) or 1,024 (Linux): too few for what a gateway serves at once. Windows has
    no such limit.
    """
    if sys.platform == "win32":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for wanted in _WANTED:
        if hard != resource.RLIM_INFINITY:
            wanted = min(wanted, hard)
        if soft != resource.RLIM_INFINITY and soft < wanted:
            with contextlib.suppress(OSError, ValueError):
                resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
                return

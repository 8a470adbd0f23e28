"""Processes that a program has left behind, such as Codex 0.169 does."""

import contextlib
import os
import re
import signal
import time
from pathlib import Path

_LIMIT_S = 5.0


def all_of(home: Path) -> list[int]:
    """The processes that have a folder of a test in their environment, and so were started by it."""
    found = []
    inside = re.compile(re.escape(os.fsencode(home)) + rb"[/\0]")
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if inside.search((folder / "environ").read_bytes()):
                found.append(int(folder.name))
    return found


def end_all_of(home: Path) -> None:
    """End them, and what they start meanwhile."""
    deadline = time.monotonic() + _LIMIT_S
    while left := all_of(home):
        assert time.monotonic() < deadline, f"processes {left} of {home} do not end"
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)

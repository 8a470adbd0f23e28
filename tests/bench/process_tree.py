"""What a process and its children use: from /proc and the processes' own clocks, on Linux."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

#: The clock of all threads of a process, those that have ended too: `clock_getcpuclockid(3)`, CPUCLOCK_SCHED.
_CPUCLOCK_SCHED = 2


def tree(pid: int) -> list[int]:
    """The process and all that descend from it."""
    found, todo = [], [pid]
    while todo:
        found.append(todo.pop())
        with suppress(OSError):
            for children in Path(f"/proc/{found[-1]}/task").glob("*/children"):
                todo += map(int, children.read_text(encoding="ascii").split())
    return found


def cpu_seconds(pid: int) -> float:
    """Seconds of processor that those of the tree have used that live now."""
    used = 0.0
    for each in tree(pid):
        with suppress(OSError):
            used += time.clock_gettime((~each << 3) | _CPUCLOCK_SCHED)
    return used


def memory_kib(pid: int) -> tuple[int, int]:
    """KiB of the tree: resident, and its share of what is shared (PSS)."""
    resident = share = 0
    for each in tree(pid):
        with suppress(OSError):
            for line in Path(f"/proc/{each}/smaps_rollup").read_text(encoding="ascii").splitlines():
                if line.startswith("Rss:"):
                    resident += int(line.split()[1])
                elif line.startswith("Pss:"):
                    share += int(line.split()[1])
    return resident, share


def wake_ups(pid: int) -> dict[str, int]:
    """How often each thread of the tree has been woken, by its number: it slept before of its own will."""
    found = {}
    for each in tree(pid):
        for status in Path(f"/proc/{each}/task").glob("*/status"):
            with suppress(OSError):
                for line in status.read_text(encoding="utf-8", errors="replace").splitlines():
                    if line.startswith("voluntary_ctxt_switches:"):
                        found[status.parent.name] = int(line.split()[1])
    return found


def own_cpus() -> list[int]:
    """The processors that this process may use."""
    return sorted(os.sched_getaffinity(0))

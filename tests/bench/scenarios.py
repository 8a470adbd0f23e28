"""What is done with a target, and the figures that come of it."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

from app.commandline.control_client import ask
from app.platform.instance import InstanceInfo, announced
from tests.bench.far_side import FarSide, Load
from tests.bench.process_tree import cpu_seconds, memory_kib, wake_ups
from tests.bench.rows import PAGES
from tests.bench.targets import DidNotStart, Running

#: One delta in 10 ms is what upstream sends. The shapes are those by which the project's targets were set.
LOADS = {
    "paced-10": Load(10, 80, 10_000, 9, ramp_ms=300),
    "paced-200": Load(200, 80, 10_000, 9, ramp_ms=300),
    "chat-200": Load(200, 80, 10_000, 9, ramp_ms=300, chat=True),
    "small-10": Load(10, 1, 0, 1, again=True, echo=200),
    "small-200": Load(200, 1, 0, 1, again=True, echo=200),
    "many": Load(2000, 40, 100_000, 25, ramp_ms=2000),
    "timer-50": Load(50, 300, 10_000, 15, ramp_ms=300),
    "timer-200": Load(200, 300, 10_000, 15, ramp_ms=300),
    "stall-200": Load(200, 300, 10_000, 15, ramp_ms=300),
}
#: Those with a timer in the window's thread, and for how many seconds that thread stalls; see `window_timer`.
STALLS = {"timer-50": 0.0, "timer-200": 0.0, "stall-200": 0.2}
#: Those for which the target is started anew, in another way.
APART = frozenset({"many", *STALLS})
_WARM_UP = Load(10, 5, 0, 5, echo=200)
#: When all streams of `many` are open.
_MEMORY_AT_S = 3.2
#: Until the first upkeep is over, which comes half a minute after a start and then each ten minutes; and as long as
#: what comes most seldom otherwise: looks at tokens and proxies, each half minute.
_QUIET_S, _WATCHED_S = 35.0, 30.0
STARTS = 3
#: Rows that a page of requests asks for, and how often each page is asked for.
_ROWS, _ASKED = 500, 9
#: What takes less, in milliseconds, nobody sees: a page of a store with little in it takes one or two.
_LEAST_MS = 5.0

#: Starts a target and ends it.
Start = Callable[[], AbstractContextManager[Running]]


def warm_up(far: FarSide, running: Running) -> None:
    """Some streams before anything is measured."""
    for chat in (False, True):
        load = replace(_WARM_UP, chat=chat)
        target = running.target
        far.end(load, far.begin(load, target.port, target.chat_path if chat else target.path, target.headers))


def streams(name: str, far: FarSide, running: Running) -> tuple[dict[str, float], str]:
    """One load of `LOADS`: the figures, and why the first lost stream was lost."""
    load, target, pid = LOADS[name], running.target, running.pid
    at_rest = memory_kib(pid)[1] if pid and name == "many" else 0
    before = cpu_seconds(pid) if pid else 0.0
    told = len(_lateness(running)) if name in STALLS else 0
    process = far.begin(load, target.port, target.chat_path if load.chat else target.path, target.headers)
    open_kib = 0
    if pid and name == "many":
        time.sleep(_MEMORY_AT_S)
        open_kib = memory_kib(pid)[1] - at_rest
    seen = far.end(load, process)
    figures: dict[str, float] = {
        "lost": seen["lost"],
        "first_p50_ms": seen["first"]["p50"] / 1e3,
        "first_p99_ms": seen["first"]["p99"] / 1e3,
        "delay_p50_ms": seen["delay"]["p50"] / 1e3,
        "delay_p99_ms": seen["delay"]["p99"] / 1e3,
    }
    if not load.chat:
        figures["altered"] = seen["altered"]
    if load.again:
        figures["turns_s"] = seen["ok_in_time"] / load.seconds
    else:
        figures["events_s"] = seen["events"] / max(seen["seconds"], 1e-9)
    if pid and not load.again:
        figures["cpu_us"] = 1e6 * (cpu_seconds(pid) - before) / max(seen["events"], 1)
    if name in STALLS:
        late = sorted(_lateness(running)[told:])
        figures["late_p99_ms"] = late[int((len(late) - 1) * 0.99)]
    if open_kib:
        figures["kib_per_stream"] = open_kib / load.streams
    _settle(far, pid)
    if pid and load.again:
        # With what was written down behind the last turns.
        figures["turn_cpu_us"] = 1e6 * (cpu_seconds(pid) - before) / max(seen["ok"], 1)
    return figures, seen["why"]


def idle(running: Running) -> dict[str, float]:
    """What it uses while nobody asks for anything."""
    assert running.pid is not None
    time.sleep(_QUIET_S)
    woken, used, began = wake_ups(running.pid), cpu_seconds(running.pid), time.monotonic()
    time.sleep(_WATCHED_S)
    took = time.monotonic() - began
    each = [count - woken.get(thread, 0) for thread, count in wake_ups(running.pid).items()]
    return {
        "rss_mib": memory_kib(running.pid)[0] / 1024,
        "cpu_percent": 100 * (cpu_seconds(running.pid) - used) / took,
        "wake_ups_s": max(each) / took,
        "all_wake_ups_s": sum(each) / took,
    }


def one_start(start: Start) -> dict[str, float]:
    """How long it takes until it listens, and until its tray is there."""
    with start() as running:
        found = {"listening_ms": (time.monotonic() - running.began) * 1e3}
        shown = _tray_shown_at(running)
        if shown is not None:
            found["tray_ms"] = (shown - running.began) * 1e3
    return found


def usual_start(seen: Sequence[dict[str, float]]) -> dict[str, float]:
    """The middle one of some starts; the first one reads what is not in memory yet, and does not count."""
    return {name: statistics.median([one[name] for one in seen[1:] if name in one]) for name in seen[-1]}


def pages(running: Running) -> dict[str, float]:
    """How long the commands take that fill a page when somebody turns to it, each the quickest of some."""
    info = announced(running.data) if running.data is not None else None
    if info is None:
        raise DidNotStart("it announced no control channel")
    newest = ask(info, "turn.list", {"limit": _ROWS})
    behind = {"before": newest[-1]["started_at"], "before_id": newest[-1]["id"]}
    commands: dict[str, tuple[str, dict[str, Any]]] = {
        "overview": ("history.hours", {"hours": 24}),
        "requests": ("turn.list", {"limit": _ROWS}),
        "older": ("turn.list", {"limit": _ROWS, **behind}),
        "session": ("turn.list", {"limit": _ROWS, "session_id": newest[0]["session_id"]}),
        "licenses": ("license.usage", {}),
    }
    return {f"{page}_ms": max(_LEAST_MS, _asked_ms(info, *commands[page])) for page in PAGES}


def _asked_ms(info: InstanceInfo, name: str, params: dict[str, Any]) -> float:
    took = []
    for _ in range(_ASKED):
        began = time.monotonic()
        ask(info, name, params)
        took.append((time.monotonic() - began) * 1e3)
    return min(took)


def _lateness(running: Running) -> list[float]:
    """What `window_timer` has told until now, in milliseconds."""
    assert running.child is not None
    lines = running.child.output().splitlines()
    return [late for line in lines if line.startswith("late [") for late in json.loads(line[5:])]


def _tray_shown_at(running: Running) -> float | None:
    assert running.child is not None
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        for line in running.child.output().splitlines():
            if line.startswith("tray "):
                return float(line.split()[1])
        time.sleep(0.01)
    return None


def _settle(far: FarSide, pid: int | None, most_s: float = 10.0) -> None:
    """Wait until what the last load has left behind is worked off."""
    deadline = time.monotonic() + most_s
    while time.monotonic() < deadline:
        before = cpu_seconds(pid) if pid else 0.0
        time.sleep(0.2)
        if not far.active() and (not pid or cpu_seconds(pid) - before < 0.02):
            return

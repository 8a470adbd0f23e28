"""What the gateway promises about speed and weight: each time one figure of one target, mostly beside another's."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Against(StrEnum):
    """What becomes of a figure and the one that it is compared with."""

    RATIO = "ratio"
    DIFFERENCE = "difference"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Part:
    """One figure of one target in one scenario; see `scenarios`."""

    target: str
    scenario: str
    figure: str


@dataclass(frozen=True, slots=True)
class Promise:
    """One line of the table.

    Attributes:
        row: its number; several lines may have the same.
        what: says what is measured.
        part: whose figure it is.
        against: how it is compared with `other`.
        other: with whose; None: it stands for itself.
        limit: the most that keeps the promise, or with `at_least` the least.
        unit: of the limit; `x` for ratios.
    """

    row: int
    what: str
    part: Part
    limit: float
    unit: str = "x"
    against: Against = Against.RATIO
    other: Part | None = None
    at_least: bool = False

    @property
    def key(self) -> str:
        """Names it in the baseline."""
        return f"{self.row} {self.what}"

    @property
    def parts(self) -> tuple[Part, ...]:
        """All that must be measured for it."""
        return (self.part,) if self.other is None else (self.part, self.other)


#: The four ways in which the gateway runs; `loop` is the one that users have when they choose nothing.
SERVE, PLAIN, THREAD, LOOP = "serve", "serve-asyncio", "desktop-thread", "desktop-loop"
NGINX, HAPROXY, CHATMOCK, DIRECT = "nginx", "haproxy", "chatmock", "direct"
NGINX_TLS, SERVE_TLS = "nginx-tls", "serve-tls"
#: The desktop in its usual placement, with a store of nothing, of some weeks, and as full as it may be.
EMPTY, ORDINARY, FULL = "desktop-empty", "desktop-ordinary", "desktop-full"

#: What the window asks of the store when somebody turns to a page; see `scenarios`.
PAGES = ("overview", "requests", "older", "session", "licenses")


def _beside(row: int, what: str, target: str, scenario: str, figure: str, limit: float, other: str) -> Promise:
    return Promise(row, what, Part(target, scenario, figure), limit, other=Part(other, scenario, figure))


def _alone(row: int, what: str, target: str, scenario: str, figure: str, limit: float, unit: str) -> Promise:
    return Promise(row, what, Part(target, scenario, figure), limit, unit, Against.NOTHING)


def _cpu(row: int, target: str, limit: float, other: str = NGINX) -> Promise:
    return _beside(row, f"CPU per event, {target} / {other}", target, "paced-200", "cpu_us", limit, other)


def _first_byte(target: str) -> Promise:
    part, direct = (Part(name, "paced-10", "first_p50_ms") for name in (target, DIRECT))
    what = f"first byte p50, {target} - {DIRECT}"
    return Promise(5, what, part, 1.0, "ms", Against.DIFFERENCE, direct)


def _turns(target: str, streams: int, limit: float, other: str) -> Promise:
    scenario = f"small-{streams}"
    what = f"turns a second of {streams} at once, {target} / {other}"
    part, others = (Part(name, scenario, "turns_s") for name in (target, other))
    return Promise(6, what, part, limit, other=others, at_least=True)


def _chat(target: str) -> Promise:
    part, own = Part(target, "chat-200", "cpu_us"), Part(target, "paced-200", "cpu_us")
    return Promise(7, f"chat, CPU per event, {target} / own pass-through", part, 1.4, other=own)


def _full(what: str, scenario: str, figure: str) -> Promise:
    other = ORDINARY if scenario == "pages" else EMPTY
    return _beside(13, f"{what}, {FULL} / {other}", FULL, scenario, figure, 1.2, other)


PROMISES = (
    _cpu(1, SERVE, 1.6),
    _cpu(1, PLAIN, 2.1),
    _cpu(2, THREAD, 1.8),
    _cpu(3, LOOP, 4.0),
    _cpu(3, LOOP, 0.65, CHATMOCK),
    _beside(4, "delay p50, serve / nginx", SERVE, "paced-200", "delay_p50_ms", 1.2, NGINX),
    _alone(4, "delay p99, serve", SERVE, "paced-200", "delay_p99_ms", 5.0, "ms"),
    *(_first_byte(target) for target in (SERVE, LOOP)),
    *(
        _turns(target, streams, limit, other)
        for target in (SERVE, LOOP)
        for streams in (10, 200)
        for other, limit in ((NGINX, 0.20), (CHATMOCK, 20.0))
    ),
    *(_chat(target) for target in (SERVE, LOOP)),
    *(
        promise
        for target in (SERVE, LOOP)
        for promise in (
            _alone(8, f"2,000 streams, bytes that differ, {target}", target, "many", "altered", 0, "streams"),
            _alone(8, f"2,000 streams, memory of one, {target}", target, "many", "kib_per_stream", 24, "KiB"),
        )
    ),
    _alone(9, "idle in the tray, memory (RSS)", LOOP, "idle", "rss_mib", 115, "MiB"),
    _alone(9, "idle in the tray, processor", LOOP, "idle", "cpu_percent", 0.1, "%"),
    _alone(9, "idle in the tray, wake-ups of the busiest thread", LOOP, "idle", "wake_ups_s", 1.0, "a second"),
    _alone(10, "16 ms timer late p99, 200 streams, desktop-thread", THREAD, "timer-200", "late_p99_ms", 5, "ms"),
    _alone(10, "16 ms timer late p99, 50 streams, desktop-loop", LOOP, "timer-50", "late_p99_ms", 15, "ms"),
    _alone(11, "delay p99 while the window stalls, desktop-thread", THREAD, "stall-200", "delay_p99_ms", 15, "ms"),
    _alone(12, "start until it listens", LOOP, "start", "listening_ms", 550, "ms"),
    _alone(12, "start until the tray", LOOP, "start", "tray_ms", 650, "ms"),
    _full("start until it listens", "start", "listening_ms"),
    _full("start until the tray", "start", "tray_ms"),
    _full("first byte p50", "paced-10", "first_p50_ms"),
    _full("CPU of a small turn", "small-10", "turn_cpu_us"),
    _full("CPU of a small turn, 200 at once", "small-200", "turn_cpu_us"),
    *(_full(f"page: {page}", "pages", f"{page}_ms") for page in PAGES),
    _beside(14, "CPU per event, upstream over TLS, serve / nginx", SERVE_TLS, "paced-200", "cpu_us", 2.1, NGINX_TLS),
)

#: What no promise rests on, and completes the table of a whole run.
BESIDE = {
    **{target: ("paced-10", "small-10", "small-200", "chat-200") for target in (PLAIN, THREAD)},
    HAPROXY: ("paced-200", "paced-10", "small-10", "small-200"),
    NGINX: ("paced-10",),
    CHATMOCK: ("paced-10", "chat-200"),
    DIRECT: ("paced-200", "small-10", "small-200"),
}
#: Rows of `--quick`: the short ones that say most.
QUICK_ROWS = frozenset({1, 2, 3, 4, 5, 6})


def chosen(promises: Iterable[Promise], rows: frozenset[int] | None) -> tuple[Promise, ...]:
    """Those of the rows; None: all."""
    return tuple(promise for promise in promises if rows is None or promise.row in rows)


def needed(promises: Iterable[Promise], *, whole: bool = False) -> dict[str, list[str]]:
    """The scenarios of each target that these promises rest on, in their order; `whole`: and all of `BESIDE`."""
    wanted: dict[str, list[str]] = {}
    parts = [(part.target, part.scenario) for promise in promises for part in promise.parts]
    parts += [(target, scenario) for target, scenarios in BESIDE.items() for scenario in scenarios] if whole else []
    for target, scenario in parts:
        scenarios = wanted.setdefault(target, [])
        if scenario not in scenarios:
            scenarios.append(scenario)
    return wanted

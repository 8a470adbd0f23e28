"""The tables of a benchmark, in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import median

from tests.bench.rows import PAGES
from tests.bench.verdicts import Measured, Verdict

#: Of each scenario's table: a figure, its words, and how many digits it gets after the point.
_FIGURES = (
    ("lost", "lost", 0),
    ("altered", "altered", 0),
    ("cpu_us", "CPU per event µs", 1),
    ("delay_p50_ms", "delay p50 ms", 3),
    ("delay_p99_ms", "delay p99 ms", 2),
    ("first_p50_ms", "first byte p50 ms", 2),
    ("first_p99_ms", "first byte p99 ms", 1),
    ("turns_s", "turns a second", 0),
    ("turn_cpu_us", "CPU per turn µs", 0),
    ("events_s", "events a second", 0),
    ("kib_per_stream", "KiB a stream", 1),
    ("rss_mib", "RSS MiB", 1),
    ("cpu_percent", "CPU %", 3),
    ("wake_ups_s", "wake-ups a second, busiest thread", 2),
    ("all_wake_ups_s", "wake-ups a second, all threads", 2),
    ("late_p99_ms", "16 ms timer late p99 ms", 2),
    ("listening_ms", "listening ms", 0),
    ("tray_ms", "tray ms", 0),
    *((f"{page}_ms", f"{page} ms", 1) for page in PAGES),
)


def verdict_table(verdicts: Iterable[Verdict]) -> str:
    """A line for each promise: what it is, the figure, the target, and whether it is met."""
    rows = [
        (
            str(verdict.promise.row),
            verdict.promise.what,
            str(verdict.lost),
            _shown(verdict, verdict.value),
            ("≥ " if verdict.promise.at_least else "≤ ") + _shown(verdict, verdict.promise.limit),
            _words(verdict),
            _change(verdict),
        )
        for verdict in verdicts
    ]
    return _table(("#", "measure", "lost", "figure", "target", "verdict", "baseline"), rows)


def figure_tables(measured: Measured) -> str:
    """For each scenario the medians of every target."""
    seen = dict.fromkeys(key for found in measured.rounds for key in found)
    tables = []
    for scenario in dict.fromkeys(name for _, name in seen):
        targets = [target for target, name in seen if name == scenario]
        medians = {target: _medians(measured, target, scenario) for target in targets}
        columns = [column for column in _FIGURES if any(column[0] in found for found in medians.values())]
        rows = [
            (target, *(f"{found[name]:,.{digits}f}" if name in found else "" for name, _, digits in columns))
            for target, found in medians.items()
        ]
        tables.append(f"{scenario}\n\n{_table(('target', *(words for _, words, _ in columns)), rows)}")
    return "\n\n".join(tables)


def _medians(measured: Measured, target: str, scenario: str) -> dict[str, float]:
    found = [each[target, scenario] for each in measured.rounds if (target, scenario) in each]
    return {
        name: (sum if name in ("lost", "altered") else median)([one[name] for one in found if name in one])
        for name in found[0]
    }


def _shown(verdict: Verdict, value: float | None) -> str:
    if value is None:
        return "-"
    unit = verdict.promise.unit
    if unit in ("streams", "a second", "MiB", "KiB", "ms", "%"):
        return f"{value:,.4g} {unit}" if abs(value) < 1000 else f"{value:,.0f} {unit}"
    return f"{value:.2f}{unit}" if value < 100 else f"{value:.0f}{unit}"


def _words(verdict: Verdict) -> str:
    if verdict.met is None:
        return f"not measured ({verdict.why})"
    if verdict.lost:
        return "LOST STREAMS"
    return "met" if verdict.met else "MISSED"


def _change(verdict: Verdict) -> str:
    if verdict.change is None:
        return ""
    mark = " worse" if verdict.worse else " better" if verdict.better else ""
    return f"{verdict.change:+.0%}{mark}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]

    def line(cells: Sequence[str]) -> str:
        return f"| {' | '.join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True))} |"

    return "\n".join((line(head), f"|{'|'.join('-' * (width + 2) for width in widths)}|", *map(line, rows)))

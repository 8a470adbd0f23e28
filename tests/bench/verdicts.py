"""From what was measured to verdicts: medians of rounds, ratios within a round, and changes since the baseline."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from tests.bench.rows import Against, Part, Promise

#: What the same program gives from run to run on a shared machine: less is no change.
NOISE = 0.2

#: What there is no way to measure at all, in the place of a target.
STREAMS = "everything with streams"

#: The figures of one round: what was measured of a target in a scenario, by name.
Round = dict[tuple[str, str], dict[str, float]]


@dataclass(slots=True)
class Measured:
    """All rounds, and why something is missing: by target, by target and scenario, or `STREAMS`."""

    rounds: list[Round] = field(default_factory=list)
    troubles: dict[str, str] = field(default_factory=dict)

    def values(self, part: Part) -> list[float | None]:
        """One for each round; None where it was not measured."""
        return [found.get((part.target, part.scenario), {}).get(part.figure) for found in self.rounds]

    def trouble(self, parts: Iterable[Part]) -> str:
        """Why one of these was not measured."""
        for part in parts:
            for name in (f"{part.target} {part.scenario}", part.target):
                if name in self.troubles:
                    return f"{part.target}: {self.troubles[name]}"
        return self.troubles.get(STREAMS, "nothing came")


@dataclass(frozen=True, slots=True)
class Verdict:
    """Of one promise.

    Attributes:
        promise: which.
        value: the median of the rounds; None: not measured.
        lost: streams that were not whole, of all rounds and all who were compared; they look fast.
        why: it was not measured.
        before: the baseline's value, if there is one.
    """

    promise: Promise
    value: float | None
    lost: int
    why: str = ""
    before: float | None = None

    @property
    def met(self) -> bool | None:
        """Whether the promise is kept; None: not measured."""
        if self.value is None:
            return None
        kept = self.value >= self.promise.limit if self.promise.at_least else self.value <= self.promise.limit
        return kept and not self.lost

    @property
    def change(self) -> float | None:
        """By what share it differs from the baseline; None where there is nothing to compare."""
        if self.value is None or not self.before:
            return None
        return self.value / self.before - 1

    @property
    def worse(self) -> bool:
        """Beyond noise, in the wrong direction."""
        change = self.change
        return change is not None and (change < -NOISE if self.promise.at_least else change > NOISE)

    @property
    def better(self) -> bool:
        """Beyond noise, in the right direction."""
        return self.change is not None and abs(self.change) > NOISE and not self.worse


def judge(promise: Promise, measured: Measured, baseline: Mapping[str, float]) -> Verdict:
    """The verdict about one promise. Figures are compared within a round; then the median of the rounds counts."""
    values = []
    own = measured.values(promise.part)
    others = measured.values(promise.other) if promise.other is not None else [None] * len(own)
    for value, other in zip(own, others, strict=True):
        if value is None:
            continue
        match promise.against:
            case Against.NOTHING:
                values.append(value)
            case Against.DIFFERENCE if other is not None:
                values.append(value - other)
            case Against.RATIO if other:
                values.append(value / other)
    lost = sum(
        int(found.get((part.target, part.scenario), {}).get("lost", 0))
        for found in measured.rounds
        for part in promise.parts
    )
    if not values:
        return Verdict(promise, None, lost, measured.trouble(promise.parts))
    return Verdict(promise, median(values), lost, before=baseline.get(promise.key))


def read_baseline(path: Path) -> dict[str, Any]:
    """What `baseline_text` has written, or nothing where there is none that can be read."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return {**content, "figures": {str(key): float(value) for key, value in content["figures"].items()}}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {"figures": {}}


def baseline_text(verdicts: Iterable[Verdict], machine: str, date: str) -> str:
    """The baseline that these verdicts make. Those that were not measured are not in it."""
    figures = {verdict.promise.key: round(verdict.value, 4) for verdict in verdicts if verdict.value is not None}
    return json.dumps({"machine": machine, "date": date, "figures": figures}, indent=2, ensure_ascii=False) + "\n"

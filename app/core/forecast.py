"""When a quota window runs out at this pace, and the memory of how full it was that the pace is taken from."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from app.core.quota import Quota, Window
from app.core.record import record

#: The pace is that of the last hour, in seconds.
PACE_S = 3600.0
#: What is measured over less than this part of a window says nothing of the rest of it: ten minutes of five hours.
#: An hour is too short for a week, which therefore goes by its own average.
LEAST_SHARE = 1 / 30
#: So much less used, in percent, is a reset and no noise: upstream tells whole numbers, and answers overtake others.
RESET_PERCENT = 3.0
#: Of each window one sample a minute is kept, and of each token so many windows.
APART_S = 60.0
MOST_WINDOWS = 16
_MOST_SAMPLES = int(PACE_S / APART_S) + 1


@dataclass(frozen=True, slots=True)
class Forecast:
    """When one window of a limit runs out.

    Attributes:
        limit, slot: of the window, see `Window`.
        runs_out_at: Unix seconds, on the full minute, if it goes on like this; None: it lasts until its reset, is used
            up already, or nothing is known.
    """

    limit: str
    slot: str
    runs_out_at: float | None


@record
class Sample:
    """How much of a window was used, in percent, at a time in Unix seconds."""

    at: float
    used_percent: float


def runs_out_at(window: Window, samples: Iterable[Sample], now: float) -> float | None:
    """When the window runs out at this pace, in Unix seconds; see `Forecast.runs_out_at`.

    The pace is that of the last hour, up to now, so that a rest counts; where too little is known of it, the window's
    average since its beginning.

    Args:
        window: as upstream last told it.
        samples: of it, the oldest first.
        now: Unix seconds.
    """
    resets_at, used = window.resets_at, window.used_at(now)
    if resets_at is None or not math.isfinite(used) or not 0.0 < used < 100.0:
        return None
    pace = _pace(window, samples, used, now)
    if pace is None or pace <= 0.0:
        return None
    at = now + (100.0 - used) / pace
    # A reset at that very minute comes first.
    return math.ceil(at / 60.0) * 60.0 if at < resets_at else None


def _pace(window: Window, samples: Iterable[Sample], used: float, now: float) -> float | None:
    """In percent per second; None: nothing is known."""
    length_s = None if window.minutes is None or window.minutes <= 0 else window.minutes * 60.0
    least_s = LEAST_SHARE * (length_s if length_s is not None else PACE_S)
    began_at = None if length_s is None or window.resets_at is None else window.resets_at - length_s
    # What is older than the window is of the one before; what lies ahead was noted under another clock.
    since = max(now - PACE_S, began_at if began_at is not None else -math.inf)
    recent = [sample for sample in samples if since <= sample.at <= now]
    if len(recent) > 1 and now - recent[0].at >= least_s:
        return (used - recent[0].used_percent) / (now - recent[0].at)
    if began_at is None or now - began_at < least_s:
        return None
    return used / (now - began_at)


class PaceBook:
    """Remembers for an hour how full each token's windows were; bounded, and in memory only."""

    def __init__(self) -> None:
        self._samples: dict[str, dict[tuple[str, str], deque[Sample]]] = {}

    def note(self, token_id: str, quota: Quota, now: float) -> None:
        """Upstream has just said this of a token's quota."""
        windows = self._samples.setdefault(token_id, {})
        for window in quota.windows:
            name = (window.limit, window.slot)
            samples = windows.pop(name, None) or deque(maxlen=_MOST_SAMPLES)
            # The one that was told of last comes last.
            windows[name] = samples
            _add(samples, Sample(now, window.used_at(now)))
        while len(windows) > MOST_WINDOWS:
            del windows[next(iter(windows))]

    def forget(self, token_id: str) -> None:
        """The token is gone."""
        self._samples.pop(token_id, None)

    def forecasts(self, token_id: str, quota: Quota | None, now: float) -> tuple[Forecast, ...]:
        """For each window of a token's quota, in its order."""
        if quota is None:
            return ()
        samples = self._samples.get(token_id, {})
        return tuple(
            Forecast(window.limit, window.slot, runs_out_at(window, samples.get((window.limit, window.slot), ()), now))
            for window in quota.windows
        )


def _add(samples: deque[Sample], new: Sample) -> None:
    while samples and samples[-1].at > new.at:
        # The clock was set back: when these were noted, nobody knows any more.
        samples.pop()
    if samples and samples[-1].used_percent - new.used_percent >= RESET_PERCENT:
        samples.clear()
    # The first of all stays where it is: the pace begins there.
    if len(samples) > 1 and new.at - samples[-2].at < APART_S:
        samples.pop()
    samples.append(new)
    while samples[0].at < new.at - PACE_S:
        samples.popleft()

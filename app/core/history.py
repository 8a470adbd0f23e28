"""What happened over time, as the overview draws it: turns and tokens in equal buckets."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

HOUR_S = 3600.0


@dataclass(frozen=True, slots=True)
class HistoryBucket:
    """The turns that began within one stretch of time.

    Attributes:
        start: of it, in Unix seconds.
        turns: how many there were.
        failed: of them, those whose client got an error.
        input_tokens, cached_tokens, output_tokens: as upstream counted them; cached ones are a part of the input.
    """

    start: float
    turns: int = 0
    failed: int = 0
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0


def hours_until(now: float, hours: int) -> tuple[float, float]:
    """When the last `hours` hours of the local clock begin and end, the running one included, in Unix seconds.

    Where local time is half an hour beside the others', so are the hours.
    """
    offset = datetime.fromtimestamp(now).astimezone().utcoffset()
    beside = offset.total_seconds() % HOUR_S if offset is not None else 0.0
    end = (math.floor((now + beside) / HOUR_S) + 1) * HOUR_S - beside
    return end - hours * HOUR_S, end


def filled(known: Iterable[HistoryBucket], since: float, until: float, bucket_s: float) -> list[HistoryBucket]:
    """All buckets from `since` to `until`, the oldest first: those that are known, and empty ones for the rest."""
    by_start = {bucket.start: bucket for bucket in known}
    starts = (since + number * bucket_s for number in range(math.ceil((until - since) / bucket_s)))
    return [by_start.get(start) or HistoryBucket(start) for start in starts]

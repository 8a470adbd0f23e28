"""Buckets of the local clock's hours."""

import os
import time
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from app.core.history import HistoryBucket, filled, hours_until

NOW = 1_800_000_123.0


@pytest.fixture(params=["UTC", "Asia/Shanghai", "Asia/Kolkata", "America/St_Johns", "Asia/Kathmandu"])
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    if not hasattr(time, "tzset"):
        pytest.skip("the time zone of this system cannot be set for a test")
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()


def test_the_hours_are_whole_by_the_local_clock_and_the_running_one_is_the_last(zone: str) -> None:
    since, until = hours_until(NOW, 24)
    assert until - since == 24 * 3600
    assert until - 3600 <= NOW < until
    for edge in (since, until):
        local = datetime.fromtimestamp(edge)
        assert (local.minute, local.second) == (0, 0)
    # A full hour begins the next one.
    assert hours_until(until, 1) == (until, until + 3600)


def test_hours_stay_equal_when_the_clocks_change(monkeypatch: pytest.MonkeyPatch) -> None:
    if not hasattr(time, "tzset"):
        pytest.skip("the time zone of this system cannot be set for a test")
    before = os.environ.get("TZ")
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        # The night in which an hour is left out.
        noon = datetime(2027, 3, 28, 12, 5).timestamp()
        since, until = hours_until(noon, 24)
        assert until - since == 24 * 3600
        assert datetime.fromtimestamp(until) - datetime.fromtimestamp(since) == timedelta(hours=25)
    finally:
        monkeypatch.undo()
        assert os.environ.get("TZ") == before
        time.tzset()


def test_what_is_missing_is_filled_up_with_empty_buckets() -> None:
    known = HistoryBucket(20.0, turns=3)
    assert filled([known], 0.0, 35.0, 10.0) == [HistoryBucket(0.0), HistoryBucket(10.0), known, HistoryBucket(30.0)]
    assert filled([], 5.0, 5.0, 10.0) == []

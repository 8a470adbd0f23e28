"""Days begin at local midnight, whatever clocks and daylight saving do, and a budget is of one day."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.budget import BudgetBook, local_midnight, next_midnight
from app.core.license import License
from app.core.limit_reached import LimitReached
from app.core.turn import Usage

DAY = 86_400.0
BERLIN = ZoneInfo("Europe/Berlin")
OWNER = License("l-1", "one", "", 0.0, daily_tokens=100)

moments = st.floats(0, 4_000_000_000)
zones = st.sampled_from(sorted(available_timezones())).map(ZoneInfo)


def at(text: str, zone: tzinfo = BERLIN, fold: int = 0) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold).timestamp()


def used(tokens: int) -> Usage:
    return Usage(input_tokens=tokens - 1, cached_tokens=tokens - 1, output_tokens=1, reasoning_tokens=1)


@pytest.mark.parametrize(
    ("now", "hours"), [("2026-03-29T12:00", 23), ("2026-10-25T12:00", 25), ("2026-06-01T00:00", 24)]
)
def test_a_day_of_daylight_saving_has_its_own_length(now: str, hours: int) -> None:
    began, ends = local_midnight(at(now), BERLIN), next_midnight(at(now), BERLIN)
    assert began == at(now[:10] + "T00:00")
    assert (ends - began) / 3600 == hours


def test_a_midnight_that_does_not_exist_is_the_moment_that_skips_it() -> None:
    # In 2024 Cairo's clocks went from 23:59:59 on April 25 to 1:00 on April 26.
    cairo = ZoneInfo("Africa/Cairo")
    evening = at("2024-04-25T23:00", cairo)
    assert next_midnight(evening, cairo) == at("2024-04-26T01:00", cairo) == evening + 3600
    assert local_midnight(at("2024-04-26T12:00", cairo), cairo) == evening + 3600


def test_a_midnight_that_strikes_twice_begins_the_day_at_its_first() -> None:
    # In 2023 Havana's clocks went from 0:59:59 back to 0:00 on November 5.
    havana = ZoneInfo("America/Havana")
    noon = at("2023-11-05T12:00", havana)
    assert local_midnight(noon, havana) == at("2023-11-05T00:00", havana) == noon - 13 * 3600


def test_between_two_midnights_of_one_night_the_second_is_next() -> None:
    # In 2010 St. John's clocks went from 0:01 on November 7 back to 23:01 on November 6.
    st_johns = ZoneInfo("America/St_Johns")
    again = at("2010-11-06T23:30", st_johns, fold=1)
    assert next_midnight(again, st_johns) == again + 1800


@given(now=moments, zone=zones)
def test_every_moment_lies_in_a_day_that_ends(now: float, zone: ZoneInfo) -> None:
    ends = next_midnight(now, zone)
    assert now < ends <= now + 2 * DAY
    assert datetime.fromtimestamp(ends, zone).date() > datetime.fromtimestamp(now, zone).date()
    assert local_midnight(ends, zone) <= ends


def test_without_a_zone_the_systems_own_counts() -> None:
    now = at("2026-06-01T12:34", UTC)
    began = datetime.fromtimestamp(local_midnight(now))
    assert (began.hour, began.minute, began.date()) == (0, 0, datetime.fromtimestamp(now).date())


def test_input_and_output_count_and_the_budget_ends_with_them() -> None:
    book, now = BudgetBook(zone=BERLIN), at("2026-06-01T12:00")
    book.add("l-1", used(60), now)
    book.add("l-1", None, now)
    book.add("l-2", used(1000), now)
    assert book.used("l-1", now) == 60
    book.check(OWNER, "responses", now)
    book.add("l-1", used(40), now)
    with pytest.raises(LimitReached) as refused:
        book.check(OWNER, "responses", now)
    assert refused.value.resets_at == at("2026-06-02T00:00")
    assert refused.value.error_code == "license_budget"
    assert "100 tokens" in refused.value.message
    assert "2026-06-02 00:00 (UTC+0200)" in refused.value.message
    book.check(License("l-2", "no limit", "", 0.0), "responses", now)


def test_at_midnight_the_budget_is_new() -> None:
    book = BudgetBook({"l-1": 150}, local_midnight(at("2026-06-01T12:00"), BERLIN), BERLIN)
    with pytest.raises(LimitReached):
        book.check(OWNER, "responses", at("2026-06-01T23:59:59"))
    book.check(OWNER, "responses", at("2026-06-02T00:00"))
    assert book.used("l-1", at("2026-06-02T00:00")) == 0


def test_a_turn_across_midnight_counts_where_it_ends() -> None:
    book = BudgetBook({"l-1": 150}, at("2026-06-01T00:00"), BERLIN)
    book.add("l-1", used(30), at("2026-06-02T00:00:01"))
    assert book.used("l-1", at("2026-06-02T12:00")) == 30


def test_what_was_used_on_an_earlier_day_counts_no_more_after_a_long_sleep() -> None:
    book = BudgetBook({"l-1": 150}, at("2026-06-01T00:00"), BERLIN)
    assert book.used("l-1", at("2026-06-09T08:00")) == 0


def test_a_clock_that_is_set_back_gives_nothing_back() -> None:
    book = BudgetBook({"l-1": 150}, at("2026-06-02T00:00"), BERLIN)
    assert book.used("l-1", at("2026-06-01T12:00")) == 150
    assert book.used("l-1", at("2026-06-01T23:59")) == 150
    assert book.used("l-1", at("2026-06-02T00:00")) == 0


@pytest.fixture
def own_zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    if not hasattr(time, "tzset"):
        pytest.skip("the system's zone cannot be changed for one program")
    yield monkeypatch
    monkeypatch.undo()
    time.tzset()


def test_the_day_ends_when_it_was_promised_to_also_where_the_computer_has_been_taken(
    own_zone: pytest.MonkeyPatch,
) -> None:
    own_zone.setenv("TZ", "America/New_York")
    time.tzset()
    book, now = BudgetBook(), at("2026-06-01T12:00", UTC)
    book.add("l-1", used(150), now)
    own_zone.setenv("TZ", "Asia/Kathmandu")
    time.tzset()
    with pytest.raises(LimitReached) as refused:
        book.check(OWNER, "responses", now + 60)
    renewed = refused.value.resets_at
    assert renewed == at("2026-06-02T00:00", ZoneInfo("Asia/Kathmandu"))
    assert book.used("l-1", renewed - 1) == 150
    assert book.used("l-1", renewed) == 0


@given(steps=st.lists(st.tuples(st.floats(0, 2 * DAY), st.integers(1, 1000)), max_size=30), start=moments, zone=zones)
def test_a_day_holds_exactly_the_turns_that_ended_in_it(
    steps: list[tuple[float, int]], start: float, zone: ZoneInfo
) -> None:
    book, now, ended = BudgetBook(zone=zone), start, []
    for step, tokens in steps:
        now += step
        book.add("l-1", used(tokens), now)
        ended.append((datetime.fromtimestamp(now, zone).date(), tokens))
        if ended[-1][0] < max(day for day, _ in ended):
            # Where clocks go back across midnight, a few minutes of two days lie within each other.
            return
        assert book.used("l-1", now) == sum(count for day, count in ended if day == ended[-1][0])

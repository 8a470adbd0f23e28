"""When a window runs out at this pace: by the last hour, else by its average; never a wrong word about a reset."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.forecast import MOST_WINDOWS, Forecast, PaceBook, Sample, runs_out_at
from app.core.quota import CODEX, PRIMARY, SECONDARY, Quota, Window
from tests.core.samples import NOW

HOUR, DAY = 3600.0, 86_400.0


def five_hours(used: float, *, since_h: float = 2.0) -> Window:
    """A window of five hours that began so many hours ago."""
    return Window(CODEX, PRIMARY, used, 300, NOW + (5 - since_h) * HOUR)


def week(used: float, *, since_h: float) -> Window:
    return Window(CODEX, SECONDARY, used, 10_080, NOW + 7 * DAY - since_h * HOUR)


def samples(*points: tuple[float, float]) -> list[Sample]:
    """Minutes ago, and how much was used."""
    return [Sample(NOW - minutes * 60, used) for minutes, used in points]


def within_a_minute(found: float | None, wanted: float) -> bool:
    return found is not None and found % 60 == 0 and 0 <= found - wanted <= 60


def test_the_pace_is_that_of_the_last_hour() -> None:
    # 30 % in half an hour: the rest takes 40 minutes.
    found = runs_out_at(five_hours(60), samples((30, 30), (20, 41), (10, 49), (0, 60)), NOW)
    assert within_a_minute(found, NOW + 40 * 60)


def test_the_time_since_the_last_news_counts_as_a_rest() -> None:
    busy = samples((40, 20), (30, 60))
    assert within_a_minute(runs_out_at(five_hours(60), busy, NOW), NOW + 40 * 60)


def test_an_hour_without_use_lasts() -> None:
    assert runs_out_at(five_hours(90), samples((60, 90), (30, 90), (1, 90)), NOW) is None


@pytest.mark.parametrize("known", [samples(), samples((30, 50)), samples((5, 50), (2, 60))])
def test_without_enough_of_the_last_hour_the_average_counts(known: list[Sample]) -> None:
    # 60 % in two hours: all of it in 3 h 20 min.
    assert within_a_minute(runs_out_at(five_hours(60), known, NOW), NOW + 80 * 60)


def test_an_hour_says_nothing_of_a_week() -> None:
    wild = samples((60, 20), (0, 50))
    assert within_a_minute(runs_out_at(week(50, since_h=48), wild, NOW), NOW + 2 * DAY)
    assert runs_out_at(week(20, since_h=48), wild, NOW) is None


@pytest.mark.parametrize(
    "window",
    [
        five_hours(0),
        five_hours(100),
        # 30 % in two hours do not make 100 in five.
        five_hours(30),
        # It has just begun: nothing is known.
        five_hours(5, since_h=0.1),
        # It began ahead of us, by our clock.
        five_hours(50, since_h=-1),
        # It has been reset since.
        five_hours(80, since_h=5.5),
        Window(CODEX, PRIMARY, 50.0, 300, None),
        Window(CODEX, PRIMARY, 50.0, None, NOW + HOUR),
        Window(CODEX, PRIMARY, 50.0, 0, NOW + HOUR),
        Window(CODEX, PRIMARY, float("nan"), 300, NOW + HOUR),
    ],
)
def test_no_word_where_it_lasts_or_nothing_is_known(window: Window) -> None:
    assert runs_out_at(window, (), NOW) is None


def test_a_window_without_a_length_goes_by_the_last_hour() -> None:
    window = Window(CODEX, PRIMARY, 50.0, None, NOW + 2 * HOUR)
    assert within_a_minute(runs_out_at(window, samples((30, 20), (0, 50)), NOW), NOW + 50 * 60)


def test_what_was_used_before_the_reset_does_not_count() -> None:
    # The window began half an hour ago; what was known before is of the one before.
    old = samples((59, 2), (45, 2), (20, 10), (0, 30))
    found = runs_out_at(five_hours(30, since_h=0.5), old, NOW)
    assert within_a_minute(found, NOW + 70 * 60)


def told(book: PaceBook, at: float, used: float, window: Window | None = None) -> Quota:
    window = window or five_hours(used)
    quota = Quota((Window(window.limit, window.slot, used, window.minutes, window.resets_at),), at)
    book.note("t-1", quota, at)
    return quota


def the(book: PaceBook, quota: Quota, now: float = NOW) -> float | None:
    (forecast,) = book.forecasts("t-1", quota, now)
    assert (forecast.limit, forecast.slot) == (CODEX, PRIMARY)
    return forecast.runs_out_at


def test_a_book_remembers_and_forgets() -> None:
    book = PaceBook()
    told(book, NOW - 30 * 60, 30)
    quota = told(book, NOW, 60)
    assert within_a_minute(the(book, quota), NOW + 40 * 60)
    book.forget("t-1")
    assert within_a_minute(the(book, quota), NOW + 80 * 60)
    assert book.forecasts("t-1", None, NOW) == ()
    assert book.forecasts("t-2", Quota((five_hours(0),), NOW), NOW) == (Forecast(CODEX, PRIMARY, None),)


def test_many_answers_within_a_minute_do_not_push_the_hour_out() -> None:
    book = PaceBook()
    told(book, NOW - 30 * 60, 30)
    for number in range(1000):
        quota = told(book, NOW - 1000 + number, 60)
    assert within_a_minute(the(book, quota), NOW + 40 * 60)


def test_a_jump_down_begins_anew_and_noise_does_not() -> None:
    book = PaceBook()
    for minutes, used in ((40, 90.0), (30, 20.0), (20, 19.0), (10, 60.0)):
        told(book, NOW - minutes * 60, used)
    # By the 30 minutes since the jump, in which 60 % were used.
    assert within_a_minute(the(book, told(book, NOW, 80)), NOW + 10 * 60)


def test_a_clock_that_was_set_back_says_nothing_of_the_pace() -> None:
    book = PaceBook()
    for minutes in (0, 20, 40):
        told(book, NOW + HOUR + minutes * 60, 10.0 + minutes)
    assert within_a_minute(the(book, told(book, NOW, 60)), NOW + 80 * 60)


def test_a_book_is_bounded() -> None:
    book = PaceBook()
    for number in range(5 * MOST_WINDOWS):
        window = Window(f"limit-{number}", PRIMARY, 50.0, 300, NOW + HOUR)
        for minute in range(90):
            book.note("t-1", Quota((window,), NOW), NOW + minute * 60)
    kept = book._samples["t-1"]
    assert len(kept) == MOST_WINDOWS
    assert max(map(len, kept.values())) <= 61


_times = st.floats(NOW - 2 * HOUR, NOW + 2 * HOUR)
_percents = st.floats(0, 100)
_windows = st.builds(
    Window,
    limit=st.just(CODEX),
    slot=st.just(PRIMARY),
    used_percent=_percents,
    minutes=st.none() | st.integers(-5, 20_000),
    resets_at=st.none() | st.floats(NOW - 10 * DAY, NOW + 10 * DAY) | st.floats(allow_nan=False, allow_infinity=False),
)


@given(st.lists(st.tuples(_times, _windows), max_size=30), _windows, st.floats(NOW - HOUR, NOW + HOUR))
def test_whatever_comes_a_forecast_lies_ahead_and_before_the_reset(
    news: list[tuple[float, Window]], window: Window, now: float
) -> None:
    book = PaceBook()
    for at, told_of in news:
        book.note("t-1", Quota((told_of,), at), at)
    (forecast,) = book.forecasts("t-1", Quota((window,), now), now)
    if forecast.runs_out_at is not None:
        assert window.resets_at is not None
        assert now <= forecast.runs_out_at < window.resets_at + 60

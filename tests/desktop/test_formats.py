from datetime import datetime

import pytest

from app.desktop import formats

NOON = datetime(2026, 11, 22, 12, 0, 0).timestamp()


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (None, "–"),
        (0.4, "0 ms"),
        (999.4, "999 ms"),
        (999.6, "1.0 s"),
        (59_940, "59.9 s"),
        (59_960, "1:00 min"),
        (184_000, "3:04 min"),
    ],
)
def test_durations_are_short(milliseconds: float | None, text: str) -> None:
    assert formats.duration(milliseconds) == text


def test_a_time_of_another_day_shows_its_day() -> None:
    assert formats.moment(NOON - 61, NOON) == "11:58:59"
    assert formats.moment(NOON - 86400, NOON) == "11-21 12:00"
    assert formats.moment(None, NOON) == "–"
    assert formats.minute(NOON + 3600, NOON) == "13:00"
    assert formats.minute(NOON + 86400, NOON) == "11-23 12:00"
    assert formats.minute(NOON + 40 * 86400, NOON) == "01-01 12:00"


def test_a_time_that_is_near_shows_no_date_and_one_of_another_year_no_time() -> None:
    evening = NOON + 11 * 3600
    assert formats.minute(evening + 3 * 3600 + 840, evening) == "02:14"
    assert formats.minute(evening + 13 * 3600, evening) == "11-23 12:00"
    assert formats.minute(evening - 86400, evening) == "11-21 23:00"
    assert formats.minute(NOON + 400 * 86400, NOON) == "2027-12-27"


def test_long_names_keep_both_ends() -> None:
    name = "019a9c42-77d1-7e02-b1a4-000000000001"
    assert formats.shortened(name) == "019a9c42-77d1…000001"
    assert formats.shortened("short") == "short"
    assert len(formats.shortened("x" * 500)) == 20


def test_a_moment_of_long_ago_has_its_year() -> None:
    long_ago = datetime(2025, 3, 1, 9, 30).timestamp()
    assert formats.moment(long_ago, NOON) == "2025-03-01"
    assert formats.moment(datetime(2026, 11, 21, 23, 59).timestamp(), NOON) == "11-21 23:59"
    assert formats.moment(NOON, NOON) == "12:00:00"

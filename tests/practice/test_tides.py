"""Windows that move by themselves: what they show over time."""

from app.practice.accounts import sample_accounts
from app.practice.server import PracticeUpstream
from app.practice.tides import TidalWindow, raise_tides
from tests.practice.client import Clock

START = 1_800_000_000.0


def test_a_window_rises_stays_and_begins_anew() -> None:
    window = TidalWindow(300, 0.0, 40.0, first_fill_s=100, fill_s=200, stays_s=50, peak=90.0)
    used = {after: round(window.at(START + after).used_percent) for after in (0, 50, 100, 149, 150, 250, 350, 400)}
    assert used == {0: 40, 50: 65, 100: 90, 149: 90, 150: 0, 250: 45, 350: 90, 400: 0}


def test_turns_count_on_top_of_the_tide_and_never_beyond_the_peak() -> None:
    window = TidalWindow(300, 5.0, 40.0, first_fill_s=100, fill_s=200, stays_s=50, peak=60.0)
    window.at(START).used_percent += 5.0
    assert window.at(START + 1).used_percent == 45.0
    window.used_percent += 50.0
    assert window.at(START + 2).used_percent == 60.0


def test_the_first_sample_reaches_its_limit_after_two_minutes_and_is_back_after_three_more() -> None:
    clock = Clock(START)
    upstream = PracticeUpstream(clock=clock)
    raise_tides(upstream, upstream.accounts)
    plus, pro = (upstream.quota(account) for account in sample_accounts())

    def back(after: float) -> float | None:
        end = plus.blocked_until(START + after)
        return None if end is None else end - START

    assert [back(after) for after in (0, 119, 121, 299)] == [None, None, 300, 300]
    # From then on in seven minutes: four to fill, three at rest.
    assert [back(after) for after in (301, 540, 542, 720, 722)] == [None, None, 721, 721, None]
    assert not any(pro.blocked_until(START + hour * 3600) for hour in range(200))


def test_the_pace_holds_for_the_tides() -> None:
    upstream = PracticeUpstream(clock=Clock(START))
    raise_tides(upstream, upstream.accounts, pace=0.1)
    plus = upstream.quota(upstream.accounts[0])
    assert [plus.blocked_until(START + after) is not None for after in (0, 11, 13, 29, 31)] == [
        False, False, True, True, False
    ]  # fmt: skip

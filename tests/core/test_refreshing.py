"""When logins are refreshed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core import refreshing
from app.core.refreshing import Tried, failed, may_recover, next_try, plan, refreshable, renewed
from app.core.token import Token, TokenKind

NOW = 1_800_000_000.0
DAY = 24 * 3600.0
TOKEN = Token(
    id="t-1",
    kind=TokenKind.CHATGPT,
    identity="chatgpt:a:u",
    label="one",
    email=None,
    plan="plus",
    account_id="a",
    expires_at=NOW + 3600,
    enabled=True,
    created_at=NOW - DAY,
)


def test_a_login_is_due_five_minutes_before_its_end() -> None:
    assert next_try(TOKEN, None, NOW) == NOW + 3300


def test_a_login_of_unknown_end_is_due_at_the_age_of_eight_days() -> None:
    unknown = replace(TOKEN, expires_at=None)
    assert next_try(unknown, None, NOW) == NOW + 7 * DAY
    assert next_try(replace(unknown, refreshed_at=NOW), None, NOW) == NOW + 8 * DAY


@pytest.mark.parametrize(
    "change",
    [
        {"kind": TokenKind.API_KEY},
        {"enabled": False},
        {"follows": "/home/me/.codex/auth.json"},
        {"sign_in_needed": "refresh_token_reused"},
    ],
)
def test_what_is_never_refreshed(change: dict[str, object]) -> None:
    assert refreshable(TOKEN, has_refresh_token=True)
    assert not refreshable(replace(TOKEN, **change), has_refresh_token=True)  # type: ignore[arg-type]
    assert not refreshable(TOKEN, has_refresh_token=False)


def test_pauses_after_failures_double_up_to_a_quarter_of_an_hour() -> None:
    tried, now, pauses = None, NOW, []
    for _ in range(8):
        tried = failed(tried, now, jitter=0.5)
        pauses.append(tried.not_before - now)
        now = tried.not_before
    assert pauses == [30, 60, 120, 240, 480, 900, 900, 900]
    assert failed(None, NOW, jitter=0).not_before < failed(None, NOW, jitter=1).not_before


def test_one_more_try_is_made_before_the_end_however_long_the_pause() -> None:
    tried = Tried(NOW + 3500, 5, NOW + 4400)
    assert next_try(TOKEN, tried, NOW + 3500) == NOW + 3570
    # Once it has ended, the pause is what it is.
    last = Tried(NOW + 3570, 6, NOW + 4470)
    assert next_try(TOKEN, last, NOW + 3570) == NOW + 4470


def test_a_success_starts_the_pauses_anew() -> None:
    tried = failed(failed(None, NOW, jitter=0.5), NOW + 30, jitter=0.5)
    fresh = renewed(TOKEN, tried, NOW + 90)
    assert next_try(TOKEN, fresh, NOW + 90) == NOW + 3300
    assert failed(fresh, NOW + 3300, jitter=0.5).not_before == NOW + 3330


def test_a_clock_that_is_far_ahead_makes_no_loop() -> None:
    # To this clock every new access token has ended long ago.
    tried, now, pauses = None, NOW + 30 * DAY, []
    for _ in range(7):
        tried = renewed(TOKEN, tried, now)
        following = next_try(TOKEN, tried, now)
        pauses.append(following - now)
        now = following
    assert pauses == [60, 60, 120, 240, 480, 900, 900]


def test_after_a_sleep_everything_due_is_due_at_once() -> None:
    tokens = [replace(TOKEN, id=f"t-{n}", expires_at=NOW + n * DAY) for n in range(1, 5)]
    assert plan(tokens, {}, NOW) == ((), NOW + DAY - 300)
    assert plan(tokens, {}, NOW + 2 * DAY) == (("t-1", "t-2"), NOW + 3 * DAY - 300)
    # A pause that was begun before the sleep is over too.
    paused = {"t-1": failed(None, NOW + DAY - 300, jitter=1.0)}
    assert plan(tokens, paused, NOW + 2 * DAY)[0] == ("t-1", "t-2")


def test_a_clock_that_is_put_back_does_not_make_a_pause_longer() -> None:
    tried = failed(None, NOW + DAY, jitter=0.5)
    assert next_try(replace(TOKEN, expires_at=NOW), tried, NOW) <= NOW
    assert may_recover(tried, NOW)


def test_refused_turns_may_refresh_every_half_minute() -> None:
    assert may_recover(None, NOW)
    tried = renewed(TOKEN, None, NOW)
    assert not may_recover(tried, NOW + 29)
    assert may_recover(tried, NOW + 30)


@given(
    outcomes=st.lists(st.booleans(), min_size=1, max_size=40),
    expires_in=st.none() | st.floats(-1e7, 1e7),
    lasts=st.floats(-1e7, 1e7),
    jitter=st.floats(0, 1),
)
def test_the_schedule_never_runs_hot(
    outcomes: list[bool], expires_in: float | None, lasts: float, jitter: float
) -> None:
    token = replace(TOKEN, expires_at=None if expires_in is None else NOW + expires_in)
    tried: Tried | None = None
    now = NOW
    for succeeded in outcomes:
        before, now = now, max(now, next_try(token, tried, now))
        assert tried is None or now - before >= (24 if tried.vain else refreshing.SETTLE_S) - 1e-6
        if succeeded:
            token = replace(token, expires_at=now + lasts, refreshed_at=now)
            tried = renewed(token, tried, now)
        else:
            tried = failed(tried, now, jitter=jitter)
        assert next_try(token, tried, now) <= max(refreshing.due_at(token), now + 900)

"""How long a token rests, and when it may be tried."""

from __future__ import annotations

import pytest

from app.core.health import (
    AGAIN_LIMIT_S,
    FAULTS,
    FAULTY,
    LIMIT,
    LONGEST_RATE_S,
    LONGEST_REST_S,
    MODEL_S,
    PROBE_S,
    RATE,
    REFUSED_S,
    TRIAL_S,
    UNKNOWN_LIMIT_S,
    UNKNOWN_RATE_S,
    Health,
)
from app.core.rest import Rest
from tests.core.samples import NOW

HOUR = 3600.0


@pytest.mark.parametrize(
    ("wait_s", "resets_at", "rest_s", "probe_s"),
    [
        (5 * HOUR, None, 5 * HOUR + 1, PROBE_S),
        (None, NOW + 5 * HOUR, 5 * HOUR + 1, PROBE_S),
        # Clocks differ: a span is trusted before a point of time.
        (60.0, NOW + 5 * HOUR, 61.0, 61.0),
        (None, None, UNKNOWN_LIMIT_S + 1, UNKNOWN_LIMIT_S + 1),
        (None, NOW - 1, UNKNOWN_LIMIT_S + 1, UNKNOWN_LIMIT_S + 1),
        (0.0, None, 1.0, 1.0),
        (1e12, None, LONGEST_REST_S, PROBE_S),
    ],
)
def test_a_limit_rests_until_its_reset_and_is_tried_after_a_quarter_of_an_hour(
    wait_s: float | None, resets_at: float | None, rest_s: float, probe_s: float
) -> None:
    assert Health().limit(NOW, wait_s, resets_at) == Rest(NOW + rest_s, LIMIT, NOW + probe_s)


def test_a_limit_that_is_found_again_rests_for_a_minute_at_least() -> None:
    health = Health()
    health.limit(NOW, 1.0, None)
    assert health.limit(NOW + 2, 1.0, None).until == NOW + 2 + AGAIN_LIMIT_S
    health.succeeded()
    assert health.limit(NOW + 99, 1.0, None).until == NOW + 101


@pytest.mark.parametrize(
    ("wait_s", "rest_s"), [(None, UNKNOWN_RATE_S), (20.0, 20.0), (0.1, 1.0), (1e9, LONGEST_RATE_S)]
)
def test_a_slower_pace_is_a_short_rest(wait_s: float | None, rest_s: float) -> None:
    assert Health().slow_down(NOW, wait_s) == Rest(NOW + rest_s, RATE, NOW + rest_s)


def test_a_refusal_of_the_account_rests_for_an_hour_and_is_tried_before() -> None:
    assert Health().refused(NOW, "insufficient_quota") == Rest(NOW + REFUSED_S, "insufficient_quota", NOW + PROBE_S)
    assert Health().refused(NOW, "").reason == "refused"


def test_repeated_faults_rest_ever_longer_up_to_five_minutes() -> None:
    health = Health()
    rests = []
    now = NOW
    for _ in range(8):
        rest = health.failed(now)
        rests.append(None if rest is None else rest.until - now)
        now = now if rest is None else rest.until
    assert rests == [None] * (FAULTS - 1) + [30.0, 60.0, 120.0, 240.0, 300.0, 300.0]
    health.succeeded()
    assert (health.rest, health.faults) == (None, 0)


def test_a_limit_is_not_forgotten_for_a_passing_trouble_but_is_not_tried_before_its_end_either() -> None:
    health = Health()
    limit = health.limit(NOW, 5 * HOUR, None)
    later = NOW + PROBE_S
    assert health.slow_down(later, 60.0) == Rest(limit.until, LIMIT, later + 60)
    assert health.refused(later, "x") == Rest(limit.until, LIMIT, later + PROBE_S)
    assert health.limit(later, HOUR, None) == Rest(later + HOUR + 1, LIMIT, later + PROBE_S)


def test_a_longer_refusal_counts_before_a_limit_that_ends_sooner() -> None:
    health = Health()
    health.limit(NOW, 60.0, None)
    assert health.refused(NOW, "usage_not_included").reason == "usage_not_included"


def test_a_limit_that_several_turns_find_at_once_ends_when_upstream_says_so() -> None:
    health = Health()
    health.limit(NOW, 10.0, None)
    assert health.limit(NOW + 1, 9.0, None).until == NOW + 11
    assert health.limit(NOW + 12, 9.0, None).until == NOW + 12 + AGAIN_LIMIT_S


def test_a_rest_may_be_tried_by_one_turn_after_its_probe_or_its_end() -> None:
    health = Health()
    assert not health.may_probe(NOW)
    health.rest = Rest(NOW + 100, FAULTY, NOW + 500)
    assert not health.may_probe(NOW + 99)
    assert health.may_probe(NOW + 100)
    health.trials, health.tried_at = 1, NOW + 100
    assert not health.may_probe(NOW + 100)


def test_a_trial_that_hangs_keeps_nobody_waiting_for_long() -> None:
    health = Health(rest=Rest(NOW, LIMIT, NOW), trials=1, tried_at=NOW)
    assert health.trial_s(NOW + 5) == TRIAL_S - 5
    assert not health.may_probe(NOW + TRIAL_S - 1)
    assert health.may_probe(NOW + TRIAL_S)
    assert health.trial_s(NOW + TRIAL_S) == 0
    # Set back by a little, which nobody corrects, or by a lot.
    assert health.trial_s(NOW - 20) == TRIAL_S
    health.shift(HOUR)
    assert health.trial_s(NOW - HOUR + 5) == TRIAL_S - 5


def test_what_lies_ahead_moves_with_a_clock_that_is_set_back() -> None:
    health = Health()
    health.limit(NOW, HOUR, None)
    health.refuse_model("m", NOW)
    health.shift(1000.0)
    assert health.rest == Rest(NOW + HOUR + 1 - 1000, LIMIT, NOW + PROBE_S - 1000)
    assert health.models == {"m": NOW + MODEL_S - 1000}


def test_a_rest_from_another_clock_is_bounded() -> None:
    health = Health(rest=Rest(NOW + 1e9, LIMIT, NOW + 1e9))
    health.bound(NOW)
    assert health.rest == Rest(NOW + LONGEST_REST_S, LIMIT, NOW + PROBE_S)
    health.rest = short = Rest(NOW + 5, RATE, NOW + 5)
    health.bound(NOW)
    assert health.rest == short


def test_names_of_models_that_clients_make_up_do_not_pile_up() -> None:
    health = Health()
    for number in range(1000):
        health.refuse_model(f"m-{number}", NOW)
    assert len(health.models) == 64
    assert "m-999" in health.models

"""Which of several tokens takes the turn."""

from __future__ import annotations

from dataclasses import replace

from app.core.policy import Strategy
from app.core.routing import Candidate, choose
from app.core.token import TokenKind
from tests.core.samples import token

ONE, TWO, THREE = (Candidate(token(number)) for number in (1, 2, 3))
SPARE = Candidate(token(9, spare=True, position=0))
KEY = Candidate(token(8, kind=TokenKind.API_KEY))


def chosen(*candidates: Candidate, strategy: Strategy = Strategy.BALANCED) -> str | None:
    best = choose(candidates, strategy)
    return best.token.id if best else None


def test_of_nothing_there_is_nothing_to_choose() -> None:
    for strategy in Strategy:
        assert chosen(strategy=strategy) is None


def test_balanced_takes_the_one_with_the_most_quota_left() -> None:
    assert (
        chosen(replace(ONE, left_percent=40), replace(TWO, left_percent=80), replace(THREE, left_percent=60)) == "t-2"
    )


def test_tokens_with_nearly_the_same_left_are_equal_wherever_the_figures_lie() -> None:
    for most in (100.0, 90.0, 51.0, 10.0):
        near, far = replace(ONE, left_percent=most - 4), replace(THREE, left_percent=most - 6)
        assert chosen(replace(TWO, left_percent=most, last_given=5), near, far) == "t-1"


def test_equals_take_turns_the_one_with_fewer_turns_now_first() -> None:
    assert chosen(replace(ONE, last_given=3), replace(TWO, last_given=1), replace(THREE, last_given=2)) == "t-2"
    assert chosen(replace(ONE, active=1), replace(TWO, active=1, last_given=9), replace(THREE, last_given=10)) == "t-3"


def test_in_order_takes_the_users_first_however_little_is_left() -> None:
    second = replace(ONE, token=token(1, position=7))
    assert chosen(second, replace(TWO, left_percent=1.0, active=5), strategy=Strategy.IN_ORDER) == "t-2"
    assert chosen(second, replace(TWO, left_percent=0.0), strategy=Strategy.IN_ORDER) == "t-1"
    older = replace(TWO, token=token(2, position=7, created_at=-1.0))
    assert chosen(second, older, strategy=Strategy.IN_ORDER) == "t-2"


def test_in_order_an_api_key_has_the_place_that_the_user_gave_it() -> None:
    assert chosen(ONE, replace(KEY, token=replace(KEY.token, position=0)), strategy=Strategy.IN_ORDER) == "t-8"


def test_balanced_an_api_key_serves_when_every_login_is_spent() -> None:
    assert chosen(KEY, replace(ONE, left_percent=2.0, active=7)) == "t-1"
    assert chosen(KEY, replace(ONE, left_percent=0.0)) == "t-8"


def test_spares_come_last_whatever_the_strategy() -> None:
    for strategy in Strategy:
        busy = replace(ONE, left_percent=0.0, active=8, full=True, probe=True)
        assert chosen(SPARE, busy, strategy=strategy) == "t-1"


def test_who_does_not_rest_serves_before_who_may_be_tried() -> None:
    for strategy in Strategy:
        assert chosen(replace(ONE, probe=True), replace(TWO, left_percent=1.0), strategy=strategy) == "t-2"


def test_who_has_room_serves_before_who_is_full() -> None:
    for strategy in Strategy:
        assert chosen(replace(ONE, full=True), replace(TWO, left_percent=1.0), strategy=strategy) == "t-2"


def test_who_has_the_conversation_in_its_cache_serves_before_its_equals_only() -> None:
    for strategy in Strategy:
        full, trial = replace(TWO, full=True), replace(TWO, probe=True)
        assert choose([ONE, replace(TWO, left_percent=10.0)], strategy, TWO.token.id) == replace(TWO, left_percent=10.0)
        for worse in (full, trial, replace(TWO, left_percent=0.0)):
            assert choose([ONE, worse], strategy, TWO.token.id) is ONE
        assert choose([ONE, SPARE], strategy, SPARE.token.id) is ONE
        assert choose([ONE, TWO], strategy, "t-gone") is not None
    assert choose([ONE, KEY], Strategy.BALANCED, KEY.token.id) is ONE

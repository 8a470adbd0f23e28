"""One turn's way through the pool, in the words of the user's wishes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from app.core.attempts import MAX_SENDS, MAX_TRYING_S
from app.core.health import PROBE_S
from app.core.pool import LOAN_S, Reason
from app.core.quota import Quota, Window
from app.core.session import Session
from app.core.shortage import Unusable
from app.core.steps import GiveUp, Hold, Pause, Queue, Refresh, Send, Why
from app.core.token import Token, TokenKind
from app.core.verdict import Fault, Meaning
from tests.core.samples import (
    BROKE,
    BROKEN,
    CLOSED,
    EXPIRED,
    FOREIGN,
    LIMIT,
    NO_MODEL,
    NOW,
    SLOW,
    UNREACHED,
    WRONG,
    Turn,
    compaction,
    limited,
    pool_of,
    reasoning,
    session_of,
    token,
)

HOUR = 3600.0


# --- staying ---------------------------------------------------------------------------------------------------------


def test_a_conversation_keeps_its_token_turn_after_turn() -> None:
    pool = pool_of(1, 2, 3)
    first = Turn(pool).answered()
    assert first.reason is Reason.NEW_SESSION
    for other in "bcdef":
        Turn(pool, (other,)).answered()
    again = Turn(pool).answered()
    assert (again.token, again.reason, again.moved_from) == (first.token, Reason.KEPT, None)
    assert again.leave_out == frozenset()
    assert session_of(pool).turns == 2


def test_turns_without_a_session_spread_over_all_tokens_and_open_none() -> None:
    pool = pool_of(1, 2)
    sends = [Turn(pool, ()).answered() for _ in range(4)]
    assert [send.token.id for send in sends] == ["t-1", "t-2", "t-1", "t-2"]
    assert {(send.session, send.reason) for send in sends} == {(None, Reason.NO_SESSION)}
    assert len(pool.sessions) == 0


def test_first_turns_of_one_session_that_come_at_once_agree_on_a_token() -> None:
    pool = pool_of(1, 2, 3)
    turns = [Turn(pool) for _ in range(5)]
    sends = [turn.sent() for turn in turns]
    assert len({send.token.id for send in sends}) == 1
    assert len({send.session.id for send in sends if send.session}) == 1
    assert [send.reason for send in sends].count(Reason.NEW_SESSION) == 1
    assert session_of(pool).turns == 5


def test_a_first_turn_that_fails_takes_its_session_along_as_if_it_had_begun_there() -> None:
    pool = pool_of(1, 2)
    turn = Turn(pool)
    turn.sent("t-1")
    send = turn.failed(LIMIT).sent("t-2")
    assert (send.reason, send.moved_from) == (Reason.NEW_SESSION, None)
    session = session_of(pool)
    assert (session.home_token_id, session.current_token_id, session.moves) == ("t-2", "t-2", 0)


# --- limits ----------------------------------------------------------------------------------------------------------


def test_a_usage_limit_moves_the_home_at_once_and_the_token_rests_until_its_reset() -> None:
    pool = pool_of(1, 2)
    Turn(pool).answered()
    turn = Turn(pool)
    turn.sent("t-1")
    send = turn.failed(LIMIT).sent("t-2")
    assert (send.reason, send.moved_from) == (Reason.LIMIT, "t-1")
    session = session_of(pool)
    assert (session.home_token_id, session.current_token_id, session.lent_at) == ("t-2", "t-2", None)
    rest = pool.rest("t-1", NOW)
    assert rest is not None
    assert (rest.until, rest.probe_at) == (NOW + 5 * HOUR, NOW + PROBE_S)
    assert Turn(pool, now=NOW + 6 * HOUR).answered().token.id == "t-2"


def test_a_limit_is_probed_after_a_quarter_of_an_hour_by_one_turn_at_a_time() -> None:
    pool = pool_of(1)
    turn = Turn(pool)
    turn.sent()
    assert turn.failed(LIMIT).step(Hold).until == NOW + 5 * HOUR
    early = Turn(pool, now=NOW + PROBE_S - 1)
    early.step(Hold)
    probe, other = Turn(pool, now=NOW + PROBE_S), Turn(pool, ("b",), now=NOW + PROBE_S)
    probe.sent("t-1")
    assert other.step(Queue).token_ids == {"t-1"}
    probe.failed(LIMIT)
    assert probe.step(Hold).until == NOW + PROBE_S + 5 * HOUR
    other.step(Hold)
    assert Turn(pool, now=NOW + 2 * PROBE_S).answered().token.id == "t-1"
    assert pool.rest("t-1", NOW + 2 * PROBE_S) is None
    other.now = NOW + 2 * PROBE_S
    other.sent("t-1")


def test_a_probe_that_is_given_up_leaves_the_next_turn_to_try() -> None:
    pool = pool_of(1)
    limited(pool, 1, HOUR)
    probe, other = Turn(pool, now=NOW + PROBE_S), Turn(pool, ("b",), now=NOW + PROBE_S)
    probe.sent()
    other.step(Queue)
    probe.attempts.done()
    other.sent("t-1")
    assert pool.active_turns("t-1") == 1


def test_when_a_probe_finds_another_trouble_the_limit_stands_and_is_not_tried_again_at_once() -> None:
    for fault in (replace(SLOW, wait_s=60.0), BROKE):
        pool = pool_of(1)
        limited(pool, 1, 5 * HOUR)
        probe = Turn(pool, now=NOW + PROBE_S)
        probe.sent()
        assert probe.failed(fault).step(Hold).until == NOW + 5 * HOUR
        assert probe.attempts.sends == 1
        Turn(pool, now=NOW + PROBE_S + 30).step(Hold)


def test_try_now_has_a_resting_token_tried_at_once() -> None:
    pool = pool_of(1)
    limited(pool, 1, HOUR)
    held = Turn(pool)
    held.step(Hold)
    assert pool.reset() == 1
    held.attempts.held(NOW)
    held.sent("t-1")


def test_fresh_quota_ends_a_limit_and_what_comes_along_with_an_answer_does_not() -> None:
    pool = pool_of(1)
    fresh = Quota((Window("codex", "primary", 3.0, 300, NOW + HOUR),), NOW)
    limited(pool, 1, HOUR)
    assert not pool.note_quota("t-1", fresh, NOW)
    Turn(pool).step(Hold)
    assert not pool.note_quota("t-1", replace(fresh, limit_reached=True), NOW, asked=True)
    assert pool.note_quota("t-1", fresh, NOW, asked=True)
    Turn(pool).sent("t-1")


@pytest.mark.parametrize("fault", [replace(LIMIT, wait_s=None, resets_at=NOW - HOUR), replace(LIMIT, wait_s=0.0)])
def test_a_reset_in_the_past_does_not_make_a_limited_token_be_asked_every_second(fault: Fault) -> None:
    pool = pool_of(1)
    sends = 0
    turn = Turn(pool)
    while turn.now < NOW + 600:
        step = turn.attempts.decide(turn.now)
        if isinstance(step, Send):
            sends += 1
            turn.failed(fault)
        elif isinstance(step, Pause):
            turn.now += step.seconds
        else:
            assert isinstance(step, Hold)
            assert step.until > turn.now
            turn.now = step.until
            turn.attempts.held(turn.now)
    assert sends <= 12


def test_finding_many_tokens_at_their_limit_does_not_use_up_the_tries() -> None:
    pool = pool_of(*range(1, 31))
    turn = Turn(pool)
    for _ in range(29):
        turn.sent()
        turn.failed(LIMIT)
    turn.sent()
    assert turn.attempts.sends == 30


# --- short rate limits -----------------------------------------------------------------------------------------------


def test_a_short_rate_limit_is_waited_for_on_the_same_token() -> None:
    pool = pool_of(1, 2)
    Turn(pool).answered()
    turn = Turn(pool)
    turn.sent("t-1")
    assert turn.failed(replace(SLOW, wait_s=4.5)).step(Pause).seconds == 4.5
    assert turn.sent("t-1").reason is Reason.KEPT


@pytest.mark.parametrize("names", [("a",), ()])
def test_also_a_first_turn_waits_on_the_same_token(names: tuple[str, ...]) -> None:
    turn = Turn(pool_of(1, 2), names)
    turn.sent("t-1")
    turn.failed(SLOW).step(Pause)
    turn.sent("t-1")


def test_a_longer_rate_limit_lends_and_the_session_returns() -> None:
    pool = pool_of(1, 2)
    Turn(pool).answered()
    turn = Turn(pool)
    turn.sent("t-1")
    send = turn.failed(replace(SLOW, wait_s=20.0)).sent("t-2")
    assert (send.reason, send.moved_from) == (Reason.LENT, "t-1")
    assert session_of(pool).home_token_id == "t-1"
    turn.attempts.done()
    assert Turn(pool, now=NOW + 10).answered().reason is Reason.KEPT
    back = Turn(pool, now=NOW + 21).answered()
    assert (back.token.id, back.reason, back.moved_from) == ("t-1", Reason.RETURNED, "t-2")
    assert session_of(pool).lent_at is None


def test_a_rate_limit_that_comes_again_after_the_wait_lends() -> None:
    pool = pool_of(1, 2)
    Turn(pool).answered()
    turn = Turn(pool)
    turn.sent("t-1")
    turn.failed(SLOW).step(Pause)
    turn.sent("t-1")
    turn.failed(SLOW).sent("t-2")


def test_the_only_token_is_waited_for_when_it_is_back_within_seconds() -> None:
    turn = Turn(pool_of(1))
    turn.sent()
    turn.failed(SLOW).step(Pause)
    turn.sent()
    turn.failed(replace(SLOW, wait_s=3.0))
    assert turn.step(Pause).seconds == 3.0
    turn.now += 3.0
    turn.sent("t-1")


# --- refused logins --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("names", [("a",), ()])
@pytest.mark.parametrize("first", [True, False])
def test_a_401_renews_the_login_and_sends_it_again_on_the_same_token(names: tuple[str, ...], first: bool) -> None:
    pool = pool_of(1, 2)
    if not first:
        Turn(pool, names).answered()
    turn = Turn(pool, names)
    home = turn.sent().token.id
    assert turn.failed(EXPIRED).step(Refresh).token_id == home
    turn.attempts.refreshed(home, renewed=True)
    turn.sent(home)
    turn.attempts.proven(NOW)
    assert turn.attempts.sends == 2


def test_refused_again_after_a_renewal_the_token_needs_a_new_sign_in_and_another_serves() -> None:
    pool = pool_of(1, 2)
    Turn(pool).answered()
    turn = Turn(pool)
    turn.sent("t-1")
    turn.failed(EXPIRED).step(Refresh)
    turn.attempts.refreshed("t-1", renewed=True)
    turn.sent("t-1")
    turn.failed(EXPIRED)
    assert turn.failure.sign_in_needed == "token_expired"
    send = turn.sent("t-2")
    assert (send.reason, session_of(pool).home_token_id) == (Reason.TOKEN_GONE, "t-2")


def test_a_turn_that_is_refused_on_two_tokens_tries_no_third() -> None:
    turn = Turn(pool_of(1, 2, 3))
    for _ in range(2):
        refused = turn.sent().token.id
        turn.failed(EXPIRED).step(Refresh)
        turn.attempts.refreshed(refused, renewed=False)
    assert turn.step(GiveUp).why is Why.REFUSED


def test_a_closed_account_is_never_renewed_and_counts_as_refused() -> None:
    pool = pool_of(1, 2, 3)
    turn = Turn(pool)
    turn.sent("t-1")
    assert turn.failed(CLOSED).failure.sign_in_needed == "account_deactivated"
    turn.sent("t-2")
    turn.failed(CLOSED)
    assert turn.step(GiveUp).why is Why.REFUSED
    assert [one.sign_in_needed for one in pool.tokens] == ["account_deactivated", "account_deactivated", None]


def test_a_login_that_could_not_be_renewed_just_now_is_left_alone_for_this_turn_only() -> None:
    pool = pool_of(1, 2)
    Turn(pool).answered()
    turn = Turn(pool)
    turn.sent("t-1")
    turn.failed(EXPIRED).step(Refresh)
    turn.attempts.refreshed("t-1", renewed=False)
    assert turn.sent("t-2").reason is Reason.LENT
    turn.attempts.done()
    assert Turn(pool).sent("t-1").reason is Reason.RETURNED


def test_after_hours_at_the_station_a_refused_login_is_renewed_once_more() -> None:
    pool = pool_of(1)
    turn = Turn(pool)
    turn.sent()
    turn.failed(EXPIRED).step(Refresh)
    turn.attempts.refreshed("t-1", renewed=True)
    turn.sent()
    turn.failed(LIMIT)
    turn.now = turn.step(Hold).until
    turn.attempts.held(turn.now)
    turn.sent("t-1")
    assert turn.failed(EXPIRED).step(Refresh).token_id == "t-1"


def test_a_renewal_that_took_long_still_ends_in_the_second_try() -> None:
    turn = Turn(pool_of(1))
    turn.sent()
    turn.failed(EXPIRED).step(Refresh)
    turn.now += HOUR
    turn.attempts.refreshed("t-1", renewed=True)
    turn.sent("t-1")


# --- accounts and models ---------------------------------------------------------------------------------------------


def test_an_account_without_credit_rests_and_its_sessions_move_for_good() -> None:
    pool = pool_of(1, 2)
    Turn(pool).answered()
    turn = Turn(pool)
    turn.sent("t-1")
    assert turn.failed(BROKE).sent("t-2").reason is Reason.TOKEN_GONE
    assert session_of(pool).home_token_id == "t-2"
    assert pool.standing(token(1), None, NOW).why_not is Unusable.REFUSED


def test_nobody_with_credit_is_said_and_not_waited_for() -> None:
    turn = Turn(pool_of(1))
    turn.sent()
    step = turn.failed(BROKE).step(GiveUp)
    assert step.why is Why.NO_TOKEN
    assert step.shortage.reasons == ((Unusable.REFUSED, 1),)


def test_a_model_that_one_token_lacks_is_served_by_another_and_that_is_remembered() -> None:
    pool = pool_of(1, 2)
    Turn(pool).answered()
    turn = Turn(pool)
    turn.sent("t-1")
    send = turn.failed(NO_MODEL).sent("t-2")
    assert (send.reason, session_of(pool).home_token_id) == (Reason.MODEL, "t-1")
    turn.attempts.done()
    assert Turn(pool, ("b",)).answered().token.id == "t-2"
    assert Turn(pool, ("c",), model="m-2").answered().token.id == "t-1"
    assert Turn(pool, ("d",)).answered().token.id == "t-2"
    assert Turn(pool, ("e",), now=NOW + 7 * HOUR).answered().token.id == "t-1"


def test_when_no_token_has_the_model_upstream_is_asked_once_and_its_answer_is_the_answer() -> None:
    pool = pool_of(1, 2)
    turn = Turn(pool)
    for _ in range(2):
        turn.sent()
        turn.failed(NO_MODEL)
    assert turn.step(GiveUp).why is Why.LAST_ANSWER
    for _ in range(3):
        later = Turn(pool)
        later.sent()
        assert later.failed(NO_MODEL).step(GiveUp).why is Why.LAST_ANSWER
        assert later.attempts.sends == 1


def test_a_token_at_its_limit_that_may_have_the_model_is_waited_for() -> None:
    pool = pool_of(1, 2)
    Turn(pool).answered()
    turn = Turn(pool)
    turn.sent("t-1")
    turn.failed(LIMIT).sent("t-2")
    assert turn.failed(NO_MODEL).step(Hold).until == NOW + 5 * HOUR
    assert Turn(pool).step(Hold).until == NOW + 5 * HOUR


def test_a_token_at_its_limit_is_not_asked_whether_it_has_the_model_by_now() -> None:
    pool = pool_of(1)
    pool.refuse_model("t-1", "m-1", NOW)
    limited(pool, 1, HOUR)
    assert Turn(pool).step(GiveUp).shortage.reasons == ((Unusable.MODEL, 1),)


# --- kinds of tokens -------------------------------------------------------------------------------------------------

KEYS = frozenset({TokenKind.API_KEY})


def key(number: int, **changes: Any) -> Token:
    return token(number, kind=TokenKind.API_KEY, **changes)


@pytest.mark.parametrize("names", [(), ("a",)])
def test_what_only_an_api_key_can_serve_goes_to_api_keys_alone(names: tuple[str, ...]) -> None:
    pool = pool_of(1, 2, key(3), key(4))
    turn = Turn(pool, names, kinds=KEYS)
    turn.sent("t-3")
    turn.failed(LIMIT).sent("t-4")
    hold = turn.failed(LIMIT).step(Hold)
    assert hold.shortage.reasons == ((Unusable.LIMIT, 2), (Unusable.KIND, 2))


def test_a_conversation_is_lent_to_an_api_key_for_what_its_login_cannot_serve() -> None:
    pool = pool_of(1, key(2))
    Turn(pool).answered()
    lent = Turn(pool, kinds=KEYS).answered()
    assert (lent.token.id, lent.reason, lent.moved_from) == ("t-2", Reason.KIND, "t-1")
    assert session_of(pool).home_token_id == "t-1"
    assert Turn(pool, kinds=KEYS).answered().reason is Reason.KEPT
    back = Turn(pool).answered()
    assert (back.token.id, back.reason) == ("t-1", Reason.RETURNED)


def test_where_no_token_is_of_the_kind_that_could_serve_nothing_is_waited_for() -> None:
    pool = pool_of(1, 2)
    limited(pool, 1, HOUR)
    pool.health("t-2").slow_down(NOW, 1.0)
    give_up = Turn(pool, kinds=KEYS).step(GiveUp)
    assert (give_up.why, give_up.shortage.reasons) == (Why.NO_TOKEN, ((Unusable.KIND, 2),))


@pytest.mark.parametrize("fault", [BROKEN, UNREACHED])
def test_a_login_is_not_tried_for_it_when_upstream_fails_with_the_key(fault: Fault) -> None:
    turn = Turn(pool_of(1, key(2)), kinds=KEYS)
    turn.sent("t-2")
    assert turn.failed(fault).step(GiveUp).why is Why.LAST_ANSWER
    assert not turn.attempts.other_way(key(2), NOW)


def test_a_login_is_not_tried_for_it_when_another_key_reached_its_limit() -> None:
    # The first is forgiven, since all others rest.
    turn = Turn(pool_of(token(1, proxy="a"), key(2, proxy="b"), key(3, proxy="c")), kinds=KEYS)
    turn.sent("t-2")
    turn.failed(UNREACHED).sent("t-3")
    turn.failed(LIMIT).step(Pause)
    turn.sent("t-2")


def test_a_login_is_not_tried_for_it_when_the_user_moves_it_there() -> None:
    turn = Turn(pool_of(1, key(2)), kinds=KEYS)
    turn.sent("t-2")
    turn.failed(LIMIT).step(Hold)
    turn.attempts.move_to("t-1")
    turn.step(Hold)


def test_a_conversation_pinned_to_a_login_says_that_it_cannot_serve_it() -> None:
    pool = pool_of(1, key(2))
    Turn(pool).answered()
    pool.sessions.put(session_of(pool)._replace(pinned=True))
    shortage = Turn(pool, kinds=KEYS).step(GiveUp).shortage
    assert shortage.message(str).startswith("This conversation is pinned to a token that is of a kind that cannot ")


# --- upstream's failures ---------------------------------------------------------------------------------------------


def test_upstreams_failure_lends_and_the_session_returns_with_its_next_turn() -> None:
    pool = pool_of(1, 2)
    Turn(pool).answered()
    turn = Turn(pool)
    turn.sent("t-1")
    send = turn.failed(BROKEN).sent("t-2")
    assert (send.reason, session_of(pool).home_token_id) == (Reason.LENT, "t-1")
    turn.attempts.done()
    assert Turn(pool).answered().reason is Reason.RETURNED


def test_after_ten_minutes_away_the_loan_is_the_home() -> None:
    pool = pool_of(1, 2)
    Turn(pool).answered()
    turn = Turn(pool)
    turn.sent("t-1")
    turn.failed(replace(SLOW, wait_s=300.0)).sent("t-2")
    turn.attempts.done()
    pool.health("t-1").slow_down(NOW + 299, 300.0)
    assert Turn(pool, now=NOW + LOAN_S - 2).answered().token.id == "t-2"
    pool.health("t-1").slow_down(NOW + 598, 300.0)
    assert Turn(pool, now=NOW + LOAN_S).answered().token.id == "t-2"
    assert session_of(pool).home_token_id == "t-2"
    assert Turn(pool, now=NOW + HOUR).answered().reason is Reason.KEPT


def test_a_token_rests_after_repeated_faults_of_its_own_and_upstreams_fault_is_nobodys() -> None:
    pool = pool_of(1)
    for _ in range(5):
        turn = Turn(pool)
        turn.sent()
        assert turn.failed(BROKEN).step(GiveUp).why is Why.LAST_ANSWER
    assert pool.rest("t-1", NOW) is None
    pool = pool_of(1, 2)
    pool.succeeded("t-2", NOW, probed=False)
    for number in range(3):
        assert pool.rest("t-1", NOW) is None, number
        turn = Turn(pool, (f"n{number}",))
        turn.attempts.move_to("t-1")
        pool.health("t-1").faults = number
        turn.sent("t-1")
        turn.failed(BROKEN)
    assert pool.rest("t-1", NOW) is not None


def test_a_success_makes_faults_be_forgotten() -> None:
    pool = pool_of(1, 2)
    pool.succeeded("t-2", NOW, probed=False)
    for _ in range(2):
        assert pool.failed("t-1", NOW) is None
    pool.succeeded("t-1", NOW, probed=False)
    assert pool.failed("t-1", NOW) is None


def test_turns_that_fail_after_a_rest_has_begun_do_not_make_it_longer() -> None:
    pool = pool_of(1, 2)
    pool.succeeded("t-2", NOW, probed=False)
    for _ in range(8):
        pool.failed("t-1", NOW)
    rest = pool.rest("t-1", NOW)
    assert rest is not None
    assert rest.until == NOW + 30


def test_the_requests_own_fault_never_fails_over() -> None:
    pool = pool_of(1, 2)
    turn = Turn(pool)
    turn.sent()
    assert turn.failed(WRONG).step(GiveUp).why is Why.LAST_ANSWER
    assert pool.rest("t-1", NOW) is None


def test_a_bad_way_is_only_left_for_a_token_with_another() -> None:
    pool = pool_of(1, 2, token(3, proxy="socks5://10.0.0.1:1080"))
    Turn(pool).answered()
    turn = Turn(pool)
    send = turn.sent("t-1")
    assert turn.attempts.other_way(send.token, NOW)
    assert turn.failed(UNREACHED).sent("t-3").reason is Reason.LENT
    assert turn.failed(UNREACHED).step(GiveUp).why is Why.LAST_ANSWER
    assert turn.attempts.sends == 2
    assert not turn.attempts.other_way(send.token, NOW)


def test_a_token_that_upstream_failed_with_is_tried_anew_before_a_limit_is_the_answer() -> None:
    turn = Turn(pool_of(1, 2))
    turn.sent("t-1")
    turn.failed(BROKEN).sent("t-2")
    turn.failed(LIMIT).step(Pause)
    turn.sent("t-1")
    assert turn.failed(BROKEN).step(GiveUp).why is Why.LAST_ANSWER


def test_a_way_that_failed_is_tried_anew_before_a_limit_is_the_answer() -> None:
    turn = Turn(pool_of(1, token(2, proxy="direct")))
    turn.sent("t-1")
    turn.failed(UNREACHED).sent("t-2")
    turn.failed(LIMIT).step(Pause)
    turn.sent("t-1")
    turn.attempts.proven(NOW)


def test_tries_are_bounded_in_number() -> None:
    turn = Turn(pool_of(*range(1, 20)))
    for _ in range(MAX_SENDS):
        turn.sent()
        turn.failed(BROKEN)
    assert turn.step(GiveUp).why is Why.LAST_ANSWER


def test_tries_are_bounded_in_time() -> None:
    turn = Turn(pool_of(1, 2, 3))
    turn.sent()
    turn.now += MAX_TRYING_S + 1
    assert turn.failed(BROKEN).step(GiveUp).why is Why.LAST_ANSWER


def test_a_limit_that_is_told_late_still_moves_the_turn() -> None:
    turn = Turn(pool_of(1, 2))
    turn.sent("t-1")
    turn.now += MAX_TRYING_S + 1
    turn.failed(LIMIT).sent("t-2")
    assert turn.failed(BROKEN).step(GiveUp).why is Why.LAST_ANSWER


def test_time_in_a_line_is_not_the_turns_own() -> None:
    pool = pool_of(1, turns_per_token=1)
    first, second = Turn(pool), Turn(pool)
    first.sent()
    second.step(Queue)
    first.attempts.done()
    second.now += HOUR
    second.attempts.queued(second.now)
    second.sent()


def test_nothing_is_sent_after_the_client_has_seen_something() -> None:
    turn = Turn(pool_of(1, 2))
    turn.sent()
    turn.attempts.proven(NOW)
    for fault in (BROKEN, EXPIRED, SLOW):
        turn.failed(fault)
        assert turn.step(GiveUp).why is Why.LAST_ANSWER


# --- what only one account can read ----------------------------------------------------------------------------------


def moved_pool() -> tuple[Turn, Send]:
    """A session that has left t-1, which is at its limit, for t-2, with two items of t-1's."""
    pool = pool_of(1, 2)
    Turn(pool).answered()
    turn = Turn(pool, items=[reasoning("one"), {"type": "message"}, reasoning("two")])
    turn.sent("t-1")
    return turn, turn.failed(LIMIT).sent("t-2")


def test_sealed_reasoning_first_stays_at_home() -> None:
    pool = pool_of(1, 2)
    Turn(pool).answered()
    turn = Turn(pool, items=[reasoning("one")])
    turn.sent("t-1")
    turn.failed(BROKEN).step(Pause)
    assert turn.sent("t-1").leave_out == frozenset()
    send = turn.failed(BROKEN).sent("t-2")
    assert send.leave_out == {0}


def test_after_a_move_exactly_the_foreign_reasoning_is_left_out_on_this_and_every_later_turn() -> None:
    turn, send = moved_pool()
    assert send.leave_out == {0, 2}
    turn.attempts.done()
    items = [*turn.items, reasoning("three")]
    assert Turn(turn.pool, items=items).answered().leave_out == {0, 2}


def test_after_the_return_what_the_loan_has_sealed_is_left_out_and_the_homes_own_is_not() -> None:
    pool = pool_of(1, 2)
    Turn(pool).answered()
    items = [reasoning("home")]
    turn = Turn(pool, items=items)
    turn.sent("t-1")
    assert turn.failed(replace(SLOW, wait_s=20.0)).sent("t-2").leave_out == {0}
    turn.attempts.done()
    items = [*items, reasoning("loan")]
    back = Turn(pool, items=items, now=NOW + 30).answered()
    assert (back.reason, back.leave_out) == (Reason.RETURNED, {1})
    items = [*items, reasoning("home again")]
    assert Turn(pool, items=items, now=NOW + 40).answered().leave_out == {1}


def test_a_turn_that_waited_in_line_while_its_session_moved_leaves_out_what_the_old_token_sealed() -> None:
    pool = pool_of(1, 2, turns_per_token=1)
    Turn(pool).answered()
    other = Turn(pool, ("b", "a"))
    other.sent("t-1")
    waiting = Turn(pool, items=[reasoning("one")])
    waiting.step(Queue)
    other.failed(LIMIT).sent("t-2")
    other.attempts.done()
    assert waiting.sent("t-2").leave_out == {0}


def test_foreign_reasoning_that_nobody_knew_of_is_left_out_once_refused_and_ever_after() -> None:
    pool = pool_of(1, 2)
    items = [reasoning("from elsewhere")]
    turn = Turn(pool, items=items)
    assert turn.sent("t-1").leave_out == frozenset()
    send = turn.failed(FOREIGN).sent("t-1")
    assert send.leave_out == {0}
    turn.attempts.proven(NOW)
    turn.attempts.done()
    later = Turn(pool, items=[*items, reasoning("own")]).answered()
    assert (later.token.id, later.leave_out) == ("t-1", {0})


def test_foreign_reasoning_without_a_session_is_left_out_once_refused() -> None:
    turn = Turn(pool_of(1, 2), (), items=[reasoning("from elsewhere")])
    turn.sent("t-1")
    assert turn.failed(FOREIGN).sent("t-1").leave_out == {0}
    assert turn.failed(FOREIGN).step(GiveUp).why is Why.LAST_ANSWER


def test_a_refusal_of_ciphertext_is_recognised_with_a_null_code() -> None:
    turn = Turn(pool_of(1), items=[reasoning("x")])
    turn.sent()
    assert turn.failed(FOREIGN).failure.meaning is Meaning.FOREIGN


def test_a_refusal_of_ciphertext_is_not_the_answer_when_the_second_try_has_to_wait() -> None:
    pool = pool_of(1)
    turn = Turn(pool, items=[reasoning("from elsewhere")])
    turn.sent()
    turn.failed(FOREIGN)
    limited(pool, 1, HOUR)
    assert turn.step(Hold).until == NOW + HOUR


def test_a_compaction_keeps_to_its_issuer_and_waits_for_it() -> None:
    pool = pool_of(1, 2)
    Turn(pool).answered()
    turn = Turn(pool, items=[compaction("c")])
    turn.sent("t-1")
    hold = turn.failed(LIMIT).step(Hold)
    assert (hold.token_id, hold.until) == ("t-1", NOW + 5 * HOUR)
    assert hold.shortage.reasons == ((Unusable.LIMIT, 1),)
    assert session_of(pool).current_token_id == "t-1"


def test_a_compaction_that_the_old_token_made_before_the_move_goes_back_to_it() -> None:
    pool = pool_of(1, 2)
    Turn(pool).answered()
    turn = Turn(pool, items=[compaction("c")])
    turn.sent("t-1")
    turn.failed(LIMIT).step(Hold)
    without = Turn(pool)
    without.sent("t-2")
    without.attempts.done()
    assert Turn(pool, items=[compaction("of t-2")]).answered().token.id == "t-2"


@pytest.mark.parametrize(
    ("items", "more"),
    [
        ([compaction("c")], {}),
        ([], {"previous_response_id": "resp_1"}),
        ([], {"conversation": {"id": "conv_1"}}),
        ([{"type": "message", "content": [{"type": "input_file", "file_id": "file-1"}]}], {}),
        ([{"type": "item_reference", "id": "rs_1"}], {}),
    ],
)
def test_when_the_issuer_is_gone_the_answer_is_to_start_a_new_conversation(
    items: list[dict[str, object]], more: dict[str, object]
) -> None:
    for gone in ("removed", "disabled", "refused", "broke"):
        pool = pool_of(1, 2)
        Turn(pool).answered()
        if gone == "removed":
            pool.remove("t-1")
        elif gone == "disabled":
            pool.put(token(1, enabled=False))
        elif gone == "refused":
            pool.sign_in_needed("t-1", "token_revoked")
        else:
            pool.health("t-1").refused(NOW, "insufficient_quota")
        turn = Turn(pool, items=list(items), more=more)
        assert turn.step(GiveUp).why is Why.NEW_CONVERSATION, gone
        assert session_of(pool).current_token_id == "t-1"


def test_without_another_token_a_new_conversation_would_not_help() -> None:
    pool = pool_of(1)
    Turn(pool).answered()
    pool.sign_in_needed("t-1", "token_revoked")
    assert Turn(pool, items=[compaction("c")]).step(GiveUp).why is Why.NO_TOKEN


def test_what_two_tokens_issued_nobody_can_read() -> None:
    pool = pool_of(
        1, 2, sessions=[Session("s-0", "l-1", ("a",), "t-1", "t-1", 0, 0, 3, None, 1, {compaction_of("x"): "t-2"})]
    )
    assert Turn(pool, items=[compaction("x"), compaction("y")]).step(GiveUp).why is Why.NEW_CONVERSATION
    assert Turn(pool, items=[compaction("x")]).sent("t-2")


def compaction_of(text: str) -> str:
    from app.core.sealed import digest

    return digest(text)


def test_a_compaction_from_elsewhere_is_offered_to_each_token_until_its_issuer_reads_it() -> None:
    pool = pool_of(1, 2, 3)
    turn = Turn(pool, items=[compaction("from elsewhere")])
    turn.sent("t-1")
    turn.failed(FOREIGN).sent("t-2")
    turn.failed(FOREIGN).sent("t-3")
    turn.attempts.proven(NOW)
    turn.attempts.done()
    assert Turn(pool, items=turn.items).answered().token.id == "t-3"


def test_a_compaction_that_nobody_can_read_ends_the_conversation() -> None:
    turn = Turn(pool_of(1, 2), items=[compaction("from elsewhere")])
    turn.sent("t-1")
    turn.failed(FOREIGN).sent("t-2")
    assert turn.failed(FOREIGN).step(GiveUp).why is Why.NEW_CONVERSATION


def test_what_a_conversations_only_token_does_not_know_is_not_carried_to_others() -> None:
    pool = pool_of(1, 2, 3)
    Turn(pool).answered()
    turn = Turn(pool, more={"previous_response_id": "resp_old"})
    turn.sent("t-1")
    gone = Fault(400, "previous_response_not_found", "Previous response with id 'resp_old' not found.")
    assert turn.failed(gone).step(GiveUp).why is Why.LAST_ANSWER
    assert session_of(pool).current_token_id == "t-1"


def test_a_compaction_is_found_again_among_the_tokens_that_the_conversation_has_been_on() -> None:
    pool = pool_of(1, 2, 3)
    Turn(pool).answered()
    away = Turn(pool)
    away.sent("t-1")
    away.failed(replace(SLOW, wait_s=20.0)).sent("t-2")
    away.attempts.done()
    # Another branch of the conversation holds what t-1 has made of it.
    turn = Turn(pool, items=[compaction("of t-1")], now=NOW + 6)
    turn.sent("t-2")
    turn.failed(FOREIGN)
    assert turn.step(Hold).token_id == "t-1"


def test_the_turn_state_stays_behind_when_the_session_moves() -> None:
    pool = pool_of(1, 2)
    Turn(pool).answered()
    state = Turn(pool, turn_state="state of t-1")
    pool.note_turn_state(compaction_of("state of t-1"), "t-1")
    assert not state.sent("t-1").drop_turn_state
    assert state.failed(LIMIT).sent("t-2").drop_turn_state
    state.attempts.done()
    pool.note_turn_state(compaction_of("state of t-2"), "t-2")
    assert not Turn(pool, turn_state="state of t-2").answered().drop_turn_state
    assert Turn(pool, turn_state="unknown after a restart").answered().drop_turn_state


def test_a_turn_state_that_its_own_token_refuses_is_left_out() -> None:
    pool = pool_of(1)
    pool.note_turn_state(compaction_of("state"), "t-1")
    turn = Turn(pool, turn_state="state")
    assert not turn.sent().drop_turn_state
    assert turn.failed(Fault(400, "invalid_turn_state")).sent().drop_turn_state


# --- caps, spares, strategies, the user ------------------------------------------------------------------------------


def test_a_token_that_serves_as_many_as_it_may_queues_and_never_moves_a_session() -> None:
    pool = pool_of(1, 2, turns_per_token=2)
    Turn(pool).answered()
    running = [Turn(pool) for _ in range(2)]
    for turn in running:
        turn.sent("t-1")
    waiting = Turn(pool)
    assert waiting.step(Queue).token_ids == {"t-1"}
    assert Turn(pool, ("b",)).sent("t-2")
    running[0].attempts.done()
    assert waiting.sent("t-1").reason is Reason.KEPT


def test_a_session_on_loan_stays_where_it_is_while_its_home_is_full() -> None:
    pool = pool_of(1, 2, turns_per_token=1)
    Turn(pool).answered()
    turn = Turn(pool)
    turn.sent("t-1")
    turn.failed(replace(SLOW, wait_s=20.0)).sent("t-2")
    turn.attempts.done()
    busy = Turn(pool, ("b",), now=NOW + 30)
    busy.sent("t-1")
    lent = Turn(pool, now=NOW + 30)
    assert lent.sent("t-2").reason is Reason.KEPT
    assert Turn(pool, now=NOW + 30).step(Queue).token_ids == {"t-2"}
    busy.attempts.done()
    assert Turn(pool, now=NOW + 30).sent("t-1").reason is Reason.RETURNED


def test_a_new_session_waits_for_any_full_token() -> None:
    pool = pool_of(1, 2, turns_per_token=1)
    for name in "ab":
        Turn(pool, (name,)).sent()
    assert Turn(pool, ("c",)).step(Queue).token_ids == {"t-1", "t-2"}


def test_nobody_queues_for_a_token_that_has_room() -> None:
    pool = pool_of(1, token(2, spare=True), turns_per_token=1)
    Turn(pool).sent("t-1")
    assert Turn(pool, ("b",)).step(Queue).token_ids == {"t-1"}


def test_spares_serve_only_when_the_others_cannot_and_never_become_a_home_by_time() -> None:
    pool = pool_of(1, token(2, spare=True))
    assert {Turn(pool, (name,)).answered().token.id for name in "abcd"} == {"t-1"}
    turn = Turn(pool)
    turn.sent("t-1")
    send = turn.failed(LIMIT).sent("t-2")
    assert send.reason is Reason.LIMIT
    turn.attempts.done()
    assert session_of(pool).home_token_id == "t-1"
    probe = Turn(pool, now=NOW + HOUR)
    probe.sent("t-1")
    probe.failed(LIMIT).sent("t-2")
    probe.attempts.done()
    assert session_of(pool).home_token_id == "t-1"
    back = Turn(pool, now=NOW + 7 * HOUR).answered()
    assert (back.token.id, back.reason) == ("t-1", Reason.RETURNED)


def test_a_session_that_began_on_a_spare_is_relieved_by_the_first_that_can() -> None:
    pool = pool_of(1, token(2, spare=True))
    limited(pool, 1, HOUR)
    assert Turn(pool).answered().token.id == "t-2"
    relieved = Turn(pool, now=NOW + 2 * HOUR).answered()
    assert (relieved.token.id, relieved.reason) == ("t-1", Reason.RELIEVED)
    assert session_of(pool).home_token_id == "t-1"


def test_a_limit_may_be_probed_before_a_spare_serves() -> None:
    pool = pool_of(1, token(2, spare=True))
    limited(pool, 1, 5 * HOUR)
    Turn(pool, ("b",), now=NOW + 60).sent("t-2")
    Turn(pool, ("c",), now=NOW + PROBE_S).sent("t-1")


def test_balanced_takes_the_one_with_the_most_left_and_equals_in_turn() -> None:
    pool = pool_of(1, 2, 3)
    for number, used in ((1, 80.0), (2, 10.0), (3, 12.0)):
        pool.note_quota(f"t-{number}", Quota((Window("codex", "primary", used, 300, NOW + HOUR),), NOW), NOW)
    chosen = [Turn(pool, (name,)).answered().token.id for name in "abcd"]
    assert chosen == ["t-2", "t-3", "t-2", "t-3"]


def test_in_order_takes_the_users_first_until_it_is_spent() -> None:
    from app.core.policy import Strategy

    pool = pool_of(token(1, position=2), token(2, position=1), strategy=Strategy.IN_ORDER)
    assert {Turn(pool, (name,)).answered().token.id for name in "abc"} == {"t-2"}
    pool.note_quota("t-2", Quota((Window("codex", "primary", 100.0, 300, NOW + HOUR),), NOW), NOW)
    assert Turn(pool, ("d",)).answered().token.id == "t-1"
    assert Turn(pool, ("e",), now=NOW + 2 * HOUR).answered().token.id == "t-2"


def test_logins_with_quota_serve_before_an_api_key_that_costs_money() -> None:
    pool = pool_of(token(1, kind=TokenKind.API_KEY), 2)
    assert {Turn(pool, (name,)).answered().token.id for name in "abc"} == {"t-2"}


def test_the_user_moves_a_held_turn_to_the_token_of_his_choice_for_good() -> None:
    pool = pool_of(1, 2, 3)
    Turn(pool).answered()
    for number in (1, 2, 3):
        limited(pool, number, HOUR)
    turn = Turn(pool)
    turn.step(Hold)
    turn.attempts.move_to("t-3")
    turn.attempts.held(NOW)
    send = turn.sent("t-3")
    assert (send.reason, send.moved_from) == (Reason.USER, "t-1")
    assert (session_of(pool).home_token_id, session_of(pool).lent_at) == ("t-3", None)
    assert turn.failed(LIMIT).step(Hold)


# --- many at once, and the clock -------------------------------------------------------------------------------------


def test_of_many_turns_that_come_back_after_a_rest_one_goes_first() -> None:
    pool = pool_of(1, 2)
    for _ in range(3):
        Turn(pool).answered()
    held = [Turn(pool) for _ in range(12)]
    for number in (1, 2):
        limited(pool, number, HOUR if number == 1 else 5 * HOUR)
    assert {turn.step(Hold).until for turn in held} == {NOW + HOUR}
    for turn in held:
        turn.now = NOW + HOUR
        turn.attempts.held(turn.now)
    held[0].sent("t-1")
    assert all(turn.step(Queue).token_ids == {"t-1"} for turn in held[1:])
    held[0].attempts.proven(NOW + HOUR)
    for turn in held[1:8]:
        turn.sent("t-1")
    assert all(turn.step(Queue).token_ids == {"t-1"} for turn in held[8:])


def test_a_session_on_loan_does_not_wait_while_its_home_is_tried() -> None:
    pool = pool_of(1, 2)
    Turn(pool).answered()
    Turn(pool, ("b",)).answered()
    turn = Turn(pool)
    turn.sent("t-1")
    turn.failed(replace(SLOW, wait_s=20.0)).sent("t-2")
    turn.attempts.done()
    Turn(pool, ("x",), now=NOW + 21).attempts.move_to("t-9")
    first = Turn(pool, now=NOW + 21)
    first.sent("t-1")
    pool.sessions.put(session_of(pool)._replace(current_token_id="t-2", lent_at=NOW))
    assert Turn(pool, now=NOW + 21).sent("t-2").reason is Reason.KEPT


def test_a_clock_that_is_set_back_does_not_prolong_a_rest_or_a_loan() -> None:
    pool = pool_of(1, 2)
    Turn(pool).answered()
    turn = Turn(pool)
    turn.sent("t-1")
    turn.failed(replace(SLOW, wait_s=100.0)).sent("t-2")
    turn.attempts.done()
    earlier = NOW - 24 * HOUR
    Turn(pool, ("b",), now=earlier).answered()
    rest = pool.rest("t-1", earlier)
    assert rest is not None
    assert rest.until == earlier + 100
    assert session_of(pool).lent_at == earlier
    assert Turn(pool, now=earlier + 101).answered().reason is Reason.RETURNED


def test_a_rest_from_another_clock_is_tried_within_a_quarter_of_an_hour() -> None:
    from app.core.rest import Rest

    pool = pool_of(1)
    year = 365 * 24 * HOUR
    pool.set_rest("t-1", Rest(NOW + year, "usage_limit_reached", NOW + year))
    Turn(pool).step(Hold)
    Turn(pool, now=NOW + PROBE_S).sent("t-1")


def test_a_clock_that_is_put_ahead_during_a_turn_does_not_end_it_unanswered() -> None:
    pool = pool_of(1)
    turn = Turn(pool)
    turn.now += HOUR
    turn.sent("t-1")


def test_a_token_that_is_removed_while_it_serves_is_given_back_all_the_same() -> None:
    pool = pool_of(1, 2)
    turn = Turn(pool)
    turn.sent("t-1")
    pool.remove("t-1")
    assert pool.active_turns("t-1") == 1
    turn.failed(LIMIT).sent("t-2")
    assert pool.active_turns("t-1") == 0
    turn.attempts.done()
    turn.attempts.done()
    assert pool.active_turns("t-2") == 0


def test_an_empty_pool_gives_up_and_says_so() -> None:
    step = Turn(pool_of()).step(GiveUp)
    assert step.why is Why.NO_TOKEN
    assert step.shortage.empty

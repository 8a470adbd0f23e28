"""Sessions that the user moves to another token, and those that are pinned to theirs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from app.core.pool import LOAN_S, Pool, Reason
from app.core.sealed import digest
from app.core.session import Session
from app.core.shortage import Unusable
from app.core.steps import GiveUp, Hold, Pause, Queue, Send, Why
from app.core.token import Token, TokenKind
from app.core.verdict import Fault
from tests.core.samples import (
    BROKE,
    BROKEN,
    EXPIRED,
    FOREIGN,
    LIMIT,
    NO_MODEL,
    NOW,
    SLOW,
    UNREACHED,
    Turn,
    compaction,
    limited,
    pool_of,
    reasoning,
    session_of,
    token,
)

HOUR = 3600.0


def known(pool: Pool, number: int) -> Token:
    found = pool.get(f"t-{number}")
    assert found is not None
    return found


def moved(pool: Pool, number: int) -> Session:
    """The user moves conversation `a` to this token."""
    return pool.move(session_of(pool), known(pool, number))


def pinned_on(number: int, *others: int | Token, **policy: Any) -> Pool:
    """A pool in which conversation `a` has begun on this token, and is pinned to it."""
    pool = pool_of(number, **policy)
    Turn(pool).answered()
    for other in others:
        pool.put(token(other) if isinstance(other, int) else other)
    pool.sessions.put(session_of(pool)._replace(pinned=True))
    return pool


def clock_time(seconds: float) -> str:
    return f"+{(seconds - NOW) / HOUR:g}h"


# --- moves -----------------------------------------------------------------------------------------------------------


def test_the_next_turn_goes_where_the_user_moved_the_session_and_the_following_ones_stay_there() -> None:
    pool = pool_of(1, 2)
    Turn(pool).answered()
    session = moved(pool, 2)
    # What serves it changes with the turn that leaves: only then is known what that holds.
    assert (session.home_token_id, session.current_token_id, session.moving) == ("t-2", "t-1", True)
    sent = Turn(pool).answered()
    assert (sent.token.id, sent.reason, sent.moved_from) == ("t-2", Reason.USER, "t-1")
    session = session_of(pool)
    assert (session.home_token_id, session.current_token_id, session.lent_at) == ("t-2", "t-2", None)
    assert (session.moving, session.moves) == (False, 1)
    assert Turn(pool, now=NOW + HOUR).answered().reason is Reason.KEPT


def test_what_the_left_token_sealed_is_left_out_from_the_first_turn_on() -> None:
    pool = pool_of(1, 2)
    Turn(pool).answered()
    moved(pool, 2)
    sent = Turn(pool, items=[reasoning("old")], turn_state="state").answered()
    assert (sent.token.id, sent.leave_out, sent.drop_turn_state) == ("t-2", frozenset({0}), True)
    assert session_of(pool).owners == {digest("old"): "t-1"}
    again = Turn(pool, items=[reasoning("old"), reasoning("new")]).answered()
    assert (again.token.id, again.leave_out) == ("t-2", frozenset({0}))


def test_a_conversation_that_only_its_token_can_read_goes_on_there_whatever_the_user_chose() -> None:
    pool = pool_of(1, 2)
    Turn(pool).answered()
    moved(pool, 2)
    kept = Turn(pool, items=[compaction("old")]).answered()
    assert (kept.token.id, kept.reason) == ("t-1", Reason.KEPT)
    assert Turn(pool).answered().token.id == "t-2"


def test_a_move_waits_for_the_next_turn_however_long_that_takes() -> None:
    pool = pool_of(1, 2)
    Turn(pool).answered()
    moved(pool, 2)
    assert Turn(pool, now=NOW + 100 * LOAN_S).answered().token.id == "t-2"


def test_a_move_back_before_the_next_turn_is_no_move() -> None:
    pool = pool_of(1, 2)
    Turn(pool).answered()
    moved(pool, 2)
    assert not moved(pool, 1).moving
    assert Turn(pool).answered().reason is Reason.KEPT
    assert session_of(pool).moves == 0


def test_a_lent_session_that_is_moved_to_where_it_is_lent_belongs_there_at_once() -> None:
    pool = pool_of(1, 2)
    Turn(pool).answered()
    turn = Turn(pool)
    turn.sent("t-1")
    turn.failed(BROKEN).answered()
    assert session_of(pool).lent_at is not None
    session = moved(pool, 2)
    assert (session.home_token_id, session.lent_at, session.moving) == ("t-2", None, False)
    assert Turn(pool).answered().reason is Reason.KEPT


def test_a_session_that_was_moved_to_a_token_that_fails_goes_on_as_any_other() -> None:
    pool = pool_of(1, 2)
    Turn(pool).answered()
    moved(pool, 2)
    turn = Turn(pool)
    turn.sent("t-2")
    back = turn.failed(LIMIT).sent("t-1")
    assert (back.reason, back.moved_from) == (Reason.LIMIT, "t-2")
    assert session_of(pool).home_token_id == "t-1"


@pytest.mark.parametrize("gone", ["removed", "disabled", "limit"])
def test_a_token_that_cannot_serve_any_more_when_the_next_turn_comes_is_no_home_to_move_to(gone: str) -> None:
    pool = pool_of(1, 2)
    Turn(pool).answered()
    moved(pool, 2)
    match gone:
        case "removed":
            pool.remove("t-2")
        case "disabled":
            pool.put(token(2, enabled=False))
        case "limit":
            limited(pool, 2, 5 * HOUR)
    assert Turn(pool).answered().reason is Reason.KEPT
    assert (session_of(pool).home_token_id, session_of(pool).moving) == ("t-1", False)
    pool.put(token(2))
    pool.reset()
    assert Turn(pool).answered().token.id == "t-1"


def test_a_turn_that_fails_meanwhile_is_tried_next_where_the_user_moved_its_session() -> None:
    pool = pool_of(1, 2, 3)
    Turn(pool).answered()
    turn = Turn(pool)
    turn.sent("t-1")
    moved(pool, 3)
    # It would have been tried there once more after a pause.
    turn.failed(SLOW)
    turn.step(Pause)
    sent = turn.sent("t-3")
    assert (sent.reason, sent.moved_from) == (Reason.USER, "t-1")


def test_a_first_turn_that_failed_goes_where_the_user_moved_its_session_too() -> None:
    pool = pool_of(1, 2, 3)
    turn = Turn(pool)
    turn.sent("t-1")
    moved(pool, 3)
    assert turn.failed(LIMIT).sent("t-3").reason is Reason.USER


def test_a_move_goes_to_a_spare_too() -> None:
    pool = pool_of(1, token(2, spare=True))
    Turn(pool).answered()
    moved(pool, 2)
    assert Turn(pool).answered().token.id == "t-2"
    # It is a spare still.
    assert Turn(pool).answered().reason is Reason.RELIEVED


def test_while_the_chosen_token_has_no_room_the_session_goes_on_where_it_is() -> None:
    pool = pool_of(1, 2, turns_per_token=1)
    Turn(pool).answered()
    busy = Turn(pool, ("b",))
    assert busy.sent().token.id == "t-2"
    moved(pool, 2)
    assert Turn(pool).answered().token.id == "t-1"
    busy.attempts.done()
    assert Turn(pool).answered().token.id == "t-2"


# --- pins ------------------------------------------------------------------------------------------------------------


def test_a_pinned_session_waits_for_its_token_though_another_is_free() -> None:
    pool = pinned_on(1, 2)
    turn = Turn(pool)
    turn.sent("t-1")
    hold = turn.failed(LIMIT).step(Hold)
    assert (hold.until, hold.token_id) == (NOW + 5 * HOUR, None)
    assert hold.shortage.message(clock_time) == (
        "This conversation is pinned to a token that is at its limit (back at +5h). Unpin it in Waystation, or move it "
        "to another token."
    )
    turn.now = NOW + 5 * HOUR
    turn.attempts.held(turn.now)
    assert turn.sent("t-1").reason is Reason.KEPT
    # Others are not held up by it.
    assert Turn(pool, ("b",)).sent().token.id == "t-2"


@pytest.mark.parametrize("fault", [BROKEN, UNREACHED, NO_MODEL])
def test_a_pinned_session_gets_its_tokens_error_as_the_answer(fault: Fault) -> None:
    pool = pinned_on(1, token(2, proxy="direct"))
    turn = Turn(pool)
    turn.sent("t-1")
    assert not turn.attempts.other_way(known(pool, 1), NOW)
    assert turn.failed(fault).step(GiveUp).why is Why.LAST_ANSWER
    assert Turn(pool).sent().token.id == "t-1"


def test_a_pinned_session_waits_through_short_rests_and_in_its_tokens_queue() -> None:
    pool = pinned_on(1, 2, turns_per_token=1)
    turn, other = Turn(pool), Turn(pool)
    turn.sent("t-1")
    assert other.step(Queue).token_ids == {"t-1"}
    assert turn.failed(SLOW).step(Pause).seconds == 1.0
    turn.sent("t-1")


@pytest.mark.parametrize(
    ("change", "reason", "words"),
    [
        ({"enabled": False}, Unusable.DISABLED, "is disabled"),
        ({"sign_in_needed": "token_revoked"}, Unusable.SIGN_IN, "needs a new sign-in"),
        ({"sign_in_needed": "x", "kind": TokenKind.API_KEY}, Unusable.KEY, "is a refused API key"),
        (None, None, "was removed"),
    ],
)
def test_a_pinned_session_whose_token_is_gone_says_so_and_what_to_do(
    change: dict[str, object] | None, reason: Unusable | None, words: str
) -> None:
    pool = pinned_on(1, 2)
    if change is None:
        pool.remove("t-1")
    else:
        pool.put(token(1, **change))
    step = Turn(pool).step(GiveUp)
    assert step.why is Why.NO_TOKEN
    assert [found for found, _ in step.shortage.reasons] == ([] if reason is None else [reason])
    assert step.shortage.message(clock_time) == (
        f"This conversation is pinned to a token that {words}. Unpin it in Waystation, or move it to another token."
    )


def test_a_pinned_session_whose_account_is_closed_or_has_no_credit_says_so() -> None:
    pool = pinned_on(1, 2)
    turn = Turn(pool)
    turn.sent("t-1")
    turn.failed(replace(EXPIRED, code="account_deactivated", status=403))
    assert "needs a new sign-in" in turn.step(GiveUp).shortage.message(clock_time)
    broke = pinned_on(1, 2)
    turn = Turn(broke)
    turn.sent("t-1")
    message = turn.failed(BROKE).step(GiveUp).shortage.message(clock_time)
    assert "has no credit, or its plan does not allow this." in message


def test_a_pinned_session_that_was_lent_goes_home_and_never_belongs_to_the_other() -> None:
    pool = pool_of(1, 2)
    Turn(pool).answered()
    turn = Turn(pool)
    turn.sent("t-1")
    turn.failed(BROKEN).answered()
    pool.sessions.put(session_of(pool)._replace(pinned=True))
    sent = Turn(pool, now=NOW + 2 * LOAN_S).answered()
    assert (sent.token.id, sent.reason) == ("t-1", Reason.RETURNED)


def test_a_session_that_is_pinned_to_a_spare_stays_on_it() -> None:
    pool = pinned_on(1, 2)
    pool.put(token(1, spare=True))
    assert [Turn(pool).answered().reason for _ in range(2)] == [Reason.KEPT] * 2


def test_only_the_user_moves_a_pinned_session_and_it_stays_pinned_there() -> None:
    pool = pinned_on(1, 2, 3)
    limited(pool, 1, 5 * HOUR)
    held = Turn(pool)
    held.step(Hold)
    held.attempts.move_to("t-2")
    assert held.sent("t-2").reason is Reason.USER
    held.attempts.done()
    session = session_of(pool)
    assert (session.home_token_id, session.pinned) == ("t-2", True)
    moved(pool, 3)
    assert Turn(pool).answered().token.id == "t-3"
    limited(pool, 3, 5 * HOUR)
    Turn(pool).step(Hold)


def test_the_last_word_of_the_user_counts_for_a_pinned_session() -> None:
    pool = pinned_on(1, 2)
    limited(pool, 1, 5 * HOUR)
    held = Turn(pool)
    held.step(Hold)
    moved(pool, 2)
    held.attempts.move_to("t-1")
    held.sent("t-1")
    assert session_of(pool).home_token_id == "t-1"


def test_an_unpinned_session_moves_again() -> None:
    pool = pinned_on(1, 2)
    limited(pool, 1, 5 * HOUR)
    held = Turn(pool)
    held.step(Hold)
    pool.sessions.put(session_of(pool)._replace(pinned=False))
    assert held.step(Send).reason is Reason.LIMIT


def test_what_only_another_token_can_read_is_not_sent_there_against_a_pin() -> None:
    pool = pinned_on(1, 2)
    moved(pool, 2)
    turn = Turn(pool, items=[compaction("old")])
    assert turn.step(GiveUp).why is Why.PINNED
    pool.sessions.put(session_of(pool)._replace(pinned=False))
    assert Turn(pool, items=[compaction("old")]).sent().token.id == "t-1"


def test_what_only_the_pinned_token_can_read_waits_for_it_as_without_a_pin() -> None:
    pool = pinned_on(1, 2)
    limited(pool, 1, 5 * HOUR)
    hold = Turn(pool, items=[compaction("old")]).step(Hold)
    assert (hold.token_id, hold.shortage.pinned) == ("t-1", False)
    foreign = Turn(pinned_on(1, 2), items=[compaction("elsewhere")])
    foreign.sent("t-1")
    assert foreign.failed(FOREIGN).step(GiveUp).why is Why.LAST_ANSWER

"""Requests that are no turns of their session: on its token, and without a trace in it."""

from __future__ import annotations

import pytest

from app.core.pool import Pool, Reason
from app.core.sealed import digest
from app.core.steps import GiveUp, Hold, Queue, Refresh
from app.core.token import Token, TokenKind
from app.core.verdict import Fault
from tests.core.samples import EXPIRED, LIMIT, NOW, UNREACHED, Turn, limited, pool_of, session_of, token

LOGINS = frozenset({TokenKind.CHATGPT})
A_DAY = 24 * 3600.0


def beside(pool: Pool, **more: object) -> Turn:
    return Turn(pool, model=None, beside=True, **more)  # type: ignore[arg-type]


def begun(*tokens: int | Token, on: str = "t-1", **policy: object) -> Pool:
    """A pool with a session that has had a turn there."""
    pool = pool_of(*tokens, **policy)
    Turn(pool).answered()
    bound = session_of(pool)._replace(home_token_id=on, current_token_id=on)
    pool.sessions.put(bound)
    return pool


def test_its_sessions_token_serves_it_and_the_session_stays_as_it_is() -> None:
    pool = begun(1, 2, on="t-2")
    before = session_of(pool)
    for _ in range(3):
        send = beside(pool, now=NOW + A_DAY, names=("another name", "a")).answered()
        assert (send.token.id, send.reason, send.session) == ("t-2", Reason.KEPT, before)
    assert session_of(pool) == before
    assert pool.sessions.find("l-1", ["another name"]) is None


def test_it_opens_no_session() -> None:
    pool = pool_of(1, 2)
    assert beside(pool).answered().session is None
    assert not len(pool.sessions)


@pytest.mark.parametrize("why", [Reason.LIMIT, Reason.TOKEN_GONE, Reason.KIND])
def test_while_its_token_cannot_another_serves_and_the_session_does_not_follow(why: Reason) -> None:
    pool = begun(token(1, kind=TokenKind.API_KEY if why is Reason.KIND else TokenKind.CHATGPT), 2)
    if why is Reason.LIMIT:
        limited(pool, 1, 600.0)
    if why is Reason.TOKEN_GONE:
        pool.remove("t-1")
    before = session_of(pool)
    send = beside(pool, kinds=LOGINS).answered()
    assert (send.token.id, send.reason, send.moved_from) == ("t-2", why, None)
    assert session_of(pool) == before


def test_what_the_user_has_moved_goes_where_its_next_turn_goes() -> None:
    pool = begun(1, 2)
    pool.move(session_of(pool), token(2))
    before = session_of(pool)
    assert before.moving
    assert beside(pool).answered().token.id == "t-2"
    assert session_of(pool) == before


def test_a_pinned_sessions_goes_nowhere_else() -> None:
    pool = begun(1, 2)
    pool.sessions.put(session_of(pool)._replace(pinned=True))
    limited(pool, 1, 600.0)
    assert beside(pool).step(Hold).shortage.pinned


def test_a_limit_that_it_meets_is_not_the_tokens() -> None:
    pool = begun(1, 2)
    turn = beside(pool)
    turn.sent("t-1")
    turn.failed(LIMIT).sent("t-2")
    assert pool.health("t-1").rest is None
    turn.failed(LIMIT).step(GiveUp)
    assert pool.health("t-2").rest is None
    assert session_of(pool).moves == 0
    # And of a turn it still is.
    turn = Turn(pool)
    turn.sent("t-1")
    turn.failed(LIMIT).sent("t-2")
    assert pool.health("t-1").rest is not None


def test_its_login_is_renewed_and_it_goes_there_again() -> None:
    pool = begun(1, 2)
    turn = beside(pool)
    turn.sent("t-1")
    assert turn.failed(EXPIRED).step(Refresh).token_id == "t-1"
    turn.attempts.refreshed("t-1", renewed=True)
    turn.sent("t-1")


def test_it_takes_a_place_like_a_turn_and_waits_for_one() -> None:
    pool = begun(1, 2, turns_per_token=1)
    running = Turn(pool)
    running.sent("t-1")
    assert beside(pool).step(Queue).token_ids == {"t-1"}
    running.attempts.done()
    waiting = beside(pool)
    waiting.sent("t-1")
    assert Turn(pool).step(Queue).token_ids == {"t-1"}
    waiting.attempts.done()


def test_a_way_that_failed_is_left_for_another() -> None:
    pool = begun(token(1, proxy="http://here"), token(2, proxy="http://there"))
    turn = beside(pool)
    turn.sent("t-1")
    turn.failed(UNREACHED).sent("t-2")
    assert session_of(pool).moves == 0


def test_a_turn_state_goes_to_its_issuer_alone() -> None:
    pool = begun(1, 2)
    pool.note_turn_state(digest("of t-1"), "t-1")
    assert not beside(pool, turn_state="of t-1").answered().drop_turn_state
    limited(pool, 1, 600.0)
    send = beside(pool, turn_state="of t-1").answered()
    assert (send.token.id, send.drop_turn_state) == ("t-2", True)


def test_the_requests_own_fault_ends_it() -> None:
    pool = begun(1, 2)
    turn = beside(pool)
    turn.sent("t-1")
    turn.failed(Fault(404, "", "Not Found")).step(GiveUp)

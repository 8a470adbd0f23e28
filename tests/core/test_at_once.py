"""The token that a conversation's WebSocket is on: the one that its turns would go to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.at_once import token_at_once
from app.core.policy import Policy, Strategy
from app.core.pool import LOAN_S, Pool
from app.core.session import Session
from app.core.token import Token
from tests.core.samples import NOW, Turn, limited, pool_of, session_of, token


def named(pool: Pool, *names: str, model: str | None = "m-1", warm: str | None = None, now: float = NOW) -> str | None:
    found = token_at_once(pool, "l-1", names or ("a",), now, model=model, warm=warm)
    return None if found is None else found.id


def test_a_new_conversation_gets_what_its_first_turn_would_get_and_takes_nothing() -> None:
    pool = pool_of(1, 2)
    assert [named(pool) for _ in range(3)] == ["t-1"] * 3
    assert len(pool.sessions) == 0
    Turn(pool, ("other",)).answered()
    assert named(pool) == "t-2"
    assert named(pool, warm="t-1") == "t-1"


def test_new_conversations_are_spread_by_what_is_expected_of_the_tokens() -> None:
    pool = pool_of(1, 2)
    coming: dict[str, int] = {}
    for _ in range(5):
        found = token_at_once(pool, "l-1", ("a",), NOW, coming=coming)
        assert found is not None
        coming[found.id] = coming.get(found.id, 0) + 1
    assert coming == {"t-1": 3, "t-2": 2}
    assert token_at_once(pool, "l-1", ("a",), NOW, warm="t-1", coming=coming) == token(1)


def test_a_known_conversation_stays_on_its_token() -> None:
    pool = pool_of(1, 2)
    Turn(pool).answered()
    Turn(pool, ("b",)).answered()
    assert (named(pool), named(pool, "b")) == ("t-1", "t-2")
    assert named(pool, warm="t-2") == "t-1"
    assert session_of(pool).turns == 1


def test_what_rests_or_is_full_serves_nobody_at_once() -> None:
    pool = pool_of(1, turns_per_token=1)
    assert named(pool) == "t-1"
    running = Turn(pool, ("b",))
    running.sent("t-1")
    assert named(pool) is None
    running.attempts.done()
    assert named(pool) == "t-1"
    limited(pool, 1, 3600.0)
    assert named(pool) is None
    assert named(pool, now=NOW + 3601.0) == "t-1"
    assert named(pool_of()) is None


def test_where_the_user_moves_it_it_goes() -> None:
    pool = pool_of(1, 2)
    Turn(pool).answered()
    pool.move(session_of(pool), token(2))
    assert named(pool) == "t-2"


@st.composite
def pools(draw: st.DrawFn) -> Pool:
    count = draw(st.integers(1, 3))
    tokens: list[Token] = [
        token(number, enabled=draw(st.integers(0, 5)) > 0, spare=draw(st.integers(0, 3)) == 0)
        for number in range(1, count + 1)
    ]
    ids = [one.id for one in tokens]
    sessions = []
    if draw(st.booleans()):
        home, current = draw(st.sampled_from(ids)), draw(st.sampled_from([*ids, "t-gone"]))
        lent = None if home == current else draw(st.sampled_from([None, NOW - 1.0, NOW - LOAN_S - 1.0]))
        pinned = draw(st.integers(0, 3)) == 0
        sessions.append(Session("s", "l-1", ("a",), home, current, 0.0, 0.0, 1, lent, moves=1, pinned=pinned))
    strategy = draw(st.sampled_from(list(Strategy)))
    pool = Pool(tokens, sessions, Policy(strategy, turns_per_token=2))
    for one in tokens:
        for _ in range(draw(st.integers(0, 2))):
            pool.take(one.id, NOW)
        if draw(st.integers(0, 3)) == 0:
            pool.health(one.id).limit(NOW - 100.0, draw(st.sampled_from([50.0, 3600.0])), None)
        if draw(st.integers(0, 3)) == 0:
            pool.refuse_model(one.id, "m-1", NOW)
    return pool


@given(pools())
def test_the_turn_goes_there_indeed(pool: Pool) -> None:
    expected = named(pool)
    if expected is not None:
        Turn(pool).sent(expected)


@pytest.mark.parametrize("model", [None, "m-2"])
def test_a_model_that_a_token_lacks_counts_only_for_that_model(model: str | None) -> None:
    pool = pool_of(1, 2)
    pool.refuse_model("t-1", "m-1", NOW)
    assert (named(pool), named(pool, model=model)) == ("t-2", "t-1")

"""The straight way of a turn of which there is nothing to decide: it leads where looking at everything leads."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.attempts import Attempts
from app.core.policy import Policy, Strategy
from app.core.pool import LOAN_S, Pool
from app.core.sealed import SealedItems, digest
from app.core.session import Session
from app.core.steps import Queue, Send, Wanted
from app.core.token import Token, TokenKind
from app.core.verdict import Fault
from tests.core.samples import (
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
    pool_of,
    reasoning,
    token,
)

FAULTS = (BROKEN, EXPIRED, FOREIGN, LIMIT, NO_MODEL, SLOW, UNREACHED)


class LooksAtAll(Attempts):
    """A turn that never goes the straight way."""

    def _straight(self, session: Session, now: float) -> Token | None:
        return None


@st.composite
def pools(draw: st.DrawFn) -> Pool:
    seldom = st.sampled_from([False] * 15 + [True])
    tokens = [
        token(
            number,
            kind=TokenKind.API_KEY if draw(seldom) else TokenKind.CHATGPT,
            enabled=not draw(seldom),
            spare=draw(st.sampled_from([False, False, True])),
            sign_in_needed="token_revoked" if draw(seldom) else None,
        )
        for number in range(1, draw(st.integers(1, 3)) + 1)
    ]
    ids = [one.id for one in tokens]
    home = "t-gone" if draw(seldom) else draw(st.sampled_from(ids))
    current = draw(st.sampled_from([home, home, *ids, "t-gone"]))
    session = Session("s", "l-1", ("a",), home, current, NOW - 9e3, NOW - 9e3, turns=draw(st.integers(1, 2)))
    changes: dict[str, Any] = {
        "lent_at": None if home == current else draw(st.sampled_from([None, NOW - 1.0, NOW - LOAN_S - 1.0])),
        "pinned": draw(seldom),
        "moves": draw(st.integers(0, 1)),
        "owners": draw(st.sampled_from([{}, {}, {digest("r"): ids[-1], digest("c"): "t-gone"}])),
    }
    policy = Policy(draw(st.sampled_from(list(Strategy))), turns_per_token=2)
    pool = Pool(tokens, [session._replace(**changes)], policy)
    for one in tokens:
        pool.put(one, sealed=draw(seldom))
        for _ in range(draw(st.sampled_from([0, 0, 1, 2]))):
            pool.take(one.id, NOW - 1.0)
        if draw(seldom):
            pool.health(one.id).limit(NOW - 100.0, draw(st.sampled_from([50.0, 3600.0])), None)
        if draw(seldom):
            pool.refuse_model(one.id, "m-1", NOW)
    return pool


@st.composite
def wishes(draw: st.DrawFn) -> Wanted:
    items = draw(st.lists(st.sampled_from([reasoning("r"), compaction("c"), compaction("d")]), max_size=2))
    names = draw(st.sampled_from([("a",), ("a", "b"), ("b", "a"), ()]))
    state = draw(st.sampled_from([None, None, "state"]))
    kinds = draw(st.sampled_from([None, None, None, frozenset({TokenKind.API_KEY})]))
    beside = draw(st.sampled_from([False, False, False, True]))
    model = draw(st.sampled_from(["m-1", "m-2", None]))
    return Wanted("l-1", names, model, SealedItems({"input": items}, state), "s-new", None, kinds, beside)


def looked_at(pool: Pool) -> list[object]:
    """All that a turn can have changed."""
    return [list(pool.sessions), pool.sessions.take_changed(), [pool.health(one.id) for one in pool.tokens]]


@settings(max_examples=500)
@given(
    pools(),
    wishes(),
    st.lists(st.sampled_from(FAULTS), min_size=1, max_size=3),
    st.sampled_from([None, None, None, "t-1", "t-2"]),
    st.sampled_from([None, "t-1", "t-2"]),
)
def test_it_leads_where_looking_at_everything_leads(
    pool: Pool, wanted: Wanted, faults: list[Fault], wish: str | None, elsewhere: str | None
) -> None:
    other, same = deepcopy((pool, wanted))
    straight, around = Attempts(pool, wanted, started=NOW), LooksAtAll(other, same, started=NOW)
    if wish is not None:
        straight.move_to(wish)
        around.move_to(wish)
    for number, fault in enumerate([*faults, None]):
        now = NOW + number
        step = straight.decide(now)
        assert step == around.decide(now)
        assert looked_at(pool) == looked_at(other)
        if not isinstance(step, Send):
            # Whatever it waits for, another turn moves the session meanwhile.
            move(pool, elsewhere, now)
            move(other, elsewhere, now)
        elif fault is not None:
            assert straight.failed(fault, now) == around.failed(fault, now)
        else:
            straight.proven(now)
            around.proven(now)
            assert straight.decide(now) == around.decide(now)


def move(pool: Pool, token_id: str | None, now: float) -> None:
    target = pool.get(token_id or "")
    for session in pool.sessions:
        if target is not None and not session.pinned:
            pool.bind(session, target, SealedItems({}), now=now, lend=False)


def test_the_items_of_a_session_that_never_moved_are_not_looked_through() -> None:
    pool = pool_of(1, 2)
    Turn(pool).answered()
    Turn(pool, items=Unread([reasoning("r"), compaction("c")])).answered()


def test_what_only_the_old_token_reads_keeps_a_turn_whose_session_moved_while_it_waited() -> None:
    pool = pool_of(1, 2, turns_per_token=1)
    Turn(pool).answered()
    Turn(pool).sent("t-1")
    waiting = Turn(pool, items=[compaction("c")])
    waiting.step(Queue)
    move(pool, "t-2", NOW)
    assert waiting.step(Queue).token_ids == {"t-1"}


class Unread(list[Any]):
    def __iter__(self) -> Any:
        raise AssertionError("looked through")

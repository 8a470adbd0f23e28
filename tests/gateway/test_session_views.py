"""The live sessions as they are shown, kept up to date."""

import random
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.core.license import License
from app.core.pool import Pool
from app.core.session import Session
from app.gateway.clock import Clock
from app.gateway.session_views import SessionViews
from app.gateway.snapshot import LIVE_SESSION_S, token_views
from app.gateway.state import GatewayState
from app.store.store import Store
from tests.core.samples import token
from tests.gateway.fresh import SetClock

MANY = 10_000


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
async def state(tmp_path: Path, clock: SetClock) -> AsyncIterator[GatewayState]:
    store = await Store.open(tmp_path / "test.sqlite3")
    pool = Pool([token(1), token(2)])
    owner = License("l-1", "Laptop", "ab" * 32, 0.0)
    yield GatewayState(store, pool, [owner], clock=Clock(clock.now, clock.monotonic))
    await store.close()


def session(number: int, last_active_at: float, **changes: object) -> Session:
    made = Session(f"s-{number}", "l-1", (f"name-{number}",), "t-1", "t-1", 0.0, last_active_at, turns=1)
    return made._replace(**changes)  # type: ignore[arg-type]


def ids(views: SessionViews) -> list[str]:
    return [view.id for view in views.look()]


async def test_a_pinned_session_is_shown_however_long_it_is_idle(state: GatewayState, clock: SetClock) -> None:
    views, book = SessionViews(state), state.pool.sessions
    book.put(session(1, clock.now() - LIVE_SESSION_S - 5.0, pinned=True))
    book.put(session(2, clock.now() - LIVE_SESSION_S + 5.0))
    assert ids(views) == ["s-2", "s-1"]
    clock.pass_by(6)
    assert ids(views) == ["s-1"]
    assert views.by_token() == Counter({"t-1": 1})
    book.put(session(1, clock.now() - LIVE_SESSION_S - 5.0))
    assert ids(views) == []
    assert views.by_token() == Counter({"t-1": 0})


async def test_the_last_active_comes_first_and_what_is_long_idle_goes(state: GatewayState, clock: SetClock) -> None:
    views, book = SessionViews(state), state.pool.sessions
    for number, age in ((1, 100.0), (2, 10.0), (3, LIVE_SESSION_S - 5.0), (4, LIVE_SESSION_S + 5.0)):
        book.put(session(number, clock.now() - age))
    assert ids(views) == ["s-2", "s-1", "s-3"]
    assert views.by_token() == Counter({"t-1": 3})
    book.put(session(1, clock.now()))
    assert ids(views) == ["s-1", "s-2", "s-3"]
    clock.pass_by(6)
    assert ids(views) == ["s-1", "s-2"]
    assert views.by_token() == Counter({"t-1": 2})
    book.forget("s-2")
    assert ids(views) == ["s-1"]
    # The clock is set back.
    clock.pass_by(-6)
    assert ids(views) == ["s-1", "s-3"]


async def test_what_has_not_changed_stays_the_very_same(state: GatewayState, clock: SetClock) -> None:
    views, book = SessionViews(state), state.pool.sessions
    for number in (1, 2, 3):
        book.put(session(number, clock.now() - number))
    before = views.look()
    assert views.look() is before
    book.put(session(2, clock.now() - 2, pinned=True, current_token_id="t-2", input_tokens=7))
    after = views.look()
    assert (after[0] is before[0], after[1] is before[1], after[2] is before[2]) == (True, False, True)
    assert (after[1].pinned, after[1].token_label, after[1].input_tokens) == (True, "Token 2", 7)
    assert [view.sessions for view in token_views(state, views.by_token())] == [2, 1]


async def test_new_names_of_tokens_and_licenses_and_running_turns_are_shown(
    state: GatewayState, clock: SetClock
) -> None:
    views = SessionViews(state)
    state.pool.sessions.put(session(1, clock.now()))
    assert (views.look()[0].token_label, views.look()[0].license_label) == ("Token 1", "Laptop")
    state.pool.put(replace(token(1), label="Work"))
    state.licenses["l-1"] = replace(state.licenses["l-1"], label="Desk")
    assert (views.look()[0].token_label, views.look()[0].license_label) == ("Work", "Desk")
    turn = state.begin("responses", "l-1", client="", peer="")
    turn.session_id = "s-1"
    assert views.look()[0].active_turns == 1
    del state.active[turn.id]
    assert views.look()[0].active_turns == 0


async def test_whatever_happens_they_are_as_if_made_anew(state: GatewayState, clock: SetClock) -> None:
    views, book = SessionViews(state), state.pool.sessions
    chance = random.Random(7)
    for _ in range(300):
        number = chance.randrange(40)
        match chance.randrange(4):
            case 0 | 1:
                age = chance.random() * 2 * LIVE_SESSION_S
                book.put(session(number, clock.now() - age, current_token_id=chance.choice(["t-1", "t-2"])))
            case 2:
                book.forget(f"s-{number}")
            case 3:
                clock.pass_by(chance.random() * 3600)
        shown = views.look()
        live = sorted(
            (one for one in book if one.last_active_at > clock.now() - LIVE_SESSION_S),
            key=lambda one: one.last_active_at,
            reverse=True,
        )
        assert [(view.id, view.last_active_at, view.token_id) for view in shown] == [
            (one.id, one.last_active_at, one.current_token_id) for one in live
        ]
        assert +views.by_token() == Counter(one.current_token_id for one in live)


async def test_of_very_many_only_what_has_changed_is_made_anew(state: GatewayState, clock: SetClock) -> None:
    views, book = SessionViews(state), state.pool.sessions
    chance = random.Random(7)
    for number in range(MANY):
        book.put(session(number, clock.now() - chance.random() * 80_000))
    before = views.look()
    assert len(before) == MANY
    for number in range(5):
        clock.pass_by(1)
        book.put(session(chance.randrange(MANY), clock.now(), turns=number))
        (first, *others) = views.look()
        assert first.turns == number
        known = {id(view) for view in before}
        assert all(id(view) in known for view in others)
        before = (first, *others)

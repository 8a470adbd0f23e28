"""The line in front of a token: first come, first served, and nobody is forgotten in it."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import orjson
import pytest

from app.core import health
from app.core.policy import Policy
from app.core.pool import Reason
from app.core.rest import Rest
from app.core.turn import Outcome
from app.gateway import failover
from app.gateway.turnstile import Turnstile
from app.practice import refusals
from app.practice.script import Turn, usage_limit_reached
from tests.gateway.house import PLUS, PRO, House, house
from tests.gateway.test_responses import codex_body

A, B = frozenset({"a"}), frozenset({"b"})


def waits(stile: Turnstile, token_ids: frozenset[str], order: list[str], name: str) -> asyncio.Task[None]:
    ticket = stile.ticket()

    async def wait() -> None:
        await stile.wait(ticket, token_ids, 10)
        order.append(name)

    return asyncio.get_running_loop().create_task(wait())


async def test_the_first_that_waits_for_a_token_is_called() -> None:
    stile, order = Turnstile(), list[str]()
    tasks = [waits(stile, ids, order, name) for name, ids in (("1", B), ("2", A), ("3", A | B), ("4", A))]
    await asyncio.sleep(0)
    for token in ("a", "a", "b"):
        stile.freed(token)
        await asyncio.sleep(0.01)
    assert order == ["2", "3", "1"]
    stile.changed("b")
    await asyncio.sleep(0.01)
    assert len(stile) == 1
    stile.changed()
    await asyncio.gather(*tasks)
    assert order[-1] == "4"
    assert len(stile) == 0


async def test_whoever_leaves_when_called_hands_the_call_on() -> None:
    stile, order = Turnstile(), list[str]()
    first, second = waits(stile, A, order, "1"), waits(stile, A, order, "2")
    await asyncio.sleep(0)
    stile.freed("a")
    first.cancel()
    async with asyncio.timeout(2):
        await second
    assert order == ["2"]


async def test_nobody_waits_longer_than_it_may() -> None:
    stile = Turnstile()
    async with asyncio.timeout(2):
        assert await stile.wait(stile.ticket(), A, 0.01) is None
    assert len(stile) == 0


async def ask(running: House, name: str | None = "0199-thread") -> int:
    async with running.post("/responses", data=codex_body(prompt_cache_key=name)) as answer:
        await answer.read()
        return int(answer.status)


def asks(running: House, *names: str | None) -> list[asyncio.Task[int]]:
    return [running.start(ask(running, name)) for name in names]


def said(running: House) -> list[str]:
    """The session names of the turns that upstream got, in order."""
    return [orjson.loads(record.body).get("prompt_cache_key") for record in running.practice.turns]


async def test_one_turn_more_than_a_token_may_serve_waits_and_does_not_move(tmp_path: Path) -> None:
    gate = asyncio.Event()
    async with house(tmp_path, [PLUS, PRO]) as running:
        assert await ask(running) == 200
        home = running.session().home_token_id
        running.practice.always(Turn(hold=gate))
        tasks = asks(running, *["0199-thread"] * 9)
        await running.until(lambda: len(running.state.turnstile) == 1)
        assert running.state.pool.active_turns(home) == 8
        await running.until(lambda: len(running.practice.turns) == 9)
        await asyncio.sleep(0.05)
        assert len(running.practice.turns) == 9
        gate.set()
        assert await asyncio.gather(*tasks) == [200] * 9
        await running.row()
        assert len(set(running.asked())) == 1
        assert running.session().moves == 0
        assert {row.note for row in list(running.state.recent)[1:]} == {Reason.KEPT}
        assert sum(row.waited_ms is not None for row in running.state.recent) == 1


async def test_a_new_session_goes_where_there_is_room_and_waits_only_when_all_are_busy(tmp_path: Path) -> None:
    gate = asyncio.Event()
    async with house(tmp_path, [PLUS, PRO], policy=Policy(turns_per_token=1)) as running:
        running.practice.always(Turn(hold=gate))
        tasks = asks(running, "a", "b", "c", None)
        await running.until(lambda: len(running.state.turnstile) == 2)
        await running.until(lambda: len(running.practice.turns) == 2)
        assert sorted(running.asked()) == [0, 1]
        gate.set()
        assert await asyncio.gather(*tasks) == [200] * 4


async def test_the_line_is_served_in_the_order_of_arrival(tmp_path: Path) -> None:
    gate = asyncio.Event()
    async with house(tmp_path, policy=Policy(turns_per_token=1)) as running:
        running.practice.always(Turn(hold=gate))
        names = [f"session {number}" for number in range(8)]
        tasks = []
        for place, name in enumerate(names):
            tasks += asks(running, name)
            await running.until(lambda place=place: len(running.state.turnstile) == place)  # type: ignore[misc]
            await running.until(lambda: running.practice.turns)
        gate.set()
        assert await asyncio.gather(*tasks) == [200] * 8
        assert said(running) == names


async def test_a_client_that_leaves_the_line_gives_up_its_place(tmp_path: Path) -> None:
    gate = asyncio.Event()
    async with house(tmp_path, policy=Policy(turns_per_token=1)) as running:
        running.practice.always(Turn(hold=gate))
        first = asks(running, "first")
        await running.until(lambda: running.practice.turns)
        second = asks(running, "second")
        await running.until(lambda: len(running.state.turnstile) == 1)
        third = asks(running, "third")
        await running.until(lambda: len(running.state.turnstile) == 2)
        second[0].cancel()
        with suppress(asyncio.CancelledError):
            await second[0]
        await running.until(lambda: len(running.state.turnstile) == 1)
        gate.set()
        assert await asyncio.gather(*first, *third) == [200, 200]
        assert said(running) == ["first", "third"]
        outcomes = [row.outcome for row in running.state.recent]
        assert sorted(outcomes) == [Outcome.CLIENT_LEFT, Outcome.COMPLETED, Outcome.COMPLETED]


async def test_when_the_token_reaches_its_limit_nobody_stays_in_its_line(tmp_path: Path) -> None:
    gate = asyncio.Event()
    async with house(tmp_path, [PLUS, PRO], policy=Policy(turns_per_token=1)) as running:
        assert await ask(running) == 200
        home = running.session().home_token_id
        account = (PLUS, PRO)[int(home[-1])]
        running.practice.script(Turn(hold=gate, hold_at="headers"), account=account)
        tasks = asks(running, *["0199-thread"] * 5)
        await running.until(lambda: len(running.state.turnstile) == 4)
        running.practice.exhaust(account, resets_in=3600)
        gate.set()
        async with asyncio.timeout(10):
            assert await asyncio.gather(*tasks) == [200] * 5
        assert running.session().moves == 1
        assert running.asked()[2:] == [1 - int(home[-1])] * 5


async def test_a_failure_calls_the_next_in_line(tmp_path: Path) -> None:
    gate = asyncio.Event()
    async with house(tmp_path, policy=Policy(turns_per_token=1, wait_s=0)) as running:
        running.practice.script(Turn(hold=gate), usage_limit_reached(3600))
        tasks = asks(running, "a")
        await running.until(lambda: running.practice.turns)
        tasks += asks(running, "b", "c", "d")
        await running.until(lambda: len(running.state.turnstile) == 3)
        gate.set()
        async with asyncio.timeout(10):
            assert sorted(await asyncio.gather(*tasks)) == [200, 429, 429, 429]


async def test_whoever_waits_for_too_long_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failover, "LINE_S", 0.1)
    gate = asyncio.Event()
    async with house(tmp_path, policy=Policy(turns_per_token=1)) as running:
        running.practice.always(Turn(hold=gate))
        first = asks(running, "a")
        await running.until(lambda: running.practice.turns)
        assert await ask(running, "b") == 429
        gate.set()
        assert await first[0] == 200
        assert {row.error for row in running.state.recent} == {None, "rate_limit_exceeded"}


async def test_the_line_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failover, "LINE_TURNS", 2)
    gate = asyncio.Event()
    async with house(tmp_path, policy=Policy(turns_per_token=1)) as running:
        running.practice.always(Turn(hold=gate))
        tasks = asks(running, "a", "b", "c")
        await running.until(lambda: len(running.state.turnstile) == 2)
        assert await ask(running, "d") == 429
        gate.set()
        assert await asyncio.gather(*tasks) == [200] * 3


async def test_fifty_first_turns_of_one_session_agree_on_one_token(tmp_path: Path) -> None:
    async with house(tmp_path, [PLUS, PRO]) as running:
        assert await asyncio.gather(*asks(running, *["0199-thread"] * 50)) == [200] * 50
        assert len(set(running.asked())) == 1
        assert len(running.state.pool.sessions) == 1
        assert running.session().turns == 50
        assert running.session().moves == 0
        notes = [row.note for row in running.state.recent]
        assert sorted(notes) == [Reason.KEPT] * 49 + [Reason.NEW_SESSION]


@pytest.mark.parametrize("how", ["at its limit", "overloaded", "signed out"])
async def test_fifty_first_turns_agree_also_when_their_first_choice_fails(tmp_path: Path, how: str) -> None:
    async with house(tmp_path, [PLUS, PRO], changes={1: {"spare": True}}) as running:
        if how == "at its limit":
            running.practice.exhaust(PLUS, resets_in=3600)
        elif how == "overloaded":
            running.practice.always(refusals.overloaded(), account=PLUS)
        else:
            running.practice.sign_out(PLUS)
        async with asyncio.timeout(20):
            assert await asyncio.gather(*asks(running, *["0199-thread"] * 50)) == [200] * 50
        assert len(running.state.pool.sessions) == 1
        assert running.session().current_token_id == "t-0001"
        good = [running.number(record) for record in running.practice.turns if record.status == 200]
        assert good == [1] * 50
        if how != "overloaded":
            assert len(running.practice.turns) <= 50 + 3 * 8
        assert len(running.practice.refreshes(PLUS)) == (how == "signed out")


async def test_turns_without_a_name_spread_and_are_no_session(tmp_path: Path) -> None:
    async with house(tmp_path, [PLUS, PRO]) as running:
        assert await asyncio.gather(*asks(running, *[None] * 20)) == [200] * 20
        assert sorted(running.asked()) == [0] * 10 + [1] * 10
        assert len(running.state.pool.sessions) == 0
        assert {row.session_id for row in running.state.recent} == {None}


async def test_a_turn_that_left_while_it_tried_a_resting_token_lets_the_next_try(tmp_path: Path) -> None:
    gate = asyncio.Event()
    async with house(tmp_path) as running:
        running.practice.script(usage_limit_reached(1))
        state = running.state
        held = running.start(ask(running, "a"))
        await running.until(lambda: running.rests(0) is not None)
        running.practice.script(Turn(hold=gate, hold_at="headers"))
        await running.until(lambda: len(running.practice.turns) == 2)
        assert state.pool.health("t-0000").trials
        others = asks(running, "b", "c")
        await running.until(lambda: len(state.turnstile) == 2)
        held.cancel()
        async with asyncio.timeout(5):
            assert await asyncio.gather(*others) == [200, 200]
        assert not state.pool.health("t-0000").trials
        gate.set()


async def test_a_call_that_is_not_used_goes_to_the_next(tmp_path: Path) -> None:
    gate = asyncio.Event()
    async with house(tmp_path, [PLUS, PRO], policy=Policy(turns_per_token=1)) as running:
        assert await ask(running, "a") == 200
        assert await ask(running, "b") == 200
        running.practice.always(Turn(hold=gate))
        tasks = asks(running, "a", "b")
        await running.until(lambda: len(running.practice.turns) == 4)
        tasks += asks(running, "a")
        await running.until(lambda: len(running.state.turnstile) == 1)
        tasks += asks(running, "a")
        await running.until(lambda: len(running.state.turnstile) == 2)
        # The first in line is called, and finds its session moved to the other token, which is busy.
        home = running.session("a").home_token_id
        running.state.pool.put(replace(running.token(int(home[-1])), enabled=False))
        running.practice.always(None)
        gate.set()
        async with asyncio.timeout(10):
            assert await asyncio.gather(*tasks) == [200] * 4
        assert running.session("a").home_token_id != home


@pytest.mark.parametrize("others", [0, 1])
async def test_a_turn_that_hangs_while_it_tries_a_resting_token_keeps_nobody_waiting(
    tmp_path: Path, others: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "TRIAL_S", 0.5)
    async with house(tmp_path, [PLUS, PRO][: 1 + others]) as running:
        assert await asyncio.gather(*asks(running, "a", "b", "c", "d")) == [200] * 4
        homes = {name: running.session(name).home_token_id for name in "abcd"}
        mine = [name for name in "abcd" if homes[name] == "t-0000"]
        # As after a limit that is over.
        running.state.rest("t-0000", Rest(1.0, "usage_limit_reached", 1.0))
        running.practice.script(Turn(hang_at="headers"), account=PLUS)
        hanging = running.start(ask(running, mine[0]))
        await running.until(lambda: running.state.pool.health("t-0000").trials)
        async with asyncio.timeout(5):
            assert await asyncio.gather(*asks(running, *mine[1:])) == [200] * (len(mine) - 1)
        assert not hanging.done()
        assert {name: running.session(name).home_token_id for name in "abcd"} == homes
        assert running.rests(0) is None
        assert running.state.pool.health("t-0000").rest is None

"""Which token serves which session, seen from outside."""

import asyncio
from dataclasses import replace
from pathlib import Path

from app.core.pool import Reason
from app.core.turn import Outcome
from app.practice.script import Turn
from app.practice.server import PracticeUpstream
from tests.gateway.house import PLUS, PRO, House, house
from tests.gateway.test_responses import codex_body


async def turn(running: House, **more: object) -> str | None:
    """The account that served a turn."""
    headers = {"session-id": str(more.pop("header"))} if "header" in more else {}
    async with running.post("/responses", data=codex_body(**more), headers=headers) as answer:
        assert answer.status == 200
        await answer.read()
    return running.practice.turns[-1].email


async def test_a_session_keeps_its_token_and_new_ones_spread(tmp_path: Path) -> None:
    async with house(tmp_path, [PLUS, PRO]) as running:
        first = await turn(running, prompt_cache_key="one")
        second = await turn(running, prompt_cache_key="two")
        assert {first, second} == {PLUS.email, PRO.email}
        for _ in range(3):
            assert await turn(running, prompt_cache_key="one") == first
            assert await turn(running, prompt_cache_key="two") == second


async def test_all_names_on_one_turn_are_names_of_one_session(tmp_path: Path) -> None:
    async with house(tmp_path, [PLUS, PRO]) as running:
        first = await turn(running, prompt_cache_key="body-name", header="header-name")
        await turn(running, prompt_cache_key="other")
        assert await turn(running, prompt_cache_key=None, header="header-name") == first
        assert len(running.state.pool.sessions) == 2


async def test_a_restart_keeps_the_sessions_tokens(tmp_path: Path) -> None:
    practice = PracticeUpstream((), ())
    await practice.start()
    served = {}
    async with house(tmp_path, [PLUS, PRO], practice=practice) as running:
        for name in ("a", "b", "c"):
            served[name] = await turn(running, prompt_cache_key=name)
    async with house(tmp_path, [PLUS, PRO], practice=practice) as running:
        for name in ("c", "b", "a"):
            assert await turn(running, prompt_cache_key=name) == served[name]
            assert running.state.recent[-1].note == Reason.KEPT
    await practice.stop()


async def test_a_disabled_tokens_session_moves(tmp_path: Path) -> None:
    async with house(tmp_path, [PLUS, PRO]) as running:
        first = await turn(running, prompt_cache_key="one")
        pool = running.state.pool
        served = running.state.recent[-1].token_id
        token = pool.get(served or "")
        assert token is not None
        pool.put(replace(token, enabled=False))
        second = await turn(running, prompt_cache_key="one")
        assert second != first
        assert running.state.recent[-1].note == Reason.TOKEN_GONE
        pool.put(replace(token, enabled=True))
        assert await turn(running, prompt_cache_key="one") == second


async def test_running_turns_count_when_spreading(tmp_path: Path) -> None:
    gate = asyncio.Event()
    async with house(tmp_path, [PLUS, PRO]) as running:
        running.practice.always(Turn(hold=gate, hold_at="response.output_item.added"))
        open_turns = [await running.post("/responses", data=codex_body(prompt_cache_key=None)) for _ in range(4)]
        assert [running.state.pool.active_turns(f"t-000{number}") for number in (0, 1)] == [2, 2]
        gate.set()
        for answer in open_turns:
            await answer.read()
        await running.wait_outcome(Outcome.COMPLETED)
        assert [running.state.pool.active_turns(f"t-000{number}") for number in (0, 1)] == [0, 0]


async def test_the_rows_reach_the_store_without_content(tmp_path: Path) -> None:
    async with house(tmp_path) as running:
        await turn(running, prompt_cache_key="one")
        await running.row()
        await running.store.flush()
        (row,) = await running.store.turns(10)
        assert row == running.state.recent[-1]
        assert row.session_id is not None
    everything = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"pong" not in everything
    assert PLUS.access_token.encode() not in everything

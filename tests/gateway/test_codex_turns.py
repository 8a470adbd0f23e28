"""What Codex does that other clients do not: turns of one conversation at the same time, compactions within turns."""

import asyncio
from pathlib import Path

import orjson
import pytest

from app.core.policy import Policy, Strategy
from app.core.turn import Outcome
from app.practice.accounts import practice_account
from app.practice.script import Turn
from tests.gateway.house import PLUS, PRO, House, house
from tests.gateway.test_responses import codex_body, codex_input

TEAM = practice_account("team", "team")


async def turn(running: House, name: str, session: str = "0199-thread", **more: object) -> bytes:
    """A turn of a thread of one session: Codex's sub-agents have threads of their own."""
    headers = {"session-id": session, "thread-id": name}
    async with running.post("/responses", data=codex_body(prompt_cache_key=name, **more), headers=headers) as answer:
        received: bytes = await answer.read()
        assert answer.status == 200, received
        return received


@pytest.mark.parametrize("hold_at", ["headers", "response.created"])
async def test_first_turns_that_come_together_agree_on_a_token(tmp_path: Path, hold_at: str) -> None:
    async with house(tmp_path, [PLUS, PRO]) as running:
        gate = asyncio.Event()
        running.practice.always(Turn(hold=gate, hold_at=hold_at))
        turns = [running.start(turn(running, name)) for name in ("0199-thread", "0199-agent", "0199-other-agent")]
        await running.practice.wait_received(3)
        gate.set()
        await asyncio.gather(*turns)
        assert len(set(running.asked())) == 1
        (session,) = running.state.pool.sessions
        assert set(session.names) == {"0199-thread", "0199-agent", "0199-other-agent"}
        assert (session.turns, session.moves) == (3, 0)


async def test_a_title_is_a_conversation_of_its_own(tmp_path: Path) -> None:
    # Seen with the terminal interface of 0.169: no name of the request for a title is one of the conversation's.
    async with house(tmp_path, [PLUS, PRO]) as running:
        await asyncio.gather(turn(running, "0199-thread"), turn(running, "0199-title", "0199-title"))
        assert sorted(running.asked()) == [0, 1]
        assert len(running.state.pool.sessions) == 2


async def test_turns_that_come_together_move_together(tmp_path: Path) -> None:
    async with house(tmp_path, [PLUS, PRO], policy=Policy(wait_s=0)) as running:
        await turn(running, "0199-thread")
        (first,) = running.asked()
        account = (PLUS, PRO)[first]
        running.practice.exhaust(account, resets_in=3600)
        await asyncio.gather(*(turn(running, name) for name in ("0199-thread", "0199-agent", "0199-thread")))
        served = [running.number(record) for record in running.practice.turns if record.status == 200]
        assert served == [first, *(3 * [1 - first])]
        assert running.session().moves == 1


async def test_first_turns_that_fail_together_end_on_one_token(tmp_path: Path) -> None:
    policy = Policy(strategy=Strategy.IN_ORDER, wait_s=0)
    async with house(tmp_path, [PLUS, PRO, TEAM], policy=policy) as running:
        running.practice.exhaust(PLUS, resets_in=3600)
        await asyncio.gather(*(turn(running, name) for name in ("0199-thread", "0199-agent", "0199-other-agent")))
        served = [running.number(record) for record in running.practice.turns if record.status == 200]
        assert served == [1, 1, 1]
        assert running.session().current_token_id == "t-0001"


async def test_a_compaction_within_a_turn_stays_with_its_account(tmp_path: Path) -> None:
    async with house(tmp_path, [PLUS, PRO], policy=Policy(wait_s=0)) as running:
        await turn(running, "0199-thread")
        (first,) = running.asked()
        trigger = [*codex_input("long"), {"type": "compaction_trigger"}]
        answer = await turn(running, "0199-thread", input=trigger)
        events = [orjson.loads(line[6:]) for line in answer.splitlines() if line.startswith(b"data: {")]
        items = [event["item"] for event in events if event["type"] == "response.output_item.done"]
        assert [item["type"] for item in items] == ["compaction"]
        row = await running.wait_outcome(Outcome.COMPLETED)
        assert row.verbatim
        assert answer == running.practice.turns[-1].sent
        # What it made can be read there alone: nobody else is asked.
        running.practice.exhaust((PLUS, PRO)[first], resets_in=3600)
        body = codex_body(input=[*items, *codex_input("go on")])
        async with running.post("/responses", data=body) as refused:
            assert refused.status == 429
            error = orjson.loads(await refused.read())["error"]
        assert (error["type"], error["code"]) == ("usage_limit_reached", "usage_limit_reached")
        assert set(running.asked()) == {first}


async def test_a_compaction_that_its_account_cannot_make_is_made_by_another(tmp_path: Path) -> None:
    async with house(tmp_path, [PLUS, PRO], policy=Policy(wait_s=0)) as running:
        await turn(running, "0199-thread")
        (first,) = running.asked()
        running.practice.exhaust((PLUS, PRO)[first], resets_in=3600)
        trigger = [*codex_input("long"), {"type": "compaction_trigger"}]
        assert b'"type":"compaction"' in await turn(running, "0199-thread", input=trigger)
        assert running.asked() == [first, first, 1 - first]

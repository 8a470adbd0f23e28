"""Conversations over several turns: upstream's prompt cache knows them again, with a name and without one."""

import asyncio
from pathlib import Path
from typing import Any

import orjson
import pytest

from app.core.policy import Policy
from app.core.pool import Reason
from app.practice.script import Turn
from tests.gateway.house import API, PLUS, PRO, House, house

SYSTEM = {"role": "system", "content": "Answer in one sentence. " * 20}
NAMES: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "session_id": ({"session_id": "会话-7"}, {}),
    "prompt_cache_key": ({"prompt_cache_key": "conversation-7"}, {}),
    "a long name": ({"session_id": "x" * 200}, {}),
    "a header": ({}, {"x-session-id": "conversation-7"}),
    "no name": ({}, {}),
}


class Talk:
    """A client that sends the whole conversation with each turn, as chat clients do."""

    def __init__(self, running: House, begins: str = "What is a waystation?", *, how: str = "no name") -> None:
        self._running = running
        self._begins = begins
        self._more, self._headers = NAMES[how]
        self.messages: list[dict[str, Any]] = [SYSTEM]

    async def say(self, text: str | None = None, **more: Any) -> tuple[int, int]:
        """One turn; the prompt's tokens, and how many of them upstream had in its cache."""
        self.messages.append({"role": "user", "content": text or self._begins})
        body = {"model": "gpt-5-low", "messages": self.messages, **self._more, **more}
        async with self._running.post("/chat/completions", data=orjson.dumps(body), headers=self._headers) as answer:
            content = orjson.loads(await answer.read())
            assert answer.status == 200, content
        self.messages.append({"role": "assistant", "content": content["choices"][0]["message"]["content"]})
        usage = content["usage"]
        return usage["prompt_tokens"], usage["prompt_tokens_details"]["cached_tokens"]


@pytest.mark.parametrize("how", NAMES)
@pytest.mark.parametrize("who", [[PLUS, PRO], [API]])
async def test_the_cached_share_of_a_conversation_grows(tmp_path: Path, who: list[Any], how: str) -> None:
    async with house(tmp_path, who) as running:
        talk = Talk(running, how=how)
        said = [await talk.say(text) for text in (None, "And a horse?", "And a courier?", "And then?")]
        shares = [cached / total for total, cached in said]
        assert shares[0] == 0
        assert shares[1] > 0.5
        assert shares[1] < shares[2] < shares[3]
        assert len({running.number(turn) for turn in running.practice.turns}) == 1
        row = await running.row()
        assert row.usage is not None
        assert row.usage.cached_tokens == said[-1][1]


async def test_the_headers_are_of_the_conversation_and_say_nothing_of_it(tmp_path: Path) -> None:
    async with house(tmp_path) as running:
        for how in NAMES:
            talk = Talk(running, how=how)
            await talk.say()
            await talk.say("And a horse?")
        await Talk(running, "Something else.").say()
        await Talk(running).say(model="gpt-5.5")
        turns = running.practice.turns
        names = [turn.header("session_id") for turn in turns]
        assert names == [turn.header("thread_id") for turn in turns]
        # Two of the five are called the same.
        assert len(set(names)) == 4 + 2
        for first, second in zip(names[0:10:2], names[1:10:2], strict=True):
            assert first == second
            assert first is not None
            assert len(first) == 36
        for turn in turns:
            assert turn.header("originator") == "waystation"
            assert (turn.header("User-Agent") or "").startswith("Waystation/")
            assert turn.header("chatgpt-account-id") == PLUS.account_id
            assert len(orjson.loads(turn.body)["prompt_cache_key"]) <= 64


async def test_conversations_without_a_name_spread_and_each_stays_where_it_began(tmp_path: Path) -> None:
    async with house(tmp_path, [PLUS, PRO]) as running:
        talks = [Talk(running, f"Question {number}") for number in range(4)]
        for talk in talks:
            await talk.say()
        assert sorted(running.asked()) == [0, 0, 1, 1]
        began = running.asked()
        for talk in reversed(talks):
            assert (await talk.say("More."))[1] > 0
        assert running.asked()[4:] == began[::-1]
        # They are no sessions: a list of everything ever asked would help nobody.
        assert len(running.state.pool.sessions) == 0
        assert {row.note for row in running.state.recent} == {Reason.NO_SESSION}


async def test_a_conversation_without_a_name_waits_for_nobody_and_stays_where_it_went(tmp_path: Path) -> None:
    async with house(tmp_path, [PLUS, PRO], policy=Policy(turns_per_token=1)) as running:
        talk = Talk(running)
        await talk.say()
        began = running.asked()[0]
        gate = asyncio.Event()
        running.practice.script(Turn(hold=gate), account=(PLUS, PRO)[began])
        running.practice.script(Turn(hold=gate), account=(PLUS, PRO)[began])
        others = [running.start(Talk(running, f"Question {number}").say()) for number in range(2)]
        await running.until(lambda: len(running.practice.turns) >= 2 and running.asked().count(began) == 2)
        await asyncio.sleep(0.05)
        await talk.say("More.")
        assert running.asked()[-1] == 1 - began
        gate.set()
        await asyncio.gather(*others)
        assert (await talk.say("And more."))[1] > 0
        assert running.asked()[-1] == 1 - began


async def test_a_conversation_without_a_name_leaves_a_token_at_its_limit(tmp_path: Path) -> None:
    async with house(tmp_path, [PLUS, PRO]) as running:
        talk = Talk(running)
        await talk.say()
        began = running.asked()[0]
        running.practice.exhaust((PLUS, PRO)[began], resets_in=3600)
        assert (await talk.say("More."))[1] == 0
        assert (await talk.say("And more."))[1] > 0
        assert running.asked()[1:] == [began, 1 - began, 1 - began]

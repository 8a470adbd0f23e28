"""A license whose budget is spent or whose time is over, as the real Codex sees it; and wrong ones, as guessers do."""

import asyncio
import time

import aiohttp
import pytest

from app.practice.server import PracticeUpstream
from tests.e2e.codex import NEWEST
from tests.e2e.program import Run, Waystation
from tests.e2e.talking import TOOL, conversation, posts


@pytest.mark.parametrize("version", ["0.45.0", NEWEST])
async def test_a_spent_budget_is_told_once_with_the_time_of_the_new_one(
    version: str, waystation: Waystation, serve_with_login: Run, upstream: PracticeUpstream
) -> None:
    made = await waystation.command("license.create", label="small", daily_tokens=1)
    waystation.secrets.add(made["key"])
    async with conversation(waystation, upstream, version, license=made["key"]) as talk:
        # What has begun ends; the next one finds the budget spent.
        assert (await talk.ask("say hello")).code == 0
        done = await talk.ask("say hello")
    assert done.code != 0
    assert posts(waystation) == 2
    assert len(upstream.turns) == 1
    told = next(line for line in done.err.splitlines() if line.startswith("ERROR: "))
    if version == "0.45.0":
        assert told.startswith("ERROR: You've hit your usage limit. Try again in "), told
    else:
        assert "daily budget" in told, told
        assert told.endswith("12:00 AM."), told


async def test_an_expired_license_is_told_so(
    waystation: Waystation, serve_with_login: Run, upstream: PracticeUpstream
) -> None:
    made = await waystation.command("license.create", label="short", expires_at=time.time() + 0.5)
    waystation.secrets.add(made["key"])
    async with conversation(waystation, upstream, NEWEST, license=made["key"]) as talk:
        await asyncio.sleep(0.5)
        done = await talk.ask(TOOL)
    assert done.code != 0
    # Codex repeats a 401 five times, whatever it says, and shows the sentence then.
    assert "Expired license key provided" in done.err
    assert upstream.turns == []


async def test_guesses_are_answered_ever_more_slowly_and_a_right_license_at_once(
    waystation: Waystation, serve_with_login: Run
) -> None:
    key = await waystation.license()
    url = f"{serve_with_login.address}/models"

    async def timed(client: aiohttp.ClientSession, license: str) -> tuple[int, float]:
        begun = time.monotonic()
        async with client.get(url, headers={"Authorization": f"Bearer {license}"}) as answer:
            await answer.read()
            return answer.status, time.monotonic() - begun

    async with aiohttp.ClientSession() as client:
        guesses = [await timed(client, f"ws-guess-number-{number}") for number in range(8)]
        async with asyncio.TaskGroup() as tasks:
            held = tasks.create_task(timed(client, "ws-guess-number-9"))
            await asyncio.sleep(0.1)
            right = await timed(client, key)
            waiting = not held.done()
    assert {status for status, _ in guesses} == {401}
    assert guesses[0][1] < 0.5 < guesses[-1][1] < 3
    assert waiting
    assert right[0] == 200
    assert right[1] < 0.5

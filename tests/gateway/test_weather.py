"""Many turns at once in all kinds of weather: nobody hangs, nothing is left over, and every failure has a reason."""

import asyncio
import random
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest

from app.core.policy import Policy
from app.core.turn import Outcome
from app.practice import refusals
from app.practice.accounts import practice_account
from app.practice.script import Behaviour, Turn, failed, usage_limit_reached
from tests.gateway.house import API, PLUS, PRO, House, house
from tests.gateway.test_failover import WAYS
from tests.gateway.test_responses import codex_body

THIRD = practice_account("third", "plus")


def weather(chance: random.Random) -> Behaviour:
    """What the next turn meets."""
    bad: tuple[Behaviour, ...] = (
        refusals.overloaded(),
        refusals.server_error(502),
        refusals.rate_limited(None, "50ms"),
        refusals.rate_limited(30, None),
        refusals.unauthorized(),
        refusals.invalid_encrypted_content(None),
        usage_limit_reached(1),
        usage_limit_reached(3600),
        failed("server_error", "Broken."),
        failed("usage_limit_reached", "The usage limit has been reached", resets_in_seconds=1),
        failed("server_error", "Broken.", at="response.output_text.delta"),
        Turn(cut_at="headers"),
        Turn(cut_at="response.created"),
        Turn(cut_at="response.output_text.delta"),
        Turn(end_at="response.created"),
        Turn(piece=50),
        Turn(delay=0.005),
    )
    return chance.choice(bad) if chance.random() < 0.5 else Turn()


async def client(running: House, number: int, chance: random.Random) -> int | None:
    way = WAYS[number % len(WAYS)]
    if way.name == "stream":
        way = replace(way, body=codex_body(prompt_cache_key=f"session {number % 7}"))
    try:
        async with asyncio.timeout(chance.random() * 0.2 if chance.random() < 0.15 else 40):
            async with running.post(way.path, data=way.body, headers=dict(way.headers)) as answer:
                with suppress(aiohttp.ClientPayloadError):
                    await answer.read()
                return int(answer.status)
    except TimeoutError:
        return None


# The practice upstream's own server says this when a client leaves just as its answer begins; ours never does.
@pytest.mark.expects_errors("Error handling request from")
@pytest.mark.parametrize("seed", range(4))
async def test_nobody_hangs_and_nothing_is_left_over(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    policy = Policy(wait_s=10, turns_per_token=3)
    async with house(tmp_path, [PLUS, PRO, THIRD, API], policy=policy) as running:
        running.practice.script(*(weather(chance) for _ in range(150)))

        async def user() -> None:
            while True:
                await asyncio.sleep(0.3)
                running.state.try_again()
                for number in range(4):
                    if running.token(number).sign_in_needed:
                        running.state.sign_in_needed(f"t-{number:04d}", None)

        caring = running.start(user())
        async with asyncio.timeout(60):
            statuses = await asyncio.gather(*(client(running, number, chance) for number in range(90)))
        caring.cancel()
        await running.row()
        assert set(statuses) <= {200, 400, 429, 500, 502, 503, None}
        # Whoever comes when all are at their limit for an hour is told so at once.
        assert statuses.count(200) + statuses.count(429) > 45
        rows = list(running.state.recent)
        assert len(rows) <= 90
        assert "internal_error" not in {row.error for row in rows}
        assert all(row.error for row in rows if row.outcome in (Outcome.FAILED, Outcome.REFUSED))
        for row in rows:
            if row.outcome is Outcome.CLIENT_LEFT:
                continue
            assert row.status is not None
        running.practice.clear_script()
        running.state.try_again()
        for number in range(len(WAYS)):
            assert await client(running, number, random.Random(1)) in (200, None)

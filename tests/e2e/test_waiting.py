"""All tokens at their limit: the real Codex waits at the station, or is told when to come back."""

import asyncio
import time
from datetime import datetime

import pytest

from app.practice.accounts import practice_account
from app.practice.server import PracticeUpstream
from tests.e2e.codex import NEWEST
from tests.e2e.program import Run, Waystation, until
from tests.e2e.talking import SOME_VERSIONS, TOOL, conversation, posts, served
from tests.e2e.test_restart import two_tokens

# Seconds. Less than six are waited for without the station.
AHEAD = 7.0
HOUR = 3600.0


@pytest.mark.parametrize("version", SOME_VERSIONS)
async def test_codex_waits_for_the_reset_with_one_post_and_no_error(
    version: str, waystation: Waystation, serve: Run, upstream: PracticeUpstream
) -> None:
    await two_tokens(waystation, upstream)
    async with conversation(waystation, upstream, version) as talk:
        (first, _) = await talk.well()
        before = posts(waystation)
        back = time.time() + AHEAD
        for account in upstream.accounts:
            upstream.exhaust(account, resets_in=AHEAD if account.label == first.label else HOUR)
        turns = await talk.well()
        ended = time.time()

    other = turns[1].label
    assert served(turns) == [(first.label, 429), (other, 429), (first.label, 200), (first.label, 200)]
    # Held, and then sent as it came.
    assert turns[2].sha256 == turns[0].sha256
    assert other != first.label
    # The request that waited, and the one with the tool's output.
    assert posts(waystation) == before + 2
    assert "waits at the station" in waystation.logs
    print(f"{version}: answered {ended - back:.1f} s after the reset")
    assert 0 <= ended - back < 8


@pytest.mark.parametrize("version", SOME_VERSIONS)
async def test_without_waiting_codex_is_told_once_who_is_back_when(
    version: str, waystation: Waystation, serve: Run, upstream: PracticeUpstream
) -> None:
    third = practice_account("third", "plus", label="Third (practice 练习)")
    upstream.add(third)
    await two_tokens(waystation, upstream)
    await waystation.import_account(third.auth_json(), third.label)
    await waystation.command("pool.policy", wait_s=0)
    first, second = upstream.accounts
    upstream.sign_out(third)
    back = time.time() + 3 * HOUR
    upstream.exhaust(first, resets_in=3 * HOUR)
    upstream.exhaust(second, resets_in=4 * HOUR)
    async with conversation(waystation, upstream, version) as talk:
        done = await talk.ask(TOOL)
        asked = talk.news()

    assert done.code != 0
    assert posts(waystation) == 1
    assert sorted(turn.status for turn in asked) == [401, 429, 429]
    # To the second, which the next minute may begin with. Codex names the day where it is not today's.
    times = [datetime.fromtimestamp(back + late) for late in range(-1, 4)]
    tomorrow = "" if times[0].date() == datetime.now().date() else f"{ordinal_day(times[0])} "
    told = [line for line in done.err.splitlines() if line.startswith("ERROR: ")]
    if version == "0.45.0":
        expected = {"Try again in 3 hours.", "Try again in 2 hours 59 minutes."}
        assert any(told[0].endswith(sentence) for sentence in expected), told
    else:
        expected = {
            f"Waystation: 3 tokens: 2 at their limit (first back at {at:%H:%M}), 1 needs sign-in, "
            f"or try again at {tomorrow}{at:%-I:%M %p}."
            for at in times
        }
        assert any(told[0].endswith(sentence) for sentence in expected), told


async def test_the_user_may_give_up_or_move_what_waits_and_codex_may_leave(
    waystation: Waystation, serve: Run, upstream: PracticeUpstream
) -> None:
    ids = await two_tokens(waystation, upstream)
    async with conversation(waystation, upstream, NEWEST) as talk:
        (first, _) = await talk.well()
        old, new = sorted(upstream.accounts, key=lambda account: account.label != first.label)
        upstream.exhaust(old, resets_in=300)
        upstream.exhaust(new, resets_in=400)
        before = posts(waystation)
        async with asyncio.TaskGroup() as tasks:
            asking = tasks.create_task(talk.ask(TOOL))
            await waystation.ok("turn", "give-up", await waiting(waystation))
        assert "2 at their limit" in asking.result().err
        assert posts(waystation) == before + 1

        async with asyncio.TaskGroup() as tasks:
            leaving = tasks.create_task(talk.ask(TOOL))
            await waiting(waystation)
            leaving.cancel()

        async def nobody_waits() -> bool:
            return await waystation.json("turn", "list") == []

        await until(nobody_waits, "the place at the station to be free")

        talk.news()
        upstream.quota(new).primary.used_percent = 0.0
        async with asyncio.TaskGroup() as tasks:
            asking = tasks.create_task(talk.ask(TOOL))
            await waystation.ok("turn", "move", await waiting(waystation), ids[new.label])
        assert served(talk.check(asking.result())) == [(new.label, 200)] * 2


def ordinal_day(at: datetime) -> str:
    """As Codex writes a day: ``Nov 23rd, 2026``."""
    ending = "th" if 11 <= at.day <= 13 else {1: "st", 2: "nd", 3: "rd"}.get(at.day % 10, "th")
    return f"{at:%b} {at.day}{ending}, {at.year}"


async def waiting(waystation: Waystation) -> str:
    """The id of the one turn that waits, once there is one."""

    async def look() -> list[dict[str, str]]:
        found: list[dict[str, str]] = await waystation.command("turn.held")
        return found

    (held,) = await until(look, "a turn that waits")
    return held["turn_id"]

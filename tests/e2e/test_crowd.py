"""Many at once: several of the real Codex on tokens that serve one turn at a time, and more streams than files."""

import asyncio
import resource
from contextlib import AsyncExitStack

import aiohttp

from app.practice.script import Turn
from app.practice.server import PracticeUpstream
from tests.e2e.codex import NEWEST
from tests.e2e.program import Run, Waystation, until
from tests.e2e.talking import TOOL, conversation, posts
from tests.e2e.test_restart import two_tokens


async def test_turns_beyond_the_cap_wait_in_line_and_no_session_moves(
    waystation: Waystation, serve: Run, upstream: PracticeUpstream
) -> None:
    await two_tokens(waystation, upstream)
    await waystation.ok("pool", "set", "--turns-per-token", "1")
    async with AsyncExitStack() as shells:
        talks, homes = [], []
        for _ in range(3):
            talk = await shells.enter_async_context(conversation(waystation, upstream, NEWEST))
            await talk.ask("say hello")
            talks.append(talk)
            homes.append(upstream.turns[-1].label)
        # Three conversations on two tokens: two of them share one.
        shared = max(homes, key=homes.count)
        assert homes.count(shared) == 2
        account = next(account for account in upstream.accounts if account.label == shared)
        before, gate = len(upstream.turns), asyncio.Event()
        upstream.script(Turn(hold=gate), account=account)
        async with asyncio.TaskGroup() as tasks:
            asking = [tasks.create_task(talk.ask(TOOL)) for talk in talks]
            lone = asking[homes.index(next(home for home in homes if home != shared))]
            # The one that shares its token with nobody is done meanwhile.
            await asyncio.wait([lone], timeout=30)

            async def two_wait() -> bool:
                return (await waystation.status())["active_turns"] == 2

            await until(two_wait, "the turn in line")
            assert [turn.label for turn in upstream.turns[before:]].count(shared) == 1
            gate.set()
        done = [task.result() for task in asking]
        assert [one.code for one in done] == [0, 0, 0], done
        assert all("marker-42" in one.out for one in done)
    assert all(turn.status == 200 and turn.problem == "" for turn in upstream.turns)
    assert sorted(turn.label or "" for turn in upstream.turns[before:]) == sorted(2 * homes)
    assert posts(waystation) == len(upstream.turns)
    assert {session["moves"] for session in await waystation.json("session", "list")} == {0}


async def test_more_streams_run_than_files_may_be_open_where_it_is_started(
    waystation: Waystation, upstream: PracticeUpstream
) -> None:
    most = resource.getrlimit(resource.RLIMIT_NOFILE)
    # As macOS starts programs with 256, and Linux with 1,024.
    resource.setrlimit(resource.RLIMIT_NOFILE, (80, most[1]))
    try:
        run = await waystation.serve()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, most)
    assert await waystation.room_for_files() >= 4_500
    await two_tokens(waystation, upstream)
    await waystation.ok("pool", "set", "--turns-per-token", "100")
    key, gate = await waystation.license(), asyncio.Event()
    upstream.script(Turn(hold=gate), times=60)
    body = {"model": "gpt-5.5", "input": "hello", "stream": True}
    async with aiohttp.ClientSession(headers={"Authorization": key}) as client, asyncio.TaskGroup() as tasks:

        async def ask() -> str:
            async with client.post(f"http://127.0.0.1:{run.port}/codex/v1/responses", json=body) as answer:
                return await answer.text()

        asking = [tasks.create_task(ask()) for _ in range(60)]
        await until(lambda: len(upstream.turns) == 60, "all of them upstream")
        gate.set()
    assert all("response.completed" in task.result() for task in asking)

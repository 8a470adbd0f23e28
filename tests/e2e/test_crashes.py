"""The program is killed in the middle of something, as by a power cut, while the real Codex waits for its answer."""

import asyncio
from collections.abc import Callable

import pytest

from app.practice.recorder import ReceivedRequest
from app.practice.script import Turn
from app.practice.server import PracticeUpstream
from tests.e2e.codex import NEWEST
from tests.e2e.program import Run, Waystation, until
from tests.e2e.talking import TOOL, Talk, conversation, keep_secret, sealed_by, served
from tests.e2e.test_restart import BATCH_TIME, two_tokens


async def killed_while(
    waystation: Waystation, run: Run, talk: Talk, look: Callable[[], object], *, later: float = 0.0
) -> list[ReceivedRequest]:
    """Kill the program as soon as ``look`` gives something true, start it anew; the turn that Codex had begun."""
    async with asyncio.TaskGroup() as tasks:
        asking = tasks.create_task(talk.ask(TOOL))
        await until(look, "the moment to kill it")
        await asyncio.sleep(later)
        await run.kill()
        await waystation.serve("--port", str(run.port))
    done = asking.result()
    assert done.code == 0, f"{done.out}\n{done.err[-3000:]}\n{waystation.logs[-3000:]}"
    assert "marker-42" in done.out
    return talk.news()


@pytest.mark.parametrize("when", ["before it is rotated", "after it was rotated", "when the new one is used"])
async def test_killed_during_a_refresh(
    when: str, waystation: Waystation, serve: Run, upstream: PracticeUpstream
) -> None:
    await two_tokens(waystation, upstream)
    async with conversation(waystation, upstream, NEWEST) as talk:
        (first, _) = await talk.well()
        mine = next(account for account in upstream.accounts if account.label == first.label)
        upstream.revoke(mine)
        if when == "when the new one is used":
            upstream.script(Turn(hang_at="headers"), account=mine)
            turns = await killed_while(waystation, serve, talk, lambda: len(upstream.turns) == 4)
        else:
            point = "request" if when.startswith("before") else "headers"
            upstream.script(Turn(hang_at=point), account=mine, on="token")
            wanted = 0 if point == "request" else 200
            turns = await killed_while(
                waystation, serve, talk, lambda: [one for one in upstream.refreshes(mine) if one.status == wanted]
            )
        keep_secret(waystation, upstream)
        states = {item["label"]: item["state"] for item in await waystation.json("token", "list")}
        if when == "after it was rotated":
            # The answer was on its way, and is lost with what it held: nobody can know, and upstream says so.
            assert states[mine.label] == "sign_in"
            assert turns[-1].label != mine.label
        else:
            assert set(states.values()) == {"ready"}
            assert served(turns)[-2:] == [(mine.label, 200)] * 2
            if when == "when the new one is used":
                # The pair that was stored is whole: it can be renewed again.
                upstream.revoke(upstream.newest(mine))
                assert (await talk.well())[-1].label == mine.label
                keep_secret(waystation, upstream)
                assert [one.status for one in upstream.refreshes(mine)] == [200, 200]
        assert all(turn.problem == "" for turn in turns)


@pytest.mark.parametrize("later", [0.0, BATCH_TIME], ids=["at once", "when it is stored"])
async def test_killed_during_a_move(
    later: float, waystation: Waystation, serve: Run, upstream: PracticeUpstream
) -> None:
    ids = await two_tokens(waystation, upstream)
    async with conversation(waystation, upstream, NEWEST) as talk:
        (first, _) = await talk.well()
        old, new = sorted(upstream.accounts, key=lambda account: account.label != first.label)
        upstream.exhaust(old, resets_in=3600)
        upstream.script(Turn(hang_at="headers"), account=new)
        turns = await killed_while(waystation, serve, talk, lambda: len(upstream.turns) == 4, later=later)
        assert served(turns)[-2:] == [(new.label, 200)] * 2
        more = await talk.well()
        assert served(more) == [(new.label, 200)] * 2
        assert [turn.problem for turn in (*turns, *more)] == [""] * len((*turns, *more))
        assert [sealed_by(turn, old) for turn in more] == [0, 0]
    (session,) = await waystation.json("session", "list")
    assert session["home_token_id"] == session["token_id"] == ids[new.label]


async def test_killed_during_waiting(waystation: Waystation, serve: Run, upstream: PracticeUpstream) -> None:
    await two_tokens(waystation, upstream)
    async with conversation(waystation, upstream, NEWEST) as talk:
        (first, _) = await talk.well()
        for account in upstream.accounts:
            upstream.exhaust(account, resets_in=9.0 if account.label == first.label else 3600)
        turns = await killed_while(
            waystation, serve, talk, lambda: "waits at the station" in waystation.logs, later=0.2
        )
    assert served(turns)[-2:] == [(first.label, 200)] * 2
    assert waystation.logs.count("waits at the station") == 2

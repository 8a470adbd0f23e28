"""The real Codex in a conversation that the user moves to another token, or pins to its own."""

import asyncio

from app.practice.server import PracticeUpstream
from tests.e2e.codex import NEWEST
from tests.e2e.program import Run, Waystation, until
from tests.e2e.talking import TOOL, WAITING_TOOL, conversation, posts, sealed_by, served
from tests.e2e.test_restart import two_tokens


async def test_a_conversation_goes_on_where_the_user_moves_it_also_in_mid_turn(
    waystation: Waystation, serve: Run, upstream: PracticeUpstream
) -> None:
    ids = await two_tokens(waystation, upstream)
    async with conversation(waystation, upstream, NEWEST) as talk:
        (first, _) = await talk.well()
        old, new = sorted(upstream.accounts, key=lambda account: account.label != first.label)
        (session,) = await waystation.json("session", "list")
        said = await waystation.ok("session", "move", session["id"], ids[new.label])
        assert said == f"{session['id']} goes to {ids[new.label]} ({new.label})\n"
        moved = await talk.well()
        assert served(moved) == [(new.label, 200)] * 2
        assert [turn.problem for turn in moved] == [""] * 2
        assert [sealed_by(turn, old) for turn in moved] == [0] * 2

        # Back, between two requests of one turn.
        async with asyncio.TaskGroup() as tasks:
            asking = tasks.create_task(talk.ask(WAITING_TOOL))
            await until(lambda: len(upstream.turns) == 5, "the turn's first request")
            await waystation.ok("session", "move", session["id"], ids[old.label])
            talk.release()
        back = talk.check(asking.result())
        assert served(back) == [(new.label, 200), (old.label, 200)]
        # What it sealed itself is of use to it again, the other's is not.
        assert (sealed_by(back[1], new), sealed_by(back[1], old) > 0) == (0, True)
        stayed = await talk.well()
        assert served(stayed) == [(old.label, 200)] * 2
        assert [turn.problem for turn in (*back, *stayed)] == [""] * 4

    (session,) = await waystation.json("session", "list")
    assert session["home_token_id"] == session["token_id"] == ids[old.label]
    assert session["moves"] == 2
    notes = [row["note"] for row in await waystation.command("turn.list", session_id=session["id"])]
    assert notes == ["kept", "kept", "user", "kept", "kept", "user", "kept", "new_session"]
    rows = await waystation.command("turn.list")
    for name in ("input_tokens", "cached_tokens", "output_tokens"):
        assert session[name] == sum(row["usage"][name] for row in rows)
    assert (session["client"], session["model"]) == (rows[0]["client"], rows[0]["model"])


async def test_a_pinned_conversation_waits_at_its_limit_while_another_token_is_free(
    waystation: Waystation, serve: Run, upstream: PracticeUpstream
) -> None:
    ids = await two_tokens(waystation, upstream)
    async with conversation(waystation, upstream, NEWEST) as talk:
        (first, _) = await talk.well()
        mine, other = sorted(upstream.accounts, key=lambda account: account.label != first.label)
        (session,) = await waystation.json("session", "list")
        await waystation.ok("session", "pin", session["id"])
        await waystation.command("pool.policy", wait_s=0)
        upstream.exhaust(mine, resets_in=3600)
        before = posts(waystation)
        done = await talk.ask(TOOL)
        assert done.code != 0
        assert posts(waystation) == before + 1
        assert served(talk.news()) == [(mine.label, 429)]
        told = [line for line in done.err.splitlines() if line.startswith("ERROR: ")]
        assert "pinned to a token that is at its limit (back at " in told[0], told
        assert "Unpin it in Waystation, or move it to another token" in told[0]

        # It waits for its own, and goes on at once when the user lets it.
        await waystation.command("pool.policy", wait_s=7200)
        async with asyncio.TaskGroup() as tasks:
            asking = tasks.create_task(talk.ask(TOOL))
            await until(lambda: waystation.command("turn.held"), "a request that waits")
            assert talk.news() == []
            await waystation.ok("session", "unpin", session["id"])
        freed = talk.check(asking.result())
        assert served(freed) == [(other.label, 200)] * 2
        assert [turn.problem for turn in freed] == [""] * 2

    (session,) = await waystation.json("session", "list")
    assert (session["home_token_id"], session["pinned"]) == (ids[other.label], False)

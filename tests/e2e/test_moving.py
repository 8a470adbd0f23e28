"""The real Codex in mid-conversation when its token reaches a limit, fails, or is refused."""

import asyncio

import pytest

from app.practice.refusals import server_error
from app.practice.script import Behaviour, failed
from app.practice.server import PracticeUpstream
from tests.e2e.codex import NEWEST
from tests.e2e.program import Run, Waystation, until
from tests.e2e.talking import TOOL, WAITING_TOOL, conversation, keep_secret, posts, sealed_by, served
from tests.e2e.test_restart import two_tokens


def in_stream() -> Behaviour:
    """A limit that a 200 tells as its first event."""
    return failed("usage_limit_reached", "The usage limit has been reached", at=0, resets_in_seconds=3600)


@pytest.mark.parametrize(
    ("version", "told"), [("0.45.0", "429"), ("0.120.0", "in a 200"), ("0.169.0", "429"), ("0.169.0", "in a 200")]
)
async def test_a_conversation_goes_on_past_a_limit_and_comes_home_from_a_loan(
    version: str, told: str, waystation: Waystation, serve: Run, upstream: PracticeUpstream
) -> None:
    ids = await two_tokens(waystation, upstream)
    async with conversation(waystation, upstream, version) as talk:
        (first, _) = begun = await talk.well()
        old, new = sorted(upstream.accounts, key=lambda account: account.label != first.label)
        assert served(begun) == [(old.label, 200)] * 2

        async with asyncio.TaskGroup() as tasks:
            asking = tasks.create_task(talk.ask(WAITING_TOOL))
            await until(lambda: len(upstream.turns) == 3, "the turn's first request")
            if told == "429":
                upstream.exhaust(old, resets_in=3600)
            else:
                upstream.script(in_stream(), account=old)
            talk.release()
        moved = talk.check(asking.result())
        refused = 429 if told == "429" else 200
        assert served(moved) == [(old.label, 200), (old.label, refused), (new.label, 200)]
        # What the new one got is what the old one got, without what only that could read.
        assert sealed_by(moved[1], old) >= 2
        assert sealed_by(moved[2], old) == 0
        assert all(turn.problem == "" for turn in moved)

        stayed = [*await talk.well(), *await talk.well()]
        assert served(stayed) == [(new.label, 200)] * 4
        assert [turn.problem for turn in stayed] == [""] * 4
        assert [sealed_by(turn, old) for turn in stayed] == [0] * 4
        assert sealed_by(stayed[-1], new) >= 4

        # A loan: the new home fails for one turn, and the old token has quota again.
        upstream.quota(old).primary.used_percent = 0.0
        await waystation.ok("pool", "reset")
        upstream.script(server_error(500), account=new, times=2)
        lent = await talk.well()
        assert served(lent) == [(new.label, 500), (new.label, 500), (old.label, 200), (new.label, 200)]
        assert sealed_by(lent[2], new) == 0
        # Its own is still of use to it.
        assert sealed_by(lent[2], old) >= 2
        back = await talk.well()
        assert served(back) == [(new.label, 200)] * 2
        assert [turn.problem for turn in (*lent, *back)] == [""] * 6
        assert [sealed_by(turn, old) for turn in back] == [0] * 2

    (session,) = await waystation.json("session", "list")
    assert session["home_token_id"] == session["token_id"] == ids[new.label]
    # To the new one, lent to the old one, and back.
    assert session["moves"] == 3


async def test_a_revoked_login_is_refreshed_in_mid_conversation_and_codex_sees_nothing(
    waystation: Waystation, serve: Run, upstream: PracticeUpstream
) -> None:
    await two_tokens(waystation, upstream)
    async with conversation(waystation, upstream, NEWEST) as talk:
        (first, _) = await talk.well()
        mine = next(account for account in upstream.accounts if account.label == first.label)
        async with asyncio.TaskGroup() as tasks:
            asking = tasks.create_task(talk.ask(WAITING_TOOL))
            await until(lambda: len(upstream.turns) == 3, "the turn's first request")
            upstream.revoke(mine)
            talk.release()
        renewed = talk.check(asking.result())
        # Who is refused has no name upstream.
        assert served(renewed) == [(mine.label, 200), (None, 401), (mine.label, 200)]
        assert [refresh.status for refresh in upstream.refreshes(mine)] == [200]
        keep_secret(waystation, upstream)

        assert {item["state"] for item in await waystation.json("token", "list")} == {"ready"}


async def test_a_dead_login_is_left_and_without_any_other_codex_is_told_to_sign_in(
    waystation: Waystation, serve: Run, upstream: PracticeUpstream
) -> None:
    await two_tokens(waystation, upstream)
    async with conversation(waystation, upstream, NEWEST) as talk:
        (first, _) = await talk.well()
        mine, other = sorted(upstream.accounts, key=lambda account: account.label != first.label)
        upstream.sign_out(mine)
        moved = await talk.well()
        assert served(moved) == [(None, 401), (other.label, 200), (other.label, 200)]
        assert [refresh.status for refresh in upstream.refreshes(mine)] == [401]
        states = {item["label"]: item["state"] for item in await waystation.json("token", "list")}
        assert states == {mine.label: "sign_in", other.label: "ready"}

        # And then nobody is left.
        upstream.sign_out(other)
        before = posts(waystation)
        done = await talk.ask(TOOL)
        assert done.code != 0
        assert posts(waystation) == before + 1
        assert [turn.status for turn in talk.news()] == [401]
        assert "2 need sign-in" in done.err, done.err[-2000:]


async def test_a_conversation_that_nobody_remembers_goes_on_where_it_cannot_be_read(
    waystation: Waystation, serve: Run, upstream: PracticeUpstream
) -> None:
    ids = await two_tokens(waystation, upstream)
    async with conversation(waystation, upstream, NEWEST) as talk:
        (first, _) = await talk.well()
        old, new = sorted(upstream.accounts, key=lambda account: account.label != first.label)
        await waystation.ok("session", "forget", "--all")
        await waystation.ok("token", "disable", ids[old.label])
        # Upstream says once that it cannot read it; from then on it is left out.
        assert served(await talk.well()) == [(new.label, 400), (new.label, 200), (new.label, 200)]
        again = await talk.well()
        assert served(again) == [(new.label, 200)] * 2
        assert [sealed_by(turn, old) for turn in again] == [0, 0]

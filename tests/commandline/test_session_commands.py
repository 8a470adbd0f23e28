"""What the user does with sessions, and what is told of the turns there were."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import pairwise

import pytest

from app.core.errors import WaystationError
from app.core.turn import row_from_dict
from app.gateway.handle import GatewayHandle
from app.practice.accounts import sample_accounts
from app.practice.server import PracticeUpstream
from tests.commandline.conftest import Instances
from tests.commandline.test_commands import ask, started

PLUS, PRO = sample_accounts()


@dataclass
class Two:
    """An instance with two tokens, and a conversation that has begun on the first."""

    handle: GatewayHandle
    base_url: str
    key: str
    plus: str
    pro: str

    async def turn(self, session: str = "talk") -> int:
        status, _ = await ask(self.base_url, self.key, session=session)
        return status

    async def held(self) -> None:
        """Return when a turn waits at the station."""
        async with asyncio.timeout(10):
            while not self.handle.snapshot().held:  # noqa: ASYNC110 - a snapshot tells nobody
                await asyncio.sleep(0.01)

    async def session(self) -> dict[str, object]:
        listed = await self.handle.call("session.list")
        return next(item for item in listed if item["name"] == "talk")


@pytest.fixture
async def two(instances: Instances) -> AsyncIterator[Two]:
    async with instances.open() as handle:
        plus = (await handle.call("token.import", text=PLUS.auth_json(), label="plus"))["id"]
        key = (await handle.call("license.default"))["key"]
        opened = Two(handle, await started(handle), key, plus, "")
        assert await opened.turn() == 200
        opened.pro = (await handle.call("token.import", text=PRO.auth_json(), label="pro"))["id"]
        yield opened


async def test_the_next_turn_goes_to_the_token_that_the_user_chose(two: Two, practice: PracticeUpstream) -> None:
    session = await two.session()
    assert (session["home_token_id"], session["token_label"]) == (two.plus, "plus")
    moved = await two.handle.call("session.move", id=session["id"], token_id=two.pro)
    assert moved == {"id": session["id"], "token_id": two.pro, "label": "pro"}
    waiting = await two.session()
    assert (waiting["home_token_id"], waiting["token_id"], waiting["moves"]) == (two.pro, two.plus, 0)
    assert [await two.turn(), await two.turn()] == [200, 200]
    assert [turn.email for turn in practice.turns] == [PLUS.email, PRO.email, PRO.email]
    after = await two.session()
    assert (after["home_token_id"], after["token_label"], after["moves"]) == (two.pro, "pro", 1)
    assert [row["note"] for row in await two.handle.call("turn.list")] == ["kept", "user", "new_session"]


async def test_a_pinned_session_waits_and_goes_at_once_where_the_user_moves_it(
    two: Two, practice: PracticeUpstream
) -> None:
    session = await two.session()
    assert await two.handle.call("session.pin", id=session["id"], pinned=True) == {"id": session["id"], "pinned": True}
    practice.exhaust(PLUS, resets_in=3600)
    status, body = await ask(two.base_url, two.key, session="talk")
    assert status == 429
    assert "pinned to a token that is at its limit (back at " in json.dumps(body)
    await two.handle.call("pool.policy", wait_s=7200)
    async with asyncio.TaskGroup() as tasks:
        asking = tasks.create_task(two.turn())
        await two.held()
        assert two.handle.snapshot().held[0].session_id == session["id"]
        assert await two.turn("another") == 200
        await two.handle.call("session.move", id=session["id"], token_id=two.pro)
        async with asyncio.timeout(10):
            assert await asking == 200
    after = await two.session()
    assert (after["home_token_id"], after["token_id"], after["pinned"]) == (two.pro, two.pro, True)
    assert practice.turns[-1].email == PRO.email


async def test_an_unpinned_session_that_waits_goes_on_elsewhere_at_once(two: Two, practice: PracticeUpstream) -> None:
    session = await two.session()
    await two.handle.call("session.pin", id=session["id"], pinned=True)
    await two.handle.call("pool.policy", wait_s=7200)
    practice.exhaust(PLUS, resets_in=3600)
    async with asyncio.TaskGroup() as tasks:
        asking = tasks.create_task(two.turn())
        await two.held()
        await two.handle.call("session.pin", id=session["id"], pinned=False)
        async with asyncio.timeout(10):
            assert await asking == 200
    assert (await two.session())["home_token_id"] == two.pro


async def test_a_pinned_session_whose_token_cannot_serve_says_how_to_go_on(two: Two) -> None:
    session = await two.session()
    await two.handle.call("session.pin", id=session["id"], pinned=True)
    for command, words in (("token.disable", "is disabled"), ("token.remove", "was removed")):
        await two.handle.call(command, id=two.plus)
        status, body = await ask(two.base_url, two.key, session="talk")
        error = body["error"]
        assert isinstance(error, dict)
        assert (status, error["code"]) == (400, "session_pinned")
        assert f"pinned to a token that {words}. Unpin it in Waystation, or move it" in error["message"]
    await two.handle.call("session.pin", id=session["id"], pinned=False)
    assert await two.turn() == 200


async def test_pins_moves_and_totals_are_there_after_a_restart(instances: Instances) -> None:
    async with instances.open() as handle:
        plus = (await handle.call("token.import", text=PLUS.auth_json(), label="plus"))["id"]
        key = (await handle.call("license.default"))["key"]
        base_url = await started(handle)
        assert (await ask(base_url, key, session="talk"))[0] == 200
        pro = (await handle.call("token.import", text=PRO.auth_json(), label="pro"))["id"]
        (before,) = await handle.call("session.list")
        await handle.call("session.pin", id=before["id"], pinned=True)
        await handle.call("session.move", id=before["id"], token_id=pro)
        (before,) = await handle.call("session.list")
    async with instances.open() as handle:
        (after,) = await handle.call("session.list")
        assert after == before
        assert (after["pinned"], after["home_token_id"], after["token_id"]) == (True, pro, plus)
        assert after["client"].startswith("Python/")
        assert after["model"] == "gpt-5"
        (row,) = await handle.call("turn.list", session_id=after["id"])
        assert after["input_tokens"] == row["usage"]["input_tokens"] > 0
        assert after["output_tokens"] == row["usage"]["output_tokens"] > 0
        assert (await ask(await started(handle), key, session="talk"))[0] == 200
        (twice,) = await handle.call("session.list")
        assert twice["token_id"] == pro
        assert twice["input_tokens"] > after["input_tokens"]


async def test_turns_are_listed_page_by_page_and_by_session(two: Two) -> None:
    for name in ("talk", "another", "talk"):
        assert await two.turn(name) == 200
    rows = await two.handle.call("turn.list")
    assert len(rows) == 4
    assert [row_from_dict(json.loads(json.dumps(row))) for row in rows] == list(two.handle.snapshot().turns)
    pages = [await two.handle.call("turn.list", limit=3)]
    last = pages[0][-1]
    pages.append(await two.handle.call("turn.list", limit=3, before=last["started_at"], before_id=last["id"]))
    assert pages[0] + pages[1] == rows
    mine = await two.handle.call("turn.list", session_id=(await two.session())["id"])
    assert [row["id"] for row in mine] == [rows[0]["id"], rows[2]["id"], rows[3]["id"]]


async def test_a_refused_turn_is_one_of_its_session(two: Two) -> None:
    session = await two.session()
    await two.handle.call("session.pin", id=session["id"], pinned=True)
    await two.handle.call("token.disable", id=two.plus)
    assert await two.turn() == 400
    refused, served = await two.handle.call("turn.list", session_id=session["id"])
    assert (refused["error"], refused["token_id"]) == ("session_pinned", None)
    assert served["error"] is None


async def test_the_last_hours_are_told_with_the_running_one_last(two: Two) -> None:
    assert await two.turn() == 200
    assert (await ask(two.base_url, "not-a-license", session="talk"))[0] == 401
    hours = await two.handle.call("history.hours")
    assert len(hours) == 24
    assert [later["start"] - hour["start"] for hour, later in pairwise(hours)] == [3600.0] * 23
    assert sum(hour["turns"] for hour in hours[:-2]) == 0
    assert sum(hour["turns"] for hour in hours) == 2
    assert sum(hour["failed"] for hour in hours) == 0
    rows = await two.handle.call("turn.list")
    used = sum(row["usage"]["input_tokens"] for row in rows)
    assert sum(hour["input_tokens"] for hour in hours) == used
    json.dumps(hours)
    assert len(await two.handle.call("history.hours", hours=2)) == 2


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("session.move", {"id": "s-unknown", "token_id": "t-unknown"}),
        ("session.pin", {"id": "s-unknown", "pinned": True}),
        ("turn.list", {"limit": 0}),
        ("turn.list", {"limit": 10**6}),
        ("turn.list", {"before": "yesterday"}),
        ("turn.list", {"before_id": "r-1"}),
        ("history.hours", {"hours": 0}),
        ("history.hours", {"hours": 1.5}),
    ],
)
async def test_what_does_not_fit_is_refused(handle: GatewayHandle, name: str, params: dict[str, object]) -> None:
    with pytest.raises(WaystationError):
        await handle.call(name, **params)


async def test_a_session_moves_only_to_a_token_that_can_serve(two: Two) -> None:
    session = await two.session()
    await two.handle.call("token.disable", id=two.pro)
    for token_id, words in ((two.pro, "it is disabled"), ("t-unknown", "There is no token")):
        with pytest.raises(WaystationError, match=words):
            await two.handle.call("session.move", id=session["id"], token_id=token_id)
    with pytest.raises(WaystationError):
        await two.handle.call("session.pin", id=session["id"], pinned="yes")
    assert await two.session() == session

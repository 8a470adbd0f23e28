"""Every version of Codex that people have, led here in every way that there is: what works, and what else happens."""

import asyncio
import base64
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio

from app.practice.recorder import ReceivedRequest
from app.practice.script import Turn
from app.practice.server import PracticeUpstream
from tests.e2e.codex import ANSWER_MARK
from tests.e2e.codex_cells import Cell, Way, cell, cells, complaints
from tests.e2e.program import Run, Waystation, until
from tests.e2e.talking import TOOL, parsed
from tests.platform.codex_gateway import Gateway, running_gateway
from tests.support.done import Done

pytestmark = pytest.mark.asyncio(loop_scope="module")

# Some 2,500 tokens, and not more: now and then (one in 500) Codex 0.80 comes to a stand over thousands of pieces of an
# answer, with and without a gateway.
STORY = " ".join(["OnceUponATimeThereWasAGateway" * 14] * 25)
ROOM = 1_500
# How Codex begins when it asks for a summary itself: from 0.80 on, and before.
SUMMARIZE = ("You are performing a CONTEXT CHECKPOINT COMPACTION.", "You have exceeded the maximum number of tokens,")
QUESTION = "what do you see in this picture"


@dataclass
class House:
    """One gateway for all cells, on two tokens, and what upstream has got since it was last asked."""

    waystation: Waystation
    upstream: PracticeUpstream
    run: Run
    license: str
    seen: int = 0

    @property
    def address(self) -> str:
        """The base address."""
        assert self.run.address is not None
        return self.run.address

    def news(self) -> list[ReceivedRequest]:
        """The turns and compactions that upstream got since this was last asked."""
        received = self.upstream.received
        new, self.seen = received[self.seen :], len(received)
        turns = self.upstream.turns
        return [one for one in new if one in turns or one.path.endswith("/compact")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    upstream = PracticeUpstream()
    await upstream.start()
    waystation = Waystation(tmp_path_factory.mktemp("matrix"), upstream)
    try:
        run = await waystation.serve()
        for account in upstream.accounts[:2]:
            await waystation.import_account(account.auth_json(), account.label)
            # For all cells together.
            quota = upstream.quota(account)
            for window in filter(None, (quota.primary, quota.secondary)):
                window.step = 0.05
        yield House(waystation, upstream, run, await waystation.license())
        await waystation.close()
    finally:
        await waystation.kill()
        await upstream.stop()


@pytest.fixture(scope="module")
def outside() -> Iterator[Gateway]:
    """A proxy that lets nobody out, and remembers who wanted to."""
    with running_gateway() as proxy:
        yield proxy


@pytest.mark.parametrize(("way", "version"), cells(serving=True))
async def test_a_conversation_with_pictures_tools_and_compaction_goes_on_over_processes(
    way: Way, version: str, house: House
) -> None:
    house.news()
    async with cell(way, version, house.address, house.license) as codex:
        done = await ask_about_the_picture(codex)
        said(done, "images 1 (PNG, 74 bytes)")
        shown = house.news()
        data = base64.b64encode(codex.picture.read_bytes())
        assert data in shown[-1].body
        first = codex.conversation

        done = await codex.ask(TOOL)
        said(done, ANSWER_MARK)
        called = house.news()
        assert len(called) == 2
        # What was said by the process before came along.
        assert data in called[0].body

        codex.configure(model_auto_compact_token_limit=tokens_of(called[-1]) + ROOM)
        house.upstream.script(Turn(text=STORY))
        said(await codex.ask("tell me a story"), STORY)
        said(await codex.ask("what model are you"), "[practice] I am ")
        compacted = house.news()
        assert compaction(compacted) == expected_compaction(way, version)
        assert b"AGatewayOnce" not in compacted[-1].body

        assert codex.conversation == first
    turns = [*shown, *called, *compacted]
    await check(turns, house)
    over_sockets = {turn.method == "WS" for turn in turns if not turn.path.endswith("/compact")}
    assert over_sockets == {way is Way.ADDRESS}


async def ask_about_the_picture(codex: Cell) -> Done:
    # `exec -i` of 0.42 and 0.45 shows the picture in a turn of its own and then, every other time, waits for ever:
    # two of its tasks fetch the same event. There it is shown by a tool.
    if codex.version in ("0.42.0", "0.45.0"):
        return await codex.ask(f'{QUESTION}\ncall: view_image {{"path":"picture.png"}}')
    return await codex.ask(QUESTION, "-i picture.png")


def said(done: Done, text: str, *, also: str = "") -> None:
    """Codex ended well, showed this, and complained of nothing, or in lines with ``also`` only."""
    assert done.code == 0, f"{done.out}\n{done.err[-3000:]}"
    assert text in done.out + done.err, f"{done.out}\n{done.err[-3000:]}"
    assert complaints(done, also=also) == []


def tokens_of(turn: ReceivedRequest) -> int:
    """What upstream counted for a turn."""
    _, _, rest = turn.sent.partition(b'"total_tokens":')
    return int(rest.partition(b"}")[0])


def compaction(turns: list[ReceivedRequest]) -> str:
    """How a conversation has been made short."""
    ways = []
    for turn in turns:
        last = parsed(turn)["input"][-1]
        if turn.path.endswith("/compact"):
            ways.append("compact")
        elif last.get("type") == "compaction_trigger":
            ways.append("trigger")
        elif last.get("role") == "user" and last["content"][-1].get("text", "").startswith(SUMMARIZE):
            ways.append("local")
    return ", ".join(ways)


def expected_compaction(way: Way, version: str) -> str:
    if way in (Way.OWN_PROVIDER, Way.PROFILE) or version in ("0.42.0", "0.45.0"):
        return "local"
    return "compact" if version in ("0.80.0", "0.100.0", "0.120.0") else "trigger"


async def check(turns: list[ReceivedRequest], house: House) -> None:
    """All went up as it came, on one token, and nobody found fault with it."""
    assert {(turn.status, turn.problem) for turn in turns} == {(200, "")}
    assert len({turn.label for turn in turns}) == 1
    rows = {row["sent_sha256"]: row for row in await rows_of(house)}
    for turn in turns:
        row = rows[turn.sha256]
        assert row["request_sha256"] == turn.sha256
        assert (row["edits"], row["status"], row["error"], row["outcome"]) == ([], 200, None, "completed")
    assert len({rows[turn.sha256]["session_id"] for turn in turns}) == 1


async def rows_of(house: House) -> list[dict[str, Any]]:
    """The turns that the gateway remembers."""
    rows: list[dict[str, Any]] = await house.waystation.command("turn.list", limit=100)
    return rows


@pytest.mark.parametrize("version", [version for way, version in cells(serving=True) if way is Way.ADDRESS])
async def test_without_websockets_codex_posts_at_once(version: str, house: House) -> None:
    house.news()
    await house.waystation.command("settings.change", websockets=False)
    try:
        async with cell(Way.ADDRESS, version, house.address, house.license) as codex:
            done = await codex.ask(TOOL)
    finally:
        await house.waystation.command("settings.change", websockets=True)

    # `exec` writes this one line to its standard error; in the terminal interface it is not seen.
    said(done, ANSWER_MARK, also="ERROR codex_api::endpoint::responses_websocket: failed to connect")
    turns = house.news()
    assert [turn.method for turn in turns] == ["POST", "POST"]
    await check(turns, house)
    assert done.seconds < 5, "it tried again and again"


@pytest.mark.parametrize(("way", "version"), [one for one in cells(serving=False) if one[0] is not Way.PROFILE])
async def test_where_codex_does_not_read_the_address_it_takes_the_key_to_openai(
    way: Way, version: str, house: House, outside: Gateway
) -> None:
    """Why the environment pair must not be used from 0.120 on, and `openai_base_url` not before."""
    house.news()
    outside.seen.clear()
    proxy = f"http://127.0.0.1:{outside.server_port}"
    async with cell(way, version, house.address, house.license, proxy) as codex:
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(codex.ask("hello"))
            await until(lambda: "CONNECT api.openai.com:443" in [seen.request for seen in outside.seen], "OpenAI")
            running.cancel()
        assert house.license in (codex.codex_home / "auth.json").read_text(encoding="utf-8")
    assert house.news() == []


@pytest.mark.parametrize("version", [version for way, version in cells(serving=False) if way is Way.PROFILE])
async def test_before_0_140_a_profile_file_is_not_found(version: str, house: House) -> None:
    house.news()
    async with cell(Way.PROFILE, version, house.address, house.license) as codex:
        done = await codex.ask("hello")

    assert done.code == 1
    assert "config profile `waystation` not found" in done.err
    assert house.news() == []

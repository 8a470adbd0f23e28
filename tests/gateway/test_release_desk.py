"""New versions: asked for once a day by who agreed, never by anybody else, and remembered across restarts."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from app import __version__
from app.core.errors import InvalidInput, WaystationError
from app.core.release_memory import DAY_S, Consent
from app.gateway import release_desk
from app.gateway.clock import Clock
from app.gateway.commands import Commands
from app.gateway.gateway import Gateway
from app.gateway.snapshot import ReleaseView
from app.store.key_stores import KeyStoreKind
from app.upstream.endpoints import UpstreamEndpoints
from app.upstream.release_feed import NoReleases, ReleaseFeedUnreachable
from tests.support.ports import free_port
from tests.support.release_feed import RELEASE, Feed, running_feed

NOW = 1_780_000_000.0
NOWHERE = UpstreamEndpoints("http://127.0.0.1:9", "http://127.0.0.1:9", "http://127.0.0.1:9")


@dataclass
class Time:
    """The wall clock of a test."""

    at: float = NOW

    def now(self) -> float:
        return self.at


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The desk looks at the clock so often that a test can wait for it."""
    for name in ("FIRST_S", "LOOK_S", "AGAIN_S"):
        monkeypatch.setattr(release_desk, name, 0.02)


@pytest.fixture
async def feed() -> AsyncIterator[Feed]:
    async with running_feed() as made:
        yield made


@pytest.fixture
def time() -> Time:
    return Time()


@asynccontextmanager
async def opened(folder: Path, feed: str | None, time: Time) -> AsyncIterator[Commands]:
    """The commands of a gateway; the clock stands where the test puts it."""
    gateway = await Gateway.open(
        folder, NOWHERE, key_store_kind=KeyStoreKind.FILE, clock=Clock(time.now), release_feed=feed
    )
    commands = Commands(gateway, show=lambda: False, quit=lambda: None)
    try:
        yield commands
    finally:
        await gateway.close()


def seen(commands: Commands) -> ReleaseView:
    return commands._gateway.snapshot().release


async def asked(feed: Feed, times: int) -> None:
    """Wait until the feed was asked so often, and see that it is not asked more often."""
    async with asyncio.timeout(5):
        while len(feed.asked) < times:  # noqa: ASYNC110 - the feed tells nobody
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)
    assert len(feed.asked) == times


async def test_nobody_is_asked_before_the_user_has_agreed(tmp_path: Path, feed: Feed, time: Time) -> None:
    async with opened(tmp_path, feed.address, time) as commands:
        await commands.execute("update.watch", {})
        await asked(feed, 0)
        assert seen(commands) == ReleaseView(allowed=True, feed=feed.address)
        await commands.execute("update.agree", {"agreed": False})
        await asked(feed, 0)
        await commands.execute("update.agree", {"agreed": True})
        await asked(feed, 1)


async def test_nobody_is_asked_where_nobody_would_see_what_is_found(tmp_path: Path, feed: Feed, time: Time) -> None:
    async with opened(tmp_path, feed.address, time) as commands:
        await commands.execute("update.agree", {"agreed": True})
        await asked(feed, 0)


async def test_it_is_asked_once_a_day_whatever_the_clock_does(tmp_path: Path, feed: Feed, time: Time) -> None:
    async with opened(tmp_path, feed.address, time) as commands:
        await commands.execute("update.watch", {})
        await commands.execute("update.agree", {"agreed": True})
        await asked(feed, 1)
        time.at += DAY_S - 1
        await asked(feed, 1)
        time.at += 1
        await asked(feed, 2)
        # The clock was wrong by years; now it is right.
        time.at += 900 * DAY_S
        await asked(feed, 3)
        time.at = NOW
        await asked(feed, 3)
        time.at += DAY_S
        await asked(feed, 4)


async def test_the_day_does_not_begin_anew_with_the_program(tmp_path: Path, feed: Feed, time: Time) -> None:
    for _ in range(3):
        async with opened(tmp_path, feed.address, time) as commands:
            await commands.execute("update.watch", {})
            await commands.execute("update.agree", {"agreed": True})
            await asked(feed, 1)
            assert seen(commands).answered_at == NOW
            news = seen(commands).news
            assert news is not None
            assert news.version == "9.1.0"


async def test_a_feed_that_fails_is_not_asked_again_the_same_day(tmp_path: Path, feed: Feed, time: Time) -> None:
    feed.says(status=500)
    async with opened(tmp_path, feed.address, time) as commands:
        await commands.execute("update.watch", {})
        await commands.execute("update.agree", {"agreed": True})
        await asked(feed, 1)
        failure = seen(commands).failure
        assert failure is not None
        assert failure.code == "release_feed_refused"
        assert seen(commands).answered_at is None
        feed.handler = None
        time.at += DAY_S
        await asked(feed, 2)
        assert seen(commands).failure is None


async def test_who_could_not_ask_tries_again_before_a_day_is_over(tmp_path: Path, time: Time) -> None:
    async with running_feed() as feed, opened(tmp_path, f"http://127.0.0.1:{free_port()}/", time) as commands:
        await commands.execute("update.watch", {})
        await commands.execute("update.agree", {"agreed": True})
        async with asyncio.timeout(5):
            while seen(commands).failure is None:  # noqa: ASYNC110 - a snapshot tells nobody
                await asyncio.sleep(0.01)
        assert commands._gateway.releases.memory.asked_at is None
        await commands.execute("update.feed", {"address": feed.address})
        await asked(feed, 1)


async def test_a_click_asks_once_and_agrees_to_nothing_else(tmp_path: Path, feed: Feed, time: Time) -> None:
    async with opened(tmp_path, feed.address, time) as commands:
        await commands.execute("update.watch", {})
        found = await commands.execute("update.check", {})
        assert (found["version"], found["news"]["version"]) == (__version__, "9.1.0")
        await asked(feed, 1)
        assert seen(commands).consent is Consent.NOT_ASKED
        time.at += 3 * DAY_S
        await asked(feed, 1)


async def test_the_day_begins_with_a_click_too(tmp_path: Path, feed: Feed, time: Time) -> None:
    async with opened(tmp_path, feed.address, time) as commands:
        await commands.execute("update.check", {})
        await commands.execute("update.watch", {})
        await commands.execute("update.agree", {"agreed": True})
        await asked(feed, 1)


async def test_two_who_ask_at_once_share_one_question(tmp_path: Path, feed: Feed, time: Time) -> None:
    async with opened(tmp_path, feed.address, time) as commands:
        found = await asyncio.gather(*(commands.execute("update.check", {}) for _ in range(3)))
        assert [item["news"]["version"] for item in found] == ["9.1.0"] * 3
        assert len(feed.asked) == 1
        feed.says(status=404)
        failed = await asyncio.gather(*(commands.execute("update.check", {}) for _ in range(3)), return_exceptions=True)
        assert [type(error) for error in failed] == [NoReleases] * 3
        assert len(feed.asked) == 2


@pytest.mark.parametrize("withdrawn", ["the only one", "the last one"])
async def test_a_version_that_was_withdrawn_is_forgotten(
    tmp_path: Path, feed: Feed, time: Time, withdrawn: str
) -> None:
    async with opened(tmp_path, feed.address, time) as commands:
        await commands.execute("update.check", {})
        if withdrawn == "the last one":
            feed.tells(tag_name=__version__)
            await commands.execute("update.check", {})
        else:
            feed.says(status=404)
            with pytest.raises(NoReleases):
                await commands.execute("update.check", {})
        assert seen(commands).news is None
        feed.handler = None
        assert (await commands.execute("update.check", {}))["news"] is not None


async def test_a_feed_that_has_trouble_takes_nothing_back(tmp_path: Path, feed: Feed, time: Time) -> None:
    async with opened(tmp_path, feed.address, time) as commands:
        await commands.execute("update.check", {})
        feed.says(status=503)
        with pytest.raises(WaystationError):
            await commands.execute("update.check", {})
        assert seen(commands).news is not None


@pytest.mark.parametrize("tag", [__version__, "0.0.1", "9.1.0rc1"])
async def test_what_is_not_newer_or_not_final_is_no_news(tmp_path: Path, feed: Feed, time: Time, tag: str) -> None:
    feed.tells(tag_name=tag)
    async with opened(tmp_path, feed.address, time) as commands:
        assert (await commands.execute("update.check", {}))["news"] is None


async def test_a_skipped_version_stays_skipped_until_a_newer_one_comes(tmp_path: Path, feed: Feed, time: Time) -> None:
    async with opened(tmp_path, feed.address, time) as commands:
        await commands.execute("update.check", {})
        await commands.execute("update.skip", {"version": "9.1.0"})
        assert seen(commands).skipped
    async with opened(tmp_path, feed.address, time) as commands:
        assert seen(commands).skipped
        await commands.execute("update.skip", {"version": None})
        assert not seen(commands).skipped
        await commands.execute("update.skip", {"version": "v9.1"})
        feed.tells(tag_name="v9.2.0")
        found = await commands.execute("update.check", {})
        assert (found["news"]["version"], found["skipped"]) == ("9.2.0", False)


async def test_without_a_feed_the_user_names_one(tmp_path: Path, feed: Feed, time: Time) -> None:
    async with opened(tmp_path, "", time) as commands:
        assert seen(commands) == ReleaseView(allowed=True)
        with pytest.raises(InvalidInput, match="knows of no release feed"):
            await commands.execute("update.check", {})
        with pytest.raises(InvalidInput, match="http or https"):
            await commands.execute("update.feed", {"address": "ftp://x"})
        await commands.execute("update.feed", {"address": feed.address})
        assert (await commands.execute("update.check", {}))["news"]["version"] == "9.1.0"
    async with opened(tmp_path, "", time) as commands:
        assert (seen(commands).feed, seen(commands).own_feed) == (feed.address, True)
        await commands.execute("update.feed", {"address": " "})
        # What the other feed has told is not told of this one.
        assert seen(commands) == ReleaseView(allowed=True)


async def test_practice_asks_nobody_whatever_the_user_says(tmp_path: Path, feed: Feed, time: Time) -> None:
    async with opened(tmp_path, None, time) as commands:
        await commands.execute("update.watch", {})
        await commands.execute("update.feed", {"address": feed.address})
        await commands.execute("update.agree", {"agreed": True})
        with pytest.raises(InvalidInput, match="Practice"):
            await commands.execute("update.check", {})
        await asked(feed, 0)
        assert not seen(commands).allowed


async def test_a_question_does_not_hold_up_the_end(
    tmp_path: Path, feed: Feed, time: Time, caplog: pytest.LogCaptureFixture
) -> None:
    came = feed.is_silent()
    with caplog.at_level(logging.INFO):
        async with asyncio.timeout(10):
            async with opened(tmp_path, feed.address, time) as commands:
                await commands.execute("update.watch", {})
                await commands.execute("update.agree", {"agreed": True})
                await came.wait()
                assert seen(commands).asking
    # It was asked, and is not asked again the same day.
    feed.handler = None
    async with opened(tmp_path, feed.address, time) as commands:
        await commands.execute("update.watch", {})
        await asked(feed, 1)


async def test_another_feed_while_one_is_asked_gets_no_answer_of_that(tmp_path: Path, feed: Feed, time: Time) -> None:
    came, go = asyncio.Event(), asyncio.Event()

    async def late(_request: web.BaseRequest) -> web.StreamResponse:
        came.set()
        await go.wait()
        return web.json_response(RELEASE) if news else web.Response(status=500)

    feed.handler = late
    for news in (True, False):  # noqa: B007 - for `late`
        async with running_feed() as other, opened(tmp_path, feed.address, time) as commands:
            other.tells(tag_name="v9.2.0")
            asking = asyncio.get_running_loop().create_task(commands.execute("update.check", {}))
            async with asyncio.timeout(5):
                await came.wait()
            assert seen(commands).asking
            await commands.execute("update.feed", {"address": other.address})
            assert not seen(commands).asking
            # It is the other one's turn as soon as the first has answered, whatever that was.
            again = asyncio.get_running_loop().create_task(commands.execute("update.check", {}))
            await asyncio.sleep(0.01)
            go.set()
            await asyncio.gather(asking, return_exceptions=True)
            assert (await again)["news"]["version"] == "9.2.0"
            assert len(other.asked) == 1
            assert (seen(commands).failure, seen(commands).feed) == (None, other.address)
            await commands.execute("update.feed", {"address": None})
        came.clear()
        go.clear()


@pytest.mark.parametrize("changed", ["update.agree", "update.feed"])
async def test_what_the_user_changes_counts_while_it_is_being_written(
    tmp_path: Path, feed: Feed, time: Time, monkeypatch: pytest.MonkeyPatch, changed: str
) -> None:
    async with running_feed() as other, opened(tmp_path, feed.address, time) as commands:
        other.tells(tag_name="v0.0.1")
        releases, store = commands._gateway.releases, commands._gateway.state.store
        await commands.execute("update.agree", {"agreed": True})
        write, noted, go = store.set_settings, asyncio.Event(), asyncio.Event()

        async def slowly(settings: Mapping[str, str | None]) -> None:
            noted.set()
            await go.wait()
            await write(settings)

        monkeypatch.setattr(store, "set_settings", slowly)
        change = releases.agree(False) if changed == "update.agree" else releases.choose_feed(other.address)
        both = asyncio.gather(change, releases._look())
        async with asyncio.timeout(5):
            await noted.wait()
        go.set()
        await both
        assert feed.asked == []
        if changed == "update.feed":
            # Its day has not begun with a question to the other.
            assert releases.memory.asked_at is None
            await releases._look()
            assert len(other.asked) == 1


async def test_the_daily_question_is_not_asked_after_a_click_that_still_runs(
    tmp_path: Path, feed: Feed, time: Time
) -> None:
    came = feed.is_silent()
    async with opened(tmp_path, feed.address, time) as commands:
        clicked = asyncio.get_running_loop().create_task(commands.execute("update.check", {}))
        async with asyncio.timeout(5):
            await came.wait()
        await commands.execute("update.agree", {"agreed": True})
        looking = asyncio.get_running_loop().create_task(commands._gateway.releases._look())
        await asyncio.sleep(0.05)
        clicked.cancel()
        await asyncio.gather(clicked, looking, return_exceptions=True)
        assert len(feed.asked) == 1


async def test_a_new_build_with_another_host_asks_the_user_first(tmp_path: Path, feed: Feed, time: Time) -> None:
    async with opened(tmp_path, feed.address, time) as commands:
        await commands.execute("update.agree", {"agreed": True})
    async with opened(tmp_path, feed.address.replace("127.0.0.1", "localhost"), time) as commands:
        await commands.execute("update.watch", {})
        await asked(feed, 0)
        assert seen(commands).consent is Consent.NOT_ASKED
        await commands.execute("update.agree", {"agreed": True})
        await asked(feed, 1)


async def test_a_feed_that_redirects_to_nobody_is_asked_once_a_day(tmp_path: Path, feed: Feed, time: Time) -> None:
    feed.says(status=302, headers={"Location": f"http://127.0.0.1:{free_port()}/"})
    async with opened(tmp_path, feed.address, time) as commands:
        await commands.execute("update.watch", {})
        await commands.execute("update.agree", {"agreed": True})
        await asked(feed, 1)


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("update.agree", {"agreed": 1}),
        ("update.feed", {"address": 7}),
        ("update.skip", {"version": 7}),
        ("update.skip", {"version": "soon"}),
    ],
)
async def test_what_makes_no_sense_changes_nothing(
    tmp_path: Path, feed: Feed, time: Time, name: str, params: dict[str, Any]
) -> None:
    async with opened(tmp_path, feed.address, time) as commands:
        before = commands._gateway.releases.memory
        with pytest.raises(InvalidInput):
            await commands.execute(name, params)
        assert commands._gateway.releases.memory == before


async def test_the_applications_proxy_is_asked_to_bring_it(tmp_path: Path, feed: Feed, time: Time) -> None:
    async with opened(tmp_path, feed.address, time) as commands:
        await commands.execute("proxy.set", {"proxy": f"http://127.0.0.1:{free_port()}"})
        with pytest.raises(ReleaseFeedUnreachable, match="proxy") as caught:
            await commands.execute("update.check", {})
        assert isinstance(caught.value, WaystationError)
        await asked(feed, 0)

"""Asking a real feed: what goes out, what is believed of the answer, and that every answer has an end."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from app import __version__
from app.core.release import releases_from_feed
from app.upstream.http import UpstreamHttp
from app.upstream.proxies import ProxyFinder
from app.upstream.release_feed import (
    MAX_BYTES,
    AskedTooOften,
    NoReleaseFeed,
    NoReleases,
    ReleaseFeed,
    ReleaseFeedRefused,
    ReleaseFeedUnreachable,
)
from tests.support.ports import free_port
from tests.support.release_feed import RELEASE, Feed, running_feed


@pytest.fixture
async def feed() -> AsyncIterator[Feed]:
    async with running_feed() as made:
        yield made


@pytest.fixture
async def http() -> AsyncIterator[UpstreamHttp]:
    made = UpstreamHttp(ProxyFinder(lambda scheme, host: None))
    yield made
    assert all(line.idle for line in made._lines.values()), "an answer was not closed"
    await made.close()


@pytest.fixture
def asking(http: UpstreamHttp) -> ReleaseFeed:
    return ReleaseFeed(http, timeout_s=5.0)


async def test_a_release_is_read(feed: Feed, asking: ReleaseFeed) -> None:
    releases = await asking.ask(feed.address)
    assert [(release.version, release.news) for release in releases] == [("9.1.0", "News")]


async def test_the_question_says_product_and_version_alone(feed: Feed, asking: ReleaseFeed) -> None:
    await asking.ask(feed.address)
    (request,) = feed.asked
    assert (request.method, request.path_qs) == ("GET", "/releases/latest")
    assert await request.read() == b""
    assert dict(request.headers) == {
        "Host": f"127.0.0.1:{feed.port}",
        "User-Agent": f"Waystation/{__version__}",
        "Accept": "application/vnd.github+json, application/json",
        "Accept-Encoding": "identity",
    }


async def test_nothing_of_an_earlier_answer_goes_along(feed: Feed, asking: ReleaseFeed) -> None:
    feed.says(text=json.dumps(RELEASE), headers={"ETag": '"you"', "Set-Cookie": "who=you; Max-Age=9999999"})
    await asking.ask(feed.address)
    await asking.ask(feed.address)
    first, second = feed.asked
    assert first.headers == second.headers


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        (404, NoReleases, "knows of no release"),
        (410, NoReleases, "knows of no release"),
        (403, AskedTooOften, "in an hour"),
        (429, AskedTooOften, "in an hour"),
        (401, ReleaseFeedRefused, "(401)"),
        (500, ReleaseFeedRefused, "(500)"),
        (503, ReleaseFeedRefused, "(503)"),
        (204, ReleaseFeedRefused, "(204)"),
        (304, ReleaseFeedRefused, "(304)"),
    ],
)
async def test_a_refusal_says_what_to_do(
    feed: Feed, asking: ReleaseFeed, status: int, kind: type[ReleaseFeedRefused], words: str
) -> None:
    feed.says(status=status, text="secret of the server")
    with pytest.raises(ReleaseFeedRefused) as caught:
        await asking.ask(feed.address)
    assert type(caught.value) is kind
    assert words in caught.value.message
    assert "127.0.0.1" in caught.value.message
    assert "secret" not in caught.value.message


@pytest.mark.parametrize(
    "text",
    ["", "{", "null", '"v0.2.0"', "[1]", '{"message": "hello"}', "<html>Sign in to this Wi-Fi</html>", "[" * 100_000],
)
async def test_what_is_no_feed_is_told(feed: Feed, asking: ReleaseFeed, text: str) -> None:
    feed.says(text=text, content_type="text/html" if text.startswith("<") else "application/json")
    with pytest.raises(NoReleaseFeed, match="sign in on a web page"):
        await asking.ask(feed.address)


async def test_packed_bytes_that_nobody_asked_for_are_no_feed(feed: Feed, asking: ReleaseFeed) -> None:
    feed.says(body=b"\x1f\x8b" + bytes(100), headers={"Content-Encoding": "gzip"})
    with pytest.raises(NoReleaseFeed):
        await asking.ask(feed.address)


async def test_an_answer_without_end_is_cut_off(feed: Feed, asking: ReleaseFeed) -> None:
    sent = 0

    async def endless(request: web.BaseRequest) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse()
        await response.prepare(request)
        with contextlib.suppress(ConnectionError):
            while True:
                await response.write(b"[" + b" " * 65_535)
                sent += 65_536
        return response

    feed.handler = endless
    with pytest.raises(NoReleaseFeed):
        await asking.ask(feed.address)
    # As much as we read, and what lies in buffers on the way.
    assert sent < MAX_BYTES * 8


async def test_a_long_list_of_releases_is_read(feed: Feed, asking: ReleaseFeed) -> None:
    releases = [{**RELEASE, "tag_name": f"v0.{n}.0", "body": "word " * 2000, "html_url": None} for n in range(100)]
    text = json.dumps(releases)
    assert len(text) < MAX_BYTES
    feed.says(text=text)
    assert len(await asking.ask(feed.address)) == 100


async def test_a_long_answer_holds_nobody_up(feed: Feed, asking: ReleaseFeed) -> None:
    releases = [{**RELEASE, "tag_name": f"v0.{n}.0", "body": "a `b` " * 3300} for n in range(100)]
    began = time.perf_counter()
    releases_from_feed(releases, feed.address)
    whole = time.perf_counter() - began
    feed.says(text=json.dumps(releases))
    asked = asyncio.get_running_loop().create_task(asking.ask(feed.address))
    longest = 0.0
    while not asked.done():
        began = time.perf_counter()
        await asyncio.sleep(0)
        longest = max(longest, time.perf_counter() - began)
    assert len(await asked) == 100
    assert longest < whole / 2


@pytest.mark.parametrize("begun", [False, True])
async def test_a_silent_feed_is_not_waited_for(feed: Feed, http: UpstreamHttp, begun: bool) -> None:
    async def silent(request: web.BaseRequest) -> web.StreamResponse:
        if begun:
            response = web.StreamResponse()
            await response.prepare(request)
            await response.write(b"[")
        await asyncio.sleep(60)
        raise AssertionError

    feed.handler = silent
    with pytest.raises(ReleaseFeedUnreachable, match="did not answer in time") as caught:
        await ReleaseFeed(http, timeout_s=0.3).ask(feed.address)
    assert caught.value.sent


async def test_a_broken_answer_is_told(feed: Feed, asking: ReleaseFeed) -> None:
    async def broken(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b"[")
        assert request.transport is not None
        request.transport.abort()
        return response

    feed.handler = broken
    with pytest.raises(ReleaseFeedUnreachable) as caught:
        await asking.ask(feed.address)
    assert caught.value.sent


async def test_nobody_there_is_told_and_was_not_asked(asking: ReleaseFeed) -> None:
    with pytest.raises(ReleaseFeedUnreachable, match="connection refused") as caught:
        await asking.ask(f"http://127.0.0.1:{free_port()}/")
    assert not caught.value.sent


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_feed_that_has_moved_is_followed(feed: Feed, asking: ReleaseFeed, status: int) -> None:
    async def moved(request: web.BaseRequest) -> web.StreamResponse:
        if request.path == "/repositories/7":
            return web.json_response({**RELEASE, "html_url": "http://127.0.0.1/page"})
        return web.Response(status=status, headers={"Location": "/repositories/7"})

    feed.handler = moved
    assert (await asking.ask(feed.address))[0].page == "http://127.0.0.1/page"


@pytest.mark.parametrize(
    "location",
    [
        "",
        "file:///etc/passwd",
        "ftp://127.0.0.1/",
        "http://user:pass@127.0.0.1/",
        "http://[",
        "https:///x",
        "http://xn--/",
    ],
)
async def test_a_redirect_to_nowhere_is_not_followed(feed: Feed, asking: ReleaseFeed, location: str) -> None:
    feed.says(status=302, headers={"Location": location})
    with pytest.raises(NoReleaseFeed):
        await asking.ask(feed.address)
    assert len(feed.asked) == 1


async def test_a_feed_that_redirects_for_ever_is_left(feed: Feed, asking: ReleaseFeed) -> None:
    feed.says(status=302, headers={"Location": "/again"})
    with pytest.raises(NoReleaseFeed):
        await asking.ask(feed.address)
    assert len(feed.asked) == 4


async def test_another_host_is_not_asked(feed: Feed, asking: ReleaseFeed) -> None:
    async with running_feed() as other:
        feed.says(status=302, headers={"Location": other.address.replace("127.0.0.1", "localhost")})
        with pytest.raises(NoReleaseFeed):
            await asking.ask(feed.address)
        assert other.asked == []


async def test_who_redirects_has_been_asked_even_if_nobody_is_there(feed: Feed, asking: ReleaseFeed) -> None:
    feed.says(status=302, headers={"Location": f"http://127.0.0.1:{free_port()}/"})
    with pytest.raises(ReleaseFeedUnreachable, match="connection refused") as caught:
        await asking.ask(feed.address)
    assert caught.value.sent


async def test_who_is_cancelled_leaves_nothing_open(feed: Feed, asking: ReleaseFeed) -> None:
    came = feed.is_silent()
    task = asyncio.get_running_loop().create_task(asking.ask(feed.address))
    async with asyncio.timeout(5):
        await came.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

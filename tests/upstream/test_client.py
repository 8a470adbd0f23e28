"""When a request is sent again, and when not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from app.core.credential import ApiKey, TokenSecrets
from app.core.token import Token, TokenKind
from app.upstream.client import Upstream
from app.upstream.endpoints import UpstreamEndpoints
from app.upstream.errors import UpstreamUnreachable

TOKEN = Token("t-1", TokenKind.API_KEY, "api_key:1", "key", None, None, None, None, True, 0)
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@asynccontextmanager
async def upstream_that(*behaviours: str, pause: float = 0.0) -> AsyncIterator[tuple[Upstream, list[bytes]]]:
    """An upstream that does one thing per connection, the last one for ever; and the requests that it got."""
    got: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        got.append(await reader.readuntil(b"\r\n\r\n"))
        behaviour = behaviours[min(len(got), len(behaviours)) - 1]
        if behaviour == "answer":
            writer.write(ANSWER)
        else:
            await asyncio.sleep(pause)
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    base = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    upstream = Upstream(UpstreamEndpoints(base, base, base), patience_s=5.0)
    try:
        yield upstream, got
    finally:
        await upstream.close()
        server.close()
        await server.wait_closed()


async def ask(upstream: Upstream) -> bytes:
    answer = await upstream.pass_through(TOKEN, TokenSecrets(ApiKey("sk-x")), "POST", "/responses", [], b"{}")
    try:
        return await answer.read()
    finally:
        answer.close()


async def test_a_connection_that_breaks_at_once_is_tried_once_more() -> None:
    async with upstream_that("hang up", "answer") as (upstream, got):
        assert await ask(upstream) == b"ok"
        assert len(got) == 2


async def test_it_is_not_tried_a_third_time() -> None:
    async with upstream_that("hang up") as (upstream, got):
        with pytest.raises(UpstreamUnreachable):
            await ask(upstream)
        assert len(got) == 2


async def test_a_turn_that_may_have_begun_is_never_sent_twice() -> None:
    async with upstream_that("hang up", "answer", pause=1.2) as (upstream, got):
        with pytest.raises(UpstreamUnreachable):
            await ask(upstream)
        assert len(got) == 1

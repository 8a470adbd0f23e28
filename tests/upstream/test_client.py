"""What is sent with a token, when it is sent again, and when not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from app.core.credential import ApiKey, ChatGPTLogin, TokenSecrets
from app.core.token import Token, TokenKind
from app.upstream.client import Upstream
from app.upstream.endpoints import UpstreamEndpoints
from app.upstream.errors import UpstreamUnreachable, UsageRefused

TOKEN = Token("t-1", TokenKind.API_KEY, "api_key:1", "key", None, None, None, None, True, 0)
HEADERS = [(b"x-codex-turn-state", b"of-another"), (b"x-kept", b"1")]
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@asynccontextmanager
async def upstream_that(*behaviours: str, pause: float = 0.0) -> AsyncIterator[tuple[Upstream, list[bytes]]]:
    """An upstream that does one thing per request, the last one for ever; and the requests that it got."""
    got: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        behaviour = "answer, stay"
        while behaviour == "answer, stay":
            try:
                got.append(await reader.readuntil(b"\r\n\r\n"))
            except asyncio.IncompleteReadError:
                break
            if got[-1].startswith(b"POST"):
                await reader.readexactly(len(b"{}"))
            behaviour = behaviours[min(len(got), len(behaviours)) - 1]
            await answer(behaviour, writer)
        writer.close()

    async def answer(behaviour: str, writer: asyncio.StreamWriter) -> None:
        if behaviour.startswith("answer"):
            writer.write(ANSWER)
        elif behaviour.startswith("HTTP"):
            writer.write(behaviour.encode())
        else:
            await asyncio.sleep(pause)

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    base = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    upstream = Upstream(UpstreamEndpoints(base, base, base), patience_s=5.0)
    try:
        yield upstream, got
    finally:
        await upstream.close()
        server.close()
        await server.wait_closed()


async def ask(upstream: Upstream, secrets: TokenSecrets | None = None, **options: Any) -> bytes:
    secrets = secrets or TokenSecrets(ApiKey("sk-x"))
    answer = await upstream.pass_through(TOKEN, secrets, "POST", "/responses", HEADERS, b"{}", **options)
    try:
        return await answer.read()
    finally:
        answer.close()


async def test_a_connection_that_breaks_when_it_is_used_again_is_replaced_once() -> None:
    async with upstream_that("answer, stay", "hang up", "answer") as (upstream, got):
        assert await ask(upstream) == b"ok"
        assert await ask(upstream) == b"ok"
        assert len(got) == 3


async def test_it_is_not_tried_a_third_time() -> None:
    async with upstream_that("answer, stay", "hang up") as (upstream, got):
        await ask(upstream)
        with pytest.raises(UpstreamUnreachable):
            await ask(upstream)
        assert len(got) == 3


async def test_what_breaks_on_a_new_connection_may_have_begun_and_is_not_sent_twice() -> None:
    async with upstream_that("hang up", "answer") as (upstream, got):
        with pytest.raises(UpstreamUnreachable):
            await ask(upstream)
        assert len(got) == 1


async def test_what_breaks_late_may_have_begun_and_is_not_sent_twice() -> None:
    async with upstream_that("answer, stay", "hang up", "answer", pause=1.2) as (upstream, got):
        await ask(upstream)
        with pytest.raises(UpstreamUnreachable):
            await ask(upstream)
        assert len(got) == 2


async def test_without_patience_a_stale_connection_still_gets_a_new_one() -> None:
    async with upstream_that("answer, stay", "hang up", "answer") as (upstream, got):
        await ask(upstream)
        assert await ask(upstream, hurry=lambda: True) == b"ok"
        assert len(got) == 3


async def test_without_patience_nobody_waits_for_the_way_to_come_back() -> None:
    nowhere = "http://127.0.0.1:9"
    upstream = Upstream(UpstreamEndpoints(nowhere, nowhere, nowhere), patience_s=20.0)
    async with asyncio.timeout(2):
        with pytest.raises(UpstreamUnreachable):
            await ask(upstream, hurry=lambda: True)
    # And nobody was given up on by that: the next one is patient.
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await ask(upstream)
    await upstream.close()


async def test_a_broken_way_of_one_token_costs_the_others_no_patience() -> None:
    clock = 0.0

    def monotonic() -> float:
        nonlocal clock
        clock += 0.5
        return clock

    nowhere = "http://127.0.0.1:9"
    upstream = Upstream(UpstreamEndpoints(nowhere, nowhere, nowhere), patience_s=1.0, monotonic=monotonic)
    token = replace(TOKEN, proxy="http://127.0.0.1:9")
    secrets = TokenSecrets(ApiKey("sk-x"), "http://u:p@127.0.0.1:9")
    with pytest.raises(UpstreamUnreachable):
        await upstream.pass_through(token, secrets, "POST", "/responses", [], b"{}")
    assert list(upstream._given_up) == [(TokenKind.API_KEY, "http://127.0.0.1:9")]
    await upstream.close()


async def test_headers_that_are_another_tokens_are_left_out() -> None:
    async with upstream_that("answer") as (upstream, got):
        await ask(upstream)
        await ask(upstream, drop=frozenset({"x-codex-turn-state"}))
    assert [b"x-codex-turn-state" in head for head in got] == [True, False]
    assert all(b"x-kept: 1" in head for head in got)


def http(status: int, body: str) -> str:
    return f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n\r\n{body}"


async def usage(upstream: Upstream) -> dict[str, Any]:
    login = replace(TOKEN, kind=TokenKind.CHATGPT, account_id="acc")
    return await upstream.usage(login, TokenSecrets(ChatGPTLogin("at-secret")))


async def test_usage_is_asked_beside_the_codex_backend() -> None:
    async with upstream_that(http(200, '{"plan_type":"plus"}')) as (upstream, got):
        assert await usage(upstream) == {"plan_type": "plus"}
    assert got[0].startswith(b"GET /wham/usage HTTP/1.1\r\n")
    assert b"chatgpt-account-id: acc\r\n" in got[0]
    assert b"Authorization: Bearer at-secret\r\n" in got[0]


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (401, '{"error":{"code":"token_invalidated","message":"at-secret"}}', "token_invalidated"),
        (401, '{"detail":"at-secret"}', None),
        (404, "", None),
        (200, "<html>at-secret", None),
    ],
)
async def test_usage_that_is_refused_is_told_without_the_answer(status: int, body: str, reason: str | None) -> None:
    async with upstream_that(http(status, body)) as (upstream, _):
        with pytest.raises(UsageRefused) as caught:
            await usage(upstream)
    assert (caught.value.status, caught.value.reason) == (status, reason)
    assert "secret" not in f"{caught.value!r} {caught.value.details}"

"""What goes out below aiohttp's response is the HTTP that aiohttp would speak."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from app.gateway.outlet import Outlet
from tests.gateway.wire import RawAnswer, exchange, read_answer, request_bytes

NOW = 1_767_225_600.0
PIECES = (b"one", b"two" * 20_000, b"three")

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def served(handler: Handler) -> AsyncIterator[int]:
    server = await asyncio.get_running_loop().create_server(http := web.Server(handler), "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await http.shutdown(1)


def outlet(request: web.BaseRequest, *, status: int = 200, **headers: str) -> Outlet:
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"{name}: {value}\r\n".encode() for name, value in fields.items()]
    return Outlet(request, status, b"OK", lines, {name.lower() for name in fields}, NOW)


async def in_pieces(request: web.BaseRequest) -> web.StreamResponse:
    out = outlet(request)
    out.begin(PIECES[0])
    out.write(PIECES[1])
    return await out.end(PIECES[2])


async def sized(request: web.BaseRequest) -> web.StreamResponse:
    return await outlet(request, Content_Length="5").end(b"12345")


async def twice(port: int, version: str, *headers: tuple[str, str]) -> tuple[RawAnswer, bytes]:
    """An answer, and what comes for a second request on its connection."""
    async with asyncio.timeout(10):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        asked = request_bytes(port, b"{}", headers=headers, version=version)
        writer.write(asked)
        first = await read_answer(reader)
        writer.write(asked)
        second = await reader.read(8)
        writer.close()
    return first, second


async def test_a_body_of_unknown_length_goes_in_chunks_and_another_request_may_follow() -> None:
    async with served(in_pieces) as port:
        first, second = await twice(port, "1.1")
    assert (first.body, first.complete) == (b"".join(PIECES), True)
    assert first.header("Transfer-Encoding") == "chunked"
    assert first.header("Connection") is None
    assert first.header("Date") == "Thu, 01 Jan 2026 00:00:00 GMT"
    assert (first.header("Server") or "").startswith("Waystation/")
    assert second == b"HTTP/1.1"


async def test_http_1_0_gets_the_bare_body_and_the_end_of_the_connection() -> None:
    async with served(in_pieces) as port:
        first, second = await twice(port, "1.0", ("Connection", "keep-alive"))
    assert first.body == b"".join(PIECES)
    assert (first.header("Transfer-Encoding"), first.header("Connection"), second) == (None, None, b"")


@pytest.mark.parametrize(
    ("version", "asked", "told", "kept"),
    [
        ("1.1", "keep-alive", None, True),
        ("1.1", "close", "close", False),
        ("1.0", "keep-alive", "keep-alive", True),
        ("1.0", "close", None, False),
    ],
)
async def test_the_connection_stays_as_the_client_wants_it(
    version: str, asked: str, told: str | None, kept: bool
) -> None:
    async with served(sized) as port:
        first, second = await twice(port, version, ("Connection", asked))
    assert (first.body, first.complete) == (b"12345", True)
    assert (first.header("Transfer-Encoding"), first.header("Connection")) == (None, told)
    assert bool(second) == kept


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304)])
async def test_what_has_no_body_has_no_chunks_either(method: str, status: int) -> None:
    async def bodyless(request: web.BaseRequest) -> web.StreamResponse:
        return await outlet(request, status=status, **({"Content_Length": "7"} if status != 200 else {})).end()

    async with served(bodyless) as port:
        answer = await exchange(port, request_bytes(port, method=method), method=method)
    assert answer.status == status
    assert {name for name, _ in answer.headers} == {"Server", "Date"}


async def test_what_the_headers_name_is_not_said_twice() -> None:
    async def named(request: web.BaseRequest) -> web.StreamResponse:
        return await outlet(request, Date="yesterday", Server="upstream", Content_Length="0").end()

    async with served(named) as port:
        answer = await exchange(port, request_bytes(port))
    assert answer.headers == [("Date", "yesterday"), ("Server", "upstream"), ("Content-Length", "0")]


@pytest.mark.parametrize("value", ["a\r\nSet-Cookie: b", "a\nb", "a\rb"])
async def test_no_header_can_begin_another_line(value: str) -> None:
    seen: list[ValueError] = []

    async def split(request: web.BaseRequest) -> web.StreamResponse:
        try:
            outlet(request, X_Odd=value)
        except ValueError as error:
            seen.append(error)
        return await sized(request)

    async with served(split) as port:
        assert (await exchange(port, request_bytes(port))).body == b"12345"
    assert len(seen) == 1


async def test_a_client_that_is_slow_is_waited_for() -> None:
    slow: list[bool] = []
    begun, ended = asyncio.Event(), asyncio.Event()

    async def much(request: web.BaseRequest) -> web.StreamResponse:
        out = outlet(request)
        slow.append(out.begin(b"-"))
        slow.append(out.write(b"-" * (8 << 20)))
        begun.set()
        given = await out.end(b"-" * (8 << 20))
        ended.set()
        return given

    async with served(much) as port, asyncio.timeout(10):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request_bytes(port, b"{}"))
        await begun.wait()
        assert slow == [False, True]
        assert not ended.is_set()
        assert len((await read_answer(reader)).body) == (16 << 20) + 1
        await ended.wait()
        writer.close()


async def test_a_client_that_has_left_is_noticed() -> None:
    seen: asyncio.Queue[type[BaseException]] = asyncio.Queue()

    async def told(request: web.BaseRequest) -> web.StreamResponse:
        out = outlet(request)
        assert request.transport is not None
        request.transport.close()
        for send in (out.check, out.begin, lambda: out.write(b"-"), lambda: Outlet(request, 200, b"", [], set(), NOW)):
            try:
                send()
            except ConnectionError as error:
                seen.put_nowait(type(error))
        return web.Response()

    async with served(told) as port, asyncio.timeout(10):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request_bytes(port))
        assert await reader.read() == b""
        for _ in range(3):
            assert issubclass(await seen.get(), ConnectionError)
        writer.close()

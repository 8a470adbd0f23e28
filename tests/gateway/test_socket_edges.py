"""A WebSocket at its edges: frames of all sizes, doors that close in the midst of it, ways that change."""

import asyncio
import gc
import struct
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import WSMsgType, web

from app.core.envelope import Envelope
from app.core.policy import Policy
from app.core.turn import Outcome
from app.gateway.client_socket import MAX_FRAME
from app.gateway.live_turn import LiveTurn
from app.gateway.socket_relay import SocketRelay
from app.gateway.socket_turn import RECONNECT
from app.practice.script import Turn, usage_limit_reached
from app.upstream.endpoints import UpstreamEndpoints
from tests.gateway.house import KEY, PLUS, PRO, House, house
from tests.gateway.sockets import create, frame_of, refused, sent_away, talk

_COMPLETED = b'{"type":"response.completed","response":{"id":"resp_1"}}'


@asynccontextmanager
async def asked_at(handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> AsyncIterator[str]:
    """A server that answers everything by `handler`; its address."""
    app = web.Application()
    app.router.add_get("/{path:.*}", handler)
    runner = web.AppRunner(app, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def raw_socket(running: House) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A WebSocket whose frames are read and written as bytes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
    writer.write(
        f"GET /codex/v1/responses HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {KEY}\r\n"
        "session-id: 0199-thread\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
    )
    assert b" 101 " in await reader.readuntil(b"\r\n\r\n")
    try:
        yield reader, writer
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def read_frame(reader: asyncio.StreamReader) -> tuple[bool, int, bytes]:
    """Whether it is its message's last, its opcode, and what it holds."""
    first, size = await reader.readexactly(2)
    if size > 125:
        size = int.from_bytes(await reader.readexactly(2 if size == 126 else 8), "big")
    return bool(first & 0x80), first & 0x0F, await reader.readexactly(size)


def masked(payload: bytes, opcode: int, *, last: bool = True) -> bytes:
    """A frame of a client; the mask leaves it as it is."""
    size = bytes([0x80 | len(payload)]) if len(payload) < 126 else struct.pack("!BQ", 0x80 | 127, len(payload))
    return bytes([(0x80 if last else 0) | opcode]) + size + bytes(4) + payload


@pytest.mark.parametrize("size", [MAX_FRAME - 1_000, MAX_FRAME + 1, (20 << 20) + 7])
async def test_a_large_message_comes_in_frames_that_codex_takes(one: House, size: int) -> None:
    one.practice.script(Turn(padding=size))
    messages, frames = [], []
    async with raw_socket(one) as (reader, writer):
        writer.write(masked(frame_of(create()), WSMsgType.TEXT))
        while not messages or b'"response.completed"' not in messages[-1][:200]:
            last, opcode, payload = await asyncio.wait_for(read_frame(reader), 20)
            assert opcode == (WSMsgType.CONTINUATION if frames else WSMsgType.TEXT)
            assert len(payload) <= MAX_FRAME
            frames.append(payload)
            if last:
                messages.append(b"".join(frames))
                frames.clear()
    assert max(map(len, messages)) > size
    assert b"".join(message + b"\n" for message in messages) == one.practice.turns[0].sent
    await one.wait_outcome(Outcome.COMPLETED)


async def test_a_clients_message_in_several_frames_is_one(one: House) -> None:
    frame = frame_of(create())
    async with raw_socket(one) as (reader, writer):
        writer.write(masked(frame[:10], WSMsgType.TEXT, last=False))
        writer.write(masked(b"now", WSMsgType.PING))
        writer.write(masked(frame[10:], WSMsgType.CONTINUATION))
        payload = b""
        while b'"response.completed"' not in payload[:200]:
            _, _, payload = await asyncio.wait_for(read_frame(reader), 10)
    assert one.practice.turns[0].body == frame
    assert (await one.wait_outcome(Outcome.COMPLETED)).verbatim


async def test_upstreams_message_in_several_frames_is_one(tmp_path: Path) -> None:
    async def in_pieces(request: web.Request) -> web.StreamResponse:
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        await ws.receive()
        assert request.transport is not None
        # Two pieces, and a ping in between.
        middle = 20
        request.transport.write(bytes([WSMsgType.TEXT, middle]) + _COMPLETED[:middle])
        await ws.ping(b"now")
        request.transport.write(bytes([0x80, len(_COMPLETED) - middle]) + _COMPLETED[middle:])
        await ws.receive()
        return ws

    async with (
        asked_at(in_pieces) as base,
        house(tmp_path, endpoints=UpstreamEndpoints(base, base, base)) as running,
        talk(running, decode_text=False) as socket,
    ):
        await socket.say(create())
        heard = [await socket.ws.receive(timeout=10), await socket.ws.receive(timeout=10)]
        assert {(message.type, message.data) for message in heard} == {
            (WSMsgType.PING, b"now"),
            (WSMsgType.TEXT, _COMPLETED),
        }
        await running.wait_outcome(Outcome.COMPLETED)


async def test_a_message_that_upstream_finds_too_large_goes_by_post(
    one: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.practice.socket.MAX_FRAME", 1 << 20)
    async with talk(one) as socket:
        await socket.say(create("x" * (5 << 20)))
        await socket.ended()
    await one.wait_outcome(Outcome.FAILED)
    assert await refused(one) == 426


async def test_a_message_that_is_too_large_for_us_goes_by_post_where_it_is_told(one: House) -> None:
    async with talk(one) as socket:
        with suppress(ConnectionError):
            await socket.ws.send_bytes(b"x" * (65 << 20))
        await socket.ended()
    assert await refused(one) == 426
    assert await refused(one, thread="another") == 101


async def test_a_redirect_is_not_followed(tmp_path: Path) -> None:
    seen: list[str] = []

    async def elsewhere(request: web.Request) -> web.StreamResponse:
        seen.append(request.path)
        raise web.HTTPTemporaryRedirect("/login-page")

    async with asked_at(elsewhere) as base, house(tmp_path, endpoints=UpstreamEndpoints(base, base, base)) as running:
        assert await refused(running) == 426
    assert seen == ["/responses"]


async def test_sockets_of_new_conversations_are_spread_before_any_turn(tmp_path: Path) -> None:
    threads = ("a", "b", "c", "d")
    async with house(tmp_path, [PLUS, PRO]) as running, AsyncExitStack() as opened:
        sockets = [await opened.enter_async_context(talk(running, thread=thread)) for thread in threads]
        for socket, thread in zip(sockets, threads, strict=True):
            await socket.turn(create(input=[], generate=False, prompt_cache_key=thread))
            await socket.turn(create(prompt_cache_key=thread))
        assert sorted(running.asked()) == [0, 0, 1, 1]
        assert [running.number(record) for record in running.practice.handshakes] == running.asked()


async def test_a_failed_warm_up_leads_to_post_though_another_token_is_free(tmp_path: Path) -> None:
    async with house(tmp_path, [PLUS, PRO]) as running:
        running.practice.script(usage_limit_reached(60), on="warm_up")
        async with talk(running) as socket:
            await sent_away(socket, create(input=[], generate=False))
        assert await refused(running) == 426


async def test_stopping_during_a_handshake_leaves_nothing(one: House, monkeypatch: pytest.MonkeyPatch) -> None:
    reach, reached, go_on = one.server._sockets._reach, asyncio.Event(), asyncio.Event()

    async def slowly(*args: object) -> object:
        opened = await reach(*args)  # type: ignore[arg-type]
        reached.set()
        await go_on.wait()
        return opened

    monkeypatch.setattr(one.server._sockets, "_reach", slowly)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        client = one.start(refused(one))
        await asyncio.wait_for(reached.wait(), 10)
        stopping = one.start(one.server.stop(5.0))
        await asyncio.sleep(0)
        go_on.set()
        await asyncio.wait_for(stopping, 3)
        assert await client == 426
    await one.until(lambda: not one.practice.sockets)


async def test_stopping_while_the_handshake_is_answered_ends_it(one: House, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare = web.WebSocketResponse.prepare

    async def meanwhile_stopped(self: web.WebSocketResponse, request: web.BaseRequest) -> object:
        written = await prepare(self, request)
        if request.path.startswith("/codex/"):
            one.server._sockets.close()
        return written

    monkeypatch.setattr(web.WebSocketResponse, "prepare", meanwhile_stopped)
    with warnings.catch_warnings(record=True) as warned:
        async with talk(one) as socket:
            assert await socket.ended() == (1001, "")
        await one.until(lambda: not one.practice.sockets)
    assert not [str(item.message) for item in warned if "never awaited" in str(item.message)]


async def test_stopping_during_a_warm_up_ends_the_socket_with_it(one: House) -> None:
    hold = asyncio.Event()
    one.practice.script(Turn(hold=hold, hold_at="request"), on="warm_up")
    async with talk(one) as socket:
        await socket.say(create(input=[], generate=False))
        await one.until(lambda: one.practice.handshakes[0].frames)
        stopping = one.start(one.server.stop(10.0))
        await asyncio.sleep(0.05)
        hold.set()
        while (await socket.hear())["type"] != "response.completed":
            pass
        assert await asyncio.wait_for(socket.ended(), 3) == (1001, "")
        await socket.ws.close()
        await asyncio.wait_for(stopping, 3)


async def test_an_ended_license_gets_nothing_through(one: House) -> None:
    async with talk(one) as socket:
        owner = one.state.licenses["l-0001"]
        one.state.licenses["l-0001"] = replace(owner, revoked_at=1.0)
        await socket.ws.send_str('{"type": "something.new"}')
        assert (await socket.hear())["error"]["code"] == RECONNECT
        assert await socket.ended() == (1000, "")
    assert one.practice.handshakes[0].frames == []


async def test_a_token_that_gets_another_proxy_is_not_asked_past_it(one: House) -> None:
    secrets = one.state.secrets["t-0000"]
    async with talk(one) as socket:
        await socket.turn(create())
        # The very same way by another name.
        one.state.secrets["t-0000"] = replace(secrets, proxy="direct")
        assert (await socket.turn(create())).status == 200
        one.state.secrets["t-0000"] = replace(secrets, proxy="http://127.0.0.1:9")
        await sent_away(socket)
    assert await refused(one) == 426
    one.state.secrets["t-0000"] = secrets
    assert await refused(one) == 101
    assert len(one.practice.turns) == 2


async def test_a_line_that_ends_before_the_turn_was_sent_is_not_the_clients_doing(
    one: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = asyncio.Event()

    async def for_ever(*args: object) -> bytes:
        begun.set()
        await asyncio.Event().wait()
        return b""

    monkeypatch.setattr(SocketRelay, "_edited", for_ever)
    async with talk(one) as socket:
        await socket.say(create())
        await asyncio.wait_for(begun.wait(), 10)
        (upstream,) = one.practice.sockets
        closing = one.start(upstream.close(1012))
        assert (await socket.ended())[0] == 1012
        await closing
    row = await one.wait_outcome(Outcome.FAILED)
    assert (row.error, row.sent_sha256) == ("upstream_stream_truncated", None)


async def test_an_idle_socket_holds_nothing_of_its_last_turn(one: House) -> None:
    async with talk(one) as socket:
        assert (await socket.turn(create())).status == 200
        await one.wait_outcome(Outcome.COMPLETED)
        await one.until(lambda: not [item for item in gc.get_objects() if isinstance(item, Envelope | LiveTurn)])


async def test_of_two_that_come_at_once_for_the_last_place_one_goes_by_post(tmp_path: Path) -> None:
    hold = asyncio.Event()
    async with house(tmp_path, policy=Policy(turns_per_token=1)) as running:
        running.practice.script(Turn(hold=hold))
        async with talk(running, thread="a") as first, talk(running, thread="b") as second:
            await asyncio.gather(first.say(create(prompt_cache_key="a")), second.say(create(prompt_cache_key="b")))
            await running.until(lambda: running.practice.turns)
            # Over a WebSocket it would wait without a word, and Codex for no more than five minutes.
            away, other = (second, first) if running.state.pool.sessions.find("l-0001", ("a",)) else (first, second)
            assert (await away.hear())["error"]["code"] == RECONNECT
            assert not len(running.state.turnstile)
            hold.set()
            while (await other.hear())["type"] != "response.completed":
                pass
        await running.row()
        assert [row.outcome for row in running.state.recent] == [Outcome.COMPLETED]

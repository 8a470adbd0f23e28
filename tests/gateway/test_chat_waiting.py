"""Chats that wait, leave, and are stopped: what their clients see meanwhile, and what upstream sees of it."""

import asyncio
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest
from aiohttp import web

from app.core.policy import Policy
from app.core.turn import Outcome
from app.gateway.chat import KEEP_ALIVE_S
from app.practice import refusals
from app.practice.script import Turn, failed
from app.upstream.client import PATIENCE_S
from tests.gateway.house import KEY, PLUS, PRO, House, house
from tests.gateway.test_chat import body, events, text_of
from tests.gateway.test_memory import upstream
from tests.gateway.wire import read_answer

COMMENT = b": keep-alive\n\n"
WAIT = {"X-Waystation-Wait": "600"}
LIMITED = Policy(turns_per_token=1)


class Listener:
    """A client of a chat that notes what it gets."""

    def __init__(self, running: House, *, stream: bool = True, **headers: str) -> None:
        self._running = running
        self._body = body(stream=stream)
        self._headers = headers
        self.status: int | None = None
        self.headers: Any = None
        self.seen = b""
        self.task = running.start(self._listen())

    async def _listen(self) -> None:
        async with self._running.post("/chat/completions", data=self._body, headers=self._headers) as answer:
            self.status, self.headers = answer.status, answer.headers
            async for data in answer.content.iter_any():
                self.seen += data

    async def until(self, look: Callable[[bytes], Any]) -> None:
        await self._running.until(lambda: look(self.seen))

    async def end(self) -> bytes:
        async with asyncio.timeout(20):
            await self.task
        return self.seen

    def leave(self) -> None:
        self.task.cancel()


@pytest.fixture
async def quick(tmp_path: Path) -> Any:
    """A gateway whose clients get a comment after a tenth of a second."""
    async with house(tmp_path, policy=LIMITED, keep_alive_s=0.1) as running:
        yield running


async def held(running: House) -> None:
    """The token at its limit, for five minutes."""
    running.practice.exhaust(PLUS, resets_in=300)


async def in_line(running: House) -> None:
    """The token's only place taken, until the test's end."""
    running.practice.script(Turn(hang_at="response.created"))
    Listener(running)
    await running.until(lambda: len(running.practice.turns) == 1)


async def before_headers(running: House) -> None:
    """An upstream that does not even send its status."""
    running.practice.script(Turn(hold=asyncio.Event(), hold_at="headers"))


async def before_content(running: House) -> None:
    """An upstream that thinks."""
    running.practice.script(Turn(hang_at="response.in_progress"))


async def between_tries(running: House) -> None:
    """An upstream that asks for some seconds."""
    slow = refusals.error("Slow down.", status=429, code="rate_limit_exceeded", headers=(("Retry-After", "4"),))
    running.practice.script(slow)


PLACES = [held, in_line, before_headers, before_content, between_tries]


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.__name__)
async def test_a_stream_that_waits_shows_that_it_lives(quick: House, place: Any) -> None:
    await place(quick)
    listener = Listener(quick, **WAIT)
    await listener.until(lambda seen: seen.count(COMMENT) >= 3)
    assert listener.status == 200
    assert listener.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert listener.seen.replace(COMMENT, b"") == b""


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.__name__)
@pytest.mark.parametrize("stream", [True, False])
async def test_whoever_leaves_ends_its_turn_at_once_wherever_it_is(quick: House, place: Any, stream: bool) -> None:
    await place(quick)
    others = set(quick.state.active)
    listener = Listener(quick, stream=stream, **WAIT)
    upstream_asked = place not in (held, in_line)
    await quick.until(lambda: len(quick.practice.turns) > len(others) if upstream_asked else _waits(quick))
    await quick.until(lambda: len(quick.state.active) == len(others) + 1)
    if stream:
        await listener.until(lambda seen: seen)
    listener.leave()
    await quick.until(lambda: set(quick.state.active) == others, within=2.0)
    assert not quick.state.station.held
    assert not len(quick.state.turnstile)
    row = quick.state.recent[-1]
    assert row.outcome is Outcome.CLIENT_LEFT
    if place in (before_headers, before_content):
        record = await quick.practice.wait_finished(quick.practice.turns[-1], 2.0)
        assert record.client_left
    assert len(quick.practice.turns) == len(others) + (place is not in_line)


def _waits(running: House) -> bool:
    return bool(running.state.station.held or len(running.state.turnstile))


@pytest.mark.parametrize("stream", [True, False])
async def test_whoever_leaves_amid_the_answer_ends_the_turn_upstream(one: House, stream: bool) -> None:
    one.practice.script(Turn(hang_at="response.output_text.delta"))
    listener = Listener(one, stream=stream)
    await one.until(lambda: one.practice.turns and b"output_text.delta" in one.practice.turns[0].sent)
    if stream:
        await listener.until(lambda seen: b'"content"' in seen)
    listener.leave()
    record = await one.practice.wait_finished(one.practice.turns[0], 2.0)
    assert record.client_left
    await one.wait_outcome(Outcome.CLIENT_LEFT)


async def test_without_the_header_nobody_is_held(one: House) -> None:
    one.practice.exhaust(PLUS, resets_in=300)
    for headers in ({}, {"X-Waystation-Wait": "0"}, {"X-Waystation-Wait": "5"}):
        listener = Listener(one, **headers)
        await listener.end()
        assert listener.status == 429


async def test_a_held_stream_is_served_once_the_token_is_back(quick: House) -> None:
    await held(quick)
    listener = Listener(quick, **WAIT)
    await listener.until(lambda seen: COMMENT in seen)
    quick.practice.quota(PLUS).primary.used_percent = 0.0
    quick.state.try_again()
    said = events(await listener.end())
    assert said[-1] == b"[DONE]"
    assert "gpt-5" in text_of(said[:-1])
    await quick.wait_outcome(Outcome.COMPLETED)


async def test_a_held_stream_that_is_given_up_gets_one_error_event(quick: House) -> None:
    await held(quick)
    listener = Listener(quick, **WAIT)
    await listener.until(lambda seen: COMMENT in seen)
    (place,) = quick.state.station.held
    quick.state.station.give_up(place.turn_id)
    error, done = events(await listener.end())
    assert done == b"[DONE]"
    assert error["error"]["code"] == "usage_limit_reached"
    assert error["error"]["resets_in_seconds"] > 0
    row = await quick.row()
    assert (row.outcome, row.error, row.status) == (Outcome.REFUSED, "usage_limit_reached", 200)


async def test_after_comments_another_token_still_serves(tmp_path: Path) -> None:
    gate = asyncio.Event()
    async with house(tmp_path, [PLUS, PRO], keep_alive_s=0.1) as running:
        running.practice.script(replace(failed("server_error", "Broken."), hold=gate, hold_at="response.created"))
        listener = Listener(running)
        await listener.until(lambda seen: COMMENT in seen)
        gate.set()
        said = events(await listener.end())
        assert running.asked() == [0, 1]
    assert said[-1] == b"[DONE]"
    assert text_of(said[:-1])


async def test_nothing_is_sent_before_fifteen_seconds_of_silence(one: House) -> None:
    gate = asyncio.Event()
    one.practice.script(Turn(hold=gate, hold_at="headers"))
    listener = Listener(one)
    await asyncio.sleep(1.0)
    assert listener.status is None
    gate.set()
    assert COMMENT not in await listener.end()


@pytest.mark.parametrize("place", [before_headers, before_content, held])
async def test_who_asked_for_no_stream_gets_no_comment(quick: House, place: Any) -> None:
    await place(quick)
    listener = Listener(quick, stream=False, **WAIT)
    await asyncio.sleep(0.4)
    assert (listener.status, listener.seen) == (None, b"")


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("place", [before_headers, before_content, in_line, held])
async def test_the_end_of_the_gateway_is_told(quick: House, place: Any, stream: bool) -> None:
    await place(quick)
    before = len(quick.practice.turns)
    listener = Listener(quick, stream=stream, **WAIT)
    if place in (held, in_line):
        await quick.until(lambda: _waits(quick))
    else:
        await quick.until(lambda: len(quick.practice.turns) > before)
    if stream:
        await listener.until(lambda seen: COMMENT in seen)
    async with asyncio.timeout(10):
        await quick.server.stop(0.2)
    seen = await listener.end()
    if stream:
        error, done = events(seen)
        assert done == b"[DONE]"
    else:
        assert listener.status == 503
        assert listener.headers["Retry-After"] == "2"
        error = orjson.loads(seen)
    assert (error["error"]["code"], error["error"]["type"]) == ("gateway_stopped", "server_error")
    assert {row.error for row in quick.state.recent} == {"gateway_stopped"}
    for record in quick.practice.turns:
        await quick.practice.wait_finished(record, 2.0)


async def test_a_stream_that_the_gateway_cuts_off_is_no_whole_answer(one: House) -> None:
    one.practice.script(Turn(hang_at="response.output_text.delta"))
    listener = Listener(one)
    await listener.until(lambda seen: b'"content"' in seen)
    async with asyncio.timeout(10):
        await one.server.stop(0.1)
    said = events(await listener.end())
    assert said[-1] == b"[DONE]"
    assert said[-2]["error"]["code"] == "gateway_stopped"
    assert all(choice["finish_reason"] is None for chunk in said[:-2] for choice in chunk["choices"])
    assert (await one.wait_outcome(Outcome.FAILED)).error == "gateway_stopped"
    assert (await one.practice.wait_finished(one.practice.turns[0], 2.0)).client_left


async def test_who_does_not_read_does_not_keep_the_gateway_from_stopping(one: House) -> None:
    delta = {"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": "word " * 200_000}
    one.practice.script(Turn(raw=b"data: %b\n\n" % orjson.dumps(delta) * 40))
    async with aiohttp.ClientSession(read_bufsize=1024) as client:
        answer = await client.post(
            f"{one.base}/chat/completions",
            data=body(stream=True),
            headers={"Authorization": "Bearer ws-test-license-key"},
        )
        await answer.content.readany()
        await asyncio.sleep(0.3)
        async with asyncio.timeout(8):
            await one.server.stop(0.1)
        answer.close()
    assert (await one.wait_outcome(Outcome.FAILED)).error == "gateway_stopped"


@pytest.mark.parametrize("before", [0, 1, 30_000], ids=["all at once", "begun before", "full before"])
async def test_a_slow_client_gets_an_answer_that_is_over_as_it_is_though_the_gateway_ends(
    tmp_path: Path, before: int
) -> None:
    go_on, said = asyncio.Event(), asyncio.Event()
    delta = b'data: {"type":"response.output_text.delta","output_index":0,"content_index":0,"delta":"%b"}\n\n'
    completed = b'data: {"type":"response.completed","response":{"id":"r","status":"completed","output":[]}}\n\n'

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        if before:
            await response.write(delta % (b"first " * before))
            await go_on.wait()
        await response.write(delta % (b"word " * 20_000) + completed * (before <= 1))
        if before > 1:
            # By itself.
            await asyncio.sleep(0.1)
            await response.write(completed)
        await response.write_eof()
        said.set()
        return response

    async with upstream(answer) as endpoints, house(tmp_path, endpoints=endpoints) as one:
        # Connections have from these two how much they take at once.
        one.server._listeners[0].sockets[0].setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        with socket.socket() as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            sock.connect(("127.0.0.1", one.port))
            asked = body(stream=True)
            reader, writer = await asyncio.open_connection(sock=sock, limit=2048)
            head = f"POST /codex/v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nAuthorization: {KEY}\r\n"
            writer.write(f"{head}Content-Length: {len(asked)}\r\n\r\n".encode() + asked)
            seen = b""
            async with asyncio.timeout(8):
                if before > 1:
                    # All that follows is held until this client has taken what came first.
                    await asyncio.sleep(0.3)
                    go_on.set()
                    await said.wait()
                    await asyncio.sleep(0.2)
                while seen.count(b"first") < 0.98 * before or not seen:
                    seen += await reader.read(1000)
                go_on.set()
                await said.wait()
                await asyncio.sleep(0.2)
                assert not one.state.recent
                await one.server.stop(0.1)
                while piece := await reader.read(1 << 16):
                    seen += piece
            writer.close()
        assert b'"finish_reason":"stop"' in seen
        assert b"gateway_stopped" not in seen
        assert seen.endswith(b"data: [DONE]\n\n\r\n0\r\n\r\n")
        assert (await one.row()).outcome == "completed"


async def test_nothing_follows_an_answer_that_a_slow_client_has_not_taken_yet(quick: House) -> None:
    message = {"type": "message", "content": [{"type": "output_text", "text": "word " * 2_000_000}]}
    over = {"type": "response.completed", "response": {"id": "r", "status": "completed", "output": [message]}}
    quick.practice.script(Turn(raw=b"data: %b\n\n" % orjson.dumps(over)))
    asked = body(stream=True)
    head = f"POST /codex/v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nAuthorization: {KEY}\r\n"
    request = f"{head}Content-Length: {len(asked)}\r\n\r\n".encode() + asked
    reader, writer = await asyncio.open_connection("127.0.0.1", quick.port, limit=1024)
    writer.write(request)
    # By far more than the silence after which a client gets a comment.
    await asyncio.sleep(0.7)
    answer = await read_answer(reader)
    assert answer.complete
    assert answer.body.endswith(b"data: [DONE]\n\n")
    writer.write(request)
    assert await reader.readexactly(12) == b"HTTP/1.1 200"
    writer.close()
    await quick.row()


async def test_that_upstream_cannot_be_reached_is_a_status_also_of_a_stream(tmp_path: Path) -> None:
    shorter = 10
    async with house(tmp_path, keep_alive_s=KEEP_ALIVE_S / shorter, patience_s=PATIENCE_S / shorter) as running:
        await running.practice.stop()
        listener = Listener(running)
        said = await listener.end()
        assert listener.status == 502
        assert orjson.loads(said)["error"]["code"] == "upstream_unreachable"


async def test_that_upstream_cannot_be_reached_is_an_event_once_there_is_a_status(tmp_path: Path) -> None:
    async with house(tmp_path, keep_alive_s=0.05, patience_s=0.4) as running:
        await running.practice.stop()
        listener = Listener(running)
        assert b"upstream_unreachable" in await listener.end()
        assert listener.status == 200
        row = await running.wait_outcome(Outcome.FAILED)
        assert (row.status, row.error) == (200, "upstream_unreachable")

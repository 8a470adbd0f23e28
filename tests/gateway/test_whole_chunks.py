"""Events that come as chunks of their own go on as they are: nothing of an answer, or of its row, depends on that."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace

import orjson
import pytest

from app.core.turn import Outcome
from app.translate.chat_stream import ChatCompletion
from app.translate.events import Terminal
from app.translate.sse import SseParser
from app.translate.usage import UsageObserver
from tests.gateway.house import House
from tests.gateway.wire import exchange, read_answer, request_bytes

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
BODY = orjson.dumps({"model": "gpt-5", "input": "x", "stream": True, "prompt_cache_key": "k"})

CHAT = orjson.dumps({"model": "gpt-5", "messages": [{"role": "user", "content": "x"}], "stream": True})


def event(data: object, *, name: str | None = None, end: bytes = b"\n") -> bytes:
    kind = data.get("type", "?") if isinstance(data, dict) else "?"
    text = data if isinstance(data, bytes) else orjson.dumps(data)
    return b"event: %b" % (name or str(kind)).encode() + end + b"data: " + text + end + end


def delta(text: str) -> bytes:
    return event({"type": "response.output_text.delta", "delta": text})


def chunk(content: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(content), content)


USAGE = {"input_tokens": 1200, "output_tokens": 34, "input_tokens_details": {"cached_tokens": 7}}
CREATED = event({"type": "response.created", "response": {"id": "resp_1"}})
COMPLETED = event({"type": "response.completed", "response": {"model": "gpt-5", "usage": USAGE}})
LIMITS = event({"type": "codex.rate_limits", "rate_limits": {"primary": {"used_percent": 3}}})
FAILED = event({"type": "response.failed", "response": {"error": {"code": "server_error", "message": "m"}}})


@asynccontextmanager
async def upstream_writes(home: House, pieces: Iterable[bytes]) -> AsyncIterator[None]:
    """Upstream answers each request with these, each read by itself as far as TCP lets it."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                asked = await reader.readuntil(b"\r\n\r\n")
                length = next(line for line in asked.lower().split(b"\r\n") if line.startswith(b"content-length:"))
                await reader.readexactly(int(length.partition(b":")[2]))
                for piece in pieces:
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(0.001)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    before = home.upstream.endpoints
    async with server:
        port = server.sockets[0].getsockname()[1]
        home.upstream.endpoints = replace(before, chatgpt_base_url=f"http://127.0.0.1:{port}")
        yield
        home.upstream.endpoints = before
        await home.upstream.http.close()


def some_event(rng: random.Random) -> bytes:
    """Mostly a plain delta, else something that only looks like one."""
    text = rng.choice(("x", "grün 🙂", '"type":"response.completed"', "a\u2028b", "y" * rng.choice((10, 2000, 70_000))))
    plain = {"type": "response.output_text.delta", "delta": text}
    if rng.random() < 0.6:
        return event(plain)
    return rng.choice(
        (
            event(plain, end=b"\r\n"),
            event({"delta": text, "type": "response.output_text.delta"}),
            event(orjson.dumps(plain).replace(b',"', b',\ndata: "')),
            event(orjson.dumps(plain).replace(b":", b" :\t")),
            b"data: " + orjson.dumps(plain) + b"\n\n",
            b": a comment\n\n" + event(plain),
            event(plain) + event(plain),
            event({"type": "keepalive"}),
            event(b"[DONE]"),
            event(plain, name="response.completed"),
            event(plain)[:-1] + b"id: 7\n\n",
            LIMITS,
        )
    )


def some_chunks(rng: random.Random, content: list[bytes]) -> list[bytes]:
    """These events in chunks as servers write them: mostly each in one."""
    chunks: list[bytes] = []
    for part in content:
        kind = rng.random()
        if kind < 0.6:
            chunks.append(chunk(part))
        elif kind < 0.7:
            chunks.append(b"%08X\r\n%b\r\n" % (len(part), part))
        elif kind < 0.8:
            chunks.append(b"%x;why=not\r\n%b\r\n" % (len(part), part))
        else:
            cut = rng.randrange(1, len(part))
            chunks += [chunk(part[:cut]), chunk(part[cut:])]
    return chunks


def some_pieces(rng: random.Random, chunks: list[bytes]) -> list[bytes]:
    """What is written at once: mostly one chunk."""
    pieces: list[bytes] = []
    for one in chunks:
        kind = rng.random()
        if kind < 0.15 and pieces:
            pieces[-1] += one
        elif kind < 0.3:
            cut = rng.randrange(1, len(one))
            pieces += [one[:cut], one[cut:]]
        else:
            pieces.append(one)
    return pieces


#: Chunks of streams in which an end hides, or something that only looks like one.
HIDDEN = [
    [delta("a") + COMPLETED],
    [delta("a"), delta("b") + LIMITS, COMPLETED],
    # What is said of the type is only the beginning of an event that ends with the second one.
    [b'event: a\ndata: {"type":"a"}\nretry: 1\n', b"data: " + COMPLETED.partition(b"data: ")[2]],
    [b'event: a\ndata: {"type":"a",\n', delta("a"), COMPLETED],
    [b'event: a\ndata: {"type":"a"}\n', delta("a"), COMPLETED],
    [b'event: a\ndata: {"type":"a"}\r\rdata: {"type":"response.completed"}\n\n\n'],
    [b'event: a\rdata: {"type":"response.completed"}\r\r\ndata: {"type":"a"}\n\n'],
]


async def assert_as_observed(one: House, content: bytes, pieces: list[bytes], version: str = "1.1") -> None:
    """The client gets the content, and the row says what an observer sees who gets it at once."""
    observer = UsageObserver()
    observer.feed(content)
    observer.close()
    async with upstream_writes(one, [HEAD, *pieces]):
        answer = await exchange(one.port, request_bytes(one.port, BODY, version=version))
        row = await one.row()
    assert (answer.status, answer.complete, answer.body) == (200, True, content)
    assert (row.usage, row.response_bytes) == (observer.usage, len(answer.body))
    assert (row.outcome is Outcome.COMPLETED) == (observer.terminal is Terminal.COMPLETED)
    quota = one.state.pool.quota("t-0000")
    assert (observer.rate_limits is not None) == (quota is not None and quota.windows != ())


async def assert_as_translated(one: House, content: bytes, pieces: list[bytes]) -> None:
    """The client of a chat gets what the content says to a translator who gets it at once."""
    oracle = ChatCompletion(id="", created=0, model="gpt-5")
    expected = b"".join(map(oracle.feed, SseParser().feed(content)))
    async with upstream_writes(one, [HEAD, *pieces]):
        answer = await exchange(one.port, request_bytes(one.port, CHAT, path="/codex/v1/chat/completions"))
        row = await one.row()
    said = [block for block in answer.body.split(b"\n\n") if block]
    assert (answer.complete, said.pop()) == (True, b"data: [DONE]")
    made = [orjson.loads(block.removeprefix(b"data: ")) for block in said]
    wanted = [orjson.loads(block.removeprefix(b"data: ")) for block in expected.split(b"\n\n") if block]
    assert [chunk["choices"] for chunk in made] == [chunk["choices"] for chunk in wanted]
    assert (row.outcome, row.usage, row.response_bytes) == (Outcome.COMPLETED, oracle.usage, len(answer.body))


@pytest.mark.parametrize("version", ["1.1", "1.0"])
@pytest.mark.parametrize("seed", range(25))
async def test_any_stream_arrives_whole_and_its_row_says_what_was_in_it(one: House, seed: int, version: str) -> None:
    rng = random.Random(seed)
    last = rng.choice((COMPLETED, COMPLETED, FAILED, b""))
    content = [CREATED, *(some_event(rng) for _ in range(rng.randrange(1, 40))), *([last] if last else [])]
    chunks = some_chunks(rng, content)
    await assert_as_observed(one, b"".join(content), some_pieces(rng, [*chunks, b"0\r\n\r\n"]), version)


@pytest.mark.parametrize("parts", HIDDEN)
async def test_an_end_that_hides_behind_something_dull_is_seen(one: House, parts: list[bytes]) -> None:
    content = [CREATED + delta("begun"), *parts]
    await assert_as_observed(one, b"".join(content), [*map(chunk, content), b"0\r\n\r\n"])


@pytest.mark.parametrize("seed", range(25))
async def test_a_chat_says_the_same_however_its_events_come(one: House, seed: int) -> None:
    rng = random.Random(seed)
    content = [CREATED, *(some_event(rng) for _ in range(rng.randrange(2, 40))), COMPLETED]
    await assert_as_translated(one, b"".join(content), some_pieces(rng, [*some_chunks(rng, content), b"0\r\n\r\n"]))


@pytest.mark.parametrize("parts", HIDDEN)
async def test_nothing_in_a_chat_is_heard_from_where_it_is_not_said(one: House, parts: list[bytes]) -> None:
    content = [CREATED + delta("begun"), *parts, delta("more"), COMPLETED]
    await assert_as_translated(one, b"".join(content), [*map(chunk, content), b"0\r\n\r\n"])


async def test_what_looks_like_a_chunk_within_a_chunk_is_content(one: House) -> None:
    inner = chunk(delta("within"))
    content = b": a comment\n\n" + inner + COMPLETED
    begun, size = CREATED + delta("begun"), b"%x\r\n" % len(content)
    pieces = [chunk(begun), size + b": a comment\n\n", inner, COMPLETED + b"\r\n", b"0\r\n\r\n"]
    await assert_as_observed(one, begun + content, pieces)


async def test_an_event_goes_on_in_the_framing_that_it_came_in(one: House) -> None:
    odd = b"00%X\r\n%b\r\n" % (len(delta("kept")), delta("kept"))
    async with upstream_writes(one, [HEAD + chunk(CREATED + delta("a")), odd, chunk(COMPLETED), b"0\r\n\r\n"]):
        reader, writer = await asyncio.open_connection("127.0.0.1", one.port)
        writer.write(request_bytes(one.port, BODY))
        async with asyncio.timeout(10):
            assert odd in await reader.readuntil(b"\r\n0\r\n\r\n")
        writer.close()
        await one.wait_outcome(Outcome.COMPLETED)


async def test_a_line_that_breaks_between_two_events_is_told(one: House) -> None:
    async with upstream_writes(one, [HEAD, chunk(CREATED), chunk(delta("a")), chunk(delta("b")), b"not a chunk\r\n"]):
        answer = await exchange(one.port, request_bytes(one.port, BODY))
        row = await one.row()
    assert (answer.complete, answer.body) == (False, CREATED + delta("a") + delta("b"))
    assert (row.outcome, row.error) == (Outcome.FAILED, "upstream_stream_truncated")


async def test_a_client_that_reads_nothing_stops_upstream_and_gets_everything_later(one: House) -> None:
    events, written = [delta(f"{number}" + "z" * 8000) for number in range(2500)], 0

    def counted() -> Iterable[bytes]:
        nonlocal written
        for number, piece in enumerate([chunk(CREATED + delta("a")), *map(chunk, events), chunk(COMPLETED)]):
            written = number
            yield (HEAD if not number else b"") + piece
        yield b"0\r\n\r\n"

    async with upstream_writes(one, counted()):
        reader, writer = await asyncio.open_connection("127.0.0.1", one.port, limit=1024)
        writer.write(request_bytes(one.port, BODY))
        stopped = -1
        while stopped != written:
            stopped = written
            await asyncio.sleep(0.5)
        assert written < 2400
        answer = await read_answer(reader)
        writer.close()
        row = await one.row()
    assert (answer.complete, answer.body) == (True, CREATED + delta("a") + b"".join(events) + COMPLETED)
    assert row.outcome is Outcome.COMPLETED

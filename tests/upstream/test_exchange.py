"""Connections of our own against servers that behave and servers that do not, with aiohttp's client as the oracle."""

import asyncio
import contextlib
import gc
import random
import socket
import ssl
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
import pytest

from app.upstream.answer import UpstreamAnswer
from app.upstream.errors import NoAnswer, UpstreamTimeout, UpstreamUnreachable
from app.upstream.http import UpstreamHttp
from tests.upstream.small_proxy import SmallProxy, running

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwhole"


@dataclass
class Server:
    """A server whose every byte is chosen."""

    url: str = ""
    connections: int = 0
    requests: list[bytes] = field(default_factory=list)
    #: Connections whose client has gone.
    left: int = 0


async def request_of(reader: asyncio.StreamReader) -> bytes:
    """One request, with its body."""
    head = await reader.readuntil(b"\r\n\r\n")
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return head + await reader.readexactly(int(line.split(b":")[1]))
    return head


@asynccontextmanager
async def serving(serve: Serve) -> AsyncIterator[Server]:
    server = Server()
    tasks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        server.connections += 1
        with contextlib.suppress(ConnectionError, asyncio.CancelledError):
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                await serve(reader, writer)
                while await reader.read(1 << 16):
                    pass
            server.left += 1
        # A task that ends by its cancellation is an error for the streams of asyncio.
        with contextlib.suppress(ConnectionError, asyncio.CancelledError):
            writer.close()
            await writer.wait_closed()
        tasks.discard(task)

    listening = await asyncio.start_server(connected, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/responses"
    try:
        yield server
    finally:
        listening.close()
        for task in tuple(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def answering(*answers: bytes, pause: float = 0.0) -> Serve:
    """Answers one request after the other like this; each in pieces at every `|`."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            await request_of(reader)
            for piece in answer.split(b"|"):
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(pause)

    return serve


def then_closing(answer: bytes) -> Serve:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_of(reader)
        writer.write(answer)
        await writer.drain()
        writer.close()

    return serve


@asynccontextmanager
async def client(read_timeout_s: float = 10.0) -> AsyncIterator[UpstreamHttp]:
    http = UpstreamHttp(read_timeout_s=read_timeout_s)
    try:
        async with asyncio.timeout(30):
            yield http
    finally:
        await http.close()


async def until(look: Callable[[], object]) -> None:
    for _ in range(1000):
        if look():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("waited in vain")


async def ask(http: UpstreamHttp, server: Server, body: bytes | None = b"{}") -> bytes:
    answer = await http.exchange("POST", server.url, [("A", "b")], body)
    try:
        return await answer.read()
    finally:
        answer.close()


async def test_one_connection_serves_one_request_after_the_other() -> None:
    async with client() as http, serving(answering(WHOLE, WHOLE, WHOLE)) as server:
        assert [await ask(http, server) for _ in range(3)] == [b"whole"] * 3
        assert server.connections == 1


async def test_connections_of_many_at_once_serve_the_next_who_come_at_once() -> None:
    async with client() as http, serving(answering(*[WHOLE] * 3)) as server:
        for _ in range(3):
            assert await asyncio.gather(*(ask(http, server) for _ in range(50))) == [b"whole"] * 50
            assert server.connections == 50


async def test_an_idle_connection_notices_that_the_other_end_has_vanished() -> None:
    async with client() as http, serving(answering(WHOLE)) as server:
        await ask(http, server)
        assert_stays_alive(http)


async def test_one_through_a_socks_proxy_notices_it_too() -> None:
    async with client() as http, serving(answering(WHOLE)) as server:
        proxy = SmallProxy("socks5", destination=int(server.url.split(":")[2].split("/")[0]))
        async with running(proxy, ssl.create_default_context()):
            answer = await http.exchange("GET", "http://chatgpt.invalid/", [], proxy=proxy.address)
            assert await answer.read() == b"whole"
            assert_stays_alive(http)
            await http.close()


def assert_stays_alive(http: UpstreamHttp) -> None:
    (line,) = http._lines.values()
    (connection,) = line.connections._all
    sock = connection._transport.get_extra_info("socket")
    assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) != 0
    if sys.platform == "linux":
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 60_000


async def test_an_answer_that_nobody_has_read_keeps_its_bytes_when_the_connection_goes_on() -> None:
    first = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirst"
    second = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecond"
    async with client() as http, serving(answering(first, second)) as server:
        unread = await http.exchange("POST", server.url, [], b"1")
        assert await ask(http, server) == b"second"
        assert await unread.read() == b"first"
        # It has nothing to do with the connection any more.
        unread.close()
        assert server.connections == 1


async def test_hundred_tasks_share_connections_and_none_gets_the_answer_of_another() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            request = await request_of(reader)
            asked = request.partition(b"\r\n\r\n")[2]
            answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            for byte in asked * 3:
                answer += b"1\r\n%c\r\n" % byte
            for piece in (answer, b"0\r\n", b"\r\n"):
                writer.write(piece)
                if asked[-1] % 2:
                    await asyncio.sleep(0)

    async with client() as http, serving(serve) as server:

        async def one(number: int) -> None:
            for turn in range(10):
                asked = b"%d of %d" % (turn, number)
                assert await ask(http, server, asked) == asked * 3

        async with asyncio.TaskGroup() as group:
            for number in range(100):
                group.create_task(one(number))
        assert server.connections <= 100


async def test_who_is_cancelled_between_two_steps_harms_nobody() -> None:
    """Cancellation at every moment of an exchange, while others use the same connections."""
    body = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n01234|56789"

    async with client() as http, serving(answering(*[body] * 200)) as server:
        for steps in range(60):
            task = asyncio.get_running_loop().create_task(ask(http, server))
            for _ in range(steps):
                await asyncio.sleep(0)
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                assert await task == b"0123456789"
            assert await ask(http, server) == b"0123456789"


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (b"HTTP/1.1 100 Continue\r\n\r\n|" + WHOLE, b"whole"),
        (b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + WHOLE, b"whole"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", b""),
        (b"HT|TP/1.1 200 O|K\r|\nContent-Length: 5\r\n\r|\nwh|ole", b"whole"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n|2\r\nwh|\r\n3\r\nole\r\n0\r\n\r|\n", b"whole"),
        (b"HTTP/1.1 200 OK\nContent-Length: 5\n\nwhole", b"whole"),
    ],
)
async def test_answers_of_many_kinds_leave_the_connection_usable(answer: bytes, body: bytes) -> None:
    async with client() as http, serving(answering(answer, WHOLE, pause=0.01)) as server:
        assert await ask(http, server) == body
        assert await ask(http, server) == b"whole"
        assert server.connections == 1


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nwhole",
        b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nwhole",
        WHOLE + b"more than announced",
        b"HTTP/1.1 204 No Content\r\n\r\nbody",
    ],
)
async def test_after_some_answers_a_new_connection_is_needed(answer: bytes) -> None:
    async with client() as http, serving(answering(answer, WHOLE)) as server:
        assert await ask(http, server) in (b"whole", b"")
        await until(lambda: server.left == 1)
        assert await ask(http, server) in (b"whole", b"")
        assert server.connections == 2


async def test_what_is_asked_by_head_has_no_body() -> None:
    async with client() as http, serving(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n", WHOLE)) as server:
        answer = await http.exchange("HEAD", server.url, [])
        assert (answer.headers["Content-Length"], await answer.read()) == ("500", b"")
        assert await ask(http, server) == b"whole"
        assert server.connections == 1


async def test_a_body_may_end_with_the_connection() -> None:
    async with client() as http, serving(then_closing(b"HTTP/1.1 200 OK\r\n\r\nall of it")) as server:
        assert await ask(http, server) == b"all of it"


@pytest.mark.parametrize(
    "framing", [b"Content-Length: 50\r\n\r\nhalf", b"Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"]
)
async def test_a_body_that_breaks_off_is_given_as_far_as_it_came(framing: bytes) -> None:
    async with client() as http, serving(then_closing(b"HTTP/1.1 200 OK\r\n" + framing)) as server:
        answer = await http.exchange("POST", server.url, [], b"{}")
        assert await answer.readany() == b"half"
        with pytest.raises(aiohttp.ClientPayloadError):
            await answer.readany()
        with pytest.raises(aiohttp.ClientPayloadError):
            await answer.readany()


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA: " + b"x" * 300_000,
    ],
)
async def test_what_is_no_answer_is_told(answer: bytes) -> None:
    async with client() as http, serving(then_closing(answer)) as server:
        with pytest.raises(UpstreamUnreachable) as caught:
            await ask(http, server)
        assert caught.value.sent
        assert not caught.value.stale


async def test_a_connection_that_was_closed_meanwhile_is_stale() -> None:
    async with client() as http:

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await request_of(reader)
            writer.write(WHOLE)
            await request_of(reader)
            writer.transport.abort()

        async with serving(serve) as server:
            assert await ask(http, server) == b"whole"
            with pytest.raises(NoAnswer) as caught:
                await ask(http, server)
            assert caught.value.stale


async def test_a_body_that_got_no_answer_is_let_go_of_at_once() -> None:
    async with client() as http, serving(then_closing(b"")) as server:
        body = bytes(1000)
        gc.disable()
        try:
            before = sys.getrefcount(body)
            with contextlib.suppress(UpstreamUnreachable):
                await ask(http, server, body)
            await until(lambda: sys.getrefcount(body) == before)
        finally:
            gc.enable()


async def test_an_idle_connection_that_is_closed_or_speaks_is_not_used_again() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_of(reader)
        writer.write(WHOLE)
        await asyncio.sleep(0.05)
        if server.connections == 1:
            writer.write(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")
        else:
            writer.close()

    async with client() as http, serving(serve) as server:
        for expected in (1, 2, 3):
            assert await ask(http, server) == b"whole"
            assert server.connections == expected
            await asyncio.sleep(0.15)


async def test_a_large_body_goes_up_whole_to_a_slow_server() -> None:
    sent = random.Random(1).randbytes(9_000_000)
    received = bytearray()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        while len(received) < len(sent):
            received.extend(await reader.read(300_000))
            await asyncio.sleep(0.001)
        writer.write(WHOLE)

    async with client() as http, serving(serve) as server:
        assert await ask(http, server, sent) == b"whole"
        assert bytes(received) == sent


async def test_a_refusal_in_the_middle_of_an_upload_is_heard_at_once() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Too Large\r\nContent-Length: 5\r\n\r\nlarge")
        await asyncio.sleep(3)

    async with client() as http, serving(serve) as server:
        answer = await http.exchange("POST", server.url, [], bytes(50_000_000))
        assert (answer.status, await answer.read()) == (413, b"large")


async def test_an_upload_that_nobody_takes_ends_with_its_connection() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(0.1)
        writer.transport.abort()

    async with client() as http, serving(serve) as server:
        with pytest.raises(UpstreamUnreachable):
            await ask(http, server, bytes(50_000_000))


async def test_upstream_waits_for_who_does_not_read() -> None:
    sent = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await request_of(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
        for _ in range(1000):
            writer.write(bytes(100_000))
            await writer.drain()
            sent += 100_000

    async with client() as http, serving(serve) as server:
        answer = await http.exchange("POST", server.url, [], b"")
        await asyncio.sleep(0.3)
        stopped = sent
        await asyncio.sleep(0.3)
        assert sent == stopped < 30_000_000
        assert len(await answer.read()) == 100_000_000


async def test_upstream_waits_for_a_sink_that_is_full() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_of(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 20000000\r\n\r\n")
        for start in range(0, 20_000_000, 100_000):
            writer.write(b"%099999d\n" % start)
            await writer.drain()

    taken: list[bytes] = []
    held = most = 0

    def sink(piece: bytes) -> bool:
        nonlocal held, most
        taken.append(piece)
        held += len(piece)
        most = max(most, held)
        return held > 100_000

    async def drain() -> None:
        nonlocal held
        await asyncio.sleep(0)
        held = 0

    async with client() as http, serving(serve) as server:
        answer = await http.exchange("POST", server.url, [], b"")
        await answer.pour(sink, drain)
        assert b"".join(taken) == b"".join(b"%099999d\n" % start for start in range(0, 20_000_000, 100_000))
        # One read of the socket above the limit.
        assert most < 1_000_000


async def test_a_sink_that_fails_ends_the_answer() -> None:
    def sink(piece: bytes) -> bool:
        raise ValueError(piece)

    async with (
        client() as http,
        serving(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n|more|less", pause=0.05)) as server,
    ):
        answer = await http.exchange("POST", server.url, [], b"")
        with pytest.raises(ValueError, match="more"):
            await answer.pour(sink, asyncio.Event().wait)  # type: ignore[arg-type] # never waited for
        await until(lambda: server.left == 1)


async def test_silence_for_too_long_breaks_the_answer_but_not_while_nobody_reads() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_of(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 3000001\r\n\r\n")
        writer.write(bytes(3_000_000))

    async with client(read_timeout_s=0.3) as http, serving(serve) as server:
        answer = await http.exchange("POST", server.url, [], b"")
        await asyncio.sleep(0.7)
        read = 0
        while read < 3_000_000:
            read += len(await answer.readany())
        with pytest.raises(aiohttp.SocketTimeoutError):
            await answer.readany()


async def test_silence_before_the_answer_is_a_timeout() -> None:
    async with client(read_timeout_s=0.2) as http, serving(answering()) as server:
        with pytest.raises(UpstreamTimeout):
            await ask(http, server)
        await until(lambda: server.left == 1)


async def test_each_answer_has_a_silence_of_its_own() -> None:
    slow = b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n" + b"|".join(b"%d" % n for n in range(8))
    loop = asyncio.get_running_loop()
    async with (
        client(read_timeout_s=0.4) as http,
        serving(answering(WHOLE, WHOLE)) as first,
        serving(answering()) as silent,
        serving(answering(slow, slow, pause=0.15)) as talking,
    ):
        for _ in range(2):
            assert await ask(http, first) == b"whole"
            talks = loop.create_task(ask(http, talking))
            await asyncio.sleep(0.25)
            begun = loop.time()
            with pytest.raises(UpstreamTimeout):
                await ask(http, silent)
            assert loop.time() - begun >= 0.4
            assert await talks == b"01234567"
            # Nothing is waited for, and nobody watches, until somebody asks again.
            await asyncio.sleep(0.5)


async def test_short_silences_are_none() -> None:
    slow = b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n" + b"|".join(b"%d" % n for n in range(8))
    async with client(read_timeout_s=0.4) as http, serving(answering(slow, slow, pause=0.15)) as server:
        assert await ask(http, server) == b"01234567"
        assert await ask(http, server) == b"01234567"


@pytest.mark.parametrize("when", ["before the head", "in the body"])
async def test_upstream_hears_at_once_that_nobody_listens(when: str) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nbody"
    async with client() as http, serving(answering(head if when == "in the body" else b"")) as server:
        task = asyncio.get_running_loop().create_task(ask(http, server))
        await asyncio.sleep(0.1)
        task.cancel()
        await until(lambda: server.left == 1)


async def test_closing_ends_everything() -> None:
    async with (
        client() as http,
        serving(answering(WHOLE, b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")) as server,
    ):
        assert await ask(http, server) == b"whole"
        answer = await http.exchange("POST", server.url, [], b"")
        await http.close()
        await until(lambda: server.left == 1)
        with pytest.raises(aiohttp.ClientError):
            await answer.read()


@pytest.mark.parametrize(
    ("name", "value"),
    [("A", "b\r\nC: d"), ("A", "b\nC: d"), ("A", "b\rC"), ("A\r\nB", "c"), ("A", "b\0"), ("A", "\ud800")],
)
async def test_a_header_that_cannot_be_written_is_refused_and_takes_no_connection(name: str, value: str) -> None:
    async with client() as http, serving(answering(WHOLE)) as server:
        with pytest.raises(ValueError, match=r"line end|surrogates"):
            await http.exchange("POST", server.url, [(name, value)], b"")
        assert server.connections == 0


async def test_a_large_answer_to_half_a_request_does_not_wait_for_ever() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9000000\r\n\r\n" + bytes(9_000_000))
        await asyncio.sleep(20)

    async with client(read_timeout_s=0.3) as http, serving(serve) as server:
        answer = await http.exchange("POST", server.url, [], bytes(50_000_000))
        with pytest.raises(aiohttp.SocketTimeoutError):
            await answer.read()


async def test_what_is_closed_by_us_is_not_taken_for_a_whole_body() -> None:
    async with client() as http, serving(answering(b"HTTP/1.1 200 OK\r\n\r\nhalf")) as server:
        answer = await http.exchange("POST", server.url, [], b"")
        assert await answer.readany() == b"half"
        await http.close()
        with pytest.raises(aiohttp.ClientError):
            await answer.readany()


CODES = (200, 201, 204, 206, 304, 400, 401, 404, 429, 500, 503)


def some_answer(rng: random.Random) -> tuple[bytes, bool]:
    """An answer as servers send it, and whether the connection is closed behind it."""
    code = rng.choice(CODES)
    head = [b"HTTP/1.%d %d %s" % (rng.choice((0, 1, 1, 1)), code, rng.choice((b"OK", b"", b"Some Reason")))]
    for number in range(rng.randrange(6)):
        head.append(b"X-%d:%s%s" % (number, b" " * rng.randrange(3), rng.randbytes(5).hex().encode()))
    if rng.random() < 0.2:
        head.append(b"Set-Cookie: a=b\r\nSet-Cookie: c=d")
    content = rng.randbytes(rng.choice((0, 1, 10, 1000, 100_000)))
    closes = rng.random() < 0.3
    framing = rng.choice(("length", "chunked", "closed"))
    if code in (204, 304):
        content, framing = b"", "length"
    if rng.random() < 0.3:
        head.append(b"Connection: " + (b"close" if closes else b"keep-alive"))
    if framing == "length":
        if code not in (204, 304) or rng.random() < 0.5:
            head.append(b"Content-Length: %d" % len(content))
    elif framing == "chunked":
        head.append(b"Transfer-Encoding: chunked")
        packed, at = b"", 0
        while at < len(content):
            size = rng.choice((1, 7, 500, 70_000))
            piece = content[at : at + size]
            packed += b"%x\r\n%b\r\n" % (len(piece), piece)
            at += size
        content = packed + b"0\r\n\r\n"
    else:
        closes = True
    whole = b"\r\n".join(head) + b"\r\n\r\n" + content
    if rng.random() < 0.15:
        whole, closes = whole[: rng.randrange(len(whole))], True
    return whole, closes


async def seen(answer: aiohttp.ClientResponse | UpstreamAnswer) -> object:
    body = b""
    try:
        while piece := await (answer.readany() if isinstance(answer, UpstreamAnswer) else answer.content.readany()):
            body += piece
    except aiohttp.ClientError:
        return answer.status, answer.reason, answer.raw_headers, body[:0], "broke off"
    finally:
        answer.close()
    return answer.status, answer.reason, answer.raw_headers, body


@pytest.mark.parametrize("seed", range(60))
async def test_it_sees_what_aiohttp_sees(seed: int) -> None:
    sent, closes = some_answer(random.Random(seed))

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_of(reader)
        cuts = random.Random(seed)
        at = 0
        while at < len(sent):
            size = cuts.choice((1, 20, 300, 20_000, 200_000))
            writer.write(sent[at : at + size])
            await asyncio.sleep(0)
            at += size
        if closes:
            writer.close()

    async with client() as http, serving(serve) as server:
        found: list[object] = []
        for call in (http.send, http.exchange):
            try:
                answer: aiohttp.ClientResponse | UpstreamAnswer = await call("POST", server.url, [("A", "b")], b"{}")
            except NoAnswer as problem:
                found.append((type(problem), problem.message))
            else:
                found.append(await seen(answer))
        assert found[0] == found[1]


async def test_it_asks_as_aiohttp_asks() -> None:
    requests: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            requests.append(await request_of(reader))
            writer.write(WHOLE)

    headers = [("Authorization", "Bearer x"), ("x-Codex", "Ü, \u4f60"), ("Content-Type", "application/json")]
    async with client() as http, serving(serve) as server:
        url = server.url + "?a=b%20c&d=%E4%BD%A0"
        for body in (None, b"", b"{}", bytes(3_000_000)):
            (await http.send("POST", url, headers, body)).close()
            (await http.exchange("POST", url, headers, body)).close()
    for theirs, ours in zip(requests[::2], requests[1::2], strict=True):
        their_head, _, their_body = theirs.partition(b"\r\n\r\n")
        our_head, _, our_body = ours.partition(b"\r\n\r\n")
        assert our_head.split(b"\r\n")[0] == their_head.split(b"\r\n")[0]
        assert sorted(our_head.split(b"\r\n")) == sorted(their_head.split(b"\r\n"))
        assert our_body == their_body

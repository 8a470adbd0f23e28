"""A wire tap between client and gateway, and the comparison of what it saw with what upstream saw.

It knows nothing of the application: bytes are kept as they pass, and read as HTTP/1.1 afterwards.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from app.practice.accounts import PracticeAccount
from app.practice.recorder import ReceivedRequest

Pairs = list[tuple[str, str]]

# The design's closed list: hop-by-hop, credentials, cookies, and what names the client's machine. `Host`,
# `Content-Length` and `Accept-Encoding` are set for the next hop and checked by themselves.
NOT_PASSED_UP = {
    *("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer"),
    *("transfer-encoding", "upgrade", "authorization", "chatgpt-account-id", "cookie", "host", "content-length"),
    "accept-encoding",
}
NOT_PASSED_DOWN = {
    *("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer"),
    *("transfer-encoding", "upgrade", "set-cookie"),
}


@dataclass
class Message:
    """One HTTP message: its first line, its headers in order and spelling, its body without transfer coding."""

    start: str
    headers: Pairs
    body: bytes = field(repr=False)

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name), None)


@dataclass
class _Line:
    up: bytearray = field(default_factory=bytearray)
    down: bytearray = field(default_factory=bytearray)


class WireTap:
    """What passed between clients and the gateway, per connection in the order of their beginning."""

    def __init__(self) -> None:
        self._lines: list[_Line] = []
        self._open: set[asyncio.Task[None]] = set()

    def turns(self) -> list[tuple[Message, Message]]:
        """The ``POST …/responses`` that passed, each with its answer."""
        pairs = []
        for line in self._lines:
            requests, answers = _messages(bytes(line.up)), _messages(bytes(line.down))
            pairs += list(zip(requests, answers, strict=True))
        return [(asked, answer) for asked, answer in pairs if asked.start.startswith("POST ")]

    async def settled(self, within: float = 10.0) -> None:
        """Wait until every connection has been closed."""
        if self._open:
            await asyncio.wait(self._open, timeout=within)

    async def pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
        """Connect one client with the gateway and keep the bytes of both directions."""
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        task.add_done_callback(self._open.discard)
        line = _Line()
        self._lines.append(line)
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(_pump(reader, there_writer, line.up))
                both.create_task(_pump(there_reader, writer, line.down))
        finally:
            for one in (writer, there_writer):
                one.close()
                with contextlib.suppress(OSError):
                    await one.wait_closed()


@asynccontextmanager
async def wire_tap(listen: int, forward: int) -> AsyncIterator[WireTap]:
    """Stand on one port of 127.0.0.1 and pass everything on to another."""
    tap = WireTap()

    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await tap.pass_on(reader, writer, forward)

    server = await asyncio.start_server(client, "127.0.0.1", listen, reuse_address=True)
    async with server:
        yield tap
        await tap.settled()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, kept: bytearray) -> None:
    with contextlib.suppress(OSError):
        while piece := await reader.read(65536):
            kept += piece
            writer.write(piece)
            await writer.drain()
        writer.write_eof()


def _messages(raw: bytes) -> list[Message]:
    """The messages in one direction of a connection; an unfinished body is given as far as it came."""
    found = []
    while raw:
        head, end, raw = raw.partition(b"\r\n\r\n")
        assert end, f"half a message: {head[:200]!r}"
        start, *lines = head.decode("latin-1").split("\r\n")
        headers = [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines)]
        message = Message(start, headers, b"")
        if start.split()[1] in ("100", "101"):
            continue
        if message.header("transfer-encoding") == "chunked":
            message.body, raw = _unchunked(raw)
        elif (length := message.header("content-length")) is not None:
            message.body, raw = raw[: int(length)], raw[int(length) :]
        elif start.startswith("HTTP/"):
            message.body, raw = raw, b""
        found.append(message)
    return found


def _unchunked(raw: bytes) -> tuple[bytes, bytes]:
    body = b""
    while raw:
        size, _, raw = raw.partition(b"\r\n")
        count = int(size, 16)
        if not count:
            return body, raw[2:]
        body += raw[:count]
        raw = raw[count + 2 :]
    return body, b""


def check_verbatim(
    taps: list[tuple[Message, Message]], received: list[ReceivedRequest], account: PracticeAccount
) -> None:
    """What the client sent is what upstream received, and the answers likewise, save for the closed list."""
    assert len(taps) == len(received)
    for (asked, answer), got in zip(taps, received, strict=True):
        assert got.body == asked.body, (len(got.body), len(asked.body), asked.headers)
        assert _kept(got.headers, NOT_PASSED_UP) == _kept(asked.headers, NOT_PASSED_UP)
        assert got.header("authorization") == f"Bearer {account.access_token}"
        assert got.header("chatgpt-account-id") == account.account_id
        assert got.header("accept-encoding") == "identity"
        assert got.header("content-length") == str(len(asked.body))
        assert answer.start.split()[1] == str(got.status)
        assert answer.body == got.sent
        assert _kept(answer.headers, NOT_PASSED_DOWN) == _kept(got.sent_headers, NOT_PASSED_DOWN)


def _kept(headers: Pairs, dropped: set[str]) -> Pairs:
    return [(name, value) for name, value in headers if name.lower() not in dropped]

"""The way of an answer to its client below aiohttp's response: its head, the pieces of its body, its end."""

from __future__ import annotations

from email.utils import formatdate
from functools import lru_cache

import aiohttp
from aiohttp import ClientConnectionResetError, web

from app.gateway.replies import SERVER

#: What waits for a slow client, in bytes, before upstream is read no further; at which transports, too, say so.
MAX_UNSENT = 64 * 1024
#: Their answers have no body (RFC 9112 §6.3); a length, which the first of them must not give, would mislead.
_BODYLESS = frozenset({204, 304})
_SERVER_LINE = f"Server: {SERVER}\r\n".encode()


class Given(web.StreamResponse):
    """An answer that went through an outlet: aiohttp has nothing left to do but to keep or close the connection."""

    def __init__(self, status: int, *, keep_alive: bool) -> None:
        super().__init__(status=status)
        self._keep = keep_alive

    @property
    def keep_alive(self) -> bool:
        """Whether another request may follow."""
        return self._keep

    async def prepare(self, request: web.BaseRequest) -> None:
        """The head has been sent."""

    async def write_eof(self, data: bytes = b"") -> None:
        """The end has been sent."""


class Outlet:
    """Writes an answer, each piece in the loop's step in which it comes.

    aiohttp's own way costs an answer a mapping of its headers and six coroutines, each piece another one, and whoever
    comes by it a task's step. Nothing is sent before `begin`, or before `end` where all of the body is at hand: head
    and beginning go out in one piece.

    Args:
        request: of the client.
        status, reason: of HTTP.
        lines: of the head, each with its line end; `Server`, `Date` and what belongs to this hop are added.
        names: of the headers in these lines, in lower case.
        now: Unix seconds.

    Attributes:
        transport: of the client.
        chunked: the body goes out in chunks.

    Raises:
        ConnectionError: the client has left.
        ValueError: a line has a line break within.
    """

    def __init__(
        self, request: web.BaseRequest, status: int, reason: bytes, lines: list[bytes], names: set[str], now: float
    ) -> None:
        if request.transport is None:
            raise _gone()
        self.transport = request.transport
        self._writer = request.writer
        self._status = status
        version = request.version
        ends_otherwise = "content-length" in names or status in _BODYLESS or request.method == "HEAD"
        self.chunked = not ends_otherwise and version >= aiohttp.HttpVersion11
        #: HTTP/1.0 has no other end for a body of unknown length.
        self._keep_alive = request.keep_alive and (ends_otherwise or self.chunked)
        if status in _BODYLESS and "content-length" in names:
            lines = [line for line in lines if not line.lower().startswith(b"content-length:")]
        head = [b"HTTP/%d.%d %d %b\r\n" % (*version, status, reason), *lines]
        if "server" not in names:
            head.append(_SERVER_LINE)
        if self.chunked:
            head.append(b"Transfer-Encoding: chunked\r\n")
        if "date" not in names:
            head.append(_date_line(int(now)))
        if self._keep_alive:
            if version == aiohttp.HttpVersion10:
                head.append(b"Connection: keep-alive\r\n")
        elif version == aiohttp.HttpVersion11:
            head.append(b"Connection: close\r\n")
        self._head = b"".join(head)
        if self._head.count(b"\n") != len(head) or self._head.count(b"\r") != len(head):
            raise ValueError("a header with a line break")
        self._head += b"\r\n"
        #: Waits until the client has taken what was written; raises ConnectionError when it left.
        self.drain = self._writer.drain

    def begin(self, piece: bytes = b"") -> bool:
        """Send the head, and the beginning of the body where there is one; whether the client is slow.

        Raises:
            ConnectionError: the client has left.
        """
        return self._send(self._framed(piece) if piece else b"")

    def write(self, piece: bytes) -> bool:
        """Pass a piece on, after `begin`; whether the client is slow.

        Raises:
            ConnectionError: the client has left.
        """
        # As `_send` does it, without a call for each step: this is for each event of each stream.
        transport = self.transport
        if transport.is_closing():
            raise _gone()
        transport.write(b"%x\r\n%b\r\n" % (len(piece), piece) if self.chunked else piece)
        return transport.get_write_buffer_size() > MAX_UNSENT

    async def end(self, last: bytes = b"") -> Given:
        """Send the last piece, if there is one, and the end; returns when the client has taken the most of it.

        Raises:
            ConnectionError: the client has left.
        """
        rest = self._framed(last) if last else b""
        if self._send(rest + b"0\r\n\r\n" if self.chunked else rest):
            await self.drain()
        return Given(self._status, keep_alive=self._keep_alive)

    def check(self) -> None:
        """Raises ConnectionError when the client has left."""
        if self.transport.is_closing():
            raise _gone()

    def _framed(self, piece: bytes) -> bytes:
        return b"%x\r\n%b\r\n" % (len(piece), piece) if self.chunked else piece

    def _send(self, data: bytes) -> bool:
        self.check()
        if self._head:
            # Nothing else can be answered now: that is read from this count.
            self._writer.output_size = len(self._head)
            data, self._head = self._head + data, b""
        if data:
            self.transport.write(data)
        return self.transport.get_write_buffer_size() > MAX_UNSENT


@lru_cache(maxsize=1)
def _date_line(second: int) -> bytes:
    return f"Date: {formatdate(second, usegmt=True)}\r\n".encode()


def _gone() -> ClientConnectionResetError:
    return ClientConnectionResetError("the client has gone")

"""One connection to upstream: a request goes out, its answer comes in, and then it is free for the next."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

import aiohttp
from aiohttp import HttpVersion10
from aiohttp.base_protocol import BaseProtocol
from aiohttp.http import HttpResponseParser, RawResponseMessage
from aiohttp.http_exceptions import HttpProcessingError

from app.upstream.answer import ChunkSink, UpstreamAnswer
from app.upstream.framing import PLAIN_SIZE, BadFraming, Body, body_of, head_end

#: One header alone may have so many bytes, and all of them together.
MAX_HEADER = 1 << 16
_MAX_HEAD = 1 << 18
#: A body goes out in pieces of this size, so that others are served between the encryption of two.
_PIECE = 1 << 18
_BODYLESS = frozenset({204, 304})


class Connection(asyncio.Protocol):
    """Carries one request at a time.

    Args:
        dialled: what aiohttp's connector opened; its transport speaks to this from now on.
        free: told when the answer is complete and the next request may be sent.
        lost: told when it is of no more use.

    Attributes:
        used: so many requests were sent.
        idle_since: of the loop's time, once it was `free`.
    """

    def __init__(
        self,
        dialled: aiohttp.connector.Connection,
        free: Callable[[Connection], None],
        lost: Callable[[Connection], None],
    ) -> None:
        transport = dialled.transport
        if transport is None:
            raise aiohttp.ServerDisconnectedError
        self._loop = asyncio.get_running_loop()
        self._dialled = dialled
        self._free = free
        self._lost = lost
        self.used = 0
        self.idle_since = 0.0
        self.gone: asyncio.Future[None] = self._loop.create_future()
        self._transport = transport
        self._head = bytearray()
        self._bodyless = False
        self._waiting: asyncio.Future[UpstreamAnswer] | None = None
        self._answer: UpstreamAnswer | None = None
        self._body: Body | None = None
        self._reusable = True
        self._uploaded = True
        self._uploading = False
        self._room: asyncio.Future[None] | None = None
        self._full = False
        self._reading = True
        self._heard = 0.0
        self._chunk_sink: ChunkSink | None = None
        transport.set_protocol(self)

    @property
    def open(self) -> bool:
        """Whether a request may be sent."""
        return not self._transport.is_closing() and not self.gone.done()

    async def send(self, head: bytes, body: bytes | None, *, bodyless: bool) -> UpstreamAnswer:
        """Send a request and wait for the head of its answer; cancelled or failed, the connection is closed.

        Args:
            head: with its blank line.
            body: as it goes out.
            bodyless: the answer has no body, whatever it says (HEAD).

        Raises:
            aiohttp.ClientError, OSError: there was no answer.
        """
        self.used += 1
        self._bodyless = bodyless
        waiting: asyncio.Future[UpstreamAnswer] = self._loop.create_future()
        self._waiting = waiting
        self._heard = self._loop.time()
        try:
            if body is None or len(body) <= _PIECE:
                self._transport.write(head + body if body else head)
            else:
                await self._upload(head, body, waiting)
            return await waiting
        except BaseException:
            if waiting.done() and not waiting.cancelled() and waiting.exception() is None:
                # The connection may serve somebody else by now.
                waiting.result().close()
            elif self._waiting is waiting:
                self._waiting = None
                self.drop()
            raise
        finally:
            # Its exception knows this frame, and the frame the body: megabytes, until the collector comes by.
            del waiting

    def pause(self) -> None:
        """See `Source`."""
        if self._reading and not self._transport.is_closing():
            self._reading = False
            self._transport.pause_reading()

    def resume(self) -> None:
        """See `Source`."""
        if not self._reading:
            self._reading = True
            self._heard = self._loop.time()
            if not self._transport.is_closing():
                self._transport.resume_reading()

    def drop(self) -> None:
        """See `Source`: close it at once; what was not sent stays unsent."""
        self._answer = self._chunk_sink = None
        self._cut()

    def offer_chunks(self, sink: ChunkSink | None) -> None:
        """See `Source`."""
        self._chunk_sink = sink

    def close(self) -> None:
        """Close it, since nobody needs it; an answer that is on its way breaks off."""
        if self._answer is not None:
            self._break(aiohttp.ClientConnectionError("closed"))
        elif not self._transport.is_closing():
            self._transport.close()

    def silent_for(self, now: float) -> float | None:
        """How long nothing has been heard of an answer that is waited for, in seconds; None: none is.

        Args:
            now: of the loop's time.
        """
        if self._answer is None and self._waiting is None:
            return None
        if not self._reading and not self._uploading:
            # Its silence is ours.
            self._heard = now
        return now - self._heard

    def give_up(self) -> None:
        """It has been silent for too long."""
        error = aiohttp.SocketTimeoutError("silence for too long")
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(error)
            self._cut()
        else:
            self._break(error)

    def data_received(self, data: bytes) -> None:
        """Of `asyncio.Protocol`."""
        answer, body = self._answer, self._body
        if answer is None or body is None:
            self._read_head(data)
            return
        self._heard = self._loop.time()
        if self._chunk_sink is not None and body.between_chunks and (found := PLAIN_SIZE.match(data)) is not None:
            # Here and not in a function of its own: nearly every event of every stream comes this way.
            start = found.end()
            if int(found[1], 16) == len(data) - start - 2 and data.endswith(b"\r\n"):
                try:
                    full = self._chunk_sink(data, start)
                except Exception as error:
                    answer.refuse(error)
                    return
                if full is not None:
                    if full:
                        answer.full()
                    return
        try:
            piece = body.feed(data)
        except BadFraming as error:
            self._break(aiohttp.ClientPayloadError(str(error)))
            return
        if body.over:
            self._complete(piece)
        elif piece:
            answer.feed(piece)

    def eof_received(self) -> None:
        """Of `asyncio.Protocol`: `connection_lost` follows."""

    def connection_lost(self, exc: Exception | None) -> None:
        """Of `asyncio.Protocol`."""
        answer, body = self._answer, self._body
        self._answer = self._chunk_sink = None
        waiting, self._waiting = self._waiting, None
        if waiting is not None and not waiting.done():
            waiting.set_exception(_as_error(exc))
        self._make_room()
        if answer is not None and body is not None:
            if exc is None and body.eof():
                answer.end()
            else:
                answer.fail(aiohttp.ClientPayloadError("the answer broke off"))
                answer.end()
        self._dialled.close()
        if not self.gone.done():
            self.gone.set_result(None)
        self._lost(self)

    def pause_writing(self) -> None:
        """Of `asyncio.Protocol`."""
        self._full = True

    def resume_writing(self) -> None:
        """Of `asyncio.Protocol`."""
        self._full = False
        self._make_room()

    async def _upload(self, head: bytes, body: bytes, waiting: asyncio.Future[UpstreamAnswer]) -> None:
        """Send a large body in pieces. An early refusal ends it; the connection is then of no more use."""
        self._uploaded = False
        self._uploading = True
        try:
            await self._upload_pieces(head, memoryview(body), waiting)
        finally:
            self._uploading = False

    async def _upload_pieces(self, head: bytes, view: memoryview, waiting: asyncio.Future[UpstreamAnswer]) -> None:
        self._transport.write(head)
        for start in range(0, len(view), _PIECE):
            if self._transport.is_closing() or (waiting.done() and waiting.result().status >= 400):
                return
            self._transport.write(view[start : start + _PIECE])
            self._heard = self._loop.time()
            # Others come first.
            await (self._space() if self._full else asyncio.sleep(0))
        self._uploaded = True

    async def _space(self) -> None:
        self._room = self._loop.create_future()
        try:
            await self._room
        finally:
            self._room = None

    def _make_room(self) -> None:
        if self._room is not None and not self._room.done():
            self._room.set_result(None)

    def _read_head(self, data: bytes) -> None:
        waiting = self._waiting
        if waiting is None or waiting.done():
            # Nobody has asked: an idle connection that speaks is about to be closed by the other end.
            self._reusable = False
            self._cut()
            return
        self._heard = self._loop.time()
        searched = len(self._head)
        self._head += data
        end = head_end(self._head, searched)
        try:
            while end:
                taken, rest = bytes(self._head[:end]), bytes(self._head[end:])
                self._head.clear()
                message = _message(taken, self._loop)
                if message.code >= 200:
                    self._begin(message, rest, waiting)
                    return
                if message.code == 101:
                    raise aiohttp.ClientPayloadError("upstream changed the protocol")
                # 100 and 103 are no answers.
                self._head += rest
                end = head_end(self._head, 0)
            if len(self._head) > _MAX_HEAD:
                raise aiohttp.ClientPayloadError("the head does not end")
        except (HttpProcessingError, aiohttp.ClientError) as error:
            waiting.set_exception(aiohttp.ClientPayloadError(type(error).__name__))
            self._cut()

    def _begin(self, message: RawResponseMessage, rest: bytes, waiting: asyncio.Future[UpstreamAnswer]) -> None:
        length = message.headers.get("Content-Length")
        self._body = body = body_of(
            bodyless=self._bodyless or message.code in _BODYLESS,
            chunked=message.chunked,
            length=int(length) if length is not None else None,
        )
        self._reusable = not message.should_close and message.version > HttpVersion10
        self._answer = answer = UpstreamAnswer(self, message.code, message.reason, message.headers, message.raw_headers)
        self._waiting = None
        waiting.set_result(answer)
        if message.code >= 400:
            self._make_room()
        if rest and not body.over:
            self.data_received(rest)
        elif body.over:
            body.rest = body.rest or rest
            self._complete()

    def _complete(self, last: bytes = b"") -> None:
        """The answer is here: first the connection is let go, then whoever waits gets the last piece of it."""
        answer, body = self._answer, self._body
        self._answer = self._body = self._chunk_sink = None
        if not self._reading:
            self.resume()
        reusable = self._reusable and self._uploaded and body is not None and not body.rest and self.open
        if reusable:
            self.idle_since = self._loop.time()
            self._free(self)
        elif self._uploaded:
            self.close()
        else:
            self._cut()
        if answer is not None:
            answer.end(last)

    def _break(self, error: Exception) -> None:
        answer, self._answer = self._answer, None
        self._chunk_sink = None
        self._cut()
        if answer is not None:
            answer.fail(error)
            answer.end()

    def _cut(self) -> None:
        # asyncio forgets a TLS connection that is closed once more, and its transport then fails here (up to 3.11.2).
        if not self.gone.done():
            self._transport.abort()


def _message(head: bytes, loop: asyncio.AbstractEventLoop) -> RawResponseMessage:
    """Read a complete head; aiohttp's parser knows what servers get wrong."""
    parser: Any = HttpResponseParser(
        BaseProtocol(loop),
        loop,
        1 << 16,
        response_with_body=False,
        auto_decompress=False,
        max_line_size=MAX_HEADER,
        max_field_size=MAX_HEADER,
    )
    messages, _upgraded, _tail = parser.feed_data(head)
    if len(messages) != 1:
        raise aiohttp.ClientPayloadError("no answer of HTTP")
    return cast(RawResponseMessage, messages[0][0])


def _as_error(exc: Exception | None) -> Exception:
    if exc is None:
        return aiohttp.ServerDisconnectedError()
    return aiohttp.ClientOSError(*exc.args) if isinstance(exc, OSError) else aiohttp.ClientConnectionError()

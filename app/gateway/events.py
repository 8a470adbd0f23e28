"""Upstream's events, read from its answer as they come."""

from __future__ import annotations

import zlib
from collections.abc import Awaitable, Callable

import aiohttp
import brotli
import zstandard

from app.gateway.opening import Opening
from app.translate.errors import UpstreamFailure, truncated, unreadable
from app.translate.sse import Event, EventTooLarge, SseParser, lone_event


class EventReader:
    """Reads one answer, from its held-back beginning on.

    Attributes:
        failure: why the stream cannot be read on; None after a proper end of HTTP.
    """

    def __init__(self, opening: Opening) -> None:
        self.failure: UpstreamFailure | None = None
        self._opening = opening
        self._answer = opening.answer
        self._parser = SseParser()
        self._stopped = False
        self._unpack = _unpacker(opening.answer.headers.get("Content-Encoding", ""))

    async def read(self) -> list[Event]:
        """The next events, at least one; none when the stream is over. May be cancelled and called again."""
        while self.failure is None:
            try:
                chunk = await self._next()
                if not chunk:
                    break
                events = self._parser.feed(self._unpack(chunk) if self._unpack else chunk)
            except EventTooLarge:
                self.failure = unreadable()
            except (aiohttp.ClientError, OSError, zlib.error, brotli.error, zstandard.ZstdError):
                # TimeoutError is an OSError: silence for too long ends like a broken line.
                self.failure = truncated()
            else:
                if events:
                    return events
        return []

    async def pour(
        self,
        take: Callable[[list[Event]], bool],
        drain: Callable[[], Awaitable[None]],
        take_alone: Callable[[str, bytes], bool | None],
    ) -> None:
        """Give the events that follow to `take`, as soon as they come, until the stream is over or `stop` is called.

        Args:
            take: returns whether it has no room for more; `drain` then waits for it. What they raise is raised.
            take_alone: is offered what comes alone first, its type and its data; likewise, or None: `take` shall.
        """
        opening = self._opening
        while opening.head or opening.over or opening.broken:
            events = await self.read()
            if not events:
                return
            if take(events):
                await drain()
            if self._stopped:
                return

        between = self._parser.at_boundary

        def sink(piece: bytes) -> bool:
            nonlocal between
            events = [] if self._stopped else self._parser.feed(self._unpack(piece) if self._unpack else piece)
            between = self._parser.at_boundary
            return bool(events) and take(events)

        def chunk_sink(chunk: bytes, start: int) -> bool | None:
            if not between or self._stopped:
                return None
            end = len(chunk) - 2
            found = lone_event(chunk, start, end)
            if found is None:
                return None
            kind, data = found[2].decode(), chunk[found.start(1) : end - 2]
            full = take_alone(kind, data)
            return take([Event(data, kind)]) if full is None else full

        try:
            broken = await self._answer.pour(sink, drain, chunk_sink if self._unpack is None else None)
        except EventTooLarge:
            self.failure = unreadable()
        except (zlib.error, brotli.error, zstandard.ZstdError):
            self.failure = truncated()
        else:
            self.failure = truncated() if broken is not None else None

    def stop(self) -> None:
        """No more events are wanted."""
        self._stopped = True
        self._answer.close()

    async def _next(self) -> bytes:
        opening = self._opening
        if opening.head:
            head, opening.head = bytes(opening.head), bytearray()
            return head
        if opening.broken:
            raise ConnectionResetError
        return b"" if opening.over else await self._answer.readany()


def _unpacker(content_encoding: str) -> Callable[[bytes], bytes] | None:
    """We ask for plain bytes; who packs them all the same is understood."""
    name = content_encoding.strip().lower()
    if name in ("gzip", "x-gzip"):
        return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress
    if name == "deflate":
        return zlib.decompressobj().decompress
    if name == "br":
        unpack: Callable[[bytes], bytes] = brotli.Decompressor().process
        return unpack
    if name == "zstd":
        return zstandard.ZstdDecompressor().decompressobj().decompress
    return None

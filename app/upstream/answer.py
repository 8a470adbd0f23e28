"""Upstream's answer: its head at once, its body as it comes, either asked for or poured out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from multidict import CIMultiDict, CIMultiDictProxy

#: Is offered a chunk with the framing that it came in; the number says where its content begins, which ends two bytes
#: before the end. Returns whether it has no room for more, or None: it has not taken the chunk.
ChunkSink = Callable[[bytes, int], bool | None]

#: What is held for a reader who is slow, in bytes, before upstream is read no further.
_MAX_HELD = 256 * 1024


class Source(Protocol):
    """Where the body of an answer comes from."""

    def pause(self) -> None:
        """Read no further."""

    def resume(self) -> None:
        """Read on."""

    def drop(self) -> None:
        """Nobody wants the rest."""

    def offer_chunks(self, sink: ChunkSink | None) -> None:
        """Offer it each whole chunk that comes by itself, before the answer is fed with it; None: nobody any more."""


class UpstreamAnswer:
    """One answer. Whoever gets it closes it.

    Attributes:
        status, reason: of HTTP.
        headers: whatever their case.
        raw_headers: as they came.
    """

    def __init__(
        self,
        source: Source,
        status: int,
        reason: str,
        headers: CIMultiDictProxy[str],
        raw_headers: tuple[tuple[bytes, bytes], ...],
    ) -> None:
        self.status = status
        self.reason = reason
        self.headers = headers
        self.raw_headers = raw_headers
        self._source: Source | None = source
        self._held: list[bytes] = []
        self._size = 0
        self._paused = False
        self._error: Exception | None = None
        self._refused: Exception | None = None
        self._waiting: asyncio.Future[None] | None = None
        self._sink: Callable[[bytes], bool] | None = None

    @property
    def closed(self) -> bool:
        """Whether nothing comes any more."""
        return self._source is None

    @property
    def at_end(self) -> bool:
        """Whether the body is complete, and has been read."""
        return self._source is None and not self._held and self._error is None

    def forget_headers(self, *but: str) -> None:
        """Keep these alone: headers are kilobytes, and the body may come for an hour."""
        self.raw_headers = ()
        self.headers = CIMultiDictProxy(CIMultiDict({name: self.headers[name] for name in but if name in self.headers}))

    async def readany(self) -> bytes:
        """What has come of the body, at least one byte; empty at its end.

        Raises:
            aiohttp.ClientError, OSError: it broke off; what had come was read before.
        """
        while not self._held:
            if self._error is not None:
                raise self._error
            if self._source is None:
                return b""
            await self._wait()
        data = self._held[0] if len(self._held) == 1 else b"".join(self._held)
        self._held.clear()
        self._size = 0
        self._go_on()
        return data

    async def read(self) -> bytes:
        """The rest of the body; raises as `readany`."""
        pieces = []
        while piece := await self.readany():
            pieces.append(piece)
        return b"".join(pieces)

    async def pour(
        self,
        sink: Callable[[bytes], bool],
        drain: Callable[[], Awaitable[None]],
        chunk_sink: ChunkSink | None = None,
    ) -> Exception | None:
        """Give the rest of the body to `sink`, each piece within the loop's step in which it came.

        Args:
            sink: returns whether it has no room for more; `drain` then waits for it.
            drain: waits until the sink has room.
            chunk_sink: is offered chunks that come whole; what it does not take goes to `sink`.

        Returns:
            Why the body broke off (an aiohttp.ClientError or OSError), or None: it is complete, or was closed.

        Raises:
            Exception: what a sink or `drain` raised.
        """
        self._sink = sink
        try:
            full = False
            for piece in self._held:
                full = sink(piece) or full
            self._held.clear()
            self._size = 0
            if full:
                self._pause()
            if chunk_sink is not None and self._source is not None:
                self._source.offer_chunks(chunk_sink)
            while True:
                if self._paused:
                    await drain()
                    self._go_on()
                if self._refused is not None:
                    refused, self._refused = self._refused, None
                    raise refused
                if self._source is None:
                    return self._error
                await self._wait()
        finally:
            self._sink = None
            if self._source is not None:
                self._source.offer_chunks(None)

    def close(self) -> None:
        """Take no more; harmless when it is over."""
        source, self._source = self._source, None
        if source is not None:
            source.drop()
        self._wake()

    def feed(self, piece: bytes) -> None:
        """The source has a piece of the body."""
        if self._sink is None:
            self._held.append(piece)
            self._size += len(piece)
            if self._size > _MAX_HELD:
                self._pause()
            self._wake()
            return
        try:
            full = self._sink(piece)
        except Exception as error:
            self.refuse(error)
            return
        if full:
            self.full()

    def refuse(self, error: Exception) -> None:
        """A sink has failed; whoever pours hears of it."""
        self._refused = error
        self.close()

    def full(self) -> None:
        """A sink has no room for more."""
        self._pause()
        self._wake()

    def end(self, last: bytes = b"") -> None:
        """The body is complete with this piece; the source serves others from now on."""
        self._source = None
        if last:
            self.feed(last)
        self._wake()

    def fail(self, error: Exception) -> None:
        """Nothing comes any more, although more should."""
        if self._error is None:
            self._error = error
        self._wake()

    def _pause(self) -> None:
        if not self._paused:
            self._paused = True
            if self._source is not None:
                self._source.pause()

    def _go_on(self) -> None:
        if self._paused:
            self._paused = False
            if self._source is not None:
                self._source.resume()

    async def _wait(self) -> None:
        self._waiting = asyncio.get_running_loop().create_future()
        try:
            await self._waiting
        finally:
            self._waiting = None

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

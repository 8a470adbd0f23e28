"""The beginning of upstream's answer, held back until it says something: until then another token may still serve."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import aiohttp

from app.translate.errors import UpstreamFailure, failure_from_http, truncated
from app.translate.usage import UsageObserver
from app.upstream.answer import UpstreamAnswer

#: An answer that is so long before it says anything is passed on as it is, in bytes. Codex's tools and instructions,
#: which the first events repeat, are far below that.
MAX_HEAD = 16 * 1024 * 1024
#: Of an error's body, what is read before it is judged, in bytes, and how long that may take, in seconds.
ERROR_HEAD = 64 * 1024
_ERROR_S = 10.0


class Opening:
    """An answer whose first bytes have been read and not yet given to anybody.

    Attributes:
        answer: upstream's; `close` closes it.
        status: of HTTP.
        head: what has been read of its body.
        over: nothing follows the head.
        broken: what followed did not come: the line broke.
        failure: why it is no answer, if that can be seen already.
        observer: has seen the head; None where the bytes cannot be read (an error, or packed).
    """

    def __init__(self, answer: UpstreamAnswer) -> None:
        self.answer = answer
        self.status = answer.status
        self.head = bytearray()
        self.over = False
        self.broken = False
        self.failure: UpstreamFailure | None = None
        packing = answer.headers.get("Content-Encoding")
        packed = packing is not None and packing.strip().lower() not in ("identity", "")
        self.observer = None if packed or answer.status >= 400 else UsageObserver()

    def close(self) -> None:
        """Let go of the connection."""
        self.answer.close()

    async def read(self, now: Callable[[], float], *, events: bool, hold_s: float | None) -> None:
        """Read until the answer has begun, has failed, or has been held for long enough.

        Args:
            now: Unix seconds.
            events: it is a stream of events, or shall become one: without an end it is broken.
            hold_s: how long after its first byte it is held, in seconds: then it is passed on, whatever it says. 0: not
                at all; None: until it has begun.
        """
        answer, observer = self.answer, self.observer
        if self.status >= 400 or answer.headers.get("Content-Type", "").startswith("text/html"):
            await self._read_error(now())
            return
        deadline: float | None = None
        while observer is not None and not observer.begun and observer.terminal is None:
            if deadline is None and hold_s is not None and self.head:
                deadline = asyncio.get_running_loop().time() + hold_s
            try:
                chunk = await answer.readany() if deadline is None else await self._chunk_by(deadline)
            except (aiohttp.ClientError, OSError):
                # A TimeoutError of aiohttp's own is silence for too long: like a broken line.
                self.broken = True
                chunk = b""
            if chunk is None:
                return
            if not chunk:
                self._ended(events)
                break
            self.head += chunk
            observer.feed(chunk)
            if len(self.head) > MAX_HEAD:
                break
        # A failure behind a beginning, which came in one piece with it, is passed on like any later one.
        if observer is not None and observer.failure is not None and not observer.begun:
            self.failure = observer.failure

    def _ended(self, events: bool) -> None:
        self.over = True
        observer = self.observer
        if observer is None:
            return
        observer.close()
        if observer.terminal is None and (self.broken or (events and not _is_json(self.head))):
            self.failure = truncated()

    async def _chunk_by(self, deadline: float) -> bytes | None:
        """The next bytes; empty at the end; None when it has been held for long enough."""
        waiting = asyncio.timeout_at(deadline)
        try:
            async with waiting:
                return await self.answer.readany()
        except TimeoutError:
            if waiting.expired():
                return None
            raise

    async def _read_error(self, now: float) -> None:
        try:
            async with asyncio.timeout(_ERROR_S):
                while len(self.head) < ERROR_HEAD:
                    chunk = await self.answer.readany()
                    if not chunk:
                        self.over = True
                        break
                    self.head += chunk
        except (TimeoutError, aiohttp.ClientError, OSError):
            # What has come is judged.
            self.over = self.broken = True
        self.failure = failure_from_http(self.status, bytes(self.head), self.answer.headers, now=now)


def _is_json(head: bytearray) -> bool:
    return head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{"

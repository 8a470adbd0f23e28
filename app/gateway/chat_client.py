"""The client of one chat turn: what it has been told already decides how it can be told more."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from aiohttp import web

from app.core.errors import Refusal
from app.core.turn import Outcome
from app.gateway.outlet import Outlet
from app.gateway.relay import answer_failure
from app.gateway.replies import error_reply
from app.gateway.turn_runner import RunningTurn
from app.translate.errors import UpstreamFailure
from app.translate.frames import DONE, KEEP_ALIVE, data_frame
from app.upstream.errors import NoAnswer

_T = TypeVar("_T")

_HEAD = [
    b"Content-Type: text/event-stream; charset=utf-8\r\n",
    b"Cache-Control: no-cache\r\n",
    b"X-Accel-Buffering: no\r\n",
]

#: Between two looks at how long the client has heard nothing, in seconds.
_LEAST_S = 0.01


class ChatClient:
    """Until something is written it can be given any status; afterwards only events of its stream.

    Args:
        request: of the client.
        turn: told of every byte.
        stream: whether it asked for a stream.
        keep_alive_s: after so much silence a stream gets a comment, in seconds.
    """

    def __init__(self, request: web.BaseRequest, turn: RunningTurn, *, stream: bool, keep_alive_s: float) -> None:
        self.request = request
        self._turn = turn
        self._stream = stream
        self._keep_alive_s = keep_alive_s
        self._loop = asyncio.get_running_loop()
        self._heard_at = self._loop.time()
        self._outlet: Outlet | None = None
        self._finished = False

    @property
    def prepared(self) -> bool:
        """Whether a status has been sent, so that none other can be."""
        return self._outlet is not None

    @property
    def listens(self) -> bool:
        """Whether it can still be told something: it is there, and no end of its answer is on the way to it."""
        transport = self.request.transport
        there = transport is not None and not transport.is_closing()
        return there and not self._finished and (self.prepared or not self.request.writer.output_size)

    @property
    def silence_left_s(self) -> float:
        """How much longer it may hear nothing, in seconds."""
        return max(0.0, self._heard_at + self._keep_alive_s - self._loop.time())

    async def meanwhile(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Await `work`; a client that streams is shown that its turn lives, for however long that takes."""
        if not self._stream:
            return await work
        task = self._loop.create_task(work)
        try:
            while not (await asyncio.wait((task,), timeout=self.silence_left_s))[0]:
                await self.write(KEEP_ALIVE)
        except BaseException:
            # It may have ended just now, too, and then nobody asks how.
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            raise
        return task.result()

    async def write(self, data: bytes) -> None:
        """A piece of the stream; its head goes out with the first one.

        Raises:
            ConnectionError: the client has left.
        """
        if self.push(data):
            await self.drain()

    def push(self, data: bytes) -> bool:
        """Likewise, at once; whether the client is slow."""
        slow = self._opened().begin(data) if self._outlet is None else self._outlet.write(data)
        self._heard_at = self._loop.time()
        self._turn.passed_on(len(data))
        return slow

    def _opened(self) -> Outlet:
        self._turn.live.status = 200
        lines = [*_HEAD, f"x-request-id: {self._turn.live.id}\r\n".encode()]
        self._outlet = Outlet(self.request, 200, b"OK", lines, set(), self._turn.state.clock.now())
        return self._outlet

    @contextmanager
    def kept_alive(self) -> Iterator[None]:
        """While the stream goes on by `push`, silence is filled with comments."""
        timer: asyncio.TimerHandle

        def look() -> None:
            nonlocal timer
            if not self.silence_left_s:
                with suppress(ConnectionError):
                    self.push(KEEP_ALIVE)
            timer = self._loop.call_later(max(self.silence_left_s, _LEAST_S), look)

        timer = self._loop.call_later(max(self.silence_left_s, _LEAST_S), look)
        try:
            yield
        finally:
            timer.cancel()

    async def drain(self) -> None:
        """Wait until the client has taken what it was given; raises ConnectionError when it left."""
        await self.request.writer.drain()

    async def finish(self, data: bytes) -> web.StreamResponse:
        """The end of the stream."""
        outlet = self._outlet or self._opened()
        self._finished = True
        given = await outlet.end(data)
        self._turn.passed_on(len(data))
        return given

    async def fail(self, failure: UpstreamFailure) -> web.StreamResponse:
        """Upstream's failure: as an HTTP error, or as the one error event of a stream that has begun."""
        if not self.prepared:
            return answer_failure(self._turn, failure)
        return await self.finish(data_frame(failure.body(self._turn.state.clock.now())) + DONE)

    async def fail_without_answer(self, problem: NoAnswer) -> web.StreamResponse:
        """There was no answer of upstream's."""
        refusal = self._turn.unanswered(problem, problem.status)
        if not self.prepared:
            return error_reply(refusal)
        # That is what it has got.
        self._turn.live.status = 200
        return await self.refuse(refusal)

    async def refuse(self, refusal: Refusal) -> web.StreamResponse:
        """Our own refusal, likewise."""
        self._turn.end(Outcome.REFUSED, refusal.error_code)
        if not self.prepared:
            raise refusal
        return await self.finish(data_frame(refusal.body()) + DONE)

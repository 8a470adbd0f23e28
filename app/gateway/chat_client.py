"""The client of one chat turn: what it has been told already decides how it can be told more."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

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
        self._timer: asyncio.TimerHandle | None = None

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

    @contextmanager
    def kept_alive(self) -> Iterator[None]:
        """Meanwhile a client that streams gets a comment for every silence, so that it sees that its turn lives."""
        if not self._stream:
            yield
            return
        self._look_later()
        try:
            yield
        finally:
            if self._timer is not None:
                self._timer.cancel()

    def push(self, data: bytes) -> bool:
        """A piece of the stream; its head goes out with the first one. Whether the client is slow.

        Raises:
            ConnectionError: the client has left.
        """
        outlet = self._outlet
        if outlet is None:
            outlet = self._answer()
            slow = outlet.begin(data)
            self._opened(outlet)
            self._turn.passed_on(len(data))
        else:
            slow = outlet.write(data)
            # As `passed_on` has it, once the first byte has been noted.
            self._turn.live.response_bytes += len(data)
        self._heard_at = self._loop.time()
        return slow

    def _answer(self) -> Outlet:
        """The stream, of which nothing has been sent yet."""
        lines = [*_HEAD, f"x-request-id: {self._turn.live.id}\r\n".encode()]
        return Outlet(self.request, 200, b"OK", lines, set(), self._turn.state.clock.now())

    def _opened(self, outlet: Outlet) -> None:
        """Its head has gone out."""
        self._outlet = outlet
        self._turn.live.status = 200

    def _look_later(self) -> None:
        self._timer = self._loop.call_later(max(self._silence_left_s(), _LEAST_S), self._look)

    def _look(self) -> None:
        if self._finished:
            return
        if not self._silence_left_s():
            try:
                self.push(KEEP_ALIVE)
            except ConnectionError:
                # Whoever has left hears nothing more; that it has left ends its turn.
                return
        self._look_later()

    def _silence_left_s(self) -> float:
        """How much longer it may hear nothing, in seconds."""
        return max(0.0, self._heard_at + self._keep_alive_s - self._loop.time())

    async def drain(self) -> None:
        """Wait until the client has taken what it was given; raises ConnectionError when it left."""
        await self.request.writer.drain()

    async def finish(self, data: bytes) -> web.StreamResponse:
        """The end of the stream."""
        outlet = self._outlet or self._answer()
        outlet.check()
        self._opened(outlet)
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

"""Upstream's answer given to the client as it comes: status, headers, bytes, and the way it ends."""

from __future__ import annotations

import contextlib
import os
import socket
import struct

import aiohttp
from aiohttp import web

from app.core.turn import Outcome
from app.gateway.opening import Opening
from app.gateway.outlet import MAX_UNSENT, Given, Outlet
from app.gateway.replies import json_reply
from app.gateway.turn_runner import TURN_STATE, RunningTurn
from app.translate.errors import UpstreamFailure
from app.translate.usage import UsageObserver, is_quiet
from app.upstream.answer import UpstreamAnswer
from app.upstream.headers import lines_to_client

#: `struct linger`: on, and no time for what has not been sent; Windows has it in shorts.
_RESET_ON_CLOSE = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)

#: When to try an overloaded upstream again that does not say when itself, in seconds.
_OVERLOAD_S = "5"


async def relay(
    request: web.BaseRequest, opening: Opening, turn: RunningTurn, *, watch: bool = True
) -> web.StreamResponse:
    """Pass an answer on, byte for byte, and decide how the turn ended.

    Args:
        request: of the client.
        opening: upstream's answer; the caller closes it.
        turn: told of every byte, of usage and of the end.
        watch: whether a 2xx without a terminal event is a broken answer; not so where there are no events.
    """
    answer, observer = opening.answer, opening.observer
    turn.live.status = answer.status
    if opening.failure is not None:
        turn.end(Outcome.FAILED, opening.failure.upstream_code or f"http_{opening.failure.status}")
    outlet = _outlet(request, answer, turn)
    head = bytes(opening.head)
    opening.head.clear()
    # What has come whole goes out whole, once the turn has its end.
    whole = answer.at_end and not opening.broken
    passing = _Passing(outlet, opening, turn)
    try:
        if whole:
            outlet.check()
        else:
            outlet.begin(head)
    finally:
        passing.note()
    if head:
        turn.passed_on(len(head))
    if not whole:
        # While the rest streams, for minutes, nobody holds what has been passed on; of the headers, only the turn's
        # state is asked for again.
        head = b""
        answer.forget_headers(TURN_STATE)
    if not whole and not opening.over:
        # Silence for too long ends like a broken line.
        opening.broken = await answer.pour(passing.take, outlet.drain, passing.take_chunk) is not None
    if opening.broken:
        turn.end(Outcome.FAILED, "upstream_stream_truncated")
        hang_up(request)
        return Given(answer.status, keep_alive=False)
    if observer is not None:
        observer.close()
        _note_end(turn, opening, observer)
        if observer.terminal is None and watch and turn.live.stream:
            # A proper end of HTTP, and yet upstream has not finished: shown as it came, remembered as what it is.
            turn.end(Outcome.FAILED, "upstream_stream_truncated")
    turn.end(Outcome.COMPLETED)
    return await outlet.end(head)


class _Passing:
    """Passes an answer's body on, and tells the turn what is seen in it."""

    def __init__(self, outlet: Outlet, opening: Opening, turn: RunningTurn) -> None:
        self._outlet = outlet
        self._opening = opening
        self._observer = opening.observer
        self._begun = self._observer is None or self._observer.begun
        self._turn = turn
        self._live = turn.live
        self._transport = outlet.transport
        self._quiet = outlet.chunked and self._observer is not None and self._observer.quiet

    def take_chunk(self, chunk: bytes, start: int) -> bool | None:
        """Pass a chunk on in the framing that it came in, unless there may be something to see in it: a `ChunkSink`."""
        transport = self._transport
        end = len(chunk) - 2
        if not self._quiet or not is_quiet(chunk, start, end) or transport.is_closing():
            return None
        transport.write(chunk)
        self._live.response_bytes += end - start
        return transport.get_write_buffer_size() > MAX_UNSENT

    def take(self, piece: bytes) -> bool:
        """Pass a piece on; whether the client is slow.

        Raises:
            ConnectionError: the client has left.
        """
        observer = self._observer
        try:
            slow = self._outlet.write(piece)
        finally:
            # The client may have left because this was the last event: then all is well.
            if observer is not None:
                observer.feed(piece)
                self._quiet = self._outlet.chunked and observer.quiet
                if observer.terminal is not None or not self._begun:
                    self.note()
        self._turn.passed_on(len(piece))
        return slow

    def note(self) -> None:
        """Tell the turn what the observer has seen so far."""
        observer = self._observer
        if observer is None:
            return
        if observer.begun and not self._begun:
            # It had been silent for so long that its beginning was passed on.
            self._begun = True
            self._turn.begun(self._opening)
        if observer.terminal is not None:
            _note_end(self._turn, self._opening, observer)


def note_failure(turn: RunningTurn, failure: UpstreamFailure) -> None:
    """The turn failed like this after its answer had begun; its token may need a rest."""
    if turn.outcome is None:
        turn.end(Outcome.FAILED, failure.upstream_code or f"http_{failure.status}")
        turn.failed(failure)


def answer_failure(turn: RunningTurn, failure: UpstreamFailure) -> web.Response:
    """Our own words for upstream's failure, while a status can still be sent."""
    turn.live.status = failure.status
    now = turn.state.clock.now()
    headers = turn.error_headers | failure.headers(now)
    if failure.status == 503 and turn.live.endpoint == "chat/completions":
        # SDKs wait for as long as they are told; Codex would do so thirty times.
        headers.setdefault("Retry-After", _OVERLOAD_S)
    return json_reply(failure.status, failure.body(now), headers)


def hang_up(request: web.BaseRequest) -> None:
    """Close the client's connection without the proper end of its answer, so that the client notices.

    What was passed on before still reaches it: the chunk that ends a body is all that is missing. HTTP/1.0 bodies end
    with the connection; there only a reset tells.
    """
    transport = request.transport
    if transport is None:
        return
    if request.version >= aiohttp.HttpVersion11:
        transport.close()
        return
    sock = transport.get_extra_info("socket")
    if sock is not None:
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    transport.abort()


def _outlet(request: web.BaseRequest, answer: UpstreamAnswer, turn: RunningTurn) -> Outlet:
    lines, names = lines_to_client(answer.raw_headers)
    if turn.live.stream and answer.status < 300 and "content-type" not in names:
        # Upstreams have been seen to name none; clients that look for one need this.
        lines.append(b"Content-Type: text/event-stream\r\n")
    reason = answer.reason.encode("utf-8", "surrogateescape")
    return Outlet(request, answer.status, reason, lines, names, turn.state.clock.now())


def _note_end(turn: RunningTurn, opening: Opening, observer: UsageObserver) -> None:
    if turn.outcome is not None:
        return
    turn.observed(observer)
    if observer.failure is not None:
        note_failure(turn, observer.failure)
    elif observer.terminal is not None:
        turn.begun(opening)
        turn.end(Outcome.COMPLETED)

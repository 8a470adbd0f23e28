"""Putting a turn on the wire, with the deviations that a script asks for."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Literal, Protocol

from aiohttp import web

from app.practice.events import TERMINAL, Plan, encode, last_words, padding
from app.practice.output_items import Event
from app.practice.recorder import ReceivedRequest
from app.practice.refusals import Headers, Refusal
from app.practice.script import Point, Turn

NO_CONTENT_TYPE = web.ResponseKey("practice.no_content_type", bool)
"""Marks a response that must go out without a content type; see :func:`drop_content_type`."""


class CutError(Exception):
    """The script wants the connection closed here."""


class EndError(Exception):
    """The script wants the body to end here."""


class Line(Protocol):
    """Where the events of a turn go."""

    async def say(self, event: Event) -> None:
        """Send one event."""
        ...

    async def say_raw(self, data: bytes) -> None:
        """Send these bytes instead of events."""
        ...


async def drop_content_type(_request: web.Request, response: web.StreamResponse) -> None:
    """Remove the content type that aiohttp adds; connect this to ``on_response_prepare``."""
    if response.get(NO_CONTENT_TYPE):
        response.headers.pop("Content-Type", None)


def whole(refusal: Refusal, record: ReceivedRequest, headers: Headers = ()) -> web.Response:
    """Return a complete answer and note it in the record; headers of the refusal win over ``headers``."""
    response = web.Response(status=refusal.status, body=refusal.body)
    _set_headers(response, headers)
    _set_headers(response, refusal.headers)
    record.status = refusal.status
    record.sent_headers = list(response.headers.items())
    record.add_sent(refusal.body)
    return response


async def reach(
    request: web.Request, turn: Turn, point: Literal["request", "headers"], record: ReceivedRequest
) -> bool:
    """Do what the script wants before the request has an effect, or before the status line.

    False: the connection was closed.
    """
    if turn.header_delay and point == "headers":
        await asyncio.sleep(turn.header_delay)
    try:
        await at_point(turn, point, point)
    except CutError:
        cut(request, record)
        return False
    return True


async def at_once(
    request: web.Request,
    behaviour: Turn | Refusal | None,
    work: Callable[[], Refusal],
    record: ReceivedRequest,
    headers: Headers = (),
) -> web.StreamResponse:
    """Do ``work`` and send the complete answer that it returns, deviating as ``behaviour`` says.

    A refusal is sent instead, and nothing is done. The points of a turn are ``"request"`` (nothing is done
    so far), ``"headers"``, 0 (the headers are out) and 1 (so is the body).
    """
    if isinstance(behaviour, Refusal):
        return whole(behaviour, record, headers)
    turn = behaviour or Turn()
    if not await reach(request, turn, "request", record):
        return web.Response()
    refusal = work()
    if not await reach(request, turn, "headers", record):
        return web.Response()
    body = refusal.body if turn.raw is None else turn.raw
    response = web.StreamResponse(status=refusal.status)
    _set_headers(response, headers)
    _set_headers(response, refusal.headers)
    _set_headers(response, turn.headers)
    response.content_length = len(body)
    await response.prepare(request)
    record.status = response.status
    record.sent_headers = list(response.headers.items())
    try:
        await at_point(turn, 0, "")
        await _write(response, body, turn.piece, record)
        await at_point(turn, 1, "")
    except (CutError, EndError):
        cut(request, record)
        return response
    except ConnectionError:
        record.close("disconnected")
        return response
    with contextlib.suppress(ConnectionError):
        await response.write_eof()
    return response


async def stream(
    request: web.Request,
    plan: Plan,
    first: list[Event],
    turn: Turn,
    headers: Headers,
    record: ReceivedRequest,
) -> web.StreamResponse:
    """Send ``first`` and then the events of ``plan``, deviating as ``turn`` says."""
    response = web.StreamResponse()
    _set_headers(response, headers)
    _set_headers(response, turn.headers)
    if turn.content_type is None:
        response[NO_CONTENT_TYPE] = True
    else:
        response.headers["Content-Type"] = turn.content_type
    await response.prepare(request)
    record.status = response.status
    record.sent_headers = list(response.headers.items())
    try:
        await send_events(_EventStream(response, turn, record), plan, first, turn, record)
    except CutError:
        cut(request, record)
        return response
    except EndError:
        record.close("cut")
    except ConnectionError:
        # The client left between two events.
        record.close("disconnected")
        return response
    # The client may leave as soon as it has the last event: that is success.
    with contextlib.suppress(ConnectionError):
        await response.write_eof()
    return response


class _EventStream:
    """A body of server-sent events."""

    def __init__(self, response: web.StreamResponse, turn: Turn, record: ReceivedRequest) -> None:
        self._response = response
        self._turn = turn
        self._record = record

    async def say(self, event: Event) -> None:
        await self.say_raw(encode(event, self._turn.newline))

    async def say_raw(self, data: bytes) -> None:
        await _write(self._response, data, self._turn.piece, self._record)


async def send_events(
    line: Line, plan: Plan, first: list[Event], turn: Turn, record: ReceivedRequest, *, failure: Event | None = None
) -> None:
    """Say ``first`` and then the events of ``plan``, deviating as ``turn`` says; at its ``fail_at``, ``failure``.

    Raises:
        CutError: the connection is to be closed here.
        EndError: the answer is to end here.
    """
    seen: set[str] = set()
    await at_point(turn, 0, "", seen)
    if turn.raw is not None:
        await line.say_raw(turn.raw)
        await at_point(turn, 1, "")
        record.close("completed")
        return
    failure = failure or last_words(plan, turn.ending, *turn.failure, turn.failure_more)
    if turn.padding:
        first = [padding(turn.padding), *first]
    if turn.fail_at == 0:
        plan = Plan([failure], plan.response)
    for count, event in enumerate([*first, *plan.events], start=1):
        kind = event["type"]
        if turn.delay:
            await asyncio.sleep(turn.delay)
        await line.say(event)
        if kind in TERMINAL:
            record.close("completed")
        fails = turn.fail_at is not None and _is_at(turn.fail_at, count, kind, seen)
        await at_point(turn, count, kind, seen)
        seen.add(kind)
        if fails:
            await line.say(failure)
            record.close("completed")
            return


async def at_point(turn: Turn, count: Point, kind: str, seen: set[str] | None = None) -> None:
    """Do what the script wants at this point of the stream; ``seen`` are the types of the events before.

    Raises:
        CutError: the connection is to be closed here.
        EndError: the answer is to end here.
    """
    passed = seen if seen is not None else set()
    if turn.hold is not None and _is_at(turn.hold_at, count, kind, passed):
        await turn.hold.wait()
    if turn.hang_at is not None and _is_at(turn.hang_at, count, kind, passed):
        # Nobody sets this event: the handler is cancelled when the client leaves or the server stops.
        await asyncio.Event().wait()
    if turn.cut_at is not None and _is_at(turn.cut_at, count, kind, passed):
        raise CutError
    if turn.end_at is not None and _is_at(turn.end_at, count, kind, passed):
        raise EndError


def _is_at(point: Point, count: Point, kind: str, seen: set[str]) -> bool:
    return point == count if isinstance(point, int) else point == kind and kind not in seen


async def _write(response: web.StreamResponse, data: bytes, piece: int | None, record: ReceivedRequest) -> None:
    if piece is None:
        await response.write(data)
        record.add_sent(data)
        return
    for start in range(0, len(data), piece):
        part = data[start : start + piece]
        await response.write(part)
        record.add_sent(part)
        # Let the socket have this part before the next one is written.
        await asyncio.sleep(0)


def cut(request: web.Request, record: ReceivedRequest) -> None:
    """Close the connection of a request without a proper end."""
    record.close("cut")
    if request.transport is not None:
        request.transport.abort()


def _set_headers(response: web.StreamResponse, headers: Headers) -> None:
    for name, value in headers:
        response.headers[name] = value

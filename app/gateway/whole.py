"""One JSON object made of upstream's stream, for `/responses` callers that asked for no stream."""

from __future__ import annotations

from aiohttp import web
from multidict import CIMultiDict

from app.core.turn import Outcome
from app.gateway.events import EventReader
from app.gateway.opening import Opening
from app.gateway.relay import answer_failure, note_failure
from app.gateway.replies import SERVER
from app.gateway.turn_runner import RunningTurn
from app.translate.aggregate import ResponseAggregate
from app.translate.errors import UpstreamFailure
from app.translate.frames import json_bytes
from app.upstream.headers import to_client


async def whole_response(request: web.BaseRequest, opening: Opening, turn: RunningTurn) -> web.StreamResponse:
    """Collect the stream; the caller closes `opening`. A failure within it becomes an HTTP error."""
    collected = ResponseAggregate()
    reader = EventReader(opening)
    while not collected.over and (events := await reader.read()):
        for event in events:
            collected.feed(event)
    collected.end()
    turn.live.usage = collected.usage
    result = collected.result
    if isinstance(result, UpstreamFailure):
        # A page that came in place of the stream has been recognised already.
        failure = reader.failure or opening.failure or result
        note_failure(turn, failure)
        return answer_failure(turn, failure)
    headers: CIMultiDict[str] = CIMultiDict(to_client(opening.answer.raw_headers, reencoded=True))
    headers["Content-Type"] = "application/json"
    headers.setdefault("Server", SERVER)
    return await send_whole(request, turn, web.Response(body=json_bytes(result), headers=headers))


async def send_whole(request: web.BaseRequest, turn: RunningTurn, response: web.Response) -> web.Response:
    """Give a complete answer to the client, within its turn."""
    turn.live.status = response.status
    await response.prepare(request)
    await response.write_eof()
    turn.passed_on(response.content_length or 0)
    turn.end(Outcome.COMPLETED)
    return response

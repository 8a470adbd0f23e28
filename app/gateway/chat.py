"""`POST …/chat/completions`: translated there and back, event by event."""

from __future__ import annotations

import asyncio

import aiohttp
from aiohttp import web

from app.core.license import License
from app.core.turn import Outcome
from app.gateway.bodies import off_loop
from app.gateway.events import EventReader
from app.gateway.relay import answer_failure, note_refusal, refused
from app.gateway.replies import SERVER, error_reply
from app.gateway.turn_runner import RunningTurn, TurnRunner
from app.gateway.whole import send_whole
from app.translate.chat_request import ResponsesRequest, responses_body
from app.translate.chat_stream import ChatCompletion
from app.translate.errors import UpstreamFailure
from app.translate.frames import DONE, KEEP_ALIVE, data_frame, json_bytes
from app.upstream.client import Upstream
from app.upstream.errors import NoAnswer

#: Silence after which a comment shows the client that the stream lives, in seconds. Also how long the answer's
#: status waits for the first content, since a failure before it can still be an HTTP error.
KEEP_ALIVE_S = 15.0
#: Of an upstream error's body, what is read, in bytes.
_ERROR_HEAD = 256 * 1024


class Chat:
    """The endpoint for every OpenAI-compatible client.

    Args:
        turns: makes turns.
        upstream: where they go.
        keep_alive_s: see `KEEP_ALIVE_S`.
    """

    def __init__(self, turns: TurnRunner, upstream: Upstream, *, keep_alive_s: float = KEEP_ALIVE_S) -> None:
        self._turns = turns
        self._upstream = upstream
        self._keep_alive_s = keep_alive_s

    async def create(self, request: web.BaseRequest, owner: License) -> web.StreamResponse:
        """A turn.

        Raises:
            Refusal: for what is answered without upstream.
        """
        with self._turns.turn(request, "chat/completions", owner) as turn:
            received = await turn.receive(request)
            envelope = received.envelope
            token, opened = turn.lease(envelope.names, status_without=503)
            name = envelope.names[0] if envelope.names else None
            asked = responses_body(envelope.data, kind=token.kind, session_name=name)
            turn.live.effort = asked.effort
            outgoing = await off_loop(len(received.body), asked.encoded)
            await off_loop(len(outgoing), turn.live.sent, outgoing, ("translated",))
            try:
                answer = await self._upstream.translated(token, opened, "/responses", outgoing, owner.id, name)
            except NoAnswer as problem:
                return error_reply(turn.unanswered(problem, problem.status))
            try:
                return await self._answer(request, answer, turn, asked)
            finally:
                answer.close()

    async def _answer(
        self, request: web.BaseRequest, answer: aiohttp.ClientResponse, turn: RunningTurn, asked: ResponsesRequest
    ) -> web.StreamResponse:
        if answer.status != 200 or answer.headers.get("Content-Type", "").startswith("text/html"):
            failure = refused(answer, await _head(answer), turn)
            note_refusal(turn, failure)
            return answer_failure(turn, failure)
        chat = ChatCompletion(
            id=f"chatcmpl-{turn.live.id.removeprefix('r-')}",
            created=int(turn.live.started_at),
            model=asked.model,
            include_usage=asked.include_usage,
        )
        if asked.stream:
            return await self._stream(request, EventReader(answer), turn, chat)
        return await self._whole(request, EventReader(answer), turn, chat)

    async def _whole(
        self, request: web.BaseRequest, reader: EventReader, turn: RunningTurn, chat: ChatCompletion
    ) -> web.StreamResponse:
        while not chat.over and (events := await reader.read()):
            for event in events:
                chat.feed(event)
        failure = _ended(reader, turn, chat)
        if failure is not None:
            return answer_failure(turn, failure)
        body = json_bytes(chat.completion())
        headers = {"Content-Type": "application/json", "Server": SERVER, "x-request-id": turn.live.id}
        return await send_whole(request, turn, web.Response(body=body, headers=headers))

    async def _stream(
        self, request: web.BaseRequest, reader: EventReader, turn: RunningTurn, chat: ChatCompletion
    ) -> web.StreamResponse:
        response = web.StreamResponse(
            headers={
                "Content-Type": "text/event-stream; charset=utf-8",
                "Cache-Control": "no-cache",
                "X-Accel-Buffering": "no",
                "Server": SERVER,
                "x-request-id": turn.live.id,
            }
        )
        while not chat.over:
            out = b""
            try:
                async with asyncio.timeout(self._keep_alive_s):
                    events = await reader.read()
            except TimeoutError:
                out = KEEP_ALIVE
            else:
                if not events:
                    break
                out = b"".join(data_frame(chunk) for event in events for chunk in chat.feed(event))
            if out:
                await self._write(request, response, turn, out)
        failure = _ended(reader, turn, chat)
        if failure is not None and not response.prepared:
            return answer_failure(turn, failure)
        last = DONE if failure is None else data_frame(failure.body(turn.state.clock.now())) + DONE
        turn.end(Outcome.COMPLETED)
        await self._write(request, response, turn, last)
        await response.write_eof()
        return response

    @staticmethod
    async def _write(request: web.BaseRequest, response: web.StreamResponse, turn: RunningTurn, data: bytes) -> None:
        if not response.prepared:
            turn.live.status = response.status
            await response.prepare(request)
        await response.write(data)
        turn.passed_on(len(data))


def _ended(reader: EventReader, turn: RunningTurn, chat: ChatCompletion) -> UpstreamFailure | None:
    """Close the books: why there is no complete answer, or None."""
    chat.end()
    turn.live.usage = chat.usage
    failure = chat.failure
    if failure is not None:
        failure = reader.failure or failure
        note_refusal(turn, failure)
    return failure


async def _head(answer: aiohttp.ClientResponse) -> bytes:
    head = bytearray()
    try:
        while len(head) < _ERROR_HEAD and (chunk := await answer.content.readany()):
            head += chunk
    except (aiohttp.ClientError, OSError):
        # What has come is judged.
        pass
    return bytes(head[:_ERROR_HEAD])

"""`POST …/chat/completions`: translated there and back, event by event."""

from __future__ import annotations

import asyncio

from aiohttp import web

from app.core.credential import TokenSecrets
from app.core.envelope import Envelope
from app.core.errors import Refusal
from app.core.license import License
from app.core.models import ModelTable
from app.core.policy import OVERNIGHT_WAIT_S
from app.core.token import Token
from app.core.turn import Outcome
from app.gateway.bodies import off_loop
from app.gateway.events import EventReader
from app.gateway.opening import Opening
from app.gateway.relay import answer_failure, note_failure
from app.gateway.replies import SERVER, error_reply
from app.gateway.turn_runner import RunningTurn, TurnRunner
from app.gateway.whole import send_whole
from app.translate.chat_request import ChatRequest, ResponsesRequest, read_chat_request
from app.translate.chat_stream import ChatCompletion
from app.translate.errors import UpstreamFailure
from app.translate.frames import DONE, KEEP_ALIVE, data_frame, json_bytes
from app.upstream.client import Upstream
from app.upstream.errors import NoAnswer

#: Silence after which a comment shows the client that the stream lives, in seconds. Also how long the answer's
#: status waits for the first content, since a failure before it can still be an HTTP error.
KEEP_ALIVE_S = 15.0
#: With it a caller lets its turn be held while every token is at its limit, for so many seconds.
WAIT_HEADER = "x-waystation-wait"


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
            models = ModelTable()
            # Once, and before a token is leased: a request that is refused opens no session.
            chat = await off_loop(
                len(received.body),
                read_chat_request,
                received.envelope.data,
                models=models,
                session_name=_name(received.envelope),
            )
            wait_s = _asked_to_wait(request)
            failover = turn.lead(received, models.resolve(chat.model).model, wait_s=lambda: wait_s)
            client = _Client(request, turn, stream=chat.stream)
            opening: Opening | None = None
            failure: UpstreamFailure | None = None
            problem: NoAnswer | None = None
            try:
                while (send := await failover.next()) is not None:
                    if opening is not None:
                        opening.close()
                        opening = None
                    # Now, since the user may remove the token while the body is made.
                    opened = turn.state.secrets[send.token.id]
                    asked = chat.for_token(send.token.kind)
                    try:
                        opening = await self._ask(
                            turn,
                            received.envelope,
                            send.token,
                            opened,
                            asked,
                            len(received.body),
                            patient=not failover.other_way(),
                        )
                    except NoAnswer as error:
                        problem, failure = error, None
                        turn.no_answer(error)
                        continue
                    turn.opened(opening)
                    await opening.read(
                        turn.state.clock.now,
                        events=True,
                        hold_s=None,
                        silence_s=self._keep_alive_s if chat.stream else None,
                        on_silence=client.keep_alive,
                    )
                    failure, problem = opening.failure, None
                    if failure is None:
                        turn.begun(opening)
                        return await self._answer(client, opening, turn, chat)
                    turn.failed(failure)
                if problem is not None:
                    return await client.fail_without_answer(problem)
                if failure is None:
                    raise RuntimeError("given up without a word")
                turn.end(Outcome.FAILED, failure.upstream_code or f"http_{failure.status}")
                return await client.fail(failure)
            except Refusal as refusal:
                if not client.prepared:
                    raise
                return await client.refuse(refusal)
            finally:
                if opening is not None:
                    opening.close()

    async def _ask(
        self,
        turn: RunningTurn,
        envelope: Envelope,
        token: Token,
        opened: TokenSecrets,
        asked: ResponsesRequest,
        size: int,
        *,
        patient: bool,
    ) -> Opening:
        turn.live.effort = asked.effort
        outgoing = await off_loop(size, asked.encoded)
        await off_loop(len(outgoing), turn.live.sent, outgoing, ("translated",))
        answer = await self._upstream.translated(
            token,
            opened,
            "/responses",
            outgoing,
            turn.live.license_id,
            _name(envelope),
            patience_s=None if patient else 0.0,
        )
        return Opening(answer)

    async def _answer(
        self, client: _Client, opening: Opening, turn: RunningTurn, asked: ChatRequest
    ) -> web.StreamResponse:
        chat = ChatCompletion(
            id=f"chatcmpl-{turn.live.id.removeprefix('r-')}",
            created=int(turn.live.started_at),
            model=asked.model,
            include_usage=asked.include_usage,
        )
        if asked.stream:
            return await self._stream(client, EventReader(opening), turn, chat)
        return await self._whole(client, EventReader(opening), turn, chat)

    async def _whole(
        self, client: _Client, reader: EventReader, turn: RunningTurn, chat: ChatCompletion
    ) -> web.StreamResponse:
        while not chat.over and (events := await reader.read()):
            for event in events:
                chat.feed(event)
        failure = _ended(reader, turn, chat)
        if failure is not None:
            return answer_failure(turn, failure)
        body = json_bytes(chat.completion())
        headers = {"Content-Type": "application/json", "Server": SERVER, "x-request-id": turn.live.id}
        return await send_whole(client.request, turn, web.Response(body=body, headers=headers))

    async def _stream(
        self, client: _Client, reader: EventReader, turn: RunningTurn, chat: ChatCompletion
    ) -> web.StreamResponse:
        while not chat.over:
            out = b""
            try:
                async with asyncio.timeout(max(0.0, self._keep_alive_s - client.silent_s)):
                    events = await reader.read()
            except TimeoutError:
                pass
            else:
                if not events:
                    break
                out = b"".join(data_frame(chunk) for event in events for chunk in chat.feed(event))
            if not out and client.silent_s >= self._keep_alive_s:
                # Upstream may have said much that has no place in a chat.
                out = KEEP_ALIVE
            if out:
                await client.write(out)
        failure = _ended(reader, turn, chat)
        if failure is not None:
            return await client.fail(failure)
        turn.end(Outcome.COMPLETED)
        return await client.finish(DONE)


class _Client:
    """The client of one turn: what it has been told already decides how it can be told more."""

    def __init__(self, request: web.BaseRequest, turn: RunningTurn, *, stream: bool) -> None:
        self.request = request
        self._turn = turn
        self._stream = stream
        self._heard_at = asyncio.get_running_loop().time()
        self._response = web.StreamResponse(
            headers={
                "Content-Type": "text/event-stream; charset=utf-8",
                "Cache-Control": "no-cache",
                "X-Accel-Buffering": "no",
                "Server": SERVER,
                "x-request-id": turn.live.id,
            }
        )

    @property
    def prepared(self) -> bool:
        """Whether a status has been sent, so that none other can be."""
        return self._response.prepared

    @property
    def silent_s(self) -> float:
        """For how long it has heard nothing."""
        return asyncio.get_running_loop().time() - self._heard_at

    async def keep_alive(self) -> None:
        """Show a client that streams that its turn lives."""
        if self._stream:
            await self.write(KEEP_ALIVE)

    async def write(self, data: bytes) -> None:
        """A piece of the stream."""
        if not self._response.prepared:
            self._turn.live.status = self._response.status
            await self._response.prepare(self.request)
        await self._response.write(data)
        self._heard_at = asyncio.get_running_loop().time()
        self._turn.passed_on(len(data))

    async def finish(self, data: bytes) -> web.StreamResponse:
        """The end of the stream."""
        await self.write(data)
        await self._response.write_eof()
        return self._response

    async def fail(self, failure: UpstreamFailure) -> web.StreamResponse:
        """Upstream's failure: as an HTTP error, or as the one error event of a stream that has begun."""
        if not self.prepared:
            return answer_failure(self._turn, failure)
        return await self.finish(data_frame(failure.body(self._turn.state.clock.now())) + DONE)

    async def fail_without_answer(self, problem: NoAnswer) -> web.StreamResponse:
        """There was no answer of upstream's."""
        refusal = self._turn.unanswered(problem, problem.status)
        return await self.refuse(refusal) if self.prepared else error_reply(refusal)

    async def refuse(self, refusal: Refusal) -> web.StreamResponse:
        """Our own refusal, within a stream that has begun."""
        self._turn.end(Outcome.REFUSED, refusal.error_code)
        return await self.finish(data_frame(refusal.body()) + DONE)


def _ended(reader: EventReader, turn: RunningTurn, chat: ChatCompletion) -> UpstreamFailure | None:
    """Close the books: why there is no complete answer, or None."""
    chat.end()
    turn.live.usage = chat.usage
    failure = chat.failure
    if failure is not None:
        failure = reader.failure or failure
        note_failure(turn, failure)
    return failure


def _name(envelope: Envelope) -> str | None:
    return envelope.names[0] if envelope.names else None


def _asked_to_wait(request: web.BaseRequest) -> float:
    """How long the caller lets its turn be held, in seconds; without the header not at all."""
    text = request.headers.get(WAIT_HEADER, "").strip()
    try:
        return min(max(float(text), 0.0), OVERNIGHT_WAIT_S) if text else 0.0
    except ValueError:
        raise Refusal(
            400, f"{WAIT_HEADER} must be a number of seconds.", param=WAIT_HEADER, code="invalid_type"
        ) from None

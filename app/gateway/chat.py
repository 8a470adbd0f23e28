"""`POST …/chat/completions`: translated there and back, event by event."""

from __future__ import annotations

import asyncio
from contextlib import closing
from dataclasses import dataclass, replace

from aiohttp import web

from app.core.beginning import Beginning, beginning_of
from app.core.envelope import Envelope
from app.core.errors import Refusal
from app.core.license import License
from app.core.models import ModelTable
from app.core.policy import OVERNIGHT_WAIT_S
from app.core.pool import Pool
from app.core.turn import Outcome
from app.gateway.bodies import off_loop
from app.gateway.chat_client import ChatClient
from app.gateway.chat_tries import ChatTries
from app.gateway.events import EventReader
from app.gateway.model_desk import ModelDesk
from app.gateway.opening import Opening
from app.gateway.relay import answer_failure, note_failure
from app.gateway.replies import SERVER, stopping
from app.gateway.turn_runner import RunningTurn, TurnRunner
from app.gateway.warm import WarmTokens
from app.gateway.whole import send_whole
from app.translate.chat_request import ChatRequest, read_chat_request
from app.translate.chat_stream import ChatCompletion
from app.translate.errors import UpstreamFailure
from app.translate.frames import DONE, json_bytes
from app.translate.request_places import RequestPlaces
from app.translate.sse import Event
from app.upstream.client import Upstream
from app.upstream.errors import NoAnswer

#: Silence after which a comment shows the client that the stream lives, in seconds. Also how long the answer's
#: status waits for the first content, since a failure before it can still be an HTTP error.
KEEP_ALIVE_S = 15.0
#: With it a caller lets its turn be held while every token is at its limit, for so many seconds.
WAIT_HEADER = "x-waystation-wait"


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a client wants: its request, upstream's model for it, and what the conversation is called upstream."""

    chat: ChatRequest
    model: str
    beginning: Beginning | None
    session_name: str | None


class Chat:
    """The endpoint for every OpenAI-compatible client.

    Args:
        turns: makes turns.
        upstream: where they go.
        models: knows what the names of models mean.
        keep_alive_s: see `KEEP_ALIVE_S`.
    """

    def __init__(
        self, turns: TurnRunner, upstream: Upstream, models: ModelDesk, *, keep_alive_s: float = KEEP_ALIVE_S
    ) -> None:
        self._turns = turns
        self._upstream = upstream
        self._models = models
        self._keep_alive_s = keep_alive_s
        self._warm = WarmTokens()
        self._without_summary: set[str] = set()

    async def create(self, request: web.BaseRequest, owner: License) -> web.StreamResponse:
        """A turn.

        Raises:
            Refusal: for what is answered without upstream.
        """
        with self._turns.turn(request, "chat/completions", owner) as turn:
            received = await turn.receive(request)
            size = len(received.body)
            wait_s = _asked_to_wait(request)
            # Before a token is leased: a request that is refused takes none, and opens no session.
            models = await self._models.table_for(received.envelope.model or "")
            asked = await off_loop(size, _read, received.envelope, models, owner.id)
            _refuse_for_every_token(asked.chat, turn.state.pool)
            known = asked.beginning is not None and asked.beginning.continued
            warm = self._warm.get(asked.beginning.name) if asked.beginning is not None and known else None
            failover = turn.lead(received, asked.model, warm=warm, kinds=asked.chat.kinds, wait_s=lambda: wait_s)
            client = ChatClient(request, turn, stream=asked.chat.stream, keep_alive_s=self._keep_alive_s)
            tries = ChatTries(
                turn,
                failover,
                self._upstream,
                asked.chat,
                size,
                session_name=asked.session_name,
                without_summary=self._without_summary,
            )
            with client.kept_alive(), closing(tries):
                try:
                    problem = await tries.begun()
                    if isinstance(problem, NoAnswer):
                        return await client.fail_without_answer(problem)
                    if problem is not None:
                        return await _failed(client, turn, problem, asked)
                    if tries.opening is None:
                        raise RuntimeError("begun without an answer")
                    turn.begun(tries.opening)
                    if asked.beginning is not None and turn.live.token_id is not None:
                        self._warm.note(asked.beginning.name, turn.live.token_id)
                    return await self._answer(client, tries.opening, turn, asked.chat)
                except Refusal as refusal:
                    return await client.refuse(refusal)
                except asyncio.CancelledError:
                    if not self._turns.stopping or not client.listens:
                        raise
                    return await _stopped(client, turn)

    async def _answer(
        self, client: ChatClient, opening: Opening, turn: RunningTurn, asked: ChatRequest
    ) -> web.StreamResponse:
        chat = ChatCompletion(
            id=f"chatcmpl-{turn.live.id.removeprefix('r-')}",
            created=int(turn.live.started_at),
            model=asked.model,
            include_usage=asked.include_usage,
            legacy_functions=asked.legacy_functions,
            logprobs=asked.wants_logprobs,
        )
        answer = _stream if asked.stream else _whole
        return await answer(client, EventReader(opening), turn, chat, asked.places)


async def _whole(
    client: ChatClient, reader: EventReader, turn: RunningTurn, chat: ChatCompletion, places: RequestPlaces
) -> web.StreamResponse:
    while not chat.over and (events := await reader.read()):
        for event in events:
            chat.feed(event)
    failure = _ended(reader, turn, chat)
    if failure is not None:
        return answer_failure(turn, places.told(failure))
    body = json_bytes(chat.completion())
    headers = {"Content-Type": "application/json", "Server": SERVER, "x-request-id": turn.live.id}
    return await send_whole(client.request, turn, web.Response(body=body, headers=headers))


async def _stream(
    client: ChatClient, reader: EventReader, turn: RunningTurn, chat: ChatCompletion, places: RequestPlaces
) -> web.StreamResponse:
    going = await _begin_stream(client, reader, chat)
    if going and not chat.over:

        def take(events: list[Event]) -> bool:
            out = b"".join(map(chat.feed, events))
            full = client.push(out) if out else False
            if chat.over:
                reader.stop()
            return full

        def take_alone(kind: str, data: bytes) -> bool | None:
            out = chat.go_on(kind, data)
            return client.push(out) if out else None

        async def drain() -> None:
            # What is over does not wait for the client: its end goes out first.
            if not chat.over:
                await client.drain()

        await reader.pour(take, drain, take_alone)
    failure = _ended(reader, turn, chat)
    if failure is not None:
        return await client.fail(places.told(failure))
    turn.end(Outcome.COMPLETED)
    return await client.finish(DONE)


async def _begin_stream(client: ChatClient, reader: EventReader, chat: ChatCompletion) -> bool:
    """Until the client has been told something, its answer may still become an error; whether upstream goes on."""
    while not client.prepared and not chat.over:
        events = await reader.read()
        if not events:
            return False
        out = b"".join(map(chat.feed, events))
        if out and client.push(out) and not chat.over:
            await client.drain()
    return True


def _ended(reader: EventReader, turn: RunningTurn, chat: ChatCompletion) -> UpstreamFailure | None:
    """Close the books: why there is no complete answer, or None."""
    chat.end()
    turn.live.usage = chat.usage
    failure = chat.failure
    if failure is not None:
        failure = reader.failure or failure
        note_failure(turn, failure)
    return failure


async def _failed(client: ChatClient, turn: RunningTurn, failure: UpstreamFailure, asked: _Asked) -> web.StreamResponse:
    turn.end(Outcome.FAILED, failure.upstream_code or f"http_{failure.status}")
    failure = asked.chat.places.told(failure)
    if failure.code == "model_not_found":
        models = turn.state.models
        said = f"{failure.message} {models.suggestion(asked.chat.model)}".rstrip()
        failure = replace(failure, message=models.withdrawn_text(asked.model) or said, param="model")
    return await client.fail(failure)


async def _stopped(client: ChatClient, turn: RunningTurn) -> web.StreamResponse:
    """The gateway ends the turn; a client that is only hung up on takes what it has got for the whole answer."""
    task = asyncio.current_task()
    if task is not None:
        task.uncancel()
    turn.end(Outcome.FAILED, "gateway_stopped")
    return await client.refuse(stopping())


def _read(envelope: Envelope, models: ModelTable, license_id: str) -> _Asked:
    data = envelope.data
    model = models.resolve(envelope.model).model if envelope.model else ""
    beginning = None if envelope.names else beginning_of(license_id, model, data.get("messages"))
    name = next(iter(envelope.names), beginning.name if beginning is not None else None)
    return _Asked(read_chat_request(data, models=models, session_name=name), model, beginning, name)


def _refuse_for_every_token(chat: ChatRequest, pool: Pool) -> None:
    """Refuse what no kind of token that is here could be asked.

    Raises:
        Refusal: 400.
    """
    refusal: Refusal | None = None
    for kind in {token.kind for token in pool.tokens}:
        try:
            chat.for_token(kind)
        except Refusal as error:
            refusal = error
        else:
            return
    if refusal is not None:
        raise refusal


def _asked_to_wait(request: web.BaseRequest) -> float:
    """How long the caller lets its turn be held, in seconds; without the header not at all."""
    text = request.headers.get(WAIT_HEADER, "").strip()
    try:
        return min(max(float(text), 0.0), OVERNIGHT_WAIT_S) if text else 0.0
    except ValueError:
        raise Refusal(
            400, f"{WAIT_HEADER} must be a number of seconds.", param=WAIT_HEADER, code="invalid_type"
        ) from None

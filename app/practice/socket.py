"""Turns over a WebSocket: the handshake, and the frames that come after it, one turn at a time.

A socket belongs to one caller and remembers one response, the last: the next frame may name it and bring only what is
new. After an error it remembers none (the Responses API forgets so too). A frame may say ``generate: false``: then
it is read and remembered, and nothing is said.
"""

import asyncio
from contextlib import suppress
from dataclasses import replace
from typing import Any

import orjson
from aiohttp import WSMessage, WSMsgType, web

from app.practice import refusals, rules, sending
from app.practice.accounts import Credential
from app.practice.events import Plan
from app.practice.output_items import Event
from app.practice.question import read
from app.practice.recorder import RECORD, ReceivedRequest
from app.practice.refusals import Headers, Refusal
from app.practice.rules import Service
from app.practice.script import Turn
from app.practice.turns import SILENT, Desk
from app.practice.world import World

MAX_FRAME = 512 << 20
"""Bytes that a frame may have."""

_STAND_IN = {"type": "message", "role": "developer", "content": [{"type": "input_text", "text": "-"}]}
"""What is checked instead of no input: a frame that is to say nothing may bring none."""


def error_frame(refusal: Refusal, headers: Headers = ()) -> Event:
    """Return the frame that says what ``refusal`` would say as an answer."""
    try:
        content = orjson.loads(refusal.body)
    except orjson.JSONDecodeError:
        content = {}
    error = content.get("error") or {"message": content.get("detail") or "The request was refused.", "code": None}
    said = {name.lower(): value for name, value in (*headers, *refusal.headers) if name.lower() != "content-type"}
    return {"type": "error", "status": refusal.status, "error": error, "headers": said}


class SocketDesk:
    """Answers ``GET …/responses`` of one service. ``open`` are the sockets that are open now."""

    def __init__(self, world: World, desk: Desk, service: Service) -> None:
        self._world = world
        self._desk = desk
        self._service = service
        self.open: set[Socket] = set()

    async def responses(self, request: web.Request) -> web.StreamResponse:
        """Shake hands, or refuse to; then answer what comes until one side ends it."""
        record, desk = request[RECORD], self._desk
        if request.headers.get("Upgrade", "").lower() != "websocket":
            return sending.whole(refusals.detail("Method Not Allowed", 405), record)
        if not self._world.sockets:
            return sending.whole(refusals.websocket_refused(), record)
        caller = desk.identify(request)
        if isinstance(caller, Refusal):
            return sending.whole(caller, record, desk.plain_headers())
        refused = desk.check_state(caller, request.headers.get("x-codex-turn-state"))
        behaviour = refused or self._world.behaviour(caller, "socket")
        if isinstance(behaviour, Refusal):
            return sending.whole(behaviour, record, desk.headers(caller))
        turn = behaviour or Turn()
        for point in ("request", "headers"):
            if not await sending.reach(request, turn, point, record):
                return web.Response()
        ws = web.WebSocketResponse(autoping=False, max_msg_size=MAX_FRAME)
        # The one word that a handshake may have of the model.
        model = request.headers.get("x-codex-routing-hint", "").partition("model=")[2] or None
        for name, value in (*desk.headers(caller, model, served=True), *turn.headers):
            ws.headers[name] = value
        await ws.prepare(request)
        record.kind = "handshake"
        record.status = 101
        record.sent_headers = list(ws.headers.items())
        socket = Socket(self._world, desk, self._service, request, ws)
        self.open.add(socket)
        try:
            await socket.lead(turn)
        finally:
            self.open.discard(socket)
        return ws


class Socket:
    """One socket from its handshake to its end."""

    def __init__(
        self, world: World, desk: Desk, service: Service, request: web.Request, ws: web.WebSocketResponse
    ) -> None:
        self._world = world
        self._desk = desk
        self._service = service
        self._request = request
        self._ws = ws
        self._record = request[RECORD]
        self._opened = world.clock()
        self._ending = False
        self._last: tuple[str, list[Any]] | None = None

    @property
    def number(self) -> int:
        """Return the number of the handshake, by which sockets can be told apart."""
        return self._record.number

    @property
    def open(self) -> bool:
        """Say whether neither side has ended it."""
        return not self._record.finished.is_set()

    async def lead(self, first: Turn) -> None:
        """Do what ``first`` says of the time after the handshake, then answer frame by frame."""
        frames: asyncio.Queue[WSMessage] = asyncio.Queue()
        async with asyncio.TaskGroup() as tasks:
            speaker = tasks.create_task(self._speak(first, frames))
            await self._listen(frames)
            if not self._ending:
                speaker.cancel()

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Send a close frame and wait for the client's."""
        self._ending = True
        self._record.close("cut")
        await self._ws.close(code=code, message=reason.encode())

    def cut(self) -> None:
        """Close the connection without a word."""
        self._ending = True
        sending.cut(self._request, self._record)

    async def _listen(self, frames: asyncio.Queue[WSMessage]) -> None:
        while True:
            message = await self._ws.receive()
            if message.type is WSMsgType.PING:
                with suppress(ConnectionError):
                    await self._ws.pong(message.data)
            elif message.type is WSMsgType.PONG:
                self._record.pongs += 1
            elif message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                frames.put_nowait(message)
            else:
                if message.type is WSMsgType.CLOSE:
                    self._record.closed_with = message.data, message.extra or ""
                self._record.close("completed" if message.type is WSMsgType.CLOSE else "disconnected")
                return

    async def _speak(self, first: Turn, frames: asyncio.Queue[WSMessage]) -> None:
        with suppress(ConnectionError):
            try:
                await self._begin(first)
                while not self._ending:
                    await self._take(await frames.get())
            except sending.CutError:
                self.cut()

    async def _begin(self, turn: Turn) -> None:
        if turn.pings:
            await self._ws.ping(b"practice")
        if turn.raw is not None:
            await self._ws.send_str(turn.raw.decode())
        try:
            await sending.at_point(turn, 0, "")
        except sending.EndError:
            await self.close(*turn.close)
            return
        if turn.fail_at == 0 and turn.refusal:
            await self._ws.send_str(orjson.dumps(error_frame(turn.refusal)).decode())

    async def _take(self, message: WSMessage) -> None:
        raw = message.data.encode() if isinstance(message.data, str) else bytes(message.data)
        came = self._record
        record = await self._world.recorder.open("WS", came.path, came.headers, raw, self._world.clock(), socket=came)
        try:
            await self._answer(record, message.type is WSMsgType.TEXT)
            record.close("completed")
        except (sending.CutError, sending.EndError):
            record.close("cut")
            raise
        except (ConnectionError, asyncio.CancelledError):
            record.close("disconnected")
            raise

    async def _answer(self, record: ReceivedRequest, text: bool) -> None:
        body = _parsed(record.body) if text else None
        if body is None:
            return await self._refuse(record, refusals.error("Frames must be JSON objects in text."))
        kind = body.pop("type", None)
        if kind == "response.processed":
            return None
        if kind != "response.create":
            return await self._refuse(record, refusals.bad_value("type", kind, ("response.create",)))
        record.kind = "turn" if body.pop("generate", True) is not False else "warm_up"
        if self._world.clock() - self._opened >= self._world.socket_life:
            await self._refuse(record, refusals.socket_limit())
            return await self.close()
        caller = self._desk.identify(self._request)
        if isinstance(caller, Refusal):
            return await self._refuse(record, caller)
        record.credential = caller
        refused = self._read(body, caller, talks=record.kind == "turn")
        if refused:
            return await self._refuse(record, refused)
        return await self._serve(record, body, caller)

    def _read(self, body: dict[str, Any], caller: Credential, *, talks: bool) -> Refusal | None:
        """Put the input of the earlier response before that of ``body``; return why the frame is refused, or None."""
        named = body.pop("previous_response_id", None)
        earlier = self._last[1] if self._last and self._last[0] == named else None
        if named is not None and earlier is None:
            return refusals.unknown_response(str(named))
        body.setdefault("stream", True)
        new = body.get("input")
        if isinstance(new, list):
            body["input"] = [*(earlier or []), *new]
        empty = not talks and not body.get("input")
        checked = body | {"input": [_STAND_IN]} if empty else body
        refused = rules.check_turn(self._service, checked, self._world.reader(caller))
        body["previous_response_id"] = named
        return refused or self._desk.check_model(caller, str(body["model"]))

    async def _serve(self, record: ReceivedRequest, body: dict[str, Any], caller: Credential) -> None:
        talks = record.kind == "turn"
        model = str(body["model"])
        behaviour = self._world.behaviour(caller, "responses" if talks else "warm_up")
        if isinstance(behaviour, Refusal):
            return await self._refuse(record, behaviour, self._desk.headers(caller, model))
        slowly = read(body).slowly if behaviour is None and talks else 0.0
        turn = behaviour or Turn(header_delay=slowly * SILENT)
        await asyncio.sleep(turn.header_delay)
        for point in ("request", "headers"):
            await sending.at_point(turn, point, point)
        spent = self._desk.charge(caller, model) if talks else None
        if spent:
            return await self._refuse(record, spent, self._desk.headers(caller, model))
        plan = self._desk.plan(self._request.headers, caller, body, turn)
        if not talks:
            plan = _unsaid(plan)
        if slowly:
            turn = replace(turn, delay=slowly * (1 - SILENT) / len(plan.events))
        self._last = None
        record.status = 200
        failure = error_frame(turn.refusal, self._desk.headers(caller, model)) if turn.refusal else None
        line = _Frames(self._ws, turn, record)
        first = self._desk.first_events(caller) if talks else []
        try:
            await sending.send_events(line, plan, first, turn, record, failure=failure)
        except sending.EndError:
            record.close("cut")
            return await self.close(*turn.close)
        if turn.fail_at is None:
            given = body["input"] if isinstance(body["input"], list) else []
            self._last = plan.response["id"], [*given, *plan.response["output"]]
        return None

    async def _refuse(self, record: ReceivedRequest, refusal: Refusal, headers: Headers = ()) -> None:
        self._last = None
        record.status = refusal.status
        record.problem = refusal.body.decode(errors="replace")[:500]
        await _Frames(self._ws, Turn(), record).say(error_frame(refusal, headers))


class _Frames:
    """A socket on which events go out, one in each frame."""

    def __init__(self, ws: web.WebSocketResponse, turn: Turn, record: ReceivedRequest) -> None:
        self._ws = ws
        self._turn = turn
        self._record = record

    async def say(self, event: Event) -> None:
        await self.say_raw(orjson.dumps(event))

    async def say_raw(self, data: bytes) -> None:
        if self._turn.pings:
            await self._ws.ping(b"practice")
        if self._turn.binary:
            await self._ws.send_bytes(data)
        else:
            await self._ws.send_str(data.decode())
        self._record.add_sent(data + b"\n")


def _parsed(raw: bytes) -> dict[str, Any] | None:
    try:
        found = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None


def _unsaid(plan: Plan) -> Plan:
    """Return the beginning and the end of a turn, with nothing between them."""
    response = {**plan.response, "output": []}
    first, last = plan.events[0], plan.events[-1]
    return Plan([first, {**last, "response": response, "sequence_number": 1}], response)

"""One open WebSocket: frames pass as they are, both ways, and each `response.create` among them is a turn."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING

from aiohttp import WSMsgType, web

from app.core.edits import plan_edits
from app.core.envelope import Envelope, read_envelope
from app.core.errors import Refusal
from app.core.json_text import readable_json_bytes
from app.core.license import License
from app.core.steps import Send
from app.core.token import Token, TokenKind
from app.core.turn import Outcome
from app.gateway.bodies import off_loop
from app.gateway.client_socket import ClientSocket
from app.gateway.relay import hang_up
from app.gateway.socket_turn import ENDPOINT, RECONNECT, Exchange
from app.gateway.turn_runner import Received, RunningTurn, TurnRunner
from app.upstream.socket import UpstreamSocket, closing

if TYPE_CHECKING:
    from app.gateway.sockets import Sockets

_CREATE = "response.create"
_DATA = frozenset({WSMsgType.TEXT, WSMsgType.BINARY})
_PASSED = _DATA | {WSMsgType.PING, WSMsgType.PONG}
#: RFC 6455 §7.4.1: the server goes away; and all is well.
GOING_AWAY, FINE = 1001, 1000
#: An upstream that says nothing of a turn for so long will say nothing more, in seconds; as of `UpstreamHttp`.
SILENCE_S = 600.0
#: For the last words to a client, in seconds.
_GOODBYE_S = 2.0


class SocketRelay:
    """A client's socket and upstream's, on one token for as long as they are open.

    Args:
        sockets: says which token a turn would go to.
        turns: makes turns.
        request: the client's handshake.
        owner: the license that it came with.
        names: of the conversation, as the handshake says.
        token: that upstream's socket is on.
        client: has been prepared when `run` is called.
        upstream: the caller hangs up.
    """

    def __init__(
        self,
        sockets: Sockets,
        turns: TurnRunner,
        request: web.BaseRequest,
        owner: License,
        names: tuple[str, ...],
        token: Token,
        client: ClientSocket,
        upstream: UpstreamSocket,
    ) -> None:
        self._sockets = sockets
        self._turns = turns
        self._request = request
        self._owner = owner
        self._names = names
        self._token = token
        self._client = client
        self._upstream = upstream
        self._exchange: Exchange | None = None
        self._turn: asyncio.Task[None] | None = None
        self._stopping = False
        self._ended = asyncio.Event()
        #: What the client is told at the end: code and reason of its close; None: nothing, as nothing came.
        self._goodbye: tuple[int, str] | None = None

    def stop(self) -> None:
        """Close it as soon as no turn runs."""
        self._stopping = True
        if self._turn is None or self._turn.done():
            self._end((GOING_AWAY, ""))

    async def run(self) -> None:
        """Pass frames on until one of the two has gone."""
        pumps = [self._start(self._up, "up"), self._start(self._down, "down")]
        gone = False
        try:
            await self._ended.wait()
        except asyncio.CancelledError:
            # The server is being stopped, or the client has left.
            gone = not self._turns.stopping
            self._end((GOING_AWAY, ""))
            raise
        finally:
            tasks = pumps if self._turn is None else [*pumps, self._turn]
            for task in tasks:
                task.cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
            if not gone:
                await self._part()
        for result in results:
            if isinstance(result, Exception):
                raise result

    def _start(self, work: Callable[[], Awaitable[None]], name: str) -> asyncio.Task[None]:
        """A task of this socket's; when it fails, the socket ends."""

        async def guarded() -> None:
            try:
                await work()
            except ConnectionError:
                # Whoever should have been told has gone.
                self._end(None)
            except BaseException:
                self._end(None)
                raise

        return asyncio.get_running_loop().create_task(guarded(), name=f"websocket {name}")

    def _end(self, goodbye: tuple[int, str] | None) -> None:
        """It is over; only the first reason counts."""
        if not self._ended.is_set():
            self._goodbye = goodbye
            self._ended.set()

    async def _part(self) -> None:
        """Tell the client that it is over, in the way that upstream told us."""
        if self._goodbye is None:
            hang_up(self._request)
            return
        code, reason = self._goodbye
        try:
            async with asyncio.timeout(_GOODBYE_S):
                if code:
                    await self._client.close(code=code, message=reason.encode("utf-8", "surrogatepass"))
                else:
                    await self._client.send_frame(*closing(code))
        except (TimeoutError, ConnectionError):
            if self._request.transport is not None:
                self._request.transport.abort()

    async def _up(self) -> None:
        """From the client to upstream."""
        # What has passed is let go of: the next may come in an hour.
        while await self._pass_up():
            pass

    async def _pass_up(self) -> bool:
        """One message; False after the last."""
        message = await self._client.receive()
        envelope = await self._asked(message.data) if message.type in _DATA else None
        if envelope is not None:
            await self._create(message.data, message.type, envelope)
        elif message.type in _DATA and not self._sockets.admitted(self._owner):
            await self._come_again()
        elif message.type in _PASSED:
            await self._upstream.send_frame(message.data, message.type)
        else:
            if message.type is WSMsgType.CLOSE:
                self._end((message.data, message.extra or ""))
                await self._upstream.send_frame(*closing(message.data, message.extra or ""))
            elif message.type is WSMsgType.ERROR:
                # Too large, or not as frames have to be: by POST it is said what is wrong.
                self._sockets.by_post(self._owner, self._names)
            self._end(None)
            return False
        return True

    async def _down(self) -> None:
        """From upstream to the client."""
        while await self._pass_down():
            pass

    async def _pass_down(self) -> bool:
        """One message; False after the last."""
        message = await self._upstream.receive()
        exchange = self._exchange
        if message.type not in _PASSED:
            if exchange is not None and exchange.lost():
                self._sockets.by_post(self._owner, exchange.names)
            closed = message.type is WSMsgType.CLOSE
            self._end((message.data, message.extra or "") if closed else None)
            if closed:
                await self._upstream.send_frame(*closing(message.data))
            return False
        seen = exchange if message.type is WSMsgType.TEXT else None
        if seen is not None and not seen.see(message.data):
            await self._again(seen)
            return False
        await self._client.send_frame(message.data, message.type)
        if seen is not None:
            seen.passed_on(len(message.data))
        return True

    async def _asked(self, frame: bytes) -> Envelope | None:
        """The request in a client's frame; None when there is none: upstream shall judge what it is."""
        try:
            envelope = await off_loop(len(frame), read_envelope, frame, self._request.headers)
        except Refusal:
            return None
        return envelope if envelope.data.get("type") == _CREATE else None

    async def _create(self, frame: bytes, kind: WSMsgType, envelope: Envelope) -> None:
        """Begin a turn; return as soon as upstream has been asked, so that what follows does not overtake it."""
        if self._turn is not None and not self._turn.done():
            # Upstream answers one at a time.
            await asyncio.wait((self._turn,))
        if self._stopping:
            return
        asked = asyncio.Event()
        self._turn = self._start(partial(self._take, frame, kind, envelope, asked), "turn")
        await asked.wait()

    async def _take(self, frame: bytes, kind: WSMsgType, envelope: Envelope, asked: asyncio.Event) -> None:
        """Do what the client asks for, if this is still the place for it."""
        # Codex opens the conversation, and asks for nothing yet.
        warm_up = envelope.data.get("generate") is False
        try:
            if not await self._sockets.same_way(self._upstream, self._token):
                await self._come_again()
            elif not self._is_here(envelope.names, None if warm_up else envelope.model):
                await self._elsewhere(envelope.names)
            elif warm_up:
                await self._ask(frame, kind, Exchange(None, envelope), asked)
            else:
                # At once, so that no other turn takes the token's last place.
                self._sockets.touched(self._client)
                await self._serve(frame, kind, envelope, asked)
        finally:
            asked.set()
            self._exchange = None
            if self._stopping:
                self._end((GOING_AWAY, ""))

    async def _serve(self, frame: bytes, kind: WSMsgType, envelope: Envelope, asked: asyncio.Event) -> None:
        """One turn, from its frame to its last event."""
        try:
            with self._turns.turn(self._request, ENDPOINT, self._sockets.owner_now(self._owner)) as turn:
                await off_loop(len(frame), turn.live.received, frame)
                turn.live.read(envelope)
                exchange = self._exchange = Exchange(turn, envelope)
                failover = turn.lead(
                    Received(frame, frame, envelope), envelope.model, warm=self._token.id, wait_s=lambda: 0.0
                )
                send = await failover.next()
                if send is None or send.token.id != self._token.id:
                    # It holds what only another token can read, or things have changed just now.
                    self._sockets.by_post(self._owner, envelope.names)
                    turn.end(Outcome.REFUSED, "session_moved")
                    await self._come_again()
                    return
                outgoing = await self._edited(turn, frame, envelope, send)
                await self._ask(outgoing, kind, exchange, asked)
        except Refusal as refusal:
            if self._sockets.may_wait(refusal):
                self._sockets.by_post(self._owner, envelope.names)
                await self._come_again()
            else:
                await self._client.send_frame(_error(refusal), WSMsgType.TEXT)

    @staticmethod
    async def _edited(turn: RunningTurn, frame: bytes, envelope: Envelope, send: Send) -> bytes:
        """The frame without what the token cannot read; it is noted for the row."""
        # As for a compaction: what plain API clients need besides is for POST.
        plan = plan_edits(envelope, TokenKind.API_KEY, strict=turn.state.settings.strict, leave_out=send.leave_out)
        if not plan.names:
            turn.live.sent_as_received()
            return frame
        outgoing = await off_loop(len(frame), plan.apply, frame)
        await off_loop(len(outgoing), turn.live.sent, outgoing, plan.names)
        return outgoing

    async def _ask(self, frame: bytes, kind: WSMsgType, exchange: Exchange, asked: asyncio.Event) -> None:
        """Send a request, and wait until it is answered."""
        self._exchange = exchange
        try:
            await self._upstream.send_frame(frame, kind)
        except ConnectionError:
            if exchange.lost():
                self._sockets.by_post(self._owner, exchange.names)
            self._end(None)
            return
        asked.set()
        if not await exchange.wait(SILENCE_S):
            exchange.lost()
            self._end(None)

    async def _again(self, exchange: Exchange) -> None:
        """The token failed before it said anything: the client shall come again, to another one or by POST."""
        exchange.over.set()
        if self._turn is not None:
            await asyncio.wait((self._turn,))
        if exchange.turn is None:
            # Nothing was learned of the token: it would be the same again.
            self._sockets.by_post(self._owner, exchange.names)
        await self._elsewhere(exchange.names)

    async def _elsewhere(self, names: tuple[str, ...]) -> None:
        """Not here: the next handshake leads to another token; if it might lead here again, POST it is."""
        if self._is_here(self._names):
            self._sockets.by_post(self._owner, names)
        await self._come_again()

    def _is_here(self, names: tuple[str, ...], model: str | None = None) -> bool:
        """Whether a turn would go to this token now, as far as nothing else speaks for another."""
        token = self._sockets.token(self._owner, names, model=model, warm=self._token.id)
        return token is not None and token.id == self._token.id

    async def _come_again(self) -> None:
        """What upstream says of a socket that has been open for long: Codex opens another one without a word."""
        refusal = Refusal(400, "This conversation goes on over another connection.", code=RECONNECT)
        await self._client.send_frame(_error(refusal), WSMsgType.TEXT)
        self._end((FINE, ""))


def _error(refusal: Refusal) -> bytes:
    """A refusal as upstream would send it over a WebSocket (codex-wire §1.6)."""
    return readable_json_bytes(
        {"type": "error", "status": refusal.status, **refusal.body(), "headers": refusal.headers}
    )

"""The gateway's HTTP server: it listens, answers, and stops without cutting off who is still being answered."""

from __future__ import annotations

import asyncio
import logging
import sys
import traceback
from collections.abc import Awaitable, Callable, Iterable
from typing import cast

from aiohttp import web
from aiohttp.base_protocol import BaseProtocol

from app.core.errors import Refusal
from app.gateway.admission import Admission
from app.gateway.chat import KEEP_ALIVE_S, Chat
from app.gateway.door_log import DoorLog
from app.gateway.doors import Doors
from app.gateway.listen import BACKLOG, for_loop, listening_sockets, stop_listening
from app.gateway.model_desk import ModelDesk
from app.gateway.models_route import Models
from app.gateway.refresher import Refresher
from app.gateway.relay import hang_up
from app.gateway.replies import bad_request, broken_body, error_reply, internal_error
from app.gateway.responses import Responses
from app.gateway.routes import Routes
from app.gateway.sockets import Sockets
from app.gateway.state import GatewayState
from app.gateway.sub_paths import SubPaths
from app.gateway.turn_runner import TurnRunner
from app.upstream.client import Upstream

#: `x-codex-turn-metadata` alone can have kilobytes.
_MAX_HEADER = 64 * 1024
_MAX_HEADERS = 256
#: How long a cancelled handler may take to let go, in seconds.
_LET_GO_S = 2.0

_log = logging.getLogger(__name__)


class GatewayServer:
    """Serves one state on one address; may be started again after it was stopped.

    Args:
        state: tokens, licenses, sessions, turns.
        upstream: where turns go; the caller closes it.
        models: knows what clients may ask for; the caller closes it.
        allowed_hosts: host names that clients may use besides this machine's own.
        keep_alive_s: silence after which chat clients get a comment.
        refresher: renews logins that upstream refuses; None: nobody does.
        door_log: remembers who was turned away; None: nobody does.
    """

    def __init__(
        self,
        state: GatewayState,
        upstream: Upstream,
        models: ModelDesk,
        *,
        allowed_hosts: Iterable[str] = (),
        keep_alive_s: float = KEEP_ALIVE_S,
        refresher: Refresher | None = None,
        door_log: DoorLog | None = None,
    ) -> None:
        self._door_log = door_log
        self._allowed_hosts = tuple(allowed_hosts)
        self._state = state
        self._admission = Admission(state)
        self._turns = TurnRunner(state, refresher)
        self._responses = Responses(self._turns, upstream)
        self._chat = Chat(self._turns, upstream, models, keep_alive_s=keep_alive_s)
        self._models = Models(state, models)
        self._sub_paths = SubPaths(self._turns, upstream)
        self._sockets = Sockets(self._turns, upstream)
        self._running: set[asyncio.Task[object]] = set()
        self._routes: Routes | None = None
        self._http: _HttpServer | None = None
        self._listeners: list[asyncio.Server] = []

    async def start(self, host: str, port: int) -> int:
        """Listen on `host` and `port` (0: a free one) and return the port.

        Raises:
            PortBusy, InvalidInput: see `listening_sockets`.
            RuntimeError: it has been started already.
        """
        if self._http is not None:
            raise RuntimeError("the server is running already")
        # Looking up this machine's names may take a moment.
        sockets, doors = await asyncio.to_thread(
            lambda: (listening_sockets(host, port), Doors(self._admission, host, self._allowed_hosts))
        )
        bound: int = sockets[0].getsockname()[1]
        self._turns.stopping = False
        self._turns.log.open()
        self._admission.open()
        self._state.station.open()
        self._sockets.start()
        self._routes = Routes(doors, self._responses, self._chat, self._models, self._sub_paths, self._sockets)
        self._http = _HttpServer(self._answer)
        loop = asyncio.get_running_loop()
        try:
            sockets = for_loop(sockets, loop)
            for sock in sockets:
                self._listeners.append(await loop.create_server(self._http, sock=sock, backlog=BACKLOG))
        except BaseException:
            for sock in sockets:
                sock.close()
            await self.stop(0.0)
            raise
        return bound

    async def stop(self, drain_s: float) -> None:
        """Take no more requests; turns that run get `drain_s` seconds to end, then they are ended.

        Harmless if it was not started.
        """
        http, self._http = self._http, None
        if http is None:
            return
        try:
            await self._stop(http, drain_s)
        finally:
            self._turns.log.close()

    async def _stop(self, http: _HttpServer, drain_s: float) -> None:
        listeners = tuple(self._listeners)
        self._listeners.clear()
        self._admission.close()
        self._state.station.close()
        self._sockets.close()
        try:
            await stop_listening(listeners)
            http.pre_shutdown()
            if self._running:
                await asyncio.wait(self._running, timeout=drain_s)
        finally:
            # Also when nobody waits any more: who stops for long may change their mind and stop at once.
            self._turns.stopping = True
            late = tuple(self._running)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late, timeout=_LET_GO_S)
            await http.shutdown(_LET_GO_S)

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        task = asyncio.current_task()
        routes = self._routes
        if task is None or routes is None:
            raise RuntimeError("not started")
        self._running.add(task)
        try:
            return await routes.answer(request)
        except Refusal as refusal:
            if self._door_log is not None:
                self._door_log.note(request, refusal)
            return error_reply(refusal)
        except ConnectionError:
            # The client has gone; there is nobody to answer.
            raise
        except Exception as error:
            _log_failure(request, error)
            if request.writer.output_size > 0:
                hang_up(request)
            return error_reply(internal_error())
        finally:
            self._running.discard(task)


class _HttpServer(web.Server):
    """Makes a connection handler for each client."""

    def __init__(self, answer: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]) -> None:
        super().__init__(answer, handler_cancellation=True)

    def __call__(self) -> web.RequestHandler:
        return _Connection(
            self,
            loop=asyncio.get_running_loop(),
            auto_decompress=False,
            # The listening socket has set it for all.
            tcp_keepalive=False,
            access_log=None,  # type: ignore[arg-type] # documented to switch it off
            max_line_size=_MAX_HEADER,
            max_field_size=_MAX_HEADER,
            max_headers=_MAX_HEADERS,
        )


class _SetAlready(BaseProtocol):
    """What aiohttp does first with a connection, but for `TCP_NODELAY`: the loop has set it, except on Windows.

    To set it once more wraps the socket in three other objects, a twentieth of the time to a first byte. On Windows
    asyncio makes the accepted socket without its protocol's number, and sets the option on none such.
    """

    __slots__ = ()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It can be written to."""
        if sys.platform == "win32":
            super().connection_made(transport)
        else:
            self.transport = cast("asyncio.Transport", transport)


class _Connection(web.RequestHandler, _SetAlready):
    """One client's connection. Errors of HTTP itself get our shape, and nothing of the request enters the log."""

    __slots__ = ()

    def data_received(self, data: bytes) -> None:
        """A body that goes wrong halfway ends there; aiohttp would let its reader wait for the rest."""
        super().data_received(data)
        request = self._current_request
        if request is not None and self._messages and not request.content.is_eof():
            # No next request can follow a body that has not ended: what is queued is the error.
            self._messages.clear()
            request.content.set_exception(broken_body())
            request.content.feed_eof()
            self.close()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """What aiohttp cannot hand to us as a request."""
        _log.info("no proper request from %s: %s", request.remote, type(exc).__name__)
        response = error_reply(bad_request() if status == 400 else internal_error())
        response.force_close()
        return response


def _log_failure(request: web.BaseRequest, error: Exception) -> None:
    # The error's own text may quote a body or a key; where it happened says enough.
    frames = traceback.extract_tb(error.__traceback__)
    where = " < ".join(f"{frame.filename}:{frame.lineno} {frame.name}" for frame in reversed(frames[-6:]))
    _log.error("answering %s failed: %s at %s", request.method, type(error).__name__, where)

"""Which endpoint a request is for."""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable
from urllib.parse import unquote

from aiohttp import web

from app import __version__
from app.core.errors import Refusal
from app.core.license import License
from app.gateway.chat import Chat
from app.gateway.door_log import shown_path
from app.gateway.doors import Doors
from app.gateway.models_route import Models
from app.gateway.replies import json_reply, no_such_url, not_allowed
from app.gateway.responses import Responses
from app.gateway.sockets import Sockets, use_post
from app.gateway.sub_paths import METHODS, SubPaths, sub_path

Handler = Callable[[web.BaseRequest, License], Awaitable[web.StreamResponse]]

#: Where clients are told to go, and where some insist on going.
PREFIXES = ("/codex/v1/", "/v1/")

_SLASHES = re.compile(r"/{2,}")

_log = logging.getLogger(__name__)


class Routes:
    """Doors first, then the way."""

    def __init__(
        self,
        doors: Doors,
        responses: Responses,
        chat: Chat,
        models: Models,
        sub_paths: SubPaths,
        sockets: Sockets,
    ) -> None:
        self._doors = doors
        self._sockets = sockets
        self._models = models
        self._sub_paths = sub_paths
        self._table: dict[str, dict[str, Handler]] = {
            "responses": {"POST": responses.create},
            "responses/compact": {"POST": responses.compact},
            "chat/completions": {"POST": chat.create},
            "models": {"GET": models.all},
        }

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request.

        Raises:
            Refusal: for every answer of ours that is an error.
        """
        self._doors.check_host(request)
        path = request.rel_url.raw_path
        if "//" in path:
            # Base addresses get written with a slash too many; that need not break anything.
            path = _SLASHES.sub("/", path)
        if path in ("/healthz", "/healthz/"):
            return _health(request)
        tail = _tail(path)
        known = self._table.get(tail) or self._besides(tail)
        if tail == "responses" and request.method == "GET" and _wants_websocket(request):
            return await self._socket(request)
        if request.method == "OPTIONS" and known is not None:
            # A browser asks on behalf of a web page, without a license: no header of CORS lets it go on.
            raise not_allowed(request.method, ", ".join(known))
        owner = await self._doors.check_license(request)
        method = "GET" if request.method == "HEAD" and tail.startswith("models") else request.method
        if tail.startswith("models/"):
            if method != "GET":
                raise not_allowed(request.method, "GET")
            return await self._models.one(request, owner, unquote(tail.removeprefix("models/")))
        if known is None:
            _log.info("no such path: %s %s, with license %s", request.method[:20], shown_path(path), owner.id)
            raise no_such_url(request.method, path)
        handler = known.get(method)
        if handler is None:
            raise not_allowed(request.method, ", ".join(known))
        return await handler(request, owner)

    def _besides(self, tail: str) -> dict[str, Handler] | None:
        asked = sub_path(tail)
        if asked is None:
            return None

        async def answer(request: web.BaseRequest, owner: License) -> web.StreamResponse:
            return await self._sub_paths.answer(request, owner, asked)

        return dict.fromkeys(METHODS, answer)

    async def _socket(self, request: web.BaseRequest) -> web.StreamResponse:
        """A WebSocket; Codex takes 426 at once for "use POST", and a 401 for a reason to try seven times."""
        try:
            if not self._sockets.wanted:
                raise use_post()
            return await self._sockets.connect(request, await self._doors.check_license(request))
        except Refusal as refusal:
            # After the answer: aiohttp reads no other request of a connection that was to be upgraded.
            request.protocol.close()
            raise use_post() from refusal


def _tail(path: str) -> str:
    """What follows the base address, without a slash at the end; empty when the path is not below one."""
    for prefix in PREFIXES:
        if path.startswith(prefix):
            return path[len(prefix) :].rstrip("/")
    return ""


def _wants_websocket(request: web.BaseRequest) -> bool:
    return "websocket" in request.headers.get("Upgrade", "").lower()


def _health(request: web.BaseRequest) -> web.Response:
    if request.method not in ("GET", "HEAD"):
        raise not_allowed(request.method, "GET")
    return json_reply(200, {"status": "ok", "version": __version__})

"""`GET …/models` and `…/models/{id}`: what clients may ask for, in the shape that they want."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable
from typing import Any

from aiohttp import web
from multidict import CIMultiDict

from app.core.credential import TokenSecrets
from app.core.envelope import names_in_headers
from app.core.errors import Refusal
from app.core.license import License
from app.core.token import Token, TokenKind
from app.gateway.model_desk import ModelDesk
from app.gateway.replies import SERVER, json_reply
from app.gateway.state import GatewayState
from app.upstream.models import ModelList

#: Clients in typed languages want a number; this is the day on which gpt-5, which all aliases are of, came out.
_CREATED = 1_754_524_800
#: A version number; longer queries are not Codex's.
_MAX_QUERY = 200
#: Codex itself waits 5 s, in seconds.
_CODEX_WAITS_S = 4.5


class Models:
    """The model lists of this gateway."""

    def __init__(self, state: GatewayState, models: ModelDesk) -> None:
        self._state = state
        self._models = models

    async def all(self, request: web.BaseRequest, owner: License) -> web.StreamResponse:
        """OpenAI's list, or with `client_version` Codex's own."""
        if "client_version" in request.rel_url.query:
            return await self._codex_list(request, owner)
        rows = (await self._models.look()).listed()
        return json_reply(200, {"object": "list", "data": [_entry(row.name) for row in rows]})

    async def one(self, request: web.BaseRequest, owner: License, name: str) -> web.StreamResponse:
        """One entry of OpenAI's list, also by another name of the same model.

        Raises:
            Refusal: 404 `model_not_found`.
        """
        if not self._state.models.is_listed(name) and not (await self._models.look()).is_listed(name):
            said = f"The model `{name[:100]}` does not exist or you do not have access to it."
            said = f"{said} {self._state.models.suggestion(name)}".rstrip()
            raise Refusal(404, said, param="model", code="model_not_found")
        return json_reply(200, _entry(name))

    async def _codex_list(self, request: web.BaseRequest, owner: License) -> web.StreamResponse:
        """Upstream's own list: of the first login that has one now, else the last that any of them had."""
        query = request.rel_url.raw_query_string
        logins = self._logins(request, owner) if len(query) <= _MAX_QUERY else []
        older: ModelList | None = None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_CODEX_WAITS_S):
                for token, opened in logins:
                    lists = self._models.lists
                    found, confirmed = await lists.codex_list(token, opened, query, request.raw_headers)
                    if found is not None and confirmed:
                        return _passed_on(request, found, found.headers)
                    older = older or found
        if older is not None:
            # What else upstream said with it is not true any more.
            return _passed_on(request, older, ())
        # Codex falls back to the catalogue that it brings along.
        return json_reply(200, {"models": []})

    def _logins(self, request: web.BaseRequest, owner: License) -> list[tuple[Token, TokenSecrets]]:
        """The logins that can be asked, in order: the one of the session that is named, else of the last one.

        With each answer to a turn upstream names the list of that account (`x-models-etag`), and Codex, which names no
        session here, asks again until it has that one.
        """
        pool, opened, now = self._state.pool, self._state.secrets, self._state.clock.now()
        names = names_in_headers(request.headers)
        session = pool.sessions.find(owner.id, names) or pool.sessions.last_of(owner.id)
        own = session.current_token_id if session is not None else None
        usable = [
            (token, opened[token.id])
            for token in pool.tokens
            if token.kind is TokenKind.CHATGPT and pool.unusable(token) is None and token.id in opened
        ]
        return sorted(usable, key=lambda pair: (pair[0].id != own, pool.rest(pair[0].id, now) is not None))


def _passed_on(request: web.BaseRequest, found: ModelList, more: Iterable[tuple[str, str]]) -> web.Response:
    headers: CIMultiDict[str] = CIMultiDict(more)
    headers.setdefault("Server", SERVER)
    if found.etag:
        headers["ETag"] = found.etag
        if _is_known(request.headers.get("If-None-Match", ""), found.etag):
            return web.Response(status=304, headers=headers)
    headers["Content-Type"] = found.content_type
    return web.Response(body=found.body, headers=headers)


def _is_known(if_none_match: str, etag: str) -> bool:
    """Whether the client has this one; compared weakly (RFC 9110 §13.1.2)."""
    tags = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
    return bool(tags & {"*", etag.removeprefix("W/")})


def _entry(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": _CREATED, "owned_by": "openai"}

"""`GET …/models` and `…/models/{id}`: what clients may ask for, in the shape that they want."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from app.core.credential import TokenSecrets
from app.core.errors import Refusal
from app.core.license import License
from app.core.token import Token, TokenKind
from app.gateway.model_desk import ModelDesk
from app.gateway.replies import SERVER, json_reply
from app.gateway.state import GatewayState

#: Clients in typed languages want a number; this is the day on which gpt-5, which all aliases are of, came out.
_CREATED = 1_754_524_800
#: A version number; longer queries are not Codex's.
_MAX_QUERY = 200


class Models:
    """The model lists of this gateway."""

    def __init__(self, state: GatewayState, models: ModelDesk) -> None:
        self._state = state
        self._models = models

    async def all(self, request: web.BaseRequest, owner: License) -> web.StreamResponse:
        """OpenAI's list, or with `client_version` Codex's own."""
        if "client_version" in request.rel_url.query:
            return await self._codex_list(request)
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

    async def _codex_list(self, request: web.BaseRequest) -> web.StreamResponse:
        query = request.rel_url.raw_query_string
        logins = [pair for pair in self._usable() if pair[0].kind is TokenKind.CHATGPT]
        now = self._state.clock.now()
        logins.sort(key=lambda pair: self._state.pool.rest(pair[0].id, now) is not None)
        if logins and len(query) <= _MAX_QUERY:
            token, opened = logins[0]
            found = await self._models.lists.codex_list(token, opened, query, request.raw_headers)
            if found is not None:
                headers = {"Content-Type": found.content_type, "Server": SERVER}
                if found.etag:
                    headers["ETag"] = found.etag
                return web.Response(body=found.body, headers=headers)
        # Codex falls back to the catalogue that it brings along.
        return json_reply(200, {"models": []})

    def _usable(self) -> list[tuple[Token, TokenSecrets]]:
        pool, opened = self._state.pool, self._state.secrets
        return [
            (token, opened[token.id]) for token in pool.tokens if pool.unusable(token) is None and token.id in opened
        ]


def _entry(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": _CREATED, "owned_by": "openai"}

"""The models that upstream offers now, asked for rarely and remembered."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import orjson

from app.core.credential import TokenSecrets
from app.core.token import Token, TokenKind
from app.upstream.client import Upstream
from app.upstream.errors import NoAnswer
from app.upstream.headers import RawHeaders

#: The ChatGPT backend lists what this version of Codex can use; the newest one that was tried with Waystation.
CLIENT_VERSION = "0.169.0"
#: How long our own questions take a list as it is, in seconds.
FRESH_S = 300.0
#: After a failure the last known list serves for this long before another try, in seconds.
AFTER_FAILURE_S = 30.0
#: Codex waits 5 s for its model list.
_ANSWER_S = 4.0
_MAX_LIST = 16 * 1024 * 1024
#: Lists of half a megabyte, one for each token and query.
_MAX_KNOWN = 32

_Ask = Callable[[dict[str, str]], Awaitable[aiohttp.ClientResponse]]


@dataclass(frozen=True, slots=True)
class ModelList:
    """One list as upstream sent it.

    Attributes:
        body: its bytes.
        etag: of it, or None.
        content_type: of it.
        names: of the models in it that users can choose.
    """

    body: bytes = field(repr=False)
    etag: str | None
    content_type: str
    names: tuple[str, ...]


@dataclass(slots=True)
class _Known:
    """What is known of one list; `failed` says that the last try at `asked_at` brought nothing."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    found: ModelList | None = None
    asked_at: float | None = None
    failed: bool = False


class ModelLists:
    """Remembers the lists per token, since tokens of different plans see different models."""

    def __init__(self, upstream: Upstream, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._upstream = upstream
        self._monotonic = monotonic
        self._known: dict[tuple[str, str], _Known] = {}

    async def names(self, tokens: Iterable[tuple[Token, TokenSecrets]]) -> tuple[str, ...]:
        """The models of all these tokens together; what upstream does not tell now is as it was last known."""
        lists = await asyncio.gather(*(self._own_list(token, secrets) for token, secrets in tokens))
        return tuple(dict.fromkeys(name for found in lists if found is not None for name in found.names))

    async def codex_list(
        self, token: Token, secrets: TokenSecrets, query: str, client_headers: RawHeaders
    ) -> ModelList | None:
        """The list for Codex, confirmed by upstream just now where it can be reached; None if there never was one.

        Codex asks when upstream tells it that the list changed, so an older one must not be given while upstream
        can be asked.

        Args:
            token, secrets: of a ChatGPT login.
            query: of Codex's request, such as `client_version=0.169.0`.
            client_headers: of Codex's request.
        """
        headers = [pair for pair in client_headers if pair[0].lower() != b"if-none-match"]

        async def ask(extra: dict[str, str]) -> aiohttp.ClientResponse:
            more = [(name.encode(), value.encode("utf-8", "surrogateescape")) for name, value in extra.items()]
            return await self._upstream.pass_through(token, secrets, "GET", f"/models?{query}", [*headers, *more], None)

        return await self._list((token.id, query), ask, fresh_s=0.0)

    async def _own_list(self, token: Token, secrets: TokenSecrets) -> ModelList | None:
        query = f"?client_version={CLIENT_VERSION}" if token.kind is TokenKind.CHATGPT else ""

        async def ask(extra: dict[str, str]) -> aiohttp.ClientResponse:
            return await self._upstream.get(token, secrets, f"/models{query}", extra)

        return await self._list((token.id, ""), ask, fresh_s=FRESH_S)

    async def _list(self, key: tuple[str, str], ask: _Ask, *, fresh_s: float) -> ModelList | None:
        known = self._known.pop(key, None) or _Known()
        self._known[key] = known
        while len(self._known) > _MAX_KNOWN:
            del self._known[next(iter(self._known))]
        # Several clients that start together need one answer.
        async with known.lock:
            now = self._monotonic()
            good_for = AFTER_FAILURE_S if known.failed else fresh_s
            if known.asked_at is None or now - known.asked_at >= good_for:
                found = await self._ask(ask, known.found)
                known.asked_at, known.failed = self._monotonic(), found is None
                known.found = found or known.found
            return known.found

    @staticmethod
    async def _ask(ask: _Ask, last: ModelList | None) -> ModelList | None:
        extra = {"If-None-Match": last.etag} if last is not None and last.etag else {}
        try:
            async with asyncio.timeout(_ANSWER_S):
                answer = await ask(extra)
                try:
                    if answer.status == 304:
                        return last
                    body = bytearray()
                    async for piece in answer.content.iter_any():
                        body += piece
                        if len(body) > _MAX_LIST:
                            return None
                finally:
                    answer.close()
        except (NoAnswer, TimeoutError, aiohttp.ClientError, OSError):
            return None
        names = model_names(bytes(body)) if answer.status == 200 else None
        if names is None:
            return None
        content_type = answer.headers.get("Content-Type", "application/json")
        return ModelList(bytes(body), answer.headers.get("ETag"), content_type, names)


def model_names(body: bytes) -> tuple[str, ...] | None:
    """The names in a list of either shape (`data`, or Codex's `models` without hidden ones); None if it is none."""
    try:
        data: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(data, dict):
        return None
    if isinstance(data.get("models"), list):
        rows = [row for row in data["models"] if isinstance(row, dict) and row.get("visibility") != "hide"]
        found = [row.get("slug") for row in rows]
    elif isinstance(data.get("data"), list):
        found = [row.get("id") for row in data["data"] if isinstance(row, dict)]
    else:
        return None
    return tuple(name for name in found if isinstance(name, str) and name)

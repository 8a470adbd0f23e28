"""The models that upstream offers now, asked for rarely and remembered."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Container
from dataclasses import dataclass, field, replace
from typing import Any

import aiohttp
import orjson

from app.core.credential import TokenSecrets
from app.core.errors import WaystationError
from app.core.model_aliases import is_name
from app.core.models import OfferedModel
from app.core.token import Token, TokenKind
from app.upstream.answer import UpstreamAnswer
from app.upstream.client import Upstream
from app.upstream.errors import ModelsRefused, UpstreamTimeout, UpstreamUnreachable
from app.upstream.headers import RawHeaders, to_client

#: The ChatGPT backend lists what this version of Codex can use; the newest one that was tried with Waystation.
CLIENT_VERSION = "0.169.0"
#: How long our own questions take a list as it is, in seconds.
FRESH_S = 300.0
#: After a failure the last known list serves for this long before another try, in seconds.
AFTER_FAILURE_S = 30.0
#: Codex waits 5 s for its model list.
_ANSWER_S = 4.0
_MAX_LIST = 16 * 1024 * 1024
#: Codex's own lists, of half a megabyte, one for each token and query.
_MAX_KNOWN = 32
#: Of one list; an organisation's key sees about a hundred and its fine-tuned ones.
_MAX_MODELS = 500
#: What an API key may use by other endpoints than Responses, by words in the ids of OpenAI's model list.
_OTHER_PURPOSE = re.compile(
    r"embedding|tts|whisper|dall-e|moderation|realtime|audio|transcribe|image|sora|search-preview|search-api|instruct"
    r"|^(babbage|davinci)-"
)

_Ask = Callable[[dict[str, str]], Awaitable[UpstreamAnswer]]


@dataclass(frozen=True, slots=True)
class ModelList:
    """One list as upstream sent it.

    Attributes:
        body: its bytes.
        etag: of it, or None.
        content_type: of it.
        models: in it that users can choose.
        headers: that came with it when upstream was last asked, as clients get them, but for those about its body.
    """

    body: bytes = field(repr=False)
    etag: str | None
    content_type: str
    models: tuple[OfferedModel, ...]
    headers: tuple[tuple[str, str], ...] = field(repr=False, default=())


@dataclass(slots=True)
class _Known:
    """What is known of one list; `problem` says why the last try at `asked_at` brought nothing."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    found: ModelList | None = None
    asked_at: float | None = None
    problem: WaystationError | None = None


class ModelLists:
    """Remembers the lists per token, since tokens of different plans see different models."""

    def __init__(self, upstream: Upstream, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._upstream = upstream
        self._monotonic = monotonic
        self._codex: dict[tuple[str, str], _Known] = {}
        self._own: dict[str, _Known] = {}

    async def offered(
        self, token: Token, secrets: TokenSecrets, *, at_once: bool = False
    ) -> tuple[OfferedModel, ...] | None:
        """What upstream offers this token, asked for when that is not known well enough; never raises.

        Returns:
            The last known list where upstream does not tell now; None if there never was one.

        Args:
            token, secrets: to ask with.
            at_once: ask, however well it is known.
        """
        query = f"?client_version={CLIENT_VERSION}" if token.kind is TokenKind.CHATGPT else ""

        async def ask(extra: dict[str, str]) -> UpstreamAnswer:
            return await self._upstream.get(token, secrets, f"/models{query}", extra)

        known = self._own.setdefault(token.id, _Known())
        found = await self._list(known, ask, fresh_s=FRESH_S, at_once=at_once)
        if found is None:
            return None
        # Half a megabyte of prompts, of which nothing more is wanted.
        known.found = replace(found, body=b"")
        return found.models

    def problem(self, token_id: str) -> WaystationError | None:
        """Why upstream did not say what it offers this token when it was asked last; None: it did."""
        known = self._own.get(token_id)
        return None if known is None else known.problem

    def keep(self, token_ids: Container[str]) -> None:
        """Forget what other tokens than these were offered."""
        self._own = {token_id: known for token_id, known in self._own.items() if token_id in token_ids}
        self._codex = {key: known for key, known in self._codex.items() if key[0] in token_ids}

    async def codex_list(
        self, token: Token, secrets: TokenSecrets, query: str, client_headers: RawHeaders
    ) -> tuple[ModelList | None, bool]:
        """The list for Codex, and whether upstream has confirmed it just now; None if there never was one.

        Codex asks when upstream tells it that the list changed, so an older one must not be given while upstream
        can be asked.

        Args:
            token, secrets: of a ChatGPT login.
            query: of Codex's request, such as `client_version=0.169.0`.
            client_headers: of Codex's request.
        """
        headers = [pair for pair in client_headers if pair[0].lower() != b"if-none-match"]

        async def ask(extra: dict[str, str]) -> UpstreamAnswer:
            more = [(name.encode(), value.encode("utf-8", "surrogateescape")) for name, value in extra.items()]
            return await self._upstream.pass_through(token, secrets, "GET", f"/models?{query}", [*headers, *more], None)

        key = token.id, query
        known = self._codex.pop(key, None) or _Known()
        self._codex[key] = known
        while len(self._codex) > _MAX_KNOWN:
            del self._codex[next(iter(self._codex))]
        return await self._list(known, ask, fresh_s=None), known.problem is None

    async def _list(
        self, known: _Known, ask: _Ask, *, fresh_s: float | None, at_once: bool = False
    ) -> ModelList | None:
        called_at = self._monotonic()
        # Several clients that start together need one answer.
        async with known.lock:
            now = self._monotonic()
            since_called = now - called_at
            good_for = AFTER_FAILURE_S if known.problem else since_called if fresh_s is None else fresh_s
            if at_once:
                good_for = since_called
            if known.asked_at is None or now - known.asked_at >= good_for:
                try:
                    known.found, known.problem = await self._ask(ask, known.found), None
                except WaystationError as problem:
                    # Without the frames that it came through, which hold secrets and bodies.
                    known.problem = problem.with_traceback(None)
                known.asked_at = self._monotonic()
            return known.found

    @staticmethod
    async def _ask(ask: _Ask, last: ModelList | None) -> ModelList:
        """Upstream's list, or the last one where it says that this still holds.

        Raises:
            NoAnswer, ModelsRefused: it does not say.
        """
        extra = {"If-None-Match": last.etag} if last is not None and last.etag else {}
        try:
            async with asyncio.timeout(_ANSWER_S):
                answer = await ask(extra)
                try:
                    headers = tuple(
                        pair for pair in to_client(answer.raw_headers, reencoded=True) if pair[0].lower() != "etag"
                    )
                    if answer.status == 304 and last is not None:
                        return replace(last, headers=headers)
                    body = bytearray()
                    while piece := await answer.readany():
                        body += piece
                        if len(body) > _MAX_LIST:
                            raise ModelsRefused(answer.status)
                finally:
                    answer.close()
        except TimeoutError:
            raise UpstreamTimeout(
                "Upstream did not say in time which models it offers.", sent=True, passing=True
            ) from None
        except (aiohttp.ClientError, OSError):
            raise UpstreamUnreachable(
                "The connection to upstream broke while it said which models it offers.", sent=True, passing=True
            ) from None
        models = offered_models(bytes(body)) if answer.status == 200 else None
        if models is None:
            raise ModelsRefused(answer.status)
        content_type = answer.headers.get("Content-Type", "application/json")
        return ModelList(bytes(body), answer.headers.get("ETag"), content_type, models, headers)


def offered_models(body: bytes) -> tuple[OfferedModel, ...] | None:
    """The models of a list that users can choose; None if it is no list.

    Codex's (`models`) tells the efforts, and which are hidden. OpenAI's (`data`) tells ids alone, those for other
    endpoints included, which are left out.
    """
    try:
        data: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(data, dict):
        return None
    if isinstance(data.get("models"), list):
        rows = [row for row in data["models"] if isinstance(row, dict) and row.get("visibility") != "hide"]
        found = [OfferedModel(slug, _efforts(row)) for row in rows if is_name(slug := row.get("slug"))]
    elif isinstance(data.get("data"), list):
        rows = [row for row in data["data"] if isinstance(row, dict)]
        found = [OfferedModel(id) for row in rows if is_name(id := row.get("id")) and not _OTHER_PURPOSE.search(id)]
    else:
        return None
    return tuple({model.name: model for model in found[:_MAX_MODELS]}.values())


def _efforts(row: dict[str, Any]) -> tuple[str, ...]:
    levels = row.get("supported_reasoning_levels")
    found = [level for level in levels if isinstance(level, dict)] if isinstance(levels, list) else []
    return tuple(dict.fromkeys(effort for level in found if is_name(effort := level.get("effort"))))

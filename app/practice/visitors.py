"""Clients that come by themselves, so that practice mode has something to show: over HTTP, through the gateway.

They ask about once in three seconds together, and go on until they are ended. What they say, how often and for how
long is drawn from a seed: the same story each time.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from types import TracebackType

import aiohttp
import orjson

from app.practice.conversations import (
    CODEX,
    LAPTOP,
    NIGHT_JOB,
    ChatConversation,
    CodexConversation,
    Conversation,
    JobConversation,
    Request,
    conversation_name,
)
from app.practice.events import TERMINAL

_LONGEST_TURN_S = 900.0
"""The gateway may hold a turn at its station for ten minutes."""

_MOST_BYTES = 4 << 20
"""Of an answer; no practice answer has so many."""

_CLOSED_S = 1.0
"""Between two looks whether the gateway is open."""

_FIRST_LASTS = 10
"""Turns that a visitor's first conversations have more than later ones."""

_REFUSED_S = 15.0
"""After an error: the user may have revoked the license, or stopped the gateway, and change that again."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class VisitorKeys:
    """The licenses that the visitors enter with."""

    codex: str = field(repr=False)
    laptop: str = field(repr=False)
    night_job: str = field(repr=False)


@dataclass(slots=True)
class Visitor:
    """One client: how it asks, and its pauses between turns in seconds. ``at_once`` is the conversations it leads."""

    name: str
    key: str = field(repr=False)
    kind: type[Conversation]
    at_once: int
    first_pause: float
    pauses: tuple[float, float]
    random: Random = field(repr=False)
    pace: float
    seed: str
    _open: list[Conversation] = field(default_factory=list, repr=False)
    _begun: int = 0

    def choose(self) -> Conversation:
        """Return the conversation that goes on now."""
        self._open = [conversation for conversation in self._open if conversation.left > 0]
        while len(self._open) < self.at_once:
            name = conversation_name(self.seed, self.name, self._begun)
            self._begun += 1
            conversation = self.kind(name, self.random, self.pace)
            if self._begun <= self.at_once:
                # It is to be there still when the first token reaches its limit.
                conversation.left += _FIRST_LASTS
            self._open.append(conversation)
        return self.random.choice(self._open)

    def pause(self) -> float:
        """Return how long it thinks before its next turn."""
        return self.random.uniform(*self.pauses) * self.pace


class Visitors:
    """Three clients of one gateway; an asynchronous context manager that ends them.

    ``where`` returns the gateway's base URL, or None while it does not listen. ``seed`` fixes the story, and ``pace``
    multiplies all its times: with 0.05 a minute passes in three seconds.
    """

    def __init__(
        self, where: Callable[[], str | None], keys: VisitorKeys, *, seed: str = "practice", pace: float = 1.0
    ) -> None:
        self._where = where
        self._pace = pace

        def visitor(
            name: str, key: str, kind: type[Conversation], at_once: int, first: float, pauses: tuple[float, float]
        ) -> Visitor:
            return Visitor(name, key, kind, at_once, first, pauses, Random(f"{seed}/{name}"), pace, seed)  # noqa: S311

        self._visitors = (
            visitor(CODEX, keys.codex, CodexConversation, 2, 1.0, (3.0, 7.0)),
            visitor(LAPTOP, keys.laptop, ChatConversation, 2, 2.5, (5.0, 9.0)),
            visitor(NIGHT_JOB, keys.night_job, JobConversation, 1, 4.0, (6.0, 11.0)),
        )
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> "Visitors":
        """Let them come."""
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(self._live(one), name=f"visitor {one.name}") for one in self._visitors]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Have them leave, in the middle of a sentence if need be."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _live(self, visitor: Visitor) -> None:
        try:
            await self._visit(visitor)
        except Exception:
            # The others go on; a story with one voice less is no reason to end badly.
            _log.exception("the visitor %s has failed", visitor.name)

    async def _visit(self, visitor: Visitor) -> None:
        timeout = aiohttp.ClientTimeout(total=_LONGEST_TURN_S)
        async with aiohttp.ClientSession(timeout=timeout, auto_decompress=False) as http:
            await asyncio.sleep(visitor.first_pause * self._pace)
            while True:
                where = self._where()
                if where is None:
                    await asyncio.sleep(_CLOSED_S * self._pace)
                    continue
                served = await self._turn(http, where, visitor)
                await asyncio.sleep(visitor.pause() if served else _REFUSED_S * self._pace)

    async def _turn(self, http: aiohttp.ClientSession, where: str, visitor: Visitor) -> bool:
        """Lead one turn; False when it was not served."""
        conversation = visitor.choose()
        request = conversation.next()
        headers = request.headers | {"Authorization": f"Bearer {visitor.key}", "Content-Type": "application/json"}
        with suppress(aiohttp.ClientError, TimeoutError, OSError, orjson.JSONDecodeError):
            over_socket = await _heard_over_socket(http, where, request, headers) if request.socket else None
            if over_socket is not None:
                conversation.heard(over_socket)
                return True
            async with http.post(where + request.path, data=request.body, headers=headers) as answer:
                heard = await _heard(answer, request)
                if answer.status == 200 and heard is not None:
                    conversation.heard(heard)
                elif answer.status != 200:
                    # It would be refused again.
                    conversation.left = 0
                return answer.status == 200
        return False


async def _heard_over_socket(
    http: aiohttp.ClientSession, where: str, request: Request, headers: dict[str, str]
) -> bytes | None:
    """Return the whole answer, as if it had come by POST; None when no socket is to be had, or not to its end."""
    heard = bytearray()
    with suppress(aiohttp.WSServerHandshakeError):
        async with http.ws_connect(where + request.path, headers=headers, max_msg_size=_MOST_BYTES) as socket:
            await socket.send_str('{"type":"response.create",' + request.body[1:].decode())
            async for message in socket:
                event = orjson.loads(message.data)
                heard += b"data: " + orjson.dumps(event) + b"\n"
                if event["type"] in TERMINAL:
                    return bytes(heard)
                if event["type"] == "error":
                    break
    return None


async def _heard(answer: aiohttp.ClientResponse, request: Request) -> bytes | None:
    """Return the whole answer; None when the client has left before its end."""
    heard = bytearray()
    pieces = 0
    async for piece in answer.content.iter_any():
        heard += piece
        pieces += 1
        if pieces == request.leaves_after or len(heard) > _MOST_BYTES:
            answer.close()
            return None
    return bytes(heard)

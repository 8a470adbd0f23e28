"""A WebSocket client of the gateway, as Codex is one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import orjson

from app.gateway.socket_turn import RECONNECT
from tests.gateway.house import KEY, House
from tests.practice.sockets import BETA, Talk

THREAD = "0199-thread"


def create(text: str = "你好 pong", **more: Any) -> dict[str, Any]:
    """A turn as Codex asks for it over a WebSocket."""
    return {
        "model": "gpt-5-codex",
        "instructions": "You are Codex.",
        "input": [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}],
        "store": False,
        "stream": True,
        "prompt_cache_key": THREAD,
        **more,
    }


def frame_of(body: Mapping[str, Any]) -> bytes:
    """The frame that `Talk.say` makes of a body."""
    return orjson.dumps({"type": "response.create", **body})


@asynccontextmanager
async def talk(
    house: House, *, key: str = KEY, thread: str = THREAD, headers: Mapping[str, str] | None = None, **options: Any
) -> AsyncIterator[Talk]:
    """An open socket.

    Raises:
        WSServerHandshakeError: it was refused.
    """
    named = {"Authorization": f"Bearer {key}", "session-id": thread, "thread-id": thread, "originator": "codex_exec"}
    async with aiohttp.ClientSession() as session:
        url = f"{house.base}/responses"
        options = {"max_msg_size": 0, "autoclose": False, "autoping": False, **options}
        async with session.ws_connect(url, headers=named | BETA | dict(headers or {}), **options) as ws:
            yield Talk(ws)


async def refused(house: House, **options: Any) -> int:
    """The status with which a handshake is refused; 101 when it is not."""
    try:
        async with talk(house, **options):
            return 101
    except aiohttp.WSServerHandshakeError as error:
        return error.status


async def sent_away(socket: Talk, body: Mapping[str, Any] | None = None) -> None:
    """Ask for a turn, and be told to open another connection."""
    answer = await socket.turn(dict(body or create()))
    assert answer.last["error"]["code"] == RECONNECT, answer.last
    assert await socket.ended() == (1000, "")

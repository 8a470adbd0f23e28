"""A WebSocket client of the practice upstream."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import orjson

from app.practice.accounts import PracticeAccount
from tests.practice.client import Answer, Client, Headers, codex_body

LAST = ("response.completed", "response.failed", "response.incomplete", "error")
BETA = {"OpenAI-Beta": "responses_websockets=2026-02-06"}


@dataclass
class Talk:
    """One open socket."""

    ws: aiohttp.ClientWebSocketResponse

    async def say(self, body: dict[str, Any], **changes: Any) -> None:
        frame = {"type": "response.create", **body, **changes}
        await self.ws.send_str(orjson.dumps(frame).decode())

    async def hear(self) -> dict[str, Any]:
        message = await self.ws.receive(timeout=10)
        assert message.type is aiohttp.WSMsgType.TEXT, message
        event: dict[str, Any] = orjson.loads(message.data)
        return event

    async def turn(self, body: dict[str, Any] | None = None, **changes: Any) -> Answer:
        """Send a frame and read to the end of its answer; the status is that of an error frame, or 200."""
        await self.say(codex_body() if body is None else body, **changes)
        events = [await self.hear()]
        while events[-1]["type"] not in LAST:
            events.append(await self.hear())
        return Answer(events[-1].get("status", 200), {}, b"", events)

    async def ended(self) -> tuple[int | None, str]:
        """Read to the end of the socket and return the code and reason of the close frame (1006: there was none)."""
        while True:
            message = await self.ws.receive(timeout=10)
            if message.type is aiohttp.WSMsgType.CLOSE:
                return message.data, message.extra or ""
            if message.type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR):
                return self.ws.close_code, ""


@asynccontextmanager
async def talk(
    client: Client, account: PracticeAccount | None = None, headers: Headers | None = None, **options: Any
) -> AsyncIterator[Talk]:
    """Open a socket on the Codex backend."""
    url = client.upstream.chatgpt_base_url + "/responses"
    async with client.session.ws_connect(
        url, headers=client.login(account) | BETA | (headers or {}), max_msg_size=0, **options
    ) as ws:
        yield Talk(ws)


@asynccontextmanager
async def talk_with_key(client: Client) -> AsyncIterator[Talk]:
    """Open a socket on the OpenAI API."""
    key = {"Authorization": f"Bearer {client.upstream.api_keys[0].key}"}
    async with client.session.ws_connect(client.upstream.openai_base_url + "/responses", headers=key | BETA) as ws:
        yield Talk(ws)

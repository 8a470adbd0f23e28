"""The other side of the gateway for a benchmark, in a process of its own: upstream, and the clients that stream.

Every piece of an answer carries the time at which it was written; the client takes the time at which it came. Both
are of one clock in one process, so the difference is what the way through the gateway took.

usage: far_end.py STREAMS EVENTS_PER_SECOND; then one JSON object a line, on standard input and output.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from contextlib import suppress
from random import Random
from typing import Any

import aiohttp
from aiohttp import web

from app.practice.accounts import PracticeApiKey
from app.practice.server import PracticeUpstream

#: Seconds that one answer takes, at least and at most; then the client asks again in the same conversation.
_ANSWER_S = (4.0, 8.0)
_MARK = b'"written":'


class PacedUpstream:
    """Answers `POST /v1/responses` with one piece at a time, on a schedule."""

    def __init__(self, per_second: float) -> None:
        self._interval = 1.0 / per_second
        self._random = Random(1)
        self._runner: web.AppRunner | None = None

    async def start(self) -> str:
        """Listen; returns the base URL."""
        application = web.Application(client_max_size=1 << 24)
        application.router.add_post("/v1/responses", self._answer)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}/v1"

    async def stop(self) -> None:
        """End all answers."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        asked = await request.json()
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8"})
        await response.prepare(request)
        # At the end the clients leave in the middle.
        with suppress(ConnectionError):
            await self._write(response, asked["model"])
        return response

    async def _write(self, response: web.StreamResponse, model: str) -> None:
        about = {"id": f"resp_{id(response):x}", "object": "response", "status": "in_progress", "model": model}
        await response.write(_event({"type": "response.created", "response": about}))
        began = time.monotonic() + self._random.random() * self._interval
        for number in range(round(self._random.uniform(*_ANSWER_S) / self._interval)):
            await asyncio.sleep(max(0.0, began + number * self._interval - time.monotonic()))
            piece = {"type": "response.output_text.delta", "item_id": "msg_1", "output_index": 0, "content_index": 0}
            await response.write(_event({**piece, "delta": "so ", "written": time.monotonic()}))
        usage = {
            "input_tokens": 9000,
            "input_tokens_details": {"cached_tokens": 8000},
            "output_tokens": 200,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": 9200,
        }
        await response.write(
            _event({"type": "response.completed", "response": {**about, "status": "completed", "usage": usage}})
        )


class Clients:
    """Conversations that ask again and again, and take the time of every piece that comes."""

    def __init__(self, base_url: str, key: str, streams: int) -> None:
        self._base_url = base_url
        self._key = key
        self._streams = streams
        self._tasks: list[asyncio.Task[None]] = []
        self._delays: list[float] = []
        self.broken = 0
        self.answers = 0

    def start(self) -> None:
        """Begin, spread over some seconds."""
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(self._converse(number)) for number in range(self._streams)]

    async def stop(self) -> None:
        """Leave in the middle of whatever comes."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def taken(self) -> dict[str, Any]:
        """The delays since the last time, in milliseconds, and what went wrong."""
        delays, self._delays = self._delays, []
        broken, self.broken = self.broken, 0
        answers, self.answers = self.answers, 0
        return {"delays": [round(delay * 1000, 2) for delay in delays], "broken": broken, "answers": answers}

    async def _converse(self, number: int) -> None:
        await asyncio.sleep(3.0 * number / self._streams)
        name = f"stream-{number}"
        body = {
            "model": "gpt-5-codex",
            "instructions": "Speak. " * 400,
            "input": [{"role": "user", "content": "Go on. " * 2000}],
            "stream": True,
            "store": False,
            "prompt_cache_key": name,
        }
        headers = {"Authorization": f"Bearer {self._key}", "User-Agent": "codex_cli_rs/0.169.0 (bench)"}
        async with aiohttp.ClientSession() as http:
            while True:
                try:
                    async with http.post(f"{self._base_url}/responses", json=body, headers=headers) as answer:
                        self.broken += answer.status != 200
                        async for line in answer.content:
                            came = time.monotonic()
                            at = line.rfind(_MARK)
                            if at > 0:
                                self._delays.append(came - float(line[at + len(_MARK) :].rstrip(b"}\n")))
                    self.answers += 1
                except aiohttp.ClientError:
                    self.broken += 1
                    await asyncio.sleep(0.2)


def _event(content: dict[str, Any]) -> bytes:
    return f"event: {content['type']}\ndata: {json.dumps(content, separators=(',', ':'))}\n\n".encode()


async def _main(streams: int, per_second: float) -> None:
    practice = PracticeUpstream(keep=5)
    await practice.start()
    paced = PacedUpstream(per_second)
    key: PracticeApiKey = practice.api_keys[0]
    say(
        chatgpt=practice.chatgpt_base_url,
        openai=await paced.start(),
        issuer=practice.auth_issuer,
        logins=[account.auth_json() for account in practice.accounts],
        api_key=key.key,
    )
    clients: Clients | None = None
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        asked = json.loads(line)
        match asked["do"]:
            case "start":
                clients = Clients(asked["base_url"], asked["key"], streams)
                clients.start()
                say()
            case "take":
                say(**(clients.taken() if clients else {}))
            case "stop":
                break
    if clients is not None:
        await clients.stop()
    await paced.stop()
    await practice.stop()


def say(**content: Any) -> None:
    """Answer with one line."""
    print(json.dumps(content), flush=True)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(_main(int(sys.argv[1]), float(sys.argv[2])))

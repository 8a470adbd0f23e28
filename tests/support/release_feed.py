"""A real release feed on this machine, that says what a test wants, and what it was asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.support.ports import free_port

RELEASE: dict[str, Any] = {"tag_name": "v9.1.0", "draft": False, "prerelease": False, "body": "News"}


@dataclass
class Feed:
    """A feed; without a handler it tells of `RELEASE`."""

    port: int
    handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]] | None = None
    asked: list[web.BaseRequest] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/releases/latest"

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        self.asked.append(request)
        return await self.handler(request) if self.handler else web.json_response(RELEASE, headers={"ETag": '"1"'})

    def says(self, *arguments: Any, **options: Any) -> None:
        """Answer so from now on."""

        async def handler(_request: web.BaseRequest) -> web.StreamResponse:
            return web.Response(*arguments, **options)

        self.handler = handler

    def tells(self, **changes: Any) -> None:
        """Tell of `RELEASE` with these changes from now on."""

        async def handler(_request: web.BaseRequest) -> web.StreamResponse:
            return web.json_response({**RELEASE, **changes})

        self.handler = handler

    def is_silent(self) -> asyncio.Event:
        """Say nothing from now on; the event is set when somebody asks."""
        came = asyncio.Event()

        async def handler(_request: web.BaseRequest) -> web.StreamResponse:
            came.set()
            await asyncio.sleep(60)
            raise AssertionError

        self.handler = handler
        return came


@asynccontextmanager
async def running_feed() -> AsyncIterator[Feed]:
    """A feed on a free port."""
    made = Feed(free_port())
    serve = web.Server(made.answer, handler_cancellation=True)
    server = await asyncio.get_running_loop().create_server(serve, "127.0.0.1", made.port)
    try:
        yield made
    finally:
        server.close()
        await serve.shutdown(0)

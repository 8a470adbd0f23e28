"""An upstream that takes whatever comes: it keeps every request as it was, and answers by a list."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

from app.upstream.endpoints import UpstreamEndpoints


@dataclass
class Arrived:
    """One request as it came."""

    method: str
    path: str
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


@dataclass
class Reply:
    """One answer; `cut` breaks the connection in its place."""

    status: int = 200
    body: bytes = b"{}"
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "application/json"),)
    cut: bool = False


@dataclass
class Echo:
    """Both services on one port.

    Attributes:
        origin: where it is.
        arrived: every request, oldest first.
        replies: to the next requests; then `usual`.
        by_credential: the end of an Authorization header, and what is always answered to it.
    """

    origin: str = ""
    arrived: list[Arrived] = field(default_factory=list)
    replies: deque[Reply] = field(default_factory=deque)
    usual: Reply = field(default_factory=Reply)
    by_credential: dict[str, Reply] = field(default_factory=dict)

    def endpoints(self, auth_issuer: str) -> UpstreamEndpoints:
        return UpstreamEndpoints(f"{self.origin}/backend-api/codex", f"{self.origin}/v1", auth_issuer)

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        headers = [(name.decode(), value.decode("latin-1")) for name, value in request.raw_headers]
        came = Arrived(request.method, request.raw_path, headers, await request.content.read())
        self.arrived.append(came)
        credential = came.header("Authorization") or ""
        reply = next((reply for end, reply in self.by_credential.items() if credential.endswith(end)), None)
        reply = reply or (self.replies.popleft() if self.replies else self.usual)
        if reply.cut:
            assert request.transport is not None
            request.transport.abort()
        response = web.Response(status=reply.status, body=reply.body)
        response.headers.popall("Content-Type", None)
        for name, value in reply.headers:
            response.headers.add(name, value)
        return response


@asynccontextmanager
async def echoing() -> AsyncIterator[Echo]:
    """One that is running."""
    echo = Echo()
    runner = web.ServerRunner(web.Server(echo.answer, auto_decompress=False))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    echo.origin = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield echo
    finally:
        await runner.cleanup()

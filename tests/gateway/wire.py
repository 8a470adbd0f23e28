"""HTTP/1.1 by hand: what aiohttp's client would tidy up."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from tests.gateway.house import KEY


@dataclass
class RawAnswer:
    """An answer as it came.

    Attributes:
        status: of HTTP.
        headers: in order, names as spelled.
        body: without chunk framing.
        complete: whether the body ended as HTTP demands.
    """

    status: int
    headers: list[tuple[str, str]]
    body: bytes = field(repr=False)
    complete: bool

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


def request_bytes(
    port: int,
    body: bytes = b"",
    *,
    method: str = "POST",
    path: str = "/codex/v1/responses",
    headers: tuple[tuple[str, str], ...] = (),
    host: str | None = None,
    version: str = "1.1",
    authorization: str | None = f"Bearer {KEY}",
) -> bytes:
    lines = [f"{method} {path} HTTP/{version}", f"Host: {host or f'127.0.0.1:{port}'}"]
    if authorization is not None:
        lines.append(f"Authorization: {authorization}")
    lines += [f"{name}: {value}" for name, value in headers]
    if body or method == "POST":
        lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


async def read_answer(reader: asyncio.StreamReader, *, method: str = "POST") -> RawAnswer:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    lines = head.split("\r\n")
    status = int(lines[0].split()[1])
    headers = [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines[1:] if line)]
    answer = RawAnswer(status, headers, b"", False)
    if method == "HEAD" or status in (204, 304):
        answer.complete = True
        return answer
    body = bytearray()
    try:
        if answer.header("Transfer-Encoding") == "chunked":
            while size := int(await reader.readline(), 16):
                body += await reader.readexactly(size)
                await reader.readexactly(2)
            await reader.readline()
            answer.complete = True
        elif answer.header("Content-Length") is not None:
            body += await reader.readexactly(int(answer.header("Content-Length") or 0))
            answer.complete = True
        else:
            body += await reader.read()
            answer.complete = True
    except (asyncio.IncompleteReadError, ConnectionError, ValueError) as error:
        body += getattr(error, "partial", b"")
    answer.body = bytes(body)
    return answer


async def exchange(port: int, request: bytes, *, host: str = "127.0.0.1", method: str = "POST") -> RawAnswer:
    """One request on a connection of its own."""
    async with asyncio.timeout(30):
        reader, writer = await asyncio.open_connection(host, port)
        try:
            writer.write(request)
            await writer.drain()
            return await read_answer(reader, method=method)
        finally:
            writer.close()

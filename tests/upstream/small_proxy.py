"""Small real proxies: HTTP (absolute addresses and CONNECT), HTTPS, and SOCKS5, with or without a password."""

from __future__ import annotations

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

USER, PASSWORD = "user", "proxy-secret"


@dataclass
class SmallProxy:
    """Brings every name to one port of this machine: names that nobody else knows work, but only through it.

    Attributes:
        kind: `http`, `https` or `socks5`.
        destination: the port.
        login: whether it wants user and password.
        refuses: with this HTTP status, or SOCKS reply, whoever comes.
        asked: the names and ports that it was asked for.
    """

    kind: str
    destination: int
    login: bool = False
    refuses: int | None = None
    asked: list[str] = field(default_factory=list)
    port: int = 0

    @property
    def address(self) -> str:
        return self.with_password(PASSWORD) if self.login else f"{self.kind}://127.0.0.1:{self.port}"

    def with_password(self, password: str) -> str:
        return f"{self.kind}://{USER}:{password}@127.0.0.1:{self.port}"

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            await (self._socks(reader, writer) if self.kind == "socks5" else self._http(reader, writer))
        writer.close()

    async def _http(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        method, target, _ = head.split(b"\r\n")[0].decode().split(" ")
        right = base64.b64encode(f"{USER}:{PASSWORD}".encode())
        refused = self.refuses or (407 if self.login and b"Proxy-Authorization: Basic " + right not in head else None)
        if refused:
            writer.write(b"HTTP/1.1 %d No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" % refused)
            await writer.drain()
        elif method == "CONNECT":
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
            await self._through(target, b"", reader, writer)
        else:
            await self._through(target.split("/")[2], head, reader, writer)

    async def _socks(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        _, count = await reader.readexactly(2)
        methods = await reader.readexactly(count)
        wanted = 2 if self.login else 0
        if wanted not in methods:
            writer.write(b"\x05\xff")
            return
        writer.write(bytes([5, wanted]))
        if self.login:
            _, length = await reader.readexactly(2)
            user = await reader.readexactly(length)
            password = await reader.readexactly((await reader.readexactly(1))[0])
            right = (user, password) == (USER.encode(), PASSWORD.encode())
            writer.write(b"\x01\x00" if right else b"\x01\x01")
            if not right:
                return
        _, _, _, form = await reader.readexactly(4)
        assert form == 3, "it was given an address, not a name"
        name = await reader.readexactly((await reader.readexactly(1))[0])
        port = int.from_bytes(await reader.readexactly(2), "big")
        if self.refuses:
            writer.write(bytes([5, 2, 0, 1]) + bytes(6))
            return
        writer.write(b"\x05\x00\x00\x01" + bytes(6))
        await self._through(f"{name.decode()}:{port}", b"", reader, writer)

    async def _through(
        self, target: str, first: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.asked.append(target)
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", self.destination)
        inner_writer.write(first)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_pump(reader, inner_writer))
                group.create_task(_pump(inner_reader, writer))
        finally:
            inner_writer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError, ssl.SSLError):
        while piece := await reader.read(1 << 16):
            writer.write(piece)
            await writer.drain()
    writer.close()


@asynccontextmanager
async def running(proxy: SmallProxy, tls: ssl.SSLContext) -> AsyncIterator[SmallProxy]:
    """Listens at `proxy.address`; `tls` is the server's side of an HTTPS proxy."""
    server = await asyncio.start_server(proxy.talk, "127.0.0.1", 0, ssl=tls if proxy.kind == "https" else None)
    proxy.port = server.sockets[0].getsockname()[1]
    async with server:
        yield proxy

"""uvloop's loop, without its detour for addresses that are numbers."""

from __future__ import annotations

import asyncio
import socket
from typing import Any


def uv_loop() -> type[asyncio.AbstractEventLoop]:
    """The fastest loop there is.

    uvloop's `sock_connect`, by which aiohttp connects, looks addresses up without saying what for. Numbers then go to a
    thread of libuv's, too (uvloop 0.23, `__static_getaddrinfo` knows streams and datagrams alone): a third of what a
    new connection takes of the processor, and where this has one core only, a wait for that thread.

    Raises:
        ImportError: there is no uvloop, as on Windows.
    """
    import uvloop

    class UvLoop(uvloop.Loop):
        async def getaddrinfo(
            self,
            host: str | bytes | None,
            port: str | bytes | int | None,
            *,
            family: int = 0,
            type: int = 0,
            proto: int = 0,
            flags: int = 0,
        ) -> list[Any]:
            # An address with a zone (`fe80::1%eth0`) would lose it on the short way.
            if not type and not proto and isinstance(host, str) and "%" not in host:
                type = socket.SOCK_STREAM
            return await super().getaddrinfo(host, port, family=family, type=type, proto=proto, flags=flags)

    return UvLoop

"""uvloop's loop, without its detour for addresses that are numbers. Not on Windows."""

from __future__ import annotations

import socket
from typing import Any

import uvloop


class UvLoop(uvloop.Loop):
    """The fastest loop there is.

    Its `sock_connect`, by which aiohttp connects, looks addresses up without saying what for. Numbers then go to a
    thread of libuv's too (uvloop 0.23, `__static_getaddrinfo`: it knows streams and datagrams alone): a third of what a
    new connection takes of the processor, and where this has one core only, a wait for that thread.
    """

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
        """As every loop's. Who does not say which type, gets what a stream would get.

        Raises:
            OSError: the name is not known.
        """
        kind = type or socket.SOCK_STREAM
        return await super().getaddrinfo(host, port, family=family, type=kind, proto=proto, flags=flags)

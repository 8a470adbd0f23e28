"""Connections of one way upstream: opened by aiohttp's connector, kept while they are likely to be needed again."""

from __future__ import annotations

import asyncio
from typing import cast

import aiohttp
from yarl import URL

from app.upstream.connection import Connection

#: Of a connection to be closed properly, in seconds; then it is cut.
_CLOSE_S = 1.0

#: Scheme, host and port.
_Origin = tuple[str, str | None, int | None]


class Connections:
    """Connections through one proxy, or through none.

    Args:
        connector: of aiohttp; it knows proxies, TLS and names. Nobody else uses it, and `close` closes it.
        timeout: for opening one.
        read_timeout_s: silence that breaks one.
        keepalive_s: one that nobody needed for so long is closed.
    """

    def __init__(
        self,
        connector: aiohttp.BaseConnector,
        *,
        timeout: aiohttp.ClientTimeout,
        read_timeout_s: float,
        keepalive_s: float,
    ) -> None:
        self._connector = connector
        self._timeout = timeout
        self._read_timeout_s = read_timeout_s
        self._keepalive_s = keepalive_s
        self._idle: dict[_Origin, list[Connection]] = {}
        self._all: dict[Connection, _Origin] = {}
        self._sweep: asyncio.TimerHandle | None = None
        #: One for all: a timer of its own would cost each stream half a KiB.
        self._watch: asyncio.TimerHandle | None = None

    @property
    def busy(self) -> bool:
        """Whether one of them carries a request."""
        return len(self._all) > sum(map(len, self._idle.values()))

    async def take(self, url: URL, proxy: URL | None, proxy_headers: dict[str, str] | None) -> Connection:
        """A connection to the host of `url`: the one that was used last, or a new one.

        Args:
            url: whose path does not matter.
            proxy: an HTTP proxy; a SOCKS proxy is the connector's own matter.
            proxy_headers: for the proxy alone, when it is asked for a tunnel.

        Raises:
            aiohttp.ClientError, OSError: none could be opened.
        """
        origin = (url.scheme, url.raw_host, url.port)
        loop = asyncio.get_running_loop()
        connection = self._kept(origin, loop.time())
        if connection is None:
            connection = await self._open(url, proxy, proxy_headers)
            self._all[connection] = origin
        if self._watch is None:
            # Whoever sends later waits for longer, so that this comes in time for all.
            self._watch = loop.call_later(self._read_timeout_s, self._look)
        return connection

    async def close(self) -> None:
        """Close all of them."""
        for timer in (self._sweep, self._watch):
            if timer is not None:
                timer.cancel()
        self._sweep = self._watch = None
        everything = list(self._all)
        self._idle.clear()
        for connection in everything:
            connection.close()
        if everything:
            await asyncio.wait([connection.gone for connection in everything], timeout=_CLOSE_S)
        for connection in everything:
            connection.drop()
        await self._connector.close()

    def _kept(self, origin: _Origin, now: float) -> Connection | None:
        idle = self._idle.get(origin)
        while idle:
            kept = idle.pop()
            if kept.open and now - kept.idle_since < self._keepalive_s:
                return kept
            kept.close()
        return None

    async def _open(self, url: URL, proxy: URL | None, proxy_headers: dict[str, str] | None) -> Connection:
        asked = aiohttp.ClientRequest(
            "GET",
            url,
            loop=asyncio.get_running_loop(),
            # What a session adds to a request does not matter here.
            session=cast(aiohttp.ClientSession, None),
            proxy=proxy,
            proxy_headers=proxy_headers,
        )
        try:
            dialled = await self._connector.connect(asked, [], self._timeout)
        except TimeoutError as error:
            raise aiohttp.ConnectionTimeoutError(f"no connection to {url.host} in time") from error
        return Connection(dialled, self._freed, self._lost)

    def _freed(self, connection: Connection) -> None:
        origin = self._all.get(connection)
        if origin is None:
            connection.close()
            return
        self._idle.setdefault(origin, []).append(connection)
        if self._sweep is None:
            loop = asyncio.get_running_loop()
            self._sweep = loop.call_later(self._keepalive_s, self._close_old)

    def _lost(self, connection: Connection) -> None:
        origin = self._all.pop(connection, None)
        idle = self._idle.get(origin) if origin is not None else None
        if idle and connection in idle:
            idle.remove(connection)

    def _look(self) -> None:
        """Give up those that have been silent for too long, and look again when the next may be."""
        self._watch = None
        loop = asyncio.get_running_loop()
        now = loop.time()
        longest: float | None = None
        for connection in tuple(self._all):
            silence = connection.silent_for(now)
            if silence is not None and silence >= self._read_timeout_s:
                connection.give_up()
            elif silence is not None:
                longest = silence if longest is None else max(longest, silence)
        if longest is not None:
            self._watch = loop.call_later(self._read_timeout_s - longest, self._look)

    def _close_old(self) -> None:
        self._sweep = None
        loop = asyncio.get_running_loop()
        now = loop.time()
        left: float | None = None
        for idle in self._idle.values():
            for connection in tuple(idle):
                rest = connection.idle_since + self._keepalive_s - now
                if rest <= 0:
                    idle.remove(connection)
                    connection.close()
                else:
                    left = rest if left is None else min(left, rest)
        if left is not None:
            self._sweep = loop.call_later(left, self._close_old)

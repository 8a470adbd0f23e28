"""One way upstream with what goes over it, and what it means when that fails."""

from __future__ import annotations

from types import TracebackType
from weakref import WeakSet

import aiohttp
from yarl import URL

from app.upstream.connections import Connections
from app.upstream.errors import WRONG_PASSWORD, NoAnswer, UpstreamUnreachable, failure_of, proxy_refusal
from app.upstream.proxies import Way


class Line:
    """One way upstream: its connections, and what goes over them now."""

    def __init__(self, session: aiohttp.ClientSession, connections: Connections) -> None:
        self.session = session
        self.connections = connections
        self.asking = 0
        self.answers: WeakSet[aiohttp.ClientResponse] = WeakSet()

    @property
    def idle(self) -> bool:
        """Whether closing it would disturb nobody."""
        return not (self.asking or self.connections.busy) and all(answer.closed for answer in self.answers)

    async def close(self) -> None:
        """Close all of its connections."""
        await self.connections.close()
        await self.session.close()


class Asking:
    """Something is asked for over a line; within its block, failures become `NoAnswer`.

    Attributes:
        line, way: that it goes by.
        through: the HTTP proxy on the way, or None.
        used_before: the connection had been used before; whoever knows it says it.
    """

    __slots__ = ("_target", "line", "through", "used_before", "way")

    def __init__(self, line: Line, way: Way, target: URL) -> None:
        self.line = line
        self.way = way
        self.through = way.proxy if way.proxy is not None and not way.proxy.socks else None
        self.used_before = False
        self._target = target

    def __enter__(self) -> Asking:
        self.line.asking += 1
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Raises NoAnswer: there was none."""
        self.line.asking -= 1
        if isinstance(error, Exception) and (failure := self._failure(error)) is not None:
            failure.stale = failure.sent and self.used_before
            try:
                # What it says of a password that cannot be encoded holds the password.
                raise failure from (None if isinstance(error, UnicodeError) else error)
            finally:
                # It knows this frame, and by its cause the body: megabytes, until the collector comes by.
                del failure

    def refusal(self, status: int) -> NoAnswer | None:
        """Why a proxy lets nothing through: only proxies answer 407, and without a tunnel like any other answer."""
        return self._refused(WRONG_PASSWORD) if status == 407 and self.through is not None else None

    def _failure(self, error: Exception) -> NoAnswer | None:
        proxy, advice = self.way.proxy, self.way.advice
        host = self._target.host or ""
        if proxy is not None and proxy.socks:
            if isinstance(error, UnicodeError):
                return self._refused("its user name or password is no plain ASCII")
            from app.upstream.socks import socks_failure

            if (failure := socks_failure(error, proxy, host, advice)) is not None:
                return failure
        if not isinstance(error, aiohttp.ClientError | OSError):
            return None
        found = failure_of(error, host, proxy.name if proxy else None, advice)
        return found or UpstreamUnreachable(f"Waystation could not ask {host}.", sent=False, passing=False)

    def _refused(self, why: str) -> NoAnswer:
        name = self.way.proxy.name if self.way.proxy else ""
        return proxy_refusal(name, self._target.host or "", why, self.way.advice)

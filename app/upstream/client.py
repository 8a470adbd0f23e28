"""Upstream as the gateway sees it: one object that sends requests with a token's credentials."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import aiohttp

from app import __version__
from app.core.credential import TokenSecrets
from app.core.session import header_name
from app.core.token import Token, TokenKind
from app.upstream.endpoints import UpstreamEndpoints
from app.upstream.errors import NoAnswer
from app.upstream.headers import Pairs, RawHeaders, credentials, to_upstream
from app.upstream.http import UpstreamHttp

#: How long a request waits for the way to upstream to come back (a network that changes, a proxy that restarts)
#: before it is answered with an error, in seconds. Codex repeats a 5xx thirty times; one request that waits a little
#: spares that.
PATIENCE_S = 15.0
#: Who was given up on is not waited for again for so long, in seconds: a client that repeats shall hear it at once.
_NO_PATIENCE_S = 30.0
#: A connection that upstream had closed already fails as soon as it is used again. Who hangs up later may have begun
#: the turn, and it must not be paid for twice. In seconds.
_STALE_S = 1.0
_FIRST_PAUSE_S = 0.25
_LONGEST_PAUSE_S = 2.0


class Upstream:
    """The ChatGPT backend and the OpenAI API.

    Args:
        endpoints: where they are.
        http: for tests; else made here.
        patience_s: see `PATIENCE_S`.
    """

    def __init__(
        self, endpoints: UpstreamEndpoints, http: UpstreamHttp | None = None, *, patience_s: float = PATIENCE_S
    ) -> None:
        self.endpoints = endpoints
        self._http = http or UpstreamHttp()
        self._patience_s = patience_s
        self._given_up: dict[TokenKind, float] = {}

    async def pass_through(
        self,
        token: Token,
        secrets: TokenSecrets,
        method: str,
        path: str,
        client_headers: RawHeaders,
        body: bytes | None,
        *,
        decoded: bool = False,
    ) -> aiohttp.ClientResponse:
        """Send a client's own request on.

        Args:
            token, secrets: that serve it.
            method: of HTTP.
            path: below the base address, with its query, such as `/responses`.
            client_headers: as received.
            body: as it goes out.
            decoded: the content encoding that the headers name was undone.

        Returns:
            The answer as soon as its headers are there; whoever gets it closes it.

        Raises:
            NoAnswer: there was none.
        """
        headers = to_upstream(client_headers, token, secrets.credential, decoded=decoded)
        return await self._patiently(method, token.kind, path, headers, body)

    async def translated(
        self, token: Token, secrets: TokenSecrets, path: str, body: bytes, license_id: str, session_name: str | None
    ) -> aiohttp.ClientResponse:
        """Send a request of our own making, under our own name.

        Args:
            token, secrets: that serve it.
            path: below the base address.
            body: JSON.
            license_id, session_name: name the session in upstream's headers, by a hash; without one there are none.

        Raises:
            NoAnswer: there was no answer.
        """
        headers = credentials(token, secrets.credential)
        if session_name is not None:
            # Upstream chooses the prompt cache by these.
            stable = header_name(license_id, session_name)
            headers += [("session_id", stable), ("thread_id", stable)]
        headers += [
            ("originator", "waystation"),
            ("User-Agent", f"Waystation/{__version__}"),
            ("Content-Type", "application/json"),
            ("Accept", "text/event-stream"),
            ("Accept-Encoding", "identity"),
        ]
        return await self._patiently("POST", token.kind, path, headers, body)

    async def get(
        self, token: Token, secrets: TokenSecrets, path: str, extra: Mapping[str, str] | None = None
    ) -> aiohttp.ClientResponse:
        """Ask for something ourselves; nobody waits patiently for it.

        Raises:
            NoAnswer: there was no answer.
        """
        headers: Pairs = [
            *credentials(token, secrets.credential),
            ("originator", "waystation"),
            ("User-Agent", f"Waystation/{__version__}"),
            ("Accept", "application/json"),
            ("Accept-Encoding", "identity"),
            *(extra or {}).items(),
        ]
        return await self._http.send("GET", self.endpoints.base_url(token.kind) + path, headers)

    async def close(self) -> None:
        """Close all connections."""
        await self._http.close()

    async def _patiently(
        self, method: str, kind: TokenKind, path: str, headers: Pairs, body: bytes | None
    ) -> aiohttp.ClientResponse:
        """Send; what upstream cannot have seen is tried again for a while.

        What it may have seen is sent once more only when the connection broke as soon as it was used.
        """
        loop = asyncio.get_running_loop()
        url = self.endpoints.base_url(kind) + path
        now = loop.time()
        given_up = self._given_up.get(kind)
        waits = given_up is None or now - given_up >= _NO_PATIENCE_S
        deadline = now + (self._patience_s if waits else 0.0)
        pause = _FIRST_PAUSE_S
        repeated = False
        while True:
            begun = loop.time()
            try:
                answer = await self._http.send(method, url, headers, body)
            except NoAnswer as problem:
                left = deadline - loop.time()
                over = left <= 0
                if over and waits and not problem.sent:
                    self._given_up[kind] = loop.time()
                again = not problem.sent or (not repeated and loop.time() - begun < _STALE_S)
                if over or not problem.passing or not again:
                    raise
                repeated = repeated or problem.sent
            else:
                self._given_up.pop(kind, None)
                return answer
            await asyncio.sleep(min(pause, left))
            pause = min(2 * pause, _LONGEST_PAUSE_S)

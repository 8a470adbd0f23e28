"""Upstream as the gateway sees it: one object that sends requests with a token's credentials."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from app import __version__
from app.core.credential import TokenSecrets
from app.core.session import header_name
from app.core.token import Token, TokenKind
from app.upstream.answer import UpstreamAnswer
from app.upstream.answers import ask
from app.upstream.endpoints import UpstreamEndpoints
from app.upstream.errors import NoAnswer, UpstreamTimeout, UsageRefused
from app.upstream.headers import Pairs, RawHeaders, credentials, to_upstream
from app.upstream.http import UpstreamHttp
from app.upstream.socket import UpstreamSocket

#: How long a request waits for the way to upstream to come back (a network that changes, a proxy that restarts)
#: before it is answered with an error, in seconds. Codex repeats a 5xx thirty times; one request that waits a little
#: spares that. A chat's stream has no status any more after 15 s (`gateway.chat.KEEP_ALIVE_S`), and SDKs repeat by
#: themselves only what has one.
PATIENCE_S = 12.0
#: Who was given up on is not waited for again for so long, in seconds: a client that repeats shall hear it at once.
_NO_PATIENCE_S = 30.0
#: A connection that upstream had closed already fails as soon as it is used again. Who hangs up later may have begun
#: the turn, and it must not be paid for twice. In seconds.
_STALE_S = 1.0
#: For a WebSocket to be open, in seconds: whoever gets none asks by POST, which has more patience.
HANDSHAKE_S = 10.0
#: For a test that the user waits for, in seconds.
_KNOCK_S = 20.0
_FIRST_PAUSE_S = 0.25
_LONGEST_PAUSE_S = 2.0


@dataclass(frozen=True, slots=True)
class Knocked:
    """What came of knocking at upstream's door.

    Attributes:
        status: of HTTP; without a token it is a refusal, which is fine.
        page: a web page came in its place, of Cloudflare or of a network that wants something first.
        ms: how long it took, in milliseconds.
    """

    status: int
    page: bool
    ms: float


class Upstream:
    """The ChatGPT backend and the OpenAI API.

    Args:
        endpoints: where they are.
        http: the way out, shared with the sign-in service; made here if not given.
        patience_s: see `PATIENCE_S`.
        monotonic: seconds that never go back.
    """

    def __init__(
        self,
        endpoints: UpstreamEndpoints,
        http: UpstreamHttp | None = None,
        *,
        patience_s: float = PATIENCE_S,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.endpoints = endpoints
        self.http = http or UpstreamHttp()
        self._patience_s = patience_s
        self._monotonic = monotonic
        #: By the way that did not work: the kind of token, and its own proxy.
        self._given_up: dict[tuple[TokenKind, str | None], float] = {}

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
        drop: frozenset[str] = frozenset(),
        hurry: Callable[[], bool] | None = None,
    ) -> UpstreamAnswer:
        """Send a client's own request on.

        Args:
            token, secrets: that serve it.
            method: of HTTP.
            path: below the base address, with its query, such as `/responses`.
            client_headers: as received.
            body: as it goes out.
            decoded: the content encoding that the headers name was undone.
            drop: lower-case names of client headers that are left out on this turn.
            hurry: asked when upstream is not reached: whether another token can be tried at once, by another way.

        Returns:
            The answer as soon as its headers are there; whoever gets it closes it.

        Raises:
            NoAnswer: there was none.
        """
        headers = to_upstream(client_headers, token, secrets.credential, decoded=decoded, drop=drop)
        return await self._patiently(method, token, secrets, path, headers, body, hurry)

    async def translated(
        self,
        token: Token,
        secrets: TokenSecrets,
        path: str,
        body: bytes,
        license_id: str,
        session_name: str | None,
        *,
        hurry: Callable[[], bool] | None = None,
    ) -> UpstreamAnswer:
        """Send a request of our own making, under our own name.

        Args:
            token, secrets: that serve it.
            path: below the base address.
            body: JSON.
            license_id, session_name: name the session in upstream's headers, by a hash; without one there are none.
            hurry: as of `pass_through`.

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
        return await self._patiently("POST", token, secrets, path, headers, body, hurry)

    async def socket(
        self,
        token: Token,
        secrets: TokenSecrets,
        path: str,
        client_headers: RawHeaders,
        *,
        drop: frozenset[str] = frozenset(),
        max_size: int = 0,
    ) -> UpstreamSocket:
        """Open a WebSocket on behalf of a client; nobody waits patiently for it.

        Args:
            token, secrets: that it is on.
            path: below the base address, with its query.
            client_headers: of the client's handshake, as received.
            drop: lower-case names of those that are left out.
            max_size: of a message, in bytes; 0: any.

        Raises:
            SocketRefused: upstream would not.
            NoAnswer: there was no answer, or none within `HANDSHAKE_S`.
        """
        headers = to_upstream(client_headers, token, secrets.credential, drop=drop)
        # There is no body; an Accept-Encoding of ours would say nothing.
        headers = [pair for pair in headers if pair[0] != "Accept-Encoding"]
        url = self.endpoints.base_url(token.kind) + path
        try:
            async with asyncio.timeout(HANDSHAKE_S):
                return await self.http.connect(url, headers, proxy=secrets.proxy, max_size=max_size)
        except TimeoutError:
            raise UpstreamTimeout("Upstream did not open a WebSocket in time.", sent=True, passing=True) from None

    async def same_way(self, opened: UpstreamSocket, token: Token, secrets: TokenSecrets) -> bool:
        """Whether a WebSocket would still go by the proxy, or by none, that this one goes by."""
        try:
            way = await self.http.way(self.endpoints.base_url(token.kind), secrets.proxy)
        except NoAnswer:
            return False
        return way.proxy == opened.proxy

    async def knock(self, proxy: str | None = None) -> Knocked:
        """Ask the ChatGPT backend for something without a token: any answer of its own shows that the way is open.

        Args:
            proxy: a token's own; None: the application's.

        Raises:
            NoAnswer: there was none.
        """
        begun = self._monotonic()
        url = f"{self.endpoints.chatgpt_base_url}/models"
        headers = [("User-Agent", f"Waystation/{__version__}"), ("Accept", "application/json")]
        answer = await ask(self.http, "GET", url, headers, proxy=proxy, timeout_s=_KNOCK_S)
        return Knocked(answer.status, answer.page, (self._monotonic() - begun) * 1000)

    async def get(
        self,
        token: Token,
        secrets: TokenSecrets,
        path: str,
        extra: Mapping[str, str] | None = None,
        *,
        base: str | None = None,
    ) -> UpstreamAnswer:
        """Ask for something ourselves; nobody waits patiently for it.

        Args:
            token, secrets: to ask with.
            path: below the base address.
            extra: more headers.
            base: another base address than that of the token's kind.

        Raises:
            NoAnswer: there was no answer.
        """
        url = (base or self.endpoints.base_url(token.kind)) + path
        return await self.http.exchange("GET", url, _own_headers(token, secrets, extra), proxy=secrets.proxy)

    async def usage(self, token: Token, secrets: TokenSecrets) -> dict[str, Any]:
        """What the ChatGPT backend says of a login's limits (`wham/usage`, codex-wire §1.2); it costs no turn.

        Raises:
            NoAnswer: there was no answer.
            UsageRefused: it was no success.
        """
        url = self.endpoints.wham_base_url + "/usage"
        answer = await ask(self.http, "GET", url, _own_headers(token, secrets), proxy=secrets.proxy)
        if answer.status != 200 or answer.data is None:
            raise UsageRefused(answer.status, answer.reason)
        return answer.data

    async def close(self) -> None:
        """Close all connections."""
        await self.http.close()

    async def _patiently(
        self,
        method: str,
        token: Token,
        secrets: TokenSecrets,
        path: str,
        headers: Pairs,
        body: bytes | None,
        hurry: Callable[[], bool] | None,
    ) -> UpstreamAnswer:
        """Send; what upstream cannot have seen is tried again for a while.

        What it may have seen is sent once more only when a connection that stood already broke as soon as it was used.
        """
        url = self.endpoints.base_url(token.kind) + path
        way = (token.kind, token.proxy)
        now = self._monotonic()
        given_up = self._given_up.get(way)
        waits = given_up is None or now - given_up >= _NO_PATIENCE_S
        patience_s = self._patience_s if waits else 0.0
        pause = _FIRST_PAUSE_S
        repeated = False
        while True:
            begun = self._monotonic()
            try:
                answer = await self.http.exchange(method, url, headers, body, proxy=secrets.proxy)
            except NoAnswer as problem:
                hurried = hurry is not None and hurry()
                left = 0.0 if hurried else now + patience_s - self._monotonic()
                over = left <= 0
                if over and patience_s and not hurried and not problem.sent:
                    self._given_up[way] = self._monotonic()
                # A stale connection is no matter of patience: the next one is a new one.
                stale = problem.stale and not repeated and waits and self._monotonic() - begun < _STALE_S
                if not problem.passing or not (stale or (not problem.sent and not over)):
                    raise
                repeated = repeated or problem.sent
            else:
                self._given_up.pop(way, None)
                return answer
            await asyncio.sleep(max(0.0, min(pause, left)))
            pause = min(2 * pause, _LONGEST_PAUSE_S)


def _own_headers(token: Token, secrets: TokenSecrets, extra: Mapping[str, str] | None = None) -> Pairs:
    return [
        *credentials(token, secrets.credential),
        ("originator", "waystation"),
        ("User-Agent", f"Waystation/{__version__}"),
        ("Accept", "application/json"),
        ("Accept-Encoding", "identity"),
        *(extra or {}).items(),
    ]

"""The one way out: every request to upstream goes through the sessions made here."""

from __future__ import annotations

import asyncio
import io
import ssl
from collections.abc import Iterable
from functools import cached_property
from types import SimpleNamespace
from typing import Any, cast

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from app.core.errors import InvalidInput
from app.upstream.alive import alive_socket
from app.upstream.answer import UpstreamAnswer
from app.upstream.connections import Connections
from app.upstream.errors import UpstreamUnreachable
from app.upstream.line import Asking, Line
from app.upstream.proxies import Proxy, ProxyFinder, Way
from app.upstream.request_head import request_head
from app.upstream.socket import SocketRefused, UpstreamSocket
from app.upstream.trust import client_context

#: To have a connection, with name look-up, proxy and TLS, in seconds.
_CONNECT_S = 30.0
_SOCK_CONNECT_S = 20.0
#: Between two reads. Long, because models think silently for minutes; Codex itself gives up after 300 s.
_READ_S = 600.0
#: Connections without work are closed after this time, as Codex's own library does it (hyper's default); upstream's
#: limit is longer (Cloudflare's is 400 s). A new one costs two or three round trips, and 1 ms of the processor for TLS.
_KEEPALIVE_S = 90.0
#: aiohttp sends larger bodies in pieces when they come as a file.
_IN_PIECES = 1 << 20
#: For the other end's answer to a close, in seconds.
_CLOSE_S = 1.0
#: Headers that aiohttp would add by itself.
_NOT_BY_ITSELF = ("User-Agent", "Accept-Encoding", "Accept", "Content-Type")

#: Ways whose connections are kept; beyond that, those that were not used for longest and carry nothing are closed.
_MAX_WAYS = 16

Headers = Iterable[tuple[str, str]]


class UpstreamHttp:
    """HTTP towards upstream: proxies honoured, cookies never kept, bodies never decoded, redirects never followed."""

    def __init__(self, proxies: ProxyFinder | None = None, *, read_timeout_s: float = _READ_S) -> None:
        self.proxies = proxies or ProxyFinder()
        self._read_timeout_s = read_timeout_s
        self._timeout = aiohttp.ClientTimeout(
            total=None, connect=_CONNECT_S, sock_connect=_SOCK_CONNECT_S, sock_read=read_timeout_s
        )
        #: The one that was used last comes last.
        self._lines: dict[Proxy | None, Line] = {}
        self._closing: set[asyncio.Task[None]] = set()

    async def send(
        self, method: str, url: str, headers: Headers, body: bytes | None = None, *, proxy: str | None = None
    ) -> aiohttp.ClientResponse:
        """Send a request and wait for the headers of its answer.

        Args:
            method, url: the address must not hold a secret.
            headers: as they go out, in this order; Host and Content-Length are added.
            body: as it goes out.
            proxy: the token's own (an address with its password, or `direct`); None: the application's.

        Returns:
            The answer; whoever gets it closes it.

        Raises:
            NoAnswer: there was no answer.
        """
        target = URL(url, encoded=True)
        with self._asking(target, await self.way(url, proxy)) as asking:
            answer = await asking.line.session.request(
                method,
                target,
                data=io.BytesIO(body) if body is not None and len(body) > _IN_PIECES else body,
                allow_redirects=False,
                trace_request_ctx=asking,
                **_options(target, headers, asking.through),
            )
            asking.line.answers.add(answer)
        _check(answer, asking)
        return answer

    async def exchange(
        self, method: str, url: str, headers: Headers, body: bytes | None = None, *, proxy: str | None = None
    ) -> UpstreamAnswer:
        """As `send`, over connections of our own: for what is passed on event by event.

        Raises:
            NoAnswer: there was no answer.
        """
        target = URL(url, encoded=True)
        with self._asking(target, await self.way(url, proxy)) as asking:
            through = asking.through
            for_proxy = _for_proxy(through)
            tunnel = target.scheme == "https"
            # Before a connection is taken: nobody would give it back if this failed.
            head = request_head(
                method,
                target,
                headers,
                len(body) if body is not None else None,
                absolute=through is not None and not tunnel,
                more=() if tunnel else for_proxy.items(),
            )
            connection = await asking.line.connections.take(
                target, through.url if through else None, for_proxy if tunnel else None
            )
            asking.used_before = connection.used > 0
            answer = await connection.send(head, body, bodyless=method == "HEAD")
        _check(answer, asking)
        return answer

    async def connect(
        self, url: str, headers: Headers, *, proxy: str | None = None, max_size: int = 0
    ) -> UpstreamSocket:
        """Open a WebSocket, without compression.

        Args:
            url: of http or https, as of `send`.
            headers: as they go out; those of the WebSocket itself are added.
            proxy: as of `send`.
            max_size: of a message, in bytes; 0: any.

        Returns:
            The socket; whoever gets it calls `hang_up`.

        Raises:
            SocketRefused: the answer was something else.
            NoAnswer: there was no answer.
        """

        target = URL(url, encoded=True)
        with self._asking(target, await self.way(url, proxy)) as asking:
            try:
                opened = await asking.line.session.ws_connect(
                    target,
                    autoclose=False,
                    autoping=False,
                    decode_text=False,
                    max_msg_size=max_size,
                    timeout=aiohttp.ClientWSTimeout(ws_close=_CLOSE_S),
                    **_options(target, headers, asking.through),
                )
            except aiohttp.WSServerHandshakeError as error:
                raise asking.refusal(error.status) or SocketRefused(target.host or "", error.status) from None
        # The session makes no others.
        socket = cast(UpstreamSocket, opened)
        socket.proxy = asking.way.proxy
        asking.line.answers.add(socket.answer)
        return socket

    async def way(self, url: str, proxy: str | None = None) -> Way:
        """The way that `send` would take now.

        Raises:
            NoAnswer: the token's own proxy cannot be understood; nothing goes past it.
        """
        try:
            return await self.proxies.find(URL(url, encoded=True), proxy)
        except InvalidInput as error:
            raise UpstreamUnreachable(
                f"The proxy of this token cannot be used. {error.message}", sent=False, passing=False
            ) from error

    async def close(self) -> None:
        """Close all connections."""
        lines = list(self._lines.values())
        self._lines.clear()
        await asyncio.gather(*(line.close() for line in lines), *self._closing)

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        # Made once, and not before it is needed: reading some hundred certificates takes tens of milliseconds.
        return client_context()

    def _asking(self, target: URL, way: Way) -> Asking:
        line = self._lines.pop(way.proxy, None) or self._line(way.proxy)
        self._lines[way.proxy] = line
        if len(self._lines) > _MAX_WAYS:
            self._close_idle(line)
        return Asking(line, way, target)

    def _line(self, proxy: Proxy | None) -> Line:
        return Line(
            self._session(proxy),
            Connections(
                self._connector(proxy),
                timeout=self._timeout,
                read_timeout_s=self._read_timeout_s,
                keepalive_s=_KEEPALIVE_S,
            ),
        )

    def _close_idle(self, but: Line) -> None:
        too_many = len(self._lines) - _MAX_WAYS
        idle = [proxy for proxy, line in self._lines.items() if line.idle and line is not but]
        for proxy in idle[:too_many]:
            # Over TLS it may take a second, and a turn is waiting.
            closing = asyncio.get_running_loop().create_task(self._lines.pop(proxy).close())
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)

    def _session(self, proxy: Proxy | None) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=self._connector(proxy),
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=_NOT_BY_ITSELF,
            timeout=self._timeout,
            # Not aiohttp's own reading of the environment: it also takes passwords from ~/.netrc, and then
            # refuses requests that carry an Authorization header. `ProxyFinder` reads the proxies instead.
            trust_env=False,
            trace_configs=[_tracing()],
            ws_response_class=UpstreamSocket,  # type: ignore[arg-type] # its frames are bytes
            max_line_size=1 << 16,
            max_field_size=1 << 16,
        )

    def _connector(self, proxy: Proxy | None) -> aiohttp.BaseConnector:
        return _connector(proxy if proxy is not None and proxy.socks else None, self._tls)


def _tracing() -> aiohttp.TraceConfig:
    async def note(_session: object, context: SimpleNamespace, _params: object) -> None:
        if context.trace_request_ctx is not None:
            context.trace_request_ctx.used_before = True

    async def refuse(_session: object, _context: object, params: aiohttp.TraceRequestRedirectParams) -> None:
        # `ws_connect` would follow it, with the headers of the client.
        answer = params.response
        answer.close()
        raise aiohttp.WSServerHandshakeError(answer.request_info, (), status=answer.status)

    tracing = aiohttp.TraceConfig()
    tracing.on_connection_reuseconn.append(note)
    tracing.on_request_redirect.append(refuse)
    return tracing


def _options(target: URL, headers: Headers, through: Proxy | None) -> dict[str, Any]:
    """What aiohttp's session is told of a request besides its address."""
    spelled: dict[str, str] = {}
    # aiohttp drops the first of two that differ in their spelling alone.
    outgoing = CIMultiDict((spelled.setdefault(name.lower(), name), value) for name, value in headers)
    tunnel = target.scheme == "https"
    for_proxy = _for_proxy(through)
    if not tunnel:
        # Without a tunnel, the proxy reads and removes it from the request itself.
        outgoing.update(for_proxy)
    return {
        "headers": outgoing,
        "proxy": through.url if through else None,
        "proxy_headers": for_proxy if tunnel else None,
    }


def _for_proxy(through: Proxy | None) -> dict[str, str]:
    return {"Proxy-Authorization": through.basic} if through and through.basic else {}


def _check(answer: aiohttp.ClientResponse | UpstreamAnswer, asking: Asking) -> None:
    """Raises NoAnswer: it is not upstream's, but a proxy's."""
    if (refusal := asking.refusal(answer.status)) is not None:
        answer.close()
        raise refusal


def _connector(socks: Proxy | None, tls: ssl.SSLContext) -> aiohttp.BaseConnector:
    if socks is None:
        return aiohttp.TCPConnector(
            ssl=tls, limit=0, limit_per_host=0, keepalive_timeout=_KEEPALIVE_S, socket_factory=alive_socket
        )
    from app.upstream.socks import socks_connector

    return socks_connector(socks, tls, _KEEPALIVE_S)

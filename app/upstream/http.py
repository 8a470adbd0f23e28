"""The one way out: every request to upstream goes through the sessions made here."""

from __future__ import annotations

import asyncio
import io
import ssl
from collections.abc import Iterable
from functools import cached_property

import aiohttp
from aiohttp_socks import ProxyConnectionError, ProxyConnector, ProxyError, ProxyTimeoutError, ProxyType
from multidict import CIMultiDict
from yarl import URL

from app.upstream.errors import NoAnswer, UpstreamUnreachable, failure_of
from app.upstream.proxies import Proxy, ProxyFinder
from app.upstream.trust import client_context

#: To have a connection, with name look-up, proxy and TLS, in seconds.
_CONNECT_S = 30.0
_SOCK_CONNECT_S = 20.0
#: Between two reads. Long, because models think silently for minutes; Codex itself gives up after 300 s.
_READ_S = 600.0
#: Connections without work are closed after this time; upstream's own limit must be longer.
_KEEPALIVE_S = 30.0
#: aiohttp sends larger bodies in pieces when they come as a file.
_IN_PIECES = 1 << 20
_SOCKS_PORT = 1080
#: Headers that aiohttp would add by itself.
_NOT_BY_ITSELF = ("User-Agent", "Accept-Encoding", "Accept", "Content-Type")

Headers = Iterable[tuple[str, str]]


class UpstreamHttp:
    """HTTP towards upstream: proxies honoured, cookies never kept, bodies never decoded, redirects never followed."""

    def __init__(self, proxies: ProxyFinder | None = None, *, read_timeout_s: float = _READ_S) -> None:
        self._proxies = proxies or ProxyFinder()
        self._timeout = aiohttp.ClientTimeout(
            total=None, connect=_CONNECT_S, sock_connect=_SOCK_CONNECT_S, sock_read=read_timeout_s
        )
        self._sessions: dict[Proxy | None, aiohttp.ClientSession] = {}

    async def send(self, method: str, url: str, headers: Headers, body: bytes | None = None) -> aiohttp.ClientResponse:
        """Send a request and wait for the headers of its answer.

        Args:
            method, url: the address must not hold a secret.
            headers: as they go out, in this order; Host and Content-Length are added.
            body: as it goes out.

        Returns:
            The answer; whoever gets it closes it.

        Raises:
            NoAnswer: there was no answer.
        """
        target = URL(url, encoded=True)
        proxy = await self._proxies.find(target)
        session = self._session(proxy if proxy is not None and proxy.socks else None)
        through_http = proxy if proxy is not None and not proxy.socks else None
        outgoing: CIMultiDict[str] = CIMultiDict(headers)
        for_proxy = {"Proxy-Authorization": through_http.basic} if through_http and through_http.basic else {}
        if target.scheme == "http":
            # Without a tunnel, the proxy reads and removes it from the request itself.
            outgoing.update(for_proxy)
        try:
            return await session.request(
                method,
                target,
                headers=outgoing,
                data=io.BytesIO(body) if body is not None and len(body) > _IN_PIECES else body,
                allow_redirects=False,
                proxy=through_http.url if through_http else None,
                proxy_headers=for_proxy if target.scheme == "https" else None,
            )
        except (aiohttp.ClientError, OSError, ProxyError, ProxyConnectionError, ProxyTimeoutError) as error:
            raise self._failure(error, target.host or "", proxy) from error

    async def close(self) -> None:
        """Close all connections."""
        sessions = list(self._sessions.values())
        self._sessions.clear()
        await asyncio.gather(*(session.close() for session in sessions))

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        # Made once, and not before it is needed: reading some hundred certificates takes tens of milliseconds.
        return client_context()

    def _session(self, socks: Proxy | None) -> aiohttp.ClientSession:
        session = self._sessions.get(socks)
        if session is None:
            session = self._sessions[socks] = aiohttp.ClientSession(
                connector=_connector(socks, self._tls),
                auto_decompress=False,
                cookie_jar=aiohttp.DummyCookieJar(),
                skip_auto_headers=_NOT_BY_ITSELF,
                timeout=self._timeout,
                # Not aiohttp's own reading of the environment: it also takes passwords from ~/.netrc, and then
                # refuses requests that carry an Authorization header. `ProxyFinder` reads the proxies instead.
                trust_env=False,
                max_line_size=1 << 16,
                max_field_size=1 << 16,
            )
        return session

    @staticmethod
    def _failure(error: Exception, host: str, proxy: Proxy | None) -> NoAnswer:
        if isinstance(error, ProxyConnectionError | ProxyTimeoutError | ProxyError) and proxy is not None:
            if isinstance(error, ProxyError):
                why = "does not let Waystation through to " + host
                return UpstreamUnreachable(f"The proxy {proxy.name} {why}.", sent=False, passing=True)
            return UpstreamUnreachable(
                f"Waystation cannot reach the proxy {proxy.name}. Check that it runs, or change the proxy settings "
                "of the system or of HTTPS_PROXY.",
                sent=False,
                passing=True,
            )
        found = failure_of(error, host, proxy.name if proxy else None)
        return found or UpstreamUnreachable(f"Waystation could not ask {host}.", sent=False, passing=False)


def _connector(socks: Proxy | None, tls: ssl.SSLContext) -> aiohttp.BaseConnector:
    if socks is None:
        return aiohttp.TCPConnector(ssl=tls, limit=0, limit_per_host=0, keepalive_timeout=_KEEPALIVE_S)
    # Names are looked up by the proxy: where one is needed, the local answer is often wrong.
    return ProxyConnector(
        host=socks.url.host or "",
        port=socks.url.port or _SOCKS_PORT,
        proxy_type=ProxyType.SOCKS4 if socks.url.scheme.startswith("socks4") else ProxyType.SOCKS5,
        username=socks.user,
        password=socks.password,
        rdns=True,
        ssl=tls,
        limit=0,
        limit_per_host=0,
        keepalive_timeout=_KEEPALIVE_S,
    )

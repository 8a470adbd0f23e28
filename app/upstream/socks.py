"""SOCKS proxies. Read only when there is one: hardly anybody has, and the library takes its time to load."""

from __future__ import annotations

import ssl

import aiohttp
from aiohttp.tracing import Trace
from aiohttp_socks import ProxyConnectionError, ProxyConnector, ProxyError, ProxyTimeoutError, ProxyType

from app.upstream.alive import stay_alive
from app.upstream.errors import WRONG_PASSWORD, NoAnswer, UpstreamUnreachable, proxy_refusal
from app.upstream.proxies import Proxy

_PORT = 1080

#: What the library raises.
ERRORS = (ProxyError, ProxyConnectionError, ProxyTimeoutError)


class _Connector(ProxyConnector):
    """The library opens its sockets itself, so that each stays alive only from when it is connected."""

    async def connect(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 # aiohttp names it so
    ) -> aiohttp.connector.Connection:
        """See aiohttp."""
        made = await super().connect(req, traces, timeout)
        sock = made.transport.get_extra_info("socket") if made.transport is not None else None
        if sock is not None:
            stay_alive(sock)
        return made


def socks_connector(proxy: Proxy, tls: ssl.SSLContext, keepalive_s: float) -> aiohttp.BaseConnector:
    """Makes connections through this proxy, and keeps them for so long, in seconds."""
    # Names are looked up by the proxy: where one is needed, the local answer is often wrong.
    return _Connector(
        host=proxy.url.host or "",
        port=proxy.url.port or _PORT,
        proxy_type=ProxyType.SOCKS4 if proxy.url.scheme.startswith("socks4") else ProxyType.SOCKS5,
        username=proxy.user or "",
        password=proxy.password or "",
        rdns=True,
        ssl=tls,
        limit=0,
        limit_per_host=0,
        keepalive_timeout=keepalive_s,
    )


def socks_failure(error: Exception, proxy: Proxy, host: str, advice: str) -> NoAnswer | None:
    """What an exception of the library means; None when it is none of its own."""
    if isinstance(error, ProxyError):
        return _refusal(error, proxy, host, advice)
    if isinstance(error, ERRORS):
        return UpstreamUnreachable(
            f"Waystation cannot reach the proxy {proxy.name}. Check that it runs, or {advice}.",
            sent=False,
            passing=True,
        )
    return None


def _refusal(error: ProxyError, proxy: Proxy, host: str, advice: str) -> UpstreamUnreachable:
    if error.error_code is not None:
        # RFC 1928 §6: the proxy took us in, but could not or would not reach the host.
        return UpstreamUnreachable(
            f"The proxy {proxy.name} has no way to {host} ({error.error_code}). Check what it allows, or {advice}.",
            sent=False,
            passing=True,
        )
    # By its text: the library has one type for every refusal before that.
    text = str(error).lower()
    if "authentication" in text:
        return proxy_refusal(proxy.name, host, WRONG_PASSWORD, advice)
    return proxy_refusal(proxy.name, host, "it does not answer as a SOCKS proxy does", advice, passing=True)

"""Which proxy stands between us and upstream: the environment's, else the system's."""

from __future__ import annotations

import asyncio
import base64
import ipaddress
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.request import getproxies, proxy_bypass

from yarl import URL

#: How long an answer of the system is good, in seconds: asking it can take name look-ups.
_REMEMBER_S = 10.0
_SOCKS = ("socks", "socks4", "socks4a", "socks5", "socks5h")


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy on the way.

    Attributes:
        url: without user and password.
        user, password: for it, or None.
    """

    url: URL
    user: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)

    @property
    def socks(self) -> bool:
        """Whether it speaks SOCKS, not HTTP."""
        return self.url.scheme in _SOCKS

    @property
    def name(self) -> str:
        """`host:port`, to show to the user."""
        return f"{self.url.host}:{self.url.port}" if self.url.port else str(self.url.host)

    @property
    def basic(self) -> str | None:
        """User and password as an HTTP proxy wants them."""
        if self.user is None:
            return None
        return "Basic " + base64.b64encode(f"{self.user}:{self.password or ''}".encode()).decode()


def system_proxy(scheme: str, host: str) -> Proxy | None:
    """The proxy for `scheme://host`, by HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY or the system's settings.

    May block for name look-ups. This machine itself is never reached through a proxy.
    """
    if is_loopback(host) or proxy_bypass(host):
        return None
    proxies = getproxies()
    text = proxies.get(scheme) or proxies.get("all")
    return parse_proxy(text) if text else None


def parse_proxy(text: str) -> Proxy | None:
    """A proxy setting such as `http://user:password@host:8080` or `host:8080`; None when it makes no sense."""
    try:
        url = URL(text if "://" in text else f"http://{text}")
    except ValueError:
        return None
    if not url.host or (url.scheme not in ("http", "https") and url.scheme not in _SOCKS):
        return None
    bare = URL.build(scheme=url.scheme, host=url.host, port=url.port)
    return Proxy(bare, url.user, url.password)


def is_loopback(host: str) -> bool:
    """Whether a host names this machine itself."""
    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


class ProxyFinder:
    """Asks for proxies without blocking the loop, and remembers the answers for a moment."""

    def __init__(self, find: Callable[[str, str], Proxy | None] = system_proxy) -> None:
        self._find = find
        self._found: dict[tuple[str, str], tuple[float, Proxy | None]] = {}

    async def find(self, url: URL) -> Proxy | None:
        """The proxy for this address, or None."""
        host = url.host or ""
        if is_loopback(host):
            return None
        key = (url.scheme, host)
        known = self._found.get(key)
        if known is not None and known[0] > time.monotonic():
            return known[1]
        proxy = await asyncio.to_thread(self._find, url.scheme, host)
        self._found[key] = (time.monotonic() + _REMEMBER_S, proxy)
        return proxy

"""Which proxy stands between us and upstream: the token's own, the application's, the environment's or the system's."""

from __future__ import annotations

import asyncio
import base64
import ipaddress
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.request import getproxies, proxy_bypass

from yarl import URL

from app.core.errors import InvalidInput
from app.upstream.errors import SYSTEM_ADVICE

#: In place of an address: no proxy at all, whatever the system says.
DIRECT = "direct"
#: How long an answer of the system is good, in seconds: asking it can take name look-ups.
_REMEMBER_S = 10.0
#: So many proxies of tokens are kept as they were understood.
_MOST_OWN = 256
_SOCKS = ("socks", "socks4", "socks4a", "socks5", "socks5h")
_TYPED = ("http", "https", "socks5", "socks5h")
#: RFC 1929: the length of either is one byte.
_MAX_SOCKS_NAME = 255


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
        host = self.url.host_subcomponent or ""
        return f"{host}:{self.url.port}" if self.url.port else host

    @property
    def shown(self) -> str:
        """`scheme://host:port`, without user and password."""
        return f"{self.url.scheme}://{self.name}"

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


def checked_proxy(text: str) -> Proxy:
    """A proxy that a user typed, such as `socks5://user:password@host:1080`.

    Raises:
        InvalidInput: it is no http, https, socks5 or socks5h address with a port. The message never repeats it.
    """
    text = text.strip()
    scheme, separator, _ = text.partition("://")
    if not separator or scheme.lower() not in _TYPED:
        raise InvalidInput(
            "Begin the proxy with http://, https://, socks5:// or socks5h://, such as http://127.0.0.1:7890; "
            f"or write {DIRECT} for none."
        )
    if not text.isprintable() or any(ch.isspace() for ch in text):
        raise InvalidInput("The proxy must not contain blanks; write it such as http://127.0.0.1:7890.")
    try:
        url = URL(text)
        port = url.explicit_port
        user, password = url.user, url.password
        valid = bool(url.host) and url.path in ("", "/") and not url.query_string and not url.fragment
    except (ValueError, UnicodeError):
        valid, port, user, password = False, None, None, None
    if not valid:
        raise InvalidInput(
            "This is not the address of a proxy. Write it such as http://127.0.0.1:7890 or "
            "socks5://user:password@host:1080; in the password, write @ as %40, / as %2F, : as %3A and # as %23."
        )
    if not port:
        raise InvalidInput("The proxy needs a port: write it such as http://127.0.0.1:7890.")
    names = f"{user or ''}{password or ''}"
    if url.scheme in _SOCKS and (not names.isascii() or max(len(user or ""), len(password or "")) > _MAX_SOCKS_NAME):
        raise InvalidInput(
            f"User name and password of a SOCKS proxy are plain ASCII of at most {_MAX_SOCKS_NAME} characters each."
        )
    return Proxy(URL.build(scheme=url.scheme, host=url.host or "", port=port), user, password)


def explicit_proxy(text: str) -> Proxy | None:
    """What a user chose: `direct` (None), or an address.

    Raises:
        InvalidInput: it is neither.
    """
    return None if text.strip().lower() == DIRECT else checked_proxy(text)


def is_loopback(host: str) -> bool:
    """Whether a host names this machine itself."""
    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class Way:
    """How a request gets upstream.

    Attributes:
        proxy: on the way, or None.
        advice: what the user can change about it, as in "Check that …, or " + advice.
    """

    proxy: Proxy | None
    advice: str

    @property
    def shown(self) -> str:
        """As in "The connection went …"."""
        return f"through the proxy {self.proxy.shown}" if self.proxy else "without a proxy"


class ProxyFinder:
    """Decides on the way, without blocking the loop; what the system says is remembered for a moment.

    Args:
        find: asks the environment and the system; may block.
        monotonic: seconds that never go back.
    """

    def __init__(
        self,
        find: Callable[[str, str], Proxy | None] = system_proxy,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._find = find
        self._monotonic = monotonic
        self._chosen: Way | None = None
        #: Until when, and what, by scheme and host.
        self._found: dict[tuple[str, str], tuple[float, Way]] = {}
        #: By what was written down for a token.
        self._own: dict[str, Way] = {}

    def choose(self, text: str | None) -> None:
        """Set the application's proxy, for every request from now on that has none of its own.

        Args:
            text: an address, `direct`, or None for the environment's, else the system's.

        Raises:
            InvalidInput: it is none of these; nothing was changed.
        """
        self._chosen = None if text is None else Way(explicit_proxy(text), "change the proxy in Waystation's settings")

    async def find(self, url: URL, own: str | None = None) -> Way:
        """The way to this address.

        Args:
            url: the environment's and the system's proxies depend on it, and are never used for this machine itself.
            own: the token's own proxy, or `direct`; it goes before everything else.

        Raises:
            InvalidInput: `own` is neither.
        """
        if own is not None:
            return self._own.get(own) or self._by_token(own)
        if self._chosen is not None:
            return self._chosen
        key = (url.scheme, url.host or "")
        known = self._found.get(key)
        if known is not None and known[0] > self._monotonic():
            return known[1]
        return await self._by_system(*key)

    def _by_token(self, own: str) -> Way:
        if len(self._own) == _MOST_OWN:
            self._own.clear()
        self._own[own] = way = Way(explicit_proxy(own), "change the proxy of this token")
        return way

    async def _by_system(self, scheme: str, host: str) -> Way:
        if is_loopback(host):
            until, proxy = math.inf, None
        else:
            proxy = await asyncio.to_thread(self._find, scheme, host)
            until = self._monotonic() + _REMEMBER_S
        way = Way(proxy, SYSTEM_ADVICE)
        self._found[scheme, host] = (until, way)
        return way

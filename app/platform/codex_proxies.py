"""The proxies that a user's environment sets for Codex, and whether the gateway is reached without them. No I/O.

Measured with Codex 0.45, 0.120 and 0.169, which read these variables alike.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from app.platform.client_address import checked_address

_PROXIES = ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")
PROXY_VARIABLES = (*_PROXIES, "NO_PROXY", "no_proxy")
"""All that decide."""

_LOGIN = re.compile(r"^(\w+://)?.*@")


@dataclass(frozen=True, slots=True)
class ProxySeen:
    """A variable that names a proxy; `value` is without its user and password."""

    name: str
    value: str


def proxies_seen(environ: Mapping[str, str]) -> tuple[ProxySeen, ...]:
    """The variables that name a proxy. Windows' own settings are not looked at."""
    return tuple(ProxySeen(name, _LOGIN.sub(r"\1…@", environ[name])) for name in _PROXIES if environ.get(name))


def is_bypassed(environ: Mapping[str, str], base_url: str) -> bool:
    """Whether Codex goes straight to the gateway: no proxy is for it, or NO_PROXY has its host.

    Raises:
        InvalidInput: the address cannot be used.
    """
    address = checked_address(base_url)
    scheme = urlsplit(address.url).scheme
    names = (f"{scheme.upper()}_PROXY", f"{scheme}_proxy", "ALL_PROXY", "all_proxy")
    return not any(environ.get(name) for name in names) or _exempts(_exceptions(environ), address.host)


def _exceptions(environ: Mapping[str, str]) -> list[str]:
    # The first that is set counts, also when it is empty.
    return [part.strip() for part in environ.get("NO_PROXY", environ.get("no_proxy", "")).split(",") if part.strip()]


def _exempts(exceptions: list[str], host: str) -> bool:
    try:
        number = ipaddress.ip_address(host)
    except ValueError:
        return any(
            part == "*" or host == part.lower().lstrip(".") or host.endswith(f".{part.lower().lstrip('.')}")
            for part in exceptions
        )
    # An asterisk does not stand for addresses.
    return any(number in network for network in map(_network, exceptions) if network is not None)


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None

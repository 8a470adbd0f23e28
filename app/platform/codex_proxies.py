"""The proxies that a user's environment sets for Codex, and whether the gateway is reached without them. No I/O.

Measured with Codex 0.45, 0.120 and 0.169, which read these variables alike.
"""

from __future__ import annotations

import ipaddress
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from app.platform.client_address import checked_address

_PROXIES = ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")
PROXY_VARIABLES = (*_PROXIES, "NO_PROXY", "no_proxy")
"""All that decide."""

_EXCEPTIONS = ("NO_PROXY", "no_proxy")
#: Cannot be written into the `.env`; no host has any of these.
_UNWRITABLE = re.compile(r"['\x00-\x1f\x7f\ud800-\udfff]")
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


def in_effect(environ: Mapping[str, str], in_file: Mapping[str, str], *, system: str = sys.platform) -> dict[str, str]:
    """The variables of proxies that Codex has, by their names.

    Args:
        environ: of the terminal in which Codex is started.
        in_file: what its `.env` sets, the last one last; that wins.
        system: as `sys.platform` names it. Windows does not tell capital letters from small ones.
    """
    found: dict[str, str] = {}
    for name, value in (*environ.items(), *in_file.items()):
        name = name.upper() if system == "win32" else name
        if name in PROXY_VARIABLES:
            found[name] = value
    return found


def exceptions_name(in_file: Mapping[str, str], *, system: str = sys.platform) -> str:
    """The name under which the exceptions are written into the `.env`; `in_file` is what that sets, the last one last.

    Codex looks at NO_PROXY first. For Windows both names are one, of which the last line counts.
    """
    names = [name for name in in_file if name in _EXCEPTIONS] if system == "win32" else []
    return names[-1] if names else _EXCEPTIONS[0]


def exceptions_with(variables: Mapping[str, str], base_url: str) -> str | None:
    """What NO_PROXY has to be so that Codex goes straight to the gateway: the user's own, and its host.

    Args:
        variables: see `in_effect`.
        base_url: of the gateway.

    Returns:
        None: it goes straight there already.

    Raises:
        InvalidInput: the address cannot be used.
    """
    if is_bypassed(variables, base_url):
        return None
    own = [part.strip() for name in _EXCEPTIONS for part in variables.get(name, "").split(",")]
    kept = [part for part in own if part and not _UNWRITABLE.search(part)]
    return ",".join(dict.fromkeys((*kept, checked_address(base_url).host)))


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

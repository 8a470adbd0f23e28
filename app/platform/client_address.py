"""The gateway's address as clients are given it, checked before it goes into a text for a shell. No I/O."""

from __future__ import annotations

import ipaddress
import re
from typing import NamedTuple

from app.core.errors import InvalidInput
from app.platform.shells import inert

_URL = re.compile(
    r"https?://(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<name>[A-Za-z0-9._-]+))"
    r"(?::(?P<port>[0-9]{1,5}))?(?:/[A-Za-z0-9._~-]+)*/?"
)
_LABEL = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")


class ClientAddress(NamedTuple):
    """Where the gateway is.

    Attributes:
        url: as clients get it, without a closing slash.
        host: as an entry of NO_PROXY, in which Codex knows an IPv6 address only without brackets.
    """

    url: str
    host: str


def checked_address(base_url: str) -> ClientAddress:
    """The parts of a plain http(s) address: no user, no query, nothing percent-encoded.

    Raises:
        InvalidInput: it is none.
    """
    found = _URL.fullmatch(base_url)
    host = found and _checked_host(found["v6"], found["name"])
    if not found or not host or not 0 < int(found["port"] or "80") < 65536:
        raise InvalidInput("This is not an address for Codex: expected http://<ip>:<port>/codex/v1.")
    return ClientAddress(inert(base_url.rstrip("/")), inert(host.lower()))


def client_url(host: str, port: int) -> str:
    """The address for clients of a gateway that listens there: `http://192.168.1.20:8787/codex/v1`."""
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/codex/v1"


def _checked_host(v6: str | None, name: str | None) -> str | None:
    """The host, or None if it is none. As URL parsers do, takes a name that ends in digits for IPv4."""
    try:
        if v6 is not None:
            return v6 if ipaddress.IPv6Address(v6) else None
        labels = (name or "").split(".")
        if labels[-1].isdecimal():
            return name if ipaddress.IPv4Address(name or "") else None
        return name if all(map(_LABEL.fullmatch, labels)) else None
    except ValueError:
        return None

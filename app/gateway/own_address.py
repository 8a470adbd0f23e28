"""A gateway whose proxy is itself would ask itself for ever."""

from __future__ import annotations

import ipaddress
import socket
from contextlib import suppress

from app.core.errors import InvalidInput
from app.gateway.gateway import Gateway
from app.upstream.proxies import explicit_proxy, is_loopback


def refuse_own_address(gateway: Gateway, proxy: str | None) -> None:
    """See that a proxy is not the gateway.

    Args:
        gateway: whose address it must not be.
        proxy: an address, `direct`, or nothing.

    Raises:
        InvalidInput: it is, or it is no proxy at all.
    """
    chosen = explicit_proxy(proxy) if proxy else None
    if chosen is None:
        return
    seen = gateway.snapshot()
    host = (chosen.url.host or "").lower().rstrip(".")
    if chosen.url.port == seen.port and (is_loopback(host) or host == seen.host.lower() or is_own_ip(host)):
        raise InvalidInput(f"{chosen.shown} is Waystation itself. Give the address of a proxy program.")


def is_own_ip(host: str) -> bool:
    """Whether this is the number of an address of this machine."""
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
    with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
        # Only own addresses can be bound; nothing is sent.
        probe.bind((str(address), 0))
        return True
    return False

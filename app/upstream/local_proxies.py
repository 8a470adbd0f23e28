"""Proxies that may run on this machine, to offer when upstream cannot be reached."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress

#: Clash (7890) and Clash Verge (7897) take HTTP and SOCKS on one port; v2rayN (10808), and SOCKS' own (1080).
PORTS = (7890, 7897, 10808, 1080)
_SOCKS_PORTS = frozenset({10808, 1080})


async def listening_proxies(ports: Iterable[int] = PORTS, timeout_s: float = 0.3) -> tuple[str, ...]:
    """Addresses such as `http://127.0.0.1:7890` where something listens, in the order of `ports`.

    Only a guess from the port: nothing is sent, and what listens may be no proxy.
    """
    asked = tuple(ports)
    found = await asyncio.gather(*(_listens(port, timeout_s) for port in asked))
    return tuple(_address(port) for port, listens in zip(asked, found, strict=True) if listens)


async def _listens(port: int, timeout_s: float) -> bool:
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(timeout_s):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.close()
        return True
    return False


def _address(port: int) -> str:
    return f"{'socks5' if port in _SOCKS_PORTS else 'http'}://127.0.0.1:{port}"

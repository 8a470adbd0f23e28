"""Sockets to listen on, how to let them go, and words for why a port cannot be had."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import socket
import sys
from collections.abc import Iterable

from app.core.errors import InvalidInput, PortBusy

#: Connections that wait to be accepted.
BACKLOG = 512
#: POSIX numbers differ by system; the last of each are Windows' own (WSAEADDRINUSE, WSAEACCES).
_IN_USE = {errno.EADDRINUSE, 98, 48, 10048}
_FORBIDDEN = {errno.EACCES, errno.EPERM, 13, 10013}
_NOT_HERE = {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, 99, 49, 47, 10047, 10049}
_SUGGESTIONS = 50
#: In a step of the loop, libuv (1.52, `uv__server_io`) accepts one connection of each listening socket, after it has
#: read from all that are open. Of many that come at once the last would wait for as many steps, each longer than the
#: one before. So often uvloop has the same socket. To begin a turn takes a third of a millisecond, and streams that run
#: wait for all that begin in one step: hence not more. An accept in vain costs less than 1 µs.
_ACCEPTED_AT_ONCE = 8
#: Of the loop; see `stop_listening`.
_ACCEPT_STEPS = 3


def listening_sockets(host: str, port: int) -> list[socket.socket]:
    """Sockets bound to what was asked for, and to nothing else.

    Args:
        host: an address, or a name of this machine; `localhost` means IPv4 and, where there is one, IPv6.
        port: 0 takes a free one, the same for all addresses.

    Raises:
        PortBusy: another program has the port (`reason="in_use"`), or the system does not give it
            (`reason="forbidden"`); the details name a free port as `suggestion`.
        InvalidInput: this machine has no such address, or there is no such port.
    """
    if not 0 <= port <= 65535:
        raise InvalidInput(f"{port} is not a port: use a number from 1 to 65535.", port=port)
    bound: list[socket.socket] = []
    try:
        for family, address in _addresses(host):
            try:
                sock = _bound(family, address, port)
            except OSError as error:
                if bound and error.errno in _NOT_HERE:
                    continue
                raise _explained(error, host, port) from error
            bound.append(sock)
            port = port or sock.getsockname()[1]
    except BaseException:
        for sock in bound:
            sock.close()
        raise
    return bound


def for_loop(sockets: list[socket.socket], loop: asyncio.AbstractEventLoop) -> list[socket.socket]:
    """The sockets, each as often as this loop needs it to accept many connections in one step.

    Raises:
        OSError: there are too many open files; the sockets given are still open.
    """
    if isinstance(loop, asyncio.BaseEventLoop):
        # asyncio's own loops, and Qt's, accept all that wait.
        return sockets
    doubles: list[socket.socket] = []
    try:
        for sock in sockets:
            for _ in range(_ACCEPTED_AT_ONCE - 1):
                doubles.append(sock.dup())
    except BaseException:
        for sock in doubles:
            sock.close()
        raise
    return sockets + doubles


async def stop_listening(servers: Iterable[asyncio.Server]) -> None:
    """Accept nothing more, hand over what has been accepted, then give the ports back.

    asyncio's selector loops need three steps from a socket's acceptance to its protocol. A server that is closed
    between them loses the connection without closing it (CPython 3.11 to 3.13, `selector_events._accept_connection2`:
    `Server._attach` refuses, and the socket stays open).
    """
    loop = asyncio.get_running_loop()
    servers = tuple(servers)
    try:
        for server in servers:
            for sock in server.sockets:
                # Windows' loop accepts in one step, and has no readers.
                with contextlib.suppress(NotImplementedError):
                    loop.remove_reader(sock.fileno())
        for _ in range(_ACCEPT_STEPS):
            await asyncio.sleep(0)
    finally:
        for server in servers:
            server.close()
    # uvloop has no reader to remove: it accepted until now, and tells protocols in the step after that.
    for _ in range(_ACCEPT_STEPS):
        await asyncio.sleep(0)


def free_port(host: str, near: int) -> int | None:
    """A port that could be had now, close above `near` where possible."""
    for port in (*range(near + 1, min(near + _SUGGESTIONS, 65536)), 0):
        for family, address in _addresses(host)[:1]:
            with contextlib.suppress(OSError), _bound(family, address, port) as sock:
                found: int = sock.getsockname()[1]
                return found
    return None


def _addresses(host: str) -> list[tuple[socket.AddressFamily, str]]:
    text = host.strip().strip("[]")
    if not text:
        raise InvalidInput("The address to listen on is empty: use 127.0.0.1, or this machine's address.")
    if text.lower() == "localhost":
        return [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")]
    try:
        rows = socket.getaddrinfo(text, None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError):
        raise InvalidInput(f"{host} is neither an address nor a name of this computer.", host=host) from None
    found = {(family, str(address[0])): None for family, _, _, _, address in rows}
    return [(family, address) for family, address in found if family in (socket.AF_INET, socket.AF_INET6)]


def _bound(family: socket.AddressFamily, address: str, port: int) -> socket.socket:
    # asyncio sets TCP_NODELAY on the connections of no other.
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if sys.platform == "win32":
            # Otherwise another program could take the port while we have it.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Connections inherit it: who has vanished is noticed one day.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind((address, port))
        sock.listen(BACKLOG)
        sock.setblocking(False)
    except BaseException:
        sock.close()
        raise
    return sock


def _explained(error: OSError, host: str, port: int) -> PortBusy | InvalidInput:
    if error.errno in _IN_USE:
        found = free_port(host, port)
        try_this = f" Port {found} is free." if found else ""
        return PortBusy(
            f"Port {port} on {host} is used by another program: end that program, or choose another port.{try_this}",
            port=port,
            host=host,
            reason="in_use",
            suggestion=found,
        )
    if error.errno in _FORBIDDEN:
        found = free_port(host, max(port, 1024))
        try_this = f" Port {found} is free." if found else ""
        return PortBusy(
            f"The system does not let Waystation listen on port {port}: it is reserved, or needs administrator "
            f"rights. Choose another port.{try_this}",
            port=port,
            host=host,
            reason="forbidden",
            suggestion=found,
        )
    if error.errno in _NOT_HERE:
        return InvalidInput(f"This computer has no address {host}: Waystation cannot listen there.", host=host)
    word = os.strerror(error.errno).lower() if error.errno else "unknown reason"
    return PortBusy(f"Waystation cannot listen on {host}, port {port}: {word}.", port=port, host=host, reason="other")

"""Connections that notice when the other end is gone without a word, as after a sleep of this computer."""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import Protocol

from aiohttp import AddrInfoType

#: Asked after half a minute of silence, then every ten seconds, and three times at most; what has been sent must be
#: acknowledged within a minute (Linux). Not every system has every option, and macOS has its own name for the first.
_ALIVE = (
    (socket.SOL_SOCKET, "SO_KEEPALIVE", 1),
    (socket.IPPROTO_TCP, "TCP_KEEPIDLE", 30),
    (socket.IPPROTO_TCP, "TCP_KEEPALIVE", 30),
    (socket.IPPROTO_TCP, "TCP_KEEPINTVL", 10),
    (socket.IPPROTO_TCP, "TCP_KEEPCNT", 3),
    (socket.IPPROTO_TCP, "TCP_USER_TIMEOUT", 60_000),
)


class _WithOptions(Protocol):
    """A socket, or what a transport shows of it."""

    def setsockopt(self, level: int, option: int, value: int, /) -> object: ...


def stay_alive(sock: _WithOptions) -> None:
    """Have the system ask whether the other end is still there.

    Otherwise what is sent next would go into nothing, and whoever sent it would wait for minutes.
    """
    for level, name, value in _ALIVE:
        option = getattr(socket, name, None)
        if option is not None:
            with suppress(OSError):
                sock.setsockopt(level, option, value)


def alive_socket(address: AddrInfoType) -> socket.socket:
    """A socket that stays alive, to be connected to this address."""
    family, kind, protocol, _, _ = address
    sock = socket.socket(family, kind, protocol)
    stay_alive(sock)
    return sock

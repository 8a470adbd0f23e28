"""Refuse connections from this process to anything but the machine itself."""

import ipaddress
import socket
from collections.abc import Callable
from typing import Any


class OutsideConnectionError(ConnectionRefusedError):
    """A test tried to leave the machine."""


def is_local(family: int, address: object) -> bool:
    """Whether an address given to connect or sendto stays on this machine."""
    if family not in (socket.AF_INET, socket.AF_INET6):
        return True
    host = address[0] if isinstance(address, tuple) else address
    if not isinstance(host, str):
        return False
    if host in ("", "localhost"):
        return True
    try:
        ip = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(ip, "ipv4_mapped", None)
    return (mapped or ip).is_loopback or ip.is_unspecified


class NetworkGuard:
    """Stands before ``socket.socket``'s connect, connect_ex and sendto; keeps what it refused.

    It also holds for asyncio, uvloop's sock_connect and aiohttp, which all come through here.
    """

    def __init__(self) -> None:
        self.refused: list[str] = []
        self._originals: dict[str, Any] = {}

    def install(self) -> None:
        for name, address_index in (("connect", 0), ("connect_ex", 0), ("sendto", -1)):
            original = getattr(socket.socket, name)
            self._originals[name] = original
            setattr(socket.socket, name, self._guarded(original, address_index))

    def remove(self) -> None:
        for name, original in self._originals.items():
            setattr(socket.socket, name, original)
        self._originals.clear()

    def take_refused(self) -> list[str]:
        """What was refused since the last call."""
        refused, self.refused = self.refused, []
        return refused

    def _guarded(self, original: Callable[..., Any], address_index: int) -> Callable[..., Any]:
        def guarded(sock: socket.socket, *arguments: Any) -> Any:
            if arguments and not is_local(sock.family, arguments[address_index]):
                self.refused.append(str(arguments[address_index]))
                raise OutsideConnectionError(f"tests stay on this machine: {arguments[address_index]}")
            return original(sock, *arguments)

        return guarded

"""Ports that stay free until they are used, and between two uses."""

import random
import socket

#: Below what Linux (32768), macOS and Windows (49152) hand out by themselves: a port of theirs may be given to any
#: connection of another test the moment that it is let go. Above what services have by habit.
_OWN = range(18000, 32000)


def free_ports(count: int) -> tuple[int, ...]:
    """Different ports that nobody listens on; drawn, so that two tests at once hardly meet."""
    found: list[int] = []
    for port in random.sample(_OWN, 200):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        found.append(port)
        if len(found) == count:
            return tuple(found)
    raise RuntimeError("no port is free")


def free_port() -> int:
    """A port that nobody listens on."""
    return free_ports(1)[0]

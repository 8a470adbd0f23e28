"""Proxies on this machine are found by their ports."""

import socket

from app.upstream.local_proxies import PORTS, listening_proxies


def server() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0))


async def test_only_ports_where_something_listens_are_offered_in_their_order() -> None:
    with server() as first, server() as second, server() as closed:
        ports = [sock.getsockname()[1] for sock in (second, closed, first)]
        closed.close()
        assert await listening_proxies(ports) == (f"http://127.0.0.1:{ports[0]}", f"http://127.0.0.1:{ports[2]}")


async def test_the_usual_ports_are_named_by_what_they_speak() -> None:
    usual = {
        "http://127.0.0.1:7890",
        "http://127.0.0.1:7897",
        "socks5://127.0.0.1:10808",
        "socks5://127.0.0.1:1080",
    }
    taken = []
    for port in PORTS:
        # On the machine of a person one may run already.
        try:
            taken.append(socket.create_server(("127.0.0.1", port)))
        except OSError:
            continue
    try:
        assert set(await listening_proxies()) == usual
    finally:
        for sock in taken:
            sock.close()

"""Listening: many connections that come at once are accepted together, whatever the loop."""

import asyncio
import contextlib
import socket
from collections.abc import Callable

import pytest

from app.gateway.listen import BACKLOG, for_loop, listening_sockets, stop_listening
from app.platform.uv_loop import uv_loop

_CLIENTS = 60

_CHOSEN = [
    pytest.param(socket.SOL_SOCKET, socket.SO_KEEPALIVE, id="who has vanished is noticed"),
    pytest.param(socket.IPPROTO_TCP, socket.TCP_NODELAY, id="no piece waits until another is acknowledged"),
]
_LOOPS = [pytest.param(asyncio.new_event_loop, id="asyncio")]
with contextlib.suppress(ImportError):
    _LOOPS.append(pytest.param(uv_loop(), id="uvloop"))


class _Accepted(asyncio.Protocol):
    """Keeps the transports that connections came with."""

    def __init__(self, transports: asyncio.Queue[asyncio.BaseTransport]) -> None:
        self._transports = transports

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transports.put_nowait(transport)


async def _listening() -> tuple[asyncio.Queue[asyncio.BaseTransport], list[asyncio.Server], tuple[str, int]]:
    """What comes, to what, and where."""
    transports: asyncio.Queue[asyncio.BaseTransport] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    sockets = listening_sockets("127.0.0.1", 0)
    address = sockets[0].getsockname()
    servers = [
        await loop.create_server(lambda: _Accepted(transports), sock=sock, backlog=BACKLOG)
        for sock in for_loop(sockets, loop)
    ]
    return transports, servers, address


@pytest.mark.parametrize("new_loop", _LOOPS)
def test_who_comes_with_many_others_does_not_wait_for_a_step_each(
    new_loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    async def steps() -> int:
        transports, servers, address = await _listening()
        clients = [socket.create_connection(address, timeout=5) for _ in range(_CLIENTS)]
        count = 0
        async with asyncio.timeout(10):
            while transports.qsize() < _CLIENTS:
                await asyncio.sleep(0)
                count += 1
        for client in clients:
            client.close()
        while not transports.empty():
            transports.get_nowait().close()
        await stop_listening(servers)
        await asyncio.sleep(0.01)
        with pytest.raises(ConnectionError):
            socket.create_connection(address, timeout=5)
        return count

    with asyncio.Runner(loop_factory=new_loop) as runner:
        assert runner.run(steps()) < _CLIENTS / 4


@pytest.mark.parametrize("new_loop", _LOOPS)
@pytest.mark.parametrize(("level", "option"), _CHOSEN)
def test_connections_have_what_nobody_sets_on_each(
    new_loop: Callable[[], asyncio.AbstractEventLoop], level: int, option: int
) -> None:
    async def chosen() -> int:
        transports, servers, address = await _listening()
        with socket.create_connection(address, timeout=5):
            async with asyncio.timeout(10):
                transport = await transports.get()
            value: int = transport.get_extra_info("socket").getsockopt(level, option)
            transport.close()
        await stop_listening(servers)
        return value

    with asyncio.Runner(loop_factory=new_loop) as runner:
        assert runner.run(chosen()) != 0


@pytest.mark.parametrize("steps", range(6))
@pytest.mark.parametrize("new_loop", _LOOPS)
def test_who_comes_while_listening_ends_is_handed_over_by_then_or_turned_away(
    new_loop: Callable[[], asyncio.AbstractEventLoop], steps: int
) -> None:
    async def left_over() -> int:
        transports, servers, address = await _listening()
        clients = [socket.create_connection(address, timeout=5) for _ in range(_CLIENTS)]
        for _ in range(steps):
            await asyncio.sleep(0)
        await stop_listening(servers)
        while not transports.empty():
            transports.get_nowait().close()
        await asyncio.sleep(0.05)
        for client in clients:
            with client, contextlib.suppress(ConnectionError):
                assert client.recv(1) == b""
        return transports.qsize()

    with asyncio.Runner(loop_factory=new_loop) as runner:
        assert runner.run(left_over()) == 0

"""uvloop's loop, and who looks addresses up for it."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys

import pytest

pytest.importorskip("uvloop", reason="not on Windows")

from app.platform.uv_loop import uv_loop

CONNECT = """
import asyncio, socket, sys
from pathlib import Path
from app.platform.uv_loop import uv_loop

async def connect(host, family):
    with socket.create_server((host, 0), family=family) as server, socket.socket(family) as client:
        client.setblocking(False)
        # As aiohttp does it.
        await asyncio.get_running_loop().sock_connect(client, (host, server.getsockname()[1]))
        assert client.getpeername()[:2] == server.getsockname()[:2]

with asyncio.Runner(loop_factory=uv_loop()) as runner:
    runner.run(connect(sys.argv[1], socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET))
print(*((task / "comm").read_text().strip() for task in Path("/proc/self/task").iterdir()))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="threads are told by /proc")
@pytest.mark.parametrize(("host", "threads"), [("127.0.0.1", 1), ("::1", 1), ("localhost", 5)])
def test_for_a_number_no_thread_is_asked(host: str, threads: int) -> None:
    env = {name: value for name, value in os.environ.items() if name != "UV_THREADPOOL_SIZE"}
    run = subprocess.run(
        [sys.executable, "-c", CONNECT, host], env=env, capture_output=True, text=True, check=True, timeout=30
    )
    assert len(run.stdout.split()) == threads, run.stdout


def test_names_are_looked_up() -> None:
    async def work() -> list[str]:
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo("localhost", 80, family=socket.AF_INET)
        assert {row[1] for row in found} == {socket.SOCK_STREAM}
        datagrams = await loop.getaddrinfo("127.0.0.1", 53, type=socket.SOCK_DGRAM)
        assert {row[1] for row in datagrams} == {socket.SOCK_DGRAM}
        also = await loop.getaddrinfo("127.0.0.1", 53, proto=socket.IPPROTO_UDP)
        assert {row[1] for row in also} == {socket.SOCK_DGRAM}
        with pytest.raises(socket.gaierror):
            await loop.getaddrinfo("nobody.invalid", 80, flags=socket.AI_NUMERICHOST)
        return [row[4][0] for row in found]

    with asyncio.Runner(loop_factory=uv_loop()) as runner:
        assert runner.run(work()) == ["127.0.0.1"]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the interface has another name")
def test_an_address_keeps_its_zone() -> None:
    async def work() -> int:
        found = await asyncio.get_running_loop().getaddrinfo("fe80::1%lo", 80, family=socket.AF_INET6)
        return int(found[0][4][3])

    with asyncio.Runner(loop_factory=uv_loop()) as runner:
        assert runner.run(work()) == socket.if_nametoindex("lo")

"""Who has a port."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import psutil
import pytest

from app.platform.ports import port_owner

LISTEN = (
    "import socket, sys; s = socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1], flush=True); input()"
)


def test_another_program_is_named() -> None:
    with subprocess.Popen([sys.executable, "-c", LISTEN], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        port = int(child.stdout.readline())
        assert port_owner(port) == f"{psutil.Process(child.pid).name()} ({child.pid})"
        child.stdin.close()


def test_a_system_that_hides_the_list_still_shows_our_own_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    def hidden(kind: str) -> None:
        raise psutil.AccessDenied

    monkeypatch.setattr(psutil, "net_connections", hidden)
    own = psutil.Process()
    monkeypatch.setattr(psutil, "process_iter", lambda: iter([own]))
    with socket.create_server(("127.0.0.1", 0)) as sock:
        assert port_owner(sock.getsockname()[1]) == f"{own.name()} ({os.getpid()})"


def test_nobody_and_trouble_are_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port = sock.getsockname()[1]
    assert port_owner(port) is None

    def broken(kind: str) -> None:
        raise RuntimeError

    monkeypatch.setattr(psutil, "net_connections", broken)
    assert port_owner(port) is None

"""Who is measured: how each is started, where it listens, and that it ends."""

from __future__ import annotations

import os
import shutil
import socket
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.children import Child, Children

_ROOT = Path(__file__).resolve().parents[2]
#: Where Debian keeps servers, which is not on every user's PATH, and where dev.py unpacks them.
_SERVER_FOLDERS = ("/usr/local/sbin", "/usr/sbin", "/sbin", str(_ROOT / ".cache" / "servers" / "bin"))
_START_S = 30.0


class DidNotStart(Exception):
    """The text says why."""


@dataclass(frozen=True, slots=True)
class Target:
    """A program that stands between clients and upstream.

    Attributes:
        command: starts it; empty: it runs already.
        port: where it listens.
        path, chat_path: of Responses and of Chat Completions.
        headers: that clients send.
        environment: beside what all have.
        house: a data folder that is copied for each start; None: it needs none.
    """

    command: tuple[str, ...]
    port: int
    path: str = "/codex/v1/responses"
    chat_path: str = "/codex/v1/chat/completions"
    headers: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    house: Path | None = None


@dataclass(frozen=True, slots=True)
class Running:
    """A started target. `began` is the monotonic time just before its start; `child` None: upstream itself.

    `data` is its data folder, if it has one.
    """

    target: Target
    child: Child | None
    began: float
    data: Path | None = None

    @property
    def pid(self) -> int | None:
        """Of its first process."""
        return self.child.pid if self.child is not None else None


def server_program(name: str) -> str | None:
    """The path of a server's program, on the PATH, where Debian puts it, or unpacked by dev.py."""
    return shutil.which(name) or shutil.which(name, path=os.pathsep.join(_SERVER_FOLDERS))


def gateway(kind: str, port: int, upstream: str, key: str, house: Path, trusted: Path | None = None) -> Target:
    """Waystation itself: `serve`, `serve-asyncio`, `desktop-thread` or `desktop-loop`."""
    module = {"serve": "app", "serve-asyncio": "tests.bench.plain_asyncio"}.get(kind, "tests.bench.in_the_tray")
    environment = {
        "PYTHONPATH": str(_ROOT),
        "QT_QPA_PLATFORM": "offscreen",
        "WAYSTATION_KEY_STORE": "file",
        "WAYSTATION_PLACEMENT": kind.removeprefix("desktop-") if kind.startswith("desktop-") else "",
        "WAYSTATION_CHATGPT_BASE_URL": upstream,
        "WAYSTATION_OPENAI_BASE_URL": upstream,
        "WAYSTATION_AUTH_ISSUER": upstream,
    }
    if trusted is not None:
        environment["SSL_CERT_FILE"] = str(trusted)
    command = (sys.executable, "-m", module, "serve" if kind.startswith("serve") else "--minimized")
    return Target(command, port, headers=license_headers(key), environment=environment, house=house)


def license_headers(key: str) -> tuple[str, ...]:
    """What clients of the gateway send."""
    return (f"Authorization: Bearer {key}",)


def listens(port: int) -> bool:
    """Whether somebody takes connections there."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def running(target: Target, folder: Path, pinned: Sequence[str], environment: Mapping[str, str]) -> Iterator[Running]:
    """The target, started in the folder, which is made; ended at the end, and it alone.

    Raises:
        DidNotStart: it did not listen in time.
    """
    if not target.command:
        yield Running(target, None, time.monotonic())
        return
    if listens(target.port):
        raise DidNotStart(f"port {target.port} is taken")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    environment = {**environment, **target.environment}
    if target.house is not None:
        shutil.copytree(target.house, folder / "data")
        _on_disk(folder / "data")
        environment["WAYSTATION_DATA_DIR"] = str(folder / "data")
    children = Children(folder / "logs")
    try:
        began = time.monotonic()
        child = children.start([*pinned, *target.command], env=environment, cwd=folder)
        while not listens(target.port):
            if child.poll() is not None or time.monotonic() - began > _START_S:
                raise DidNotStart(f"it did not start: {_last_line(child.output())}")
            time.sleep(0.004)
        yield Running(target, child, began, folder / "data" if target.house is not None else None)
    finally:
        children.end_all()


def _on_disk(folder: Path) -> None:
    """Else the first thing that the target must have on the disk would wait for all that was copied."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["it said nothing"])[-1][:160]

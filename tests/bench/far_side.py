"""The far side of a target: the upstream behind it and the load before it. In C, or Python would measure itself."""

from __future__ import annotations

import http.client
import json
import shutil
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.children import Child, Children

_SOURCES = Path(__file__).resolve().parent
_COMPILERS = ("gcc", "cc", "clang")
#: What a load may take beyond its own limit, in seconds.
_GRACE_S = 20.0


class NoCompiler(Exception):
    """There is none, or it fails; the text says so."""


@dataclass(frozen=True, slots=True)
class Load:
    """What is asked of a target.

    Attributes:
        streams: at once.
        events: deltas of each.
        gap_us: between two deltas, in microseconds; 0: at once.
        seconds: with `again`, for so long; else all must end within it.
        ramp_ms: over which the first requests are spread.
        again: each connection asks anew when its stream has ended.
        chat: Chat Completions instead of Responses.
        echo: bytes of instructions that the first events repeat.
    """

    streams: int
    events: int
    gap_us: int
    seconds: float
    ramp_ms: int = 0
    again: bool = False
    chat: bool = False
    echo: int = 2000


def compile_programs(folder: Path) -> None:
    """Make `upstream` and `load` in the folder.

    Raises:
        NoCompiler: it is not possible.
    """
    compiler = next(filter(None, map(shutil.which, _COMPILERS)), None)
    if compiler is None:
        raise NoCompiler("no C compiler (Debian: gcc libc6-dev)")
    for name in ("upstream", "load"):
        command = [compiler, "-O2", "-o", str(folder / name), str(_SOURCES / f"{name}.c")]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        if done.returncode:
            raise NoCompiler(f"{compiler} does not compile {name}.c: {done.stderr.strip().splitlines()[0]}")


class FarSide:
    """Upstream, started, and loads one after the other.

    Args:
        folder: with the programs; bodies are written there.
        children: start and end the processes.
        pinned: what to put before a command so that it leaves the targets' processor alone.
        port: of upstream.
    """

    def __init__(self, folder: Path, children: Children, pinned: Sequence[str], port: int) -> None:
        self._folder, self._pinned, self.port = folder, pinned, port
        say = {"role": "user", "content": "hi"}
        item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hi"}]}
        bodies: dict[str, dict[str, Any]] = {
            "responses": {"instructions": "Be helpful.", "input": [item], "store": False},
            "chat": {"messages": [{"role": "system", "content": "Be helpful."}, say]},
        }
        for name, body in bodies.items():
            text = json.dumps({"model": "gpt-5", "stream": True, **body}, separators=(",", ":"))
            (folder / f"{name}.json").write_text(text, encoding="ascii")
        command = [*pinned, str(folder / "upstream"), str(port)]
        self._upstream: Child = children.start(command, env={})

    def wait_until_it_listens(self) -> None:
        """Raises TimeoutError when it does not."""
        deadline = time.monotonic() + 5
        while True:
            try:
                self.active()
                return
            except OSError:
                if time.monotonic() > deadline or self._upstream.poll() is not None:
                    raise TimeoutError(f"upstream did not start: {self._upstream.output()}") from None
                time.sleep(0.02)

    def active(self) -> int:
        """How many streams run."""
        return int(self._asked("/stat")["active"])

    def begin(self, load: Load, port: int, path: str, headers: Sequence[str]) -> subprocess.Popen[str]:
        """Start a load; `end` waits for it."""
        self._asked(f"/plan?events={load.events}&gap_us={load.gap_us}&echo={load.echo}")
        body = self._folder / ("chat.json" if load.chat else "responses.json")
        words = (port, path, body, load.streams, load.events, load.seconds, load.ramp_ms)
        command = [*self._pinned, str(self._folder / "load"), *map(str, words), "again" if load.again else "once"]
        return subprocess.Popen([*command, *headers], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)

    def end(self, load: Load, process: subprocess.Popen[str]) -> dict[str, Any]:
        """What the load has seen."""
        try:
            said, _ = process.communicate(timeout=load.seconds + _GRACE_S)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        found: dict[str, Any] = json.loads(said)
        return found

    def _asked(self, path: str) -> dict[str, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", path)
            answer: dict[str, Any] = json.loads(connection.getresponse().read())
        finally:
            connection.close()
        return answer

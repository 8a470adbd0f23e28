"""A CODEX_HOME of a user, and a writer for it."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from app.platform.codex_ways import Route
from app.platform.codex_writer import CodexWriter, WritePlan

URL = "http://127.0.0.1:8787/codex/v1"
OTHER_URL = "http://127.0.0.1:9797/codex/v1"
KEY = "ws-license-of-this-test"
OTHER_KEY = "ws-another-license-here"
OWN, ADDRESS = Route.OWN_PROVIDER, Route.OPENAI_ADDRESS
NEWEST = (0, 169, 0)
CONFIG = b'# mine\nmodel = "gpt-5"\n\n[tui]\nx = 1\n'
ENV = b"# of mine\nAZURE_KEY=abc-secret-of-mine\n"


class CodexHome:
    """It lies in a folder of the test."""

    def __init__(self, folder: Path, environ: dict[str, str] | None = None) -> None:
        self.home = folder / "home"
        self.codex_home = self.home / ".codex"
        self.codex_home.mkdir(parents=True, exist_ok=True)
        self.config, self.env, self.auth = (self.codex_home / name for name in ("config.toml", ".env", "auth.json"))
        self.memory = folder / "data" / "codex-setup.json"
        self.managed = folder / "managed_config.toml"
        self.writer = CodexWriter(environ or {}, self.home, self.memory, system="linux", managed=self.managed)

    def plan(self, route: Route = OWN, url: str = URL, key: str = KEY) -> WritePlan:
        return self.writer.plan(route, url, key, NEWEST)

    def write(self, route: Route = OWN, url: str = URL, key: str = KEY) -> WritePlan:
        plan = self.plan(route, url, key)
        self.writer.write(plan, 1000.0)
        return plan

    def undo(self) -> tuple[str, ...]:
        plan = self.writer.plan_undo()
        self.writer.undo(plan)
        return plan.left

    def files(self) -> dict[str, tuple[bytes, int]]:
        """All in CODEX_HOME: bytes and mode."""
        return {
            path.name: (path.read_bytes(), stat.S_IMODE(path.stat().st_mode))
            for path in sorted(self.codex_home.iterdir())
            if path.is_file()
        }


@contextmanager
def server_stand_in(
    codex_home: Path, environ: Mapping[str, str], name: str = "daemon.pid", argument: str = "app-server"
) -> Iterator[Path]:
    """A process that could be Codex's background server, until the block ends; the file that names it."""
    command = [sys.executable, "-c", "import sys; sys.stdin.read()", argument]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, env=environ)
    try:
        path = codex_home / "app-server-daemon" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps({"pid": process.pid, "processStartTime": "…"}), encoding="utf-8")
        yield path
    finally:
        process.kill()
        process.communicate()

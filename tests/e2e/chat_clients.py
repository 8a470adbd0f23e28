"""Chat clients as processes of their own, with what they are given to send."""

import asyncio
import base64
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.chat_files import pdf, png
from tests.e2e.program import ROOT

SCRIPTS = ROOT / "tests" / "e2e" / "clients"
MODULES = ROOT / ".cache" / "chat-clients" / "node_modules"
TIMEOUT = 50.0
PNG, PDF = (base64.b64decode(url.partition(",")[2]) for url in (png(), pdf()))


class Client:
    """One client in front of one gateway: runs scenarios, each of which tells what it found."""

    def __init__(self, folder: Path, script: str, address: str, key: str, **env: str) -> None:
        self._script = script
        self._folder = folder
        self._env = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "PYENV_ROOT") if name in os.environ}
        self._env |= {
            "GATEWAY_URL": address,
            "GATEWAY_KEY": key,
            "SAMPLE_PNG": base64.b64encode(PNG).decode(),
            "SAMPLE_PDF": base64.b64encode(PDF).decode(),
            "PYTHONPATH": str(ROOT),
            # No client tells anybody anything.
            "LANGSMITH_TRACING": "false",
            "LANGCHAIN_TRACING_V2": "false",
            "DO_NOT_TRACK": "1",
            **env,
        }

    def _command(self) -> list[str]:
        if self._script.endswith(".py"):
            return [sys.executable, str(SCRIPTS / self._script)]
        node = shutil.which("node")
        if node is None or not MODULES.exists():
            pytest.skip("The JavaScript clients are not installed; dev.py test brings them.")
        # Node looks for packages beside the script.
        home = self._folder / "clients"
        if not home.exists():
            shutil.copytree(SCRIPTS, home, ignore=shutil.ignore_patterns("*.py", "*.json", "__pycache__"))
            (home / "node_modules").symlink_to(MODULES)
        return [node, "--import", (home / "only_loopback.mjs").as_uri(), str(home / self._script)]

    async def run(self, *scenarios: str) -> dict[str, Any]:
        """What each scenario found; one that failed fails the test."""
        process = await asyncio.create_subprocess_exec(
            *self._command(),
            *scenarios,
            env=self._env,
            cwd=self._folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(TIMEOUT):
                out, err = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        assert process.returncode == 0, f"{out.decode()}\n{err.decode()}"
        found: dict[str, Any] = json.loads(out)
        failed = {name: said for name, said in found.items() if "failed" in said}
        assert not failed, failed
        return found

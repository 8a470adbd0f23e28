"""A person with a Codex of their own who runs ``waystation doctor``, and a proxy that stands in the way."""

import json
import os
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, web

from tests.e2e.program import Waystation

CODEX = Path(__file__).resolve().parents[2] / ".cache" / "codex"


@dataclass
class Patient:
    """A home folder with one version of Codex on the PATH; ``env`` is what its terminal has."""

    waystation: Waystation
    home: Path
    env: dict[str, str]

    def config(self, text: str) -> None:
        """Write Codex's config.toml."""
        (self.home / ".codex" / "config.toml").write_text(text, encoding="utf-8")

    def own_provider(self, address: str, more: str = "") -> None:
        """Lead Codex to an address, with the license in the environment."""
        self.config(
            'model_provider = "waystation"\n'
            f'{more}\n[model_providers.waystation]\nname = "Waystation"\nbase_url = "{address}"\n'
            'env_key = "WAYSTATION_LICENSE"\nwire_api = "responses"\n'
        )

    def saved_license(self, address: str, key: str) -> None:
        """Lead Codex's own provider to an address, with the license that `codex login` has saved."""
        self.config(f'openai_base_url = "{address}"\n')
        (self.home / ".codex" / "auth.json").write_text(json.dumps({"OPENAI_API_KEY": key}), encoding="utf-8")

    def terminal(self) -> dict[str, str]:
        """The environment of the home."""
        return {"HOME": str(self.home), "CODEX_HOME": "", "SHELL": "/bin/bash", **self.env}

    async def doctor(self, *arguments: str, cwd: Path | None = None) -> dict[str, Any]:
        """What the doctor says, as JSON; its exit code fits."""
        done = await self.waystation.run("doctor", "--json", *arguments, env=self.terminal(), cwd=cwd)
        report: dict[str, Any] = json.loads(done.out)
        assert done.code == (0 if report["ok"] else 1)
        for secret in self.waystation.secrets:
            assert secret not in done.out
        return report

    async def is_told(self, stage: str, code: str, *arguments: str, cwd: Path | None = None) -> dict[str, Any]:
        """The doctor names just this; the step that says so."""
        report = await self.doctor(*arguments, cwd=cwd)
        failed = [step for step in report["steps"] if step["state"] == "failed"]
        assert [(step["stage"], step["code"]) for step in failed] == [(stage, code)], report
        stages = [step["stage"] for step in report["steps"]]
        after = report["steps"][stages.index(stage) + 1 :]
        assert {step["state"] for step in after} <= {"skipped"}, report
        (step,) = failed
        assert "{" not in step["text"] + step["fix"]
        return dict(step)


def patient(waystation: Waystation, home: Path, version: str = "0.169.0") -> Patient:
    """A person with this Codex, whose home is an empty folder."""
    (home / ".codex").mkdir(parents=True)
    path = f"{CODEX / version / 'node_modules' / '.bin'}{os.pathsep}{os.environ['PATH']}"
    return Patient(waystation, home, {"PATH": path, "LANG": "C.UTF-8"})


def steps_of(report: dict[str, Any]) -> dict[str, str]:
    """The code of each step that was looked at."""
    return {step["stage"]: step["code"] for step in report["steps"] if step["code"] is not None}


class Swallower(ThreadingHTTPServer):
    """A proxy that answers everything itself, as one does that knows nothing of this computer's own addresses."""

    daemon_threads = True

    def __init__(self) -> None:
        self.seen: list[str] = []
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Swallower

    def do_POST(self) -> None:
        self.server.seen.append(f"POST {self.path}")
        self.send_error(502)

    do_GET = do_HEAD = do_CONNECT = do_POST

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the test looks at ``seen``."""


@contextmanager
def swallower() -> Iterator[Swallower]:
    """The proxy, until the block ends."""
    with Swallower() as proxy:
        thread = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield proxy
        finally:
            proxy.shutdown()
            thread.join()


@asynccontextmanager
async def without_websockets(address: str) -> AsyncIterator[str]:
    """The address of a server that passes requests on to the gateway, but refuses WebSockets, as an old one does."""
    origin = address.removesuffix("/codex/v1")
    client = ClientSession(auto_decompress=False)

    async def passed_on(request: web.Request) -> web.StreamResponse:
        if "websocket" in request.headers.get("Upgrade", "").lower():
            return web.Response(status=503)
        headers = {name: value for name, value in request.headers.items() if name not in ("Host", "Content-Length")}
        asked = client.request(request.method, origin + request.path_qs, headers=headers, data=await request.read())
        async with asked as answer:
            kept = {"Content-Type": answer.headers.get("Content-Type", "")}
            return web.Response(status=answer.status, body=await answer.read(), headers=kept)

    app = web.Application(client_max_size=1 << 26)
    app.router.add_route("*", "/{path:.*}", passed_on)
    runner = web.AppRunner(app, auto_decompress=False)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/codex/v1"
    finally:
        await client.close()
        await runner.cleanup()

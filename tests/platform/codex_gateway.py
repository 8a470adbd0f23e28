"""A gateway that answers every turn of Codex with "pong", and the surroundings in which the real Codex gets there.

As a proxy it refuses, and remembers, whoever wants out.
"""

import json
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

VERSIONS = ("0.45.0", "0.100.0", "0.120.0", "0.140.0", "0.169.0")
# With its statistics, Codex 0.100 and 0.120 more often hang after their answer: see tests/support/codex_run.py.
CODEX_EXEC = "codex exec -c analytics.enabled=false --skip-git-repo-check"
LICENSE = "ws-only~for=this.test+0/1_2-3"

_INSTALLED = Path(__file__).resolve().parents[2] / ".cache" / "codex"


@dataclass(frozen=True)
class Seen:
    """One request: its method and path, the Authorization header, and the JSON body."""

    request: str
    authorization: str | None
    body: Any

    def has_text(self, text: str) -> bool:
        """Whether the user's last message is this text, or ends with it (the TUI also asks for a title)."""
        content = self.body["input"][-1]["content"]
        return content[-1]["text"].endswith(text)


class Gateway(ThreadingHTTPServer):
    """Listens on a free loopback port; ``seen`` holds the requests in the order of their arrival."""

    daemon_threads = True

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.seen: list[Seen] = []
        super().__init__((host, 0), _Handler)
        shown = f"[{host}]" if ":" in host else host
        self.url = f"http://{shown}:{self.server_port}/codex/v1"


class _Handler(BaseHTTPRequestHandler):
    server: Gateway

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        seen = Seen(f"POST {self.path}", self.headers["Authorization"], body)
        self.server.seen.append(seen)
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        message = {
            "type": "message",
            "id": "msg_1",
            "role": "assistant",
            "content": [{"type": "output_text", "text": "pong", "annotations": []}],
        }
        usage = {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}
        for event in (
            {"type": "response.created", "response": {"id": "resp_1"}},
            {"type": "response.output_item.done", "output_index": 0, "item": message},
            {"type": "response.completed", "response": {"id": "resp_1", "usage": usage}},
        ):
            self.wfile.write(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode())
        self.close_connection = True

    def do_GET(self) -> None:
        self.server.seen.append(Seen(f"GET {self.path}", self.headers["Authorization"], None))
        self.send_error(404)

    def do_CONNECT(self) -> None:
        self.server.seen.append(Seen(f"CONNECT {self.path}", None, None))
        self.send_error(403)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the test looks at ``seen``."""


@contextmanager
def running_gateway(host: str = "127.0.0.1") -> Iterator[Gateway]:
    """A gateway that answers until the block ends."""
    with Gateway(host) as gateway:
        thread = threading.Thread(target=gateway.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield gateway
        finally:
            gateway.shutdown()
            thread.join()


@contextmanager
def dead_port() -> Iterator[int]:
    """A port that is taken and refuses every connection."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def hostile_environment(home: Path, version: str, proxy_port: int) -> dict[str, str]:
    """What a user's shell may bring: a proxy for everything that is not there. HOME is ``home``."""
    folder = _INSTALLED / version / "node_modules" / ".bin"
    assert (folder / "codex").exists(), f"Codex {version} is not installed. Run: python3 build_scripts/dev.py test"
    names = ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")
    return {
        "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(home),
        "TERM": "xterm-256color",
        "LANG": "C.UTF-8",
        "no_proxy": "intranet.example",
    } | dict.fromkeys(names, f"http://127.0.0.1:{proxy_port}")


def files_with(text: str, folder: Path) -> list[Path]:
    """The files below ``folder`` that contain this text.

    Not counted are Codex's copies of its environment: it removes them at its end, but one just begun may stay.
    """
    files = (path for path in folder.rglob("*") if path.is_file() and "shell_snapshots" not in path.parts)
    return [path for path in files if text.encode() in path.read_bytes()]

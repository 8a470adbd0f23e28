"""A gateway handle whose snapshots a test writes itself, and samples to write them with."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from app.core.errors import WaystationError
from app.core.token import TokenKind
from app.core.turn import Outcome, TurnRow, Usage
from app.gateway.handle import GatewayHandle
from app.gateway.snapshot import GatewaySnapshot, Problem, RunState, SessionView, TokenState, TokenView

LICENSE = "ws-abcdefghijklmnopqrstuvwxyz234567"
#: 2026-11-22 10:00:00 UTC.
NOW = 1795341600.0

RUNNING = GatewaySnapshot(
    revision=1,
    state=RunState.RUNNING,
    host="127.0.0.1",
    port=8787,
    base_url="http://127.0.0.1:8787/codex/v1",
    key_store="keyring",
)


class ScriptedGateway:
    """Answers as a gateway does, from what the test put in.

    Attributes:
        calls: every command with its parameters.
        failures: what a command raises, by name.
        results: what a command returns, by name.
        gate: cleared, it holds every command back.
    """

    def __init__(self, snapshot: GatewaySnapshot = RUNNING) -> None:
        self._snapshot = snapshot
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.failures: dict[str, WaystationError] = {}
        self.results: dict[str, Any] = {
            "license.default": {"id": "l-1", "label": "This computer", "key": LICENSE},
            "token.add": {"id": "t-9", "label": "API key 1", "known": False},
            "token.import": {"id": "t-9", "label": "so•••@example.com", "known": False},
        }
        self.gate = asyncio.Event()
        self.gate.set()

    def snapshot(self) -> GatewaySnapshot:
        return self._snapshot

    def become(self, **changes: Any) -> None:
        """Change the snapshot."""
        self._snapshot = replace(self._snapshot, revision=self._snapshot.revision + 1, **changes)

    async def call(self, command: str, **params: Any) -> Any:
        self.calls.append((command, params))
        await self.gate.wait()
        if command in self.failures:
            raise self.failures[command]
        match command:
            case "gateway.start":
                port = params.get("port", self._snapshot.port)
                address = f"http://127.0.0.1:{port}/codex/v1"
                self.become(state=RunState.RUNNING, problem=None, port=port, base_url=address)
            case "gateway.stop":
                self.become(state=RunState.STOPPED)
            case "token.add" | "token.import":
                self.become(tokens=(*self._snapshot.tokens, token(len(self._snapshot.tokens) + 1)))
            case "keystore.choose":
                self.become(key_problem=None, key_store=params["kind"])
        return self.results.get(command, {})

    def opener(
        self,
    ) -> Callable[[Callable[[], None], Callable[[], None]], Any]:
        """For `run_desktop`."""

        @asynccontextmanager
        async def opened(show: Callable[[], None], quit: Callable[[], None]) -> AsyncIterator[GatewayHandle]:
            self.show, self.quit = show, quit
            yield self

        return opened


def token(number: int = 1, **changes: Any) -> TokenView:
    """One ready token."""
    view = TokenView(
        id=f"t-{number}",
        kind=TokenKind.CHATGPT,
        label=f"Account {number}",
        email="so•••@example.com",
        plan="plus",
        state=TokenState.READY,
        rest_until=None,
        expires_at=None,
        enabled=True,
        active_turns=0,
        sessions=1,
    )
    return replace(view, **changes)


def session(number: int = 1, **changes: Any) -> SessionView:
    """One session on the first token."""
    view = SessionView(
        id=f"s-{number}",
        name=f"019a9c42-77d1-7e02-b1a4-0000000000{number:02d}",
        license_id="l-1",
        license_label="This computer",
        home_token_id="t-1",
        token_id="t-1",
        token_label="Account 1",
        client="codex_cli_rs/0.169.0",
        model="gpt-5-codex",
        created_at=NOW - 600,
        last_active_at=NOW - 10 * number,
        turns=number,
        active_turns=0,
    )
    return replace(view, **changes)


def turn(number: int = 1, **changes: Any) -> TurnRow:
    """One completed turn, sent on unchanged."""
    row = TurnRow(
        id=f"r-{number}",
        started_at=NOW - 10 * number,
        endpoint="responses",
        license_id="l-1",
        session_id="s-1",
        token_id="t-1",
        client="codex_cli_rs/0.169.0",
        peer="127.0.0.1",
        model="gpt-5-codex",
        effort="high",
        stream=True,
        status=200,
        error=None,
        outcome=Outcome.COMPLETED,
        first_byte_ms=412.0,
        total_ms=5321.0,
        request_bytes=20000,
        response_bytes=90000,
        request_sha256="a" * 64,
        sent_sha256="a" * 64,
        edits=(),
        usage=Usage(12345, 11008, 456, 128),
        note="kept",
    )
    return replace(row, **changes)


def busy_port(suggestion: int | None = 8788) -> Problem:
    """What a gateway says whose port is taken."""
    return Problem(
        "port_busy",
        "Port 8787 on 127.0.0.1 is used by another program: end that program, or choose another port.",
        (("port", 8787), ("host", "127.0.0.1"), ("reason", "in_use"), ("suggestion", suggestion)),
    )

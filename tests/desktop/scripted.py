"""A gateway handle whose snapshots a test writes itself, and samples to write them with."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, replace
from typing import Any

from app.core.errors import WaystationError
from app.core.license import LicenseState
from app.core.quota import Quota, Window
from app.core.settings import GatewaySettings
from app.core.token import TokenKind
from app.core.turn import Outcome, TurnRow, Usage, row_to_dict
from app.gateway.handle import GatewayHandle
from app.gateway.license_desk import LicenseView
from app.gateway.sign_in_desk import SignInStage, SignInView, SignInWay
from app.gateway.snapshot import GatewaySnapshot, HeldView, Problem, RunState, SessionView, TokenState, TokenView

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
        turns: what `turn.list` has, the newest first.
        imports: what differs in what `token.import` says of a text, by its number.
        sign_ins: how many were begun.
        too_late: how a sign-in ends that is cancelled when it is done already.
    """

    def __init__(self, snapshot: GatewaySnapshot = RUNNING) -> None:
        self._snapshot = snapshot
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.failures: dict[str, WaystationError] = {}
        self.results: dict[str, Any] = {
            "license.default": {"id": "l-1", "label": "This computer", "key": LICENSE},
            "token.test": {"ok": True, "error": None},
            "proxy.detect": [],
            "settings.show": {**asdict(GatewaySettings()), "size_bytes": 12_345_678, "data_dir": "/data/Waystation"},
        }
        self.turns: list[TurnRow] = []
        self.imports: dict[int, dict[str, Any]] = {}
        self.sign_ins = 0
        self.too_late: dict[str, Any] = {}
        self.gate = asyncio.Event()
        self.gate.set()

    def snapshot(self) -> GatewaySnapshot:
        return self._snapshot

    @property
    def active_turns(self) -> int:
        return self._snapshot.active_turns

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
            case "token.import":
                return self._imported(**params)
            case "signin.browser" | "signin.device":
                return self._signing_in(SignInWay(command.partition(".")[2]), **params)
            case "signin.cancel":
                cancelled = {"stage": SignInStage.CANCELLED, "code": "cancelled", "message": "It was cancelled."}
                self.sign_in(**(self.too_late or cancelled))
            case "pool.policy":
                self.become(policy=replace(self._snapshot.policy, **params))
            case "proxy.set":
                self.become(proxy=params["proxy"], offered_proxies=())
            case "turn.list":
                return self._listed(**params)
            case "keystore.choose":
                self.become(key_problem=None, key_store=params["kind"])
        return self.results.get(command, {})

    def _listed(
        self, limit: int, before: float | None = None, before_id: str | None = None, session_id: str | None = None
    ) -> list[dict[str, Any]]:
        found = [row for row in self.turns if session_id in (None, row.session_id)]
        if before is not None and before_id is not None:
            found = [row for row in found if (row.started_at, row.id) < (before, before_id)]
        return [row_to_dict(row) for row in found[:limit]]

    def sign_in(self, **changes: Any) -> None:
        """Change the sign-in that runs."""
        assert self._snapshot.sign_in is not None
        self.become(sign_in=replace(self._snapshot.sign_in, **changes))

    def _imported(self, text: str | None = None, texts: list[str] | None = None, follow: str | None = None) -> Any:
        found = []
        for source, _ in enumerate(texts or [text]):
            number = len(self._snapshot.tokens) + 1
            self.become(tokens=(*self._snapshot.tokens, token(number, follows=follow)))
            done = {"id": f"t-{number}", "label": f"Account {number}", "known": False, "warning": None}
            found.append({"source": source, "error": None, **done} | self.imports.pop(source, {}))
        return found if texts is not None else found[0]

    def _signing_in(self, way: SignInWay, token_id: str | None = None) -> Any:
        self.sign_ins += 1
        browser = way is SignInWay.BROWSER
        view = SignInView(
            f"i-{self.sign_ins}",
            way,
            url="https://auth.example.com/oauth/authorize?state=s" if browser else None,
            user_code=None if browser else "WXYZ-12345",
            page=None if browser else "https://auth.example.com/codex/device",
            expires_at=NOW + 900,
            token_id=token_id,
        )
        self.become(sign_in=view)
        return asdict(view)

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


def rested(number: int = 1, until: float = NOW + 7200, **changes: Any) -> TokenView:
    """One token at its limit."""
    resting = {"state": TokenState.RESTING, "rest_until": until, "rest_reason": "usage_limit_reached"}
    return token(number, **(resting | changes))


def quota(used: float = 27.0, used_of_week: float = 60.0, **changes: Any) -> Quota:
    """The two windows of a ChatGPT plan."""
    windows = (
        Window("codex", "primary", used, 300, NOW + 3600),
        Window("codex", "secondary", used_of_week, 10080, NOW + 3 * 86400),
    )
    return replace(Quota(windows, NOW - 60), **changes)


def waiting(number: int = 1, **changes: Any) -> HeldView:
    """One turn of the first session that waits for two hours."""
    return replace(HeldView(f"r-{number}", "s-1", NOW - 60, NOW + 7200), **changes)


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


def license_view(number: int = 1, **changes: Any) -> LicenseView:
    """A license that lets in."""
    fields = {
        "id": f"l-{number}",
        "label": f"License {number}",
        "state": LicenseState.VALID,
        "created_at": NOW - 86400,
        "last_used_at": NOW - 60,
        "revoked_at": None,
        "expires_at": None,
        "daily_tokens": None,
        "used_today": 0,
    }
    return LicenseView(**(fields | changes))


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

"""Around every turn: it begins, whatever happens it ends, and one line of the log says how."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from aiohttp import web

from app.core.credential import TokenSecrets
from app.core.envelope import Envelope, read_envelope
from app.core.errors import Refusal
from app.core.license import License
from app.core.pool import Cooldown, NoToken
from app.core.token import Token
from app.core.turn import Outcome
from app.gateway.bodies import decoded, off_loop, read_body
from app.gateway.live_turn import LiveTurn
from app.gateway.state import GatewayState
from app.upstream.errors import NoAnswer

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Received:
    """A request's body as it came, a decoded copy (the very same object when it was plain), and what the copy says."""

    raw: bytes = field(repr=False)
    body: bytes = field(repr=False)
    envelope: Envelope


@dataclass(slots=True)
class RunningTurn:
    """A turn in its handler's hands.

    Attributes:
        live: what becomes the row.
        state: of the gateway.
        outcome: how it ends; None: it has not been decided yet.
        rest: what the token shall take afterwards.
    """

    live: LiveTurn
    state: GatewayState
    outcome: Outcome | None = None
    rest: Cooldown | None = None

    async def receive(self, request: web.BaseRequest) -> Received:
        """Read the request, as every turn begins.

        Raises:
            Refusal: its body is too large, stalls, cannot be decoded, or is no JSON object.
        """
        raw = await read_body(request)
        await off_loop(len(raw), self.live.received, raw)
        body = await off_loop(len(raw), decoded, raw, request.headers.get("Content-Encoding", ""))
        envelope = await off_loop(len(body), read_envelope, body, request.headers)
        self.live.read(envelope)
        return Received(raw, body, envelope)

    def lease(self, names: tuple[str, ...], *, status_without: int) -> tuple[Token, TokenSecrets]:
        """The token that serves this turn, and its secrets.

        Raises:
            Refusal: `no_available_token`, with this status.
        """
        decision = self.state.lease(self.live, names)
        if isinstance(decision, NoToken):
            kind = "server_error" if status_without >= 500 else "invalid_request_error"
            raise Refusal(status_without, decision.message, type=kind, code="no_available_token")
        return decision.token, self.state.secrets[decision.token.id]

    def passed_on(self, size: int) -> None:
        """Note `size` bytes of the answer's body given to the client."""
        self.live.passed_on(size, self.state.clock.monotonic())

    def unanswered(self, problem: NoAnswer, status: int) -> Refusal:
        """Upstream gave no answer: note it, and return the error for the client."""
        if not problem.sent:
            self.live.sent_sha256 = None
        self.live.status = status
        self.end(Outcome.FAILED, problem.code)
        return Refusal(status, problem.message, type="server_error", code=problem.code)

    def end(self, outcome: Outcome, error: str | None = None) -> None:
        """Decide how it ends; only the first decision counts."""
        if self.outcome is None:
            self.outcome = outcome
            self.live.error = error


class TurnRunner:
    """Makes turns.

    Attributes:
        stopping: the gateway is being stopped: who is cancelled now did not leave.
    """

    def __init__(self, state: GatewayState) -> None:
        self.state = state
        self.stopping = False

    @contextmanager
    def turn(self, request: web.BaseRequest, endpoint: str, owner: License) -> Iterator[RunningTurn]:
        """One turn, from its request's headers to the last byte of its answer."""
        live = self.state.begin(
            endpoint, owner.id, client=request.headers.get("User-Agent", ""), peer=request.remote or ""
        )
        turn = RunningTurn(live, self.state)
        try:
            yield turn
        except Refusal as refusal:
            live.status = refusal.status
            turn.end(Outcome.REFUSED, refusal.error_code or "refused")
            raise
        except (asyncio.CancelledError, ConnectionError):
            if self.stopping:
                turn.end(Outcome.FAILED, "gateway_stopped")
            else:
                turn.end(Outcome.CLIENT_LEFT)
            raise
        except Exception:
            live.status = live.status or 500
            turn.end(Outcome.FAILED, "internal_error")
            raise
        finally:
            outcome = turn.outcome or Outcome.FAILED
            self.state.finish(live, outcome, rest=turn.rest)
            _log_line(live, outcome, self.state.clock.monotonic())


def _log_line(live: LiveTurn, outcome: Outcome, now: float) -> None:
    if not _log.isEnabledFor(logging.INFO):
        return
    first = "-" if live.first_byte_ms is None else f"{live.first_byte_ms:.0f}"
    body = "not sent" if live.sent_sha256 is None else ",".join(live.edits) or "verbatim"
    _log.info(
        "turn %s %s token=%s session=%s status=%s %s%s first_byte=%sms total=%.0fms in=%d out=%d %s",
        live.id,
        live.endpoint,
        live.token_id or "-",
        live.session_id or "-",
        live.status or "-",
        outcome.value,
        f"({live.error})" if live.error else "",
        first,
        (now - live.started) * 1000,
        live.request_bytes,
        live.response_bytes,
        body,
    )

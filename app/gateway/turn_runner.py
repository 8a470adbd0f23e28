"""Around every turn: it begins, whatever happens it ends, and one line of the log says how."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from aiohttp import web

from app.core.envelope import Envelope, read_envelope
from app.core.errors import Refusal
from app.core.license import License
from app.core.quota_reading import quota_from_event, quota_from_headers
from app.core.record import record
from app.core.sealed import SealedItems
from app.core.steps import Wanted
from app.core.token import Kinds
from app.core.turn import Outcome
from app.core.verdict import Fault, Meaning
from app.gateway.bodies import OFF_LOOP, decoded, off_loop, read_body
from app.gateway.failover import Failover
from app.gateway.live_turn import MAX_CLIENT, LiveTurn
from app.gateway.opening import Opening
from app.gateway.refresher import Refresher
from app.gateway.state import GatewayState
from app.gateway.turn_log import TurnLog
from app.translate.errors import UpstreamFailure
from app.translate.usage import UsageObserver
from app.upstream.errors import NoAnswer


@record
class Received:
    """A request's body as it came, a decoded copy (the very same object when it was plain), and what the copy says."""

    raw: bytes = field(repr=False)
    body: bytes = field(repr=False)
    envelope: Envelope


#: Of a request, the header in which Codex gives back what the account that served it had sent.
TURN_STATE = "x-codex-turn-state"


@dataclass(slots=True)
class RunningTurn:
    """A turn in its handler's hands, which it leaves with its row written, whatever happens there.

    Attributes:
        live: what becomes the row.
        state: of the gateway.
        owner: the license that it came with.
        runner: that made it.
        outcome: how it ends; None: it has not been decided yet.
        failover: its way through the pool, once it has one.
    """

    live: LiveTurn
    state: GatewayState
    owner: License
    runner: TurnRunner
    outcome: Outcome | None = None
    failover: Failover | None = None

    def __enter__(self) -> Self:
        try:
            self.state.budget.check(self.owner, self.live.endpoint, self.state.clock.now())
        except BaseException as error:
            self.__exit__(type(error), error, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._left_by(error)
        if self.failover is not None:
            self.failover.done()
        self.runner.log.note(self.state.finish(self.live, self.outcome or Outcome.FAILED))

    def _left_by(self, error: BaseException) -> None:
        """The handler did not come to its own end."""
        if isinstance(error, Refusal):
            error.headers |= self.error_headers
            self.live.status = error.status
            self.end(Outcome.REFUSED, error.error_code or "refused")
        elif isinstance(error, asyncio.CancelledError | ConnectionError):
            if self.runner.stopping:
                self.end(Outcome.FAILED, "gateway_stopped")
            else:
                self.end(Outcome.CLIENT_LEFT)
        elif isinstance(error, Exception):
            self.live.status = self.live.status or 500
            self.end(Outcome.FAILED, "internal_error")

    @property
    def error_headers(self) -> dict[str, str]:
        """What an error of ours says besides: the name by which the log knows the turn. Codex gets none to print."""
        return {"x-request-id": self.live.id} if self.live.endpoint == "chat/completions" else {}

    async def receive(self, request: web.BaseRequest) -> Received:
        """Read the request, as every turn begins.

        Raises:
            Refusal: its body is too large, stalls, cannot be decoded, or is no JSON object.
        """
        raw = await read_body(request)
        live, headers = self.live, request.headers
        encoding = headers.get("Content-Encoding")
        rewritten = live.endpoint == "chat/completions"
        if encoding is None and len(raw) <= OFF_LOOP:
            # As most come: there is nothing to undo, and nothing for another thread.
            body = raw
            live.received(raw)
            envelope = read_envelope(raw, headers, rewritten=rewritten)
        else:
            await off_loop(len(raw), live.received, raw)
            body = await off_loop(len(raw), decoded, raw, encoding or "")
            envelope = await off_loop(len(body), read_envelope, body, headers, rewritten=rewritten)
        live.read(envelope)
        return Received(raw, body, envelope)

    def lead(
        self,
        received: Received,
        model: str | None,
        *,
        turn_state: str | None = None,
        warm: str | None = None,
        kinds: Kinds = None,
        beside: bool = False,
        wait_s: Callable[[], float] | None = None,
    ) -> Failover:
        """Its way through the pool.

        Args:
            received: the request.
            model: upstream's name of it.
            turn_state: Codex's own, if it came with one.
            warm: the token that has the conversation in its cache, where no session says so.
            kinds: of the tokens that can be asked for it.
            beside: it is no turn of its session (see `Wanted`).
            wait_s: how long it may be held at the station, in seconds; None: as long as the user says.
        """
        envelope = received.envelope
        sealed = SealedItems(envelope.data, turn_state)
        if warm is None and sealed.turn_state is not None:
            # Where no session says whose turn state it is, it goes back to whom it was issued to.
            warm = self.state.pool.turn_state_owner(sealed.turn_state)
        live = self.live
        live.beside = beside
        # A session that it opens is named after it.
        session_id = f"s-{live.id[-8:]}"
        wanted = Wanted(live.license_id, envelope.names, model, sealed, session_id, warm, kinds, beside)
        size = len(received.raw) + (0 if received.body is received.raw else len(received.body))
        self.failover = Failover(live, wanted, self.state, self.runner.refresher, size, wait_s)
        return self.failover

    def opened(self, opening: Opening) -> None:
        """Upstream has answered, one way or the other: what its headers say of the token's quota."""
        state, token_id = self.state, self.live.token_id
        state.way_found()
        quota = quota_from_headers(opening.answer.headers, state.clock.now())
        if quota is not None and token_id is not None:
            state.note_quota(token_id, quota)

    def begun(self, opening: Opening) -> None:
        """It is an answer."""
        if self.failover is not None:
            self.failover.proven(opening.answer.headers.get(TURN_STATE))

    def failed(self, failure: UpstreamFailure) -> Meaning | None:
        """Upstream failed, before the client saw anything or later."""
        if self.failover is None:
            return None
        code = failure.upstream_code or f"http_{failure.fault.status or failure.status}"
        return self.failover.failed(failure.fault, code).meaning

    def no_answer(self, problem: NoAnswer) -> None:
        """There was no answer at all."""
        if not problem.sent:
            self.live.sent_sha256 = None
            self.state.way_lost.set()
        if self.failover is not None:
            # What upstream may have seen is no matter of the way there.
            code = "upstream_stream_truncated" if problem.sent else problem.code
            self.failover.failed(Fault(None, code, readable=False), problem.code)

    def observed(self, observer: UsageObserver) -> None:
        """What upstream's stream said of usage, quota, and its end."""
        self.live.usage = observer.usage
        if observer.rate_limits is not None and self.live.token_id is not None:
            quota = quota_from_event(observer.rate_limits, self.state.clock.now())
            if quota is not None:
                self.state.note_quota(self.live.token_id, quota)

    def passed_on(self, size: int) -> None:
        """Note `size` bytes of the answer's body given to the client."""
        live = self.live
        if live.first_byte_ms is None:
            live.first_byte_ms = (self.state.clock.monotonic() - live.started) * 1000
        live.response_bytes += size

    def unanswered(self, problem: NoAnswer, status: int) -> Refusal:
        """The client gets no answer of upstream's: note it, and return the error for it."""
        # The frames that it came through know it, and the body: megabytes, until the collector comes by.
        problem.__traceback__ = None
        self.live.status = status
        self.end(Outcome.FAILED, problem.code)
        return Refusal(status, problem.message, type="server_error", code=problem.code, headers=self.error_headers)

    def end(self, outcome: Outcome, error: str | None = None) -> None:
        """Decide how it ends; only the first decision counts."""
        if self.outcome is None:
            self.outcome = outcome
            self.live.error = error


class TurnRunner:
    """Makes turns.

    Args:
        state: of the gateway.
        refresher: renews logins; None: nobody does.

    Attributes:
        refresher: the same.
        stopping: the gateway is being stopped: who is cancelled now did not leave.
        log: has a line for each that ended.
    """

    def __init__(self, state: GatewayState, refresher: Refresher | None = None) -> None:
        self.state = state
        self.refresher = refresher
        self.stopping = False
        self.log = TurnLog()

    def turn(self, request: web.BaseRequest, endpoint: str, owner: License) -> RunningTurn:
        """One turn, from its request's headers to the last byte of its answer; the handler enters it at once.

        Raises:
            Refusal: on entering it, when the license's daily budget is used up.
        """
        client = request.headers.get("User-Agent", "")[:MAX_CLIENT]
        live = self.state.begin(endpoint, owner.id, client=client, peer=request.remote or "")
        return RunningTurn(live, self.state, owner, self)

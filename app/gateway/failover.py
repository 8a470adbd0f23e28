"""Carries out what `core.attempts` decides for one turn: waits, renewals, and what is written down of each try."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable
from datetime import datetime

from app.core.attempts import Attempts
from app.core.credential import ChatGPTLogin, TokenSecrets
from app.core.errors import Refusal
from app.core.health import LIMIT
from app.core.limit_reached import LONGEST_RETRY_S, LimitReached
from app.core.sealed import digest
from app.core.shortage import Shortage, Unusable
from app.core.steps import Failure, GiveUp, Hold, Pause, Queue, Refresh, Send, Step, Wanted, Why
from app.core.turn import Attempt
from app.core.verdict import Fault, Meaning
from app.gateway.live_turn import LiveTurn
from app.gateway.refresher import Refresher, RefreshResult
from app.gateway.replies import stopping
from app.gateway.state import GatewayState

#: How long a turn waits in line for a token at most, and how many may wait, in seconds and turns.
LINE_S = 15 * 60.0
LINE_TURNS = 512

#: Failures of the request, which say nothing of the token.
_NOT_THE_TOKENS = frozenset({Meaning.CLIENT, Meaning.FOREIGN, Meaning.MODEL})

#: When to try again, when nobody knows better; a refresh is tried as often. In seconds.
_SOON_S = 30.0

_log = logging.getLogger(__name__)


class Failover:
    """One turn on its way through the pool.

    Args:
        live: the turn.
        wanted: what it asks for.
        state: of the gateway.
        refresher: renews logins; None: there is nobody to renew them.
        size: of its body, packed and unpacked, in bytes.
        wait_s: how long it may be held at the station now, in seconds; None: as long as the user says meanwhile.
    """

    def __init__(
        self,
        live: LiveTurn,
        wanted: Wanted,
        state: GatewayState,
        refresher: Refresher | None,
        size: int,
        wait_s: Callable[[], float] | None,
    ) -> None:
        self._live = live
        self._wanted = wanted
        self._state = state
        self._refresher = refresher
        self._size = size
        self._wait_s = wait_s
        self._attempts = Attempts(state.pool, wanted, started=state.clock.now())
        self._ticket: int | None = None
        self._in_line_s = 0.0
        self._held_s = 0.0
        self._called: str | None = None
        self._sent_at = 0.0
        self._tried: Attempt | None = None
        self._send: Send | None = None
        self._last_code = ""
        self._opened: TokenSecrets | None = None
        self._proven = False
        self._meanings: tuple[Meaning, ...] = ()

    async def next(self) -> Send | None:
        """The token to send it with; None: upstream's last answer is the answer.

        Raises:
            Refusal: nobody can serve it; with the counts, the times and what to do.
        """
        step = self._decide()
        if self._tried is not None and not (isinstance(step, GiveUp) and step.why is Why.LAST_ANSWER):
            self._live.attempts += (self._tried,)
        self._tried = None
        while True:
            match step:
                case Send() as send:
                    self._send = send
                    self._opened = self._state.secrets.get(send.token.id)
                    self._sent_at = self._state.clock.monotonic()
                    self._state.granted(self._live, send)
                    return send
                case Pause(seconds):
                    await asyncio.sleep(seconds)
                case Refresh(token_id):
                    await self._refresh(token_id)
                case Queue(token_ids, within_s):
                    await self._wait_in_line(token_ids, within_s)
                case Hold() as hold:
                    step = await self._hold(hold)
                    continue
                case GiveUp(Why.LAST_ANSWER):
                    if self._wanted.model is not None and set(self._meanings) == {Meaning.MODEL}:
                        self._state.on_model_refused(self._wanted.model, self._live.endpoint == "chat/completions")
                    return None
                case GiveUp(why, missing):
                    raise self._given_up(why, missing)
            step = self._decide()

    def other_way(self) -> bool:
        """Whether another token could serve the turn by another way to upstream."""
        return self._send is not None and self._attempts.other_way(self._send.token, self._state.clock.now())

    def failed(self, fault: Fault, code: str) -> Failure:
        """Upstream failed; `code` is what the turn's row says of it."""
        now = self._state.clock.now()
        token_id = self._send.token.id if self._send is not None else None
        failure = self._attempts.failed(fault, now)
        self._meanings += (failure.meaning,)
        self._last_code = code
        if token_id is not None and failure.token_id is not None:
            ms = (self._state.clock.monotonic() - self._sent_at) * 1000
            self._tried = Attempt(token_id, code, ms)
            self._state.freed(token_id, failed=True)
            self._state.health_changed(token_id)
            if failure.meaning not in _NOT_THE_TOKENS:
                self._state.token_failed(token_id, code)
            _log.info("turn %s: token %s failed: %s (%s)", self._live.id, token_id, code, failure.meaning)
            if failure.sign_in_needed is not None:
                self._state.sign_in_needed(token_id, failure.sign_in_needed)
        return failure

    def proven(self, turn_state: str | None = None) -> None:
        """Upstream has begun to answer, with this turn state of its own."""
        if self._send is None:
            return
        state, token_id = self._state, self._send.token.id
        state.token_worked(token_id)
        if self._attempts.proven(state.clock.now()):
            state.health_changed(token_id, better=True)
        if self._proven:
            # Its end says once more that the token works, and nothing else that is new.
            return
        self._proven = True
        if turn_state:
            state.pool.note_turn_state(digest(turn_state), token_id)
        model, models = self._wanted.model, state.models
        if model is not None and (model in models.withdrawn or not models.was_there(model)):
            state.on_model_served(model)
        self._wanted.sealed.let_go()

    def done(self) -> None:
        """The turn is over."""
        self._attempts.done()
        if self._send is not None:
            self._state.freed(self._send.token.id)

    async def _refresh(self, token_id: str) -> None:
        result = RefreshResult.NEVER
        login = self._opened.credential if self._opened is not None else None
        if self._refresher is not None and isinstance(login, ChatGPTLogin):
            # The one that was refused: by now another may be in use, and then that is tried.
            result = await self._refresher.refresh(token_id, "unauthorized_recovery", login.access_token)
        token = self._state.pool.get(token_id)
        if result is RefreshResult.NEVER and token is not None and token.enabled:
            # An API key, or an access token alone: there is nothing to renew it with.
            self._state.sign_in_needed(token_id, self._last_code)
        # That the sign-in service cannot be asked now says nothing against the login.
        self._attempts.refreshed(
            token_id, renewed=result is RefreshResult.RENEWED, refused=result is not RefreshResult.LATER
        )

    async def _wait_in_line(self, token_ids: frozenset[str], within_s: float | None) -> None:
        state = self._state
        if self._ticket is None:
            if len(state.turnstile) >= LINE_TURNS:
                raise _too_busy()
            self._ticket = state.turnstile.ticket()
        left = LINE_S - self._in_line_s
        if left <= 0:
            raise _too_busy()
        begun = state.clock.monotonic()
        self._called = await state.turnstile.wait(self._ticket, token_ids, min(left, within_s or left))
        self._in_line_s += state.clock.monotonic() - begun
        self._note_wait(begun)
        self._attempts.queued(state.clock.now())

    async def _hold(self, hold: Hold) -> Step:
        """Wait at the station for another step, or refuse with the time at which a token is back."""
        state = self._state
        if not self._may_wait(hold.until, state.clock.now()) or not state.station.has_room(self._size):
            raise self._limit(hold)
        if state.station.closed:
            raise stopping()
        self._in_line_s = 0.0
        begun = state.clock.monotonic()
        _log.info("turn %s waits at the station", self._live.id)
        step: Step = hold
        with state.station.place(self._live.id, self._size, hold.until) as held:
            while isinstance(step, Hold):
                held.until = step.until
                state.changed()
                await state.station.wait(held)
                if state.station.closed:
                    raise stopping()
                if held.given_up or not self._may_wait(held.until, held.since):
                    raise self._limit(step)
                if held.move_to is not None:
                    self._attempts.move_to(held.move_to)
                    held.move_to = None
                self._attempts.held(state.clock.now())
                step = self._decide()
            # However often it has to wait, it is the user's time once.
            self._held_s += max(0.0, state.clock.now() - held.since)
        self._note_wait(begun)
        state.changed()
        return step

    def _decide(self) -> Step:
        step = self._attempts.decide(self._state.clock.now())
        if not isinstance(step, Send):
            # Also a turn that waits, or is refused, is one of its session.
            session = self._state.pool.sessions.find(self._wanted.license_id, self._wanted.names)
            if session is not None:
                self._live.session_id = session.id
        if self._called is not None:
            called, self._called = self._called, None
            taken = isinstance(step, Send) and step.token.id == called
            waits_on = isinstance(step, Queue) and called in step.token_ids
            if not taken and not waits_on:
                # The token that it was called for goes to the next in line.
                self._state.freed(called)
        return step

    def _may_wait(self, until: float, since: float) -> bool:
        wait_s = self._state.pool.policy.wait_s if self._wait_s is None else self._wait_s()
        return self._held_s + until - since <= wait_s

    def _note_wait(self, begun: float) -> None:
        waited = (self._state.clock.monotonic() - begun) * 1000
        self._live.waited_ms = (self._live.waited_ms or 0.0) + waited

    def _limit(self, hold: Hold) -> Refusal:
        now = self._state.clock.now()
        sentence = hold.shortage.message(self._clock_time)
        if not hold.shortage.limited:
            # It is a matter of seconds or minutes, for which Codex and the SDKs wait by themselves when told so.
            return _later(sentence, hold.until - now)
        if hold.token_id is not None:
            sentence += (
                " This conversation holds what only that account can read: wait for it, or start a new conversation."
            )
        return LimitReached(
            sentence,
            endpoint=self._live.endpoint,
            code="usage_limit_reached",
            resets_at=hold.until,
            now=now,
            plan=self._plan_at_limit(),
            advice=f"Waystation: {sentence.rstrip('.')}" if sentence.isascii() else None,
        )

    def _plan_at_limit(self) -> str | None:
        """The plan of the tokens at their limit, if they have all the same."""
        pool = self._state.pool
        rests = ((token, pool.health(token.id).rest) for token in pool.tokens)
        plans = {token.plan for token, rest in rests if rest is not None and rest.reason == LIMIT}
        return plans.pop() if len(plans) == 1 else None

    def _given_up(self, why: Why, missing: Shortage) -> Refusal:
        chat = self._live.endpoint == "chat/completions"
        counts = missing.message(self._clock_time)
        if why is Why.NEW_CONVERSATION:
            return Refusal(
                400,
                "This conversation holds what only one account can read (a compaction, a file, or an earlier answer), "
                "and that account cannot serve any more. Start a new conversation.",
                code="start_new_conversation",
            )
        if why is Why.PINNED:
            return Refusal(
                400,
                "This conversation is pinned to one token, but holds what only another account can read (a compaction, "
                "a file, or an earlier answer). Unpin it in Waystation, move it back, or start a new conversation.",
                code="session_pinned",
            )
        if why is Why.REFUSED:
            refused = "Upstream refused this request on two tokens in a row, so Waystation tries no others."
            sentence = " ".join(filter(None, (refused, missing.remedy, counts)))
        elif any(reason is Unusable.RESTING for reason, _ in missing.reasons):
            # A login could not be renewed just now: a matter of moments.
            return _later(
                counts if missing.pinned else f"No token of Waystation can serve this at the moment. {counts}", _SOON_S
            )
        elif missing.pinned:
            sentence = counts
        else:
            sentence = counts if missing.empty else f"No token of Waystation can serve this. {counts}"
            sentence = f"{sentence} {missing.remedy}".rstrip()
        # 400, because Codex shows a 400 at once and repeats a 5xx thirty times.
        kind = "server_error" if chat else "invalid_request_error"
        code = "session_pinned" if missing.pinned and why is Why.NO_TOKEN else "no_available_token"
        # Only the user can help: an SDK shall not try for a while before it tells.
        headers = {"Retry-After": str(int(_SOON_S)), "x-should-retry": "false"} if chat else {}
        return Refusal(503 if chat else 400, sentence, type=kind, code=code, headers=headers)

    def _clock_time(self, seconds: float) -> str:
        form = "%H:%M" if seconds - self._state.clock.now() < 20 * 3600 else "%Y-%m-%d %H:%M"
        return datetime.fromtimestamp(seconds).strftime(form)


def _later(sentence: str, wait_s: float) -> Refusal:
    wait = max(1, math.ceil(wait_s))
    headers = {"Retry-After": str(wait)}
    if wait > LONGEST_RETRY_S:
        headers["x-should-retry"] = "false"
    return Refusal(429, sentence, type="rate_limit_error", code="rate_limit_exceeded", headers=headers)


def _too_busy() -> Refusal:
    return _later("Too many requests wait for Waystation's tokens. Try again in a minute, or add a token.", _SOON_S)

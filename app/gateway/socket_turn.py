"""One request over a WebSocket and what upstream answers: read as it passes, never changed."""

from __future__ import annotations

import asyncio

from multidict import CIMultiDict

from app.core.envelope import Envelope
from app.core.quota_reading import quota_from_headers
from app.core.turn import Outcome
from app.core.verdict import Meaning
from app.gateway.turn_runner import RunningTurn
from app.translate.errors import UpstreamFailure, failure_from_http, truncated
from app.translate.sse import Event, parsed_object
from app.translate.usage import UsageObserver

#: What such turns are called in the history.
ENDPOINT = "responses/websocket"
#: Upstream's words about the socket itself, which Codex takes as "open another one" (codex-wire §1.6).
RECONNECT = "websocket_connection_limit_reached"
_ABOUT_THE_SOCKET = frozenset({RECONNECT, "previous_response_not_found"})


class Exchange:
    """A `response.create` frame, until upstream has answered it.

    Args:
        turn: that it is; None for a warm-up, which is none.
        envelope: of the frame.

    Attributes:
        names: of the conversation, as the frame and the handshake say.
        over: the last event has gone to the client.
    """

    def __init__(self, turn: RunningTurn | None, envelope: Envelope) -> None:
        self.turn = turn
        self.names = envelope.names
        self.over = asyncio.Event()
        self._observer = UsageObserver()
        self._seen = 0

    async def wait(self, silence_s: float) -> bool:
        """Wait until it is over; False when upstream has said nothing for that long (at most twice as long)."""
        while True:
            before = self._seen
            try:
                async with asyncio.timeout(silence_s):
                    await self.over.wait()
            except TimeoutError:
                if self._seen == before:
                    return False
            else:
                return True

    @property
    def ended(self) -> bool:
        """Whether its last event has come."""
        return self._observer.terminal is not None

    @property
    def begun(self) -> bool:
        """Whether something has come that the client would show."""
        return self._observer.begun

    def see(self, frame: bytes) -> bool:
        """Upstream sends this; False when the client shall not see it, but come again over another connection."""
        observer = self._observer
        begun = observer.begun
        self._seen += 1
        observer.see(frame)
        turn = self.turn
        if turn is not None and observer.begun and not begun and turn.failover is not None:
            turn.failover.proven()
        if not self.ended:
            return True
        if turn is not None:
            turn.observed(observer)
            turn.live.status = 200
        failure = self._failure(frame)
        if turn is None:
            return failure is None or failure.upstream_code in _ABOUT_THE_SOCKET
        if failure is None:
            turn.end(Outcome.COMPLETED)
            return True
        # Within an answer Codex takes a failed response for a broken line and asks again; an error frame ends its turn.
        return self._failed(turn, failure) or (begun and Event(frame).type != "error")

    def lost(self) -> bool:
        """Upstream's line ended; True when it was in the midst of this, and had not begun to answer."""
        if self.ended or (self.turn is not None and self.turn.outcome is not None):
            return False
        if self.turn is not None:
            self.turn.end(Outcome.FAILED, "upstream_stream_truncated")
            if not self.begun:
                self.turn.failed(truncated())
        return not self.begun

    def passed_on(self, size: int) -> None:
        """The client has got so many bytes."""
        if self.turn is not None:
            self.turn.passed_on(size)
        if self.ended:
            self.over.set()

    def _failure(self, frame: bytes) -> UpstreamFailure | None:
        """Why it failed; an `error` frame tells a status and headers as an HTTP answer has them."""
        failure = self._observer.failure
        told = parsed_object(frame) if failure is not None else None
        status = told.get("status") if told is not None else None
        if told is None or told.get("type") != "error" or not isinstance(status, int) or not 400 <= status <= 599:
            return failure
        named = told.get("headers")
        headers: CIMultiDict[str] = CIMultiDict(
            (name, str(value)) for name, value in (named if isinstance(named, dict) else {}).items()
        )
        now = 0.0
        if self.turn is not None:
            now = self.turn.state.clock.now()
            token_id, quota = self.turn.live.token_id, quota_from_headers(headers, now)
            if quota is not None and token_id is not None:
                self.turn.state.note_quota(token_id, quota)
            self.turn.live.status = status
        return failure_from_http(status, frame, headers, now=now)

    @staticmethod
    def _failed(turn: RunningTurn, failure: UpstreamFailure) -> bool:
        """Note the failure; True when another token or another way would not help."""
        turn.end(Outcome.FAILED, failure.upstream_code or f"http_{failure.status}")
        if failure.upstream_code in _ABOUT_THE_SOCKET:
            return True
        return turn.failed(failure) is Meaning.CLIENT

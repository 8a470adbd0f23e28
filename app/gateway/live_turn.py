"""A turn while it runs: what its handlers learn of it, until it becomes a row."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields
from operator import attrgetter

from app.core.envelope import Envelope
from app.core.models import ModelTable
from app.core.pool import Reason
from app.core.steps import Send
from app.core.turn import Attempt, Outcome, TurnRow, Usage

#: Of a client's name for itself, so many characters are remembered.
MAX_CLIENT = 80
#: Of the words that a client chooses in its request, so many characters are remembered.
_MAX_WORD = 100


@dataclass(slots=True)
class LiveTurn:
    """Filled in by the handlers as they learn it; see `TurnRow`, which has the same fields, for their meaning."""

    id: str
    endpoint: str
    license_id: str
    client: str
    peer: str
    started_at: float
    #: Of the clock's monotonic time, in seconds.
    started: float
    token_id: str | None = None
    session_id: str | None = None
    note: str | None = None
    attempts: tuple[Attempt, ...] = ()
    waited_ms: float | None = None
    model: str | None = None
    effort: str | None = None
    stream: bool = False
    status: int | None = None
    error: str | None = None
    outcome: Outcome = Outcome.FAILED
    first_byte_ms: float | None = None
    total_ms: float = 0.0
    request_bytes: int = 0
    response_bytes: int = 0
    request_sha256: str = ""
    sent_sha256: str | None = None
    edits: tuple[str, ...] = ()
    usage: Usage | None = None
    #: It is no turn of its session (see `Wanted`).
    beside: bool = False

    def granted(self, send: Send) -> None:
        """Note the token that serves it now. Of a turn that changes tokens the most telling reason stays."""
        self.token_id = send.token.id
        self.session_id = send.session.id if send.session is not None else None
        if self.note is None or send.reason is not Reason.KEPT:
            self.note = str(send.reason)

    def received(self, body: bytes) -> None:
        """Note the body as it came."""
        self.request_bytes = len(body)
        self.request_sha256 = hashlib.sha256(body).hexdigest()

    def read(self, envelope: Envelope) -> None:
        """Note what the envelope says."""
        model, effort = envelope.model, envelope.effort
        if self.endpoint == "chat/completions" and model:
            # Until it is asked for, which what upstream offers may change.
            effort = _BUILT_IN.resolve(model).effort or effort
        self.model = model and model[:_MAX_WORD]
        self.stream = envelope.stream
        self.asks_for(effort)

    def asks_for(self, effort: str | None) -> None:
        """Note the effort that upstream is asked for."""
        self.effort = effort and effort[:_MAX_WORD]

    def sent(self, body: bytes, edits: tuple[str, ...]) -> None:
        """Note the body as it goes upstream."""
        self.edits = edits
        self.sent_sha256 = hashlib.sha256(body).hexdigest()

    def sent_as_received(self) -> None:
        """Note that the very bytes that came go upstream."""
        self.edits = ()
        self.sent_sha256 = self.request_sha256

    def row(self, outcome: Outcome, monotonic: float) -> TurnRow:
        """The turn as it will be remembered."""
        self.outcome = outcome
        self.total_ms = (monotonic - self.started) * 1000
        return TurnRow(*_row_of(self))


_BUILT_IN = ModelTable()
_row_of = attrgetter(*(field.name for field in fields(TurnRow)))

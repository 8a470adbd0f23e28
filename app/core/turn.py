"""A turn: one request and its stream, as it is remembered. Never its content."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from operator import attrgetter
from typing import Any

from app.core.record import record


class Outcome(StrEnum):
    """How a turn ended."""

    COMPLETED = "completed"
    #: Upstream, or the way there, failed; `TurnRow.error` says how.
    FAILED = "failed"
    #: Answered by ourselves with an error, without asking upstream.
    REFUSED = "refused"
    CLIENT_LEFT = "client_left"


@record
class Usage:
    """Tokens as upstream counted them; cached ones are a part of the input, reasoning a part of the output."""

    input_tokens: int
    cached_tokens: int
    output_tokens: int
    reasoning_tokens: int


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try of a turn that did not become its answer.

    Attributes:
        token_id: that was tried.
        error: why it did not serve, a short code.
        ms: how long the try took, in milliseconds.
    """

    token_id: str
    error: str
    ms: float


@record
class TurnRow:
    """One turn as the store keeps it and the desktop shows it.

    Attributes:
        id: ours, such as `r-5f0c9a12-345678901234`; in the order of their beginnings by the second.
        started_at: Unix seconds.
        endpoint: `responses` (over a socket `responses/websocket`), `responses/compact`, `chat/completions`, or a
            sub-path such as `images/generations`.
        license_id, session_id, token_id: whose turn it was; None where there was none.
        client: the client's name for itself (start of its User-Agent), at most 80 characters.
        peer: the client's IP address.
        model, effort: as asked for; None when the request did not say.
        stream: whether the client asked for a stream.
        status: the HTTP status that the client got; None when it left before.
        error: a short code when something went wrong (`usage_limit_reached`, `upstream_unreachable`, …).
        outcome: how it ended.
        first_byte_ms, total_ms: from the request's arrival to the first byte of the answer's body, and to its end.
        request_bytes, response_bytes: body sizes as they crossed the wire.
        request_sha256, sent_sha256: of the body received, and of the body sent upstream (None: nothing was sent).
        edits: names of the edits made to the body; empty means verbatim.
        usage: as upstream counted it; None when it did not say.
        note: why the session was given this token (a `Reason` of the pool).
        attempts: the tries before the one that gave the answer, in order.
        waited_ms: how long it was held in the station or in a token's queue; None when it was not.
    """

    id: str
    started_at: float
    endpoint: str
    license_id: str | None
    session_id: str | None
    token_id: str | None
    client: str
    peer: str
    model: str | None
    effort: str | None
    stream: bool
    status: int | None
    error: str | None
    outcome: Outcome
    first_byte_ms: float | None
    total_ms: float
    request_bytes: int
    response_bytes: int
    request_sha256: str
    sent_sha256: str | None
    edits: tuple[str, ...]
    usage: Usage | None
    note: str | None
    attempts: tuple[Attempt, ...] = ()
    waited_ms: float | None = None

    @property
    def verbatim(self) -> bool:
        """Whether upstream got the very bytes that the client sent."""
        return self.sent_sha256 is not None and self.sent_sha256 == self.request_sha256


def row_to_dict(row: TurnRow) -> dict[str, Any]:
    """The row as JSON can carry it, as `asdict` does it but several times as fast; see `row_from_dict`."""
    shown = dict(zip(_FIELDS, _values(row), strict=True))
    shown["usage"] = dict(zip(_USAGE_FIELDS, _usage_values(row.usage), strict=True)) if row.usage is not None else None
    shown["attempts"] = [asdict(attempt) for attempt in row.attempts]
    return shown


def row_from_dict(data: Mapping[str, Any]) -> TurnRow:
    """A row from what `row_to_dict` or `asdict` made of it, also by way of JSON.

    Raises:
        TypeError, ValueError, KeyError: it is none.
    """
    usage = data["usage"]
    return TurnRow(
        **{
            **data,
            "outcome": Outcome(data["outcome"]),
            "edits": tuple(data["edits"]),
            "usage": Usage(**usage) if usage is not None else None,
            "attempts": tuple(Attempt(**attempt) for attempt in data["attempts"]),
        }
    )


_FIELDS = tuple(field.name for field in fields(TurnRow))
_USAGE_FIELDS = tuple(field.name for field in fields(Usage))
_values, _usage_values = attrgetter(*_FIELDS), attrgetter(*_USAGE_FIELDS)

"""The closed list of edits that a `/responses` body may undergo, and which of them a turn needs.

Codex needs none of them as long as its session stays: they are for plain API clients, whose requests upstream would
refuse, and for sessions that have moved.
"""

from __future__ import annotations

from app.core.envelope import Envelope
from app.core.json_text import json_bytes
from app.core.record import record
from app.core.session import MAX_NAME, bounded_name
from app.core.splice import Change, spliced
from app.core.token import TokenKind


@record
class EditPlan:
    """The edits of one turn's body.

    Attributes:
        names: of the edits, as the turn's row lists them; empty means verbatim.
        changes, additions: for `spliced`.
        aggregate: whether the caller gets one JSON object made from upstream's stream.
    """

    names: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()
    additions: tuple[tuple[str, bytes], ...] = ()
    aggregate: bool = False

    def apply(self, body: bytes) -> bytes:
        """The body to send; the very same object when there is nothing to edit."""
        return spliced(body, self.changes, self.additions) if self.names else body


def plan_edits(
    envelope: Envelope, kind: TokenKind, *, strict: bool = False, leave_out: frozenset[int] = frozenset()
) -> EditPlan:
    """Which edits a body needs for this upstream.

    Args:
        envelope: of the request.
        kind: of the token that serves it; the ChatGPT backend refuses more than the Responses API.
        strict: strict pass-through: no edits, upstream's refusal is shown instead.
        leave_out: places in `input` of sealed reasoning that another token issued.
    """
    if strict:
        return EditPlan()
    data = envelope.data
    names: list[str] = []
    changes: list[Change] = []
    additions: list[tuple[str, bytes]] = []

    if "session_id" in data:
        # Upstream refuses the alias. An explicit key wins over it.
        names.append("session_id")
        alias = data["session_id"]
        if not alias or data.get("prompt_cache_key") is not None:
            changes.append(Change("session_id", remove=True))
        else:
            value = None if len(alias) <= MAX_NAME else json_bytes(bounded_name(alias))
            if "prompt_cache_key" in data:
                changes.append(Change("prompt_cache_key", remove=True))
            changes.append(Change("session_id", rename="prompt_cache_key", value=value))
    if leave_out:
        names.append("foreign_reasoning")
        changes.append(Change("input", without=leave_out))
    if kind is TokenKind.API_KEY:
        return EditPlan(tuple(names), tuple(changes), tuple(additions))

    def put(key: str, value: bytes) -> None:
        names.append(key)
        if key in data:
            changes.append(Change(key, value=value))
        else:
            additions.append((key, value))

    # "Stream must be set to true", "Store must be set to false", "Input must be a list": the ChatGPT backend.
    aggregate = not data.get("stream")
    if aggregate:
        put("stream", b"true")
    if data.get("store") in (None, True):
        put("store", b"false")
    text = data.get("input")
    if isinstance(text, str):
        put("input", json_bytes([{"type": "message", "role": "user", "content": [_input_text(text)]}]))
    if data.get("instructions") is None and not _has_developer_item(text):
        put("instructions", b'""')
    return EditPlan(tuple(names), tuple(changes), tuple(additions), aggregate)


def _input_text(text: str) -> dict[str, str]:
    return {"type": "input_text", "text": text}


def _has_developer_item(items: object) -> bool:
    # Codex 0.169 sends no instructions; its first input items have the role developer.
    return isinstance(items, list) and any(isinstance(item, dict) and item.get("role") == "developer" for item in items)

"""How likely each token of an answer was, in the shape of Chat Completions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.translate.events import objects, text

# What OpenAI writes for a token that is very unlikely (openai 3.54, `ChatCompletionTokenLogprob`).
_VERY_UNLIKELY = -9999.0


def tokens_of(value: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The tokens in the `logprobs` of an event or a part of upstream's."""
    return [
        _token(entry) | {"top_logprobs": [_token(other) for other in objects(entry, "top_logprobs")]}
        for entry in objects(value, "logprobs")
    ]


def _token(entry: Mapping[str, Any]) -> dict[str, Any]:
    logprob = entry.get("logprob")
    if isinstance(logprob, bool) or not isinstance(logprob, int | float) or not _VERY_UNLIKELY <= logprob <= 1:
        logprob = _VERY_UNLIKELY
    units = entry.get("bytes")
    # Deltas need not have bytes, and a token may be part of a character, so that its text does not tell them.
    is_bytes = isinstance(units, list) and all(type(unit) is int and 0 <= unit < 256 for unit in units)
    return {
        "token": text(entry, "token"),
        "logprob": float(logprob),
        "bytes": units if is_bytes else None,
    }


class Logprobs:
    """The tokens of one answer, by the field of the answer that they are part of."""

    def __init__(self) -> None:
        self._tokens: dict[str, list[dict[str, Any]]] = {"content": [], "refusal": []}

    def add(self, field: str, tokens: list[dict[str, Any]]) -> dict[str, Any] | None:
        """Remember these; the `logprobs` of the chunk that they come with."""
        self._tokens[field] += tokens
        return {name: tokens if name == field else None for name in self._tokens} if tokens else None

    def all(self) -> dict[str, Any] | None:
        """The `logprobs` for an answer in one piece; None when there are none."""
        return {name: tokens or None for name, tokens in self._tokens.items()} if any(self._tokens.values()) else None

"""The bytes of `chat.completion.chunk` objects, each as one event of the stream."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.core.json_text import json_bytes
from app.translate.frames import data_frame


class Chunks:
    """Writes the chunks of one answer.

    Args:
        id, created, model: the same in every chunk.
        include_usage: whether each chunk has the key `usage`.

    Attributes:
        service_tier: goes into every chunk from the time that it is known.
    """

    def __init__(self, *, id: str, created: int, model: str, include_usage: bool) -> None:
        self.service_tier: str | None = None
        self._id, self._created, self._model = id, created, model
        self._include_usage = include_usage

    def chunk(
        self, delta: Mapping[str, Any], finish_reason: str | None = None, logprobs: Mapping[str, Any] | None = None
    ) -> bytes:
        """A chunk of the only choice."""
        return self._chunk([{"index": 0, "delta": delta, "logprobs": logprobs, "finish_reason": finish_reason}], None)

    def usage(self, usage: Mapping[str, Any]) -> bytes:
        """The chunk that ends a stream whose client asked for usage; it has no choice."""
        return self._chunk([], usage)

    def around(self, delta: Mapping[str, Any]) -> tuple[bytes, bytes]:
        """What stands before and after the text in each chunk like that of `delta`, whose one empty string it is."""
        inner = json_bytes(delta)
        # Quotes within strings are escaped, so that neither is found in the model's name.
        before, _, after = self.chunk(delta).rpartition(inner)
        head, _, tail = inner.partition(b'""')
        return before + head, tail + after

    def _chunk(self, choices: list[dict[str, Any]], usage: Mapping[str, Any] | None) -> bytes:
        chunk: dict[str, Any] = {
            "id": self._id,
            "object": "chat.completion.chunk",
            "created": self._created,
            "model": self._model,
            "choices": choices,
        }
        if self._include_usage:
            chunk["usage"] = usage
        if self.service_tier is not None:
            chunk["service_tier"] = self.service_tier
        return data_frame(chunk)

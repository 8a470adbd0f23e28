"""The bytes of `chat.completion.chunk` objects, each as one event of the stream."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.core.json_text import json_bytes
from app.translate.frames import data_frame
from app.translate.runs import Run


class Flow:
    """Text that goes on where it was: then only the text is new in a chunk, and nothing else need be written again.

    Args:
        head, tail: what stands before and after the text's JSON in the chunk.
        runs: all that remember the text.
    """

    __slots__ = ("_head", "_runs", "_tail")

    def __init__(self, head: bytes, tail: bytes, runs: tuple[Run, ...]) -> None:
        self._head, self._tail, self._runs = head, tail, runs

    def chunk(self, said: str) -> bytes:
        """The chunk of more of the text."""
        for run in self._runs:
            run.add(said)
        return b"%b%b%b" % (self._head, json_bytes(said), self._tail)


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

    def flow(self, delta: Mapping[str, Any], *runs: Run) -> Flow:
        """What writes chunks like that of `delta`, whose one empty string is where the text goes."""
        inner = json_bytes(delta)
        # Quotes within strings are escaped, so that neither is found in the model's name.
        before, _, after = self.chunk(delta).rpartition(inner)
        head, _, tail = inner.partition(b'""')
        return Flow(before + head, tail + after, runs)

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

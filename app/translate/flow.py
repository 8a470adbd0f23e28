"""Text that goes on from event to event."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from app.core.json_text import json_bytes
from app.translate.runs import Run

#: What tells one text from another in the events that bring it.
_PLACE = ("output_index", "item_id", "content_index", "summary_index")


def place_of(event: Mapping[str, Any]) -> tuple[object, ...] | None:
    """Which text an event brings; None when it says so in a way that nothing should be compared with."""
    place = tuple(map(event.get, _PLACE))
    # Other things may be costly to compare, or deeper than can be.
    return place if all(part is None or isinstance(part, int | str) for part in place) else None


class Flow:
    """One text that has begun: of the chunks of its further events only the text is written anew.

    Args:
        kind: the type of these events.
        place: which text it is.
        head, tail: what stands before and after the text's JSON in each chunk.
        runs: all that remember the text.

    Attributes:
        kind: the same.
    """

    __slots__ = ("_add", "_head", "_place", "_tail", "kind")

    def __init__(self, kind: str, place: tuple[object, ...], head: bytes, tail: bytes, runs: tuple[Run, ...]) -> None:
        self.kind = kind
        self._place = place
        self._head, self._tail = head, tail
        self._add = [run.add for run in runs]

    def chunk(self, event: Mapping[str, Any]) -> bytes:
        """The chunk of an event of this kind; empty where it does not go on with this text."""
        said = event.get("delta")
        if not isinstance(said, str) or not said or self._place != tuple(map(event.get, _PLACE)):
            return b""
        for add in self._add:
            add(said)
        try:
            text = orjson.dumps(said)
        except TypeError:
            text = json_bytes(said)
        return b"%b%b%b" % (self._head, text, self._tail)

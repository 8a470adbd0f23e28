"""What upstream's events have in common: how a stream ends, numbers that can be trusted, and which item is meant."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

# SQLite and JavaScript both hold this; a larger count is not a count.
_MAX_COUNT = 2**53


class Terminal(StrEnum):
    """How a response ended."""

    COMPLETED = "completed"
    INCOMPLETE = "incomplete"
    FAILED = "failed"


#: The events that may end a stream; `response.done` is another name for `response.completed`.
TERMINAL_TYPES = frozenset(("response.completed", "response.done", "response.incomplete", "response.failed", "error"))


def terminal_of(event_type: str, event: Mapping[str, Any]) -> Terminal | None:
    """How this event ends the stream; None when it does not end it, or cannot be read (then it is empty)."""
    if not event:
        return None
    if event_type in ("response.completed", "response.done"):
        return terminal_of_status(member(event, "response").get("status")) or Terminal.COMPLETED
    if event_type == "response.incomplete":
        return Terminal.INCOMPLETE
    # Relays in between write `data: {"error": {...}}`, without a type.
    if event_type in ("response.failed", "error") or (not event_type and member(event, "error")):
        return Terminal.FAILED
    return None


def terminal_of_status(status: object) -> Terminal | None:
    """How a response with this `status` ended; None when it says nothing of an end."""
    if status == "completed":
        return Terminal.COMPLETED
    if status == "incomplete":
        return Terminal.INCOMPLETE
    return Terminal.FAILED if status in ("failed", "cancelled") else None


def member(value: object, key: str) -> Mapping[str, Any]:
    """The object under a key; empty when there is none."""
    inner = value.get(key) if isinstance(value, dict) else None
    return inner if isinstance(inner, dict) else {}


def objects(value: object, key: str) -> list[Mapping[str, Any]]:
    """The objects in the list under a key; anything else in it becomes an empty one, so that positions hold."""
    inner = value.get(key) if isinstance(value, dict) else None
    return [item if isinstance(item, dict) else {} for item in inner] if isinstance(inner, list) else []


def text(value: Mapping[str, Any], key: str) -> str:
    """The string under a key; empty when there is none."""
    inner = value.get(key)
    return inner if isinstance(inner, str) else ""


def count(value: object) -> int | None:
    """A count as an integer (some upstreams send 12.0); None when it is none."""
    if type(value) is float and value.is_integer():
        value = int(value)
    # No subclass: `true` is no count.
    return value if type(value) is int and 0 <= value < _MAX_COUNT else None


class ItemIndex:
    """Finds the output item that an event speaks of: by `output_index`, else by its id, else by the order of things.

    OpenAI always sends `output_index`; programs that imitate it do not.
    """

    def __init__(self) -> None:
        self._by_id: dict[str, int] = {}
        self._named: set[int] = set()
        self._done: set[int] = set()
        self._latest = -1
        self._highest = -1

    def of(self, event: Mapping[str, Any]) -> int:
        """The item's index in the output."""
        kind = event.get("type")
        name = text(event, "item_id") or text(member(event, "item"), "id")
        index = count(event.get("output_index"))
        if index is None:
            index = self._by_id.get(name)
        if index is None:
            another = self._latest in self._done or (name and self._latest in self._named)
            opens = kind == "response.output_item.added" or self._latest < 0
            index = self._highest + 1 if opens or another else self._latest
        if name:
            self._by_id.setdefault(name, index)
            self._named.add(index)
        if kind == "response.output_item.done":
            self._done.add(index)
        self._latest = index
        self._highest = max(self._highest, index)
        return index

    def by_id(self, name: object) -> int | None:
        """The index of the item with this id, if it was seen."""
        return self._by_id.get(name) if isinstance(name, str) else None

"""What in a request only the account that issued it can read: sealed reasoning, compactions, ids of things kept there.

The backend seals reasoning and compaction items for the account (codex-wire §4, §5): sent to another one they cost
the whole turn. Sealed reasoning can be left out, at the price of some thinking; the rest cannot.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cached_property
from typing import Any

#: Hexadecimal digits of a digest: enough to tell the items of one conversation apart.
_DIGEST = 16


def digest(text: str) -> str:
    """A short hash that stands for a sealed text; it tells nothing of it."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST]


class SealedItems:
    """Finds what is sealed in a request, when somebody asks.

    Args:
        data: the parsed request.
        turn_state: the client's `x-codex-turn-state`, if it sent one.
    """

    def __init__(self, data: Mapping[str, Any], turn_state: str | None = None) -> None:
        items = data.get("input")
        self._items: list[Any] = items if isinstance(items, list) else []
        self._data = data
        self.turn_state = digest(turn_state) if turn_state else None

    @cached_property
    def reasoning(self) -> tuple[tuple[int, str], ...]:
        """Sealed reasoning that can be left out: place in `input`, and digest."""
        return tuple(
            (place, digest(item["encrypted_content"]))
            for place, item in enumerate(self._items)
            if _is_sealed(item) and item.get("type") == "reasoning"
        )

    @cached_property
    def kept(self) -> tuple[str, ...]:
        """Digests of what cannot be left out: compactions, files, and responses that are kept upstream."""
        found = [
            digest(item["encrypted_content"])
            for item in self._items
            if _is_sealed(item) and item.get("type") != "reasoning"
        ]
        found += [digest(file) for item in self._items for file in _file_ids(item)]
        found += [digest(str(item["id"])) for item in self._items if _is_reference(item)]
        found += [
            digest(value)
            for key in ("previous_response_id", "conversation")
            if isinstance(value := self._data.get(key), str) and value
        ]
        return tuple(dict.fromkeys(found))

    @property
    def any(self) -> bool:
        """Whether moving this turn to another account would lose something."""
        return self.turn_state is not None or bool(self.reasoning) or bool(self.kept)


def _is_sealed(item: object) -> bool:
    return isinstance(item, dict) and isinstance(item.get("encrypted_content"), str) and bool(item["encrypted_content"])


def _is_reference(item: object) -> bool:
    return isinstance(item, dict) and item.get("type") == "item_reference" and isinstance(item.get("id"), str)


def _file_ids(item: object) -> list[str]:
    if not isinstance(item, dict):
        return []
    found: list[str] = []
    for key in ("content", "output"):
        parts = item.get(key)
        if isinstance(parts, list):
            found += [
                part["file_id"] for part in parts if isinstance(part, dict) and isinstance(part.get("file_id"), str)
            ]
    return found

"""What in a request only the account that issued it can read: sealed reasoning, compactions, ids of things kept there.

The backend seals reasoning and compaction items for the account (codex-wire §4, §5): sent to another one they cost
the whole turn. Sealed reasoning can be left out, at the price of some thinking; the rest cannot.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
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
        # Not by `cached_property`: in Python 3.11 that takes a lock each time.
        self._reasoning: tuple[tuple[int, str], ...] | None = None
        self._kept: tuple[str, ...] | None = None

    @property
    def reasoning(self) -> tuple[tuple[int, str], ...]:
        """Sealed reasoning that can be left out: place in `input`, and digest."""
        if self._reasoning is None:
            self._reasoning = tuple(
                (place, digest(text))
                for place, item in enumerate(self._items)
                if isinstance(item, dict)
                and item.get("type") == "reasoning"
                and (text := _text(item, "encrypted_content"))
            )
        return self._reasoning

    @property
    def kept(self) -> tuple[str, ...]:
        """Digests of what cannot be left out: compactions, files, and responses that are kept upstream."""
        if self._kept is None:
            self._kept = self._find_kept()
        return self._kept

    def _find_kept(self) -> tuple[str, ...]:
        # Each turn of a known session is looked through, and may have thousands of items: one pass, few calls.
        found = []
        for item in self._items:
            if not isinstance(item, dict) or (kind := item.get("type")) == "reasoning":
                continue
            if "encrypted_content" in item:
                found.append(item["encrypted_content"])
            if kind == "item_reference":
                found.append(item.get("id"))
            for parts in (item.get("content"), item.get("output")):
                if isinstance(parts, list):
                    found += [part["file_id"] for part in parts if isinstance(part, dict) and "file_id" in part]
        conversation = self._data.get("conversation")
        found.append(conversation.get("id") if isinstance(conversation, dict) else conversation)
        found.append(self._data.get("previous_response_id"))
        return tuple(dict.fromkeys(digest(text) for text in found if isinstance(text, str) and text))

    def let_go(self) -> None:
        """Nobody asks any more: the request itself, of megabytes, is not needed. What was found is remembered."""
        self._items, self._data = [], {}

    @property
    def any(self) -> bool:
        """Whether moving this turn to another account would lose something."""
        return self.turn_state is not None or bool(self.reasoning) or bool(self.kept)


def _text(data: Mapping[str, Any], key: str) -> str:
    value = data.get(key)
    return value if isinstance(value, str) else ""

"""Function calls in upstream's stream as `tool_calls` of Chat Completions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.translate.events import text
from app.translate.runs import Run

#: The item types that are calls, and where each has its arguments.
CALL_ITEMS = {"function_call": "arguments", "custom_tool_call": "input"}


class _Call:
    def __init__(self, index: int, call_id: str, name: str, kind: str) -> None:
        self.index = index
        self.call_id = call_id
        self.name = name
        self.kind = kind
        self.arguments = Run()


class Calls:
    """The calls of one answer, by the output item that each is. Calls may come side by side."""

    def __init__(self) -> None:
        self._by_item: dict[int, _Call] = {}

    def __bool__(self) -> bool:
        return bool(self._by_item)

    def open(self, where: int, item: Mapping[str, Any]) -> dict[str, Any] | None:
        """A call begins: the fragment with its id and name, or None if it is known or cannot be named yet."""
        call_id, name, kind = text(item, "call_id"), text(item, "name"), text(item, "type")
        if where in self._by_item or not call_id or not name or kind not in CALL_ITEMS:
            return None
        call = self._by_item[where] = _Call(len(self._by_item), call_id, name, kind)
        return {
            "index": call.index,
            "id": call_id,
            "type": "function",
            "function": {"name": name, "arguments": ""},
        }

    def delta(self, where: int, arguments: str) -> dict[str, Any] | None:
        """More arguments: their fragment; None for a call that never began, whose end brings all of it."""
        call = self._by_item.get(where)
        if call is None or not arguments:
            return None
        call.arguments.add(arguments)
        return {"index": call.index, "function": {"arguments": arguments}}

    def whole(self, where: int, arguments: str) -> dict[str, Any] | None:
        """The arguments are complete: the fragment of what is missing of them."""
        call = self._by_item.get(where)
        return None if call is None else self.delta(where, call.arguments.missing(arguments))

    def done(self, where: int, item: Mapping[str, Any]) -> dict[str, Any] | None:
        """The call is complete: what is missing of it, all of it if it never began."""
        arguments = text(item, CALL_ITEMS.get(text(item, "type"), ""))
        opened = self.open(where, item)
        if opened is None:
            return self.whole(where, arguments)
        self._by_item[where].arguments.add(arguments)
        opened["function"]["arguments"] = arguments
        return opened

    def all(self) -> list[dict[str, Any]]:
        """The calls for an answer in one piece."""
        return [
            {
                "id": call.call_id,
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments.text},
            }
            if call.kind == "function_call"
            else {
                "id": call.call_id,
                "type": "custom",
                "custom": {"name": call.name, "input": call.arguments.text},
            }
            for call in self._by_item.values()
        ]

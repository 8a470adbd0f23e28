"""Calls of functions and custom tools in upstream's stream, in the shape of Chat Completions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.translate.events import text
from app.translate.runs import Run

#: The item types that are calls, and where each has its arguments.
CALL_ITEMS = {"function_call": "arguments", "custom_tool_call": "input"}


class _Call:
    """One call; `index` is None until its client knows of it."""

    def __init__(self) -> None:
        self.index: int | None = None
        self.call_id = self.name = self.kind = ""
        self.arguments = Run()


class Calls:
    """The calls of one answer. They may come side by side, and their arguments before their names.

    A call is known by its `call_id`; events without one mean the call at their place in the output.

    Args:
        legacy: the client sent `functions`: there is one call, and it is the answer's `function_call`.
    """

    def __init__(self, *, legacy: bool = False) -> None:
        self._legacy = legacy
        self._begun: dict[str, _Call] = {}
        self._by_item: dict[int, _Call] = {}

    def __bool__(self) -> bool:
        return bool(self._begun)

    @property
    def finish_reason(self) -> str:
        """How an answer with calls finishes."""
        return "function_call" if self._legacy else "tool_calls"

    def open(self, where: int, item: Mapping[str, Any], arguments: str = "") -> dict[str, Any] | None:
        """A call begins: the delta with its id and name, or None if it is known or cannot be named.

        Args:
            where: the item's place in the output.
            item: upstream's.
            arguments: all of them, where they are known; else those that came before count.
        """
        call_id, name, kind = text(item, "call_id"), text(item, "name"), text(item, "type")
        if not call_id or not name or kind not in CALL_ITEMS:
            return None
        known = self._begun.get(call_id)
        if known is not None:
            self._by_item[where] = known
            return None
        call = self._at(where)
        if call.index is not None:
            call = self._by_item[where] = _Call()
        if self._legacy and self._begun:
            return None
        call.index, call.call_id, call.name, call.kind = len(self._begun), call_id, name, kind
        self._begun[call_id] = call
        if arguments:
            call.arguments = Run()
            call.arguments.add(arguments)
        function = {"name": name, "arguments": call.arguments.text}
        if self._legacy:
            return {"function_call": function}
        # The stream's type knows functions only; a custom call's input are its arguments there.
        return {"tool_calls": [{"index": call.index, "id": call_id, "type": "function", "function": function}]}

    def delta(self, where: int, arguments: str) -> dict[str, Any] | None:
        """More arguments: their delta; None for a call whose client does not know of it yet."""
        if not arguments:
            return None
        self._at(where).arguments.add(arguments)
        return self._delta(where, arguments)

    def whole(self, where: int, arguments: str) -> dict[str, Any] | None:
        """The arguments are complete: the delta of what is missing of them."""
        return self.delta(where, self._at(where).arguments.missing(arguments))

    def done(self, where: int, item: Mapping[str, Any]) -> dict[str, Any] | None:
        """The call is complete: the delta of what is missing of it, all of it if it never began."""
        arguments = text(item, CALL_ITEMS[text(item, "type")])
        return self.open(where, item, arguments) or self.whole(where, arguments)

    def further(self, where: int) -> tuple[Run, dict[str, Any]] | None:
        """The arguments that go on at this place, and their delta with an empty string for them."""
        empty = self._delta(where, "")
        return None if empty is None else (self._at(where).arguments, empty)

    def message(self) -> dict[str, Any]:
        """The calls as the answer in one piece has them: the keys of its message."""
        calls = list(self._begun.values())
        if not calls:
            return {}
        if self._legacy:
            return {"function_call": {"name": calls[0].name, "arguments": calls[0].arguments.text}}
        return {"tool_calls": [_whole(call) for call in calls]}

    def _at(self, where: int) -> _Call:
        return self._by_item.setdefault(where, _Call())

    def _delta(self, where: int, arguments: str) -> dict[str, Any] | None:
        index = self._at(where).index
        if index is None:
            return None
        function = {"arguments": arguments}
        return {"function_call": function} if self._legacy else {"tool_calls": [{"index": index, "function": function}]}


def _whole(call: _Call) -> dict[str, Any]:
    if call.kind == "function_call":
        function = {"name": call.name, "arguments": call.arguments.text}
        return {"id": call.call_id, "type": "function", "function": function}
    custom = {"name": call.name, "input": call.arguments.text}
    return {"id": call.call_id, "type": "custom", "custom": custom}

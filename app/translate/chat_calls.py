"""Calls of functions and custom tools in upstream's stream, in the shape of Chat Completions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.translate.events import text
from app.translate.runs import Run

#: The item types that are calls, and where each has its arguments.
CALL_ITEMS = {"function_call": "arguments", "custom_tool_call": "input"}


class _Call:
    """One call; it has no `index` before it can be named, and what is `untold` has not been given to the client."""

    def __init__(self) -> None:
        self.index: int | None = None
        self.call_id = self.name = self.kind = ""
        self.arguments = Run()
        self.untold: list[str] = []
        self.told = self.done = False

    def add(self, arguments: str) -> None:
        if arguments:
            self.arguments.add(arguments)
            self.untold.append(arguments)


class Calls:
    """The calls of one answer. They may come side by side, and their arguments before their names.

    A call is known by its `call_id`; events without one mean the call at their place in the output. Clients are told
    one call after the other, whatever upstream mixes: some take a further call for the end of the one before, others
    add all arguments to the last call that they have heard of.

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

    def open(self, where: int, item: Mapping[str, Any], arguments: str = "") -> bool:
        """A call begins; whether it does, which it does not if it is known or cannot be named.

        Args:
            where: the item's place in the output.
            item: upstream's.
            arguments: all of them, where they are known; else those that came before count.
        """
        call_id, name, kind = text(item, "call_id"), text(item, "name"), text(item, "type")
        if not call_id or not name or kind not in CALL_ITEMS:
            return False
        known = self._begun.get(call_id)
        if known is not None:
            self._by_item[where] = known
            return False
        call = self._at(where)
        if call.index is not None:
            call = self._by_item[where] = _Call()
        if self._legacy and self._begun:
            return False
        call.index, call.call_id, call.name, call.kind = len(self._begun), call_id, name, kind
        self._begun[call_id] = call
        if arguments:
            call.arguments, call.untold = Run(), []
            call.add(arguments)
        return True

    def delta(self, where: int, arguments: str) -> None:
        """More arguments."""
        self._at(where).add(arguments)

    def whole(self, where: int, arguments: str) -> None:
        """The arguments are complete."""
        call = self._at(where)
        call.add(call.arguments.missing(arguments))

    def done(self, where: int, item: Mapping[str, Any]) -> None:
        """The call is complete, whether or not it ever began."""
        arguments = text(item, CALL_ITEMS[text(item, "type")])
        if not self.open(where, item, arguments):
            self.whole(where, arguments)
        self._at(where).done = True

    def tell(self, *, over: bool = False) -> list[dict[str, Any]]:
        """The deltas that the client gets now; once the answer is `over`, of all that is left."""
        deltas = []
        for call in self._begun.values():
            if call.untold or not call.told:
                deltas.append(self._delta(call, "".join(call.untold)))
                call.untold, call.told = [], True
            if not (call.done or over):
                break
        return deltas

    def further(self, where: int) -> tuple[Run, dict[str, Any]] | None:
        """The arguments that go on at this place, and their delta with an empty string for them.

        None while the client does not know of the call.
        """
        call = self._at(where)
        return (call.arguments, self._delta(call, "")) if call.told else None

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

    def _delta(self, call: _Call, arguments: str) -> dict[str, Any]:
        named: dict[str, Any] = {} if call.told else {"name": call.name}
        function = named | {"arguments": arguments}
        if self._legacy:
            return {"function_call": function}
        # The stream's type knows functions only; a custom call's input are its arguments there.
        opening = {} if call.told else {"id": call.call_id, "type": "function"}
        return {"tool_calls": [{"index": call.index, **opening, "function": function}]}


def _whole(call: _Call) -> dict[str, Any]:
    if call.kind == "function_call":
        function = {"name": call.name, "arguments": call.arguments.text}
        return {"id": call.call_id, "type": "function", "function": function}
    custom = {"name": call.name, "input": call.arguments.text}
    return {"id": call.call_id, "type": "custom", "custom": custom}

"""The calls of tools in a conversation and their outputs: upstream refuses one without the other."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, NamedTuple

#: Upstream takes no longer `call_id`, though it has made some itself.
_MAX_CALL_ID = 64
#: What a call has brought about that its client never answered; Codex itself says so.
_ABORTED = "aborted"


class Origin(NamedTuple):
    """Where in `messages` an item comes from: the number of its message, and for one of its calls that one's number."""

    message: int
    call: int | None = None


#: An item, and where it comes from; None: from all messages together.
Sourced = tuple[dict[str, Any], Origin | None]


@dataclass(slots=True, eq=False)
class _Call:
    id: str
    custom: bool
    answered: bool = False


class CallPairs:
    """Matches outputs with calls, in the order of the conversation."""

    def __init__(self) -> None:
        self._calls: dict[str, _Call] = {}
        self._legacy: dict[str, str] = {}
        self._open: list[_Call] = []
        self._groups: list[tuple[int, list[_Call]]] = []

    def call(self, call_id: str, name: str, said: str, *, custom: bool = False) -> dict[str, Any]:
        """The item of a call; `said` is its arguments, or its input if it is of a custom tool."""
        call = _Call(bounded_call_id(call_id), custom)
        self._calls[call.id] = call
        self._open.append(call)
        if custom:
            return {"type": "custom_tool_call", "call_id": call.id, "name": name, "input": said}
        return {"type": "function_call", "call_id": call.id, "name": name, "arguments": said}

    def legacy_call(self, name: str, arguments: str) -> dict[str, Any]:
        """The item of a `function_call`, which has no id of its own."""
        self._legacy[name] = f"call_legacy_{len(self._calls)}"
        return self.call(self._legacy[name], name, arguments)

    def close(self, end: int) -> None:
        """The calls since last time end before item `end`: there is where their missing outputs would stand."""
        if self._open:
            self._groups.append((end, self._open))
            self._open = []

    def output(self, call_id: str, output: str | list[dict[str, Any]]) -> dict[str, Any] | None:
        """The item of an output; None when nothing before it has called."""
        call = self._calls.get(bounded_call_id(call_id))
        if call is None:
            return None
        call.answered = True
        return _output(call, output)

    def legacy_output(self, name: str, output: str | list[dict[str, Any]]) -> dict[str, Any] | None:
        """The item of a `function` message, which answers the last call of that name; None when there is none."""
        return self.output(self._legacy[name], output) if name in self._legacy else None

    def mended(self, items: list[Sourced]) -> list[Sourced]:
        """The items with an output for every call that the client has cancelled or forgotten."""
        whole: list[Sourced] = []
        done = 0
        for end, calls in self._groups:
            whole += items[done:end]
            origin = items[end - 1][1]
            whole += [(_output(call, _ABORTED), origin) for call in calls if not call.answered]
            done = end
        return whole + items[done:]


def bounded_call_id(call_id: str) -> str:
    """A `call_id` that upstream takes, the same for a call and its output."""
    if len(call_id) <= _MAX_CALL_ID:
        return call_id
    return "call_" + hashlib.sha256(call_id.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _output(call: _Call, output: str | list[dict[str, Any]]) -> dict[str, Any]:
    kind = "custom_tool_call_output" if call.custom else "function_call_output"
    return {"type": kind, "call_id": call.id, "output": output}

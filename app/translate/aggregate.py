"""One Response object out of upstream's stream, for `/responses` callers that asked for no stream.

The ChatGPT backend always streams, and its terminal event often has an empty `output`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.core.turn import Usage
from app.translate.errors import UpstreamFailure, failure_from_event, truncated
from app.translate.events import TERMINAL_TYPES, ItemIndex, Terminal, count, member, objects, terminal_of, text
from app.translate.runs import Run
from app.translate.sse import Event
from app.translate.usage import usage_of

_OPENING = ("response.created", "response.in_progress", "response.queued")
# Pieces of items, for streams whose `output_item.done` never comes: the item's type, the list in it that the piece
# belongs to (None: the item itself), the piece's type, its key, and the event's key for its index.
_PIECES: dict[str, tuple[str, str | None, str, str, str]] = {
    "response.output_text": ("message", "content", "output_text", "text", "content_index"),
    "response.refusal": ("message", "content", "refusal", "refusal", "content_index"),
    "response.reasoning_summary_text": ("reasoning", "summary", "summary_text", "text", "summary_index"),
    "response.reasoning_text": ("reasoning", "content", "reasoning_text", "text", "content_index"),
    "response.function_call_arguments": ("function_call", None, "", "arguments", ""),
    "response.custom_tool_call_input": ("custom_tool_call", None, "", "input", ""),
}
_LISTS = {"message": ("content",), "reasoning": ("summary", "content")}


class ResponseAggregate:
    """Collects one response. Feed it events until `over`, call `end` when the stream ends, then ask for the `result`.

    Attributes:
        usage: as upstream counted it; None when it did not say.
    """

    def __init__(self) -> None:
        self.usage: Usage | None = None
        self._items = ItemIndex()
        self._opening: Mapping[str, Any] = {}
        self._added: dict[int, Mapping[str, Any]] = {}
        self._done: dict[int, Mapping[str, Any]] = {}
        self._runs: dict[tuple[int, str, int], Run] = {}
        self._result: dict[str, Any] | UpstreamFailure | None = None

    @property
    def over(self) -> bool:
        """Whether the result is known."""
        return self._result is not None

    @property
    def result(self) -> dict[str, Any] | UpstreamFailure:
        """The Response object (completed or incomplete), or why there is none."""
        return truncated() if self._result is None else self._result

    def feed(self, event: Event) -> None:
        """Take one event of the stream; those after the end are ignored."""
        kind = event.type
        if self.over:
            return
        if kind in _OPENING:
            self._opening = member(event.json(), "response") or self._opening
        elif kind == "response.output_item.added":
            self._added[self._items.of(event.json())] = member(event.json(), "item")
        elif kind == "response.output_item.done":
            self._done[self._items.of(event.json())] = member(event.json(), "item")
        elif kind.endswith((".delta", ".done")) and kind.rpartition(".")[0] in _PIECES:
            self._take_piece(kind, event.json())
        elif kind in TERMINAL_TYPES or not kind:
            self._take_end(kind, event)

    def end(self) -> None:
        """Upstream's stream is over; without a terminal event before, that is a failure."""
        if self._result is None:
            self._result = truncated()

    def _take_piece(self, kind: str, event: Mapping[str, Any]) -> None:
        piece, _, suffix = kind.rpartition(".")
        *_, key, index_key = _PIECES[piece]
        place = (self._items.of(event), piece, count(event.get(index_key)) or 0)
        run = self._runs.setdefault(place, Run())
        run.add(text(event, "delta") if suffix == "delta" else run.missing(text(event, key)))

    def _take_end(self, kind: str, event: Event) -> None:
        terminal = terminal_of(kind, event.json())
        if terminal is None:
            return
        response = member(event.json(), "response")
        self.usage = usage_of(response)
        if terminal is Terminal.FAILED:
            self._result = failure_from_event(event.json())
            return
        # A short terminal event is filled in from the first one, which has every field.
        whole = {**self._opening, **response, "status": str(terminal)}
        if not objects(whole, "output"):
            whole["output"] = self._output(terminal)
        self._result = whole

    def _output(self, terminal: Terminal) -> list[Mapping[str, Any]]:
        places = sorted({*self._done, *self._added, *(where for where, _, _ in self._runs)})
        return [self._done[where] if where in self._done else self._rebuilt(where, terminal) for where in places]

    def _rebuilt(self, where: int, terminal: Terminal) -> dict[str, Any]:
        """An item that was never done, as far as it came."""
        pieces = sorted((piece, index) for at, piece, index in self._runs if at == where)
        kind = text(self._added.get(where, {}), "type") or (_PIECES[pieces[0][0]][0] if pieces else "")
        item: dict[str, Any] = {"type": kind, **self._added.get(where, {})}
        if kind == "message":
            item.setdefault("role", "assistant")
        item["status"] = str(terminal)
        lists: dict[str, list[dict[str, Any]]] = {name: [] for name in _LISTS.get(kind, ())}
        for piece, index in pieces:
            _, name, part_type, key, _ = _PIECES[piece]
            said = self._runs[where, piece, index].text
            if name is None:
                item[key] = said
            elif name in lists:
                part: dict[str, Any] = {"type": part_type, key: said}
                if part_type == "output_text":
                    part["annotations"] = []
                lists[name].append(part)
        for name, parts in lists.items():
            if parts or name not in item:
                item[name] = parts
        return item

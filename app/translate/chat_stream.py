"""The state machine that turns upstream's events into a Chat Completions answer, in chunks or in one piece.

Text comes from deltas; what is done repeats it, and so does the terminal event (or its `output` is empty, as the
ChatGPT backend has it with `store: false`). So of every whole only the part that has not been passed on is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from app.core.turn import Usage
from app.translate.chat_calls import CALL_ITEMS, Calls
from app.translate.citations import Citations
from app.translate.errors import UpstreamFailure, failure_from_event, truncated
from app.translate.events import TERMINAL_TYPES, ItemIndex, Terminal, count, member, objects, terminal_of, text
from app.translate.runs import Run
from app.translate.sse import Event
from app.translate.usage import chat_usage, usage_of

#: Where each kind of text goes in the answer, by the type of upstream's part that holds it. The name
#: `reasoning_content` is what clients read; Chat Completions itself has none.
_FIELDS = {
    "output_text": "content",
    "refusal": "refusal",
    "summary_text": "reasoning_content",
    "reasoning_text": "reasoning_content",
}
#: Deltas: the type of part, and the key of its index among its like.
_DELTAS = {
    "response.output_text.delta": ("output_text", "content_index"),
    "response.refusal.delta": ("refusal", "content_index"),
    "response.reasoning_summary_text.delta": ("summary_text", "summary_index"),
    "response.reasoning_text.delta": ("reasoning_text", "content_index"),
}
#: Texts that are done: as above, and the key of the text.
_WHOLES = {
    "response.output_text.done": ("output_text", "content_index", "text"),
    "response.refusal.done": ("refusal", "content_index", "refusal"),
    "response.reasoning_summary_text.done": ("summary_text", "summary_index", "text"),
    "response.reasoning_text.done": ("reasoning_text", "content_index", "text"),
}
_PARTS = {
    "response.content_part.done": "content_index",
    "response.reasoning_summary_part.done": "summary_index",
}
_ARGUMENT_DELTAS = ("response.function_call_arguments.delta", "response.custom_tool_call_input.delta")
_ARGUMENT_WHOLES = {
    "response.function_call_arguments.done": "arguments",
    "response.custom_tool_call_input.done": "input",
}
#: Of `service_tier` in openai 3.54's chat types; clients with closed enums fail on others.
_SERVICE_TIERS = ("auto", "default", "flex", "scale", "priority", "fast")
#: Other reasons (`max_messages`, …) end with `stop`: `length` would invite the client to ask for more.
_INCOMPLETE = {"max_output_tokens": "length", "max_tokens": "length", "content_filter": "content_filter"}


class ChatCompletion:
    """One answer. Feed it upstream's events until `over`, call `end` when upstream's stream ends.

    Args:
        id: of the answer, such as `chatcmpl-…`; the same in every chunk.
        created: Unix seconds.
        model: as the client asked for it.
        include_usage: whether the stream ends with a chunk of usage.

    Attributes:
        started: whether a chunk has been given out; until then another token may still answer instead.
        finish_reason: None until the answer is complete.
        failure: set when there is no (complete) answer.
        usage: as upstream counted it; None when it did not say (yet).
    """

    def __init__(self, *, id: str, created: int, model: str, include_usage: bool = False) -> None:
        self.started = False
        self.finish_reason: str | None = None
        self.failure: UpstreamFailure | None = None
        self.usage: Usage | None = None
        self._id, self._created, self._model = id, created, model
        self._include_usage = include_usage
        self._chat_usage: dict[str, Any] | None = None
        self._service_tier: str | None = None
        self._out: list[dict[str, Any]] = []
        self._items = ItemIndex()
        self._kinds: dict[int, str] = {}
        self._runs: dict[tuple[str, int, int], Run] = {}
        self._offsets: dict[tuple[int, int], int] = {}
        self._said: dict[str, list[str]] = {field: [] for field in _FIELDS.values()}
        self._content_length = 0
        self._content_item: int | None = None
        self._citations = Citations()
        self._calls = Calls()
        self._handlers = self._handlers_by_type()

    @property
    def over(self) -> bool:
        """Whether upstream has said all that matters: there is a finish reason or a failure."""
        return self.finish_reason is not None or self.failure is not None

    def feed(self, event: Event) -> list[dict[str, Any]]:
        """The `chat.completion.chunk` objects that this event makes; none for events that say nothing here."""
        kind = event.type
        handler = self._handlers.get(kind)
        if self.over or handler is None:
            return []
        body = event.json()
        handler(kind, body)
        chunks, self._out = self._out, []
        return chunks

    def end(self) -> None:
        """Upstream's stream is over; without a terminal event before, that is a failure."""
        if not self.over:
            self.failure = truncated()

    def completion(self) -> dict[str, Any]:
        """The whole answer as one `chat.completion`; only once there is a `finish_reason`."""
        said = {field: "".join(pieces) for field, pieces in self._said.items()}
        message: dict[str, Any] = {
            "role": "assistant",
            "content": said["content"],
            "refusal": said["refusal"] or None,
        }
        if not said["content"] and (self._calls or said["refusal"] or said["reasoning_content"]):
            message["content"] = None
        if said["reasoning_content"]:
            message["reasoning_content"] = said["reasoning_content"]
        if self._citations:
            message["annotations"] = self._citations.all()
        if self._calls:
            message["tool_calls"] = self._calls.all()
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": self.finish_reason}
        answer = self._head("chat.completion", [choice])
        if self._chat_usage is not None:
            answer["usage"] = self._chat_usage
        if self._service_tier is not None:
            answer["service_tier"] = self._service_tier
        return answer

    def _handlers_by_type(self) -> dict[str, Callable[[str, Mapping[str, Any]], None]]:
        return {
            **dict.fromkeys(_DELTAS, self._on_delta),
            **dict.fromkeys(_WHOLES, self._on_whole),
            **dict.fromkeys(_PARTS, self._on_part),
            **dict.fromkeys(_ARGUMENT_DELTAS, self._on_arguments_delta),
            **dict.fromkeys(_ARGUMENT_WHOLES, self._on_arguments),
            **dict.fromkeys(TERMINAL_TYPES, self._on_terminal),
            "": self._on_terminal,
            "response.output_item.added": self._on_item_added,
            "response.output_item.done": self._on_item_done,
            "response.output_text.annotation.added": self._on_annotation,
        }

    def _on_delta(self, kind: str, event: Mapping[str, Any]) -> None:
        part, index_key = _DELTAS[kind]
        self._say(part, self._items.of(event), count(event.get(index_key)) or 0, text(event, "delta"))

    def _on_whole(self, kind: str, event: Mapping[str, Any]) -> None:
        part, index_key, text_key = _WHOLES[kind]
        self._complete(part, self._items.of(event), count(event.get(index_key)) or 0, text(event, text_key))

    def _on_part(self, kind: str, event: Mapping[str, Any]) -> None:
        index = count(event.get(_PARTS[kind])) or 0
        self._part(self._items.of(event), index, member(event, "part"))

    def _on_item_added(self, kind: str, event: Mapping[str, Any]) -> None:
        where, item = self._items.of(event), member(event, "item")
        self._kinds.setdefault(where, text(item, "type"))
        self._emit_call(self._calls.open(where, item))

    def _on_item_done(self, kind: str, event: Mapping[str, Any]) -> None:
        self._item(self._items.of(event), member(event, "item"))

    def _on_arguments_delta(self, kind: str, event: Mapping[str, Any]) -> None:
        self._emit_call(self._calls.delta(self._items.of(event), text(event, "delta")))

    def _on_arguments(self, kind: str, event: Mapping[str, Any]) -> None:
        self._emit_call(self._calls.whole(self._items.of(event), text(event, _ARGUMENT_WHOLES[kind])))

    def _on_annotation(self, kind: str, event: Mapping[str, Any]) -> None:
        place = (self._items.of(event), count(event.get("content_index")) or 0)
        self._citations.add(member(event, "annotation"), place, self._offsets.get(place, 0))

    def _on_terminal(self, kind: str, event: Mapping[str, Any]) -> None:
        terminal = terminal_of(kind, event)
        if terminal is None:
            return
        response = member(event, "response")
        self.usage = usage_of(response)
        if terminal is Terminal.FAILED:
            self.failure = failure_from_event(event)
            return
        output = objects(response, "output")
        for where, item in zip(self._places(output), output, strict=True):
            self._item(where, item)
        self._chat_usage = chat_usage(response)
        tier = response.get("service_tier")
        self._service_tier = tier if tier in _SERVICE_TIERS else None
        if self._citations:
            self._emit({"annotations": self._citations.all()})
        if terminal is Terminal.INCOMPLETE:
            reason = text(member(response, "incomplete_details"), "reason")
            self.finish_reason = _INCOMPLETE.get(reason, "stop")
        else:
            self.finish_reason = "tool_calls" if self._calls else "stop"
        self._emit({}, self.finish_reason)
        if self._include_usage and self._chat_usage is not None:
            self._out.append(self._chunk([]) | {"usage": self._chat_usage})

    def _item(self, where: int, item: Mapping[str, Any]) -> None:
        """A whole item: pass on what is missing of it. Built-in tools and unknown items say nothing here."""
        kind = text(item, "type")
        self._kinds.setdefault(where, kind)
        if kind in CALL_ITEMS:
            self._emit_call(self._calls.done(where, item))
        elif kind in ("message", "reasoning"):
            for index, part in enumerate(objects(item, "summary")):
                self._part(where, index, part)
            for index, part in enumerate(objects(item, "content")):
                self._part(where, index, part)

    def _part(self, where: int, index: int, part: Mapping[str, Any]) -> None:
        kind = text(part, "type")
        if kind not in _FIELDS:
            return
        self._complete(kind, where, index, text(part, "refusal" if kind == "refusal" else "text"))
        for annotation in objects(part, "annotations"):
            self._citations.add(annotation, (where, index), self._offsets.get((where, index), 0))

    def _places(self, output: list[Mapping[str, Any]]) -> list[int]:
        """Which items of the stream the terminal event's output repeats: by id, else by order among their kind.

        Positions do not tell: the output may lack items that were streamed.
        """
        places = []
        ordinals: Counter[str] = Counter()
        for item in output:
            kind = text(item, "type")
            alike = [where for where, seen in self._kinds.items() if seen == kind]
            where = self._items.by_id(item.get("id"))
            if where is None:
                where = alike[ordinals[kind]] if ordinals[kind] < len(alike) else max(self._kinds, default=-1) + 1
            self._kinds.setdefault(where, kind)
            ordinals[kind] += 1
            places.append(where)
        return places

    def _say(self, part: str, where: int, index: int, said: str) -> None:
        if not said:
            return
        key = (part, where, index)
        run = self._runs.get(key)
        field = _FIELDS[part]
        lead = ""
        if run is None:
            run = self._runs[key] = Run()
            self._kinds.setdefault(where, "message" if field != "reasoning_content" else "reasoning")
            lead = self._lead(field, where)
        run.add(said)
        if field == "content":
            self._offsets.setdefault((where, index), self._content_length + len(lead))
            self._content_length += len(lead) + len(said)
            self._content_item = where
        self._said[field].append(lead + said)
        self._emit({field: lead + said})

    def _complete(self, part: str, where: int, index: int, whole: str) -> None:
        run = self._runs.get((part, where, index))
        self._say(part, where, index, whole if run is None else run.missing(whole))

    def _lead(self, field: str, where: int) -> str:
        """An empty line between two messages, and between two thoughts."""
        said = self._said[field]
        if not said or said[-1].endswith("\n") or field == "refusal":
            return ""
        return "" if field == "content" and where == self._content_item else "\n\n"

    def _emit_call(self, fragment: dict[str, Any] | None) -> None:
        if fragment is not None:
            self._emit({"tool_calls": [fragment]})

    def _emit(self, delta: dict[str, Any], finish_reason: str | None = None) -> None:
        if not self.started:
            # Clients add up strings, so the role comes exactly once.
            self.started = True
            self._emit({"role": "assistant", "content": ""})
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        self._out.append(self._chunk([choice]))

    def _head(self, kind: str, choices: list[dict[str, Any]]) -> dict[str, Any]:
        return {
            "id": self._id,
            "object": kind,
            "created": self._created,
            "model": self._model,
            "choices": choices,
        }

    def _chunk(self, choices: list[dict[str, Any]]) -> dict[str, Any]:
        chunk = self._head("chat.completion.chunk", choices)
        if self._include_usage:
            chunk["usage"] = None
        if self._service_tier is not None:
            chunk["service_tier"] = self._service_tier
        return chunk

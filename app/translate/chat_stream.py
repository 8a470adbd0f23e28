"""The state machine that turns upstream's events into a Chat Completions answer, in chunks or in one piece.

A chunk is made as the bytes that the client gets. Most events go on with the text of the event before; of their
chunks only the text is written (`Flow`).

Text comes from deltas; what is done repeats it, and so does the terminal event (or its `output` is empty, as the
ChatGPT backend has it with `store: false`). So of every whole only the part that has not been passed on is.
"""

from __future__ import annotations

import itertools
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from app.core.turn import Usage
from app.translate.chat_calls import CALL_ITEMS, Calls
from app.translate.chunks import Chunks
from app.translate.citations import Citations
from app.translate.errors import UpstreamFailure, failure_from_event, truncated
from app.translate.events import TERMINAL_TYPES, ItemIndex, Terminal, count, member, objects, terminal_of, text
from app.translate.flow import Flow, place_of
from app.translate.logprobs import Logprobs, tokens_of
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
        legacy_functions: the client sent `functions` and reads `function_call`.
        logprobs: whether the client asked how likely each token was.

    Attributes:
        started: whether a chunk has been given out; until then another token may still answer instead.
        finish_reason: None until the answer is complete.
        failure: set when there is no (complete) answer.
        usage: as upstream counted it; None when it did not say (yet).
    """

    def __init__(
        self,
        *,
        id: str,
        created: int,
        model: str,
        include_usage: bool = False,
        legacy_functions: bool = False,
        logprobs: bool = False,
    ) -> None:
        self.started = False
        self.finish_reason: str | None = None
        self.failure: UpstreamFailure | None = None
        self.usage: Usage | None = None
        self._head = {"id": id, "object": "chat.completion", "created": created, "model": model}
        self._chunks = Chunks(id=id, created=created, model=model, include_usage=include_usage)
        self._include_usage = include_usage
        self._wants_logprobs = logprobs
        self._chat_usage: dict[str, Any] | None = None
        self._out: list[bytes] = []
        self._flow: Flow | None = None
        self._items = ItemIndex()
        self._kinds: dict[int, str] = {}
        self._runs: dict[tuple[str, int, int], Run] = {}
        self._offsets: dict[tuple[int, int], int] = {}
        self._said = {field: Run() for field in _FIELDS.values()}
        self._content_item: int | None = None
        self._citations = Citations()
        self._logprobs = Logprobs()
        self._calls = Calls(legacy=legacy_functions)

    @property
    def over(self) -> bool:
        """Whether upstream has said all that matters: there is a finish reason or a failure."""
        return self.finish_reason is not None or self.failure is not None

    def feed(self, event: Event) -> bytes:
        """What this event adds to the stream, in whole `chat.completion.chunk` events; empty for most kinds."""
        kind = event.type
        handler = _HANDLERS.get(kind)
        if handler is None or self.over:
            return b""
        body = event.json()
        if self._flow is not None:
            if self._flow.kind == kind and (chunk := self._flow.chunk(body)):
                return chunk
            self._flow = None
        handler(self, kind, body)
        out, self._out = self._out, []
        return b"".join(out)

    def go_on(self, kind: str, data: bytes) -> bytes:
        """As `feed`, of an event whose text goes on where it was; empty: it may be any other, and is to be fed.

        Args:
            kind: its type.
            data: its JSON object.
        """
        flow = self._flow
        if flow is None or flow.kind != kind:
            return b""
        try:
            return flow.chunk(orjson.loads(data))
        except orjson.JSONDecodeError:
            return b""

    def end(self) -> None:
        """Upstream's stream is over; without a terminal event before, that is a failure."""
        if not self.over:
            self.failure = truncated()

    def completion(self) -> dict[str, Any]:
        """The whole answer as one `chat.completion`; only once there is a `finish_reason`."""
        said = {field: run.text for field, run in self._said.items()}
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
            message["annotations"] = self._citations.all(self._offsets)
        message |= self._calls.message()
        choice = {
            "index": 0,
            "message": message,
            "logprobs": self._logprobs.all(),
            "finish_reason": self.finish_reason,
        }
        answer: dict[str, Any] = {**self._head, "choices": [choice]}
        if self._chat_usage is not None:
            answer["usage"] = self._chat_usage
        if self._chunks.service_tier is not None:
            answer["service_tier"] = self._chunks.service_tier
        return answer

    def _on_delta(self, kind: str, event: Mapping[str, Any]) -> None:
        part, index_key = _DELTAS[kind]
        key = (part, self._items.of(event), count(event.get(index_key)) or 0)
        self._say(key, text(event, "delta"), self._tokens(part, event))
        if key in self._runs and not self._has_logprobs(part):
            field = _FIELDS[part]
            self._flow_on(kind, event, {field: ""}, self._runs[key], self._said[field])

    def _on_whole(self, kind: str, event: Mapping[str, Any]) -> None:
        part, index_key, text_key = _WHOLES[kind]
        key = (part, self._items.of(event), count(event.get(index_key)) or 0)
        self._complete(key, text(event, text_key), self._tokens(part, event))

    def _on_part(self, kind: str, event: Mapping[str, Any]) -> None:
        index = count(event.get(_PARTS[kind])) or 0
        self._part(self._items.of(event), index, member(event, "part"))

    def _on_item_added(self, kind: str, event: Mapping[str, Any]) -> None:
        where, item = self._items.of(event), member(event, "item")
        self._kinds.setdefault(where, text(item, "type"))
        self._calls.open(where, item)
        self._emit_calls()

    def _on_item_done(self, kind: str, event: Mapping[str, Any]) -> None:
        self._item(self._items.of(event), member(event, "item"))

    def _on_arguments_delta(self, kind: str, event: Mapping[str, Any]) -> None:
        where = self._items.of(event)
        self._calls.delta(where, text(event, "delta"))
        self._emit_calls()
        further = self._calls.further(where)
        if further is not None:
            arguments, delta = further
            self._flow_on(kind, event, delta, arguments)

    def _on_arguments(self, kind: str, event: Mapping[str, Any]) -> None:
        self._calls.whole(self._items.of(event), text(event, _ARGUMENT_WHOLES[kind]))
        self._emit_calls()

    def _on_annotation(self, kind: str, event: Mapping[str, Any]) -> None:
        place = (self._items.of(event), count(event.get("content_index")) or 0)
        self._citations.add(member(event, "annotation"), place)

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
        self._emit_calls(over=True)
        self._chat_usage = chat_usage(response)
        tier = response.get("service_tier")
        self._chunks.service_tier = tier if tier in _SERVICE_TIERS else None
        if self._citations:
            # In one chunk: openai's clients cannot add a second list to a first one.
            self._emit({"annotations": self._citations.all(self._offsets)})
        if terminal is Terminal.INCOMPLETE:
            reason = text(member(response, "incomplete_details"), "reason")
            self.finish_reason = _INCOMPLETE.get(reason, "stop")
        else:
            self.finish_reason = self._calls.finish_reason if self._calls else "stop"
        self._emit({}, self.finish_reason)
        if self._include_usage and self._chat_usage is not None:
            self._out.append(self._chunks.usage(self._chat_usage))

    def _item(self, where: int, item: Mapping[str, Any]) -> None:
        """A whole item: pass on what is missing of it. Built-in tools and unknown items say nothing here."""
        kind = text(item, "type")
        self._kinds.setdefault(where, kind)
        if kind in CALL_ITEMS:
            self._calls.done(where, item)
            self._emit_calls()
        elif kind in ("message", "reasoning"):
            for index, part in enumerate(objects(item, "summary")):
                self._part(where, index, part)
            for index, part in enumerate(objects(item, "content")):
                self._part(where, index, part)

    def _part(self, where: int, index: int, part: Mapping[str, Any]) -> None:
        kind = text(part, "type")
        if kind not in _FIELDS:
            return
        whole = text(part, "refusal" if kind == "refusal" else "text")
        self._complete((kind, where, index), whole, self._tokens(kind, part))
        for annotation in objects(part, "annotations"):
            self._citations.add(annotation, (where, index))

    def _places(self, output: list[Mapping[str, Any]]) -> list[int]:
        """Which items of the stream the terminal event's output repeats: by id, else by position if all positions fit.

        Else by order among their kind, since the output may lack items that were streamed.
        """
        places: list[int] = []
        by_id = [self._items.by_id(item.get("id")) for item in output]
        kinds = [text(item, "type") for item in output]
        if all(kinds[where : where + 1] == [kind] for where, kind in self._kinds.items()) and all(
            where in (None, position) for position, where in enumerate(by_id)
        ):
            return list(range(len(output)))
        taken = set(by_id)
        alike: dict[str, deque[int]] = defaultdict(deque)
        for at, kind in sorted(self._kinds.items()):
            if at not in taken:
                alike[kind].append(at)
        fresh = itertools.count(max(self._kinds, default=-1) + 1)
        for where, kind in zip(by_id, kinds, strict=True):
            if where is None:
                left = alike[kind]
                where = left.popleft() if left else next(fresh)
            places.append(where)
        return places

    def _has_logprobs(self, part: str) -> bool:
        return self._wants_logprobs and _FIELDS[part] != "reasoning_content"

    def _tokens(self, part: str, source: Mapping[str, Any]) -> list[dict[str, Any]]:
        return tokens_of(source) if self._has_logprobs(part) else []

    def _say(self, key: tuple[str, int, int], said: str, tokens: list[dict[str, Any]]) -> None:
        if not said and not tokens:
            return
        part, where, index = key
        field = _FIELDS[part]
        run = self._runs.setdefault(key, Run())
        run.tokens += len(tokens)
        delta = {}
        if said:
            self._kinds.setdefault(where, "reasoning" if field == "reasoning_content" else "message")
            lead = "" if run.length else self._lead(field, where)
            if field == "content":
                self._offsets.setdefault((where, index), self._said[field].length + len(lead))
                self._content_item = where
            run.add(said)
            self._said[field].add(lead + said)
            delta = {field: lead + said}
        self._emit(delta, logprobs=self._logprobs.add(field, tokens) if tokens else None)

    def _complete(self, key: tuple[str, int, int], whole: str, tokens: list[dict[str, Any]]) -> None:
        run = self._runs.get(key)
        if run is None:
            self._say(key, whole, tokens)
        else:
            self._say(key, run.missing(whole), tokens[run.tokens :])

    def _lead(self, field: str, where: int) -> str:
        """An empty line between two messages, and between two thoughts."""
        said = self._said[field]
        if not said.length or said.ends_line() or field == "refusal":
            return ""
        return "" if field == "content" and where == self._content_item else "\n\n"

    def _flow_on(self, kind: str, event: Mapping[str, Any], delta: dict[str, Any], *runs: Run) -> None:
        """Expect more of this text in the next event."""
        place = place_of(event)
        if place is not None:
            self._flow = Flow(kind, place, *self._chunks.around(delta), runs)

    def _emit_calls(self, *, over: bool = False) -> None:
        for delta in self._calls.tell(over=over):
            self._emit(delta)

    def _emit(
        self, delta: dict[str, Any], finish_reason: str | None = None, logprobs: dict[str, Any] | None = None
    ) -> None:
        if not self.started:
            # Clients add up strings, so the role comes exactly once.
            self.started = True
            self._out.append(self._chunks.chunk({"role": "assistant", "content": ""}))
        self._out.append(self._chunks.chunk(delta, finish_reason, logprobs))


_HANDLERS: dict[str, Callable[[ChatCompletion, str, Mapping[str, Any]], None]] = {
    **dict.fromkeys(_DELTAS, ChatCompletion._on_delta),
    **dict.fromkeys(_WHOLES, ChatCompletion._on_whole),
    **dict.fromkeys(_PARTS, ChatCompletion._on_part),
    **dict.fromkeys(_ARGUMENT_DELTAS, ChatCompletion._on_arguments_delta),
    **dict.fromkeys(_ARGUMENT_WHOLES, ChatCompletion._on_arguments),
    **dict.fromkeys(TERMINAL_TYPES, ChatCompletion._on_terminal),
    "": ChatCompletion._on_terminal,
    "response.output_item.added": ChatCompletion._on_item_added,
    "response.output_item.done": ChatCompletion._on_item_done,
    "response.output_text.annotation.added": ChatCompletion._on_annotation,
}

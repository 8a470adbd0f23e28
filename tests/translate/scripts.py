"""Answers at random, and the many ways in which upstreams tell them as events, for the property test."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from hypothesis import strategies as st

from tests.translate.streams import USAGE

Draw = Callable[[st.SearchStrategy[Any]], Any]
Json = dict[str, Any]

#: With everything that breaks lines somewhere, and characters of one to four bytes.
TEXTS = st.text(
    st.sampled_from('ab \n\r\t"\\{}:é好😀\u2028\u2029\u0085\x0b\x0c\x1c\ufeff')
    | st.characters(exclude_categories=["Cs"]),
    max_size=8,
)
BUILT_IN = (
    "web_search_call",
    "file_search_call",
    "code_interpreter_call",
    "image_generation_call",
    "mcp_call",
    "novel",
)
CALLS = {
    "function_call": ("arguments", "response.function_call_arguments"),
    "custom_tool_call": ("input", "response.custom_tool_call_input"),
}
_TEXT_EVENTS = {
    "output_text": ("response.output_text", "content_index", "text"),
    "refusal": ("response.refusal", "content_index", "refusal"),
    "summary_text": ("response.reasoning_summary_text", "summary_index", "text"),
    "reasoning_text": ("response.reasoning_text", "content_index", "text"),
}
_FIELDS = {"output_text": "content", "refusal": "refusal"}


@dataclass(frozen=True)
class Script:
    """A stream of events and what a client must make of it.

    Attributes:
        wire: the events as upstream sends them.
        finish: None for an answer that failed.
        texts: by field; None where the order of what comes is upstream's muddle.
        tokens: of the content, each one character; None as for texts.
        calls: (kind, name, arguments) by call_id; None where some may never have been told.
    """

    events: list[Json]
    wire: bytes
    finish: str | None
    texts: dict[str, str] | None
    tokens: list[str] | None
    calls: dict[str, tuple[str, str, str]] | None


def _cut(draw: Draw, text: str) -> list[str]:
    places = sorted(draw(st.lists(st.integers(0, len(text)), max_size=3)))
    return [text[a:b] for a, b in zip([0, *places], [*places, len(text)], strict=True)]


class _Teller:
    """Tells the items of one answer as events."""

    def __init__(self, draw: Draw) -> None:
        self.draw = draw
        # Which of the two keys say what item an event means; and whether ids change from event to event.
        self.index, self.ids = draw(st.sampled_from([(True, True), (True, False), (False, True), (False, False)]))
        self.rotates = self.index and self.ids and draw(st.integers(0, 3)) == 0
        self.rotation = 0
        # Well told: whatever is told is told whole.
        self.well = draw(st.booleans())

    def chance(self) -> bool:
        return bool(self.draw(st.booleans()))

    def item_id(self, where: int) -> str:
        self.rotation += self.rotates
        return f"item_{where}_{self.rotation}"

    def place(self, where: int) -> Json:
        return {
            **({"item_id": self.item_id(where)} if self.ids else {}),
            **({"output_index": where} if self.index else {}),
        }

    def item(self, kind: str, where: int, item: Json) -> Json:
        named = {**item, "id": self.item_id(where)} if self.ids else item
        return {
            "type": f"response.output_item.{kind}",
            **({"output_index": where} if self.index else {}),
            "item": named,
        }

    def deltas(self, kind: str, where: int, text: str, **more: Any) -> tuple[list[Json], bool]:
        """The text in deltas, and whether that is all of it."""
        pieces = _cut(self.draw, text)
        if not self.well:
            pieces = pieces[: self.draw(st.integers(0, len(pieces)))]
        events = [
            {"type": f"{kind}.delta", **self.place(where), **more, "delta": piece, "logprobs": _tokens(piece)}
            for piece in pieces
        ]
        return events, "".join(pieces) == text

    def text_item(self, where: int, item: Json) -> tuple[list[Json], bool]:
        events = [self.item("added", where, {**item, "content": []})] if self.well or self.chance() else []
        gap = muddle = False
        for name in ("summary", "content"):
            for index, part in enumerate(item.get(name, ())):
                kind, index_key, key = _TEXT_EVENTS[part["type"]]
                before = len(events)
                at = {index_key: index}
                more, whole = self.deltas(kind, where, part[key], **at)
                events += more
                if self.chance():
                    done = {key: part[key], "logprobs": part.get("logprobs")}
                    events.append({"type": f"{kind}.done", **self.place(where), **at, **done})
                    whole = True
                if part["type"] == "output_text" and self.chance():
                    events += [
                        {"type": "response.output_text.annotation.added", **self.place(where), **at, "annotation": each}
                        for each in part["annotations"]
                    ]
                if self.chance():
                    part_kind = "reasoning_summary_part" if name == "summary" else "content_part"
                    events.append({"type": f"response.{part_kind}.done", **self.place(where), **at, "part": part})
                    whole = True
                # What comes after something that is missing cannot wait for it.
                muddle = muddle or (gap and len(events) > before)
                gap = gap or not whole
        if self.well or self.chance():
            events.append(self.item("done", where, item))
            gap = False
        return events, not gap and not muddle

    def call_item(self, where: int, item: Json) -> tuple[list[Json], bool]:
        key, kind = CALLS[item["type"]]
        events, told = self.deltas(kind, where, item[key])
        named = self.well or self.chance()
        if named:
            # The name may come late.
            events.insert(
                0 if self.well else self.draw(st.integers(0, len(events))), self.item("added", where, {**item, key: ""})
            )
        if self.chance():
            events.append({"type": f"{kind}.done", **self.place(where), key: item[key]})
            told = True
        if self.chance():
            events.append(self.item("done", where, item))
            named = told = True
        return events, named and told

    def built_in(self, where: int, item: Json) -> list[Json]:
        kind = item["type"]
        return [
            self.item("added", where, item),
            *({"type": f"response.{kind}.{step}", **self.place(where)} for step in ("in_progress", "completed")),
            self.item("done", where, item),
        ]


def _annotations(draw: Draw, text: str) -> list[Json]:
    return [
        {"type": kind, "start_index": 0, "end_index": len(text), "url": f"https://{number}.example", "title": "T"}
        for number, kind in enumerate(draw(st.lists(st.sampled_from(["url_citation", "file_citation"]), max_size=2)))
    ]


def _part(draw: Draw, kind: str) -> Json:
    text = draw(TEXTS)
    if kind == "refusal":
        return {"type": kind, "refusal": text}
    part = {"type": kind, "text": text}
    if kind != "output_text":
        return part
    return part | {"annotations": _annotations(draw, text), "logprobs": _tokens(text)}


def _tokens(text: str) -> list[Json]:
    return [{"token": each, "logprob": -0.5, "bytes": list(each.encode()), "top_logprobs": []} for each in text]


def _items(draw: Draw) -> list[Json]:
    items: list[Json] = []
    for number in range(draw(st.integers(0, 5))):
        kind = draw(
            st.sampled_from(["message", "message", "reasoning", *CALLS, "function_call", *BUILT_IN[-2:], BUILT_IN[0]])
        )
        item: Json = {"type": kind}
        if kind == "message":
            parts = draw(st.lists(st.sampled_from(["output_text", "output_text", "refusal"]), max_size=3))
            item |= {"role": "assistant", "content": [_part(draw, each) for each in parts]}
            item["phase"] = draw(st.sampled_from(["commentary", "final_answer", None]))
        elif kind == "reasoning":
            for name, each in (("summary", "summary_text"), ("content", "reasoning_text")):
                item[name] = [_part(draw, each) for _ in range(draw(st.integers(0, 2)))]
            item["encrypted_content"] = "SEALED"
        elif kind in CALLS:
            item |= {"call_id": f"call_{number}", "name": f"tool_{number}", CALLS[kind][0]: draw(TEXTS)}
        items.append(item)
    return items


def _expected_texts(items: Sequence[Json]) -> dict[str, str]:
    """What the items say in order: an empty line between messages, and between thoughts."""
    texts = {"content": "", "refusal": "", "reasoning_content": ""}
    content_item = None
    for where, item in enumerate(items):
        for part in (*item.get("summary", ()), *item.get("content", ())):
            field = _FIELDS.get(part["type"], "reasoning_content")
            text = part.get("text", part.get("refusal"))
            apart = field == "reasoning_content" or (field == "content" and content_item != where)
            if text and apart and texts[field] and not texts[field].endswith("\n"):
                texts[field] += "\n\n"
            if text and field == "content":
                content_item = where
            texts[field] += text
    return texts


NOISE: list[Json] = [
    {"type": "keepalive"},
    {"type": "codex.rate_limits", "rate_limits": {}},
    {"type": "response.in_progress", "response": {"status": "in_progress"}},
    {"type": "response.audio.delta", "delta": "AAAA"},
    {"type": "response.of.tomorrow", "output_index": 99, "delta": "x", "item": {"type": "message"}},
    {"delta": "typeless"},
]


@st.composite
def scripts(draw: Draw) -> Script:
    teller = _Teller(draw)
    items = _items(draw)
    tracks: list[list[Json]] = [[]]
    told: dict[int, bool] = {}
    for where, item in enumerate(items):
        if item["type"] in CALLS:
            events, told[where] = teller.call_item(where, item)
            # Calls come side by side, if events say which is meant.
            tracks.append(events)
        elif item["type"] in ("message", "reasoning"):
            events, told[where] = teller.text_item(where, item)
            tracks[0] += events
        else:
            tracks[0] += teller.built_in(where, item)
    events = [{"type": "response.created", "response": {"status": "in_progress"}}]
    while any(tracks):
        left = [track for track in tracks if track]
        together = teller.index or teller.ids
        track = draw(st.sampled_from(left)) if together else left[0]
        events.append(track.pop(0))
        if draw(st.integers(0, 9)) == 0:
            events.append(draw(st.sampled_from(NOISE)))
    sayers = [where for where in told if items[where]["type"] not in CALLS]
    silent = not any(event["type"] != "response.created" and event not in NOISE for event in events)

    end = draw(st.sampled_from(["completed", "completed", "done", "incomplete", "failed", "error", "nothing"]))
    shown = draw(st.sampled_from(["empty", "full", "some"]))
    output = [
        {**item, "id": teller.item_id(where)} if teller.ids else item
        for where, item in enumerate(items)
        if shown == "full" or (shown == "some" and draw(st.booleans()))
    ]
    response: Json = {"status": end, "output": output, "usage": USAGE, "service_tier": "default"}
    finish: str | None = None
    if end in ("completed", "done"):
        response["status"] = "completed"
        finish = "stop"
    elif end == "incomplete":
        reason = draw(st.sampled_from(["max_output_tokens", "content_filter", "steered"]))
        response["incomplete_details"] = {"reason": reason}
        finish = {"max_output_tokens": "length", "content_filter": "content_filter"}.get(reason, "stop")
    elif end == "failed":
        response["error"] = {"code": "server_error", "message": "Oops."}
    if end == "error":
        events.append({"type": "error", "code": "rate_limit_exceeded", "message": "m", "param": None})
    elif end != "nothing":
        events.append({"type": f"response.{end}", "response": response})

    # Items of a terminal event that lacks some are recognised by their ids only.
    muddled = (shown == "some" and (teller.rotates or not teller.ids)) or not (teller.index or teller.ids)
    texts = tokens = calls = None
    if not muddled and (all(told[where] for where in sayers) or (silent and shown == "full")):
        texts = _expected_texts(items)
        parts = [part for item in items if item["type"] == "message" for part in item["content"]]
        tokens = [each for part in parts for each in part.get("text", "")]
    if shown == "full" or all(told[where] for where in told if where not in sayers):
        calls = {
            item["call_id"]: (item["type"], item["name"], item[CALLS[item["type"]][0]])
            for item in items
            if item["type"] in CALLS
        }
    if not (teller.index or teller.ids):
        calls = None
    if end in ("completed", "done") and calls:
        finish = "tool_calls"
    return Script(events, _wire(draw, events), finish, texts, tokens, calls)


def _wire(draw: Draw, events: Sequence[Json]) -> bytes:
    """The events as bytes, in any of the ways that the standard of server-sent events allows."""
    wire = b"\xef\xbb\xbf" if draw(st.booleans()) else b""
    newlines = draw(st.lists(st.sampled_from([b"\n", b"\r\n", b"\r"]), min_size=1, max_size=3))
    style = draw(st.integers(0, 3))
    for number, event in enumerate(events):
        newline = newlines[number % len(newlines)]
        if style == 0:
            data = orjson.dumps(event)
        elif style == 1:
            data = json.dumps(event, ensure_ascii=False).encode()
        elif style == 2:
            data = json.dumps(event, indent=1).encode()
        else:
            data = orjson.dumps(dict(reversed(event.items())))
        lines = [b"data:" + (b" " if number % 2 else b"") + line for line in data.split(b"\n")]
        if number % 3 == 0:
            lines = [b"event: " + str(event.get("type")).encode(), b": note", *lines, b"id: 7", b"retry: 1"]
        wire += newline.join([*lines, b"", b""])
    return wire + (b"data: [DONE]\n\n" if draw(st.booleans()) else b"")

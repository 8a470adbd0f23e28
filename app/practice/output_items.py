"""The items of a turn's output: each as it is in the end, and the events that build it up."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.practice.memory import PromptSize
from app.practice.tools import ToolCall

Event = dict[str, Any]
Item = dict[str, Any]
Made = tuple[Item, list[Event]]
"""An item, and the events between its beginning and its end."""

CITED = " [1]"
"""What stands at the end of a text that cites a page."""

_PIECE = re.compile(r"\s*\S{1,12}\s?|\s+")
_PAGE = {"url": "https://example.com/practice", "title": "Practice page 练习页面"}
_LOGPROB = -0.25


@dataclass(frozen=True)
class Context:
    """What a turn needs to know beside the request: identifiers, time, and the caller's seal."""

    new_id: Callable[[str], str]
    seal: Callable[[], str]
    now: float
    prompt: PromptSize
    effort: str
    full_output: bool
    """Whether the last event repeats the output; the Codex backend leaves it empty."""


def opening(item: Item) -> Item:
    """Return an item as it looks before anything of it was said."""
    empty: dict[str, object] = {"content": [], "summary": [], "arguments": "", "input": ""}
    opened = {key: empty.get(key, value) for key, value in item.items()}
    return opened | {"status": "in_progress"} if "status" in item else opened


def reasoning(body: Mapping[str, Any], thoughts: tuple[str, ...], context: Context) -> Made:
    """Return a reasoning item, with one part of a summary for each of ``thoughts`` if a summary is asked for."""
    item: Item = {"id": context.new_id("rs"), "type": "reasoning", "summary": []}
    if "reasoning.encrypted_content" in (body.get("include") or []):
        item["encrypted_content"] = context.seal()
    if body["reasoning"].get("summary") in (None, "none"):
        return item, []
    item["summary"] = [{"type": "summary_text", "text": thought} for thought in thoughts]
    name = "response.reasoning_summary"
    events: list[Event] = []
    for number, part in enumerate(item["summary"]):
        thought, place = part["text"], {"summary_index": number}
        events += [
            {"type": f"{name}_part.added", "part": {"type": "summary_text", "text": ""}, **place},
            *({"type": f"{name}_text.delta", "delta": piece, **place} for piece in _pieces(thought)),
            {"type": f"{name}_text.done", "text": thought, **place},
            {"type": f"{name}_part.done", "part": part, **place},
        ]
    return item, events


def message(body: Mapping[str, Any], text: str, context: Context, *, complete: bool, cites: bool) -> Made:
    """Return a message that says ``text``, with the probabilities of its pieces if ``body`` asks for them."""
    likely = "message.output_text.logprobs" in (body.get("include") or [])
    most = body.get("top_logprobs") or 0
    pieces = list(_pieces(text))
    logprobs = [_logprob(piece, most) for piece in pieces] if likely else []
    end = len(text)
    cited = {"type": "url_citation", "start_index": max(0, end - len(CITED) + 1), "end_index": end, **_PAGE}
    part: dict[str, Any] = {
        "type": "output_text",
        "annotations": [cited] if cites else [],
        "logprobs": logprobs,
        "text": text,
    }
    place = {"content_index": 0}
    name = "response.output_text"
    events: list[Event] = [
        {
            "type": "response.content_part.added",
            "part": {**part, "text": "", "annotations": [], "logprobs": []},
            **place,
        }
    ]
    for number, piece in enumerate(pieces):
        events.append({"type": f"{name}.delta", "delta": piece, "logprobs": logprobs[number : number + 1], **place})
    if cites:
        events.append({"type": f"{name}.annotation.added", "annotation_index": 0, "annotation": cited, **place})
    events += [
        {"type": f"{name}.done", "text": text, "logprobs": logprobs, **place},
        {"type": "response.content_part.done", "part": part, **place},
    ]
    return _message(part, context, complete=complete), events


def refusal(text: str, context: Context) -> Made:
    """Return a message that refuses to answer."""
    part = {"type": "refusal", "refusal": text}
    place = {"content_index": 0}
    return _message(part, context, complete=True), [
        {"type": "response.content_part.added", "part": part | {"refusal": ""}, **place},
        *({"type": "response.refusal.delta", "delta": piece, **place} for piece in _pieces(text)),
        {"type": "response.refusal.done", "refusal": text, **place},
        {"type": "response.content_part.done", "part": part, **place},
    ]


def call(made: ToolCall, context: Context) -> Made:
    """Return the call of a function or of a custom tool."""
    key = "input" if made.custom else "arguments"
    item: Item = {
        "id": context.new_id("ctc" if made.custom else "fc"),
        "type": "custom_tool_call" if made.custom else "function_call",
        "status": "completed",
        key: made.arguments,
        "call_id": context.new_id("call")[:29],
        "name": made.name,
    }
    if made.namespace:
        item["namespace"] = made.namespace
    name = "response.custom_tool_call_input" if made.custom else "response.function_call_arguments"
    return item, [
        *({"type": f"{name}.delta", "delta": piece} for piece in _pieces(made.arguments)),
        {"type": f"{name}.done", key: made.arguments},
    ]


def web_search(query: str, context: Context) -> Made:
    """Return a search of the web, which the service does by itself."""
    item: Item = {
        "id": context.new_id("ws"),
        "type": "web_search_call",
        "status": "completed",
        "action": {"type": "search", "query": query},
    }
    steps = ("in_progress", "searching", "completed")
    return item, [{"type": f"response.web_search_call.{step}"} for step in steps]


def _message(part: dict[str, Any], context: Context, *, complete: bool) -> Item:
    return {
        "id": context.new_id("msg"),
        "type": "message",
        "status": "completed" if complete else "incomplete",
        "content": [part],
        "role": "assistant",
    }


def _logprob(piece: str, most: int) -> dict[str, Any]:
    """Return the probability of a piece, and those of ``most`` others in its place."""
    likely: dict[str, Any] = {"token": piece, "bytes": list(piece.encode()), "logprob": _LOGPROB}
    others = [likely, *({"token": f"~{n}", "bytes": list(b"~%d" % n), "logprob": _LOGPROB - n} for n in range(1, most))]
    return likely | {"top_logprobs": others[:most]}


def _pieces(text: str) -> Iterator[str]:
    return (found.group() for found in _PIECE.finditer(text))

"""Building the events of a turn, in the order and shape in which the Responses API streams them."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from app.practice.answers import Answer
from app.practice.memory import PromptSize, tokens_in
from app.practice.tools import ToolCall

Event = dict[str, Any]
Item = dict[str, Any]

TERMINAL = frozenset({"response.completed", "response.failed", "response.incomplete"})
"""Types of the events that end a turn."""

_PIECE = re.compile(r"\s*\S{1,12}\s?|\s+")
_THINKING_TOKENS = {"none": 0, "minimal": 0, "low": 32, "medium": 64, "high": 128}


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


@dataclass(frozen=True)
class Plan:
    """All events of a turn, and the finished Response object (always with its output)."""

    events: list[Event]
    response: dict[str, Any]


def encode(event: Event, newline: str = "\n") -> bytes:
    """Return one server-sent event."""
    head = f"event: {event['type']}{newline}data: ".encode()
    return head + orjson.dumps(event) + f"{newline}{newline}".encode()


def compose(body: Mapping[str, Any], answer: Answer, context: Context) -> Plan:
    """Return the turn that says ``answer``."""
    limit = body.get("max_output_tokens")
    text, cut = answer.text, False
    if isinstance(limit, int) and tokens_in(text) > limit:
        text, cut = text[: limit * 4], True
    items: list[tuple[Item, list[Event]]] = []
    thinking = _THINKING_TOKENS.get(context.effort, 256)
    if thinking and isinstance(body.get("reasoning"), dict):
        items.append(_reasoning(body, answer.thought, context))
    if answer.call:
        items.append(_call(answer.call, context))
    else:
        items.append(_message(text, context, complete=not cut))
    spoken = tokens_in(answer.call.arguments if answer.call else text)
    return _frame(body, items, context, thinking, spoken, "max_output_tokens" if cut else None)


def compose_compaction(body: Mapping[str, Any], context: Context) -> Plan:
    """Return the turn that answers a ``compaction_trigger``: exactly one item, of type ``compaction``."""
    item: Item = {"id": context.new_id("cmp"), "type": "compaction", "encrypted_content": context.seal()}
    return _frame(body, [(item, [])], context, 0, 64, None)


def compacted(body: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """Return the body that ``POST …/responses/compact`` answers: the user's messages and one ciphertext."""
    given = body.get("input")
    items = given if isinstance(given, list) else [{"type": "message", "role": "user", "content": given}]
    kept = [item for item in items if isinstance(item, dict) and item.get("role") == "user"]
    item = {"id": context.new_id("cmp"), "type": "compaction", "encrypted_content": context.seal()}
    return {
        "id": context.new_id("resp"),
        "object": "response.compaction",
        "created_at": int(context.now),
        "output": [*kept, item],
        "usage": _usage(context, 0, 64),
    }


def last_words(plan: Plan, ending: str, code: str | None, message: str, more: Mapping[str, object]) -> Event:
    """Return the event with which a turn goes wrong; ``ending`` as in :data:`app.practice.script.Ending`."""
    number = {"sequence_number": len(plan.events)}
    error = {"code": code, "message": message, **more}
    if ending == "error":
        return {"type": "error", **error, "param": None, **number}
    if ending == "nested_error":
        return {"type": "error", "error": {"type": code, **error, "param": None}, **number}
    if ending == "incomplete":
        changes: dict[str, Any] = {"status": "incomplete", "incomplete_details": {"reason": code}}
    else:
        changes = {"status": "failed", "error": error, "usage": None}
    response = {**plan.response, "output": [], **changes}
    return {"type": f"response.{ending}", "response": response, **number}


def _frame(
    body: Mapping[str, Any],
    items: list[tuple[Item, list[Event]]],
    context: Context,
    thinking: int,
    spoken: int,
    incomplete: str | None,
) -> Plan:
    started = _response(body, context)
    events: list[Event] = [
        {"type": "response.created", "response": started},
        {"type": "response.in_progress", "response": started},
    ]
    for index, (item, inner) in enumerate(items):
        place = {"output_index": index}
        events.append({"type": "response.output_item.added", "item": _opening(item), **place})
        events += [{**event, "item_id": item["id"], **place} for event in inner]
        events.append({"type": "response.output_item.done", "item": item, **place})
    finished = {
        **started,
        "status": "incomplete" if incomplete else "completed",
        "incomplete_details": {"reason": incomplete} if incomplete else None,
        "output": [item for item, _ in items],
        "usage": _usage(context, thinking, spoken),
    }
    shown = finished if context.full_output else {**finished, "output": []}
    events.append({"type": f"response.{finished['status']}", "response": shown})
    return Plan([{**event, "sequence_number": n} for n, event in enumerate(events)], finished)


def _opening(item: Item) -> Item:
    """Return an item as it looks before anything of it was said."""
    empty: dict[str, object] = {"content": [], "summary": [], "arguments": "", "input": ""}
    opened = {key: empty.get(key, value) for key, value in item.items()}
    return opened | {"status": "in_progress"} if "status" in item else opened


def _reasoning(body: Mapping[str, Any], thought: str, context: Context) -> tuple[Item, list[Event]]:
    item: Item = {"id": context.new_id("rs"), "type": "reasoning", "summary": []}
    if "reasoning.encrypted_content" in (body.get("include") or []):
        item["encrypted_content"] = context.seal()
    if body["reasoning"].get("summary") in (None, "none"):
        return item, []
    part = {"type": "summary_text", "text": thought}
    item["summary"] = [part]
    place = {"summary_index": 0}
    name = "response.reasoning_summary"
    return item, [
        {"type": f"{name}_part.added", "part": {"type": "summary_text", "text": ""}, **place},
        *({"type": f"{name}_text.delta", "delta": piece, **place} for piece in _pieces(thought)),
        {"type": f"{name}_text.done", "text": thought, **place},
        {"type": f"{name}_part.done", "part": part, **place},
    ]


def _message(text: str, context: Context, *, complete: bool) -> tuple[Item, list[Event]]:
    part: dict[str, Any] = {"type": "output_text", "annotations": [], "logprobs": [], "text": text}
    item: Item = {
        "id": context.new_id("msg"),
        "type": "message",
        "status": "completed" if complete else "incomplete",
        "content": [part],
        "role": "assistant",
    }
    place = {"content_index": 0}
    return item, [
        {"type": "response.content_part.added", "part": part | {"text": ""}, **place},
        *({"type": "response.output_text.delta", "delta": piece, "logprobs": [], **place} for piece in _pieces(text)),
        {"type": "response.output_text.done", "text": text, "logprobs": [], **place},
        {"type": "response.content_part.done", "part": part, **place},
    ]


def _call(call: ToolCall, context: Context) -> tuple[Item, list[Event]]:
    key = "input" if call.custom else "arguments"
    item: Item = {
        "id": context.new_id("ctc" if call.custom else "fc"),
        "type": "custom_tool_call" if call.custom else "function_call",
        "status": "completed",
        key: call.arguments,
        "call_id": context.new_id("call")[:29],
        "name": call.name,
    }
    if call.namespace:
        item["namespace"] = call.namespace
    name = "response.custom_tool_call_input" if call.custom else "response.function_call_arguments"
    return item, [
        *({"type": f"{name}.delta", "delta": piece} for piece in _pieces(call.arguments)),
        {"type": f"{name}.done", key: call.arguments},
    ]


def _pieces(text: str) -> Iterator[str]:
    return (found.group() for found in _PIECE.finditer(text))


def _usage(context: Context, thinking: int, spoken: int) -> dict[str, Any]:
    return {
        "input_tokens": context.prompt.total,
        "input_tokens_details": {"cached_tokens": context.prompt.cached},
        "output_tokens": thinking + spoken,
        "output_tokens_details": {"reasoning_tokens": thinking},
        "total_tokens": context.prompt.total + thinking + spoken,
    }


def _response(body: Mapping[str, Any], context: Context) -> dict[str, Any]:
    reasoning = body.get("reasoning")
    asked = reasoning if isinstance(reasoning, dict) else {}
    return {
        "id": context.new_id("resp"),
        "object": "response",
        "created_at": int(context.now),
        "status": "in_progress",
        "background": False,
        "error": None,
        "incomplete_details": None,
        "instructions": body.get("instructions"),
        "max_output_tokens": body.get("max_output_tokens"),
        "model": body.get("model"),
        "output": [],
        "parallel_tool_calls": body.get("parallel_tool_calls", True),
        "previous_response_id": body.get("previous_response_id"),
        "prompt_cache_key": body.get("prompt_cache_key"),
        "reasoning": {"effort": context.effort, "summary": asked.get("summary")},
        "safety_identifier": body.get("safety_identifier"),
        "service_tier": body.get("service_tier") or "default",
        "store": body.get("store", True) is not False,
        "temperature": body.get("temperature", 1.0),
        "text": body.get("text") or {"format": {"type": "text"}, "verbosity": "medium"},
        "tool_choice": body.get("tool_choice", "auto"),
        "tools": body.get("tools") or [],
        "top_logprobs": body.get("top_logprobs", 0),
        "top_p": body.get("top_p", 1.0),
        "truncation": body.get("truncation", "disabled"),
        "usage": None,
        "user": body.get("user"),
        "metadata": body.get("metadata") or {},
    }

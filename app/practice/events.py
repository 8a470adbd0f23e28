"""Building the events of a turn, in the order and shape in which the Responses API streams them."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import orjson

from app.practice import output_items as items
from app.practice.answers import Answer
from app.practice.memory import tokens_in
from app.practice.output_items import CITED, Context, Event, Item, Made

Block = list[Made]
"""Items that are made at the same time."""

TERMINAL = frozenset({"response.completed", "response.failed", "response.incomplete"})
"""Types of the events that end a turn."""

_THINKING_TOKENS = {"none": 0, "minimal": 0, "low": 32, "medium": 64, "high": 128}


@dataclass(frozen=True)
class Plan:
    """All events of a turn, and the finished Response object (always with its output)."""

    events: list[Event]
    response: dict[str, Any]


def encode(event: Event, newline: str = "\n") -> bytes:
    """Return one server-sent event."""
    head = f"event: {event['type']}{newline}data: ".encode()
    return head + orjson.dumps(event) + f"{newline}{newline}".encode()


def padding(size: int) -> Event:
    """Return an event of no known type with ``size`` bytes of nothing."""
    return {"type": "practice.padding", "padding": "." * size}


def compose(body: Mapping[str, Any], answer: Answer, context: Context) -> Plan:
    """Return the turn that says ``answer``."""
    limit = body.get("max_output_tokens")
    text, cut = answer.text + (CITED if answer.search else ""), False
    if isinstance(limit, int) and tokens_in(text) > limit:
        text, cut = text[: limit * 4], True
    blocks: list[Block] = []
    thinking = _THINKING_TOKENS.get(context.effort, 256)
    if thinking and isinstance(body.get("reasoning"), dict):
        blocks.append([items.reasoning(body, answer.thoughts, context)])
    if answer.calls:
        blocks.append([items.call(call, context) for call in answer.calls])
    elif answer.refusal:
        blocks.append([items.refusal(answer.refusal, context)])
    else:
        blocks += [[items.web_search(answer.search, context)]] if answer.search else []
        blocks.append([items.message(body, text, context, complete=not cut, cites=bool(answer.search))])
    said = "".join(call.arguments for call in answer.calls) or answer.refusal or text
    return _frame(body, blocks, context, thinking, tokens_in(said), "max_output_tokens" if cut else None)


def compose_compaction(body: Mapping[str, Any], context: Context) -> Plan:
    """Return the turn that answers a ``compaction_trigger``: exactly one item, of type ``compaction``."""
    item: Item = {"id": context.new_id("cmp"), "type": "compaction", "encrypted_content": context.seal()}
    return _frame(body, [[(item, [])]], context, 0, 64, None)


def compacted(body: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """Return the body that ``POST …/responses/compact`` answers: the user's messages and one ciphertext."""
    given = body.get("input")
    talk = given if isinstance(given, list) else [{"type": "message", "role": "user", "content": given}]
    kept = [item for item in talk if isinstance(item, dict) and item.get("role") == "user"]
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
    blocks: list[Block],
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
    output: list[Item] = []
    for block in blocks:
        events += _block(block, len(output))
        output += [item for item, _ in block]
    finished = {
        **started,
        "status": "incomplete" if incomplete else "completed",
        "incomplete_details": {"reason": incomplete} if incomplete else None,
        "output": output,
        "usage": _usage(context, thinking, spoken),
    }
    shown = finished if context.full_output else {**finished, "output": []}
    events.append({"type": f"response.{finished['status']}", "response": shown})
    return Plan([{**event, "sequence_number": n} for n, event in enumerate(events)], finished)


def _block(block: Block, first: int) -> list[Event]:
    """Return the events of items that are made at the same time: their pieces alternate."""
    places = [{"output_index": first + number} for number in range(len(block))]
    lanes = [
        [{**event, "item_id": item["id"], **place} for event in inner]
        for (item, inner), place in zip(block, places, strict=True)
    ]
    events: list[Event] = []
    for (item, _), place in zip(block, places, strict=True):
        events.append({"type": "response.output_item.added", "item": items.opening(item), **place})
    for row in zip_longest(*lanes):
        events += [event for event in row if event is not None]
    for (item, _), place in zip(block, places, strict=True):
        events.append({"type": "response.output_item.done", "item": item, **place})
    return events


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
    tier = body.get("service_tier")
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
        "service_tier": tier if tier not in (None, "auto") else "default",
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

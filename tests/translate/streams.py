"""Upstream's events for these tests, written short."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from app.translate.chat_stream import ChatCompletion
from app.translate.frames import data_frame
from app.translate.sse import Event

CREATED: dict[str, Any] = {
    "type": "response.created",
    "response": {"id": "resp_1", "object": "response", "status": "in_progress", "model": "gpt-5", "usage": None},
}
USAGE = {
    "input_tokens": 20,
    "input_tokens_details": {"cached_tokens": 5},
    "output_tokens": 9,
    "output_tokens_details": {"reasoning_tokens": 4},
    "total_tokens": 29,
}


def event(value: dict[str, Any]) -> Event:
    return Event(orjson.dumps(value))


def wire(events: Iterable[dict[str, Any]], newline: bytes = b"\n") -> bytes:
    return b"".join(
        b"event: %b%bdata: %b%b%b" % (str(value.get("type")).encode(), newline, orjson.dumps(value), newline, newline)
        for value in events
    )


def delta(text: str, output: int = 0, content: int = 0) -> dict[str, Any]:
    return {"type": "response.output_text.delta", "output_index": output, "content_index": content, "delta": text}


def thought(text: str, output: int = 0, summary: int = 0) -> dict[str, Any]:
    return {
        "type": "response.reasoning_summary_text.delta",
        "output_index": output,
        "summary_index": summary,
        "delta": text,
    }


def message(*texts: str, **more: Any) -> dict[str, Any]:
    parts = [{"type": "output_text", "text": text, "annotations": []} for text in texts]
    return {"type": "message", "role": "assistant", "content": parts, **more}


def item_done(item: dict[str, Any], output: int = 0) -> dict[str, Any]:
    return {"type": "response.output_item.done", "output_index": output, "item": item}


def item_added(item: dict[str, Any], output: int = 0) -> dict[str, Any]:
    return {"type": "response.output_item.added", "output_index": output, "item": item}


def completed(output: Sequence[dict[str, Any]] = (), **more: Any) -> dict[str, Any]:
    response = {"id": "resp_1", "status": "completed", "output": list(output), "usage": USAGE, **more}
    return {"type": "response.completed", "response": response}


def incomplete(reason: str) -> dict[str, Any]:
    response = {"status": "incomplete", "incomplete_details": {"reason": reason}, "output": [], "usage": USAGE}
    return {"type": "response.incomplete", "response": response}


def machine(model: str = "gpt-5-high", **asked: bool) -> ChatCompletion:
    return ChatCompletion(id="chatcmpl-1", created=1_700_000_000, model=model, **asked)


def played(events: Iterable[dict[str, Any]], **asked: bool) -> tuple[ChatCompletion, list[dict[str, Any]]]:
    """The machine after these events and the end of the stream, and all chunks that it gave out."""
    answer = machine(**asked)
    chunks = [chunk for value in events for chunk in chunks_of(answer.feed(event(value)))]
    answer.end()
    return answer, chunks


def chunks_of(stream: bytes) -> list[dict[str, Any]]:
    """The chunks in what the machine gave out; every one is an event of its own, written as we write JSON."""
    *frames, rest = stream.split(b"\n\n")
    assert rest == b""
    chunks = [json.loads(frame.removeprefix(b"data: ")) for frame in frames]
    assert stream == b"".join(map(data_frame, chunks))
    return chunks


def said(chunks: Iterable[dict[str, Any]], field: str = "content") -> str:
    """What a client that adds up deltas reads."""
    return "".join(choice["delta"].get(field) or "" for chunk in chunks for choice in chunk["choices"])


def chunk(delta: dict[str, Any], finish_reason: str | None = None) -> dict[str, Any]:
    """A chunk of the machine's."""
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1_700_000_000,
        "model": "gpt-5-high",
        "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}],
    }


def call(name: str = "f", arguments: str = '{"a":1}', call_id: str = "call_1", **more: Any) -> dict[str, Any]:
    return {"type": "function_call", "call_id": call_id, "name": name, "arguments": arguments, "id": "fc_1", **more}


def arguments(text: str, output: int, *, done: bool = False) -> dict[str, Any]:
    suffix, key = ("done", "arguments") if done else ("delta", "delta")
    return {"type": f"response.function_call_arguments.{suffix}", "output_index": output, key: text}


def calls_of(chunks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What a client makes of the fragments."""
    calls: list[dict[str, Any]] = []
    for part in chunks:
        for fragment in part["choices"][0]["delta"].get("tool_calls", ()):
            if fragment["index"] == len(calls):
                calls.append({"id": fragment["id"], "type": fragment["type"], "function": {**fragment["function"]}})
            else:
                assert set(fragment) == {"index", "function"}
                calls[fragment["index"]]["function"]["arguments"] += fragment["function"]["arguments"]
    return calls

"""Every event and every item of OpenAI's own types is either told to clients or passed over on purpose."""

import typing
from typing import Any

import pytest
from openai.types.responses import ResponseOutputItem, ResponseStreamEvent

from tests.translate.streams import completed, item_done, message, played, said

#: What clients of Chat Completions are told of; all else has no place there.
TOLD = {
    "response.output_text.delta",
    "response.output_text.done",
    "response.content_part.done",
    "response.refusal.delta",
    "response.refusal.done",
    "response.reasoning_summary_text.delta",
    "response.reasoning_summary_text.done",
    "response.reasoning_summary_part.done",
    "response.reasoning_text.delta",
    "response.reasoning_text.done",
    "response.output_item.added",
    "response.output_item.done",
    # These two are told with what comes later: the end, and the call that the arguments are of.
    "response.output_text.annotation.added",
    "response.function_call_arguments.delta",
    "response.function_call_arguments.done",
    "response.custom_tool_call_input.delta",
    "response.custom_tool_call_input.done",
    "response.completed",
    "response.incomplete",
    "response.failed",
    "error",
}
TOLD_ITEMS = {"message", "reasoning", "function_call", "custom_tool_call"}


def types_of(union: Any) -> set[str]:
    """The values of `type` in a union of openai's models."""
    members = typing.get_args(typing.get_args(union)[0])
    return {name for each in members for name in typing.get_args(each.model_fields["type"].annotation)}


ALL = types_of(ResponseStreamEvent)
ITEMS = types_of(ResponseOutputItem)


def test_the_types_are_openais() -> None:
    assert ALL > TOLD
    assert ITEMS > TOLD_ITEMS


@pytest.mark.parametrize("kind", sorted(ALL - TOLD))
def test_an_event_without_a_place_says_nothing(kind: str) -> None:
    """However much it looks like those that have one."""
    text = {"type": "output_text", "text": "x", "annotations": []}
    event = {
        "type": kind,
        "output_index": 0,
        "content_index": 0,
        "item_id": "x_1",
        "delta": "x",
        "text": "x",
        "code": "x",
        "arguments": "{}",
        "part": text,
        "item": message("x"),
        "response": {"status": "in_progress", "output": [message("x")]},
    }
    answer, chunks = played([event, completed([message("Hello")])])
    assert said(chunks) == answer.completion()["choices"][0]["message"]["content"] == "Hello"
    assert len(chunks) == 3


@pytest.mark.parametrize("kind", sorted(ITEMS - TOLD_ITEMS))
def test_an_item_without_a_place_says_nothing(kind: str) -> None:
    item = message("x") | {"type": kind, "call_id": "call_1", "name": "n", "arguments": "{}", "result": "AAAA"}
    answer, chunks = played([item_done(item), item_done(message("Hello"), 1), completed([item, message("Hello")])])
    assert said(chunks) == answer.completion()["choices"][0]["message"]["content"] == "Hello"
    assert chunks[-1]["choices"][0]["finish_reason"] == "stop"


TEXT = {"type": "output_text", "text": "x", "annotations": []}
CALL = {"type": "function_call", "call_id": "call_1", "name": "f", "arguments": "{}"}
AT = {"output_index": 0, "content_index": 0, "summary_index": 0, "item_id": "x_1"}
LATER = [item_done(CALL), completed()]


@pytest.mark.parametrize(
    ("event", "told"),
    [
        ({"type": "response.output_text.delta", "delta": "x"}, {"content": "x"}),
        ({"type": "response.output_text.done", "text": "x"}, {"content": "x"}),
        ({"type": "response.content_part.done", "part": TEXT}, {"content": "x"}),
        ({"type": "response.refusal.delta", "delta": "x"}, {"refusal": "x"}),
        ({"type": "response.refusal.done", "refusal": "x"}, {"refusal": "x"}),
        ({"type": "response.reasoning_summary_text.delta", "delta": "x"}, {"reasoning_content": "x"}),
        ({"type": "response.reasoning_summary_text.done", "text": "x"}, {"reasoning_content": "x"}),
        (
            {"type": "response.reasoning_summary_part.done", "part": {"type": "summary_text", "text": "x"}},
            {"reasoning_content": "x"},
        ),
        ({"type": "response.reasoning_text.delta", "delta": "x"}, {"reasoning_content": "x"}),
        ({"type": "response.reasoning_text.done", "text": "x"}, {"reasoning_content": "x"}),
        (
            {"type": "response.content_part.done", "part": {"type": "reasoning_text", "text": "x"}},
            {"reasoning_content": "x"},
        ),
        ({"type": "response.output_item.done", "item": message("x")}, {"content": "x"}),
        (
            {"type": "response.output_item.added", "item": CALL},
            {
                "tool_calls": [
                    {"index": 0, "id": "call_1", "type": "function", "function": {"name": "f", "arguments": ""}}
                ]
            },
        ),
        (
            {"type": "response.output_item.done", "item": CALL},
            {
                "tool_calls": [
                    {"index": 0, "id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
                ]
            },
        ),
        (
            {"type": "response.output_item.done", "item": CALL | {"type": "custom_tool_call", "input": "x"}},
            {
                "tool_calls": [
                    {"index": 0, "id": "call_1", "type": "function", "function": {"name": "f", "arguments": "x"}}
                ]
            },
        ),
    ],
)
def test_an_event_alone_is_told_at_once(event: dict[str, Any], told: dict[str, Any]) -> None:
    _, chunks = played([AT | event])
    assert [part["choices"][0]["delta"] for part in chunks] == [{"role": "assistant", "content": ""}, told]

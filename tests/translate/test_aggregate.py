from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.turn import Usage
from app.translate.aggregate import ResponseAggregate
from app.translate.errors import UpstreamFailure
from tests.translate.streams import (
    CREATED,
    USAGE,
    completed,
    delta,
    event,
    incomplete,
    item_added,
    item_done,
    message,
    thought,
)
from tests.translate.test_chat_stream import ENDS, EVENTS, JSON, KEYS, KINDS


def aggregated(*events: dict[str, Any]) -> ResponseAggregate:
    aggregate = ResponseAggregate()
    for value in events:
        aggregate.feed(event(value))
    aggregate.end()
    return aggregate


def response(*events: dict[str, Any]) -> dict[str, Any]:
    result = aggregated(*events).result
    assert isinstance(result, dict)
    return result


REASONING = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "E"}
HELLO = message("Hello", id="msg_1", status="completed")


def test_an_empty_output_is_rebuilt_in_order() -> None:
    whole = response(CREATED, item_done(HELLO, 1), item_done(REASONING, 0), completed(strange={"kept": True}))
    assert whole == {
        **CREATED["response"],
        "status": "completed",
        "output": [REASONING, HELLO],
        "usage": USAGE,
        "strange": {"kept": True},
    }


def test_an_output_that_came_is_left_as_it_is() -> None:
    assert response(item_done(HELLO), completed([REASONING]))["output"] == [REASONING]


def test_usage_is_known_for_the_turns_row() -> None:
    assert aggregated(completed()).usage == Usage(20, 5, 9, 4)


def test_what_was_never_done_is_rebuilt_from_its_pieces() -> None:
    opened = {"type": "message", "id": "msg_1", "role": "assistant", "status": "in_progress", "content": []}
    call = {
        "type": "function_call",
        "id": "fc_1",
        "call_id": "c",
        "name": "f",
        "arguments": "",
        "status": "in_progress",
    }
    whole = response(
        thought("one"),
        thought("two", summary=1),
        item_added(opened, 1),
        delta("Hel", 1),
        {"type": "response.output_text.done", "output_index": 1, "content_index": 0, "text": "Hello"},
        delta("second", 1, 1),
        item_added(call, 2),
        {"type": "response.function_call_arguments.delta", "output_index": 2, "delta": "{}"},
        delta("bare", 3),
        completed(),
    )

    def part(text: str) -> dict[str, Any]:
        return {"type": "output_text", "text": text, "annotations": []}

    assert whole["output"] == [
        {
            "type": "reasoning",
            "status": "completed",
            "summary": [{"type": "summary_text", "text": "one"}, {"type": "summary_text", "text": "two"}],
            "content": [],
        },
        {**opened, "status": "completed", "content": [part("Hello"), part("second")]},
        {**call, "status": "completed", "arguments": "{}"},
        {"type": "message", "role": "assistant", "status": "completed", "content": [part("bare")]},
    ]


def test_pieces_of_another_kind_of_item_are_left_out() -> None:
    events = [
        item_added({"type": "novel", "id": "n_1"}),
        delta("x"),
        {"type": "response.refusal.delta", "output_index": 1, "content_index": 0, "delta": "No."},
        completed(),
    ]
    assert response(*events)["output"] == [
        {"type": "novel", "id": "n_1", "status": "completed"},
        {
            "type": "message",
            "role": "assistant",
            "status": "completed",
            "content": [{"type": "refusal", "refusal": "No."}],
        },
    ]


def test_what_an_item_had_from_the_start_is_kept_when_nothing_more_came() -> None:
    opened = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Hello"}]}
    assert response(item_added(opened), completed())["output"] == [opened | {"status": "completed"}]


def test_an_event_without_a_type_and_an_error_ends_nothing() -> None:
    assert response({"a": 1}, {"type": "response.completed"})["status"] == "completed"


def test_an_incomplete_response_is_an_answer() -> None:
    whole = response(delta("Hel"), incomplete("max_output_tokens"))
    assert whole["status"] == "incomplete"
    assert whole["incomplete_details"] == {"reason": "max_output_tokens"}
    assert whole["output"][0]["status"] == "incomplete"


def test_a_short_terminal_event_is_filled_in_from_the_first() -> None:
    whole = response(CREATED, item_done(HELLO), {"type": "response.done", "response": {"id": "resp_1"}})
    assert whole == {**CREATED["response"], "status": "completed", "output": [HELLO]}


@pytest.mark.parametrize(
    ("events", "status", "code"),
    [
        (
            [{"type": "response.failed", "response": {"error": {"code": "usage_limit_reached"}}}],
            429,
            "usage_limit_reached",
        ),
        ([{"type": "error", "code": "context_length_exceeded", "message": "m"}], 400, "context_length_exceeded"),
        ([{"type": "error", "error": {"message": "m"}, "status": 503}], 503, "upstream_overloaded"),
        ([CREATED, delta("x")], 502, "upstream_stream_truncated"),
        ([], 502, "upstream_stream_truncated"),
    ],
)
def test_a_failure_is_no_answer(events: list[dict[str, Any]], status: int, code: str) -> None:
    result = aggregated(*events).result
    assert isinstance(result, UpstreamFailure)
    assert (result.status, result.code) == (status, code)


def test_what_follows_the_end_is_ignored() -> None:
    assert response(completed(), item_done(HELLO), {"type": "error", "message": "m"})["output"] == []


@given(st.lists(EVENTS, max_size=25), ENDS)
def test_any_script_gives_one_response(events: list[dict[str, Any]], end: dict[str, Any]) -> None:
    whole = response(*events, end)
    assert all(entry["type"] for entry in whole["output"])


@given(
    st.lists(st.tuples(st.sampled_from(KINDS), st.dictionaries(st.sampled_from(KEYS), JSON, max_size=5)), max_size=8)
)
def test_no_sequence_of_events_breaks_it(events: list[tuple[str, dict[str, Any]]]) -> None:
    aggregated(*({**body, "type": kind} for kind, body in events))

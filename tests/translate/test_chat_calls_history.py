"""Calls of tools and their outputs in the messages of a chat request."""

from typing import Any

import pytest

from app.core.errors import Refusal
from app.core.models import ModelTable
from app.core.token import TokenKind
from app.translate.chat_request import read_chat_request

USER = {"role": "user", "content": "hi"}
LONG_ID = "call_" + "x" * 64
CUSTOM_TOOL = {"type": "custom", "custom": {"name": "c"}}


def items(*messages: dict[str, Any], **fields: Any) -> list[dict[str, Any]]:
    """Upstream's input after the user's first message."""
    data = {"model": "gpt-5", "messages": [USER, *messages], **fields}
    sent = read_chat_request(data, models=ModelTable(), session_name=None).for_token(TokenKind.CHATGPT).body["input"]
    assert sent[0]["role"] == "user"
    return list(sent[1:])


def refused(*messages: dict[str, Any]) -> tuple[str | None, str | None]:
    with pytest.raises(Refusal) as caught:
        items(*messages)
    assert caught.value.status == 400
    return caught.value.param, caught.value.error_code


def calls(*ids: str, name: str = "f", **more: Any) -> dict[str, Any]:
    made = [{"id": one, "type": "function", "function": {"name": name, "arguments": "{}"}} for one in ids]
    return {"role": "assistant", "content": None, "tool_calls": made, **more}


def answer(call_id: str, content: object = "done") -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": call_id, "content": content}


def call_item(call_id: str, name: str = "f", arguments: str = "{}") -> dict[str, Any]:
    return {"type": "function_call", "call_id": call_id, "name": name, "arguments": arguments}


def output_item(call_id: str, output: object = "done") -> dict[str, Any]:
    return {"type": "function_call_output", "call_id": call_id, "output": output}


def test_a_call_and_its_output() -> None:
    assert items(calls("a"), answer("a")) == [call_item("a"), output_item("a")]


@pytest.mark.parametrize("arguments", ["", "{not json", '{"a": 1}'])
def test_arguments_go_up_as_they_are(arguments: str) -> None:
    message = calls("a")
    message["tool_calls"][0]["function"]["arguments"] = arguments
    assert items(message, answer("a"))[0] == call_item("a", arguments=arguments)


@pytest.mark.parametrize("content", [None, "", []])
def test_calls_without_text_make_no_message(content: object) -> None:
    assert items(calls("a", content=content), answer("a")) == [call_item("a"), output_item("a")]


def test_text_comes_before_its_calls() -> None:
    said, *rest = items(calls("a", "b", content="Let me look."), answer("b"), answer("a"))
    assert said == {
        "type": "message",
        "role": "assistant",
        "content": [{"type": "output_text", "text": "Let me look."}],
    }
    assert rest == [call_item("a"), call_item("b"), output_item("b"), output_item("a")]


def test_custom_calls() -> None:
    call = {"id": "a", "type": "custom", "custom": {"name": "c", "input": "free text"}}
    assert items({"role": "assistant", "tool_calls": [call]}, answer("a")) == [
        {"type": "custom_tool_call", "call_id": "a", "name": "c", "input": "free text"},
        {"type": "custom_tool_call_output", "call_id": "a", "output": "done"},
    ]


def test_a_custom_call_that_a_stream_gave_out_as_a_function_call_is_custom_again() -> None:
    messages = [calls("a", name="c"), answer("a")]
    assert items(*messages, tools=[CUSTOM_TOOL]) == [
        {"type": "custom_tool_call", "call_id": "a", "name": "c", "input": "{}"},
        {"type": "custom_tool_call_output", "call_id": "a", "output": "done"},
    ]
    assert items(*messages) == [call_item("a", "c"), output_item("a")]


def test_long_call_ids_are_shortened_on_both_sides_alike() -> None:
    call, output = items(calls(LONG_ID), answer(LONG_ID))
    assert call["call_id"] == output["call_id"] != LONG_ID
    assert (len(call["call_id"]), call["call_id"][:5]) == (37, "call_")
    other, _ = items(calls(LONG_ID + "y"), answer(LONG_ID + "y"))
    assert other["call_id"] != call["call_id"]
    assert items(calls("x" * 64), answer("x" * 64))[0]["call_id"] == "x" * 64
    assert items(calls("\ud800" * 65), answer("\ud800" * 65))[0]["call_id"].startswith("call_")


@pytest.mark.parametrize(
    ("content", "output"),
    [
        ("", ""),
        ([{"type": "text", "text": "a"}], "a"),
        ([{"type": "text", "text": "a"}, {"type": "text", "text": "b", "x": 1}], "a\nb"),
        (
            [{"type": "text", "text": "a"}, {"type": "image_url", "image_url": "https://a.b/c.png"}],
            [
                {"type": "input_text", "text": "a"},
                {"type": "input_image", "image_url": "https://a.b/c.png", "detail": "auto"},
            ],
        ),
    ],
)
def test_outputs(content: object, output: object) -> None:
    assert items(calls("a"), answer("a", content))[1] == output_item("a", output)


def test_a_file_in_an_output_is_kept() -> None:
    part = {"type": "file", "file": {"file_data": "JVBERi0xLjc="}}
    (output,) = items(calls("a"), answer("a", [part]))[1]["output"]
    assert output["file_data"] == "data:application/pdf;base64,JVBERi0xLjc="


def test_missing_outputs_are_made_up_where_they_would_stand() -> None:
    assert items(calls("a", "b"), answer("b"), calls("c"), USER, calls("d")) == [
        call_item("a"),
        call_item("b"),
        output_item("a", "aborted"),
        output_item("b"),
        call_item("c"),
        output_item("c", "aborted"),
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hi"}]},
        call_item("d"),
        output_item("d", "aborted"),
    ]


def test_a_missing_output_of_a_custom_call_is_of_its_kind() -> None:
    call = {"id": "a", "type": "custom", "custom": {"name": "c", "input": ""}}
    assert items({"role": "assistant", "tool_calls": [call]})[1] == {
        "type": "custom_tool_call_output",
        "call_id": "a",
        "output": "aborted",
    }


def test_ids_may_be_used_again_in_a_later_turn() -> None:
    assert items(calls("a"), USER, calls("a"), answer("a"))[1] == output_item("a", "aborted")
    assert len(items(calls("a"), answer("a"), calls("a"), answer("a"))) == 4


@pytest.mark.parametrize(("call_id", "quoted"), [("a", "a"), (LONG_ID, f"{LONG_ID[:64]}…")])
def test_calls_of_one_message_do_not_share_an_id(call_id: str, quoted: str) -> None:
    with pytest.raises(Refusal) as caught:
        items(calls("b", call_id, "c", call_id), answer(call_id), answer(call_id))
    assert (caught.value.status, caught.value.param) == (400, "messages[1].tool_calls[3].id")
    assert caught.value.error_code is None
    assert str(caught.value) == (
        f"Invalid parameter: Duplicate value for 'tool_call_id' of '{quoted}', in messages[1].tool_calls[1] and "
        "messages[1].tool_calls[3]."
    )


def test_an_output_that_comes_late_or_twice_is_left_to_upstream() -> None:
    assert items(calls("a"), USER, answer("a"))[2] == output_item("a")
    assert items(calls("a"), answer("a"), answer("a"))[1:] == [output_item("a")] * 2


def test_legacy_calls_and_outputs() -> None:
    def call(name: str) -> dict[str, Any]:
        return {"role": "assistant", "content": None, "function_call": {"name": name, "arguments": "{}"}}

    def said(name: str, content: object) -> dict[str, Any]:
        return {"role": "function", "name": name, "content": content}

    sent = items(call("f"), said("f", "1"), call("g"), call("f"), said("f", None), said("g", "2"))
    assert sent == [
        call_item("call_legacy_0", "f"),
        output_item("call_legacy_0", "1"),
        call_item("call_legacy_1", "g"),
        call_item("call_legacy_2", "f"),
        output_item("call_legacy_2", ""),
        output_item("call_legacy_1", "2"),
    ]
    assert items(call("f"))[1] == output_item("call_legacy_0", "aborted")


CALL = "messages[1].tool_calls[0]"


@pytest.mark.parametrize(
    ("messages", "param", "code"),
    [
        ([answer("a")], "messages[1].tool_call_id", "invalid_value"),
        ([answer("a"), calls("a")], "messages[1].tool_call_id", "invalid_value"),
        ([calls("a"), answer("b")], "messages[2].tool_call_id", "invalid_value"),
        ([{"role": "tool", "content": "x"}], "messages[1].tool_call_id", "missing_required_parameter"),
        ([{"role": "tool", "tool_call_id": 1, "content": "x"}], "messages[1].tool_call_id", "invalid_type"),
        ([calls("a"), answer("a", None)], "messages[2].content", "invalid_type"),
        ([calls("a"), answer("a", [])], "messages[2].content", "empty_array"),
        ([calls("a"), answer("a", [{"type": "input_audio"}])], "messages[2].content[0].input_audio",
         "unsupported_parameter"),
        ([{"role": "function", "name": "f", "content": "x"}], "messages[1].name", "invalid_value"),
        ([{"role": "function", "content": "x"}], "messages[1].name", "missing_required_parameter"),
        ([{"role": "assistant", "tool_calls": {}}], "messages[1].tool_calls", "invalid_type"),
        ([{"role": "assistant", "tool_calls": [1]}], CALL, "invalid_type"),
        ([{"role": "assistant", "tool_calls": [{"type": "function"}]}], f"{CALL}.id", "missing_required_parameter"),
        ([{"role": "assistant", "tool_calls": [{"id": ""}]}], f"{CALL}.id", "missing_required_parameter"),
        ([{"role": "assistant", "tool_calls": [{"id": "a"}]}], f"{CALL}.type", "missing_required_parameter"),
        ([{"role": "assistant", "tool_calls": [{"id": "a", "type": "mcp"}]}], f"{CALL}.type", "invalid_value"),
        ([{"role": "assistant", "tool_calls": [{"id": "a", "type": "function"}]}], f"{CALL}.function",
         "missing_required_parameter"),
        ([{"role": "assistant", "tool_calls": [{"id": "a", "type": "function", "function": {"arguments": ""}}]}],
         f"{CALL}.function.name", "missing_required_parameter"),
        ([{"role": "assistant", "tool_calls": [{"id": "a", "type": "function", "function": {"name": "f"}}]}],
         f"{CALL}.function.arguments", "missing_required_parameter"),
        ([{"role": "assistant", "tool_calls": [
            {"id": "a", "type": "function", "function": {"name": "f", "arguments": {}}}]}],
         f"{CALL}.function.arguments", "invalid_type"),
        ([{"role": "assistant", "tool_calls": [{"id": "a", "type": "custom", "custom": {"name": "c"}}]}],
         f"{CALL}.custom.input", "missing_required_parameter"),
        ([{"role": "assistant", "function_call": "f"}], "messages[1].function_call", "invalid_type"),
        ([{"role": "assistant", "function_call": {"arguments": ""}}], "messages[1].function_call.name",
         "missing_required_parameter"),
        ([{"role": "assistant", "function_call": {"name": "f"}}], "messages[1].function_call.arguments",
         "missing_required_parameter"),
    ],
)  # fmt: skip
def test_what_is_refused_and_where(messages: list[dict[str, Any]], param: str, code: str) -> None:
    assert refused(*messages) == (param, code)

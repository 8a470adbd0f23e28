"""What upstream refuses by a place of its own is told by the place in the client's request."""

import re
from typing import Any

import pytest

from app.core.models import ModelTable
from app.core.token import TokenKind
from app.translate.chat_request import ChatRequest, read_chat_request
from app.translate.errors import failure_from_event, failure_from_http
from tests.translate.test_any_request import FULL, LEGACY, PDF, PNG

USER = {"role": "user", "content": "hi"}


def read(**more: Any) -> ChatRequest:
    return read_chat_request({"model": "gpt-5", "messages": [USER]} | more, models=ModelTable(), session_name=None)


def called(name: str, **how: Any) -> dict[str, Any]:
    return {"id": f"call_{name}", "type": "function", "function": {"name": name, "arguments": "{}"}} | how


TALK: list[dict[str, Any]] = [
    {"role": "system", "content": "a"},
    {"role": "developer", "content": "b"},
    USER,
    {"role": "user", "content": [
        {"type": "text", "text": "a"},
        {"type": "image_url", "image_url": {"url": PNG}},
        {"type": "image_url", "image_url": PNG},
        {"type": "file", "file": {"file_data": PDF}},
    ]},
    {"role": "assistant", "content": "b", "tool_calls": [
        called("f"), called("g"), called("c", type="custom", custom={"name": "c", "input": "x"}),
    ]},
    {"role": "tool", "tool_call_id": "call_g", "content": [{"type": "image_url", "image_url": {"url": PNG}}]},
    {"role": "system", "content": "late"},
    {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": "{}"}},
    {"role": "function", "name": "f", "content": "1"},
]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("input", "messages"),
        ("instructions", "messages"),
        ("input[0]", "messages[2]"),
        ("input[0].role", "messages[2].role"),
        ("input[0].novel", "messages[2]"),
        ("input[0].content", "messages[2].content"),
        ("input[0].content[0].text", "messages[2].content"),
        ("input[1].content", "messages[3].content"),
        ("input[1].content[0]", "messages[3].content[0]"),
        ("input[1].content[0].text", "messages[3].content[0].text"),
        ("input[1].content[0].type", "messages[3].content[0].type"),
        ("input[1].content[0].prompt_cache_breakpoint.ttl", "messages[3].content[0].prompt_cache_breakpoint.ttl"),
        ("input[1].content[1].image_url", "messages[3].content[1].image_url.url"),
        ("input[1].content[1].detail", "messages[3].content[1].image_url.detail"),
        ("input[1].content[2].image_url", "messages[3].content[2].image_url"),
        ("input[1].content[3].file_data", "messages[3].content[3].file.file_data"),
        ("input[1].content[3].filename", "messages[3].content[3].file.filename"),
        ("input[1].content[3].novel", "messages[3].content[3]"),
        ("input[1].content[9].text", "messages[3].content"),
        ("input[2].content[0].text", "messages[4].content"),
        ("input[3]", "messages[4].tool_calls[0]"),
        ("input[3].call_id", "messages[4].tool_calls[0].id"),
        ("input[4].name", "messages[4].tool_calls[1].function.name"),
        ("input[4].arguments", "messages[4].tool_calls[1].function.arguments"),
        ("input[5].name", "messages[4].tool_calls[2].custom.name"),
        ("input[5].input", "messages[4].tool_calls[2].custom.input"),
        # Outputs that we added.
        ("input[6].output", "messages[4]"),
        ("input[7].call_id", "messages[4]"),
        ("input[8].output[0].image_url", "messages[5].content[0].image_url.url"),
        ("input[8].output", "messages[5].content"),
        ("input[8].call_id", "messages[5].tool_call_id"),
        ("input[8].novel", "messages[5]"),
        ("input[9].content[0].text", "messages[6].content"),
        ("input[10]", "messages[7].function_call"),
        ("input[10].arguments", "messages[7].function_call.arguments"),
        ("input[11].output", "messages[8].content"),
        ("input[11].call_id", "messages[8].name"),
        ("input[12]", "messages"),
        ("input.3", "messages"),
    ],
)
def test_the_place_of_a_message(path: str, place: str) -> None:
    assert read(messages=TALK).places.of(path) == place


@pytest.mark.parametrize(
    ("messages", "path", "place"),
    [
        ([TALK[0], USER], "instructions", "messages[0].content"),
        ([TALK[0]], "input[0].content[0].text", "messages[0].content"),
        ([TALK[0], TALK[1]], "input[0].content[0].text", "messages"),
        ([USER], "instructions", "messages"),
        ([USER, {"role": "assistant", "refusal": "no"}, USER], "input[1].content[0]", "messages[1]"),
    ],
)
def test_the_place_of_what_is_told_first(messages: list[Any], path: str, place: str) -> None:
    assert read(messages=messages).places.of(path) == place


def test_a_custom_tool_that_the_client_knows_as_a_function() -> None:
    messages = [USER, {"role": "assistant", "tool_calls": [called("c")]}]
    asked = read(messages=messages, tools=[{"type": "custom", "custom": {"name": "c"}}])
    assert asked.for_token(TokenKind.API_KEY).body["input"][1]["type"] == "custom_tool_call"
    assert asked.places.of("input[1].input") == "messages[1].tool_calls[0].function.arguments"


FUNCTION = {"type": "function", "function": {"name": "f"}}
CUSTOM = {"type": "custom", "custom": {"name": "c"}}
SEARCH = {"type": "web_search"}
NEAR = {"search_context_size": "low", "user_location": {"type": "approximate", "approximate": {"city": "x"}}}


@pytest.mark.parametrize(
    ("more", "path", "place"),
    [
        ({"tools": [FUNCTION]}, "tools", "tools"),
        ({"tools": [FUNCTION]}, "tools[0]", "tools[0]"),
        ({"tools": [FUNCTION]}, "tools[0].type", "tools[0].type"),
        ({"tools": [FUNCTION]}, "tools[0].name", "tools[0].function.name"),
        ({"tools": [FUNCTION]}, "tools[0].parameters.properties", "tools[0].function.parameters.properties"),
        ({"tools": [FUNCTION]}, "tools[7].name", "tools"),
        ({"tools": [FUNCTION, CUSTOM]}, "tools[1].format.syntax", "tools[1].custom.format.grammar.syntax"),
        ({"tools": [FUNCTION, CUSTOM]}, "tools[1].format", "tools[1].custom.format"),
        ({"tools": [SEARCH]}, "tools[0].user_location.city", "tools[0].user_location.city"),
        # The options take the tool's place, at the end.
        ({"tools": [SEARCH, FUNCTION], "web_search_options": {}}, "tools[0].name", "tools[1].function.name"),
        ({"tools": [SEARCH, FUNCTION], "web_search_options": {}}, "tools[1].filters", "web_search_options"),
        ({"web_search_options": NEAR}, "tools[0]", "web_search_options"),
        ({"web_search_options": NEAR}, "tools[0].search_context_size", "web_search_options.search_context_size"),
        ({"web_search_options": NEAR}, "tools[0].user_location", "web_search_options.user_location"),
        ({"web_search_options": NEAR}, "tools[0].user_location.type", "web_search_options.user_location.type"),
        (
            {"web_search_options": NEAR},
            "tools[0].user_location.city",
            "web_search_options.user_location.approximate.city",
        ),
        ({"functions": [{"name": "f"}]}, "tools[0].name", "functions[0].name"),
        ({"functions": [{"name": "f"}]}, "tools[0].type", "functions[0]"),
        ({"functions": [{"name": "f"}]}, "tools", "functions"),
        ({"functions": [{"name": "f"}], "function_call": {"name": "f"}}, "tool_choice", "function_call"),
        ({"functions": [{"name": "f"}], "function_call": {"name": "f"}}, "tool_choice.name", "function_call.name"),
        ({"tools": [FUNCTION], "tool_choice": "auto"}, "tool_choice.name", "tool_choice"),
        ({"tools": [FUNCTION], "tool_choice": FUNCTION}, "tool_choice", "tool_choice"),
        ({"tools": [FUNCTION], "tool_choice": FUNCTION}, "tool_choice.name", "tool_choice.function.name"),
        ({"tools": [FUNCTION], "tool_choice": FUNCTION}, "tool_choice.type", "tool_choice.type"),
        ({"tools": [CUSTOM], "tool_choice": CUSTOM}, "tool_choice.name", "tool_choice.custom.name"),
        ({"tools": [CUSTOM], "tool_choice": CUSTOM}, "tool_choice.novel", "tool_choice"),
    ],
)
def test_the_place_of_a_tool(more: dict[str, Any], path: str, place: str) -> None:
    assert read(**more).places.of(path) == place


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("tool_choice", "tool_choice"),
        ("tool_choice.novel", "tool_choice.allowed_tools"),
        ("tool_choice.mode", "tool_choice.allowed_tools.mode"),
        ("tool_choice.tools", "tool_choice.allowed_tools.tools"),
        ("tool_choice.tools[1]", "tool_choice.allowed_tools.tools[1]"),
        ("tool_choice.tools[1].name", "tool_choice.allowed_tools.tools[1].custom.name"),
        ("tool_choice.tools[9].name", "tool_choice.allowed_tools.tools[9].name"),
    ],
)
def test_the_place_of_an_allowed_tool(path: str, place: str) -> None:
    allowed = {"mode": "auto", "tools": [FUNCTION, CUSTOM]}
    choice = {"type": "allowed_tools", "allowed_tools": allowed}
    assert read(tools=[FUNCTION, CUSTOM], tool_choice=choice).places.of(path) == place


SCHEMA = {"type": "json_schema", "json_schema": {"name": "n", "schema": {}}}


@pytest.mark.parametrize(
    ("more", "path", "place"),
    [
        ({"response_format": SCHEMA}, "text", "response_format"),
        ({"response_format": SCHEMA}, "text.format", "response_format"),
        ({"response_format": SCHEMA}, "text.format.type", "response_format.type"),
        ({"response_format": SCHEMA}, "text.format.name", "response_format.json_schema.name"),
        ({"response_format": SCHEMA}, "text.format.schema", "response_format.json_schema.schema"),
        ({"response_format": {"type": "text"}}, "text.format.schema", "response_format"),
        ({"response_format": None}, "text.format.schema", "response_format"),
        ({"verbosity": "low"}, "text.verbosity", "verbosity"),
        ({"max_tokens": 1}, "max_output_tokens", "max_tokens"),
        ({"max_tokens": 1, "max_completion_tokens": 20}, "max_output_tokens", "max_completion_tokens"),
        ({"max_tokens": 1, "max_completion_tokens": None}, "max_output_tokens", "max_tokens"),
        ({}, "max_output_tokens", "max_output_tokens"),
        ({"reasoning_effort": "low"}, "reasoning.effort", "reasoning_effort"),
        ({"model": "gpt-5-high"}, "reasoning.effort", "reasoning_effort"),
        ({"reasoning": {"effort": "low"}}, "reasoning.effort", "reasoning.effort"),
        ({"reasoning_effort": "low", "reasoning": {"effort": "high"}}, "reasoning.effort", "reasoning_effort"),
        ({"reasoning": {"summary": "auto"}}, "reasoning.summary", "reasoning.summary"),
        ({"prompt_cache_key": "k", "session_id": "s"}, "prompt_cache_key", "prompt_cache_key"),
        ({"session_id": "s"}, "prompt_cache_key", "session_id"),
        ({}, "prompt_cache_key", "prompt_cache_key"),
        ({"logprobs": True}, "include", "logprobs"),
        ({}, "include", "include"),
        ({}, "temperature", "temperature"),
        ({}, "metadata.a-b", "metadata.a-b"),
        ({}, "model", "model"),
        ({}, "", ""),
        ({}, "what is this?", "what is this?"),
    ],
)
def test_the_place_of_an_option(more: dict[str, Any], path: str, place: str) -> None:
    assert read(**more).places.of(path) == place


def paths(value: Any, path: str = "") -> list[str]:
    """Of everything in a body."""
    if isinstance(value, dict):
        found = [p for key, one in value.items() for p in paths(one, f"{path}.{key}" if path else key)]
    elif isinstance(value, list):
        found = [p for number, one in enumerate(value) for p in paths(one, f"{path}[{number}]")]
    else:
        found = []
    return [path, *found] if path else found


@pytest.mark.parametrize("data", [FULL, LEGACY])
def test_every_place_in_a_body_leads_to_one_that_the_client_knows(data: dict[str, Any]) -> None:
    asked = read_chat_request(data, models=ModelTable(), session_name=None)
    for path in paths(asked.for_token(TokenKind.API_KEY).body):
        place = asked.places.of(path)
        if path.startswith("input"):
            assert place.startswith("messages"), path
        if path.startswith(("input", "tools", "text", "tool_choice")):
            found: Any = data
            for name, index in re.findall(r"(\w+)|\[(\d+)\]", place):
                if name in ("strict", "filename", "detail", "type", "properties") and name not in found:
                    # What we add to what the client says.
                    break
                found = found[int(index) if index else name]


def test_a_message_quotes_the_same_place() -> None:
    places = read(tools=[FUNCTION], response_format={"type": "text"}, max_tokens=3).places

    def told(message: str, param: str | None, status: int = 400) -> tuple[str, str | None]:
        error = {"message": message, "type": "invalid_request_error", "param": param, "code": None}
        failure = failure_from_event({"type": "error", "error": error, "status": status})
        failure = places.told(failure)
        return failure.message, failure.param

    assert told("Invalid 'tools[0].name': too long.", "tools[0].name") == (
        "Invalid 'tools[0].function.name': too long.",
        "tools[0].function.name",
    )
    assert told("'max_output_tokens' of tools[0].name", "max_output_tokens") == (
        "'max_tokens' of tools[0].name",
        "max_tokens",
    )
    assert told("The input messages need it to use 'text.format' of type 'json_object'.", "input") == (
        "The input messages need it to use 'response_format' of type 'json_object'.",
        "messages",
    )
    assert told("'input[0].content' is wrong.", None) == ("'messages[0].content' is wrong.", None)
    # The client's own words are not touched.
    assert told("Invalid value: 'input'.", "reasoning.effort") == ("Invalid value: 'input'.", "reasoning_effort")
    assert told("'tools[0].name' is late.", "tools[0].name", 500) == ("'tools[0].name' is late.", None)


def test_what_names_no_place_is_told_as_it_is() -> None:
    failure = failure_from_http(400, b'{"detail":"Unsupported parameter: top_k"}', {}, now=0.0)
    assert read().places.told(failure) == failure

import json
from typing import Any

import pytest

from app.core.errors import Refusal
from app.core.models import ModelTable
from app.core.token import TokenKind
from app.translate.chat_request import ChatRequest, read_chat_request

BOTH = pytest.mark.parametrize("kind", list(TokenKind))
KEYS = ("tools", "tool_choice", "parallel_tool_calls")
FUNCTION = {"type": "function", "function": {"name": "f"}}
CUSTOM = {"type": "custom", "custom": {"name": "c"}}
FLAT_FUNCTION = {"type": "function", "name": "f", "parameters": {"type": "object", "properties": {}}, "strict": False}
SEARCH = {"type": "web_search"}
LEGACY = [{"name": "f"}]


def read(**fields: Any) -> ChatRequest:
    data = {"model": "gpt-5", "messages": [{"role": "user", "content": "hi"}], **fields}
    return read_chat_request(data, models=ModelTable(), session_name=None)


def sent(kind: TokenKind = TokenKind.CHATGPT, **fields: Any) -> dict[str, Any]:
    """Those of upstream's fields that are about tools."""
    body = read(**fields).for_token(kind).body
    return {key: body[key] for key in KEYS if key in body}


def function(**fields: Any) -> dict[str, Any]:
    return {"type": "function", "function": {"name": "f", **fields}}


def custom(**fields: Any) -> dict[str, Any]:
    return {"type": "custom", "custom": {"name": "c", **fields}}


SCHEMA = {
    "type": "object",
    "properties": {"z": {"type": "string"}, "a": {"type": "null"}},
    "required": ["z"],
    "$x": None,
}


@BOTH
@pytest.mark.parametrize(
    ("tool", "flat"),
    [
        (FUNCTION, FLAT_FUNCTION),
        (function(parameters=None, strict=None, description=None), FLAT_FUNCTION),
        (function(parameters=SCHEMA, strict=True, description="d"),
         {"type": "function", "name": "f", "description": "d", "parameters": SCHEMA, "strict": True}),
        (function(parameters={}, cache_control={"type": "ephemeral"}), FLAT_FUNCTION),
        (FUNCTION | {"cache_control": 1}, FLAT_FUNCTION),
        (CUSTOM, {"type": "custom", "name": "c"}),
        (custom(description="d", format={"type": "text"}),
         {"type": "custom", "name": "c", "description": "d", "format": {"type": "text"}}),
        (custom(format={"type": "grammar", "grammar": {"syntax": "lark", "definition": "start: A", "x": 1}}),
         {"type": "custom", "name": "c", "format": {"type": "grammar", "syntax": "lark", "definition": "start: A"}}),
        (SEARCH, SEARCH),
        ({"type": "web_search_preview"}, SEARCH),
        ({"type": "web_search_preview_2025_03_11"}, SEARCH),
        ({"type": "web_search_2025_08_26", "search_context_size": "high", "external_web_access": False,
          "filters": {"allowed_domains": ["openai.com"]}, "user_location": {"type": "approximate", "city": "Köln"}},
         {"type": "web_search", "search_context_size": "high", "external_web_access": False,
          "filters": {"allowed_domains": ["openai.com"]}, "user_location": {"type": "approximate", "city": "Köln"}}),
        (SEARCH | {"filters": {}, "user_location": {"type": "approximate", "approximate": {"country": "DE"}}},
         {"type": "web_search", "user_location": {"type": "approximate", "country": "DE"}}),
        ({"type": "web_search", "user_location": {"type": "approximate", "city": None}},
         {"type": "web_search", "user_location": {"type": "approximate"}}),
    ],
)  # fmt: skip
def test_a_tool(kind: TokenKind, tool: dict[str, Any], flat: dict[str, Any]) -> None:
    made = sent(kind, tools=[tool])
    assert made == {"tools": [flat]}
    assert json.dumps(made["tools"][0].get("parameters")) == json.dumps(flat.get("parameters")), "order is meaning"


def test_tools_keep_their_order() -> None:
    assert [tool["type"] for tool in sent(tools=[CUSTOM, SEARCH, FUNCTION])["tools"]] == [
        "custom",
        "web_search",
        "function",
    ]


@pytest.mark.parametrize(
    ("tools", "param", "code"),
    [
        ({}, "tools", "invalid_type"),
        ([1], "tools[0]", "invalid_type"),
        ([FUNCTION, {}], "tools[1].type", "missing_required_parameter"),
        ([{"type": 1}], "tools[0].type", "invalid_type"),
        ([{"type": "file_search"}], "tools[0].type", "invalid_value"),
        ([{"type": "function"}], "tools[0].function", "missing_required_parameter"),
        ([{"type": "function", "function": "f"}], "tools[0].function", "invalid_type"),
        ([{"type": "function", "function": {}}], "tools[0].function.name", "missing_required_parameter"),
        ([{"type": "function", "name": "f"}], "tools[0].function", "missing_required_parameter"),
        ([function(name="")], "tools[0].function.name", "missing_required_parameter"),
        ([function(name=1)], "tools[0].function.name", "invalid_type"),
        ([function(description=1)], "tools[0].function.description", "invalid_type"),
        ([function(parameters=[])], "tools[0].function.parameters", "invalid_type"),
        ([function(strict="no")], "tools[0].function.strict", "invalid_type"),
        ([{"type": "custom"}], "tools[0].custom", "missing_required_parameter"),
        ([custom(name=None)], "tools[0].custom.name", "missing_required_parameter"),
        ([custom(format="text")], "tools[0].custom.format", "invalid_type"),
        ([custom(format={})], "tools[0].custom.format.type", "missing_required_parameter"),
        ([custom(format={"type": "json"})], "tools[0].custom.format.type", "invalid_value"),
        ([custom(format={"type": "grammar"})], "tools[0].custom.format.grammar", "missing_required_parameter"),
        ([custom(format={"type": "grammar", "grammar": {"definition": "x"}})],
         "tools[0].custom.format.grammar.syntax", "missing_required_parameter"),
        ([custom(format={"type": "grammar", "grammar": {"syntax": "lark"}})],
         "tools[0].custom.format.grammar.definition", "missing_required_parameter"),
        ([SEARCH | {"filters": []}], "tools[0].filters", "invalid_type"),
        ([SEARCH | {"filters": {"allowed_domains": "x"}}], "tools[0].filters.allowed_domains", "invalid_type"),
        ([SEARCH | {"external_web_access": 1}], "tools[0].external_web_access", "invalid_type"),
        ([SEARCH | {"search_context_size": "huge"}], "tools[0].search_context_size", "invalid_value"),
        ([SEARCH | {"user_location": {}}], "tools[0].user_location.type", "missing_required_parameter"),
        ([SEARCH | {"user_location": {"type": "exact"}}], "tools[0].user_location.type", "invalid_value"),
        ([SEARCH | {"user_location": {"type": "approximate", "city": 1}}],
         "tools[0].user_location.city", "invalid_type"),
    ],
)  # fmt: skip
def test_tools_that_are_refused(tools: object, param: str, code: str) -> None:
    error = refused(tools=tools)
    assert (error.param, error.error_code) == (param, code)


def refused(**fields: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        read(**fields)
    assert (caught.value.status, caught.value.error_type) == (400, "invalid_request_error")
    return caught.value


@BOTH
@pytest.mark.parametrize(
    ("choice", "flat"),
    [
        ("none", "none"),
        ("auto", "auto"),
        ("required", "required"),
        (None, None),
        (FUNCTION, {"type": "function", "name": "f"}),
        (CUSTOM, {"type": "custom", "name": "c"}),
        ({"type": "web_search_preview"}, SEARCH),
        ({"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [FUNCTION, CUSTOM, SEARCH]}},
         {"type": "allowed_tools", "mode": "auto",
          "tools": [{"type": "function", "name": "f"}, {"type": "custom", "name": "c"}, SEARCH]}),
    ],
)  # fmt: skip
def test_a_choice_of_tools(kind: TokenKind, choice: object, flat: object) -> None:
    assert sent(kind, tools=[FUNCTION, CUSTOM, SEARCH], tool_choice=choice).get("tool_choice") == flat


ALLOWED = "tool_choice.allowed_tools"


@pytest.mark.parametrize(
    ("choice", "param", "code"),
    [
        (1, "tool_choice", "invalid_type"),
        (["auto"], "tool_choice", "invalid_type"),
        ("any", "tool_choice", "invalid_value"),
        ({}, "tool_choice.type", "missing_required_parameter"),
        ({"type": "mcp"}, "tool_choice.type", "invalid_value"),
        ({"type": "function"}, "tool_choice.function", "missing_required_parameter"),
        ({"type": "custom", "custom": {}}, "tool_choice.custom.name", "missing_required_parameter"),
        ({"type": "allowed_tools"}, ALLOWED, "missing_required_parameter"),
        ({"type": "allowed_tools", "allowed_tools": {"tools": [FUNCTION]}}, f"{ALLOWED}.mode",
         "missing_required_parameter"),
        ({"type": "allowed_tools", "allowed_tools": {"mode": "none", "tools": [FUNCTION]}}, f"{ALLOWED}.mode",
         "invalid_value"),
        ({"type": "allowed_tools", "allowed_tools": {"mode": "auto"}}, f"{ALLOWED}.tools",
         "missing_required_parameter"),
        ({"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": []}}, f"{ALLOWED}.tools", "empty_array"),
        ({"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [FUNCTION, {"type": "allowed_tools"}]}},
         f"{ALLOWED}.tools[1].type", "invalid_value"),
    ],
)  # fmt: skip
def test_choices_that_are_refused(choice: object, param: str, code: str) -> None:
    error = refused(tools=[FUNCTION], tool_choice=choice)
    assert (error.param, error.error_code) == (param, code)


@BOTH
@pytest.mark.parametrize("empty", [{}, {"tools": []}, {"tools": None, "functions": []}])
def test_without_tools_idle_choices_say_nothing(kind: TokenKind, empty: dict[str, Any]) -> None:
    for choice in ("none", "auto", None):
        assert sent(kind, **empty, tool_choice=choice, function_call=choice, parallel_tool_calls=True) == {}


@pytest.mark.parametrize(
    ("fields", "param", "needed"),
    [
        ({"tool_choice": "required"}, "tool_choice", "tools"),
        ({"tool_choice": FUNCTION}, "tool_choice", "tools"),
        ({"functions": LEGACY, "tool_choice": "none"}, "tool_choice", "tools"),
        ({"function_call": {"name": "f"}}, "function_call", "functions"),
        ({"tools": [FUNCTION], "function_call": "none"}, "function_call", "functions"),
    ],
)
def test_a_choice_without_its_tools_is_refused(fields: dict[str, Any], param: str, needed: str) -> None:
    error = refused(**fields)
    assert (error.param, error.error_code) == (param, None)
    assert error.message == f"Invalid value for '{param}': '{param}' is only allowed when '{needed}' is specified."


@BOTH
@pytest.mark.parametrize("parallel", [True, False])
def test_parallel_calls(kind: TokenKind, parallel: bool) -> None:
    assert sent(kind, tools=[FUNCTION], parallel_tool_calls=parallel)["parallel_tool_calls"] is parallel


def test_parallel_calls_are_yes_or_no() -> None:
    assert refused(tools=[FUNCTION], parallel_tool_calls="yes").param == "parallel_tool_calls"


@BOTH
@pytest.mark.parametrize(
    ("choice", "flat"),
    [
        (None, {}),
        ("none", {"tool_choice": "none"}),
        ("auto", {"tool_choice": "auto"}),
        ({"name": "f"}, {"tool_choice": {"type": "function", "name": "f"}}),
    ],
)
def test_legacy_functions_are_tools_called_one_by_one(kind: TokenKind, choice: object, flat: dict[str, Any]) -> None:
    fields = {"functions": LEGACY, "function_call": choice, "parallel_tool_calls": True, "tool_choice": "auto"}
    assert sent(kind, **fields) == {"tools": [FLAT_FUNCTION], "parallel_tool_calls": False, **flat}
    assert read(**fields).legacy_functions
    assert not read(tools=[FUNCTION]).legacy_functions


@pytest.mark.parametrize(
    ("fields", "param", "code"),
    [
        ({"functions": "f"}, "functions", "invalid_type"),
        ({"functions": [{"description": "d"}]}, "functions[0].name", "missing_required_parameter"),
        ({"functions": LEGACY, "tools": [FUNCTION]}, "functions", "invalid_value"),
        ({"functions": LEGACY, "function_call": 1}, "function_call", "invalid_type"),
        ({"functions": LEGACY, "function_call": "required"}, "function_call", "invalid_value"),
        ({"functions": LEGACY, "function_call": {}}, "function_call.name", "missing_required_parameter"),
    ],
)
def test_legacy_fields_that_are_refused(fields: dict[str, Any], param: str, code: str) -> None:
    error = refused(**fields)
    assert (error.param, error.error_code) == (param, code)


PLACE = {
    "type": "approximate",
    "approximate": {"city": "北京", "country": "CN", "region": None, "timezone": "Asia/Shanghai"},
}
FLAT_PLACE = {"type": "approximate", "city": "北京", "country": "CN", "timezone": "Asia/Shanghai"}


@BOTH
@pytest.mark.parametrize(
    ("fields", "tools"),
    [
        ({"web_search_options": {}}, [SEARCH]),
        ({"web_search_options": {"search_context_size": "low", "user_location": PLACE}},
         [SEARCH | {"search_context_size": "low", "user_location": FLAT_PLACE}]),
        ({"web_search_options": {"user_location": None}, "tools": [FUNCTION]}, [FLAT_FUNCTION, SEARCH]),
        ({"web_search_options": {"search_context_size": "low"},
          "tools": [SEARCH | {"external_web_access": False, "search_context_size": "high"}, FUNCTION]},
         [FLAT_FUNCTION, SEARCH | {"external_web_access": False, "search_context_size": "low"}]),
    ],
)  # fmt: skip
def test_web_search_options_are_a_tool(kind: TokenKind, fields: dict[str, Any], tools: list[dict[str, Any]]) -> None:
    assert sent(kind, **fields) == {"tools": tools}


def test_web_search_options_allow_a_choice() -> None:
    assert sent(web_search_options={}, tool_choice="required")["tool_choice"] == "required"


@pytest.mark.parametrize(
    ("options", "param", "code"),
    [
        (True, "web_search_options", "invalid_type"),
        ({"search_context_size": 1}, "web_search_options.search_context_size", "invalid_type"),
        ({"user_location": {"type": "approximate"}}, "web_search_options.user_location.approximate",
         "missing_required_parameter"),
        ({"user_location": {"type": "approximate", "approximate": {"city": 1}}},
         "web_search_options.user_location.approximate.city", "invalid_type"),
    ],
)  # fmt: skip
def test_web_search_options_that_are_refused(options: object, param: str, code: str) -> None:
    error = refused(web_search_options=options)
    assert (error.param, error.error_code) == (param, code)


def test_the_way_back_knows_the_custom_tools() -> None:
    assert read(tools=[FUNCTION, CUSTOM, SEARCH]).custom_tools == {"c"}
    both = [CUSTOM, {"type": "function", "function": {"name": "c"}}]
    assert read(tools=both).custom_tools == frozenset(), "a call of that name is the function's"

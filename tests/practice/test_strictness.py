"""What both simulated services refuse of items, tools and options: whatever the real ones were seen to refuse."""

from typing import Any

import pytest

from app.practice.server import PracticeUpstream
from tests.practice.client import Answer, Client, codex_body, user

LOOSE = {"type": "object", "properties": {"city": {"type": "string"}}}
STRICT = LOOSE | {"required": ["city"], "additionalProperties": False}
CALL = {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"}
OUTPUT = {"type": "function_call_output", "call_id": "c1", "output": "done"}
PNG = "data:image/png;base64,AA=="


def function(**changes: Any) -> dict[str, Any]:
    return {"type": "function", "name": "f", "parameters": STRICT} | changes


def parts(*given: Any, role: str = "user") -> dict[str, Any]:
    return {"input": [{"type": "message", "role": role, "content": list(given)}]}


def schema(**changes: Any) -> dict[str, Any]:
    return {"text": {"format": {"type": "json_schema", "name": "x", "schema": STRICT} | changes}}


async def both(client: Client, changes: dict[str, Any]) -> list[Answer]:
    body = codex_body(**changes)
    return [await client.codex(body), await client.openai(body)]


@pytest.mark.parametrize(
    ("changes", "param", "code"),
    [
        ({"input": [user("hi") | {"reasoning_content": "x"}]}, "input[0].reasoning_content", "unknown_parameter"),
        ({"input": [CALL | {"index": 0}, OUTPUT]}, "input[0].index", "unknown_parameter"),
        ({"input": [CALL | {"arguments": {}}, OUTPUT]}, "input[0].arguments", "invalid_type"),
        ({"input": [CALL | {"id": "call_1"}, OUTPUT]}, "input[0].id", "invalid_value"),
        ({"input": [CALL, OUTPUT | {"output": None}]}, "input[1].output", "invalid_type"),
        ({"input": [CALL, OUTPUT | {"name": "f"}]}, "input[1].name", "unknown_parameter"),
        ({"input": [CALL, {"role": "assistant", "content": []}, OUTPUT]}, "input", None),
        (
            parts({"type": "input_text", "text": "x", "cache_control": {}}),
            "input[0].content[0].cache_control",
            "unknown_parameter",
        ),
        (parts({"type": "input_text"}), "input[0].content[0].text", "missing_required_parameter"),
        (parts({"type": "input_text", "text": "x"}, role="assistant"), "input[0].content[0]", "invalid_value"),
        (parts({"type": "input_image", "image_url": {"url": PNG}}), "input[0].content[0].image_url", "invalid_type"),
        (
            parts({"type": "input_image", "image_url": "data:image/png;base64,???"}),
            "input[0].content[0].image_url",
            "invalid_value",
        ),
        (
            parts({"type": "input_image", "image_url": "data:image/tiff;base64,AA=="}),
            "input[0].content[0].image_url",
            "invalid_value",
        ),
        (
            parts({"type": "input_image", "image_url": "file:///a.png"}),
            "input[0].content[0].image_url",
            "invalid_value",
        ),
        (
            parts({"type": "input_image", "image_url": PNG, "detail": "best"}),
            "input[0].content[0].detail",
            "invalid_value",
        ),
        (
            parts({"type": "input_file", "file_data": "data:application/pdf;base64,AA=="}),
            "input[0].content[0]",
            "missing_required_parameter",
        ),
        (
            parts({"type": "input_file", "file_data": "AA==", "filename": "a.pdf"}),
            "input[0].content[0].file_data",
            "invalid_value",
        ),
        ({"tools": {"f": 1}}, "tools", "invalid_type"),
        ({"tools": [{"type": "function", "function": {"name": "f"}}]}, "tools[0].name", "missing_required_parameter"),
        ({"tools": [function(function={})]}, "tools[0].function", "unknown_parameter"),
        ({"tools": [function(name="a b")]}, "tools[0].name", "invalid_value"),
        ({"tools": [function(name="f" * 65)]}, "tools[0].name", "string_above_max_length"),
        ({"tools": [{"type": "function", "name": "f"}]}, "tools[0].parameters", "missing_required_parameter"),
        ({"tools": [function(parameters={}, strict=False)]}, "tools[0].parameters", "invalid_function_parameters"),
        ({"tools": [function(parameters=LOOSE)]}, "tools[0].parameters", "invalid_function_parameters"),
        ({"tools": [function(parameters=LOOSE, strict=True)]}, "tools[0].parameters", "invalid_function_parameters"),
        (
            {"tools": [function(parameters=STRICT | {"properties": 1}, strict=True)]},
            "tools[0].parameters",
            "invalid_function_parameters",
        ),
        (schema(schema=STRICT | {"properties": 1}, strict=True), "text.format.schema", "invalid_json_schema"),
        (schema(schema=STRICT | {"required": "city"}), "text.format.schema", "invalid_json_schema"),
        (schema(schema={"anyOf": [STRICT | {"enum": 1}]}), "text.format.schema", "invalid_json_schema"),
        ({"tools": [{"type": "anything"}]}, "tools[0].type", "invalid_value"),
        (
            {"tools": [{"type": "custom", "name": "c", "format": {"type": "grammar", "grammar": {}}}]},
            "tools[0].format.syntax",
            "missing_required_parameter",
        ),
        (
            {"tools": [{"type": "web_search", "user_location": {"type": "approximate", "approximate": {}}}]},
            "tools[0].user_location.approximate",
            "unknown_parameter",
        ),
        ({"tool_choice": "always"}, "tool_choice", "invalid_value"),
        ({"tool_choice": "required"}, "tool_choice", None),
        ({"tools": [function()], "tool_choice": {"type": "function", "name": "g"}}, "tool_choice", None),
        (
            {"tools": [function()], "tool_choice": {"type": "function", "function": {"name": "f"}}},
            "tool_choice.name",
            "missing_required_parameter",
        ),
        (
            {"tools": [function()], "tool_choice": {"type": "allowed_tools", "allowed_tools": {}}},
            "tool_choice.allowed_tools",
            "unknown_parameter",
        ),
        (
            {"text": {"format": {"type": "json_schema", "json_schema": {}}}},
            "text.format.json_schema",
            "unknown_parameter",
        ),
        (schema(name=None), "text.format.name", "missing_required_parameter"),
        (schema(schema=LOOSE, strict=True), "text.format.schema", "invalid_json_schema"),
        ({"text": {"verbosity": "loud"}}, "text.verbosity", "invalid_value"),
        ({"include": ["everything"]}, "include[0]", "invalid_value"),
        ({"model": "gpt-5-codex", "reasoning": {"effort": "minimal"}}, "reasoning.effort", "unsupported_value"),
        ({"reasoning": {"effort": "none"}}, "reasoning.effort", "unsupported_value"),
        ({"reasoning": {"effort": "hard"}}, "reasoning.effort", "invalid_value"),
        ({"reasoning": {"summary": "long"}}, "reasoning.summary", "invalid_value"),
    ],
)
async def test_both_services_refuse(client: Client, changes: dict[str, Any], param: str, code: str | None) -> None:
    for answer in await both(client, changes):
        error = answer.json["error"]
        assert (answer.status, error["param"], error["code"]) == (400, param, code)


@pytest.mark.parametrize(
    "changes",
    [
        {"tools": [function()]},
        {"tools": [function(parameters=LOOSE, strict=False)], "tool_choice": "required"},
        {"tools": [function(parameters=None, strict=False)]},
        {"tools": [{"type": "web_search"}], "tool_choice": {"type": "web_search"}},
        {"tool_choice": "auto"},
        {"input": [user("hi"), CALL, OUTPUT | {"output": [{"type": "input_text", "text": "x"}]}]},
        parts({"type": "input_image", "image_url": PNG, "detail": "original"}),
        parts({"type": "input_image", "image_url": "https://example.com/a.png"}),
        schema(schema=LOOSE),
        schema(strict=True),
        {"model": "gpt-5", "reasoning": {"effort": "minimal", "summary": "concise"}},
    ],
)
async def test_both_services_accept(client: Client, changes: dict[str, Any]) -> None:
    assert [answer.status for answer in await both(client, changes)] == [200, 200]


async def test_breakpoints_of_the_cache_are_for_the_api_only(client: Client) -> None:
    changes = parts({"type": "input_text", "text": "x", "prompt_cache_breakpoint": {"mode": "explicit"}})
    assert [answer.status for answer in await both(client, changes)] == [400, 200]


async def test_a_subscription_has_fewer_service_tiers(client: Client) -> None:
    assert [answer.status for answer in await both(client, {"service_tier": "scale"})] == [400, 200]
    assert [answer.status for answer in await both(client, {"service_tier": "fast"})] == [400, 400]
    echoed = await client.openai({"model": "gpt-5", "input": "hi", "service_tier": "priority"})
    assert echoed.json["service_tier"] == "priority"


async def test_a_model_that_reasons_takes_no_temperature(client: Client) -> None:
    refused = await client.openai({"model": "gpt-5", "input": "hi", "temperature": 0.5})
    assert (refused.status, refused.json["error"]["param"]) == (400, "temperature")
    not_reasoning = {"input": "hi", "temperature": 0.5}
    assert (await client.openai({"model": "gpt-4.1", **not_reasoning})).status == 200
    unthinking = {"model": "gpt-5.1", "reasoning": {"effort": "none"}, **not_reasoning}
    assert (await client.openai(unthinking)).status == 200


async def test_a_model_that_does_not_reason_takes_no_effort(client: Client) -> None:
    body = {"model": "gpt-4.1", "input": "hi"}
    refused = await client.openai(body | {"reasoning": {"summary": "auto"}})
    assert refused.json["error"]["param"] == "reasoning.summary"
    assert (await client.openai(body | {"include": ["reasoning.encrypted_content"]})).status == 400
    assert (await client.codex(codex_body(model="gpt-4.1", reasoning=None, include=None))).status == 400


async def test_an_organization_that_is_not_verified_gets_no_summary(client: Client, upstream: PracticeUpstream) -> None:
    upstream.unverify(upstream.api_keys[0])
    body = {"model": "gpt-5", "input": "hi", "reasoning": {"effort": "low", "summary": "auto"}}
    refused = await client.openai(body)
    assert (refused.status, refused.json["error"]["param"]) == (400, "reasoning.summary")
    assert (await client.openai(body | {"reasoning": {"effort": "low"}})).status == 200
    assert (await client.codex()).status == 200
    upstream.unverify(upstream.api_keys[0], verified=True)
    assert (await client.openai(body)).status == 200


async def test_a_withdrawn_model_is_neither_served_nor_listed(client: Client, upstream: PracticeUpstream) -> None:
    upstream.withdraw_model("gpt-5.5")
    for account in upstream.accounts:
        refused = await client.codex(account=account)
        assert refused.json == {
            "detail": "The 'gpt-5.5' model is not supported when using Codex with a ChatGPT account."
        }
    assert (await client.openai({"model": "gpt-5.5", "input": "hi"})).json["error"]["code"] == "model_not_found"
    listed = await client.get(upstream.chatgpt_base_url + "/models", client.login())
    assert "gpt-5.5" not in [entry["slug"] for entry in listed.json["models"]]
    upstream.withdraw_model("gpt-5.5", withdrawn=False)
    assert (await client.codex()).status == 200

import copy
import json
from typing import Any

import pytest

from app.core.errors import Refusal
from app.core.models import BUILT_IN, ModelAlias, ModelTable
from app.core.token import TokenKind
from app.translate.chat_request import ChatRequest, ResponsesRequest, read_chat_request

BOTH = pytest.mark.parametrize("kind", list(TokenKind))
HI = [{"role": "user", "content": "hi"}]
HI_ITEM = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hi"}]}
USES_JSON = [{"role": "user", "content": "Answer in JSON."}]


def read(session: str | None = None, models: ModelTable | None = None, **fields: Any) -> ChatRequest:
    data = {"model": "gpt-5", "messages": HI, **fields}
    return read_chat_request(data, models=models or ModelTable(), session_name=session)


def translated(kind: TokenKind = TokenKind.CHATGPT, session: str | None = None, **fields: Any) -> ResponsesRequest:
    return read(session, **fields).for_token(kind)


def body(kind: TokenKind = TokenKind.CHATGPT, **fields: Any) -> dict[str, Any]:
    return translated(kind, **fields).body


def refused(kind: TokenKind = TokenKind.CHATGPT, **fields: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        translated(kind, **fields)
    assert (caught.value.status, caught.value.error_type) == (400, "invalid_request_error")
    return caught.value


def test_the_smallest_request_to_the_chatgpt_backend() -> None:
    request = translated()
    assert request.body == {
        "model": "gpt-5",
        "instructions": "",
        "input": [HI_ITEM],
        "reasoning": {"summary": "auto"},
        "include": ["reasoning.encrypted_content"],
        "store": False,
        "stream": True,
    }
    assert request.effort is None
    asked = read()
    assert (asked.model, asked.stream, asked.include_usage, asked.wants_logprobs) == ("gpt-5", False, False, False)
    assert (asked.legacy_functions, asked.custom_tools) == (False, frozenset())


def test_the_smallest_request_to_the_responses_api() -> None:
    assert body(TokenKind.API_KEY) == {
        "model": "gpt-5",
        "input": [HI_ITEM],
        "reasoning": {"summary": "auto"},
        "include": ["reasoning.encrypted_content"],
        "store": False,
        "stream": True,
    }


@BOTH
@pytest.mark.parametrize("alias", BUILT_IN)
def test_an_alias_sets_model_and_effort_and_wins_over_the_parameter(kind: TokenKind, alias: Any) -> None:
    request = translated(kind, model=alias.name, reasoning_effort="xhigh", reasoning={"effort": "none"})
    assert request.body["model"] == alias.model
    assert request.body["reasoning"] == {"effort": alias.effort, "summary": "auto"}
    assert request.effort == alias.effort
    assert read(model=alias.name).model == alias.name


def test_the_users_own_names_count() -> None:
    models = ModelTable((ModelAlias("fast", "gpt-5.5", "low"), ModelAlias("plain", "gpt-5.5")))
    assert read(models=models, model="fast").for_token(TokenKind.CHATGPT).body["model"] == "gpt-5.5"
    plain = read(models=models, model="plain", reasoning_effort="high")
    assert (plain.model, plain.for_token(TokenKind.API_KEY).effort) == ("plain", "high")


@pytest.mark.parametrize(
    ("fields", "reasoning"),
    [
        ({"reasoning_effort": "low"}, {"effort": "low", "summary": "auto"}),
        ({"reasoning": {"effort": "low", "summary": "detailed"}}, {"effort": "low", "summary": "detailed"}),
        ({"reasoning_effort": "high", "reasoning": {"effort": "low"}}, {"effort": "high", "summary": "auto"}),
        ({"reasoning_effort": None, "reasoning": None}, {"summary": "auto"}),
        ({"reasoning": {"enabled": True}}, {"summary": "auto"}),
        ({"reasoning": True}, {"summary": "auto"}),
    ],
)
def test_reasoning(fields: dict[str, Any], reasoning: dict[str, str]) -> None:
    assert body(**fields)["reasoning"] == reasoning


def test_the_summary_of_reasoning_can_be_left_out() -> None:
    assert "reasoning" not in read().for_token(TokenKind.API_KEY, reasoning_summary=None).body
    asked = read(reasoning={"summary": "auto", "effort": "low"})
    assert asked.for_token(TokenKind.API_KEY, reasoning_summary=None).body["reasoning"] == {"effort": "low"}


@pytest.mark.parametrize("model", ["gpt-4o-mini", "ft:gpt-4o-mini-2024-07-18:acme::7p4lURel"])
def test_models_of_the_api_without_reasoning_are_not_asked_for_any(model: str) -> None:
    sent = body(TokenKind.API_KEY, model=model)
    assert sent["model"] == model
    assert "reasoning" not in sent
    assert "include" not in sent
    assert body(TokenKind.API_KEY, model="gpt-4o", reasoning_effort="low")["reasoning"] == {"effort": "low"}


@BOTH
@pytest.mark.parametrize(
    ("wanted", "sent"),
    [
        ({"type": "text"}, None),
        ({"type": "json_object"}, {"type": "json_object"}),
        (
            {"type": "json_schema", "json_schema": {"name": "n", "description": "d", "schema": {"b": 1, "a": 2}}},
            {"type": "json_schema", "name": "n", "description": "d", "schema": {"b": 1, "a": 2}},
        ),
        (
            {"type": "json_schema", "json_schema": {"name": "n", "schema": {}, "strict": True, "description": None}},
            {"type": "json_schema", "name": "n", "schema": {}, "strict": True},
        ),
    ],
)
def test_response_format(kind: TokenKind, wanted: dict[str, Any], sent: dict[str, Any] | None) -> None:
    text = body(kind, response_format=wanted, messages=USES_JSON).get("text", {})
    assert text.get("format") == sent
    assert json.dumps(text.get("format")) == json.dumps(sent), "the order of a schema's properties is kept"


@pytest.mark.parametrize(
    ("wanted", "param", "code"),
    [
        ("json", "response_format", "invalid_type"),
        ({}, "response_format.type", "missing_required_parameter"),
        ({"type": "xml"}, "response_format.type", "invalid_value"),
        ({"type": "json_schema"}, "response_format.json_schema", "missing_required_parameter"),
        ({"type": "json_schema", "json_schema": []}, "response_format.json_schema", "invalid_type"),
        (
            {"type": "json_schema", "json_schema": {"schema": {}}},
            "response_format.json_schema.name",
            "missing_required_parameter",
        ),
        (
            {"type": "json_schema", "json_schema": {"name": "n"}},
            "response_format.json_schema.schema",
            "missing_required_parameter",
        ),
        (
            {"type": "json_schema", "json_schema": {"name": "n", "schema": {}, "strict": "yes"}},
            "response_format.json_schema.strict",
            "invalid_type",
        ),
    ],
)
def test_response_formats_that_are_refused(wanted: object, param: str, code: str) -> None:
    error = refused(response_format=wanted)
    assert (error.param, error.error_code) == (param, code)


def test_json_mode_keeps_system_text_where_upstream_looks_for_the_word() -> None:
    messages = [{"role": "system", "content": "Answer in JSON."}, *HI]
    sent = body(messages=messages, response_format={"type": "json_object"})
    assert sent["instructions"] == ""
    assert sent["input"][0] == {
        "type": "message",
        "role": "developer",
        "content": [{"type": "input_text", "text": "Answer in JSON."}],
    }


@BOTH
def test_verbosity(kind: TokenKind) -> None:
    assert body(kind, verbosity="low")["text"] == {"verbosity": "low"}


@BOTH
@pytest.mark.parametrize(
    ("fields", "session", "key"),
    [
        ({"prompt_cache_key": "key", "session_id": "alias"}, "header", "key"),
        ({"session_id": "alias"}, "header", "alias"),
        ({"session_id": "", "prompt_cache_key": None}, "header", "header"),
        ({"session_id": "  "}, None, None),
        ({}, None, None),
    ],
)
def test_the_sessions_name_is_the_cache_key(
    kind: TokenKind, fields: dict[str, Any], session: str | None, key: str | None
) -> None:
    sent = translated(kind, session, **fields).body
    assert sent.get("prompt_cache_key") == key
    assert "session_id" not in sent


def test_a_long_session_name_is_hashed() -> None:
    key = body(session_id="会话" * 41)["prompt_cache_key"]
    assert len(key) == 64
    assert key == body(session_id="会话" * 41)["prompt_cache_key"]


@pytest.mark.parametrize(
    ("tier", "to_chatgpt", "to_api"),
    [
        ("priority", "priority", "priority"),
        ("fast", "priority", "priority"),
        ("auto", None, "auto"),
        ("default", None, "default"),
        ("flex", None, "flex"),
        ("scale", None, "scale"),
        (None, None, None),
    ],
)
def test_service_tier(tier: str | None, to_chatgpt: str | None, to_api: str | None) -> None:
    assert body(service_tier=tier).get("service_tier") == to_chatgpt
    assert body(TokenKind.API_KEY, service_tier=tier).get("service_tier") == to_api


@pytest.mark.parametrize(
    ("fields", "limit"),
    [
        ({"max_tokens": 100}, 100),
        ({"max_completion_tokens": 200, "max_tokens": 100}, 200),
        ({"max_completion_tokens": None, "max_tokens": 1}, 16),
        ({"max_tokens": None}, None),
    ],
)
def test_a_limit_of_output_is_for_api_keys_only(fields: dict[str, Any], limit: int | None) -> None:
    assert body(TokenKind.API_KEY, **fields).get("max_output_tokens") == limit
    assert "max_output_tokens" not in body(**fields)


FORWARDED = {
    "temperature": 0.5,
    "top_p": 0.9,
    "metadata": {"a": "b"},
    "safety_identifier": "s",
    "user": "u",
    "prompt_cache_retention": "24h",
    "prompt_cache_options": {"mode": "implicit"},
    "moderation": {"model": "m"},
}


def test_what_only_the_api_takes_goes_only_there() -> None:
    assert {key: body(TokenKind.API_KEY, **FORWARDED).get(key) for key in FORWARDED} == FORWARDED
    assert body(**FORWARDED) == body()


@pytest.mark.parametrize("default", [1, 1.0])
def test_the_default_of_sampling_is_not_said(default: float) -> None:
    assert body(TokenKind.API_KEY, temperature=default, top_p=default) == body(TokenKind.API_KEY)
    assert body(TokenKind.API_KEY, temperature=True)["temperature"] is True, "upstream is to complain"
    assert body(TokenKind.API_KEY, temperature=0)["temperature"] == 0


@BOTH
def test_explicit_nulls_are_absent(kind: TokenKind) -> None:
    fields = (
        *("stream", "stream_options", "tools", "functions", "tool_choice", "function_call", "n", "logprobs", "audio"),
        *("top_logprobs", "modalities", "response_format", "verbosity", "reasoning_effort", "service_tier", "stop"),
        *("max_tokens", "web_search_options", "prompt_cache_key", "session_id", "parallel_tool_calls", *FORWARDED),
    )
    assert body(kind, **dict.fromkeys(fields)) == body(kind)


@BOTH
def test_fields_without_counterpart_and_unknown_ones_are_left_out(kind: TokenKind) -> None:
    dropped = {
        "presence_penalty": 1,
        "frequency_penalty": 1,
        "seed": 7,
        "logit_bias": {"1": 2},
        "stop": ["x"],
        "prediction": {"type": "content", "content": "x"},
        "store": True,
        "n": 1,
        "modalities": ["text"],
        "tools": [],
        "functions": [],
        "tool_choice": "none",
        "function_call": "auto",
        "parallel_tool_calls": True,
        "logprobs": False,
        "top_logprobs": 0,
        "top_k": 40,
        "enable_thinking": True,
        "provider": {"order": []},
    }
    assert body(kind, **dropped) == body(kind)


@BOTH
@pytest.mark.parametrize(
    ("fields", "param", "code"),
    [
        ({"logprobs": 1}, "logprobs", "invalid_type"),
        ({"top_logprobs": 3}, "top_logprobs", None),
        ({"logprobs": False, "top_logprobs": 3}, "top_logprobs", None),
        ({"logprobs": True, "top_logprobs": "3"}, "top_logprobs", "invalid_type"),
        ({"logprobs": True, "top_logprobs": 21}, "top_logprobs", "integer_above_max_value"),
        ({"logprobs": True, "top_logprobs": -1}, "top_logprobs", "integer_below_min_value"),
        ({"n": 2}, "n", "unsupported_value"),
        ({"n": 0}, "n", "integer_below_min_value"),
        ({"n": "1"}, "n", "invalid_type"),
        ({"modalities": ["text", "audio"]}, "modalities", "unsupported_value"),
        ({"audio": {"voice": "alloy"}}, "modalities", "unsupported_value"),
        ({"modalities": "text"}, "modalities", "invalid_type"),
        ({"modalities": [1]}, "modalities[0]", "invalid_type"),
        ({"modalities": ["video"]}, "modalities[0]", "invalid_value"),
        ({"stream": "true"}, "stream", "invalid_type"),
        ({"stream": 1}, "stream", "invalid_type"),
        ({"stream_options": True}, "stream_options", "invalid_type"),
        ({"stream_options": {"include_usage": 1}}, "stream_options.include_usage", "invalid_type"),
        ({"reasoning_effort": 3}, "reasoning_effort", "invalid_type"),
        ({"verbosity": 1}, "verbosity", "invalid_type"),
        ({"service_tier": 1}, "service_tier", "invalid_type"),
        ({"prompt_cache_key": 1}, "prompt_cache_key", "invalid_type"),
        ({"session_id": 1}, "session_id", "invalid_type"),
        ({"reasoning": {"effort": 1}}, "reasoning.effort", "invalid_type"),
        ({"reasoning": {"summary": 1}}, "reasoning.summary", "invalid_type"),
        ({"model": None}, "model", "missing_required_parameter"),
        ({"model": ""}, "model", "missing_required_parameter"),
        ({"model": 5}, "model", "invalid_type"),
    ],
)
def test_what_is_refused(kind: TokenKind, fields: dict[str, Any], param: str, code: str | None) -> None:
    error = refused(kind, **fields)
    assert (error.param, error.error_code) == (param, code)


@pytest.mark.parametrize(
    ("limit", "code"), [("5", "invalid_type"), (True, "invalid_type"), (0, "integer_below_min_value")]
)
def test_a_limit_that_is_none_names_the_clients_parameter(limit: object, code: str) -> None:
    error = refused(TokenKind.API_KEY, max_tokens=limit)
    assert (error.param, error.error_code) == ("max_tokens", code)


def test_the_words_of_refusals() -> None:
    assert refused(model=None).message == "Missing required parameter: 'model'."
    assert refused(stream="yes").message == "Invalid type for 'stream': expected a boolean, but got a string instead."
    several = "Unsupported value: 'n' does not support 3. Only the default (1) value is supported."
    assert refused(n=3).message == several
    spoken = "Unsupported value: 'modalities' does not support 'audio'. Only 'text' is supported."
    assert refused(modalities=["audio"]).message == spoken
    alone = "Invalid value for 'top_logprobs': 'top_logprobs' is only allowed when 'logprobs' is specified."
    assert refused(top_logprobs=1).message == alone


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"stream": True, "stream_options": {"include_usage": True}}, (True, True)),
        ({"stream": True, "stream_options": {"include_usage": False, "include_obfuscation": False}}, (True, False)),
        ({"stream": True}, (True, False)),
        ({"stream": False, "stream_options": {"include_usage": True}}, (False, False)),
    ],
)
def test_how_the_client_wants_its_answer(fields: dict[str, Any], expected: tuple[bool, bool]) -> None:
    assert (read(**fields).stream, read(**fields).include_usage) == expected
    assert body(**fields) == body()


def test_content_stays_out_of_the_repr() -> None:
    secret = {"messages": [{"role": "user", "content": "secret"}], "user": "secret", "session_id": "secret"}
    tools = [{"type": "function", "function": {"name": "secret"}}]
    assert "secret" not in repr(read(**secret, tools=tools))
    assert "secret" not in repr(translated(**secret, tools=tools))


@BOTH
def test_the_clients_data_is_not_changed(kind: TokenKind) -> None:
    parts = [{"type": "text", "text": "json", "prompt_cache_breakpoint": {"mode": "explicit"}}]
    data = {
        "model": "gpt-5",
        "messages": [*HI, {"role": "user", "content": parts}],
        "tools": [{"type": "function", "function": {"name": "f", "parameters": {}}}, {"type": "web_search"}],
        "web_search_options": {"search_context_size": "low"},
        "response_format": {"type": "json_object"},
        "metadata": {"a": "b"},
    }
    before = copy.deepcopy(data)
    asked = read_chat_request(data, models=ModelTable(), session_name=None)
    first = asked.for_token(kind).encoded()
    asked.for_token(TokenKind.API_KEY).body["input"].append({})
    assert data == before
    if kind is TokenKind.CHATGPT:
        assert asked.for_token(kind).encoded() == first


def test_a_json_mode_without_the_word_is_refused_in_the_words_of_chat_completions() -> None:
    error = refused(response_format={"type": "json_object"})
    assert (error.param, error.error_code) == ("messages", None)
    assert error.message.startswith("'messages' must contain the word 'json' in some form")


@pytest.mark.parametrize(
    "messages",
    [
        [{"role": "system", "content": "JSON!"}],
        [*HI, {"role": "assistant", "content": "jSoN"}],
        [*HI, {"role": "assistant", "refusal": "no json"}],
        [*HI, {"role": "assistant", "tool_calls": [
            {"id": "c", "type": "function", "function": {"name": "f", "arguments": "json"}}]}],
        [*HI, {"role": "assistant", "tool_calls": [
            {"id": "c", "type": "function", "function": {"name": "f", "arguments": ""}}]},
         {"role": "tool", "tool_call_id": "c", "content": "json"}],
    ],
)  # fmt: skip
def test_the_word_counts_wherever_it_is_said(messages: list[dict[str, Any]]) -> None:
    assert body(response_format={"type": "json_object"}, messages=messages)["instructions"] == ""


def test_log_probabilities_are_for_api_keys_only() -> None:
    asked = read(logprobs=True, top_logprobs=3)
    assert asked.wants_logprobs
    sent = asked.for_token(TokenKind.API_KEY).body
    assert sent["top_logprobs"] == 3
    assert sent["include"] == ["reasoning.encrypted_content", "message.output_text.logprobs"]
    assert asked.for_token(TokenKind.CHATGPT).body == body()
    plain = body(TokenKind.API_KEY, logprobs=True, model="gpt-4o")
    assert plain["include"] == ["message.output_text.logprobs"]
    assert "top_logprobs" not in plain


def test_what_is_nested_too_deeply_is_refused_when_it_is_written() -> None:
    deep: dict[str, Any] = {}
    for _ in range(5000):
        deep = {"properties": deep}
    asked = translated(tools=[{"type": "function", "function": {"name": "f", "parameters": deep}}])
    with pytest.raises(Refusal) as caught:
        asked.encoded()
    assert (caught.value.status, caught.value.error_code) == (400, "invalid_value")

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import Refusal
from app.core.models import ALIASES
from app.core.token import TokenKind
from app.translate.chat_request import ResponsesRequest, responses_body

BOTH = pytest.mark.parametrize("kind", list(TokenKind))
HI = [{"role": "user", "content": "hi"}]
HI_ITEM = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hi"}]}
#: What the ChatGPT backend takes; it answers 400 to anything else.
WHITELIST = {
    *("model", "instructions", "input", "tools", "tool_choice", "parallel_tool_calls", "reasoning", "include"),
    *("text", "prompt_cache_key", "service_tier", "store", "stream", "client_metadata"),
}


def translated(kind: TokenKind = TokenKind.CHATGPT, session: str | None = None, **fields: Any) -> ResponsesRequest:
    return responses_body({"model": "gpt-5", "messages": HI, **fields}, kind=kind, session_name=session)


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
    assert (request.model, request.effort, request.stream, request.include_usage) == ("gpt-5", None, False, False)


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
@pytest.mark.parametrize("alias", ALIASES)
def test_an_alias_sets_model_and_effort_and_wins_over_the_parameter(kind: TokenKind, alias: Any) -> None:
    request = translated(kind, model=alias.name, reasoning_effort="xhigh", reasoning={"effort": "none"})
    assert request.body["model"] == alias.model
    assert request.body["reasoning"] == {"effort": alias.effort, "summary": "auto"}
    assert (request.model, request.effort) == (alias.name, alias.effort)


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
    data = {"model": "gpt-5", "messages": HI}
    request = responses_body(data, kind=TokenKind.API_KEY, session_name=None, reasoning_summary=None)
    assert "reasoning" not in request.body
    data["reasoning"] = {"summary": "auto", "effort": "low"}
    request = responses_body(data, kind=TokenKind.API_KEY, session_name=None, reasoning_summary=None)
    assert request.body["reasoning"] == {"effort": "low"}


def test_models_of_the_api_without_reasoning_are_not_asked_for_any() -> None:
    sent = body(TokenKind.API_KEY, model="gpt-4o-mini")
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
    text = body(kind, response_format=wanted).get("text", {})
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
        ("fast", "priority", "fast"),
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
        ({"tools": [{"type": "function", "function": {"name": "f"}}]}, "tools", "unsupported_parameter"),
        ({"functions": [{"name": "f"}]}, "functions", "unsupported_parameter"),
        ({"tools": {}}, "tools", "invalid_type"),
        ({"tool_choice": "required"}, "tool_choice", "unsupported_value"),
        ({"tool_choice": {"type": "function"}}, "tool_choice", "unsupported_value"),
        ({"tool_choice": "any"}, "tool_choice", "invalid_value"),
        ({"tool_choice": 1}, "tool_choice", "invalid_type"),
        ({"function_call": {"name": "f"}}, "function_call", "unsupported_value"),
        ({"web_search_options": {}}, "web_search_options", "unsupported_parameter"),
        ({"logprobs": True, "top_logprobs": 3}, "logprobs", "unsupported_parameter"),
        ({"top_logprobs": 3}, "top_logprobs", "unsupported_parameter"),
        ({"n": 2}, "n", "unsupported_value"),
        ({"n": 0}, "n", "integer_below_min_value"),
        ({"n": "1"}, "n", "invalid_type"),
        ({"modalities": ["text", "audio"]}, "modalities", "unsupported_value"),
        ({"audio": {"voice": "alloy"}}, "modalities", "unsupported_value"),
        ({"modalities": "text"}, "modalities", "invalid_type"),
        ({"modalities": ["video"]}, "modalities[0]", "invalid_value"),
        ({"stream": "true"}, "stream", "invalid_type"),
        ({"stream": 1}, "stream", "invalid_type"),
        ({"stream_options": True}, "stream_options", "invalid_type"),
        ({"stream_options": {"include_usage": 1}}, "stream_options.include_usage", "invalid_type"),
        ({"reasoning_effort": 3}, "reasoning_effort", "invalid_type"),
        ({"verbosity": 1}, "verbosity", "invalid_type"),
        ({"service_tier": 1}, "service_tier", "invalid_type"),
        ({"prompt_cache_key": 1}, "prompt_cache_key", "invalid_type"),
        ({"model": None}, "model", "missing_required_parameter"),
        ({"model": ""}, "model", "missing_required_parameter"),
        ({"model": 5}, "model", "invalid_type"),
    ],
)
def test_what_is_not_translated_is_refused(kind: TokenKind, fields: dict[str, Any], param: str, code: str) -> None:
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
    assert "does not support it yet" in refused(tools=[{}]).message
    assert "does not support more than one choice yet" in refused(n=3).message


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
    request = translated(**fields)
    assert (request.stream, request.include_usage) == expected
    assert request.body["stream"] is True
    assert "stream_options" not in request.body


def test_content_stays_out_of_the_repr() -> None:
    assert "hi" not in repr(translated())


VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.just("json_schema"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["type", "name", "x"]), inner),
    max_leaves=5,
)
FIELDS = [
    *("model", "messages", "stream", "stream_options", "tools", "tool_choice", "functions", "function_call", "n"),
    *("logprobs", "top_logprobs", "modalities", "audio", "response_format", "verbosity", "reasoning_effort", "user"),
    *("reasoning", "service_tier", "prompt_cache_key", "session_id", "max_tokens", "temperature", "metadata", "stop"),
    *("web_search_options", "store", "input", "instructions", "previous_response_id", "truncation"),
]


@given(st.dictionaries(st.sampled_from(FIELDS), VALUES), st.booleans(), st.sampled_from(TokenKind))
def test_any_body_is_translated_or_refused(fields: dict[str, Any], usual: bool, kind: TokenKind) -> None:
    data = {"model": "gpt-5", "messages": HI, **fields} if usual else fields
    refusal: Refusal | None
    try:
        request = responses_body(data, kind=kind, session_name=None)
    except Refusal as error:
        refusal = error
    else:
        refusal = None
    if refusal is not None:
        assert refusal.status == 400
        assert set(refusal.body()["error"]) == {"message", "type", "param", "code"}
        return
    assert request.body["input"]
    assert None not in request.body.values()
    if kind is TokenKind.CHATGPT:
        assert set(request.body) <= WHITELIST
        assert isinstance(request.body["instructions"], str)
    assert json.loads(request.encoded()) == request.body

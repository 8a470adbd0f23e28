"""Whatever a client sends becomes a body that upstream knows every key of, or a 4xx in OpenAI's shape."""

import base64
import copy
import json
import re
from collections.abc import Iterator
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.core.errors import Refusal
from app.core.models import ModelTable, OfferedModel
from app.core.token import TokenKind
from app.practice.memory import Reader, Responses, Seals
from app.practice.rules import API_KEYS, CODEX, CODEX_KEYS, OPENAI, check_turn
from app.translate.chat_request import read_chat_request

PNG = "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(9)).decode()
PDF = "data:application/pdf;base64," + base64.b64encode(b"%PDF-1.7" + bytes(9)).decode()

#: Everything that a request can hold, each at least once.
MESSAGES: list[dict[str, Any]] = [
    {"role": "system", "content": "Answer in JSON."},
    {"role": "developer", "content": [{"type": "text", "text": "a"}]},
    {"role": "user", "name": "n", "content": "hi"},
    {"role": "user", "content": [
        {"type": "text", "text": "a", "prompt_cache_breakpoint": {"mode": "explicit", "ttl": "30m"}},
        {"type": "image_url", "image_url": {"url": PNG, "detail": "low"}},
        {"type": "image_url", "image_url": "https://a.b/c.png"},
        {"type": "file", "file": {"file_data": PDF, "filename": "a.pdf"}},
    ]},
    {"role": "assistant", "content": None, "tool_calls": [
        {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}},
        {"id": "call_" + "2" * 70, "type": "custom", "custom": {"name": "c", "input": "x"}},
        {"id": "call_3", "type": "function", "function": {"name": "c", "arguments": "x"}},
    ]},
    {"role": "tool", "tool_call_id": "call_1", "content": "done"},
    {"role": "tool", "tool_call_id": "call_" + "2" * 70, "content": [{"type": "text", "text": "a"}]},
    {"role": "tool", "tool_call_id": "call_3", "content": [{"type": "image_url", "image_url": {"url": PNG}}]},
    {"role": "assistant", "content": "b", "refusal": "no", "function_call": {"name": "f", "arguments": "{}"}},
    {"role": "function", "name": "f", "content": "1"},
    {"role": "system", "content": "later"},
    {"role": "assistant", "content": [{"type": "text", "text": "a"}, {"type": "refusal", "refusal": "b"}]},
    {"role": "user", "content": "and now?"},
]  # fmt: skip
TOOLS: list[dict[str, Any]] = [
    {"type": "function", "function": {"name": "f", "description": "d", "strict": True,
        "parameters": {"type": "object", "properties": {}, "required": [], "additionalProperties": False}}},
    {"type": "custom", "custom": {"name": "c", "description": "d", "format": {
        "type": "grammar", "grammar": {"syntax": "lark", "definition": "start: A"}}}},
    {"type": "web_search", "search_context_size": "low", "filters": {"allowed_domains": ["a.b"]},
     "user_location": {"type": "approximate", "city": "x"}},
]  # fmt: skip
ALLOWED = {"mode": "auto", "tools": [{"type": "function", "function": {"name": "f"}}]}
PLAIN = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
SCHEMA = {"name": "n", "description": "d", "schema": PLAIN, "strict": True}
FULL: dict[str, Any] = {
    "model": "gpt-5-high",
    "messages": MESSAGES,
    "tools": TOOLS,
    "tool_choice": {"type": "allowed_tools", "allowed_tools": ALLOWED},
    "parallel_tool_calls": False,
    "response_format": {"type": "json_schema", "json_schema": SCHEMA},
    "reasoning_effort": "low",
    "reasoning": {"effort": "high", "summary": "detailed"},
    "verbosity": "low",
    "stream": True,
    "stream_options": {"include_usage": True},
    "n": 1,
    "modalities": ["text"],
    "logprobs": True,
    "top_logprobs": 2,
    "max_completion_tokens": 100,
    "max_tokens": 5,
    "temperature": 1,
    "top_p": 1.0,
    "metadata": {"a": "b"},
    "user": "u",
    "safety_identifier": "s",
    "prompt_cache_key": "k",
    "session_id": "s",
    "prompt_cache_retention": "24h",
    "prompt_cache_options": {"mode": "implicit"},
    "moderation": {"model": "m"},
    "service_tier": "priority",
    "store": True,
    "stop": ["x"],
    "seed": 1,
    "web_search_options": {
        "search_context_size": "low",
        "user_location": {"type": "approximate", "approximate": {"country": "DE"}},
    },
}
LEGACY: dict[str, Any] = {
    "model": "gpt-4o",
    "messages": MESSAGES[:4],
    "functions": [{"name": "f", "description": "d", "parameters": {}}],
    "function_call": {"name": "f"},
    "response_format": {"type": "json_object"},
}
BY_ID: dict[str, Any] = {
    "model": "gpt-5",
    "messages": [{"role": "user", "content": [{"type": "file", "file": {"file_id": "file-practice-me-1"}}]}],
    "tool_choice": "none",
}

ITEM_KEYS = {
    "message": {"type", "role", "content"},
    "function_call": {"type", "call_id", "name", "arguments"},
    "custom_tool_call": {"type", "call_id", "name", "input"},
    "function_call_output": {"type", "call_id", "output"},
    "custom_tool_call_output": {"type", "call_id", "output"},
}
PART_KEYS = {
    "input_text": {"type", "text"},
    "output_text": {"type", "text"},
    "refusal": {"type", "refusal"},
    "input_image": {"type", "image_url", "detail"},
    "input_file": {"type", "filename", "file_data", "file_id"},
}
TOOL_KEYS = {
    "function": {"type", "name", "description", "parameters", "strict"},
    "custom": {"type", "name", "description", "format"},
    "web_search": {"type", "filters", "search_context_size", "user_location", "external_web_access"},
}

WORDS = [
    *("", "text", "json", "json_object", "json_schema", "function", "custom", "web_search", "allowed_tools", "auto"),
    *(
        "none",
        "required",
        "user",
        "tool",
        "assistant",
        "system",
        "call_1",
        "f",
        "c",
        "image_url",
        "file",
        "input_audio",
    ),
    *("data:image/png;base64,", PNG, PDF, "https://a.b", "\ud800", "priority", "gpt-4o", "gpt-5.5-low", "x" * 80),
]
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.integers(-2, 30)
    | st.floats(allow_nan=False)
    | st.text(st.characters(), max_size=20)
    | st.sampled_from(WORDS)
)
KEYS = st.sampled_from(["type", "name", "id", "content", "text", "role", "x", "function", "url", "file_data", "tools"])
JSON: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS | st.text(max_size=4), inner, max_size=4),
    max_leaves=8,
)
MODELS = ModelTable(offered={"t": (OfferedModel("gpt-5.5", ("low", "high")),)})


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every container in a JSON value with each of its keys."""
    for key in list(value) if isinstance(value, dict) else range(len(value)):
        yield value, key
        if isinstance(value[key], dict | list):
            yield from places(value[key])


@st.composite
def nearly_right(draw: st.DrawFn) -> dict[str, Any]:
    """A request with a few fields changed, taken away, doubled or made up."""
    data = copy.deepcopy(draw(st.sampled_from([FULL, FULL, LEGACY, BY_ID])))
    for _ in range(draw(st.integers(0, 3))):
        spots = list(places(data))
        if not spots:
            break
        holder, key = spots[draw(st.integers(0, len(spots) - 1))]
        change = draw(st.sampled_from(["value", "value", "away", "extra", "same"]))
        if change == "value":
            holder[key] = draw(JSON)
        elif change == "away":
            del holder[key]
        elif change == "extra" and isinstance(holder, dict):
            holder[draw(KEYS | st.sampled_from(list(FULL)))] = draw(JSON)
        elif isinstance(holder, list):
            holder.insert(0, copy.deepcopy(holder[key]))
    return data


WILD = st.dictionaries(st.sampled_from([*FULL, *LEGACY, "input", "instructions", "previous_response_id"]), JSON)


def check_refusal(refusal: Refusal) -> None:
    error = refusal.body()["error"]
    assert 400 <= refusal.status < 500
    assert set(error) == {"message", "type", "param", "code"}
    assert isinstance(error["message"], str)
    assert error["type"] == "invalid_request_error"
    assert all(error[key] is None or isinstance(error[key], str) for key in ("param", "code"))


def check(data: dict[str, Any], kind: TokenKind) -> list[str] | None:
    """What upstream would refuse of a request, None if we do; fails unless it is translated or refused as it should."""
    before = copy.deepcopy(data)
    try:
        request = read_chat_request(data, models=MODELS, session_name=None).for_token(kind)
        text = request.encoded()
    except Refusal as refusal:
        check_refusal(refusal)
        return None
    assert data == before
    body = json.loads(text)
    assert set(body) <= (CODEX_KEYS if kind is TokenKind.CHATGPT else API_KEYS)
    assert None not in body.values()
    assert isinstance(body.get("instructions", ""), str)
    assert body["input"]
    for item in body["input"]:
        assert set(item) == ITEM_KEYS[item["type"]]
        said = item.get("content", item.get("output", ""))
        for part in [] if isinstance(said, str) else said:
            if kind is TokenKind.API_KEY:
                part.pop("prompt_cache_breakpoint", None)
            assert set(part) <= PART_KEYS[part["type"]]
            assert all(isinstance(value, str) for value in part.values())
        assert all(isinstance(value, str | list) for value in item.values())
    for tool in body.get("tools", []):
        assert set(tool) <= TOOL_KEYS[tool["type"]]
        assert None not in tool.values()
    return judge(body, kind)


#: Values that are upstream's to judge, by the beginning of the param that it names.
LEFT_TO_UPSTREAM = (
    *("temperature", "top_p", "metadata", "user", "service_tier", "reasoning.", "text.", "tool_choice", "top_logprobs"),
    *("safety_identifier", "prompt_cache", "moderation"),
)


def judge(body: dict[str, Any], kind: TokenKind) -> list[str]:
    """Let the practice upstream look at a body: it must know every key, and miss none.

    Returns:
        What it refuses because of values that are its to judge, the body's other fields judged without them.
    """
    service = CODEX if kind is TokenKind.CHATGPT else OPENAI
    body = body | {"model": "gpt-5"}
    # Schemas are passed on whole; what is in them is between client and upstream.
    if "tools" in body:
        body["tools"] = [tool | {"parameters": PLAIN} if "parameters" in tool else tool for tool in body["tools"]]
    if "schema" in body.get("text", {}).get("format", {}):
        body["text"] = body["text"] | {"format": body["text"]["format"] | {"schema": PLAIN}}
    refused: list[str] = []
    while (refusal := check_turn(service, body, Reader("me", Seals("s"), Responses()))) is not None:
        error = json.loads(refusal.body)["error"]
        param = error["param"] or ""
        refused.append(param)
        if param == "input":
            assert "must contain the word 'json'" in error["message"]
            break
        assert error["code"] not in ("unknown_parameter", "missing_required_parameter"), error
        assert param.startswith(LEFT_TO_UPSTREAM) or re.fullmatch(r".+\]\.(name|parameters|file_id)", param), error
        if param.startswith("input["):
            break
        body = {key: value for key, value in body.items() if key != re.split(r"\W", param)[0]}
    return refused


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(nearly_right(), st.sampled_from(TokenKind))
def test_a_request_that_is_nearly_right(data: dict[str, Any], kind: TokenKind) -> None:
    check(data, kind)


@settings(deadline=None)
@given(WILD, st.booleans(), st.sampled_from(TokenKind))
def test_any_json_at_all(fields: dict[str, Any], usual: bool, kind: TokenKind) -> None:
    check({"model": "gpt-5", "messages": [{"role": "user", "content": "hi"}], **fields} if usual else fields, kind)


def test_the_requests_to_begin_with_are_right() -> None:
    assert [check(data, kind) for data in (FULL, LEGACY) for kind in TokenKind] == [[]] * 4
    assert check(BY_ID, TokenKind.API_KEY) == []
    assert check(BY_ID, TokenKind.CHATGPT) is None

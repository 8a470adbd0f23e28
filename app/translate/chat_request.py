"""A Chat Completions request as a Responses request, built from a whitelist.

The ChatGPT backend answers 400 to every field that it does not know, so nothing is copied; what cannot be honoured and
does not change the meaning is left out, and what changes the meaning and is not translated yet is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.core.models import resolve_model
from app.core.session import bounded_name
from app.core.token import TokenKind
from app.translate import invalid
from app.translate.chat_messages import conversation
from app.translate.frames import json_bytes

#: What the Responses API takes under the same name with the same meaning; the ChatGPT backend refuses all of them.
_FORWARDED_TO_API = (
    "temperature",
    "top_p",
    "metadata",
    "safety_identifier",
    "user",
    "prompt_cache_retention",
    "prompt_cache_options",
    "moderation",
)
#: Models of the Responses API that answer 400 to `reasoning` and to encrypted reasoning, by the start of their names.
_WITHOUT_REASONING = ("gpt-3.5", "gpt-4", "chatgpt-", "gpt-5-chat")
#: The Responses API takes no smaller `max_output_tokens`; clients that only try their key send 1.
_MIN_OUTPUT_TOKENS = 16


@dataclass(frozen=True, slots=True)
class ResponsesRequest:
    """The request for upstream, and what the way back must know.

    Attributes:
        body: of the Responses request; content, so it stays out of logs.
        model: as the client asked for it; echoed in its answer.
        effort: that upstream is asked for, if any.
        stream: whether the client wants a stream. Upstream is always asked for one.
        include_usage: whether that stream ends with a chunk of usage.
    """

    body: dict[str, Any] = field(repr=False)
    model: str
    effort: str | None
    stream: bool
    include_usage: bool

    def encoded(self) -> bytes:
        """The body as JSON text."""
        return json_bytes(self.body)


def responses_body(
    data: Mapping[str, Any],
    *,
    kind: TokenKind,
    session_name: str | None,
    reasoning_summary: str | None = "auto",
) -> ResponsesRequest:
    """Translate a Chat Completions request.

    Args:
        data: the parsed body (`Envelope.data`).
        kind: of the token that serves it; the Responses API takes more than the ChatGPT backend.
        session_name: the session's most telling name, for requests that name it in a header only.
        reasoning_summary: which summary of its reasoning to ask the model for; None for organizations that OpenAI
            has not verified, which get a 400 with the param `reasoning.summary`.

    Raises:
        Refusal: 400, exact in `param` and `code`.
    """
    model = _required_string(data, "model")
    stream = _boolean(data, "stream")
    include_usage = _include_usage(data) and stream
    _refuse_what_is_not_translated(data)
    text = _text_format(data)
    talk = conversation(data.get("messages"), keep_in_input=text.get("format", {}).get("type") == "json_object")
    upstream_model, fixed_effort = resolve_model(model)
    to_chatgpt = kind is TokenKind.CHATGPT
    reasons = to_chatgpt or not upstream_model.startswith(_WITHOUT_REASONING)
    reasoning = _reasoning(data, fixed_effort, reasoning_summary if reasons else None)

    body: dict[str, Any] = {"model": upstream_model}
    if to_chatgpt or talk.instructions:
        # The ChatGPT backend requires the key, and takes an empty string.
        body["instructions"] = talk.instructions
    body["input"] = talk.input
    if reasoning:
        body["reasoning"] = reasoning
    if reasons:
        body["include"] = ["reasoning.encrypted_content"]
    if text:
        body["text"] = text
    cache_key = _cache_key(data, session_name)
    if cache_key is not None:
        body["prompt_cache_key"] = cache_key
    service_tier = _service_tier(data, to_chatgpt)
    if service_tier is not None:
        body["service_tier"] = service_tier
    if not to_chatgpt:
        body |= {key: data[key] for key in _FORWARDED_TO_API if data.get(key) is not None}
        limit = _output_limit(data)
        if limit is not None:
            body["max_output_tokens"] = limit
    body |= {"store": False, "stream": True}
    return ResponsesRequest(body, model, body.get("reasoning", {}).get("effort"), stream, include_usage)


def _refuse_what_is_not_translated(data: Mapping[str, Any]) -> None:
    for key in ("tools", "functions"):
        value = data.get(key)
        if value is not None and not isinstance(value, list):
            raise invalid.wrong_type(key, "an array of objects", value)
        if value:
            raise invalid.unsupported_parameter(key)
    for key in ("tool_choice", "function_call"):
        _refuse_forced_tool(data, key)
    if data.get("web_search_options") is not None:
        raise invalid.unsupported_parameter("web_search_options")
    _refuse_several_choices(data)
    if _boolean(data, "logprobs") or data.get("top_logprobs"):
        raise invalid.unsupported_parameter("logprobs" if data.get("logprobs") else "top_logprobs")
    modalities = data.get("modalities")
    if modalities is not None and not isinstance(modalities, list):
        raise invalid.wrong_type("modalities", "an array of strings", modalities)
    if data.get("audio") is not None or (modalities and "audio" in modalities):
        raise invalid.unsupported_value("modalities", "audio")
    for index, modality in enumerate(modalities or ()):
        if not isinstance(modality, str):
            raise invalid.wrong_type(f"modalities[{index}]", "a string", modality)
        if modality != "text":
            raise invalid.invalid_value(f"modalities[{index}]", modality, ("text",))


def _refuse_forced_tool(data: Mapping[str, Any], key: str) -> None:
    choice = data.get(key)
    if choice in (None, "none", "auto"):
        return
    if isinstance(choice, Mapping) or choice == "required":
        raise invalid.unsupported_value(key, "tools")
    if isinstance(choice, str):
        raise invalid.invalid_value(key, choice, ("none", "auto", "required"))
    raise invalid.wrong_type(key, "one of a string or object", choice)


def _refuse_several_choices(data: Mapping[str, Any]) -> None:
    number = data.get("n")
    if number is None:
        return
    if isinstance(number, bool) or not isinstance(number, int):
        raise invalid.wrong_type("n", "an integer", number)
    if number < 1:
        raise invalid.below_minimum("n", 1, number)
    if number > 1:
        raise invalid.unsupported_value("n", "more than one choice")


def _include_usage(data: Mapping[str, Any]) -> bool:
    options = data.get("stream_options")
    if options is None:
        return False
    if not isinstance(options, Mapping):
        raise invalid.wrong_type("stream_options", "an object", options)
    return _boolean(options, "include_usage", "stream_options.include_usage")


def _reasoning(data: Mapping[str, Any], fixed_effort: str | None, summary: str | None) -> dict[str, str]:
    """The effort of the model's alias, else the parameter's, else that of a `reasoning` object as OpenRouter has it."""
    given = data.get("reasoning")
    reasoning = given if isinstance(given, Mapping) else {}
    effort = _optional_string(data, "reasoning_effort") or _optional_string(reasoning, "effort", "reasoning.effort")
    asked = _optional_string(reasoning, "summary", "reasoning.summary")
    chosen = {"effort": fixed_effort or effort, "summary": summary and (asked or summary)}
    return {key: value for key, value in chosen.items() if value}


def _text_format(data: Mapping[str, Any]) -> dict[str, Any]:
    text: dict[str, Any] = {}
    wanted = data.get("response_format")
    if wanted is not None:
        if not isinstance(wanted, Mapping):
            raise invalid.wrong_type("response_format", "an object", wanted)
        kind = _required_string(wanted, "type", "response_format.type")
        if kind == "json_schema":
            text["format"] = _json_schema(wanted)
        elif kind == "json_object":
            text["format"] = {"type": kind}
        elif kind != "text":
            raise invalid.invalid_value("response_format.type", kind, ("text", "json_object", "json_schema"))
    verbosity = _optional_string(data, "verbosity")
    if verbosity:
        text["verbosity"] = verbosity
    return text


def _json_schema(wanted: Mapping[str, Any]) -> dict[str, Any]:
    # Chat Completions nests what Responses has flat.
    param = "response_format.json_schema"
    inner = wanted.get("json_schema")
    if inner is None:
        raise invalid.missing(param)
    if not isinstance(inner, Mapping):
        raise invalid.wrong_type(param, "an object", inner)
    flat: dict[str, Any] = {"type": "json_schema", "name": _required_string(inner, "name", f"{param}.name")}
    description = _optional_string(inner, "description", f"{param}.description")
    if description:
        flat["description"] = description
    schema = inner.get("schema")
    if schema is None:
        raise invalid.missing(f"{param}.schema")
    if not isinstance(schema, Mapping):
        raise invalid.wrong_type(f"{param}.schema", "an object", schema)
    flat["schema"] = schema
    if inner.get("strict") is not None:
        flat["strict"] = _boolean(inner, "strict", f"{param}.strict")
    return flat


def _cache_key(data: Mapping[str, Any], session_name: str | None) -> str | None:
    named = (_optional_string(data, "prompt_cache_key"), _optional_string(data, "session_id"), session_name)
    return next((bounded_name(name) for name in named if name and name.strip()), None)


def _service_tier(data: Mapping[str, Any], to_chatgpt: bool) -> str | None:
    tier = _optional_string(data, "service_tier")
    if not to_chatgpt:
        return tier or None
    # A subscription has no other tiers; Codex itself says priority when its user says fast.
    return "priority" if tier in ("priority", "fast") else None


def _output_limit(data: Mapping[str, Any]) -> int | None:
    for key in ("max_completion_tokens", "max_tokens"):
        limit = data.get(key)
        if limit is None:
            continue
        if isinstance(limit, bool) or not isinstance(limit, int):
            raise invalid.wrong_type(key, "an integer", limit)
        if limit < 1:
            raise invalid.below_minimum(key, 1, limit)
        return max(limit, _MIN_OUTPUT_TOKENS)
    return None


def _boolean(data: Mapping[str, Any], key: str, param: str | None = None) -> bool:
    value = data.get(key)
    if value is not None and not isinstance(value, bool):
        raise invalid.wrong_type(param or key, "a boolean", value)
    return value is True


def _optional_string(data: Mapping[str, Any], key: str, param: str | None = None) -> str | None:
    value = data.get(key)
    if value is not None and not isinstance(value, str):
        raise invalid.wrong_type(param or key, "a string", value)
    return value


def _required_string(data: Mapping[str, Any], key: str, param: str | None = None) -> str:
    value = _optional_string(data, key, param)
    if not value:
        raise invalid.missing(param or key)
    return value

"""The fields of a Chat Completions request that say how to answer."""

from __future__ import annotations

from typing import Any

from app.core.session import bounded_name
from app.translate import fields, invalid
from app.translate.fields import Fields, present

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
#: Sent by clients that leave them at the default of both APIs, which models that reason refuse to be told on Responses,
#: though Chat Completions lets it pass.
_SAMPLING = ("temperature", "top_p")
_DEFAULT_SAMPLING = 1
#: Of its output, the one that counts first.
_LIMITS = ("max_completion_tokens", "max_tokens")
#: The Responses API takes no smaller `max_output_tokens`; clients that only try their key send 1.
_MIN_OUTPUT_TOKENS = 16
_MAX_TOP_LOGPROBS = 20
_FORMATS = ("text", "json_object", "json_schema")


def refuse_other_answers(data: Fields) -> None:
    """Upstream gives one answer, in text.

    Raises:
        Refusal: 400, for several, or spoken ones.
    """
    number = fields.integer(data, "n", 1)
    if number is not None and number > 1:
        raise invalid.unsupported_value("n", str(number), "the default (1) value")
    modalities = data.get("modalities")
    if modalities is not None and not isinstance(modalities, list):
        raise invalid.wrong_type("modalities", "an array of strings", modalities)
    if data.get("audio") is not None or (modalities and "audio" in modalities):
        raise invalid.unsupported_value("modalities", "'audio'", "'text'")
    for index, modality in enumerate(modalities or ()):
        if not isinstance(modality, str):
            raise invalid.wrong_type(f"modalities[{index}]", "a string", modality)
        if modality != "text":
            raise invalid.invalid_value(f"modalities[{index}]", modality, ("text",))


def includes_usage(data: Fields) -> bool:
    """Whether a stream is to end with a chunk of usage."""
    options = fields.optional_mapping(data, "stream_options") or {}
    return fields.boolean(options, "include_usage", "stream_options") is True


def asked_reasoning(data: Fields) -> tuple[str | None, str | None]:
    """The effort of the parameter, else of a `reasoning` object as OpenRouter has it; and the summary of that one."""
    given = data.get("reasoning")
    reasoning = given if isinstance(given, dict) else {}
    effort = fields.optional_string(data, "reasoning_effort")
    fallback = fields.optional_string(reasoning, "effort", "reasoning")
    return effort or fallback or None, fields.optional_string(reasoning, "summary", "reasoning") or None


def text_options(data: Fields) -> dict[str, Any]:
    """`response_format` and `verbosity` as upstream's `text`; empty when there is nothing to say."""
    return present(format=_format(data), verbosity=fields.optional_string(data, "verbosity") or None)


def _format(data: Fields) -> dict[str, Any] | None:
    wanted = fields.optional_mapping(data, "response_format")
    if wanted is None:
        return None
    kind = fields.name(wanted, "type", "response_format")
    if kind not in _FORMATS:
        raise invalid.invalid_value("response_format.type", kind, _FORMATS)
    if kind == "json_object":
        return {"type": kind}
    return _json_schema(wanted) if kind == "json_schema" else None


def _json_schema(wanted: Fields) -> dict[str, Any]:
    # Chat Completions nests what Responses has flat.
    inner, where = fields.mapping(wanted, "json_schema", "response_format"), "response_format.json_schema"
    return {"type": "json_schema", "name": fields.name(inner, "name", where)} | present(
        description=fields.optional_string(inner, "description", where),
        schema=fields.mapping(inner, "schema", where),
        strict=fields.boolean(inner, "strict", where),
    )


def cache_key(data: Fields, session_name: str | None) -> str | None:
    """The name under which upstream caches the prompt, as long as it takes."""
    named = (fields.optional_string(data, "prompt_cache_key"), fields.optional_string(data, "session_id"), session_name)
    return next((bounded_name(name) for name in named if name and name.strip()), None)


def logprobs(data: Fields) -> tuple[bool, int]:
    """Whether the client wants them, and of how many alternatives to each token."""
    wanted = fields.boolean(data, "logprobs") is True
    top = fields.integer(data, "top_logprobs", 0, _MAX_TOP_LOGPROBS) or 0
    if top and not wanted:
        raise invalid.only_with("top_logprobs", "logprobs")
    return wanted, top


def beyond_chatgpt(data: Fields) -> dict[str, Any]:
    """The fields that say something to the Responses API only, as the client sent them."""
    return {key: data[key] for key in (*_FORWARDED_TO_API, *_LIMITS) if data.get(key) is not None}


def for_api(data: Fields) -> dict[str, Any]:
    """What the Responses API takes beyond the ChatGPT backend; its values are its own to judge.

    Args:
        data: see `beyond_chatgpt`.

    Raises:
        Refusal: 400, for a limit of output that is none.
    """
    taken = {key: value for key, value in data.items() if key not in _LIMITS and not _is_default(key, value)}
    key = limit_key(data)
    limit = None if key is None else fields.integer(data, key, 1)
    return taken | present(max_output_tokens=limit and max(limit, _MIN_OUTPUT_TOKENS))


def limit_key(data: Fields) -> str | None:
    """Under which name the client limits the output, if it does."""
    return next((key for key in _LIMITS if data.get(key) is not None), None)


def _is_default(key: str, value: object) -> bool:
    return key in _SAMPLING and not isinstance(value, bool) and value == _DEFAULT_SAMPLING


def service_tier(data: Fields) -> str | None:
    """The tier that is asked for; of two names of one tier the one that is known everywhere."""
    tier = fields.optional_string(data, "service_tier") or None
    return "priority" if tier == "fast" else tier

"""Rules for what a request asks of the model and of its answer: effort, summary, format, tiers, samples."""

from collections.abc import Mapping
from typing import Any

from app.practice import refusals
from app.practice.catalogue import EFFORTS, efforts_of
from app.practice.memory import Reader
from app.practice.refusals import Refusal
from app.practice.strict_schemas import object_problem, shape_problem, strict_problem

_SUMMARIES = ("auto", "concise", "detailed")
_CODEX_SUMMARIES = (*_SUMMARIES, "none")
_INCLUDES = (
    "reasoning.encrypted_content",
    "message.output_text.logprobs",
    "message.input_image.image_url",
    "file_search_call.results",
    "web_search_call.results",
    "web_search_call.action.sources",
    "code_interpreter_call.outputs",
    "computer_call_output.output.image_url",
)
_TIERS = ("auto", "default", "flex", "scale", "priority")
_CODEX_TIERS = ("auto", "default", "flex", "priority")
_FORMAT_KEYS = {
    "text": frozenset({"type"}),
    "json_object": frozenset({"type"}),
    "json_schema": frozenset({"type", "name", "description", "schema", "strict"}),
}
_MOST_LOGPROBS = 20


def check_options(body: Mapping[str, Any], reader: Reader, *, codex: bool) -> Refusal | None:
    """Return why one of the options of ``body`` is refused, or None. The model is known to be served."""
    return (
        _check_reasoning(body, reader, codex=codex)
        or _check_include(body)
        or _check_text(body.get("text"))
        or _check_tier(body.get("service_tier"), codex=codex)
        or (None if codex else _check_samples(body))
    )


def _check_reasoning(body: Mapping[str, Any], reader: Reader, *, codex: bool) -> Refusal | None:
    reasoning = body.get("reasoning")
    if reasoning is None:
        return None
    if not isinstance(reasoning, dict):
        return refusals.wrong_type("reasoning", "an object", reasoning)
    unknown = next((key for key in reasoning if key not in ("effort", "summary", "generate_summary", "context")), None)
    if unknown is not None:
        return refusals.unknown_parameter(f"reasoning.{unknown}")
    model, effort, summary = str(body["model"]), reasoning.get("effort"), reasoning.get("summary")
    taken = efforts_of(model)
    for key, value in reasoning.items():
        if value is not None and not taken:
            return refusals.unsupported_parameter(f"reasoning.{key}")
    if effort is not None and effort not in EFFORTS:
        return refusals.bad_value("reasoning.effort", effort, EFFORTS)
    if effort is not None and effort not in taken:
        return refusals.unsupported_value("reasoning.effort", effort, model, taken)
    summaries = _CODEX_SUMMARIES if codex else _SUMMARIES
    if summary not in (None, *summaries):
        return refusals.bad_value("reasoning.summary", summary, summaries)
    return refusals.unverified() if summary is not None and not reader.sees_summaries else None


def _check_include(body: Mapping[str, Any]) -> Refusal | None:
    include = body.get("include")
    if include is None:
        return None
    if not isinstance(include, list):
        return refusals.wrong_type("include", "an array of strings", include)
    for number, name in enumerate(include):
        if name not in _INCLUDES:
            return refusals.bad_value(f"include[{number}]", name, _INCLUDES)
    if "reasoning.encrypted_content" in include and not efforts_of(str(body["model"])):
        return refusals.error(
            "Encrypted content is not supported with this model.", param="include", code="invalid_value"
        )
    return None


def _check_text(text: Any) -> Refusal | None:
    if text is None:
        return None
    if not isinstance(text, dict):
        return refusals.wrong_type("text", "an object", text)
    unknown = next((key for key in text if key not in ("format", "verbosity")), None)
    if unknown is not None:
        return refusals.unknown_parameter(f"text.{unknown}")
    if text.get("verbosity") not in (None, "low", "medium", "high"):
        return refusals.bad_value("text.verbosity", text["verbosity"], ("low", "medium", "high"))
    wanted = text.get("format")
    if wanted is None:
        return None
    if not isinstance(wanted, dict):
        return refusals.wrong_type("text.format", "an object", wanted)
    kind = wanted.get("type")
    if kind not in _FORMAT_KEYS:
        return refusals.bad_value("text.format.type", kind, _FORMAT_KEYS)
    unknown = next((key for key in wanted if key not in _FORMAT_KEYS[kind]), None)
    if unknown is not None:
        return refusals.unknown_parameter(f"text.format.{unknown}")
    return _check_schema(wanted) if kind == "json_schema" else None


def _check_schema(wanted: Mapping[str, Any]) -> Refusal | None:
    absent = next((key for key in ("name", "schema") if not wanted.get(key)), None)
    if absent:
        return refusals.missing(f"text.format.{absent}")
    schema = wanted["schema"]
    problem = object_problem(schema) or strict_problem(schema) if wanted.get("strict") else shape_problem(schema)
    if problem is None:
        return None
    return refusals.error(
        f"Invalid schema for response_format '{wanted['name']}': {problem}",
        param="text.format.schema",
        code="invalid_json_schema",
    )


def _check_tier(tier: Any, *, codex: bool) -> Refusal | None:
    if codex:
        return None if tier in (None, *_CODEX_TIERS) else refusals.detail(f"Unsupported service_tier: {tier}")
    return None if tier in (None, *_TIERS) else refusals.bad_value("service_tier", tier, _TIERS)


def _check_samples(body: Mapping[str, Any]) -> Refusal | None:
    """Models that reason take no temperature, unless they are told not to."""
    reasoning = body.get("reasoning")
    asked = reasoning.get("effort") if isinstance(reasoning, dict) else None
    reasons = bool(efforts_of(str(body["model"]))) and asked != "none"
    for key in ("temperature", "top_p"):
        value = body.get(key)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float):
            return refusals.wrong_type(key, "a decimal", value)
        if reasons:
            return refusals.unsupported_parameter(key)
    number = body.get("top_logprobs")
    if isinstance(number, int) and number > _MOST_LOGPROBS:
        return refusals.error(
            "Invalid 'top_logprobs': integer above maximum value. Expected a value <= "
            f"{_MOST_LOGPROBS}, but got {number} instead.",
            param="top_logprobs",
            code="integer_above_max_value",
        )
    metadata = body.get("metadata")
    for name, value in (metadata if isinstance(metadata, dict) else {}).items():
        if not isinstance(value, str):
            return refusals.wrong_type(f"metadata.{name}", "a string", value)
    return None

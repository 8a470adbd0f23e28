"""Rules for the items of ``input``: their parts, their identifiers, and calls that need an output."""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from app.practice import refusals
from app.practice.memory import Reader
from app.practice.refusals import Refusal

MESSAGE_KEYS = frozenset(
    {"type", "role", "content", "id", "status", "phase", "internal_chat_message_metadata_passthrough"}
)
"""Keys of a message item; the last is Codex's own, sent to providers named ``OpenAI``."""

MAX_CALL_ID = 64

_ID_PREFIXES = {"message": "msg", "function_call": "fc", "reasoning": "rs"}
_ANSWER_PARTS = ("output_text", "refusal")
_ASK_PARTS = ("input_text", "input_image", "input_file", "input_audio")
_CALLS = {"function_call": "function", "custom_tool_call": "custom tool"}
_OUTPUTS = {"function_call_output": "function", "custom_tool_call_output": "custom tool"}


def check_items(body: Mapping[str, Any], reader: Reader) -> Refusal | None:
    """Return why one of the items in ``body["input"]`` is refused, or None."""
    items: list[Any] = body["input"]
    if not items:
        return refusals.error("Missing required parameter: 'input'.", param="input", code="missing_required_parameter")
    for index, item in enumerate(items):
        where = f"input[{index}]"
        if not isinstance(item, dict):
            return refusals.error(f"Invalid type for '{where}': expected an object.", param=where, code="invalid_type")
        found = _check_item(item, where) or _check_owner(item, where, reader)
        if found:
            return found
    return _check_pairs(items, continued=bool(body.get("previous_response_id"))) or _check_json_mode(body)


def _check_item(item: dict[str, Any], where: str) -> Refusal | None:
    kind = item.get("type") or "message"
    name = item.get("id")
    prefix = _ID_PREFIXES.get(kind)
    if name is not None and prefix and not str(name).startswith(prefix):
        param = f"{where}.id"
        return refusals.error(
            f"Invalid '{param}': '{name}'. Expected an ID that begins with '{prefix}'.",
            param=param,
            code="invalid_value",
        )
    call = item.get("call_id")
    if isinstance(call, str) and len(call) > MAX_CALL_ID:
        param = f"{where}.call_id"
        return refusals.error(
            f"Invalid '{param}': string too long. Expected a string with maximum length {MAX_CALL_ID}, "
            f"but got a string with length {len(call)} instead.",
            param=param,
            code="string_above_max_length",
        )
    return _check_message(item, where) if kind == "message" else None


def _check_owner(item: dict[str, Any], where: str, reader: Reader) -> Refusal | None:
    """Return why an item is refused that names what only its owner can read: a ciphertext, or a file."""
    for param, part in _with_parts(item, where):
        sealed = part.get("encrypted_content")
        if isinstance(sealed, str) and not reader.reads(sealed):
            return refusals.invalid_encrypted_content(None if reader.null_codes else "invalid_encrypted_content")
        file_id = part.get("file_id")
        if isinstance(file_id, str) and not reader.has_file(file_id):
            return refusals.unknown_file(file_id, f"{param}.file_id")
    return None


def _with_parts(item: dict[str, Any], where: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield an item and the parts of its content and of its output, each with its place."""
    yield where, item
    for key in ("content", "output"):
        parts = item.get(key)
        for number, part in enumerate(parts if isinstance(parts, list) else ()):
            if isinstance(part, dict):
                yield f"{where}.{key}[{number}]", part


def _check_message(item: dict[str, Any], where: str) -> Refusal | None:
    unknown = next((key for key in item if key not in MESSAGE_KEYS), None)
    if unknown is not None:
        param = f"{where}.{unknown}"
        return refusals.error(f"Unknown parameter: '{param}'.", param=param, code="unknown_parameter")
    role = item.get("role")
    if role not in ("user", "assistant", "developer", "system"):
        return _bad_value(f"{where}.role", role, "'assistant', 'system', 'developer', and 'user'")
    content = item.get("content")
    if isinstance(content, str):
        return None
    if not isinstance(content, list):
        param = f"{where}.content"
        return refusals.error(
            f"Invalid type for '{param}': expected an array or a string.", param=param, code="invalid_type"
        )
    allowed = _ANSWER_PARTS if role == "assistant" else _ASK_PARTS
    for number, part in enumerate(content):
        kind = part.get("type") if isinstance(part, dict) else None
        if kind not in allowed:
            return _bad_value(f"{where}.content[{number}]", kind, ", ".join(f"'{name}'" for name in allowed))
    return None


def _bad_value(param: str, value: object, supported: str) -> Refusal:
    return refusals.error(
        f"Invalid value: '{value}'. Supported values are: {supported}.", param=param, code="invalid_value"
    )


def _check_pairs(items: list[dict[str, Any]], *, continued: bool) -> Refusal | None:
    """Every output needs its call, every call its output; a continued response may hold the calls."""
    calls = {item.get("call_id"): kind for item in items if (kind := _CALLS.get(item.get("type", "")))}
    outputs = {item.get("call_id"): kind for item in items if (kind := _OUTPUTS.get(item.get("type", "")))}
    lonely = next((key for key in outputs if key not in calls), None)
    if lonely is not None and not continued:
        return refusals.error(
            f"No tool call found for {outputs[lonely]} call output with call_id {lonely}.", param="input"
        )
    open_call = next((key for key in calls if key not in outputs), None)
    if open_call is not None:
        return refusals.error(f"No tool output found for {calls[open_call]} call {open_call}.", param="input")
    return None


def _check_json_mode(body: Mapping[str, Any]) -> Refusal | None:
    text = body.get("text")
    wanted = text.get("format") if isinstance(text, dict) else None
    if not isinstance(wanted, dict) or wanted.get("type") != "json_object":
        return None
    if b"json" in orjson.dumps(body["input"]).lower():
        return None
    return refusals.error(
        "Response input messages must contain the word 'json' in some form to use 'text.format' of type 'json_object'.",
        param="input",
    )

"""Rules for the items of ``input``: their keys and parts, their identifiers, and calls that need an output."""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from app.practice import refusals
from app.practice.memory import Reader
from app.practice.parts import ANSWER_PARTS, ASK_PARTS, OUTPUT_PARTS, check_parts
from app.practice.refusals import Refusal

_COMMON_KEYS = frozenset({"type", "id", "status", "internal_chat_message_metadata_passthrough"})
"""Keys of every item; the last is Codex's own, sent to providers named ``OpenAI``."""

_KEYS = {
    "message": _COMMON_KEYS | {"role", "content", "phase"},
    "function_call": _COMMON_KEYS | {"call_id", "name", "arguments", "namespace", "caller"},
    "function_call_output": _COMMON_KEYS | {"call_id", "output", "caller"},
    "custom_tool_call": _COMMON_KEYS | {"call_id", "name", "input", "namespace", "caller"},
    "custom_tool_call_output": _COMMON_KEYS | {"call_id", "output", "name", "caller"},
    "reasoning": _COMMON_KEYS | {"summary", "content", "encrypted_content"},
}
"""The keys of the items that clients write themselves; other kinds are not looked into."""

MAX_CALL_ID = 64

_ROLES = ("assistant", "system", "developer", "user")
_ID_PREFIXES = {"message": "msg", "function_call": "fc", "reasoning": "rs"}
_CALLS = {"function_call": "function", "custom_tool_call": "custom tool"}
_OUTPUTS = {"function_call_output": "function", "custom_tool_call_output": "custom tool"}
_NEEDED = {
    "function_call": ("call_id", "name", "arguments"),
    "custom_tool_call": ("call_id", "name", "input"),
    "function_call_output": ("call_id",),
    "custom_tool_call_output": ("call_id",),
}
"""The keys of an item that must be there and hold text."""


def check_items(body: Mapping[str, Any], reader: Reader, *, codex: bool) -> Refusal | None:
    """Return why one of the items in ``body["input"]`` is refused, or None."""
    items: list[Any] = body["input"]
    if not items:
        return refusals.missing("input")
    for index, item in enumerate(items):
        where = f"input[{index}]"
        if not isinstance(item, dict):
            return refusals.wrong_type(where, "an object", item)
        found = _check_item(item, where, codex=codex) or _check_owner(item, where, reader)
        if found:
            return found
    return _check_pairs(items, continued=bool(body.get("previous_response_id"))) or _check_json_mode(body)


def _check_item(item: dict[str, Any], where: str, *, codex: bool) -> Refusal | None:
    kind = item.get("type") or "message"
    unknown = next((key for key in item if key not in _KEYS.get(kind, item)), None)
    if unknown is not None:
        return refusals.unknown_parameter(f"{where}.{unknown}")
    name = item.get("id")
    prefix = _ID_PREFIXES.get(kind)
    if name is not None and prefix and not str(name).startswith(prefix):
        param = f"{where}.id"
        return refusals.error(
            f"Invalid '{param}': '{name}'. Expected an ID that begins with '{prefix}'.",
            param=param,
            code="invalid_value",
        )
    for key in _NEEDED.get(kind, ()):
        if item.get(key) is None:
            return refusals.missing(f"{where}.{key}")
        if not isinstance(item[key], str):
            return refusals.wrong_type(f"{where}.{key}", "a string", item[key])
    call = item.get("call_id")
    if isinstance(call, str) and len(call) > MAX_CALL_ID:
        return refusals.too_long(f"{where}.call_id", MAX_CALL_ID, len(call))
    if kind in _OUTPUTS:
        return _check_content(item.get("output"), OUTPUT_PARTS, f"{where}.output", codex=codex)
    return _check_message(item, where, codex=codex) if kind == "message" else None


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


def _check_message(item: dict[str, Any], where: str, *, codex: bool) -> Refusal | None:
    role = item.get("role")
    if role not in _ROLES:
        return refusals.bad_value(f"{where}.role", role, _ROLES)
    allowed = ANSWER_PARTS if role == "assistant" else ASK_PARTS
    return _check_content(item.get("content"), allowed, f"{where}.content", codex=codex)


def _check_content(content: Any, allowed: tuple[str, ...], where: str, *, codex: bool) -> Refusal | None:
    if isinstance(content, str):
        return None
    if not isinstance(content, list):
        return refusals.wrong_type(where, "one of a string or an array of objects", content)
    return check_parts(content, allowed, where, codex=codex)


def _check_pairs(items: list[dict[str, Any]], *, continued: bool) -> Refusal | None:
    """Every output needs its call, every call its output; a continued response may hold the calls.

    An empty message ends the search for outputs of the calls before it.
    """
    calls: dict[str, str] = {}
    answered: set[str] = set()
    for item in items:
        kind, call = item.get("type") or "message", str(item.get("call_id"))
        if kind in _CALLS:
            calls[call] = _CALLS[kind]
        elif kind in _OUTPUTS:
            if call not in calls and not continued:
                return refusals.error(
                    f"No tool call found for {_OUTPUTS[kind]} call output with call_id {call}.", param="input"
                )
            answered.add(call)
        elif kind == "message" and not item.get("content") and calls.keys() - answered:
            break
    unanswered = next((call for call in calls if call not in answered), None)
    if unanswered is None:
        return None
    return refusals.error(f"No tool output found for {calls[unanswered]} call {unanswered}.", param="input")


def _check_json_mode(body: Mapping[str, Any]) -> Refusal | None:
    text = body.get("text")
    wanted = text.get("format") if isinstance(text, dict) else None
    if not isinstance(wanted, dict) or wanted.get("type") != "json_object":
        return None
    # The messages count, the calls of tools and their outputs do not.
    messages = [item for item in body["input"] if (item.get("type") or "message") == "message"]
    if b"json" in orjson.dumps(messages).lower():
        return None
    return refusals.error(
        "Response input messages must contain the word 'json' in some form to use 'text.format' of type 'json_object'.",
        param="input",
    )

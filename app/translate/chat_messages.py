"""The messages of a Chat Completions request as `instructions` and `input` of a Responses request.

Every item is built from scratch: Responses refuses unknown keys of items, Chat Completions ignores them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.core.errors import Refusal
from app.translate import invalid

_ROLES = ("system", "assistant", "user", "function", "tool", "developer")
_USER_PARTS = ("text", "image_url", "input_audio", "file")
_STRING_OR_PARTS = "one of a string or array of objects"


@dataclass(frozen=True, slots=True)
class Conversation:
    """What upstream is given to read: the leading system text, and everything after it."""

    instructions: str
    input: list[dict[str, Any]]


def conversation(messages: object, *, keep_in_input: bool = False) -> Conversation:
    """Translate `messages`.

    System and developer messages before the first of another role become the instructions; later ones stay in place
    as developer messages, for upstream refuses the role system in the input.

    Args:
        messages: as the client sent them.
        keep_in_input: leave the instructions empty. Upstream's JSON mode looks for the word "json" in the input only.

    Raises:
        Refusal: 400, with the exact place in `param`.
    """
    if messages is None:
        raise invalid.missing("messages")
    if not isinstance(messages, list):
        raise invalid.wrong_type("messages", "an array of objects", messages)
    if not messages:
        raise invalid.empty_array("messages")
    leading: list[str] = []
    items: list[dict[str, Any]] = []
    begun = keep_in_input
    for index, message in enumerate(messages):
        where = f"messages[{index}]"
        role = _role(message, where)
        if role in ("system", "developer"):
            told = _system_text(message.get("content"), f"{where}.content")
            if begun:
                items.append(_developer(told))
            else:
                leading.append(told)
            continue
        begun = True
        item = _user(message, where) if role == "user" else _assistant(message, where)
        if item is not None:
            items.append(item)
    instructions = "\n\n".join(filter(None, leading))
    if items:
        return Conversation(instructions, items)
    if not leading:
        raise Refusal(400, "Invalid 'messages': there is no text in them.", param="messages", code="invalid_value")
    # Upstream wants an input that is not empty.
    return Conversation("", [_developer(instructions)])


def _role(message: object, where: str) -> str:
    if not isinstance(message, Mapping):
        raise invalid.wrong_type(where, "an object", message)
    role = message.get("role")
    if role is None:
        raise invalid.missing(f"{where}.role")
    if not isinstance(role, str):
        raise invalid.wrong_type(f"{where}.role", "a string", role)
    if role not in _ROLES:
        raise invalid.invalid_value(f"{where}.role", role, _ROLES)
    if role in ("tool", "function"):
        raise invalid.unsupported_value(f"{where}.role", "messages of tools")
    return role


def _message(role: str, content: list[dict[str, Any]]) -> dict[str, Any]:
    return {"type": "message", "role": role, "content": content}


def _developer(told: str) -> dict[str, Any]:
    return _message("developer", [_input_text(told)])


def _input_text(said: str) -> dict[str, Any]:
    return {"type": "input_text", "text": said}


def _system_text(content: object, where: str) -> str:
    if isinstance(content, str):
        return content
    texts = []
    for place, kind, part in _parts(content, where):
        if kind != "text":
            raise invalid.invalid_value(f"{place}.type", kind, ("text",))
        texts.append(_string(part, "text", place))
    return "\n".join(texts)


def _user(message: Mapping[str, Any], where: str) -> dict[str, Any]:
    content = message.get("content")
    if isinstance(content, str):
        return _message("user", [_input_text(content)])
    parts = []
    for place, kind, part in _parts(content, f"{where}.content"):
        if kind != "text":
            raise _not_text(place, kind)
        parts.append(_input_text(_string(part, "text", place)))
    return _message("user", parts)


def _assistant(message: Mapping[str, Any], where: str) -> dict[str, Any] | None:
    """An earlier answer; None when it holds no text. Our own answers have `content: null` when only reasoning came."""
    for key in ("tool_calls", "function_call", "audio"):
        if message.get(key) not in (None, []):
            raise invalid.unsupported_parameter(f"{where}.{key}")
    content = message.get("content")
    said: list[dict[str, Any]] = []
    if isinstance(content, str):
        said.append({"type": "output_text", "text": content})
    elif content is not None and content != []:
        for place, kind, part in _parts(content, f"{where}.content"):
            if kind == "text":
                said.append({"type": "output_text", "text": _string(part, "text", place)})
            elif kind == "refusal":
                said.append({"type": "refusal", "refusal": _string(part, "refusal", place)})
            else:
                raise invalid.invalid_value(f"{place}.type", kind, ("text", "refusal"))
    refusal = message.get("refusal")
    if refusal is not None:
        if not isinstance(refusal, str):
            raise invalid.wrong_type(f"{where}.refusal", "a string", refusal)
        said.append({"type": "refusal", "refusal": refusal})
    said = [part for part in said if part.get("text") or part.get("refusal")]
    return _message("assistant", said) if said else None


def _parts(content: object, where: str) -> list[tuple[str, str, Mapping[str, Any]]]:
    """The parts of a content list: the place of each for `param`, its type, and itself."""
    if not isinstance(content, list):
        raise invalid.wrong_type(where, _STRING_OR_PARTS, content)
    if not content:
        raise invalid.empty_array(where)
    parts = []
    for index, part in enumerate(content):
        place = f"{where}[{index}]"
        if not isinstance(part, Mapping):
            raise invalid.wrong_type(place, "an object", part)
        parts.append((place, _string(part, "type", place), part))
    return parts


def _not_text(place: str, kind: str) -> Refusal:
    if kind in _USER_PARTS:
        names = {"image_url": "images", "input_audio": "audio", "file": "files"}
        return invalid.unsupported_value(f"{place}.type", names[kind])
    return invalid.invalid_value(f"{place}.type", kind, _USER_PARTS)


def _string(part: Mapping[str, Any], key: str, place: str) -> str:
    value = part.get(key)
    if value is None:
        raise invalid.missing(f"{place}.{key}")
    if not isinstance(value, str):
        raise invalid.wrong_type(f"{place}.{key}", "a string", value)
    return value

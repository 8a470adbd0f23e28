"""The messages of a Chat Completions request as `instructions` and `input` of a Responses request.

Every item is built from scratch: Responses refuses unknown keys of items, Chat Completions ignores them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.core.errors import Refusal
from app.translate import fields, invalid
from app.translate.attachments import input_file, input_image
from app.translate.call_pairs import CallPairs, Origin, Sourced
from app.translate.fields import Fields

_ROLES = ("system", "assistant", "user", "function", "tool", "developer")
_USER_PARTS = ("text", "image_url", "file")
_STRING_OR_PARTS = "one of a string or array of objects"
_NO_AUDIO = "Audio is not supported, only text, images (PNG, JPEG, GIF, WebP) and PDF files are."


@dataclass(frozen=True, slots=True)
class Conversation:
    """What upstream is given to read.

    Attributes:
        instructions: the leading system text.
        input: everything after it; never empty.
        file_id_at: the place of the first file that is named by an id, which only its own account can read.
        has_breakpoints: whether parts carry a `prompt_cache_breakpoint`, which the ChatGPT backend refuses.
        origins: where each item of the input comes from; None: from all messages together.
    """

    instructions: str
    input: list[dict[str, Any]] = field(repr=False)
    file_id_at: str | None = None
    has_breakpoints: bool = False
    origins: Sequence[Origin | None] = field(repr=False, compare=False, default=())

    def without_breakpoints(self) -> list[dict[str, Any]]:
        """The input as the ChatGPT backend takes it."""
        return [_unmarked(item) for item in self.input] if self.has_breakpoints else self.input

    def says_json(self) -> bool:
        """Whether the input holds the word that upstream's JSON mode looks for."""
        return any("json" in text.lower() for item in self.input for text in _texts(item))


def conversation(messages: object, *, custom_tools: Collection[str] = (), keep_in_input: bool = False) -> Conversation:
    """Translate `messages`.

    System and developer messages before the first of another role become the instructions; later ones stay in place
    as developer messages, for upstream refuses the role system in the input. Calls without an output get one that says
    so; an output without a call is refused.

    Args:
        messages: as the client sent them.
        custom_tools: names of tools whose calls the client knows as calls of functions, since a stream of Chat
            Completions has no other: in its history they become what they were.
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
    talk = _Talk(custom_tools, keep_in_input)
    for index, message in enumerate(messages):
        talk.add(index, *fields.located(message, f"messages[{index}]"))
    return talk.whole()


class _Talk:
    """A conversation as it is read, message by message."""

    def __init__(self, custom_tools: Collection[str], begun: bool) -> None:
        self._custom_tools = custom_tools
        self._begun = begun
        self._leading: list[str] = []
        self._items: list[Sourced] = []
        self._at = 0
        self._pairs = CallPairs()
        self._file_id_at: str | None = None
        self._has_breakpoints = False

    def add(self, index: int, where: str, message: Fields) -> None:
        self._at = index
        role = fields.string(message, "role", where)
        if role not in _ROLES:
            raise invalid.invalid_value(f"{where}.role", role, _ROLES)
        if role in ("system", "developer"):
            told = _system_text(message.get("content"), f"{where}.content")
            if self._begun:
                self._put(_developer(told))
            else:
                self._leading.append(told)
            return
        self._begun = True
        if role == "user":
            self._put(_message("user", self._said(message, where)))
        elif role == "assistant":
            self._assistant(message, where)
        elif role == "tool":
            self._tool(message, where)
        else:
            self._function(message, where)

    def whole(self) -> Conversation:
        instructions = "\n\n".join(filter(None, self._leading))
        if self._items:
            items = self._pairs.mended(self._items)
            made, origins = [item for item, _ in items], [origin for _, origin in items]
            return Conversation(instructions, made, self._file_id_at, self._has_breakpoints, origins)
        if not self._leading:
            raise Refusal(400, "Invalid 'messages': there is no text in them.", param="messages", code="invalid_value")
        # Upstream wants an input that is not empty.
        return Conversation("", [_developer(instructions)], origins=[Origin(0) if len(self._leading) == 1 else None])

    def _put(self, item: dict[str, Any], call: int | None = None) -> None:
        self._items.append((item, Origin(self._at, call)))

    def _said(self, message: Fields, where: str) -> list[dict[str, Any]]:
        """What a user or a tool says: a list of parts."""
        content = message.get("content")
        if isinstance(content, str):
            return [_input_text(content)]
        return [self._part(*found) for found in _parts(content, f"{where}.content")]

    def _part(self, where: str, kind: str, part: Fields) -> dict[str, Any]:
        if kind == "text":
            made = _input_text(fields.string(part, "text", where))
        elif kind == "image_url":
            made = input_image(part, where)
        elif kind == "file":
            made = input_file(part, where)
            if "file_id" in made and self._file_id_at is None:
                self._file_id_at = f"{where}.file.file_id"
        elif kind == "input_audio":
            raise invalid.unsupported_parameter(f"{where}.input_audio", _NO_AUDIO)
        else:
            raise invalid.invalid_value(f"{where}.type", kind, _USER_PARTS)
        mark = fields.optional_mapping(part, "prompt_cache_breakpoint", where)
        if mark is not None:
            place = f"{where}.prompt_cache_breakpoint"
            made["prompt_cache_breakpoint"] = fields.present(
                mode=fields.name(mark, "mode", place), ttl=fields.optional_string(mark, "ttl", place)
            )
            self._has_breakpoints = True
        return made

    def _assistant(self, message: Fields, where: str) -> None:
        """An earlier answer: its text, and then its calls."""
        if message.get("audio") is not None:
            raise invalid.unsupported_parameter(f"{where}.audio", _NO_AUDIO)
        said = _answer(message, where)
        # An empty message between a call and its output breaks their match.
        if said:
            self._put(_message("assistant", said))
        places: dict[str, str] = {}
        for number, (place, call) in enumerate(fields.objects(message, "tool_calls", where)):
            item = self._call(call, place)
            other = places.setdefault(item["call_id"], place)
            if other != place:
                # Nobody could tell whose output is whose.
                why = f"Duplicate value for 'tool_call_id' of '{invalid.shortened(call['id'])}'"
                raise invalid.unusable(f"{place}.id", f"Invalid parameter: {why}, in {other} and {place}.", None)
            self._put(item, number)
        legacy = fields.optional_mapping(message, "function_call", where)
        if legacy is not None:
            place = f"{where}.function_call"
            name, arguments = fields.name(legacy, "name", place), fields.string(legacy, "arguments", place)
            self._put(self._pairs.legacy_call(name, arguments))
        self._pairs.close(len(self._items))

    def _call(self, call: Fields, where: str) -> dict[str, Any]:
        call_id = fields.name(call, "id", where)
        kind = fields.string(call, "type", where)
        if kind not in ("function", "custom"):
            raise invalid.invalid_value(f"{where}.type", kind, ("function", "custom"))
        made = fields.mapping(call, kind, where)
        place = f"{where}.{kind}"
        name = fields.name(made, "name", place)
        said = fields.string(made, "input" if kind == "custom" else "arguments", place)
        return self._pairs.call(call_id, name, said, custom=kind == "custom" or name in self._custom_tools)

    def _tool(self, message: Fields, where: str) -> None:
        call_id = fields.name(message, "tool_call_id", where)
        item = self._pairs.output(call_id, self._output(message, where))
        if item is None:
            why = (
                "messages with role 'tool' must be a response to a preceding message with 'tool_calls': "
                f"'{invalid.shortened(call_id)}' is the 'id' of none."
            )
            raise invalid.unusable(f"{where}.tool_call_id", f"Invalid parameter: {why}")
        self._put(item)

    def _function(self, message: Fields, where: str) -> None:
        name = fields.name(message, "name", where)
        output = "" if message.get("content") is None else self._output(message, where)
        item = self._pairs.legacy_output(name, output)
        if item is None:
            why = (
                "messages with role 'function' must be a response to a preceding message with 'function_call': "
                f"none calls '{invalid.shortened(name)}'."
            )
            raise invalid.unusable(f"{where}.name", f"Invalid parameter: {why}")
        self._put(item)

    def _output(self, message: Fields, where: str) -> str | list[dict[str, Any]]:
        """What a tool says: one string where it is nothing but text."""
        said = self._said(message, where)
        if all(part.keys() == {"type", "text"} for part in said):
            return "\n".join(part["text"] for part in said)
        return said


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
        texts.append(fields.string(part, "text", place))
    return "\n".join(texts)


def _answer(message: Fields, where: str) -> list[dict[str, Any]]:
    """The parts of an earlier answer that say anything; ours have `content: null` when only reasoning came."""
    content = message.get("content")
    said: list[dict[str, Any]] = []
    if isinstance(content, str):
        said.append({"type": "output_text", "text": content})
    elif content is not None and content != []:
        for place, kind, part in _parts(content, f"{where}.content"):
            if kind == "text":
                said.append({"type": "output_text", "text": fields.string(part, "text", place)})
            elif kind == "refusal":
                said.append({"type": "refusal", "refusal": fields.string(part, "refusal", place)})
            else:
                raise invalid.invalid_value(f"{place}.type", kind, ("text", "refusal"))
    refusal = fields.optional_string(message, "refusal", where)
    if refusal:
        said.append({"type": "refusal", "refusal": refusal})
    return [part for part in said if part.get("text") or part.get("refusal")]


def _parts(content: object, where: str) -> list[tuple[str, str, Fields]]:
    """The parts of a content list: the place of each for `param`, its type, and itself."""
    if not isinstance(content, list):
        raise invalid.wrong_type(where, _STRING_OR_PARTS, content)
    if not content:
        raise invalid.empty_array(where)
    found = (fields.located(part, f"{where}[{index}]") for index, part in enumerate(content))
    return [(place, fields.string(part, "type", place), part) for place, part in found]


def _unmarked(item: dict[str, Any]) -> dict[str, Any]:
    return {
        key: [{name: said for name, said in part.items() if name != "prompt_cache_breakpoint"} for part in value]
        if isinstance(value, list)
        else value
        for key, value in item.items()
    }


def _texts(item: dict[str, Any]) -> list[str]:
    """What an item says, without what is attached to it."""
    texts = [item[key] for key in ("arguments", "input") if key in item]
    said = item.get("content", item.get("output", []))
    if isinstance(said, str):
        return [*texts, said]
    return texts + [part[key] for part in said for key in ("text", "refusal") if key in part]

"""Where in a Chat Completions request the fields of the Responses request made of it come from.

What upstream refuses it names by a place in a body that the client has never seen, such as `input[3].content[1]`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from app.translate import fields
from app.translate.call_pairs import Origin
from app.translate.chat_options import limit_key
from app.translate.chat_tools import Tools
from app.translate.errors import INVALID_REQUEST, UpstreamFailure
from app.translate.fields import Fields

#: One step of a path: a name, an index into it, and the rest.
_STEP = re.compile(r"(\w+)(?:\[(\d{1,9})\])?(?:\.(.+))?", re.DOTALL)
#: A path in a message that can only be one of a Responses request.
_QUOTED = re.compile(r"'((?:input|tools)\[\d[^']*|(?:text|reasoning|tool_choice)\.[^']+)'")
#: What Chat Completions nests within a part of a message.
_PARTS = {
    "text": {"text": "text"},
    "image_url": {"image_url": "image_url.url", "detail": "image_url.detail"},
    "file": {"file_data": "file.file_data", "filename": "file.filename", "file_id": "file.file_id"},
}
_AS_THEY_ARE = ("type", "prompt_cache_breakpoint")
_GRAMMAR = ("format.syntax", "format.definition")


class RequestPlaces:
    """Of one request.

    Args:
        data: as the client sent it; it has been read without a refusal.
        items: the `input` made of it.
        origins: where each of them comes from.
        tools: made of it.
    """

    def __init__(
        self, data: Fields, items: Sequence[dict[str, Any]], origins: Sequence[Origin | None], tools: Tools
    ) -> None:
        self._data = data
        self._items = items
        self._origins = origins
        self._tools = tools

    def told(self, failure: UpstreamFailure) -> UpstreamFailure:
        """Upstream's refusal with the client's own places, in `param` and where its message quotes one."""
        if failure.type != INVALID_REQUEST:
            return failure
        param = failure.param
        message = _QUOTED.sub(lambda found: f"'{self.of(found[1])}'", failure.message)
        if param is not None:
            param = self.of(param)
            message = message.replace(f"'{failure.param}'", f"'{param}'")
        return replace(failure, param=param, message=message)

    def of(self, path: str) -> str:
        """The place in the client's request; the nearest that is known, or the path itself where it says nothing."""
        root, index, rest = _step(path)
        match root:
            case "input":
                return self._input(index, rest)
            case "instructions":
                return "messages[0].content" if self._one_leads() else "messages"
            case "tools":
                return self._tool(index, rest)
            case "tool_choice":
                return self._choice(rest)
            case "text":
                return self._text(rest)
            case "reasoning" if rest == "effort":
                own = self._data.get("reasoning_effort") is None and self._data.get("reasoning") is not None
                return path if own else "reasoning_effort"
            case "max_output_tokens":
                return limit_key(self._data) or path
            case "prompt_cache_key" if self._data.get(root) is None and self._data.get("session_id") is not None:
                return "session_id"
            case "include" if self._data.get("logprobs") is True:
                return "logprobs"
            case _:
                return path

    def _one_leads(self) -> bool:
        leads = [message["role"] in ("system", "developer") for message in self._data["messages"][:2]]
        return leads[0] and not all(leads[1:])

    def _input(self, index: int | None, rest: str) -> str:
        origin = self._origins[index] if index is not None and index < len(self._origins) else None
        if index is None or origin is None:
            return "messages"
        item, where, message = self._items[index], f"messages[{origin.message}]", self._data["messages"][origin.message]
        name, part, inner = _step(rest)
        if "output" in item:
            if message["role"] == "assistant":
                # One that the client owes to its call.
                return where
            if name == "call_id":
                return f"{where}.{'tool_call_id' if message['role'] == 'tool' else 'name'}"
            return _content(where, message, part, inner) if name == "output" else where
        if "call_id" in item:
            return _call(where, message, origin.call, name)
        if name == "content":
            return _content(where, message, part, inner)
        return f"{where}.role" if name == "role" else where

    def _tool(self, index: int | None, rest: str) -> str:
        if index is None or index >= len(self._tools.places):
            return "functions" if self._tools.legacy else "tools"
        where, kind = self._tools.places[index], self._tools.body["tools"][index]["type"]
        if self._tools.legacy:
            return fields.place(where, rest) if rest and rest != "type" else where
        if where == "web_search_options":
            inner = rest.removeprefix("user_location.")
            if inner not in (rest, "type"):
                return f"{where}.user_location.approximate.{inner}"
            return f"{where}.{rest}" if _step(rest)[0] in self._data[where] else where
        if not rest:
            return where
        if rest in _GRAMMAR:
            rest = rest.replace("format.", "format.grammar.")
        return f"{where}.{kind}.{rest}" if kind in ("function", "custom") and rest != "type" else f"{where}.{rest}"

    def _choice(self, rest: str) -> str:
        if self._tools.legacy:
            return "function_call.name" if rest == "name" else "function_call"
        given = self._data.get("tool_choice")
        if not rest or not isinstance(given, dict):
            return "tool_choice"
        if given["type"] != "allowed_tools":
            return _chosen(given, "tool_choice", rest)
        where = "tool_choice.allowed_tools"
        name, index, inner = _step(rest)
        if name == "tools" and index is not None and index < len(allowed := given["allowed_tools"]["tools"]):
            return _chosen(allowed[index], f"{where}.tools[{index}]", inner)
        return f"{where}.{rest}" if name in ("mode", "tools") else where

    def _text(self, rest: str) -> str:
        name, _, inner = _step(rest)
        if name == "verbosity":
            return name
        where = "response_format"
        if inner and inner != "type" and (self._data.get(where) or {}).get("json_schema"):
            return f"{where}.json_schema.{inner}"
        return f"{where}.type" if inner == "type" else where


def _step(path: str) -> tuple[str, int | None, str]:
    found = _STEP.fullmatch(path)
    if found is None:
        return "", None, ""
    return found[1], None if found[2] is None else int(found[2]), found[3] or ""


def _content(where: str, message: Fields, part: int | None, inner: str) -> str:
    """Of a message, or of a tool's output."""
    given = message.get("content")
    if message["role"] not in ("user", "tool", "function") or not isinstance(given, list):
        # Texts are joined, or left out when they are empty: what was made of them is not counted like them.
        return f"{where}.content" if given else where
    place = f"{where}.content"
    if part is None or part >= len(given):
        return place
    kind, place = given[part]["type"], f"{place}[{part}]"
    name = _step(inner)[0]
    if name in _AS_THEY_ARE:
        return f"{place}.{inner}"
    own = _PARTS[kind].get(name)
    if own is None:
        return place
    return f"{place}.image_url" if isinstance(given[part].get("image_url"), str) else f"{place}.{own}"


def _call(where: str, message: Fields, number: int | None, name: str) -> str:
    if number is None:
        where = f"{where}.function_call"
        return f"{where}.{name}" if name in ("name", "arguments") else where
    where, kind = f"{where}.tool_calls[{number}]", message["tool_calls"][number]["type"]
    if name == "call_id":
        return f"{where}.id"
    if name in ("arguments", "input"):
        return f"{where}.{kind}.{'input' if kind == 'custom' else 'arguments'}"
    return f"{where}.{kind}.name" if name == "name" else where


def _chosen(given: Fields, where: str, rest: str) -> str:
    """Of a tool that is named."""
    if rest == "name":
        return f"{where}.{given['type']}.name"
    return f"{where}.type" if rest == "type" else where

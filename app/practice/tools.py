"""Calling the tools that a request offers: Codex's shell tools by what they are, others by name.

What Codex offers for running a command, observed with the real clients:

============================  ======================================================================
0.45 (gpt-5-codex)            function ``shell``, ``command`` a list of words
some models of 0.50 to 0.115  function ``shell_command``, ``command`` one string
0.100, 0.120, 0.140, and      function ``exec_command``, ``cmd`` one string
0.169 with gpt-5.5
0.169 with its own models     custom tool ``exec`` in the namespace ``functions`` of an
                              ``additional_tools`` item; its input is JavaScript that calls
                              ``tools.exec_command({cmd})``
============================  ======================================================================
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from app.practice.samples import sample


@dataclass(frozen=True)
class ToolCall:
    """A call to make. ``arguments`` is JSON for a function, free text for a custom tool."""

    name: str
    arguments: str
    custom: bool = False
    namespace: str | None = None


@dataclass(frozen=True)
class _Offered:
    kind: str
    name: str
    parameters: dict[str, Any]
    namespace: str | None


def shell_call(body: Mapping[str, Any], command: str) -> ToolCall | None:
    """Return the call that makes the client run ``command``; None when no tool offered can."""
    offered = {tool.name: tool for tool in _offered(body)}
    if tool := offered.get("exec_command"):
        return _function(tool, {"cmd": command})
    if tool := offered.get("shell_command"):
        return _function(tool, {"command": command})
    if tool := offered.get("shell"):
        kind = tool.parameters.get("properties", {}).get("command", {}).get("type")
        words: object = command if kind == "string" else ["bash", "-lc", command]
        return _function(tool, {"command": words})
    tool = offered.get("exec")
    if tool and tool.kind == "custom":
        argument = orjson.dumps({"cmd": command}).decode()
        source = f"const result = await tools.exec_command({argument});\ntext(result.output ?? result);\n"
        return ToolCall("exec", source, custom=True, namespace=tool.namespace)
    return None


def named_call(body: Mapping[str, Any], name: str, arguments: str) -> ToolCall | None:
    """Return a call of the offered tool ``name`` with ``arguments`` as they are; None if not offered."""
    tool = next((tool for tool in _offered(body) if tool.name == name), None)
    if tool is None:
        return None
    custom = tool.kind == "custom"
    return ToolCall(name, arguments or ("" if custom else "{}"), custom=custom, namespace=tool.namespace)


def forced_call(body: Mapping[str, Any], text: str) -> ToolCall | None:
    """Return the call that ``tool_choice`` demands, with made-up arguments; None if it demands none."""
    choice = body.get("tool_choice")
    offered = list(_offered(body))
    if isinstance(choice, dict) and choice.get("type") == "allowed_tools":
        allowed = {one.get("name") for one in choice["tools"]} if choice.get("mode") == "required" else set()
        tool = next((tool for tool in offered if tool.name in allowed), None)
    elif isinstance(choice, dict):
        tool = next((tool for tool in offered if tool.name == choice.get("name")), None)
    else:
        tool = offered[0] if choice == "required" and offered else None
    if tool is None:
        return None
    custom = tool.kind == "custom"
    arguments = text if custom else orjson.dumps(sample(tool.parameters or {"type": "object"}, text)).decode()
    return ToolCall(tool.name, arguments, custom=custom, namespace=tool.namespace)


def offered_names(body: Mapping[str, Any]) -> frozenset[str]:
    """Return the names of all tools offered; of the services' own, their types."""
    given = body.get("tools")
    kinds = {str(tool.get("type")) for tool in given or () if isinstance(tool, dict)} - {"function", "custom"}
    return frozenset(tool.name for tool in _offered(body)) | kinds


def _function(tool: _Offered, arguments: dict[str, object]) -> ToolCall:
    return ToolCall(tool.name, orjson.dumps(arguments).decode(), namespace=tool.namespace)


def _offered(body: Mapping[str, Any]) -> Iterator[_Offered]:
    yield from _flat(body.get("tools"), None)
    given = body.get("input")
    for item in given if isinstance(given, list) else ():
        if isinstance(item, dict) and item.get("type") == "additional_tools":
            yield from _flat(item.get("tools"), None)


def _flat(tools: Any, namespace: str | None) -> Iterator[_Offered]:
    for tool in tools if isinstance(tools, list) else ():
        if not isinstance(tool, dict):
            continue
        kind, name = str(tool.get("type")), str(tool.get("name"))
        if kind == "namespace":
            yield from _flat(tool.get("tools"), name)
        elif kind in ("function", "custom"):
            yield _Offered(kind, name, tool.get("parameters") or {}, namespace)

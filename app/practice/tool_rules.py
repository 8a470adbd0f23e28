"""Rules for ``tools`` and ``tool_choice``: what both services refuse, and in which words."""

import re
from collections.abc import Mapping
from typing import Any

from app.practice import refusals
from app.practice.refusals import Refusal
from app.practice.strict_schemas import object_problem, strict_problem
from app.practice.tools import offered_names

_NAME = re.compile(r"[a-zA-Z0-9_-]+")
_LONGEST_NAME = 64
_KEYS = {
    "function": frozenset({"type", "name", "description", "parameters", "strict", "defer_loading", "output_schema"}),
    "custom": frozenset({"type", "name", "description", "format", "defer_loading"}),
    "web_search": frozenset(
        {
            *("type", "search_context_size", "user_location", "filters"),
            # Codex's own.
            *("external_web_access", "search_content_types", "indexed_web_access"),
        }
    ),
}
"""The keys of the kinds of tools that clients write themselves; the other kinds are not looked into."""

_KINDS = (
    *_KEYS,
    *("web_search_preview", "web_search_preview_2025_03_11", "web_search_2025_08_26", "file_search", "mcp"),
    *("code_interpreter", "image_generation", "local_shell", "shell", "apply_patch", "computer"),
    *("computer_use_preview", "namespace", "tool_search"),
)
_LOCATION_KEYS = frozenset({"type", "city", "country", "region", "timezone"})
_MODES = ("none", "auto", "required")


def check_tools(body: Mapping[str, Any]) -> Refusal | None:
    """Return why the tools of ``body``, or its choice among them, are refused; None if they are not."""
    tools = body.get("tools")
    if tools is not None and not isinstance(tools, list):
        return refusals.wrong_type("tools", "an array of objects", tools)
    for index, tool in enumerate(tools or ()):
        found = _check_tool(tool, f"tools[{index}]")
        if found:
            return found
    return _check_choice(body)


def _check_tool(tool: Any, where: str) -> Refusal | None:
    if not isinstance(tool, dict):
        return refusals.wrong_type(where, "an object", tool)
    kind = tool.get("type")
    if kind is None:
        return refusals.missing(f"{where}.type")
    if kind not in _KINDS:
        return refusals.bad_value(f"{where}.type", kind, _KINDS)
    if kind in ("function", "custom"):
        found = _check_name(tool.get("name"), f"{where}.name")
        if found:
            return found
    unknown = next((key for key in tool if key not in _KEYS.get(kind, tool)), None)
    if unknown is not None:
        return refusals.unknown_parameter(f"{where}.{unknown}")
    if kind == "function":
        return _check_function(tool, where)
    if kind == "custom":
        return _check_format(tool.get("format"), f"{where}.format")
    if kind == "web_search":
        return _check_location(tool.get("user_location"), f"{where}.user_location")
    return None


def _check_name(name: Any, where: str) -> Refusal | None:
    if not name:
        return refusals.missing(where)
    if not isinstance(name, str):
        return refusals.wrong_type(where, "a string", name)
    if len(name) > _LONGEST_NAME:
        return refusals.too_long(where, _LONGEST_NAME, len(name))
    if not _NAME.fullmatch(name):
        return refusals.error(
            f"Invalid '{where}': string does not match pattern. Expected a string that matches the pattern "
            "'^[a-zA-Z0-9_-]+$'.",
            param=where,
            code="invalid_value",
        )
    return None


def _check_function(tool: Mapping[str, Any], where: str) -> Refusal | None:
    if "parameters" not in tool:
        return refusals.missing(f"{where}.parameters")
    for key, kinds, named in (("description", str, "a string"), ("strict", bool, "a boolean")):
        if not isinstance(tool.get(key), kinds | None):
            return refusals.wrong_type(f"{where}.{key}", named, tool[key])
    schema = tool["parameters"]
    strict = tool.get("strict")
    if schema is None and strict is False:
        return None
    problem = object_problem(schema)
    # What a Responses request leaves out is strict.
    if problem is None and strict is not False:
        problem = strict_problem(schema)
    if problem is None:
        return None
    return refusals.error(
        f"Invalid schema for function '{tool['name']}': {problem}",
        param=f"{where}.parameters",
        code="invalid_function_parameters",
    )


def _check_format(given: Any, where: str) -> Refusal | None:
    if given is None:
        return None
    kind = given.get("type") if isinstance(given, dict) else None
    if kind not in ("text", "grammar"):
        return refusals.bad_value(f"{where}.type", kind, ("text", "grammar"))
    needed = ("syntax", "definition") if kind == "grammar" else ()
    absent = next((key for key in needed if not isinstance(given.get(key), str)), None)
    if absent:
        return refusals.missing(f"{where}.{absent}")
    unknown = next((key for key in given if key not in ("type", *needed)), None)
    return refusals.unknown_parameter(f"{where}.{unknown}") if unknown else None


def _check_location(given: Any, where: str) -> Refusal | None:
    if given is None:
        return None
    if not isinstance(given, dict):
        return refusals.wrong_type(where, "an object", given)
    if given.get("type") != "approximate":
        return refusals.bad_value(f"{where}.type", given.get("type"), ("approximate",))
    unknown = next((key for key in given if key not in _LOCATION_KEYS), None)
    return refusals.unknown_parameter(f"{where}.{unknown}") if unknown else None


def _check_choice(body: Mapping[str, Any]) -> Refusal | None:
    choice = body.get("tool_choice")
    if choice is None:
        return None
    names = offered_names(body)
    if isinstance(choice, str):
        if choice not in _MODES:
            return refusals.bad_value("tool_choice", choice, _MODES)
        return _not_offered(choice) if choice == "required" and not names else None
    if not isinstance(choice, dict):
        return refusals.wrong_type("tool_choice", "one of a string or an object", choice)
    if choice.get("type") != "allowed_tools":
        return _check_named(choice, "tool_choice", names)
    unknown = next((key for key in choice if key not in ("type", "mode", "tools")), None)
    if unknown is not None:
        return refusals.unknown_parameter(f"tool_choice.{unknown}")
    if choice.get("mode") not in ("auto", "required"):
        return refusals.bad_value("tool_choice.mode", choice.get("mode"), ("auto", "required"))
    allowed = choice.get("tools")
    if not isinstance(allowed, list) or not allowed:
        return refusals.missing("tool_choice.tools")
    found = (_check_named(one, f"tool_choice.tools[{number}]", names) for number, one in enumerate(allowed))
    return next(filter(None, found), None)


def _check_named(choice: Any, where: str, names: frozenset[str]) -> Refusal | None:
    """Return why the choice of one tool is refused: it must be flat, and the tool offered."""
    if not isinstance(choice, dict):
        return refusals.wrong_type(where, "an object", choice)
    kind = choice.get("type")
    if kind not in _KINDS:
        return refusals.bad_value(f"{where}.type", kind, (*_KINDS, "allowed_tools"))
    if kind in ("function", "custom"):
        if not choice.get("name"):
            return refusals.missing(f"{where}.name")
        unknown = next((key for key in choice if key not in ("type", "name")), None)
        if unknown is not None:
            return refusals.unknown_parameter(f"{where}.{unknown}")
    return None if choice.get("name", kind) in names else _not_offered(str(choice.get("name", kind)))


def _not_offered(name: str) -> Refusal:
    return refusals.error(f"Tool choice '{name}' not found in 'tools' parameter.", param="tool_choice")

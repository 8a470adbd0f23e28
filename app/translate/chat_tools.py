"""What the model may call: `tools`, legacy `functions` and web search, as Responses has them.

Chat Completions nests what Responses has flat, and its functions are not strict unless they say so, while those of
Responses are.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from app.translate import fields, invalid
from app.translate.fields import Fields, present

_WEB_SEARCH = ("web_search", "web_search_2025_08_26", "web_search_preview", "web_search_preview_2025_03_11")
_KINDS = ("function", "custom", "web_search")
_CHOICES = ("none", "auto", "required")
_CONTEXT_SIZES = ("low", "medium", "high")
_LOCATION = ("country", "region", "city", "timezone")


@dataclass(frozen=True, slots=True)
class Tools:
    """What goes upstream, and what the way back must know.

    Attributes:
        body: the keys `tools`, `tool_choice` and `parallel_tool_calls`, as far as there is something to say.
        legacy: the client speaks of `functions` and is answered with a `function_call`.
        custom: names of the custom tools.
        places: where in the client's request each of the tools comes from.
    """

    body: dict[str, Any] = field(repr=False)
    legacy: bool
    custom: frozenset[str]
    places: tuple[str, ...] = field(compare=False, default=())


def read_tools(data: Fields) -> Tools:
    """Translate `tools`, `functions`, `tool_choice`, `function_call`, `parallel_tool_calls`, `web_search_options`.

    Raises:
        Refusal: 400.
    """
    tools = [(_tool(tool, place), place) for place, tool in fields.objects(data, "tools")]
    functions = [(_function(function, place), place) for place, function in fields.objects(data, "functions")]
    if tools and functions:
        raise invalid.unusable("functions", "Give either 'tools' or 'functions', not both.")
    search = _web_search_options(data)
    parallel = fields.boolean(data, "parallel_tool_calls")
    sourced = [*tools, *functions]
    if search is not None:
        # One tool of its kind: the options say more about it.
        search = dict(next((tool for tool, _ in sourced if tool["type"] == "web_search"), {}), **search)
        sourced = [one for one in sourced if one[0]["type"] != "web_search"] + [(search, "web_search_options")]
    offered = [tool for tool, _ in sourced]
    # Where there is nothing to call, these say nothing.
    idle = ("auto",) if offered else ("auto", "none")
    choice = _tool_choice(data, idle, bool(offered) and not functions)
    legacy_choice = _function_call(data, idle, bool(functions))
    if not offered:
        return Tools({}, False, frozenset())
    if functions:
        # A message has room for one `function_call`.
        choice, parallel = legacy_choice, False
    body = present(tools=offered, tool_choice=choice, parallel_tool_calls=parallel)
    names = frozenset(tool["name"] for tool in offered if tool["type"] == "custom")
    # Where a function has the same name, a call of it means the function.
    custom = names - {tool["name"] for tool in offered if tool["type"] == "function"}
    return Tools(body, bool(functions), custom, tuple(place for _, place in sourced))


def _tool(tool: Fields, where: str) -> dict[str, Any]:
    kind = fields.name(tool, "type", where)
    if kind == "function":
        return _function(fields.mapping(tool, "function", where), f"{where}.function")
    if kind == "custom":
        return _custom(fields.mapping(tool, "custom", where), f"{where}.custom")
    if kind in _WEB_SEARCH:
        return _web_search(tool, where)
    raise invalid.invalid_value(f"{where}.type", kind, _KINDS)


def _function(function: Fields, where: str) -> dict[str, Any]:
    made: dict[str, Any] = {"type": "function", "name": fields.name(function, "name", where)}
    made |= present(description=fields.optional_string(function, "description", where))
    parameters = fields.optional_mapping(function, "parameters", where)
    # Also for an empty schema, as tools without arguments often come: upstream wants to be told that it is an object.
    made["parameters"] = parameters or {"type": "object", "properties": {}}
    # Said in every case: Responses would take its absence for true, and refuse ordinary schemas.
    return made | {"strict": fields.boolean(function, "strict", where) or False}


def _custom(custom: Fields, where: str) -> dict[str, Any]:
    return {"type": "custom", "name": fields.name(custom, "name", where)} | present(
        description=fields.optional_string(custom, "description", where), format=_format(custom, where)
    )


def _format(custom: Fields, where: str) -> dict[str, Any] | None:
    given = fields.optional_mapping(custom, "format", where)
    if given is None:
        return None
    place = f"{where}.format"
    kind = fields.name(given, "type", place)
    if kind == "text":
        return {"type": kind}
    if kind != "grammar":
        raise invalid.invalid_value(f"{place}.type", kind, ("text", "grammar"))
    grammar, place = fields.mapping(given, "grammar", place), f"{place}.grammar"
    syntax, definition = fields.name(grammar, "syntax", place), fields.string(grammar, "definition", place)
    return {"type": kind, "syntax": syntax, "definition": definition}


def _web_search(tool: Fields, where: str) -> dict[str, Any]:
    """The built-in tool within `tools`: Chat Completions has none, but clients of Responses send it here, too."""
    filters = fields.optional_mapping(tool, "filters", where)
    domains = None
    if filters is not None:
        domains = filters.get("allowed_domains")
        if domains is not None and not isinstance(domains, list):
            raise invalid.wrong_type(f"{where}.filters.allowed_domains", "an array of strings", domains)
    return {"type": "web_search"} | present(
        external_web_access=fields.boolean(tool, "external_web_access", where),
        filters=None if domains is None else {"allowed_domains": domains},
        search_context_size=fields.word(tool, "search_context_size", _CONTEXT_SIZES, where),
        user_location=_user_location(tool, where, nested=False),
    )


def _web_search_options(data: Fields) -> dict[str, Any] | None:
    where = "web_search_options"
    options = fields.optional_mapping(data, where)
    if options is None:
        return None
    return {"type": "web_search"} | present(
        search_context_size=fields.word(options, "search_context_size", _CONTEXT_SIZES, where),
        user_location=_user_location(options, where, nested=True),
    )


def _user_location(options: Fields, where: str, *, nested: bool) -> dict[str, str] | None:
    location = fields.optional_mapping(options, "user_location", where)
    if location is None:
        return None
    place = f"{where}.user_location"
    kind = fields.name(location, "type", place)
    if kind != "approximate":
        raise invalid.invalid_value(f"{place}.type", kind, ("approximate",))
    if nested or location.get("approximate") is not None:
        location, place = fields.mapping(location, "approximate", place), f"{place}.approximate"
    return {"type": kind} | present(**{key: fields.optional_string(location, key, place) for key in _LOCATION})


def _tool_choice(data: Fields, idle: tuple[str, ...], has_tools: bool) -> str | dict[str, Any] | None:
    given = data.get("tool_choice")
    if given is None or (not has_tools and given in idle):
        return None
    choice: str | dict[str, Any]
    if isinstance(given, dict):
        choice = _chosen(given)
    elif not isinstance(given, str):
        raise invalid.wrong_type("tool_choice", "one of a string or object", given)
    elif given in _CHOICES:
        choice = given
    else:
        raise invalid.invalid_value("tool_choice", given, _CHOICES)
    if not has_tools:
        raise invalid.only_with("tool_choice", "tools")
    return choice


def _chosen(given: Fields) -> dict[str, Any]:
    if given.get("type") != "allowed_tools":
        return _named(given, "tool_choice", (*_KINDS, "allowed_tools"))
    where = "tool_choice.allowed_tools"
    allowed = fields.mapping(given, "allowed_tools", "tool_choice")
    mode = fields.name(allowed, "mode", where)
    if mode not in ("auto", "required"):
        raise invalid.invalid_value(f"{where}.mode", mode, ("auto", "required"))
    tools = [_named(tool, place, _KINDS) for place, tool in fields.objects(allowed, "tools", where)]
    if not tools:
        raise (
            invalid.missing(f"{where}.tools") if allowed.get("tools") is None else invalid.empty_array(f"{where}.tools")
        )
    return {"type": "allowed_tools", "mode": mode, "tools": tools}


def _named(given: Fields, where: str, kinds: tuple[str, ...]) -> dict[str, Any]:
    """A tool by its type and name."""
    kind = fields.name(given, "type", where)
    if kind in _WEB_SEARCH:
        return {"type": "web_search"}
    if kind not in ("function", "custom"):
        raise invalid.invalid_value(f"{where}.type", kind, kinds)
    return {"type": kind, "name": fields.name(fields.mapping(given, kind, where), "name", f"{where}.{kind}")}


def _function_call(data: Fields, idle: tuple[str, ...], has_functions: bool) -> str | dict[str, Any] | None:
    given = data.get("function_call")
    if given is None or (not has_functions and given in idle):
        return None
    choice: str | dict[str, Any]
    if isinstance(given, dict):
        choice = {"type": "function", "name": fields.name(given, "name", "function_call")}
    elif not isinstance(given, str):
        raise invalid.wrong_type("function_call", "one of a string or object", given)
    elif given in ("none", "auto"):
        choice = given
    else:
        raise invalid.invalid_value("function_call", given, ("none", "auto"))
    if not has_functions:
        raise invalid.only_with("function_call", "functions")
    return choice

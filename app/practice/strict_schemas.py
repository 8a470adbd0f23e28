"""What OpenAI demands of a JSON schema, and of one that it promises to keep to ("strict mode").

There every object names all its properties as required and allows no others, down to the last definition.
"""

from collections.abc import Iterator, Mapping
from typing import Any

_NESTED = ("properties", "$defs", "definitions")
_LISTED = ("anyOf", "allOf", "prefixItems")
_LISTS = ("anyOf", "oneOf", "allOf", "prefixItems", "required", "enum")
_REFUSED = ("oneOf", "not", "if", "then", "else", "patternProperties", "dependentRequired", "dependentSchemas")


def object_problem(schema: Any) -> str | None:
    """Return what is wrong with a schema that must be one of an object, strict or not; None if nothing is."""
    kind = schema.get("type") if isinstance(schema, Mapping) else None
    if kind == "object":
        return shape_problem(schema)
    shown = "None" if kind is None else kind
    return f"schema must be a JSON Schema of 'type: \"object\"', got 'type: \"{shown}\"'."


def shape_problem(schema: Any) -> str | None:
    """Return where a schema is none at all, strict or not, or None."""
    for place, part in _parts(schema, ()):
        for keys, kind, named in ((_NESTED, Mapping, "object"), (_LISTS, list, "array")):
            wrong = next((key for key in keys if key in part and not isinstance(part[key], kind)), None)
            if wrong is not None:
                return f"In context={place!r}, {part[wrong]!r} is not of type '{named}'."
    return None


def strict_problem(schema: Mapping[str, Any]) -> str | None:
    """Return what strict mode finds wrong with a schema, or None."""
    for place, part in _parts(schema, ()):
        context = f"In context={place!r}, "
        found = next((key for key in _REFUSED if key in part), None)
        if found:
            return f"{context}'{found}' is not permitted."
        if "$ref" not in part and not part.keys() & {"type", "anyOf", "allOf", "enum", "const"}:
            return f"{context}schema must have a 'type' key."
        kinds = part.get("type")
        if "object" not in (kinds if isinstance(kinds, list) else [kinds]):
            continue
        if part.get("additionalProperties") is not False:
            return f"{context}'additionalProperties' is required to be supplied and to be false."
        named, required = part.get("properties") or {}, part.get("required") or []
        missing = next((name for name in named if name not in required), None)
        if missing is not None:
            return (
                f"{context}'required' is required to be supplied and to be an array including every key in "
                f"properties. Missing '{missing}'."
            )
        extra = next((name for name in required if name not in named), None)
        if extra is not None:
            return f"{context}'required' names '{extra}', which is no key in properties."
    return None


def _parts(schema: Any, place: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    """Yield a schema and every schema inside it, each with its place."""
    if not isinstance(schema, Mapping):
        return
    yield place, schema
    for key in _NESTED:
        inner = schema.get(key)
        for name, part in (inner if isinstance(inner, Mapping) else {}).items():
            yield from _parts(part, (*place, key, name))
    for key in _LISTED:
        listed = schema.get(key)
        for number, part in enumerate(listed if isinstance(listed, list) else ()):
            yield from _parts(part, (*place, key, str(number)))
    yield from _parts(schema.get("items"), (*place, "items"))

"""Making up values that fit a JSON schema, the same for the same schema."""

from collections.abc import Mapping
from typing import Any

_DEEPEST = 12
"""Below this, what may be left out is left out: a definition may contain itself."""

_FORMATS = {
    "date-time": "2026-01-01T00:00:00Z",
    "date": "2026-01-01",
    "time": "00:00:00Z",
    "duration": "PT1H",
    "email": "practice@example.com",
    "hostname": "practice.example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://example.com/practice",
    "uuid": "7b0c1f0e-0000-4000-8000-707261637469",
}


def sample(schema: Mapping[str, Any], text: str) -> Any:
    """Return a value that fits ``schema``; strings that may be anything get ``text``.

    Known are the kinds, ``enum``, ``const``, ``$ref`` into the schema itself, ``anyOf``, ``oneOf``, ``allOf``,
    formats, and the bounds of numbers, strings and lists; patterns are not.
    """
    return _Sampler(schema, text).value(schema, 0)


class _Sampler:
    def __init__(self, root: Mapping[str, Any], text: str) -> None:
        self._root = root
        self._text = text

    def value(self, given: Any, depth: int) -> Any:
        schema = self._resolved(given)
        if "const" in schema:
            return schema["const"]
        if schema.get("enum"):
            return schema["enum"][0]
        choices = schema.get("anyOf") or schema.get("oneOf")
        if choices:
            return self.value(self._chosen(choices, depth), depth + 1)
        kind = self._kind(schema, depth)
        if kind == "object":
            return self._object(schema, depth)
        if kind == "array":
            return self._array(schema, depth)
        if kind == "string":
            return self._string(schema)
        if kind in ("integer", "number"):
            return self._number(schema, whole=kind == "integer")
        return None if kind == "null" else True

    def _resolved(self, given: Any) -> dict[str, Any]:
        """Return a schema with what it refers to, and what it combines, put into one."""
        schema = dict(given) if isinstance(given, Mapping) else {}
        for _ in range(_DEEPEST):
            reference = schema.pop("$ref", None)
            if not isinstance(reference, str):
                break
            schema = self._referred(reference) | schema
        for part in schema.pop("allOf", None) or ():
            more = self._resolved(part)
            both = {key: {**more.get(key, {}), **schema.get(key, {})} for key in ("properties",)}
            required = [*(more.get("required") or ()), *(schema.get("required") or ())]
            schema = {**more, **schema, **({"required": required} if required else {})}
            if both["properties"]:
                schema["properties"] = both["properties"]
        return schema

    def _referred(self, reference: str) -> dict[str, Any]:
        found: Any = self._root
        for step in reference.removeprefix("#").split("/"):
            if step and isinstance(found, Mapping):
                found = found.get(step.replace("~1", "/").replace("~0", "~"))
        return dict(found) if isinstance(found, Mapping) else {}

    def _chosen(self, choices: list[Any], depth: int) -> Any:
        """Return the first choice; the smallest one, null, where it gets too deep."""
        null = next((one for one in choices if isinstance(one, Mapping) and one.get("type") == "null"), None)
        return null if depth > _DEEPEST and null is not None else choices[0]

    def _kind(self, schema: Mapping[str, Any], depth: int) -> str:
        kind = schema.get("type")
        if isinstance(kind, list):
            return "null" if depth > _DEEPEST and "null" in kind else str(kind[0])
        if kind is None:
            return "array" if "items" in schema else "object"
        return str(kind)

    def _object(self, schema: Mapping[str, Any], depth: int) -> dict[str, Any]:
        required = schema.get("required") or ()
        named = schema.get("properties") or {}
        if depth > 2 * _DEEPEST:
            return {}
        return {key: self.value(part, depth + 1) for key, part in named.items() if key in required or depth <= _DEEPEST}

    def _array(self, schema: Mapping[str, Any], depth: int) -> list[Any]:
        least, most = schema.get("minItems") or 0, schema.get("maxItems")
        wanted = max(least, 0 if depth > _DEEPEST or most == 0 else 1)
        return [self.value(schema.get("items") or {"type": "string"}, depth + 1) for _ in range(wanted)]

    def _string(self, schema: Mapping[str, Any]) -> str:
        known = _FORMATS.get(str(schema.get("format")))
        if known:
            return known
        least, most = schema.get("minLength") or 0, schema.get("maxLength")
        return self._text.ljust(least, ".")[: most if isinstance(most, int) else None]

    def _number(self, schema: Mapping[str, Any], *, whole: bool) -> int | float:
        step = schema.get("multipleOf") or (1 if whole else 0.5)
        least = schema.get("minimum")
        if least is None and schema.get("exclusiveMinimum") is not None:
            least = schema["exclusiveMinimum"] + step
        most = schema.get("maximum")
        if most is None and schema.get("exclusiveMaximum") is not None:
            most = schema["exclusiveMaximum"] - step
        found = least if least is not None else min(step, most) if most is not None else step
        return int(found) if whole else found

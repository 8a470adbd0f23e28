"""Reading the fields of a request: each has its JSON type, or is refused by its place. Null means absent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.translate import invalid

Fields = Mapping[str, Any]


def place(where: str, key: str) -> str:
    """The `param` of a field; `where` is the place of its object, empty for the request itself."""
    return f"{where}.{key}" if where else key


def optional_string(data: Fields, key: str, where: str = "") -> str | None:
    """A string, if there is one."""
    value = data.get(key)
    if value is not None and not isinstance(value, str):
        raise invalid.wrong_type(place(where, key), "a string", value)
    return value


def string(data: Fields, key: str, where: str = "") -> str:
    """A string that must be there; it may be empty."""
    value = optional_string(data, key, where)
    if value is None:
        raise invalid.missing(place(where, key))
    return value


def name(data: Fields, key: str, where: str = "") -> str:
    """A string that must be there and say something."""
    value = optional_string(data, key, where)
    if not value:
        raise invalid.missing(place(where, key))
    return value


def word(data: Fields, key: str, supported: tuple[str, ...], where: str = "") -> str | None:
    """One of the `supported` words, if there is one."""
    value = optional_string(data, key, where)
    if value is not None and value not in supported:
        raise invalid.invalid_value(place(where, key), value, supported)
    return value


def boolean(data: Fields, key: str, where: str = "") -> bool | None:
    """True or false, if it is said."""
    value = data.get(key)
    if value is not None and not isinstance(value, bool):
        raise invalid.wrong_type(place(where, key), "a boolean", value)
    return value


def integer(data: Fields, key: str, minimum: int, maximum: int | None = None) -> int | None:
    """A whole number of the request itself within bounds, if there is one."""
    value = data.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise invalid.wrong_type(key, "an integer", value)
    if value < minimum:
        raise invalid.below_minimum(key, minimum, value)
    if maximum is not None and value > maximum:
        raise invalid.above_maximum(key, maximum, value)
    return value


def optional_mapping(data: Fields, key: str, where: str = "") -> Fields | None:
    """An object, if there is one."""
    value = data.get(key)
    if value is not None and not isinstance(value, dict):
        raise invalid.wrong_type(place(where, key), "an object", value)
    return value


def mapping(data: Fields, key: str, where: str = "") -> Fields:
    """An object that must be there."""
    value = optional_mapping(data, key, where)
    if value is None:
        raise invalid.missing(place(where, key))
    return value


def objects(data: Fields, key: str, where: str = "") -> list[tuple[str, Fields]]:
    """The objects of a list, each with its place; none when it is absent or empty."""
    param = place(where, key)
    value = data.get(key)
    if value is None:
        return []
    if not isinstance(value, list):
        raise invalid.wrong_type(param, "an array of objects", value)
    return [located(element, f"{param}[{index}]") for index, element in enumerate(value)]


def located(value: object, where: str) -> tuple[str, Fields]:
    """An object and its place."""
    if not isinstance(value, dict):
        raise invalid.wrong_type(where, "an object", value)
    return where, value


def present(**fields: object) -> dict[str, Any]:
    """An object of those fields that are not None: upstream refuses nulls that the client did not mean."""
    return {key: value for key, value in fields.items() if value is not None}

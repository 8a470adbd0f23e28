"""Values made up for a JSON schema."""

from typing import Any

import pytest

from app.practice.samples import sample

TREE = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "children": {"type": "array", "items": {"$ref": "#/$defs/tree"}},
        "next": {"anyOf": [{"$ref": "#/$defs/tree"}, {"type": "null"}]},
    },
    "required": ["name", "children", "next"],
}


@pytest.mark.parametrize(
    ("schema", "wanted"),
    [
        ({"type": "string"}, "said"),
        ({"type": "string", "maxLength": 2}, "sa"),
        ({"type": "string", "minLength": 6}, "said.."),
        ({"type": "string", "format": "date"}, "2026-01-01"),
        ({"type": "integer", "exclusiveMinimum": 4}, 5),
        ({"type": "integer", "maximum": -3}, -3),
        ({"type": "number", "minimum": 0.25}, 0.25),
        ({"type": ["string", "null"]}, "said"),
        ({"type": "array", "items": {"type": "boolean"}, "minItems": 2}, [True, True]),
        ({"enum": ["b", "a"]}, "b"),
        ({"const": 7}, 7),
        ({"anyOf": [{"type": "null"}, {"type": "string"}]}, None),
        ({"$ref": "#/$defs/one", "$defs": {"one": {"const": 1}}}, 1),
        (
            {
                "allOf": [
                    {"type": "object", "properties": {"a": {"const": 1}}, "required": ["a"]},
                    {"properties": {"b": {"const": 2}}},
                ]
            },
            {"a": 1, "b": 2},
        ),
    ],
)
def test_fits(schema: dict[str, Any], wanted: object) -> None:
    assert sample(schema, "said") == wanted


def test_a_definition_that_contains_itself_comes_to_an_end() -> None:
    found = sample({"$ref": "#/$defs/tree", "$defs": {"tree": TREE}}, "said")
    assert found["children"][0]["name"] == "said"
    while found["next"]:
        found = found["next"]
    assert found.keys() == {"name", "children", "next"}

"""Edits of a JSON object's text leave every other byte alone."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from app.core.splice import Change, members, spliced

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
_OBJECTS = st.dictionaries(st.sampled_from(["a", "b", "c", 'q"', "会话", "{,}", ""]), _JSON, max_size=6)
_LAYOUTS = st.sampled_from([None, 0, 2, "\t"])
_SEPARATORS = st.sampled_from([(",", ":"), (", ", ": "), (" ,\r\n ", " : ")])


def _text(data: object, indent: object, separators: tuple[str, str], ascii_only: bool) -> bytes:
    return json.dumps(data, indent=indent, separators=separators, ensure_ascii=ascii_only).encode()  # type: ignore[arg-type]


@given(_OBJECTS, _LAYOUTS, _SEPARATORS, st.booleans())
def test_members_are_found_where_they_stand(
    data: dict[str, object], indent: object, separators: tuple[str, str], ascii_only: bool
) -> None:
    body = _text(data, indent, separators, ascii_only)
    found = members(body)
    assert [member.key for member in found] == list(data)
    for member in found:
        assert json.loads(body[member.start : member.key_end]) == member.key
        assert json.loads(body[member.value_start : member.end]) == data[member.key]


@given(_OBJECTS, _LAYOUTS, _SEPARATORS, st.booleans(), st.data())
def test_a_spliced_object_has_the_changes_and_nothing_else(
    data: dict[str, object], indent: object, separators: tuple[str, str], ascii_only: bool, draw: st.DataObject
) -> None:
    body = _text(data, indent, separators, ascii_only)
    changes, expected = [], dict(data)
    for key in data:
        match draw.draw(st.sampled_from(["keep", "set", "rename", "remove"])):
            case "set":
                changes.append(Change(key, value=b"[true]"))
                expected[key] = [True]
            case "rename":
                changes.append(Change(key, rename=f"new {key}"))
                expected = {f"new {key}" if name == key else name: value for name, value in expected.items()}
            case "remove":
                changes.append(Change(key, remove=True))
                del expected[key]
    additions = [("added", b'{"x":1}')] if draw.draw(st.booleans()) else []
    if additions:
        expected = {"added": {"x": 1}, **expected}
    result = spliced(body, changes, additions)
    assert json.loads(result) == expected
    assert list(json.loads(result)) == list(expected)
    if not changes and not additions:
        assert result == body


def test_untouched_members_keep_their_bytes() -> None:
    body = b'{ "stream" : false ,\r\n "n":1.0e+2, "text":"\\u4f60\\/", "last" : [ 1 , 2 ] }\n'
    assert spliced(body, [Change("stream", value=b"true")]) == body.replace(b"false", b"true")


def test_equal_keys_are_all_changed() -> None:
    body = b'{"stream":false,"x":1,"stream":null}'
    assert spliced(body, [Change("stream", value=b"true")]) == b'{"stream":true,"x":1,"stream":true}'


def test_a_byte_order_mark_stays_in_front() -> None:
    body = b'\xef\xbb\xbf{"a":1}'
    assert spliced(body, [], [("b", b"2")]) == b'\xef\xbb\xbf{"b":2,"a":1}'


def test_megabytes_inside_a_string_are_stepped_over() -> None:
    body = b'{"input":"' + b'\\"{,' * 500_000 + b'","stream":false}'
    assert spliced(body, [Change("stream", value=b"true")]).endswith(b'","stream":true}')


def test_keys_with_lone_surrogates_are_left_alone() -> None:
    body = b'{"\\ud800": "\\udfff", "a": 1}'
    assert spliced(body, [Change("a", value=b"2")]) == b'{"\\ud800": "\\udfff", "a": 2}'

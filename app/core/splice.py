"""Edits of a JSON object's text, top-level member by member; every other byte stays as it is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass

import orjson

# A whole string, or a character that changes the depth. Possessive, so that megabytes need no backtracking stack.
_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[{}\[\],:]', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Member:
    """Where one top-level member stands: `body[start:key_end]` is its key, `body[value_start:end]` its value."""

    key: str
    start: int
    key_end: int
    value_start: int
    end: int


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a member.

    Attributes:
        key: the member; changed wherever it occurs, since parsers differ in which of two equal keys they take.
        value: its new JSON text; None keeps the value.
        rename: its new key; None keeps the key.
        remove: leave the member out altogether.
        without: places of elements to leave out of its value, an array; only where `value` is None.
    """

    key: str
    value: bytes | None = None
    rename: str | None = None
    remove: bool = False
    without: frozenset[int] = frozenset()


def members(body: bytes) -> list[Member]:
    """The top-level members of a JSON object, in order.

    The text must be valid JSON and an object (parse it first): this only finds places.
    """
    found: list[Member] = []
    depth = 0
    key: tuple[int, int] | None = None
    value_start = -1
    last_string: tuple[int, int] | None = None
    for match in _TOKEN.finditer(body):
        token = body[match.start()]
        if token == 0x22:  # a string
            if depth == 1:
                last_string = match.span()
        elif token in b"{[":
            depth += 1
        elif token in b"}]":
            depth -= 1
            if depth == 0:
                if key is not None:
                    found.append(_member(body, key, value_start, match.start()))
                break
        elif depth == 1 and token == 0x3A:  # a colon: the string before it is a key
            if key is None and last_string is not None:
                key, value_start = last_string, match.end()
        elif depth == 1 and token == 0x2C and key is not None:  # a comma: the member is complete
            found.append(_member(body, key, value_start, match.start()))
            key = None
    return found


def spliced(body: bytes, changes: Iterable[Change], additions: Iterable[tuple[str, bytes]] = ()) -> bytes:
    """The same text with these changes, and with the added members first.

    Args:
        body: a valid JSON object.
        changes: at most one per key; a key that does not occur is passed over.
        additions: new keys with their JSON text.
    """
    by_key = {change.key: change for change in changes}
    all_members = members(body)
    edits: list[tuple[int, int, bytes]] = []
    kept_before: Member | None = None
    run: list[Member] = []
    for member in all_members:
        change = by_key.get(member.key)
        if change is not None and change.remove:
            run.append(member)
            continue
        if run:
            edits.append((run[0].start, member.start, b""))
            run = []
        kept_before = member
        if change is None:
            continue
        if change.rename is not None:
            edits.append((member.start, member.key_end, orjson.dumps(change.rename)))
        if change.value is not None:
            edits.append((member.value_start, member.end, change.value))
        elif change.without:
            edits.append(
                (member.value_start, member.end, _without(body[member.value_start : member.end], change.without))
            )
    if run:
        edits.append((kept_before.end if kept_before else run[0].start, run[-1].end, b""))
    added = b",".join(orjson.dumps(key) + b":" + value for key, value in additions)
    if added:
        opening = body.index(b"{") + 1
        edits.append((opening, opening, added + b"," if kept_before else added))
    edits.sort(key=lambda edit: edit[:2])
    pieces: list[bytes] = []
    position = 0
    for start, end, text in edits:
        pieces += [body[position:start], text]
        position = end
    pieces.append(body[position:])
    return b"".join(pieces)


def _without(array: bytes, places: frozenset[int]) -> bytes:
    """The JSON text of an array without some of its elements; those that stay keep their bytes."""
    elements = _elements(array)
    kept = [array[start:end] for place, (start, end) in enumerate(elements) if place not in places]
    if len(kept) == len(elements):
        return array
    return b"[" + b",".join(kept) + b"]"


def _elements(array: bytes) -> list[tuple[int, int]]:
    """Where the elements of a JSON array stand, blanks around them included."""
    found: list[tuple[int, int]] = []
    depth = start = 0
    for match in _TOKEN.finditer(array):
        token = array[match.start()]
        if token in b"{[":
            depth += 1
            if depth == 1:
                start = match.end()
        elif token in b"}]":
            depth -= 1
            if depth == 0:
                if found or array[start : match.start()].strip():
                    found.append((start, match.start()))
                break
        elif depth == 1 and token == 0x2C:
            found.append((start, match.start()))
            start = match.end()
    return found


def _member(body: bytes, key: tuple[int, int], value_start: int, stop: int) -> Member:
    value = body[value_start:stop]
    start = value_start + len(value) - len(value.lstrip(b" \t\r\n"))
    end = value_start + len(value.rstrip(b" \t\r\n"))
    # Not orjson: it refuses escapes of lone surrogates.
    return Member(json.loads(body[key[0] : key[1]]), key[0], key[1], start, end)

"""JSON that can be written whatever strings it holds.

Clients bring in lone surrogates: as escapes in JSON, and as header bytes that are no UTF-8. orjson refuses them, and
integers beyond 64 bits.
"""

from __future__ import annotations

import json

import orjson


def json_bytes(value: object) -> bytes:
    """JSON text in UTF-8 that says the very same; lone surrogates are written as escapes, for upstream to judge.

    Raises:
        RecursionError: the value is nested more deeply than can be written.
    """
    try:
        return orjson.dumps(value)
    except TypeError:
        return json.dumps(value, separators=(",", ":")).encode("ascii")


def readable_json_bytes(value: object) -> bytes:
    """JSON text in UTF-8 that every parser reads: lone surrogates become question marks."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace")

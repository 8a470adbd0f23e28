"""The bytes of a stream to a Chat Completions client, and JSON that survives what models write."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.core import json_text
from app.core.errors import Refusal

#: Ends every stream, also after an error.
DONE = b"data: [DONE]\n\n"
#: For silences: a comment, which every client skips.
KEEP_ALIVE = b": keep-alive\n\n"


def json_bytes(value: Mapping[str, Any]) -> bytes:
    """JSON text in UTF-8, see `app.core.json_text`.

    Raises:
        Refusal: 400, when the value is nested more deeply than can be written.
    """
    try:
        return json_text.json_bytes(value)
    except RecursionError:
        raise Refusal(400, "Your request is nested too deeply.", code="invalid_value") from None


def data_frame(value: Mapping[str, Any]) -> bytes:
    """One event of the stream: a chunk, or an error body."""
    return b"data: %b\n\n" % json_bytes(value)

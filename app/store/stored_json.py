"""JSON within a row, as plain ASCII text. What cannot be read any more is told and left out, and stops nobody."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any, TypeVar

_log = logging.getLogger(__name__)
_T = TypeVar("_T")


def to_text(value: object) -> str:
    """The text for a column; escapes what a database's text cannot hold (NUL, lone surrogates)."""
    return json.dumps(value, separators=(",", ":"))


def from_text(text: str | None, read: Callable[[Any], _T], what: str) -> _T | None:
    """What `read` makes of a column's JSON; None when the column is NULL or unreadable.

    Args:
        text: the column.
        read: may raise ValueError, TypeError, KeyError or AttributeError when it is not as it was written.
        what: it is, for the warning.
    """
    if text is None:
        return None
    try:
        return read(json.loads(text))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        # The type only: the text may repeat the value.
        _log.warning("%s cannot be read and is left out: %s", what, type(error).__name__)
        return None


def require_numbers(*values: object) -> None:
    """Refuse what is no number.

    Raises:
        TypeError: one of them is something else.
    """
    for value in values:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise TypeError("not a number")

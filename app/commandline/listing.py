"""Tables and times on a terminal."""

from __future__ import annotations

import argparse
import json
import sys
import unicodedata
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

_WIDEST = 60


def listed(
    arguments: argparse.Namespace,
    items: list[dict[str, Any]],
    empty: str,
    titles: Sequence[str],
    cells: Callable[[dict[str, Any]], Sequence[object]],
) -> int:
    """Print the items as a table, or as JSON if `--json` was said; returns the exit code.

    Args:
        arguments: of the command line.
        items: as the instance gave them.
        empty: the sentence in place of an empty table.
        titles: of the columns.
        cells: of one item's row.
    """
    if arguments.json:
        # Whoever reads another encoding gets escapes: what it cannot write would become question marks.
        print(json.dumps(items, ensure_ascii=sys.stdout.encoding.lower() != "utf-8", indent=2))
    elif not items:
        print(empty)
    else:
        rows = [titles, *([_cell(value) for value in cells(item)] for item in items)]
        widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
        for row in rows:
            line = "  ".join(text + " " * (width - _width(text)) for text, width in zip(row, widths, strict=True))
            print(line.rstrip())
    return 0


def time_text(seconds: float | None) -> str:
    """A day and a time, on the user's clock."""
    return "-" if seconds is None else datetime.fromtimestamp(seconds).strftime("%Y-%m-%d %H:%M")


def soon_text(seconds: float, now: float) -> str:
    """A time; with its day unless that is today."""
    then = datetime.fromtimestamp(seconds)
    same_day = then.date() == datetime.fromtimestamp(now).date()
    return then.strftime("%H:%M" if same_day else "%m-%d %H:%M")


def plain(text: object) -> str:
    """A text that others chose, as one line that does not steer the terminal."""
    return "".join(character if character.isprintable() else "?" for character in str(text))


def _cell(value: object) -> str:
    text = "-" if value in (None, "") else plain(value)
    return text if len(text) <= _WIDEST else text[: _WIDEST - 1] + "…"


def _width(text: str) -> int:
    # Chinese characters take two columns of a terminal.
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)

"""One cell of a table as plain data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell.

    Attributes:
        text: what it shows.
        icon: name of a symbol before the text.
        below: a second, quieter line, in tables whose rows have two.
        hint: shown when the pointer rests on it; by default the text itself, which may be cut off.
    """

    text: str
    icon: str | None = None
    hint: str | None = None
    below: str = ""

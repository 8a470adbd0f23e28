"""A table's content as plain data: columns, and lines with stable ids."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        title: of its header, in the user's language.
        width: in digits, where there is room; more if the title needs it.
        numeric: aligned to the right.
        stretch: shares the room that is left with the others of this kind, and gives some where it is missing.
        hint: what the title means, shown when the pointer rests on it.
    """

    title: str
    width: int
    numeric: bool = False
    stretch: bool = False
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell.

    Attributes:
        text: what it shows.
        icon: name of a symbol before the text.
        hint: shown when the pointer rests on it; by default the text itself, which may be cut off.
        quiet: of less weight than others, such as a dash.
    """

    text: str
    icon: str | None = None
    hint: str | None = None
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One row; lines with equal ids are the same thing at two moments."""

    id: str
    cells: tuple[Cell, ...]

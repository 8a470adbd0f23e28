"""Room between things, in device-independent pixels. No other distances are used."""

from __future__ import annotations

from PySide6.QtWidgets import QLayout

#: Between a symbol and its text.
XS = 4
#: Between things that belong together.
S = 8
#: Inside a card; between cards.
M = 12
#: At the edge of a page.
L = 20
#: Of a card's and a notice's corners.
RADIUS = 8


def bare(layout: QLayout, spacing: int = 0) -> None:
    """No margins, this spacing."""
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(spacing)

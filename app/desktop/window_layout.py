"""Where the parts of the window are."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.desktop.design import space
from app.desktop.widgets.edge import Edge
from app.desktop.widgets.sidebar import Sidebar


def laid_out(sidebar: Sidebar, below: QWidget, above: QWidget, pages: QWidget, foot: QWidget) -> QWidget:
    """What fills the window: the sidebar with something below it, and the pages with something above and a foot."""
    side = QVBoxLayout()
    space.bare(side)
    side.addSpacing(space.M)
    side.addWidget(sidebar, 1)
    side.addWidget(below)
    left = QWidget()
    left.setLayout(side)
    left.setFixedWidth(sidebar.width_wanted())
    top = QVBoxLayout()
    top.setContentsMargins(space.L, space.M, space.L, 0)
    top.addWidget(above)
    bottom = QVBoxLayout()
    bottom.setContentsMargins(space.L, 0, space.L, space.S)
    bottom.addWidget(foot)
    right = QVBoxLayout()
    space.bare(right)
    right.addLayout(top)
    right.addWidget(pages, 1)
    right.addLayout(bottom)
    filled = QWidget()
    row = QHBoxLayout(filled)
    space.bare(row)
    row.addWidget(left)
    row.addWidget(Edge())
    row.addLayout(right, 1)
    return filled

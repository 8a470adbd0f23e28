"""A line between two parts of the window."""

from __future__ import annotations

from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from app.desktop.design import colours


class Edge(QWidget):
    """An upright line, one pixel wide."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedWidth(1)

    def paintEvent(self, event: QPaintEvent) -> None:
        """One line."""
        QPainter(self).fillRect(self.rect(), colours.line(self.palette()))

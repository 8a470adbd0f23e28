"""A card: a rounded field that holds what belongs together, with a heading."""

from __future__ import annotations

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from app.desktop.design import colours, space
from app.desktop.design.text import TextRole, styled


class Card(QWidget):
    """A field on a page.

    Args:
        heading: said above; none where the content says it itself.

    Attributes:
        body: what is in it, from top to bottom.
        head: right of the heading: buttons, a quiet word.
    """

    def __init__(self, heading: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._column = column = QVBoxLayout(self)
        column.setContentsMargins(space.M + space.XS, space.M, space.M + space.XS, space.M)
        column.setSpacing(space.S)
        self.head = QHBoxLayout()
        space.bare(self.head, space.S)
        self._heading = styled(QLabel(heading), TextRole.HEADING)
        self.body = QVBoxLayout()
        space.bare(self.body, space.S)
        column.addLayout(self.body, 1)
        if heading:
            self.set_heading(heading)

    def set_heading(self, text: str) -> None:
        """Say something else above, also where nothing was said."""
        if self._heading.parent() is None:
            self.head.insertWidget(0, self._heading)
            self.head.insertStretch(1)
            self._column.insertLayout(0, self.head)
        self._heading.setText(text)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The field and its line."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(colours.card(self.palette()))
        painter.setPen(QPen(colours.line(self.palette()), 1))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), space.RADIUS, space.RADIUS)

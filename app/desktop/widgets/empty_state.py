"""What a page shows while it has nothing to show: what to do next."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app.desktop.design import space
from app.desktop.design.colours import quiet_text
from app.desktop.icons import Icons
from app.desktop.widgets.quiet_label import QuietLabel

_PICTURE_SIZE = 44
_TEXT_WIDTH = 460


class EmptyState(QWidget):
    """A picture, a headline, an explanation and buttons, in the middle of a page."""

    def __init__(self, icons: Icons, picture: str, title: str, text: str, buttons: Sequence[QPushButton] = ()) -> None:
        super().__init__()
        self._icons = icons
        self._name = picture
        self._picture = QLabel()
        self._picture.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        headline = QLabel(title)
        font = headline.font()
        font.setPointSizeF(font.pointSizeF() * 1.25)
        headline.setFont(font)
        headline.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        explanation = QuietLabel(text)
        explanation.setWordWrap(True)
        explanation.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        # A label in a centred cell is not asked for its height at this width.
        explanation.setFixedSize(_TEXT_WIDTH, explanation.heightForWidth(_TEXT_WIDTH))
        row = QHBoxLayout()
        row.addStretch()
        for button in buttons:
            row.addWidget(button)
        row.addStretch()
        column = QVBoxLayout(self)
        column.setSpacing(space.S)
        column.addStretch(2)
        column.addWidget(self._picture)
        column.addWidget(headline)
        column.addWidget(explanation, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addSpacing(space.S)
        column.addLayout(row)
        column.addStretch(3)
        self._draw()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the system from light to dark."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._draw()

    def _draw(self) -> None:
        colour = quiet_text(QPalette(self.palette()))
        icon = self._icons.tinted(self._name, colour)
        self._picture.setPixmap(icon.pixmap(QSize(_PICTURE_SIZE, _PICTURE_SIZE), self.devicePixelRatioF()))

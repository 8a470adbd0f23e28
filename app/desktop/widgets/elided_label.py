"""One line of text that never widens what it stands in."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QLabel, QWidget

from app.desktop.design.colours import quiet_text


class ElidedLabel(QLabel):
    """What has no room is elided in the middle, and then all of it is in the tooltip; screen readers get all of it.

    Args:
        quiet: of less weight than others.
    """

    def __init__(self, text: str = "", parent: QWidget | None = None, *, quiet: bool = False) -> None:
        super().__init__(text, parent)
        self._quiet = quiet
        self.setTextFormat(Qt.TextFormat.PlainText)

    def minimumSizeHint(self) -> QSize:
        """No width is too small."""
        return QSize(1, super().minimumSizeHint().height())

    def event(self, event: QEvent) -> bool:
        """The tooltip is there only when something is cut off."""
        if event.type() == QEvent.Type.ToolTip:
            self.setToolTip(self.text() if self._shown() != self.text() else "")
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """As much as has room."""
        painter = QPainter(self)
        palette = self.palette()
        painter.setPen(quiet_text(palette) if self._quiet else palette.color(QPalette.ColorRole.WindowText))
        painter.drawText(self.contentsRect(), self.alignment(), self._shown())

    def _shown(self) -> str:
        return self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideMiddle, self.contentsRect().width())

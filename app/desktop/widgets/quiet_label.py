"""A label of less weight: explanations, summaries."""

from __future__ import annotations

from PySide6.QtCore import QEvent
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QLabel, QWidget

from app.desktop.widgets.colours import quiet_text


class QuietLabel(QLabel):
    """Text in a softer colour, made from the palette."""

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self._soften()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the system from light to dark."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.ApplicationPaletteChange:
            self._soften()

    def _soften(self) -> None:
        parent = self.parentWidget()
        palette = QPalette(parent.palette()) if parent else QPalette()
        palette.setColor(QPalette.ColorRole.WindowText, quiet_text(palette))
        self.setPalette(palette)

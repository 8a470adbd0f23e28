"""One sentence about a state, with the symbol that says the same."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from app.desktop.design import colours, space
from app.desktop.design.colours import Tone
from app.desktop.icons import Icons
from app.desktop.widgets.selectable import make_selectable

_SYMBOL_SIZE = 16


class StateLine(QWidget):
    """A symbol and a sentence, which can be selected.

    Args:
        icons: for the symbol.
        name: for screen readers, before the sentence is known.
    """

    def __init__(self, icons: Icons, name: str) -> None:
        super().__init__()
        self._icons = icons
        self._shown: tuple[str, Tone] | None = None
        self._picture = QLabel()
        self._picture.setFixedWidth(_SYMBOL_SIZE)
        self._label = QLabel()
        self._label.setAccessibleName(name)
        self._label.setTextFormat(Qt.TextFormat.PlainText)
        self._label.setWordWrap(True)
        # Otherwise a long word would widen the window.
        self._label.setMinimumWidth(1)
        make_selectable(self._label)
        row = QHBoxLayout(self)
        space.bare(row, space.S)
        row.addWidget(self._picture)
        row.addWidget(self._label, 1)

    @property
    def text(self) -> str:
        """What it says."""
        return self._label.text()

    def show_state(self, symbol: str, tone: Tone, text: str) -> None:
        """Say this."""
        self._label.setText(text)
        if self._shown != (symbol, tone):
            self._shown = (symbol, tone)
            self._draw()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the system from light to dark."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._draw()

    def _draw(self) -> None:
        if self._shown is not None:
            symbol, tone = self._shown
            icon = self._icons.tinted(symbol, colours.mark(tone, self.palette()))
            self._picture.setPixmap(icon.pixmap(QSize(_SYMBOL_SIZE, _SYMBOL_SIZE), self.devicePixelRatioF()))

"""Symbols on buttons that follow the system from light to dark."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QAbstractButton

from app.desktop.icons import Icons


class Symbol(QObject):
    """The symbol of one button, in the colour of the text beside it. Lives as long as the button.

    Args:
        icons: draws it.
        button: that gets it.
        name: which symbol at first.
    """

    def __init__(self, icons: Icons, button: QAbstractButton, name: str) -> None:
        super().__init__(button)
        self._icons = icons
        self._button = button
        self._name = name
        self._draw()
        button.installEventFilter(self)

    def show(self, name: str) -> None:
        """Become another symbol."""
        if name != self._name:
            self._name = name
            self._draw()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Draw anew in the new colour; the button still gets the event."""
        if event.type() == QEvent.Type.PaletteChange:
            self._draw()
        return False

    def _draw(self) -> None:
        self._button.setIcon(self._icons.symbol(self._name, self._button.palette()))

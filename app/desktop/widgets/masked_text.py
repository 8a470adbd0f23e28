"""A read-only text to be pasted into a terminal, with a secret in it that the screen does not show."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize
from PySide6.QtGui import QAction, QContextMenuEvent, QFontDatabase, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QPlainTextEdit


class MaskedText(QPlainTextEdit):
    """The text can be selected and copied; with the mask in the selection, all of it is copied with the secret.

    Args:
        name: for screen readers.
        mask: stands for the secret.
        copy_whole: copies the whole text with the secret in it: the mask would be of no use in a terminal.
        lines: how many it shows without scrolling.
    """

    def __init__(self, name: str, mask: str, copy_whole: Callable[[], None], *, lines: int) -> None:
        super().__init__()
        self._mask = mask
        self._copy_whole = copy_whole
        self.setReadOnly(True)
        self.setAccessibleName(name)
        self.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.setTabChangesFocus(True)
        self.show_lines(lines)

    def show_lines(self, lines: int) -> None:
        """Be so high, and no higher."""
        margins = 2 * (self.frameWidth() + round(self.document().documentMargin()))
        # A long line may bring a bar, which must not cover the last one.
        bar = self.horizontalScrollBar().sizeHint().height()
        self._height = self.fontMetrics().lineSpacing() * lines + margins + bar
        self.setFixedHeight(self._height)

    def sizeHint(self) -> QSize:
        """No higher than needed: what stands below is worth more than a view of the whole text."""
        return QSize(super().sizeHint().width(), self._height)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """The key for copying."""
        if event.matches(QKeySequence.StandardKey.Copy):
            self._copy_selection()
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """The same in the menu."""
        menu = self.createStandardContextMenu(event.pos())
        copy = menu.findChild(QAction, "edit-copy")
        if isinstance(copy, QAction):
            copy.triggered.disconnect()
            copy.triggered.connect(self._copy_selection)
        menu.popup(event.globalPos())
        menu.aboutToHide.connect(menu.deleteLater)

    def _copy_selection(self) -> None:
        if self._mask in self.textCursor().selectedText():
            self._copy_whole()
        else:
            self.copy()

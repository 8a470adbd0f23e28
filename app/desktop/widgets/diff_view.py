"""What would change in files, line by line: each line says by its sign, and by a tint, whether it comes or goes."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QSize
from PySide6.QtGui import QBrush, QFontDatabase, QTextBlockFormat, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QPlainTextEdit

from app.desktop.design import colours
from app.desktop.design.colours import Tone

# Of a diff, that are shown without scrolling.
_LEAST_LINES, _MOST_LINES = 4, 14
# A unified diff begins with two lines that name the file.
_HEAD = 2


class DiffView(QPlainTextEdit):
    """A read-only view of unified diffs, one below the other.

    Args:
        name: for screen readers.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self._files: tuple[tuple[str, str], ...] = ()
        self._lines = _LEAST_LINES
        self.setReadOnly(True)
        self.setAccessibleName(name)
        self.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.setTabChangesFocus(True)

    def show_files(self, files: Sequence[tuple[str, str]]) -> None:
        """Show these: each file's name and its diff."""
        self._files = tuple(files)
        self._draw()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the system from light to dark."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._draw()

    def sizeHint(self) -> QSize:
        """As high as its lines need, within bounds."""
        margins = 2 * (self.frameWidth() + round(self.document().documentMargin()))
        bar = self.horizontalScrollBar().sizeHint().height()
        lines = max(_LEAST_LINES, min(self._lines, _MOST_LINES))
        return QSize(super().sizeHint().width(), self.fontMetrics().lineSpacing() * lines + margins + bar)

    def minimumSizeHint(self) -> QSize:
        """It scrolls."""
        return QSize(super().minimumSizeHint().width(), self.fontMetrics().lineSpacing() * _LEAST_LINES)

    def _draw(self) -> None:
        self.clear()
        cursor = QTextCursor(self.document())
        first = True
        for name, diff in self._files:
            for line in (name, *diff.splitlines()[_HEAD:]):
                if not first:
                    cursor.insertBlock()
                self._insert(cursor, line, heading=line is name)
                first = False
        self._lines = self.document().blockCount()
        self.moveCursor(QTextCursor.MoveOperation.Start)
        self.updateGeometry()

    def _insert(self, cursor: QTextCursor, line: str, *, heading: bool) -> None:
        palette = self.palette()
        block, text = QTextBlockFormat(), QTextCharFormat()
        tones = {"+": Tone.POSITIVE, "-": Tone.ERROR}
        if heading:
            font = self.font()
            font.setBold(True)
            text.setFont(font)
        elif line.startswith("@@"):
            text.setForeground(QBrush(colours.quiet_text(palette)))
        elif line[:1] in tones:
            block.setBackground(QBrush(colours.tinted(tones[line[0]], palette, 0.14)))
        cursor.setBlockFormat(block)
        cursor.insertText(line, text)

"""A button that unfolds something below it, and folds it again."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from app.desktop.design import space
from app.desktop.icons import Icons

_ARROW = 14


class Disclosure(QAbstractButton):
    """An arrow and what it unfolds; its checked state says whether that is so.

    Args:
        icons: for the arrow.
        label: what it unfolds.
        unfolded: shown while it is checked.
    """

    def __init__(self, icons: Icons, label: str, unfolded: QWidget) -> None:
        super().__init__()
        self._icons = icons
        self._unfolded = unfolded
        self.setText(label)
        self.setCheckable(True)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        unfolded.hide()
        self.toggled.connect(unfolded.setVisible)

    def sizeHint(self) -> QSize:
        """The arrow and the text, as close as they stand."""
        metrics = self.fontMetrics()
        text = metrics.size(Qt.TextFlag.TextShowMnemonic, self.text()).width()
        return QSize(_ARROW + space.S + text + space.XS, metrics.height() + space.S)

    def minimumSizeHint(self) -> QSize:
        """A text that is cut off would say nothing."""
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        """The arrow points down at what is unfolded; under the mouse the text is underlined."""
        painter = QPainter(self)
        colour = self.palette().color(QPalette.ColorRole.WindowText)
        icon = self._icons.tinted("fold-open" if self.isChecked() else "fold-closed", colour)
        icon.paint(painter, QRect(0, (self.height() - _ARROW) // 2, _ARROW, _ARROW))
        font = self.font()
        font.setUnderline(self.underMouse())
        painter.setFont(font)
        painter.setPen(colour)
        flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        painter.drawText(
            self.rect().adjusted(_ARROW + space.S, 0, 0, 0), int(flags) | int(Qt.TextFlag.TextShowMnemonic), self.text()
        )

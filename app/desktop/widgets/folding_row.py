"""Things beside each other where there is room, else one below the other."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QWidget

from app.desktop.design import space


class FoldingRow(QWidget):
    """A row that never widens what it stands in: too narrow for all, it becomes a column.

    Args:
        spacing: between the things.
        beside_from: the width from which on they stand beside each other; None: where they fit as wide as they want
            to be.

    Attributes:
        line: takes the things.
    """

    def __init__(self, spacing: int, beside_from: int | None = None) -> None:
        super().__init__()
        self._beside_from = beside_from
        self.line = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        space.bare(self.line, spacing)

    def minimumSizeHint(self) -> QSize:
        """As narrow as the widest of them."""
        least = max((widget.minimumSizeHint().width() for widget in self._seen()), default=0)
        return QSize(least, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Beside or below."""
        super().resizeEvent(event)
        self.fold()

    def fold(self) -> None:
        """Choose anew; to be called when other things are in it."""
        wanted = self._beside_from
        if wanted is None:
            seen = self._seen()
            wanted = sum(widget.sizeHint().width() for widget in seen) + self.line.spacing() * max(len(seen) - 1, 0)
        beside = self.width() >= wanted
        direction = QBoxLayout.Direction.LeftToRight if beside else QBoxLayout.Direction.TopToBottom
        if direction is not self.line.direction():
            self.line.setDirection(direction)

    def _seen(self) -> list[QWidget]:
        items = [self.line.itemAt(at) for at in range(self.line.count())]
        found = [item.widget() for item in items if item is not None]
        return [widget for widget in found if widget is not None and not widget.isHidden()]

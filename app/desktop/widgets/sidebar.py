"""The list of pages at the left of the window."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QFont, QPainter, QPalette, QPen
from PySide6.QtWidgets import (
    QFrame,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from app.desktop.design import colours, space
from app.desktop.icons import Icons
from app.desktop.place import Place

_SYMBOL_SIZE = 18
_PLACE = Qt.ItemDataRole.UserRole


class Sidebar(QListWidget):
    """One line per page: its symbol and its name. Arrow keys move, as in every list.

    Args:
        icons: for the symbols, named `page-…`.
        name: for screen readers.
    """

    def __init__(self, icons: Icons, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icons = icons
        self.setAccessibleName(name)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setIconSize(QSize(_SYMBOL_SIZE, _SYMBOL_SIZE))
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setItemDelegate(_Delegate(self))
        self.viewport().setAutoFillBackground(False)
        self.setMouseTracking(True)

    def add(self, place: Place, title: str) -> None:
        """Add a page at the end."""
        item = QListWidgetItem(title)
        item.setData(_PLACE, place.value)
        item.setToolTip("")
        self.addItem(item)
        self._draw()

    @property
    def place(self) -> Place:
        """The page that is chosen."""
        item = self.currentItem()
        return Place(item.data(_PLACE)) if item is not None else Place.OVERVIEW

    def choose(self, place: Place) -> None:
        """Choose a page, as the user does."""
        for row in range(self.count()):
            if self.item(row).data(_PLACE) == place.value:
                self.setCurrentRow(row)

    def width_wanted(self) -> int:
        """Wide enough for the longest title in either weight."""
        bold = QFont(self.font())
        bold.setBold(True)
        probe = self.fontMetrics()
        longest = max((probe.horizontalAdvance(self.item(row).text()) for row in range(self.count())), default=0)
        return max(int(longest * 1.15) + _SYMBOL_SIZE + 6 * space.S, 196)

    def shows_focus(self) -> bool:
        """See `FocusRing`: the line around the chosen page does."""
        return self.currentItem() is not None

    def changeEvent(self, event: QEvent) -> None:
        """Follow the system from light to dark."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._draw()

    def _draw(self) -> None:
        for row in range(self.count()):
            item = self.item(row)
            item.setIcon(self._icons.symbol(f"page-{item.data(_PLACE).replace('_', '-')}", self.palette()))


class _Delegate(QStyledItemDelegate):
    """A rounded field under the chosen page, a faint one under the pointer, a line around the one with the keyboard."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        """See QStyledItemDelegate."""
        return QSize(0, option.fontMetrics.height() + 2 * space.S + space.XS)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """See QStyledItemDelegate."""
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        hovered = bool(option.state & QStyle.StateFlag.State_MouseOver)
        focused = bool(option.state & QStyle.StateFlag.State_HasFocus)
        palette: QPalette = option.palette
        window, text = palette.color(QPalette.ColorRole.Window), palette.color(QPalette.ColorRole.WindowText)
        accent = palette.color(QPalette.ColorRole.Highlight)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        field = option.rect.adjusted(space.S, 1, -space.S, -1)
        painter.setPen(QPen(colours.focus(palette), 2) if focused and chosen else Qt.PenStyle.NoPen)
        if chosen:
            painter.setBrush(colours.blended(window, accent, 0.20))
            painter.drawRoundedRect(field, 6, 6)
            painter.fillRect(QRect(field.left(), field.top() + 7, 3, field.height() - 14), accent)
        elif hovered:
            painter.setBrush(colours.blended(window, text, 0.07))
            painter.drawRoundedRect(field, 6, 6)
        icon = index.data(Qt.ItemDataRole.DecorationRole)
        left = field.left() + space.M
        if icon is not None:
            icon.paint(painter, QRect(left, field.center().y() - _SYMBOL_SIZE // 2, _SYMBOL_SIZE, _SYMBOL_SIZE))
        font = QFont(option.font)
        font.setBold(chosen)
        painter.setFont(font)
        painter.setPen(text)
        where = field.adjusted(space.M + _SYMBOL_SIZE + space.S, 0, -space.S, 0)
        painter.drawText(where, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, index.data())
        painter.restore()

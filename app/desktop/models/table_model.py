"""A table model that takes a whole new list of lines at once and changes only what differs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QIcon

from app.desktop.models.lines import Column, Line

_Index = QModelIndex | QPersistentModelIndex
_NO_INDEX = QModelIndex()


class TableModel(QAbstractTableModel):
    """Lines with stable ids: selection and scroll position survive every update.

    Args:
        columns: fixed for the model's life.
        symbol: draws the symbol of a cell by its name.
        parent: its owner.
    """

    def __init__(
        self, columns: Sequence[Column], symbol: Callable[[str], QIcon], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.columns = tuple(columns)
        self._symbol = symbol
        self._lines: list[Line] = []

    def update_lines(self, lines: Sequence[Line]) -> None:
        """Become these lines. What is equal is not touched; what changed is announced as one range."""
        wanted = {line.id: line for line in lines}
        if len(wanted) != len(lines):
            raise ValueError("two lines have one id")
        self._remove_all_but(wanted)
        self._reorder([line.id for line in lines])
        self._insert_missing(lines)
        changed = [row for row, line in enumerate(lines) if self._lines[row] != line]
        if changed:
            self._lines = list(lines)
            last = self.index(changed[-1], len(self.columns) - 1)
            self.dataChanged.emit(self.index(changed[0], 0), last)

    def line_id(self, row: int) -> str | None:
        """The id of the line in this row."""
        return self._lines[row].id if 0 <= row < len(self._lines) else None

    def symbols_changed(self) -> None:
        """The colours of the symbols are different now."""
        if self._lines:
            last = self.index(len(self._lines) - 1, len(self.columns) - 1)
            self.dataChanged.emit(self.index(0, 0), last, [Qt.ItemDataRole.DecorationRole])

    def rowCount(self, parent: _Index = _NO_INDEX) -> int:
        """See QAbstractItemModel."""
        return 0 if parent.isValid() else len(self._lines)

    def columnCount(self, parent: _Index = _NO_INDEX) -> int:
        """See QAbstractItemModel."""
        return 0 if parent.isValid() else len(self.columns)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """See QAbstractItemModel."""
        if not index.isValid():
            return None
        cell = self._lines[index.row()].cells[index.column()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return cell.text
            case Qt.ItemDataRole.ToolTipRole:
                return cell.hint or cell.text or None
            case Qt.ItemDataRole.DecorationRole:
                return self._symbol(cell.icon) if cell.icon else None
            case Qt.ItemDataRole.TextAlignmentRole:
                return self._alignment(index.column())
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """See QAbstractItemModel."""
        if orientation is not Qt.Orientation.Horizontal or not 0 <= section < len(self.columns):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self.columns[section].title
        if role == Qt.ItemDataRole.ToolTipRole:
            return self.columns[section].hint
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self._alignment(section)
        return None

    def _alignment(self, column: int) -> Qt.AlignmentFlag:
        side = Qt.AlignmentFlag.AlignRight if self.columns[column].numeric else Qt.AlignmentFlag.AlignLeft
        return side | Qt.AlignmentFlag.AlignVCenter

    def _remove_all_but(self, wanted: dict[str, Line]) -> None:
        end = len(self._lines)
        while end:
            if self._lines[end - 1].id in wanted:
                end -= 1
                continue
            first = end - 1
            while first and self._lines[first - 1].id not in wanted:
                first -= 1
            self.beginRemoveRows(QModelIndex(), first, end - 1)
            del self._lines[first:end]
            self.endRemoveRows()
            end = first

    def _reorder(self, ids: Sequence[str]) -> None:
        place = {line_id: position for position, line_id in enumerate(ids)}
        ordered = sorted(self._lines, key=lambda line: place[line.id])
        if ordered == self._lines:
            return
        self.layoutAboutToBeChanged.emit()
        before = self.persistentIndexList()
        row_of = {line.id: row for row, line in enumerate(ordered)}
        after = [self.index(row_of[self._lines[old.row()].id], old.column()) for old in before]
        self._lines = ordered
        self.changePersistentIndexList(before, after)
        self.layoutChanged.emit()

    def _insert_missing(self, lines: Sequence[Line]) -> None:
        row = 0
        while row < len(lines):
            if row < len(self._lines) and self._lines[row].id == lines[row].id:
                row += 1
                continue
            following = self._lines[row].id if row < len(self._lines) else None
            last = row
            while last + 1 < len(lines) and lines[last + 1].id != following:
                last += 1
            self.beginInsertRows(QModelIndex(), row, last)
            self._lines[row:row] = lines[row : last + 1]
            self.endInsertRows()
            row = last + 1

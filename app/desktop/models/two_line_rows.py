"""Rows of two lines: some columns are not shown by themselves, but stand below others and can be sorted by."""

from __future__ import annotations

from typing import Any, TypeVar

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt

from app.desktop.models.rows_model import RowsModel, alignment
from app.desktop.widgets.two_lines import BELOW, Line

_R = TypeVar("_R")
_ROLES = frozenset({BELOW, Qt.ItemDataRole.AccessibleTextRole})


class TwoLineRows(RowsModel[_R]):
    """Cells answer `BELOW` beside Qt's own roles, and all that is drawn of one in one go."""

    def line(self, index: QModelIndex | QPersistentModelIndex) -> Line:
        """What is drawn of a cell; as many questions as there are roles would take as long as to draw it."""
        column = index.column()
        cell = self.cell(index.row(), column)
        icon = self._drawn(cell.icon) if cell.icon else None
        return icon, alignment(self.columns[column]), cell.text, cell.below, None

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """See QAbstractItemModel."""
        if role not in _ROLES or not index.isValid():
            return super().data(index, role)
        cell = self.cell(index.row(), index.column())
        if role == BELOW:
            return cell.below
        return f"{cell.text}, {cell.below}" if cell.below.strip() else cell.text

"""Rows of two lines: some columns are not shown by themselves, but stand below others and can be sorted by."""

from __future__ import annotations

from typing import Any, TypeVar

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt

from app.desktop.models.rows_model import RowsModel
from app.desktop.widgets.two_lines import BELOW

_R = TypeVar("_R")
_ROLES = frozenset({BELOW, Qt.ItemDataRole.AccessibleTextRole})


class TwoLineRows(RowsModel[_R]):
    """Cells answer `BELOW` beside Qt's own roles."""

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """See QAbstractItemModel."""
        if role not in _ROLES or not index.isValid():
            return super().data(index, role)
        cell = self.cell(index.row(), index.column())
        if role == BELOW:
            return cell.below
        return f"{cell.text}, {cell.below}" if cell.below.strip() else cell.text

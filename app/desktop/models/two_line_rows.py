"""Rows of two lines: some columns are not shown by themselves, but stand below others and can be sorted by."""

from __future__ import annotations

from typing import Any, TypeVar

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt

from app.desktop.models.rows_model import RowsModel
from app.desktop.widgets.two_lines import BELOW

_R = TypeVar("_R")


class TwoLineRows(RowsModel[_R]):
    """Cells answer `BELOW` beside Qt's own roles."""

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """See QAbstractItemModel."""
        row = self.row(index.row()) if role in (BELOW, Qt.ItemDataRole.AccessibleTextRole) else None
        if row is None:
            return super().data(index, role)
        cell = self.columns[index.column()].cell(row)
        if role == BELOW:
            return cell.below
        return f"{cell.text}, {cell.below}" if cell.below.strip() else cell.text

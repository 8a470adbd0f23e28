"""The table that all pages use: whole rows, no grid, text cut off with a hint that shows it all."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QItemSelectionModel, QSize
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QAbstractItemView, QApplication, QHeaderView, QTableView, QWidget

from app.desktop.models.table_model import TableModel

_SYMBOL_SIZE = 16
_PADDING = 16


class Table(QTableView):
    """A read-only table over a `TableModel`."""

    def __init__(self, model: TableModel, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._lines = model
        self.setModel(model)
        self.setAccessibleName(name)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setAlternatingRowColors(True)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setIconSize(QSize(_SYMBOL_SIZE, _SYMBOL_SIZE))
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 12)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        self._set_widths()

    def selected_id(self) -> str | None:
        """The id of the selected line."""
        rows = self.selectionModel().selectedRows()
        return self._lines.line_id(rows[0].row()) if rows else None

    def select_row(self, row: int) -> None:
        """Select one row, as a click on it does."""
        flags = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
        self.selectionModel().setCurrentIndex(self._lines.index(row, 0), flags)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Copy takes the whole line, its cells separated by tabs."""
        rows = self.selectionModel().selectedRows()
        if event.matches(QKeySequence.StandardKey.Copy) and rows:
            cells = (rows[0].siblingAtColumn(column) for column in range(self._lines.columnCount()))
            QApplication.clipboard().setText("\t".join(str(cell.data()) for cell in cells))
        else:
            super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """Draw the symbols anew when the system goes from light to dark."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._lines.symbols_changed()

    def _set_widths(self) -> None:
        header = self.horizontalHeader()
        metrics = self.fontMetrics()
        header.setMinimumSectionSize(4 * metrics.horizontalAdvance("0"))
        header.setMinimumHeight(metrics.height() + 10)
        for section, column in enumerate(self._lines.columns):
            content = column.width * metrics.horizontalAdvance("0")
            header.resizeSection(section, max(content, metrics.horizontalAdvance(column.title)) + _PADDING)
            if column.stretch:
                header.setSectionResizeMode(section, QHeaderView.ResizeMode.Stretch)

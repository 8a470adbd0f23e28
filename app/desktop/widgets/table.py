"""The table that all pages use: whole rows, no grid, text cut off with a hint that shows it all."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QEvent, QItemSelectionModel, QSize, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QHeaderView,
    QProxyStyle,
    QStyle,
    QStyleOption,
    QTableView,
    QWidget,
)

from app.desktop.models.lines import Column
from app.desktop.models.rows_model import RowColumn, RowsModel
from app.desktop.models.table_model import TableModel

_SYMBOL_SIZE = 16
# Left and right of each text, in cells and headers alike.
_PADDING = 7
# The share of its width that a stretching column keeps in a narrow window.
_NARROWEST = 0.6


class Table(QTableView):
    """A read-only table; over a `RowsModel` the user can sort it by a click on a title."""

    def __init__(self, model: TableModel | RowsModel[Any], name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._lines = model
        self._style = _PaddedStyle(self)
        self.setStyle(self._style)
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
        header.setStyle(self._style)
        header.setMinimumSectionSize(4 * self.fontMetrics().horizontalAdvance("0"))
        header.setMinimumHeight(self.fontMetrics().height() + 10)
        header.sectionResized.connect(self._on_section_resized)
        self._columns: tuple[Column | RowColumn[Any], ...] = tuple(model.columns)
        self._widths = [self._wanted_width(column) for column in self._columns]
        self._sharing = False
        self._kept: tuple[str | None, int] = (None, 0)
        if isinstance(model, RowsModel):
            header.setSortIndicatorClearable(True)
            header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
            self.setSortingEnabled(True)
            model.modelAboutToBeReset.connect(self._keep_place)
            model.modelReset.connect(self._take_place)

    def sort_by(self, column: int, order: Qt.SortOrder) -> None:
        """Sort by a column at first; the user may choose another."""
        self.horizontalHeader().setSortIndicator(column, order)

    def selected_id(self) -> str | None:
        """The id of the selected line."""
        rows = self.selectionModel().selectedRows()
        return self._lines.line_id(rows[0].row()) if rows else None

    def select_row(self, row: int) -> None:
        """Select one row, as a click on it does."""
        flags = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
        self.selectionModel().setCurrentIndex(self._lines.index(row, 0), flags)

    def _keep_place(self) -> None:
        self._kept = (self.selected_id(), self.verticalScrollBar().value())

    def _take_place(self) -> None:
        selected, scrolled = self._kept
        number = self._lines.number_of(selected) if selected and isinstance(self._lines, RowsModel) else None
        if number is not None:
            self.select_row(number)
        self.verticalScrollBar().setValue(scrolled)

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

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Share the new width among the columns."""
        super().resizeEvent(event)
        self._share_width()

    def _wanted_width(self, column: Column | RowColumn[Any]) -> int:
        metrics = self.fontMetrics()
        # One pixel more than the title, or some styles cut it off.
        text = max(column.width * metrics.horizontalAdvance("0"), metrics.horizontalAdvance(column.title) + 2)
        return text + 2 * _PADDING

    def _share_width(self) -> None:
        """Columns that stretch take what is left equally, and give what is missing as far as they can."""
        widths = list(self._widths)
        stretching = [section for section, column in enumerate(self._columns) if column.stretch]
        left = self.viewport().width() - sum(widths)
        if left > 0:
            weights = dict.fromkeys(stretching, 1.0)
        else:
            weights = {section: widths[section] * (1 - _NARROWEST) for section in stretching}
            left = max(left, -int(sum(weights.values())))
        whole = sum(weights.values())
        for section, weight in weights.items():
            part = round(left * weight / whole)
            widths[section] += part
            left, whole = left - part, whole - weight
        self._sharing = True
        for section, width in enumerate(widths):
            self.horizontalHeader().resizeSection(section, width)
        self._sharing = False

    def _on_section_resized(self, section: int, _old: int, new: int) -> None:
        # As long as the table lives, the user's own width is the wanted one.
        if not self._sharing:
            self._widths[section] = new


class _PaddedStyle(QProxyStyle):
    """The system's style with more room beside the text; with the same in headers as in cells."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__()
        self.setParent(parent)

    def pixelMetric(
        self,
        metric: QStyle.PixelMetric,
        option: QStyleOption | None = None,
        widget: QWidget | None = None,
    ) -> int:
        """See QStyle."""
        if metric == QStyle.PixelMetric.PM_HeaderMargin:
            return _PADDING
        if metric == QStyle.PixelMetric.PM_FocusFrameHMargin:
            # Item views add one.
            return _PADDING - 1
        return super().pixelMetric(metric, option, widget)

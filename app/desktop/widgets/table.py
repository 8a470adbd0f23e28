"""The table that all pages use: whole rows, no grid, text cut off with a hint that shows it all."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import (
    QByteArray,
    QEvent,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QSize,
    Qt,
    QTimer,
)
from PySide6.QtGui import QFocusEvent, QKeyEvent, QKeySequence, QPainter, QPaintEvent, QPen, QResizeEvent
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

from app.desktop.design import colours
from app.desktop.models.rows_model import RowColumn, RowsModel

_SYMBOL_SIZE = 16
# Left and right of each text, in cells and headers alike.
_PADDING = 7
# The share of its width that a stretching column keeps in a narrow window.
_NARROWEST = 0.6


@dataclass(frozen=True)
class Sight:
    """What the user sees of a table, for another one in its place.

    Attributes:
        arrangement: see `Table.arrangement`.
        selected: the id of the selected line.
        top: the id of the first line in sight, and how many pixels of it are not; None: the table begins at its top.
    """

    arrangement: QByteArray
    selected: str | None
    top: tuple[str, int] | None


class Table(QTableView):
    """A read-only table that the user can sort by a click on a title."""

    def __init__(self, model: RowsModel[Any], name: str, parent: QWidget | None = None) -> None:
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
        self._columns: tuple[RowColumn[Any], ...] = tuple(model.columns)
        self._widths = [self._wanted_width(column) for column in self._columns]
        self._sharing = False
        self._folded: set[int] = set()
        self._selected: str | None = None
        self._top: tuple[str, int] | None = None
        self._wanted: Sight | None = None
        header.setSortIndicatorClearable(True)
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.setSortingEnabled(True)
        model.modelAboutToBeReset.connect(self._keep_selection)
        model.modelReset.connect(self._take_selection)
        model.updating.connect(self._keep_place)
        model.updated.connect(self._take_place)
        model.updated.connect(self._become_wanted)
        model.settled.connect(self._become_wanted)

    @property
    def rows(self) -> RowsModel[Any]:
        """What it shows."""
        return self._lines

    def sort_by(self, column: int, order: Qt.SortOrder) -> None:
        """Sort by a column at first; the user may choose another."""
        self.horizontalHeader().setSortIndicator(column, order)

    def selected_id(self) -> str | None:
        """The id of the selected line."""
        rows = self.selectionModel().selectedRows()
        return self._lines.line_id(rows[0].row()) if rows else None

    def height_of(self, rows: int) -> int:
        """How high it is with so many rows in sight."""
        header = self.horizontalHeader().sizeHint().height()
        return header + rows * self.verticalHeader().defaultSectionSize() + 2 * self.frameWidth()

    def select_row(self, row: int) -> None:
        """Select one row, as a click on it does."""
        flags = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
        self.selectionModel().setCurrentIndex(self._lines.index(row, 0), flags)

    def arrangement(self) -> QByteArray:
        """The widths that the user gave to columns and what it is sorted by, for `Preferences.keep_geometry`."""
        header = self.horizontalHeader()
        order = header.sortIndicatorOrder() is Qt.SortOrder.DescendingOrder
        # Only the user's own: the others depend on the titles, and so on the language.
        columns = zip(self._columns, self._widths, strict=True)
        own = [None if width == self._wanted_width(column) else width for column, width in columns]
        kept = {"widths": own, "sorted": [header.sortIndicatorSection(), order]}
        return QByteArray(json.dumps(kept).encode())

    def arrange(self, state: QByteArray | None) -> None:
        """Be as the user left it; what does not fit any more is left as it is."""
        try:
            kept = json.loads(bytes(state.data())) if state is not None else {}
            own = [None if width is None else int(width) for width in kept.get("widths", ())]
            column, descending = kept.get("sorted", (-1, False))
        except (ValueError, TypeError, AttributeError):
            return
        if (
            len(own) == len(self._columns)
            and -1 <= int(column) < len(own)
            and all(width is None or width > 0 for width in own)
        ):
            pairs = zip(self._columns, own, strict=True)
            self._widths = [self._wanted_width(column) if width is None else width for column, width in pairs]
            self._share_width()
            self.sort_by(column, Qt.SortOrder.DescendingOrder if descending else Qt.SortOrder.AscendingOrder)

    def sight(self) -> Sight:
        """What the user sees of it now."""
        self._keep_place()
        return Sight(self.arrangement(), self.selected_id(), self._top)

    def show_sight(self, sight: Sight) -> None:
        """Show what was seen of another table, as soon as the rows are there."""
        self.arrange(sight.arrangement)
        self._wanted = sight
        self._become_wanted()

    def _become_wanted(self) -> None:
        wanted = self._wanted
        if wanted is None or self._lines.weighing or not self._lines.total:
            return
        self._wanted = None
        self._selected, self._top = wanted.selected, wanted.top
        self._take_selection()
        # Whatever opens for the selected row takes its room first.
        QTimer.singleShot(0, self, self._take_place)

    def _keep_selection(self) -> None:
        self._selected = self.selected_id()

    def _take_selection(self) -> None:
        """After a reset: the row, but not the place, which the user is about to change, or `_take_place` restores."""
        number = self._number_of(self._selected)
        if number is not None:
            flags = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
            index = self._lines.index(number, 0)
            self.selectionModel().setCurrentIndex(index, QItemSelectionModel.SelectionFlag.NoUpdate)
            self.selectionModel().select(index, flags)

    def _keep_place(self) -> None:
        """Remember the first row in sight, unless the user looks at the top and wants to see what comes."""
        scrolled = self.verticalScrollBar().value()
        first = self._lines.line_id(self.rowAt(0)) if scrolled else None
        self._top = None if first is None else (first, -self.rowViewportPosition(self.rowAt(0)))

    def _take_place(self) -> None:
        if self._top is None:
            return
        first, hidden = self._top
        number = self._number_of(first)
        if number is not None:
            # The range of the bar follows only when the view is next drawn.
            self.updateGeometries()
            self.verticalScrollBar().setValue(number * self.verticalHeader().defaultSectionSize() + hidden)

    def _number_of(self, line_id: str | None) -> int | None:
        return self._lines.number_of(line_id) if line_id else None

    def rowsAboutToBeRemoved(self, parent: QModelIndex | QPersistentModelIndex, start: int, end: int) -> None:
        """When the selected row goes, none is selected: Qt would choose another one for the user."""
        if start <= self.currentIndex().row() <= end:
            self.selectionModel().clear()
        super().rowsAboutToBeRemoved(parent, start, end)

    def shows_focus(self) -> bool:
        """See `FocusRing`: the line around the current row does."""
        return self.currentIndex().isValid()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """The arrow keys begin at the first row; where none is chosen, none is chosen by that either."""
        if not self.currentIndex().isValid() and self._lines.rowCount():
            first = self._lines.index(0, 0)
            self.selectionModel().setCurrentIndex(first, QItemSelectionModel.SelectionFlag.NoUpdate)
        super().focusInEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The rows; around the current one a line while the keyboard is here."""
        super().paintEvent(event)
        row = self.currentIndex().row()
        if row >= 0 and self.hasFocus():
            area = self.viewport()
            top, height = self.rowViewportPosition(row), self.rowHeight(row)
            painter = QPainter(area)
            painter.setPen(QPen(colours.focus(self.palette()), 2))
            # A line of two pixels lies half a pixel beside what is whole.
            painter.drawRect(1, top + 1, min(area.width(), self.horizontalHeader().length()) - 2, height - 3)

    def currentChanged(
        self, current: QModelIndex | QPersistentModelIndex, previous: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Qt draws only the cells anew, and the line goes around the whole row."""
        super().currentChanged(current, previous)
        for row in {current.row(), previous.row()} - {-1}:
            self.viewport().update(0, self.rowViewportPosition(row), self.viewport().width(), self.rowHeight(row))

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

    def _wanted_width(self, column: RowColumn[Any]) -> int:
        metrics = self.fontMetrics()
        # One pixel more than the title, or some styles cut it off.
        arrow = self.style().pixelMetric(QStyle.PixelMetric.PM_HeaderMarkSize) if column.order is not None else 0
        title = metrics.horizontalAdvance(column.title) + 2 + arrow
        text = max(column.width * metrics.horizontalAdvance("0"), title)
        return text + 2 * _PADDING

    def _share_width(self) -> None:
        """Columns that stretch take what is left equally, and give what is missing as far as they can."""
        self._fold()
        hidden = [self.isColumnHidden(section) for section in range(len(self._columns))]
        widths = [0 if away else width for width, away in zip(self._widths, hidden, strict=True)]
        stretching = [section for section, column in enumerate(self._columns) if column.stretch and not hidden[section]]
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
            if not hidden[section]:
                self.horizontalHeader().resizeSection(section, width)
        self._sharing = False

    def _fold(self) -> None:
        """Take columns out of sight until the others have room, and back as soon as they have it too."""
        needed = {
            section: int(width * _NARROWEST) if column.stretch else width
            for section, (column, width) in enumerate(zip(self._columns, self._widths, strict=True))
            if section in self._folded or not self.isColumnHidden(section)
        }
        folding = sorted((s for s in needed if self._columns[s].folds), key=lambda s: -self._columns[s].folds)
        folded: set[int] = set()
        while folding and sum(needed.values()) > self.viewport().width():
            folded.add(folding[0])
            del needed[folding.pop(0)]
        self._sharing = True
        for section in folded ^ self._folded:
            self.setColumnHidden(section, section in folded)
        self._sharing = False
        self._folded = folded

    def _on_section_resized(self, section: int, _old: int, new: int) -> None:
        # As long as the table lives, the user's own width is the wanted one.
        if not self._sharing and new:
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

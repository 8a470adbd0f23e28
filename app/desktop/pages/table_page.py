"""What pages with one long table share: filters above it, the details of the selected row below, and their sizes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QSplitter, QStackedWidget, QVBoxLayout, QWidget

from app.desktop.design import space
from app.desktop.icons import Icons
from app.desktop.models.rows_model import RowsModel
from app.desktop.preferences import Preferences
from app.desktop.widgets.detail_pane import DetailPane
from app.desktop.widgets.empty_state import EmptyState
from app.desktop.widgets.filter_bar import FilterBar, nothing_matches
from app.desktop.widgets.page_frame import PageFrame
from app.desktop.widgets.table import Table
from app.desktop.widgets.two_lines import use_two_lines

# Of the table and of the details, at first.
_SIZES = (250, 320)


class TablePage(PageFrame):
    """The frame of such a page.

    Args:
        icons: for symbols.
        preferences: where the sizes are kept.
        key: of this page among them.
        title, sentence, actions: see `PageFrame`.

    Attributes:
        bar: the filters.
    """

    def __init__(
        self,
        icons: Icons,
        preferences: Preferences,
        key: str,
        title: str,
        sentence: str,
        search: str,
        actions: Sequence[QWidget] = (),
    ) -> None:
        super().__init__(title, sentence, actions)
        self._icons = icons
        self._preferences = preferences
        self._key = key
        self.bar = FilterBar(icons, search)
        self._split = QSplitter(Qt.Orientation.Vertical)
        self._split.setChildrenCollapsible(False)
        self._parts = QStackedWidget()
        self._rows = QStackedWidget()

    def build(
        self,
        model: RowsModel[Any],
        table: Table,
        empty: EmptyState,
        detail: DetailPane,
        below: Sequence[QWidget] = (),
        *,
        shown: int,
    ) -> None:
        """Put the parts together.

        Args:
            model: of the table.
            table: the table.
            empty: shown while there are no rows at all.
            detail: about the selected row; hidden while there is none.
            below: what stands under the table.
            shown: how many columns are shown by themselves; the others can be sorted by.
        """
        self._model, self._table, self._detail = model, table, detail
        use_two_lines(table)
        for hidden in range(shown, model.columnCount()):
            table.setColumnHidden(hidden, True)
        table.setMinimumHeight(table.height_of(1))
        self._offer_sorting()
        self._rows.addWidget(table)
        self._rows.addWidget(nothing_matches(self._icons, self.bar))
        upper = QWidget()
        column = QVBoxLayout(upper)
        space.bare(column, space.XS)
        column.addWidget(self._rows, 1)
        for item in below:
            column.addWidget(item)
        self._split.addWidget(upper)
        self._split.addWidget(detail)
        self._split.setStretchFactor(0, 1)
        self._split.setSizes(list(_SIZES))
        detail.hide()
        filled = QWidget()
        whole = QVBoxLayout(filled)
        space.bare(whole, space.S)
        whole.addWidget(self.bar)
        whole.addWidget(self._split, 1)
        self._parts.addWidget(empty)
        self._parts.addWidget(filled)
        self.body.addWidget(self._parts)
        detail.closed.connect(self._on_closed)
        model.settled.connect(self.show_parts)
        table.selectionModel().selectionChanged.connect(self.show_selected)
        table.arrange(self._preferences.geometry(f"{self._key}.table"))
        kept = self._preferences.geometry(f"{self._key}.split")
        if kept is not None:
            self._split.restoreState(kept)

    def sight(self) -> Any:
        """See `Page`: what is looked for, the table and the room for the details."""
        return self.bar.sought(), self._table.sight(), self._split.saveState()

    def show_sight(self, sight: Any) -> None:
        """See `Page`."""
        (text, chosen), table, split = sight
        self._split.restoreState(split)
        self.bar.seek(text, chosen)
        self._table.show_sight(table)

    def show_selected(self) -> None:
        """Show the details of the selected row, or none."""
        raise NotImplementedError

    def _offer_sorting(self) -> None:
        """Also by what has no column of its own, and by the keyboard."""
        header = self._table.horizontalHeader()
        self._sorting = self.bar.add_sorting([column.title for column in self._model.columns])
        self._sorting.show_order(header.sortIndicatorSection(), header.sortIndicatorOrder())
        header.sortIndicatorChanged.connect(self._sorting.show_order)
        self._sorting.chosen.connect(self._table.sort_by)

    def show_parts(self) -> None:
        """Show the table, or why it is empty."""
        self._parts.setCurrentIndex(1 if self._model.total else 0)
        # While many rows are being looked at, nobody knows yet that none matches.
        some = self._model.shown or self._model.weighing or not self._model.total
        self._rows.setCurrentIndex(0 if some else 1)
        self.bar.show_counts(len(self._model.shown), self._model.total)
        self.show_selected()

    def show_details(self, visible: bool) -> None:
        """Show the details or not; the selected row stays in sight beside them."""
        if visible == self._detail.isHidden():
            self._detail.setVisible(visible)
            # When there is less room for the table than before.
            QTimer.singleShot(0, self, self._scroll_to_selected)

    def _scroll_to_selected(self) -> None:
        if self._table.selected_id() is not None:
            self._table.scrollTo(self._table.currentIndex())

    def hideEvent(self, event: QHideEvent) -> None:
        """Remember how the user has arranged it."""
        super().hideEvent(event)
        for name, state in (("split", self._split.saveState()), ("table", self._table.arrangement())):
            if state != self._preferences.geometry(f"{self._key}.{name}"):
                self._preferences.keep_geometry(f"{self._key}.{name}", state)

    def _on_closed(self) -> None:
        self._table.clearSelection()
        self._table.setFocus()

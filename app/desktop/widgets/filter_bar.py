"""The line above a long table: what to look for, and how much of the whole that is."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication, QEvent, QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence, QPalette, QShortcut
from PySide6.QtWidgets import (
    QAbstractButton,
    QComboBox,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.desktop import formats
from app.desktop.design import colours, space
from app.desktop.design.text import TextRole, styled
from app.desktop.icons import Icons
from app.desktop.widgets.empty_state import EmptyState
from app.desktop.widgets.quiet_label import QuietLabel
from app.desktop.widgets.symbol import Symbol

# Of the entry, and of a choice where there is room and where there is little, in characters.
_ENTRY_CHARACTERS = 18
_CHOICE_CHARACTERS = 9
_NARROW_CHARACTERS = 3


class FilterBar(QWidget):
    """A search entry, choices, and "n of m shown".

    Args:
        icons: for the entry.
        name: of the entry, such as "Search sessions"; also shown in it while it is empty.

    Signals:
        changed: something else is looked for.
        found: the user went to the entry by its shortcut.
    """

    changed = Signal()
    found = Signal()

    def __init__(self, icons: Icons, name: str) -> None:
        super().__init__()
        self._icons = icons
        self.entry = _SearchEntry(icons, name)
        self.entry.setToolTip(
            QKeySequence(QKeySequence.StandardKey.Find).toString(QKeySequence.SequenceFormat.NativeText)
        )
        self.entry.setMinimumWidth(_ENTRY_CHARACTERS * self.fontMetrics().averageCharWidth())
        self.entry.textChanged.connect(self.changed)
        QShortcut(QKeySequence.StandardKey.Find, self, self._on_find)
        self.choices: list[Choice] = []
        self._counts = styled(QuietLabel(), TextRole.CAPTION)
        self._counts.hide()
        self._row = QHBoxLayout()
        space.bare(self._row, space.S)
        self._row.addWidget(self.entry, 1)
        column = QVBoxLayout(self)
        space.bare(column, space.XS)
        column.addLayout(self._row)
        column.addWidget(self._counts)

    def add_choice(self, name: str, everything: str) -> Choice:
        """Add a choice at the right of what is there.

        Args:
            name: for screen readers, and as a hint.
            everything: what it says while it leaves nothing out, such as "All tokens".
        """
        choice = Choice(name, everything)
        choice.currentIndexChanged.connect(self.changed)
        self.choices.append(choice)
        self._row.insertWidget(len(self.choices), choice)
        return choice

    def add_sorting(self, names: Sequence[str]) -> Sorting:
        """Add what the rows can be sorted by, at the right end.

        Args:
            names: of the table's columns.
        """
        sorting = Sorting(self._icons, names)
        self._row.addSpacing(space.S)
        self._row.addWidget(sorting)
        return sorting

    @property
    def text(self) -> str:
        """What was typed."""
        return self.entry.text().strip()

    @property
    def counts(self) -> str:
        """What it says of how much is shown."""
        return self._counts.text()

    @property
    def narrows(self) -> bool:
        """Whether anything is left out."""
        return bool(self.text) or any(choice.chosen is not None for choice in self.choices)

    def show_counts(self, shown: int, total: int) -> None:
        """Say how many of how many rows are shown, where that is not all."""
        said = self.tr("{shown} of {total} shown").format(shown=formats.count(shown), total=formats.count(total))
        text = said if self.narrows else ""
        if text != self._counts.text():
            self._counts.setText(text)
            self._counts.setVisible(bool(text))

    def clear(self) -> None:
        """Look for nothing in particular."""
        if self.narrows:
            with QSignalBlocker(self):
                self.entry.clear()
                for choice in self.choices:
                    choice.setCurrentIndex(0)
            self.changed.emit()

    def sought(self) -> tuple[str, list[str | None]]:
        """What is looked for, for `seek` of another bar."""
        return self.entry.text(), [choice.chosen for choice in self.choices]

    def seek(self, text: str, chosen: Sequence[str | None]) -> None:
        """Look for this; what is not offered is left out."""
        with QSignalBlocker(self):
            self.entry.setText(text)
            for choice, value in zip(self.choices, chosen, strict=True):
                choice.setCurrentIndex(max(0, choice.findData(value)) if value is not None else 0)
        self.changed.emit()

    def _on_find(self) -> None:
        self.entry.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.entry.selectAll()
        self.found.emit()


class Choice(QComboBox):
    """One thing out of several to look for, or everything."""

    def __init__(self, name: str, everything: str) -> None:
        super().__init__()
        self._everything = everything
        self.setAccessibleName(name)
        self.setToolTip(name)
        # Long names are cut off in the list rather than widen the window.
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(_CHOICE_CHARACTERS)
        self.setMaxVisibleItems(20)
        self.addItem(everything, None)

    @property
    def chosen(self) -> str | None:
        """What was chosen; None: everything."""
        value = self.currentData()
        return value if isinstance(value, str) else None

    def minimumSizeHint(self) -> QSize:
        """Narrow windows cut the names off."""
        less = (_CHOICE_CHARACTERS - _NARROW_CHARACTERS) * self.fontMetrics().averageCharWidth()
        return super().minimumSizeHint() - QSize(less, 0)

    def offer(self, items: Sequence[tuple[str, str]]) -> None:
        """Offer these (value and name); what was chosen stays chosen while it is among them."""
        wanted = [(None, self._everything), *items]
        if wanted == [(self.itemData(row), self.itemText(row)) for row in range(self.count())]:
            return
        chosen = self.chosen
        with QSignalBlocker(self):
            self.clear()
            for value, name in wanted:
                self.addItem(name, value)
            self.setCurrentIndex(max(0, self.findData(chosen)) if chosen is not None else 0)
        if self.chosen != chosen:
            self.currentIndexChanged.emit(0)


class Sorting(QWidget):
    """What the rows are sorted by, and whether from the top down.

    Attributes:
        by: the choice.
        turn: turns the order around.

    Signals:
        chosen: the user wants them sorted by this column, in this order.
    """

    chosen = Signal(int, Qt.SortOrder)

    def __init__(self, icons: Icons, names: Sequence[str]) -> None:
        super().__init__()
        self.by = Choice(self.tr("Sorted by"), self.tr("As they come"))
        self.by.offer([(str(column), name) for column, name in enumerate(names)])
        self.by.currentIndexChanged.connect(self._on_chosen)
        self.turn = QToolButton()
        self.turn.setAutoRaise(True)
        self._symbol = Symbol(icons, self.turn, "sort-ascending")
        self.turn.clicked.connect(self._on_turned)
        self._order = Qt.SortOrder.AscendingOrder
        row = QHBoxLayout(self)
        space.bare(row)
        row.addWidget(self.by)
        row.addWidget(self.turn)
        self.show_order(-1, self._order)

    def show_order(self, column: int, order: Qt.SortOrder) -> None:
        """Show what they are sorted by now; -1: as they come."""
        self._order = order
        with QSignalBlocker(self.by):
            self.by.setCurrentIndex(column + 1)
        ascending = order is Qt.SortOrder.AscendingOrder
        name = self.tr("Ascending") if ascending else self.tr("Descending")
        # Not arrows: some systems point them at the small end, some at the large one.
        self._symbol.show("sort-ascending" if ascending else "sort-descending")
        self.turn.setToolTip(name)
        self.turn.setAccessibleName(name)
        self.turn.setEnabled(column >= 0)

    def _on_chosen(self, index: int) -> None:
        self.chosen.emit(index - 1, self._order)

    def _on_turned(self) -> None:
        descending = self._order is Qt.SortOrder.AscendingOrder
        order = Qt.SortOrder.DescendingOrder if descending else Qt.SortOrder.AscendingOrder
        self.chosen.emit(self.by.currentIndex() - 1, order)


def nothing_matches(icons: Icons, bar: FilterBar) -> EmptyState:
    """What stands in the table's place while there are rows, but none that are looked for."""
    clear = QPushButton(QCoreApplication.translate("FilterBar", "Show all"))
    clear.clicked.connect(bar.clear)
    return EmptyState(
        icons,
        "search",
        QCoreApplication.translate("FilterBar", "Nothing matches"),
        QCoreApplication.translate("FilterBar", "There are others, but none that you look for here."),
        [clear],
    )


class _SearchEntry(QLineEdit):
    """An entry with a magnifying glass; Esc empties it before it closes the window."""

    def __init__(self, icons: Icons, name: str) -> None:
        super().__init__()
        self.setPlaceholderText(name)
        self.setAccessibleName(name)
        self._icons = icons
        self._glass = QAction(self)
        self.addAction(self._glass, QLineEdit.ActionPosition.LeadingPosition)
        self._glass.setText(name)
        self.setClearButtonEnabled(True)
        for button in self.findChildren(QAbstractButton):
            button.setAccessibleName(button.text() or self.tr("Clear the search"))
        self._draw()

    def event(self, event: QEvent) -> bool:
        """Take Esc from the window's shortcut while there is something to empty."""
        escape = isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape and bool(self.text())
        if escape and event.type() == QEvent.Type.ShortcutOverride:
            event.accept()
            return True
        if escape and event.type() == QEvent.Type.KeyPress:
            self.clear()
            return True
        return super().event(event)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the system from light to dark."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._draw()

    def _draw(self) -> None:
        self._glass.setIcon(self._icons.tinted("search", colours.quiet_text(QPalette(self.palette()))))

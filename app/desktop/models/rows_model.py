"""A table model over plain objects: it draws only what is asked for, sorts and filters by itself, and stays smooth
at ten thousand rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Generic, TypeVar

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, QTimer, Signal
from PySide6.QtGui import QIcon

from app.desktop.models.lines import Cell

_R = TypeVar("_R")
_Index = QModelIndex | QPersistentModelIndex
_NO_INDEX = QModelIndex()
_LEFT, _RIGHT = (
    side | Qt.AlignmentFlag.AlignVCenter for side in (Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight)
)
_CELL_ROLES = frozenset({Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.DecorationRole})
# More separate places than this, and telling the view of each takes longer than beginning anew.
_MANY = 64
# More cells than anybody sees at once are not remembered.
_CELLS = 2_000
#: So many rows become what they shall be in one slot; more take several.
AT_ONCE = 1_500
# Of those, so many are looked at in one slot, and the streams go on for so long before the next, in milliseconds.
_STEP = 500
_PAUSE_MS = 6


@dataclass(frozen=True)
class RowColumn(Generic[_R]):
    """One column over rows of type R.

    Attributes:
        title: of its header, in the user's language.
        width: in digits, where there is room; more if the title needs it.
        cell: what it shows of a row; called only for rows in sight.
        order: what it is sorted by; None: it cannot be sorted by this column.
        numeric: aligned to the right.
        stretch: shares the room that is left with the others of this kind, and gives some where it is missing.
        hint: what the title means, shown when the pointer rests on it.
        folds: where there is no room for all, columns that fold go out of sight, the one with the highest number first;
            what they say stands elsewhere too. 0: it stays.
    """

    title: str
    width: int
    cell: Callable[[_R], Cell]
    order: Callable[[_R], Any] | None = None
    numeric: bool = False
    stretch: bool = False
    hint: str | None = None
    folds: int = 0


class RowsModel(QAbstractTableModel, Generic[_R]):
    """Rows with stable ids: selection and scroll position survive every update.

    What has to be looked at for the order and for the filter is done in portions, so that no slot is long; until it is
    done, what was shown before stays.

    Args:
        columns: fixed for the model's life. What their cells say besides the row itself (such as today's date) may
            change; then call `redraw`.
        row_id: the id of a row.
        symbol: draws the symbol of a cell by its name.
        parent: its owner.

    Signals:
        updating, updated: before and after new rows have changed something, for views that keep their place.
        settled: what is shown is again what was asked for, some time after that was asked.
    """

    updating = Signal()
    updated = Signal()
    settled = Signal()

    def __init__(
        self,
        columns: Sequence[RowColumn[_R]],
        row_id: Callable[[_R], str],
        symbol: Callable[[str], QIcon],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.columns = tuple(columns)
        self._row_id = row_id
        self._symbol = symbol
        self._source: Sequence[_R] = ()
        self._by_id: dict[str, _R] = {}
        # By id: what they are sorted by and which the filter refuses; and of which that is still to be found. All are
        # flat: ten thousand small tuples would call for the garbage collector in the middle of a slot.
        self._places: dict[str, Any] = {}
        self._unplaced: set[str] = set()
        self._refused: set[str] = set()
        self._unjudged: set[str] = set()
        self._rows: list[_R] = []
        self._ids: list[str] = []
        self._shown_ids: set[str] = set()
        # What cells in sight say, by the row and its column, until something else may be true.
        self._said: dict[tuple[str, int], tuple[_R, Cell]] = {}
        self._symbols: dict[str, QIcon] = {}
        # The user asked for something else: the view need not keep its place.
        self._anew = False
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.timeout.connect(self._on_later)
        self._accepts: Callable[[_R], bool] | None = None
        self._sorted_by: tuple[int, Qt.SortOrder] | None = None

    @property
    def total(self) -> int:
        """How many rows there are, also those that the filter hides."""
        return len(self._source)

    @property
    def shown(self) -> Sequence[_R]:
        """The rows that pass the filter, in the order shown."""
        return self._rows

    @property
    def weighing(self) -> bool:
        """Whether what is shown is not yet what was asked for."""
        return self._later.isActive()

    def update_rows(self, rows: Sequence[_R]) -> None:
        """Become these rows. What is equal is not touched; what changed is announced as one range.

        Rows that are the very objects of the last update cost next to nothing, and the very same sequence nothing.

        Raises:
            ValueError: two of them have one id.
        """
        if rows is self._source:
            return
        row_id = self._row_id
        by_id = {row_id(row): row for row in rows}
        if len(by_id) != len(rows):
            raise ValueError("two rows have one id")
        before = self._by_id
        # Each step goes through ten thousand: no step that has nothing to do.
        changed = {name for name, row in by_id.items() if before.get(name) is not row} if before else set(by_id)
        gone = [name for name in before if name not in by_id]
        if gone:
            for name in gone:
                self._places.pop(name, None)
            self._refused.difference_update(gone)
            self._unplaced.difference_update(gone)
            self._unjudged.difference_update(gone)
        self._unplaced |= changed
        self._unjudged |= changed
        self._source, self._by_id = rows, by_id
        self._begin()

    def set_filter(self, accepts: Callable[[_R], bool] | None) -> None:
        """Show only the rows that are accepted; None: all."""
        self._accepts = accepts
        self._unjudged, self._refused = set(self._by_id), set()
        self._anew = True
        self._begin()

    def row(self, number: int) -> _R | None:
        """The row that is shown there."""
        return self._rows[number] if 0 <= number < len(self._rows) else None

    def cell(self, number: int, column: int) -> Cell:
        """What a cell says."""
        row, key = self._rows[number], (self._ids[number], column)
        said = self._said.get(key)
        if said is not None and said[0] is row:
            return said[1]
        if len(self._said) >= _CELLS:
            self._said.clear()
        cell = self.columns[column].cell(row)
        self._said[key] = (row, cell)
        return cell

    def line_id(self, number: int) -> str | None:
        """The id of the row that is shown there."""
        return self._ids[number] if 0 <= number < len(self._ids) else None

    def number_of(self, row_id: str) -> int | None:
        """Where the row with this id is shown."""
        try:
            return self._ids.index(row_id)
        except ValueError:
            return None

    def redraw(self) -> None:
        """What the cells say is different now, though the rows are the same; so may be their order."""
        self._unplaced, self._unjudged = set(self._by_id), set(self._by_id)
        self._said.clear()
        self._begin()
        self._tell_changed(0, len(self._rows) - 1)

    def symbols_changed(self) -> None:
        """The colours of the symbols are different now."""
        self._symbols.clear()
        self._tell_changed(0, len(self._rows) - 1, [Qt.ItemDataRole.DecorationRole])

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column from now on; -1: as the rows come."""
        by = self.columns[column].order if 0 <= column < len(self.columns) else None
        self._sorted_by = None if by is None else (column, order)
        self._unplaced = set(self._by_id)
        self._anew = True
        self._begin()

    def rowCount(self, parent: _Index = _NO_INDEX) -> int:
        """See QAbstractItemModel."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: _Index = _NO_INDEX) -> int:
        """See QAbstractItemModel."""
        return 0 if parent.isValid() else len(self.columns)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """See QAbstractItemModel."""
        if not index.isValid():
            return None
        column = self.columns[index.column()]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return alignment(column)
        if role not in _CELL_ROLES:
            return None
        cell = self.cell(index.row(), index.column())
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return cell.text
            case Qt.ItemDataRole.ToolTipRole:
                return cell.hint or cell.text or None
            case _:
                return self._drawn(cell.icon) if cell.icon else None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """See QAbstractItemModel."""
        if orientation is not Qt.Orientation.Horizontal or not 0 <= section < len(self.columns):
            return None
        column = self.columns[section]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return column.title
            case Qt.ItemDataRole.ToolTipRole:
                return column.hint
            case Qt.ItemDataRole.TextAlignmentRole:
                return alignment(column)
        return None

    def _drawn(self, name: str) -> QIcon:
        icon = self._symbols.get(name)
        if icon is None:
            icon = self._symbols[name] = self._symbol(name)
        return icon

    def _begin(self) -> None:
        """Few rows become what they shall be at once, many in a row of slots that others can come between."""
        if len(self._by_id) > AT_ONCE or len(self._rows) > AT_ONCE:
            self._later.start(_PAUSE_MS)
        else:
            self._later.stop()
            while self._weigh():
                pass
            self._show()

    def _on_later(self) -> None:
        if self._weigh():
            self._later.start(_PAUSE_MS)
        else:
            self._show()
            self.settled.emit()

    def _weigh(self) -> bool:
        """Look at rows that are other objects than before, but not at too many; whether there was anything to do."""
        rows, accepts = self._by_id, self._accepts
        order = None if self._sorted_by is None else self.columns[self._sorted_by[0]].order
        unplaced: list[str] = []
        if order is not None:
            unplaced = list(islice(self._unplaced, _STEP))
            for name in unplaced:
                self._places[name] = order(rows[name])
            self._unplaced.difference_update(unplaced)
        unjudged: list[str] = []
        if accepts is not None:
            unjudged = list(islice(self._unjudged, _STEP - len(unplaced)))
            for name in unjudged:
                (self._refused.discard if accepts(rows[name]) else self._refused.add)(name)
            self._unjudged.difference_update(unjudged)
        return bool(unplaced or unjudged)

    def _show(self) -> None:
        keeps, self._anew = not self._anew, False
        if keeps:
            self.updating.emit()
        self._become()
        if keeps:
            self.updated.emit()

    def _become(self) -> None:
        """Show the rows that pass the filter, in the order wanted."""
        by_id, refused = self._by_id, self._refused if self._accepts is not None else ()
        ids = [name for name in by_id if name not in refused] if refused else list(by_id)
        if self._sorted_by is not None:
            # Python keeps the order of equals, also in reverse.
            ids.sort(key=self._places.__getitem__, reverse=self._sorted_by[1] is Qt.SortOrder.DescendingOrder)
        rows = [by_id[name] for name in ids]
        if ids != self._ids:
            wanted, known = set(ids), self._shown_ids
            self._shown_ids = wanted
            gone = _runs(
                [number for number, name in enumerate(self._ids) if name not in wanted] if known - wanted else []
            )
            new = _runs([number for number, name in enumerate(ids) if name not in known] if wanted - known else [])
            if len(gone) + len(new) > _MANY:
                self.beginResetModel()
                self._rows, self._ids = rows, ids
                self.endResetModel()
                return
            self._remove(gone)
            self._reorder([name for name in ids if name in known] if new else list(ids))
            self._insert(new, rows, ids)
        before, self._rows = self._rows, rows
        changed = [
            number for number, (old, row) in enumerate(zip(before, rows, strict=True)) if old is not row and old != row
        ]
        if changed:
            self._tell_changed(changed[0], changed[-1])

    def _remove(self, runs: list[tuple[int, int]]) -> None:
        for first, last in reversed(runs):
            self.beginRemoveRows(QModelIndex(), first, last)
            del self._rows[first : last + 1]
            del self._ids[first : last + 1]
            self.endRemoveRows()

    def _reorder(self, ids: list[str]) -> None:
        if ids == self._ids:
            return
        self.layoutAboutToBeChanged.emit()
        before = self.persistentIndexList()
        moved = {self._ids[old.row()] for old in before}
        place = {name: number for number, name in enumerate(ids) if name in moved} if moved else {}
        after = [self.index(place[self._ids[old.row()]], old.column()) for old in before]
        by_id = self._by_id
        self._rows, self._ids = [by_id[name] for name in ids], ids
        self.changePersistentIndexList(before, after)
        self.layoutChanged.emit()
        # Some may have changed as well; everything is drawn again anyway.
        self._tell_changed(0, len(ids) - 1)

    def _insert(self, runs: list[tuple[int, int]], rows: list[_R], ids: list[str]) -> None:
        for first, last in runs:
            self.beginInsertRows(QModelIndex(), first, last)
            self._rows[first:first] = rows[first : last + 1]
            self._ids[first:first] = ids[first : last + 1]
            self.endInsertRows()

    def _tell_changed(self, first: int, last: int, roles: Sequence[int] = ()) -> None:
        if last >= first:
            self.dataChanged.emit(self.index(first, 0), self.index(last, len(self.columns) - 1), list(roles))


def alignment(column: RowColumn[Any]) -> Qt.AlignmentFlag:
    """Of the texts in a column."""
    return _RIGHT if column.numeric else _LEFT


def _runs(numbers: list[int]) -> list[tuple[int, int]]:
    """Ascending numbers as ranges, first and last."""
    runs: list[tuple[int, int]] = []
    for number in numbers:
        if runs and runs[-1][1] == number - 1:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    return runs

"""The table model: it becomes any rows, sorted and filtered, touches only what differs, and keeps the selection."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QPersistentModelIndex, Qt
from PySide6.QtGui import QIcon
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication

from app.desktop.models.lines import Cell
from app.desktop.models.rows_model import RowColumn, RowsModel
from app.desktop.widgets.table import Table

ASCENDING, DESCENDING = Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder


@dataclass(frozen=True)
class Row:
    id: str
    text: str = ""
    number: int = 0


COLUMNS: tuple[RowColumn[Row], ...] = (
    RowColumn("Text", 10, lambda row: Cell(row.text), attrgetter("text")),
    RowColumn("Number", 5, lambda row: Cell(str(row.number), hint=f"number {row.number}"), attrgetter("number")),
    RowColumn("Id", 5, lambda row: Cell(row.id)),
)


def made(rows: Sequence[Row] = ()) -> RowsModel[Row]:
    model = RowsModel(COLUMNS, attrgetter("id"), lambda _name: QIcon())
    model.tester = QAbstractItemModelTester(  # type: ignore[attr-defined]
        model, QAbstractItemModelTester.FailureReportingMode.Fatal
    )
    model.update_rows(rows)
    return model


def ids(model: RowsModel[Row]) -> list[str | None]:
    return [model.line_id(number) for number in range(model.rowCount())]


def even(row: Row) -> bool:
    return row.number % 2 == 0


some_rows = st.lists(
    st.builds(Row, st.sampled_from([f"r{n}" for n in range(12)]), st.sampled_from("abc"), st.integers(0, 3)),
    unique_by=attrgetter("id"),
)
sorting = st.one_of(st.none(), st.tuples(st.sampled_from([0, 1]), st.sampled_from([ASCENDING, DESCENDING])))
step = st.tuples(some_rows, sorting, st.sampled_from([None, even]))


def expected(rows: list[Row], by: tuple[int, Qt.SortOrder] | None, accepts: Callable[[Row], bool] | None) -> list[Row]:
    wanted = [row for row in rows if accepts is None or accepts(row)]
    if by is not None:
        wanted.sort(key=attrgetter(("text", "number")[by[0]]), reverse=by[1] is DESCENDING)
    return wanted


@settings(deadline=None)
@given(steps=st.lists(step, min_size=1, max_size=4))
def test_it_becomes_any_rows_in_any_order_and_indexes_follow_their_rows(
    steps: list[tuple[list[Row], tuple[int, Qt.SortOrder] | None, Callable[[Row], bool] | None]],
) -> None:
    model = made()
    resets: list[bool] = []
    model.modelReset.connect(lambda: resets.append(True))
    for rows, by, accepts in steps:
        held = {row.id: QPersistentModelIndex(model.index(number, 2)) for number, row in enumerate(model.shown)}
        model.sort(*by) if by is not None else model.sort(-1)
        model.set_filter(accepts)
        model.update_rows(list(rows))
        wanted = expected(rows, by, accepts)
        assert list(model.shown) == wanted
        assert ids(model) == [row.id for row in wanted]
        assert model.total == len(rows)
        assert [model.number_of(row.id) for row in wanted] == list(range(len(wanted)))
        assert [model.index(number, 0).data() for number in range(len(wanted))] == [row.text for row in wanted]
        for row_id, index in held.items():
            # One that the filter hid meanwhile may be there again, as a new row.
            assert not index.isValid() or index.data() == row_id
    assert not resets


def test_an_index_stays_on_its_row_through_updates_and_sorting(qapp: QApplication) -> None:
    rows = [Row(name, name, number) for number, name in enumerate("abc")]
    model = made(rows)
    index = QPersistentModelIndex(model.index(1, 2))
    model.sort(1, DESCENDING)
    model.update_rows([Row("x", "x", 9), *(replace(row, number=-row.number) for row in rows)])
    assert (index.row(), index.data()) == (2, "b")
    model.update_rows(rows[2:])
    assert not index.isValid()


def test_what_changed_is_one_range_and_what_did_not_is_untouched(qapp: QApplication) -> None:
    rows = [Row(name, name) for name in "abcdef"]
    model = made(rows)
    ranges: list[tuple[int, int]] = []
    model.dataChanged.connect(lambda first, last, _roles: ranges.append((first.row(), last.row())))
    model.update_rows([replace(row) for row in rows])
    assert ranges == []
    model.update_rows([replace(row, text="new") if row.id in "bd" else row for row in rows])
    assert ranges == [(1, 3)]


def test_new_rows_on_top_come_as_one_insertion(qapp: QApplication) -> None:
    model = made([Row("c"), Row("d")])
    inserted: list[tuple[int, int]] = []
    model.rowsInserted.connect(lambda _parent, first, last: inserted.append((first, last)))
    model.update_rows([Row(name) for name in "abcd"])
    assert inserted == [(0, 1)]


def test_a_change_may_move_a_row_into_the_filter_or_out_of_it(qapp: QApplication) -> None:
    rows = [Row("a", number=0), Row("b", number=1)]
    model = made(rows)
    model.set_filter(even)
    assert ids(model) == ["a"]
    model.update_rows([replace(rows[0], number=3), replace(rows[1], number=4)])
    assert ids(model) == ["b"]
    model.set_filter(None)
    assert ids(model) == ["a", "b"]


def test_when_cells_say_something_else_the_order_is_found_anew(qapp: QApplication) -> None:
    names = {"a": "zebra", "b": "yak"}
    columns = (RowColumn("Name", 5, lambda row: Cell(names[row.id]), lambda row: names[row.id]),)
    model: RowsModel[Row] = RowsModel(columns, attrgetter("id"), lambda _name: QIcon())
    model.update_rows([Row("a"), Row("b")])
    model.sort(0)
    assert ids(model) == ["b", "a"]
    names["a"] = "ant"
    model.redraw()
    assert ids(model) == ["a", "b"]


def test_a_column_without_an_order_does_not_sort(qapp: QApplication) -> None:
    model = made([Row("b"), Row("a")])
    model.sort(2)
    assert ids(model) == ["b", "a"]


def test_two_rows_with_one_id_are_a_mistake_that_changes_nothing(qapp: QApplication) -> None:
    model = made([Row("a")])
    with pytest.raises(ValueError, match="one id"):
        model.update_rows([Row("b"), Row("b", "other")])
    assert (ids(model), model.total) == (["a"], 1)


def test_the_selection_stays_on_its_row_even_when_nearly_everything_is_another(qapp: QApplication) -> None:
    model = made([Row(str(number), number=number) for number in range(1000)])
    table = Table(model, "Things")
    table.select_row(501)
    # Every other row goes, which is more than is told one by one.
    resets: list[bool] = []
    model.modelReset.connect(lambda: resets.append(True))
    model.update_rows([Row(str(number), number=number) for number in range(1, 1000, 2)])
    assert resets
    assert table.selected_id() == "501"
    model.update_rows([Row("other")])
    assert table.selected_id() is None


class Crowd:
    """Ten thousand rows in a table that is sorted and filtered, as a busy day brings."""

    def __init__(self) -> None:
        self.newcomers = 0
        self.rows = [Row(f"s-{n}", f"name {n * 7919 % 10_000:05}", n) for n in range(10_000)]
        self.model: RowsModel[Row] = RowsModel(COLUMNS, attrgetter("id"), lambda _name: QIcon())
        self.table = Table(self.model, "Things")
        self.table.resize(900, 500)
        self.table.show()
        self.model.update_rows(tuple(self.rows))


def test_what_was_shown_stays_until_many_rows_are_weighed(qapp: QApplication, qtbot: Any) -> None:
    crowd = Crowd()
    model = crowd.model
    qtbot.waitUntil(lambda: model.rowCount() == 10_000)
    assert model.line_id(0) == "s-0"
    with qtbot.waitSignal(model.settled, timeout=5000):
        model.sort(1, DESCENDING)
        assert model.weighing
        assert model.line_id(0) == "s-0"
        model.set_filter(even)
    assert (model.line_id(0), model.rowCount()) == ("s-9998", 5000)
    crowd.table.close()

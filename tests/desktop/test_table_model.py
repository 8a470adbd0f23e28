"""The table model: it becomes any list of lines, touches only what differs, and keeps the selection."""

from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPersistentModelIndex
from PySide6.QtGui import QIcon
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication

from app.desktop.models.lines import Cell, Column, Line
from app.desktop.models.table_model import TableModel
from app.desktop.widgets.table import Table


def made() -> TableModel:
    model = TableModel([Column("A", 5), Column("B", 5, numeric=True)], lambda name: QIcon())
    model.tester = QAbstractItemModelTester(  # type: ignore[attr-defined]
        model, QAbstractItemModelTester.FailureReportingMode.Fatal
    )
    return model


def line(line_id: str, text: str = "") -> Line:
    return Line(line_id, (Cell(text or line_id), Cell("1")))


def ids(model: TableModel) -> list[str | None]:
    return [model.line_id(row) for row in range(model.rowCount())]


names = st.lists(st.sampled_from("abcdefghij"), unique=True)


@given(first=names, second=names)
def test_it_becomes_any_list_and_indexes_follow_their_lines(first: list[str], second: list[str]) -> None:
    model = made()
    model.update_lines([line(name) for name in first])
    held = {name: QPersistentModelIndex(model.index(row, 0)) for row, name in enumerate(first)}
    model.update_lines([line(name, name.upper()) for name in second])
    assert ids(model) == second
    for name, index in held.items():
        assert index.isValid() == (name in second)
        if index.isValid():
            assert index.data() == name.upper()


def test_what_changed_is_one_range_and_what_did_not_is_untouched(qapp: QApplication) -> None:
    model = made()
    model.update_lines([line(name) for name in "abcdef"])
    ranges: list[tuple[int, int]] = []
    model.dataChanged.connect(lambda first, last, _roles: ranges.append((first.row(), last.row())))
    model.update_lines([line(name) for name in "abcdef"])
    assert ranges == []
    model.update_lines([line(name, "new" if name in "bd" else "") for name in "abcdef"])
    assert ranges == [(1, 3)]


def test_new_lines_on_top_come_as_one_insertion(qapp: QApplication) -> None:
    model = made()
    model.update_lines([line(name) for name in "cd"])
    inserted: list[tuple[int, int]] = []
    model.rowsInserted.connect(lambda _parent, first, last: inserted.append((first, last)))
    model.update_lines([line(name) for name in "abcd"])
    assert inserted == [(0, 1)]


def test_the_selection_stays_on_its_line(qapp: QApplication) -> None:
    model = made()
    table = Table(model, "Things")
    model.update_lines([line(name) for name in "abc"])
    table.select_row(1)
    model.update_lines([line(name, "other") for name in "xcab"])
    assert table.selected_id() == "b"
    model.update_lines([line(name) for name in "xca"])
    assert table.selected_id() != "b"


def test_two_lines_with_one_id_are_a_mistake(qapp: QApplication) -> None:
    model = made()
    try:
        model.update_lines([line("a"), line("a")])
    except ValueError:
        return
    raise AssertionError("accepted")

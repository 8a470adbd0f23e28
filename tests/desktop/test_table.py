"""How the table shares its width, and keeps what the user looks at while it is updated."""

from collections.abc import Iterator
from operator import attrgetter

import pytest
from PySide6.QtCore import QByteArray, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QIcon, QPainter
from PySide6.QtWidgets import QApplication, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from app.desktop.models.lines import Cell
from app.desktop.models.rows_model import RowColumn, RowsModel
from app.desktop.widgets.table import Table
from tests.desktop.test_rows_model import Row

COLUMNS: tuple[RowColumn[Row], ...] = (
    RowColumn("Name", 10, lambda row: Cell(row.text), attrgetter("text"), stretch=True),
    RowColumn("Result", 20, lambda row: Cell(row.id), stretch=True),
    RowColumn("Size", 6, lambda row: Cell(str(row.number)), attrgetter("number"), numeric=True),
)


def made() -> Table:
    return Table(RowsModel(COLUMNS, attrgetter("id"), lambda _name: QIcon()), "Things")


@pytest.fixture
def table(qapp: QApplication) -> Iterator[Table]:
    shown = made()
    shown.show()
    yield shown
    shown.close()
    shown.deleteLater()


def model_of(table: Table) -> RowsModel[Row]:
    model = table.model()
    assert isinstance(model, RowsModel)
    return model


def widths(table: Table, total: int) -> list[int]:
    table.resize(total, 200)
    QApplication.processEvents()
    return [table.columnWidth(column) for column in range(len(COLUMNS))]


def rows(first: int, last: int, text: str = "") -> list[Row]:
    return [Row(str(number), f"{number}{text}", number) for number in range(first, last)]


def test_the_columns_fill_the_table_and_those_that_stretch_take_what_is_left(table: Table) -> None:
    small, large = widths(table, 600), widths(table, 900)
    assert sum(large) == table.viewport().width()
    assert [after - before for before, after in zip(small, large, strict=True)] == [150, 150, 0]


def test_in_a_narrow_window_they_give_some_but_not_all(table: Table) -> None:
    digit = table.fontMetrics().horizontalAdvance("0")
    name, result, size = widths(table, 250)
    assert sum((name, result, size)) == table.viewport().width()
    assert widths(table, 60)[0] > 5 * digit
    assert widths(table, 60)[2] == size


def test_the_width_that_the_user_gave_a_column_stays(table: Table) -> None:
    widths(table, 900)
    table.horizontalHeader().resizeSection(2, 222)
    assert widths(table, 800)[2] == 222
    assert sum(widths(table, 800)) == table.viewport().width()


def test_widths_and_order_come_back_in_the_next_window(table: Table) -> None:
    widths(table, 900)
    table.horizontalHeader().resizeSection(2, 222)
    table.sort_by(2, Qt.SortOrder.DescendingOrder)
    model_of(table).update_rows(rows(0, 9))
    other = made()
    model_of(other).update_rows(rows(0, 9))
    other.arrange(table.arrangement())
    assert widths(other, 700)[2] == 222
    assert model_of(other).line_id(0) == "8"


@pytest.mark.parametrize("state", [None, b"", b"\xff", b"[]", b'{"widths": [1]}', b'{"widths": ["a"], "sorted": 7}'])
def test_what_is_kept_but_does_not_fit_changes_nothing(table: Table, state: bytes | None) -> None:
    before = widths(table, 900)
    table.arrange(None if state is None else QByteArray(state))
    assert widths(table, 900) == before


def test_headers_and_cells_have_the_same_room_beside_their_text(table: Table) -> None:
    cells = table.style().pixelMetric(QStyle.PixelMetric.PM_FocusFrameHMargin, None, table) + 1
    header = table.horizontalHeader()
    titles = header.style().pixelMetric(QStyle.PixelMetric.PM_HeaderMargin, None, header)
    assert cells == titles >= 6


def test_an_update_keeps_the_selection_the_scroll_position_and_what_is_equal(table: Table) -> None:
    model = model_of(table)
    model.update_rows(rows(0, 200))
    table.select_row(150)
    table.scrollTo(model.index(150, 0))
    place = table.verticalScrollBar().value()
    changes: list[object] = []
    model.dataChanged.connect(lambda *what: changes.append(what))
    model.update_rows(rows(0, 200))
    assert changes == []
    model.update_rows(rows(0, 200, " again"))
    assert len(changes) == 1
    assert (table.selected_id(), table.verticalScrollBar().value()) == ("150", place)


@pytest.mark.parametrize("many", [3, 500])
def test_what_comes_above_does_not_move_what_the_user_reads(table: Table, many: int) -> None:
    table.resize(400, 300)
    model = model_of(table)
    model.update_rows(rows(1000, 2000))
    QApplication.processEvents()
    table.verticalScrollBar().setValue(777)
    QApplication.processEvents()
    first, offset = model.line_id(table.rowAt(0)), table.rowViewportPosition(table.rowAt(0))
    # In one piece, or between all others.
    if many < 10:
        model.update_rows([*rows(0, many), *rows(1000, 2000)])
    else:
        model.update_rows([row for pair in zip(rows(0, many), rows(1000, 1000 + many), strict=True) for row in pair])
    QApplication.processEvents()
    assert (model.line_id(table.rowAt(0)), table.rowViewportPosition(table.rowAt(0))) == (first, offset)


def test_who_looks_at_the_top_sees_what_comes(table: Table) -> None:
    table.resize(400, 300)
    model = model_of(table)
    model.update_rows(rows(1000, 2000))
    model.update_rows([*rows(0, 3), *rows(1000, 2000)])
    QApplication.processEvents()
    assert model.line_id(table.rowAt(0)) == "0"


def test_columns_that_fold_go_where_there_is_no_room_and_come_back(qapp: QApplication) -> None:
    columns = (
        RowColumn[Row]("Name", 10, lambda row: Cell(row.text), attrgetter("text"), stretch=True),
        RowColumn[Row]("First", 10, lambda row: Cell(row.text), folds=2),
        RowColumn[Row]("Size", 10, lambda row: Cell(row.text), numeric=True),
        RowColumn[Row]("Next", 10, lambda row: Cell(row.text), folds=1),
        RowColumn[Row]("Never", 10, lambda row: Cell(row.text)),
    )
    table = Table(RowsModel(columns, attrgetter("id"), lambda _name: QIcon()), "Things")
    table.setColumnHidden(4, True)
    table.show()
    each = table._wanted_width(columns[1])
    seen = []
    for total in (5 * each, 3 * each, 2 * each, each, 3 * each, 5 * each):
        table.resize(total + 2 * table.frameWidth(), 200)
        QApplication.processEvents()
        seen.append([number for number in range(5) if not table.isColumnHidden(number)])
        if total > each:
            assert table.horizontalHeader().length() <= table.viewport().width()
    assert seen == [[0, 1, 2, 3], [0, 2, 3], [0, 2], [0, 2], [0, 2, 3], [0, 1, 2, 3]]
    table.close()
    table.deleteLater()


def test_only_the_two_rows_are_drawn_when_another_one_is_current(table: Table) -> None:
    class Noting(QStyledItemDelegate):
        """Notes which rows are drawn."""

        def paint(
            self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
        ) -> None:
            drawn.add(index.row())

    drawn: set[int] = set()
    model_of(table).update_rows([Row(str(n), f"row {n}", n) for n in range(50)])
    table.setItemDelegate(Noting(table))
    table.resize(500, 400)
    table.select_row(2)
    QApplication.processEvents()
    table.viewport().repaint()
    assert len(drawn) > 5
    drawn.clear()
    table.select_row(3)
    QApplication.processEvents()
    assert drawn == {2, 3}

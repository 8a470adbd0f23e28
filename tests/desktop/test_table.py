"""How the table shares its width, and keeps what the user looks at while it is updated."""

from collections.abc import Iterator

import pytest
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication, QStyle

from app.desktop.models.lines import Cell, Column, Line
from app.desktop.models.table_model import TableModel
from app.desktop.widgets.table import Table

COLUMNS = (Column("Name", 10, stretch=True), Column("Result", 20, stretch=True), Column("Size", 6, numeric=True))


@pytest.fixture
def table(qapp: QApplication) -> Iterator[Table]:
    made = Table(TableModel(COLUMNS, lambda _name: QIcon()), "Things")
    made.show()
    yield made
    made.close()
    made.deleteLater()


def widths(table: Table, total: int) -> list[int]:
    table.resize(total, 200)
    QApplication.processEvents()
    return [table.columnWidth(column) for column in range(len(COLUMNS))]


def lines(count: int, suffix: str = "") -> list[Line]:
    return [Line(str(number), tuple(Cell(f"{number}{suffix}") for _ in COLUMNS)) for number in range(count)]


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


def test_headers_and_cells_have_the_same_room_beside_their_text(table: Table) -> None:
    cells = table.style().pixelMetric(QStyle.PixelMetric.PM_FocusFrameHMargin, None, table) + 1
    header = table.horizontalHeader()
    titles = header.style().pixelMetric(QStyle.PixelMetric.PM_HeaderMargin, None, header)
    assert cells == titles >= 6


def test_an_update_keeps_the_selection_the_scroll_position_and_what_is_equal(table: Table) -> None:
    model = table.model()
    assert isinstance(model, TableModel)
    model.update_lines(lines(200))
    table.select_row(150)
    table.scrollTo(model.index(150, 0))
    place = table.verticalScrollBar().value()
    changes: list[object] = []
    model.dataChanged.connect(lambda *what: changes.append(what))
    model.update_lines(lines(200))
    assert changes == []
    model.update_lines(lines(200, " again"))
    assert len(changes) == 1
    assert (table.selected_id(), table.verticalScrollBar().value()) == ("150", place)

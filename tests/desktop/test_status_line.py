"""The line at the foot of the window."""

from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QApplication, QPlainTextEdit, QVBoxLayout, QWidget

from app.desktop.widgets.status_line import StatusLine

LONG = "The environment variables for bash are copied, with your license. From Codex 0.120 on they are not enough."


@pytest.fixture
def line(qapp: QApplication) -> Iterator[StatusLine]:
    around = QWidget()
    column = QVBoxLayout(around)
    made = StatusLine()
    column.addWidget(QPlainTextEdit(), 1)
    column.addWidget(made)
    around.resize(300, 300)
    around.show()
    yield made
    around.close()
    around.deleteLater()


def test_what_just_happened_takes_the_place_of_what_is_always_true_and_goes(line: StatusLine) -> None:
    line.show_standing("always")
    line.show_passing("just now")
    assert line.text == "just now"
    line.show_standing("always, but different")
    assert line.text == "just now"
    line.clear_passing()
    assert line.text == "always, but different"


def test_a_long_text_is_wrapped_and_its_room_given_back(line: StatusLine, qapp: QApplication) -> None:
    line.show_standing("always")
    qapp.processEvents()
    before = line.height()
    line.show_passing(LONG)
    qapp.processEvents()
    assert line.height() >= line.currentWidget().heightForWidth(line.width()) > before
    line.clear_passing()
    qapp.processEvents()
    assert line.height() == before

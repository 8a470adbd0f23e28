"""A row that becomes a column where it is too narrow."""

from typing import Any

import pytest
from PySide6.QtWidgets import QApplication, QPushButton, QWidget

from app.desktop.widgets.folding_row import FoldingRow


@pytest.fixture
def around(qtbot: Any) -> QWidget:
    """A row in a window of its own would not become narrower than its layout."""
    made = QWidget()
    qtbot.addWidget(made)
    return made


def row(around: QWidget, *labels: str, beside_from: int | None = None) -> tuple[FoldingRow, list[QPushButton]]:
    made = FoldingRow(8, beside_from)
    made.setParent(around)
    buttons = [QPushButton(label) for label in labels]
    for button in buttons:
        made.line.addWidget(button)
    around.show()
    return made, buttons


def is_row(made: FoldingRow, buttons: list[QPushButton], width: int) -> bool:
    made.resize(width, 200)
    QApplication.processEvents()
    return len({button.y() for button in buttons}) == 1


def test_what_does_not_fit_beside_stands_below(around: QWidget) -> None:
    made, buttons = row(around, "Sign in", "Import", "Paste")
    fits = sum(button.sizeHint().width() for button in buttons) + 16
    assert is_row(made, buttons, fits)
    assert not is_row(made, buttons, fits - 1)
    assert is_row(made, buttons, fits)
    assert made.minimumSizeHint().width() <= max(button.sizeHint().width() for button in buttons)


def test_what_is_hidden_takes_no_room(around: QWidget) -> None:
    made, buttons = row(around, "Sign in", "Import", "Paste")
    buttons[1].hide()
    seen = [buttons[0], buttons[2]]
    assert is_row(made, seen, sum(button.sizeHint().width() for button in seen) + 8)


def test_the_width_from_which_on_it_is_a_row_can_be_given(around: QWidget) -> None:
    made, buttons = row(around, "One", "Two", beside_from=700)
    assert is_row(made, buttons, 700)
    assert not is_row(made, buttons, 699)

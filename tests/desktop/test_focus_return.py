"""The keyboard after a button has rested."""

from collections.abc import AsyncIterator

import pytest
from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication, QDialog, QPushButton, QVBoxLayout, QWidget

from app.desktop.widgets.focus_return import FocusReturn
from tests.desktop.test_keyboard import activated


class Window(QWidget):
    """Four buttons, one below the other."""

    def __init__(self) -> None:
        super().__init__()
        column = QVBoxLayout(self)
        self.buttons = [QPushButton(name) for name in ("One", "Two", "Three", "Four")]
        for button in self.buttons:
            column.addWidget(button)

    @property
    def at(self) -> str:
        """What has the keyboard."""
        focused = self.focusWidget()
        return focused.text() if isinstance(focused, QPushButton) else ""


@pytest.fixture
async def window(qapp: QApplication) -> AsyncIterator[Window]:
    returning = FocusReturn(qapp)
    window = Window()
    window.show()
    await activated(window)
    window.buttons[1].setFocus()
    yield window
    window.close()
    window.deleteLater()
    returning.setParent(None)
    returning.deleteLater()


async def test_a_button_that_rested_has_the_keyboard_again(window: Window) -> None:
    one, two, *_ = window.buttons
    two.setEnabled(False)
    assert window.at == "Three"
    two.setEnabled(True)
    assert window.at == "Two"
    one.setFocus()
    two.setEnabled(False)
    two.setEnabled(True)
    assert window.at == "One"


async def test_also_when_its_neighbours_rest_with_it(window: Window) -> None:
    _one, two, three, _four = window.buttons
    two.setEnabled(False)
    three.setEnabled(False)
    assert window.at == "Four"
    two.setEnabled(True)
    assert window.at == "Two"
    three.setEnabled(True)
    assert window.at == "Two"


async def test_what_the_user_chose_meanwhile_holds(window: Window) -> None:
    one, two, *_ = window.buttons
    two.setEnabled(False)
    one.setFocus()
    two.setEnabled(True)
    assert window.at == "One"


async def test_a_dialog_in_between_changes_nothing(window: Window) -> None:
    two = window.buttons[1]
    two.setEnabled(False)
    dialog = QDialog(window)
    column = QVBoxLayout(dialog)
    column.addWidget(QPushButton("Cancel"))
    dialog.show()
    await activated(dialog)
    dialog.close()
    await activated(window)
    two.setEnabled(True)
    assert window.at == "Two"


async def test_a_button_that_goes_while_it_rests_is_forgotten(window: Window) -> None:
    two = window.buttons[1]
    two.setEnabled(False)
    two.setParent(None)
    two.deleteLater()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    window.buttons[0].setFocus()
    assert window.at == "One"

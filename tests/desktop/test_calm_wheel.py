"""Scrolling past a choice does not change it; tests/e2e/test_window.py sees that the page scrolls instead."""

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QComboBox, QSpinBox, QWidget

from app.desktop.widgets.form import Form


@pytest.mark.parametrize("kind", [QComboBox, QSpinBox])
def test_the_wheel_is_left_to_the_page_also_by_a_choice_that_was_just_used(
    qapp: QApplication, kind: type[QComboBox | QSpinBox]
) -> None:
    content, control = QWidget(), kind()
    if isinstance(control, QComboBox):
        control.addItems(["a", "b", "c"])
    else:
        control.setValue(5)
    content.setLayout(form := Form())
    form.row("Choice:", control)
    content.show()
    control.setFocus()
    before = shown(control)
    middle = QPointF(control.rect().center())
    down, buttons, keys = QPoint(0, -120), Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier
    event = QWheelEvent(middle, middle, QPoint(), down, buttons, keys, Qt.ScrollPhase.NoScrollPhase, False)
    event.accept()
    QApplication.sendEvent(control, event)
    # Then Qt offers it to the page.
    assert not event.isAccepted()
    assert shown(control) == before
    content.close()


def shown(control: QComboBox | QSpinBox) -> str:
    return control.currentText() if isinstance(control, QComboBox) else control.text()

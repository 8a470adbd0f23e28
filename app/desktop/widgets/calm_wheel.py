"""Keeps choices as they are while somebody scrolls past them with the mouse's wheel."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QAbstractScrollArea, QAbstractSpinBox, QComboBox, QWidget


def leave_wheel_to_page(control: QWidget) -> None:
    """Let the page scroll where this control would change its value: choices here hold at once."""
    if isinstance(control, QComboBox | QAbstractSpinBox):
        control.installEventFilter(_PassedOn(control))
        # The wheel alone shall not bring the keyboard either.
        control.setFocusPolicy(Qt.FocusPolicy.StrongFocus)


def leave_wheel_until_chosen(area: QAbstractScrollArea) -> None:
    """Let the page scroll past what scrolls by itself, until that has the keyboard, such as by a click."""
    area.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    area.viewport().installEventFilter(_PassedOnAtFirst(area))


class _PassedOn(QObject):
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Qt offers an event that was not accepted to the parent."""
        if event.type() == QEvent.Type.Wheel:
            event.ignore()
            return True
        return super().eventFilter(watched, event)


class _PassedOnAtFirst(_PassedOn):
    def __init__(self, area: QAbstractScrollArea) -> None:
        super().__init__(area)
        self._area = area

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Nothing but the wheel is looked at: the last events come when half of the area is gone."""
        if event.type() != QEvent.Type.Wheel or self._area.hasFocus():
            return False
        return super().eventFilter(watched, event)

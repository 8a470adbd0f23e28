"""Keeps choices as they are while somebody scrolls past them with the mouse's wheel."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QAbstractSpinBox, QComboBox, QWidget


def leave_wheel_to_page(control: QWidget) -> None:
    """Let the page scroll where this control would change its value: choices here hold at once."""
    if isinstance(control, QComboBox | QAbstractSpinBox):
        control.installEventFilter(_PassedOn(control))
        # The wheel alone shall not bring the keyboard either.
        control.setFocusPolicy(Qt.FocusPolicy.StrongFocus)


class _PassedOn(QObject):
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Qt offers an event that was not accepted to the parent."""
        if event.type() == QEvent.Type.Wheel:
            event.ignore()
            return True
        return super().eventFilter(watched, event)

"""The line at the foot of the window: what is always true, and for a while what just went well."""

from __future__ import annotations

from PySide6.QtCore import QTimer
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QLabel, QStackedWidget, QWidget

from app.desktop.widgets.quiet_label import QuietLabel

_PASSING_MS = 10_000


class StatusLine(QStackedWidget):
    """One text at a time, so that none covers another; a long one is wrapped, so that none is cut off."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._standing = QuietLabel()
        self._passing = QLabel()
        for label in (self._standing, self._passing):
            label.setWordWrap(True)
            # Otherwise a long word would widen the window.
            label.setMinimumWidth(1)
            self.addWidget(label)
        self._end = QTimer(self)
        self._end.setSingleShot(True)
        self._end.setInterval(_PASSING_MS)
        self._end.timeout.connect(self.clear_passing)

    @property
    def text(self) -> str:
        """What it says now."""
        label = self.currentWidget()
        return label.text() if isinstance(label, QLabel) else ""

    def show_standing(self, text: str) -> None:
        """Say this whenever there is nothing newer to say."""
        if text != self._standing.text():
            self._standing.setText(text)

    def show_passing(self, text: str) -> None:
        """Say this for a while; screen readers speak it."""
        self._passing.setText(text)
        self.setCurrentWidget(self._passing)
        self._end.start()
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self._passing, text))

    def clear_passing(self) -> None:
        """Say again what is always true."""
        self._end.stop()
        # The higher of the two labels sets the height; a hidden one would not tell that it is lower now.
        self._passing.clear()
        self.setCurrentWidget(self._standing)

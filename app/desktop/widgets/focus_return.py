"""The keyboard comes back to a control that rested while what it began was done."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QApplication, QWidget
from shiboken6 import isValid


class FocusReturn(QObject):
    """Gives the keyboard back to a control that was disabled while it had it, as soon as it is enabled again.

    Qt hands the keyboard on to the next control, and leaves it there: after each press of a button whose work takes a
    moment, whoever has no mouse would have to walk back. What the user chooses meanwhile holds.

    Args:
        application: whose windows it is for; also its parent.
    """

    def __init__(self, application: QApplication) -> None:
        super().__init__(application)
        self._at: QWidget | None = None
        self._resting: QWidget | None = None
        # What has the keyboard in its stead.
        self._deputy: QWidget | None = None
        # Without the widgets that the signal brings: one of them may be half gone.
        application.focusChanged.connect(self._on_focus)
        self._on_focus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Of the resting control alone."""
        if event.type() == QEvent.Type.EnabledChange and watched is self._resting and self._resting.isEnabled():
            resting, deputy = self._resting, self._deputy
            self._forget()
            if resting.window().focusWidget() is deputy:
                resting.setFocus(Qt.FocusReason.OtherFocusReason)
        return False

    def _on_focus(self) -> None:
        now = QApplication.focusWidget()
        if now is None:
            return
        before, self._at = self._at, now
        if self._resting is not None and not isValid(self._resting):
            self._resting = None
        if self._resting is not None:
            if now.window() is not self._resting.window() or now is self._deputy:
                return
            if _rests(self._deputy, now):
                self._deputy = now
                return
            self._forget()
        if before is not None and _rests(before, now):
            self._resting, self._deputy = before, now
            before.installEventFilter(self)

    def _forget(self) -> None:
        if self._resting is not None:
            self._resting.removeEventFilter(self)
        self._resting = self._deputy = None


def _rests(before: QWidget | None, now: QWidget) -> bool:
    """Whether the keyboard left this control because it was disabled."""
    if before is None or not isValid(before) or before is now:
        return False
    return before.window() is now.window() and before.isVisible() and not before.isEnabled()

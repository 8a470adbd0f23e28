"""A second double-click on macOS, where it starts no second process."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QApplication

# Qt puts itself in front when it starts, also when it starts in the tray: that is nobody's double-click. In seconds.
_STARTS_S = 5.0


class Reopening(QObject):
    """Tells when the user opens the running application again, in the Finder or in Launchpad.

    macOS then sends the event "reopen" to the one that runs, of which Qt makes an application that becomes active, even
    if it is so already (QTBUG-10899). With a window on the screen macOS brings that to the front itself.

    Args:
        application: that runs; also the parent.
        clock: monotonic, in seconds.

    Signals:
        asked: there is no window, and the user wants one.
    """

    asked = Signal()

    def __init__(self, application: QApplication, clock: Callable[[], float]) -> None:
        super().__init__(application)
        self._clock = clock
        self._started = clock()
        application.applicationStateChanged.connect(self._on_state)

    def _on_state(self, state: Qt.ApplicationState) -> None:
        if state is not Qt.ApplicationState.ApplicationActive or self._clock() - self._started < _STARTS_S:
            return
        windows = QApplication.topLevelWidgets()
        if not any(window.isVisible() and not window.isMinimized() for window in windows):
            self.asked.emit()

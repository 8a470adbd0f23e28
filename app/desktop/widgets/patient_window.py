"""A window that lets others go first before it is drawn."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QEvent, QTimer
from PySide6.QtWidgets import QMainWindow


class PatientWindow(QMainWindow):
    """A main window that is drawn in a turn of the loop of its own.

    Qt lays out and draws in one go with everything else that is posted, and looks at sockets only afterwards. After a
    page was turned that is the longest time in which nothing is read; in two parts each is half as long.
    """

    def __init__(self) -> None:
        self._waiting = False
        self._drawing = False
        super().__init__()

    def event(self, event: QEvent) -> bool:
        """Put off drawing until what has come on sockets is read; on macOS the system itself says when to draw."""
        if event.type() == QEvent.Type.UpdateRequest and not self._drawing:
            if not self._waiting:
                self._waiting = True
                QTimer.singleShot(0, self, self._prepare)
            return True
        return super().event(event)

    def prepare(self) -> None:
        """What can be done of drawing before it; in a turn of its own too."""

    def _prepare(self) -> None:
        # First, for it has to come whatever happens here.
        QTimer.singleShot(0, self, self._draw)
        self.prepare()

    def _draw(self) -> None:
        self._waiting, self._drawing = False, True
        QCoreApplication.sendEvent(self, QEvent(QEvent.Type.UpdateRequest))
        self._drawing = False

"""When a window is drawn."""

from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.desktop.widgets.patient_window import PatientWindow


class Content(QWidget):
    """Counts how often it is drawn."""

    def __init__(self) -> None:
        super().__init__()
        self.drawn = 0

    def paintEvent(self, event: QPaintEvent) -> None:
        self.drawn += 1


def test_a_window_is_drawn_in_a_turn_of_its_own_each_time(qtbot: QtBot) -> None:
    window, content = PatientWindow(), Content()
    qtbot.addWidget(window)
    window.setCentralWidget(content)
    window.show()
    qtbot.waitUntil(lambda: content.drawn > 0 and not window._waiting)
    for _ in range(3):
        before = content.drawn
        content.update()
        # Whoever asks twice waits as well.
        QCoreApplication.postEvent(window, QEvent(QEvent.Type.UpdateRequest))
        # What is posted comes in one go; sockets are looked at only after it.
        QCoreApplication.sendPostedEvents()
        assert content.drawn == before
        qtbot.waitUntil(lambda before=before: content.drawn > before, timeout=5_000)
        assert not window._waiting

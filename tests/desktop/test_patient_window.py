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


def test_what_can_be_done_before_is_done_before_each_drawing(qtbot: QtBot) -> None:
    class Preparing(PatientWindow):
        """Notes how often its content was drawn when it prepares."""

        def prepare(self) -> None:
            prepared.append(content.drawn)

    prepared: list[int] = []
    window, content = Preparing(), Content()
    qtbot.addWidget(window)
    window.setCentralWidget(content)
    window.show()
    qtbot.waitUntil(lambda: content.drawn > 0 and not window._waiting)
    before = content.drawn
    prepared.clear()
    content.update()
    qtbot.waitUntil(lambda: content.drawn > before, timeout=5_000)
    assert prepared == [before]

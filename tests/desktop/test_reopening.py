"""Opening the application once more while it runs. Qt's own signal stands for macOS, which alone sends it so."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QWidget

from app.desktop.reopening import Reopening

ACTIVE, INACTIVE = Qt.ApplicationState.ApplicationActive, Qt.ApplicationState.ApplicationInactive


class Mac:
    """An application that was started at 100 s."""

    def __init__(self, application: QApplication) -> None:
        self.now = 100.0
        self.asked = 0
        self._application = application
        self.reopening = Reopening(application, lambda: self.now)
        self.reopening.asked.connect(self._on_asked)

    def tell(self, state: Qt.ApplicationState) -> None:
        self._application.applicationStateChanged.emit(state)

    def _on_asked(self) -> None:
        self.asked += 1


@pytest.fixture
def mac(qapp: QApplication) -> Iterator[Mac]:
    mac = Mac(qapp)
    yield mac
    mac.reopening.setParent(None)
    mac.reopening.deleteLater()


def test_each_opening_asks_for_the_window_also_of_an_application_that_is_active(mac: Mac) -> None:
    mac.now = 105.0
    mac.tell(ACTIVE)
    mac.tell(ACTIVE)
    assert mac.asked == 2
    mac.tell(INACTIVE)
    assert mac.asked == 2


def test_what_qt_does_at_the_start_opens_no_window(mac: Mac) -> None:
    mac.now = 104.9
    mac.tell(ACTIVE)
    assert mac.asked == 0


@pytest.mark.parametrize(("minimised", "asked"), [(False, 0), (True, 1)])
def test_a_window_that_can_be_seen_is_enough(mac: Mac, minimised: bool, asked: int) -> None:
    mac.now = 200.0
    window = QWidget()
    window.showMinimized() if minimised else window.show()
    mac.tell(ACTIVE)
    assert mac.asked == asked
    window.close()
    mac.tell(ACTIVE)
    assert mac.asked == asked + 1
    window.deleteLater()

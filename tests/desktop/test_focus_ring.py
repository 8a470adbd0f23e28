"""Whatever has the keyboard is seen to have it: its looks change by 3:1 over as much as a line around it."""

from collections import Counter
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPalette
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)
from pytestqt.qtbot import QtBot

from app.desktop.design import colours
from app.desktop.design.colours import contrast
from app.desktop.design.theme import Theme, apply_theme, dark_palette, light_palette
from app.desktop.place import Place
from app.desktop.widgets.focus_return import FocusReturn
from app.desktop.widgets.focus_ring import REACH, FocusRing
from app.desktop.widgets.hours_chart import HoursChart
from app.desktop.widgets.selectable import make_selectable
from tests.desktop.questions import QUESTIONS, opened
from tests.desktop.stage import Stage
from tests.desktop.test_fits import shown
from tests.desktop.test_keyboard import activated


@pytest.fixture
def ring(qapp: QApplication) -> Iterator[FocusRing]:
    made = FocusRing(qapp)
    yield made
    made.close()
    made.deleteLater()


@pytest.fixture(params=[Theme.LIGHT, Theme.DARK])
def themed(qapp: QApplication, request: pytest.FixtureRequest) -> Iterator[Theme]:
    before, style = qapp.palette(), qapp.style().name()
    apply_theme(qapp, request.param)
    yield request.param
    apply_theme(qapp, Theme.SYSTEM)
    qapp.setStyle(style)
    qapp.setPalette(before)


def picture(window: QWidget, where: QRect) -> QImage:
    return window.grab(where.intersected(window.rect())).toImage().convertToFormat(QImage.Format.Format_RGB32)


def changed(one: QImage, other: QImage) -> int:
    """How many pixels differ by 3:1 at least."""
    pixels = (memoryview(image.constBits()).cast("I") for image in (one, other))
    pairs = Counter(pair for pair in zip(*pixels, strict=True) if pair[0] != pair[1])
    return sum(count for (old, new), count in pairs.items() if contrast(QColor(old), QColor(new)) >= 3.0)


def unseen(window: QWidget) -> list[tuple[object, ...]]:
    """What Tab reaches on it without changing its looks enough, with how much it does and should."""
    found: list[tuple[object, ...]] = []
    known: set[QWidget] = set()
    while True:
        QTest.keyClick(QApplication.focusWidget() or window, Qt.Key.Key_Tab)
        widget = QApplication.focusWidget()
        if widget is None or widget in known:
            assert known
            return found
        known.add(widget)
        QApplication.processEvents()
        size = widget.size()
        if isinstance(widget, QAbstractItemView) and widget.currentIndex().isValid():
            # A row.
            size = QSize(widget.viewport().width(), widget.visualRect(widget.currentIndex()).height())
        elif isinstance(widget, HoursChart):
            # An hour.
            size = QSize(0, 60)
        where = QRect(widget.mapTo(window, QPoint(0, 0)), widget.size()).adjusted(-REACH, -REACH, REACH, REACH)
        focused = picture(window, where)
        widget.clearFocus()
        QApplication.processEvents()
        seen, least = changed(focused, picture(window, where)), size.width() + size.height()
        widget.setFocus(Qt.FocusReason.TabFocusReason)
        if seen < least:
            label = getattr(widget, "text", str)()[:40] or widget.accessibleName()
            found.append((type(widget).__name__, label, seen, least))


@pytest.mark.parametrize("place", Place)
async def test_the_keyboard_is_seen_on_every_page(stage: Stage, place: Place, themed: Theme, ring: FocusRing) -> None:
    stage.show(shown("limited"), place)
    await stage.desk.settle()
    await activated(stage.window)
    stage.window.sidebar.setFocus()
    assert unseen(stage.window) == []


@pytest.mark.parametrize("name", QUESTIONS)
async def test_the_keyboard_is_seen_in_every_dialog(stage: Stage, name: str, themed: Theme, ring: FocusRing) -> None:
    dialog = await opened(stage, name)
    await activated(dialog)
    found = unseen(dialog)
    dialog.reject()
    await stage.desk.settle()
    assert found == []


class Room:
    """A window with a button, an entry and words, and a dialog over it."""

    def __init__(self) -> None:
        self.window = QWidget()
        column = QVBoxLayout(self.window)
        self.button, self.entry, self.label = QPushButton("Go"), QLineEdit(), QLabel("Words")
        make_selectable(self.label)
        for part in (self.button, self.entry, self.label):
            column.addWidget(part)
        self.window.show()


@pytest.fixture
async def room(qtbot: QtBot) -> Room:
    made = Room()
    qtbot.addWidget(made.window)
    await activated(made.window)
    return made


def focus_by_tab(widget: QWidget) -> None:
    widget.setFocus(Qt.FocusReason.TabFocusReason)
    QApplication.processEvents()


async def test_the_mouse_brings_no_line_and_tab_brings_it_back(room: Room, ring: FocusRing) -> None:
    focus_by_tab(room.entry)
    focus_by_tab(room.button)
    assert ring.surrounded is room.button
    QTest.mouseClick(room.entry, Qt.MouseButton.LeftButton)
    QApplication.processEvents()
    assert room.entry.hasFocus()
    assert ring.surrounded is None
    QTest.keyClick(room.entry, Qt.Key.Key_Tab)
    QApplication.processEvents()
    assert ring.surrounded is room.label


@pytest.mark.parametrize("keyboard", [True, False])
async def test_a_dialog_shows_the_line_as_its_window_did(room: Room, ring: FocusRing, keyboard: bool) -> None:
    focus_by_tab(room.entry)
    if keyboard:
        focus_by_tab(room.button)
    else:
        QTest.mouseClick(room.button, Qt.MouseButton.LeftButton)
    dialog = QDialog(room.window)
    entry = QLineEdit()
    QHBoxLayout(dialog).addWidget(entry)
    dialog.open()
    await activated(dialog)
    assert ring.surrounded is (entry if keyboard else None)
    dialog.close()
    dialog.deleteLater()
    await activated(room.window)
    QApplication.processEvents()
    # The line went with the dialog, and another stands here.
    assert ring.surrounded is (room.button if keyboard else None)


async def test_a_clicked_button_that_rests_passes_the_keyboard_on_without_a_line(room: Room, ring: FocusRing) -> None:
    focus_by_tab(room.entry)
    QTest.mouseClick(room.button, Qt.MouseButton.LeftButton)
    room.button.setEnabled(False)
    QApplication.processEvents()
    assert QApplication.focusWidget() is not room.button
    assert ring.surrounded is None


async def test_the_line_goes_with_what_it_surrounds(room: Room, ring: FocusRing) -> None:
    focus_by_tab(room.entry)
    room.entry.deleteLater()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    QApplication.processEvents()
    assert ring.surrounded is not room.entry
    focus_by_tab(room.button)
    assert ring.surrounded is room.button


@pytest.mark.parametrize("palette", [light_palette(), dark_palette()])
def test_the_line_stands_out_from_all_that_it_may_lie_on(palette: QPalette) -> None:
    line = colours.focus(palette)
    fields = [palette.color(QPalette.ColorRole.Window), colours.card(palette)]
    fields += [colours.tinted(tone, palette) for tone in colours.Tone]
    assert [field.name() for field in fields if contrast(line, field) < 3.0] == []


@pytest.mark.parametrize("keyboard", [True, False])
async def test_a_button_that_rested_has_the_line_again_only_if_it_had_it(
    qapp: QApplication, room: Room, ring: FocusRing, keyboard: bool
) -> None:
    returning = FocusReturn(qapp)
    focus_by_tab(room.entry)
    if keyboard:
        focus_by_tab(room.button)
    else:
        QTest.mouseClick(room.button, Qt.MouseButton.LeftButton)
    room.button.setEnabled(False)
    QApplication.processEvents()
    assert not room.button.hasFocus()
    room.button.setEnabled(True)
    QApplication.processEvents()
    assert room.button.hasFocus()
    assert ring.surrounded is (room.button if keyboard else None)
    returning.setParent(None)
    returning.deleteLater()

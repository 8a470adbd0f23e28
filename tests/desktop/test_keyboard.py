"""With the keyboard alone: Tab reaches everything once, in the order of reading."""

from itertools import pairwise

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QButtonGroup, QLabel, QMessageBox, QScrollArea, QWidget

from app.desktop.place import Place
from tests.desktop.questions import QUESTIONS, opened
from tests.desktop.stage import Stage, until
from tests.desktop.test_fits import shown

_MOST = 120
# Controls of one line, whose heights differ, in pixels.
_LINE = 14


def reachable(window: QWidget) -> set[QWidget]:
    """All that Tab has to reach: of buttons that exclude each other the pressed one, for the arrows reach the rest."""
    found = set()
    for widget in window.findChildren(QWidget):
        wanted = widget.isVisible() and widget.isEnabled() and bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus)
        if not wanted or widget.window() is not window or widget.focusProxy() is not None:
            continue
        if isinstance(widget, QAbstractButton):
            group: QButtonGroup | None = widget.group()
            exclusive = widget.autoExclusive() or (group is not None and group.exclusive())
            if exclusive and not widget.isChecked():
                continue
        found.add(widget)
    return found


def walked(window: QWidget, key: Qt.Key, most: int = _MOST) -> list[QWidget]:
    """The widgets that get the keyboard, one after the other, until the round is complete."""
    found: list[QWidget] = []
    for _ in range(most):
        before = QApplication.focusWidget() or window
        QTest.keyClick(before, key)
        focused = QApplication.focusWidget()
        if focused is None or (found and focused is found[0]):
            break
        assert focused not in found, (focused, "twice")
        found.append(focused)
    return found


async def activated(window: QWidget) -> None:
    """Wait until it has the keyboard, and has it still when the windows of the test before have gone."""
    seen = 0

    def look() -> bool:
        nonlocal seen
        window.activateWindow()
        QApplication.processEvents()
        seen = seen + 1 if QApplication.activeWindow() is window else 0
        return seen > 5

    await until(look)


def place_of(widget: QWidget, window: QWidget) -> tuple[int, int]:
    at = widget.mapTo(window, QPoint(0, widget.height() // 2))
    return at.y(), at.x()


def check_walk(window: QWidget) -> None:
    QApplication.processEvents()
    forth = walked(window, Qt.Key.Key_Tab)
    assert reachable(window) - set(forth) == set()
    back = walked(window, Qt.Key.Key_Backtab)
    assert set(back) == set(forth)
    turn = forth.index(back[0])
    assert back == [*forth[turn::-1], *forth[:turn:-1]]


def scroll_of(widget: QWidget) -> QWidget | None:
    """What scrolls it."""
    above = widget.parentWidget()
    while above is not None and not isinstance(above, QScrollArea):
        above = above.parentWidget()
    return above


def out_of_order(order: list[QWidget], window: QWidget) -> list[tuple[object, ...]]:
    """Neighbours of which the second stands clearly above the first, or left of it on its line."""
    found = []
    for one, other in pairwise(order):
        if scroll_of(one) is not scroll_of(other):
            # What scrolls stands elsewhere now than when it was reached.
            continue
        (y, x), (next_y, next_x) = place_of(one, window), place_of(other, window)
        if next_y < y - _LINE or (abs(next_y - y) <= _LINE and next_x < x):
            found.append((getattr(one, "text", str)(), getattr(other, "text", str)(), (x, y), (next_x, next_y)))
    return found


@pytest.mark.parametrize("place", Place)
async def test_every_page_is_walked_by_tab(stage: Stage, place: Place) -> None:
    stage.show(shown("limited"), place)
    await stage.desk.settle()
    await activated(stage.window)
    stage.window.sidebar.setFocus()
    check_walk(stage.window)
    page = stage.window.pages[place][0]
    stage.window.sidebar.setFocus()
    # Words that can be selected may be of many lines, and stand beside what they are about.
    walk = [widget for widget in walked(stage.window, Qt.Key.Key_Tab) if not isinstance(widget, QLabel)]
    inside = [widget for widget in walk if page.isAncestorOf(widget)]
    assert inside
    assert out_of_order(inside, stage.window) == []


async def test_the_keyboard_stays_while_the_other_pages_are_made(stage: Stage) -> None:
    stage.show(shown("full"), Place.TOKENS)
    await activated(stage.window)
    lost: list[object] = []
    stage.window.sidebar.setFocus()
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    noted = application.focusChanged.connect(lambda: lost.append(QApplication.focusWidget()))
    for place in Place:
        # A part that is shown before it has its place would be a window for a moment.
        assert stage.window.pages[place][0].window() is stage.window
        QApplication.processEvents()
    application.disconnect(noted)
    assert lost == []
    assert QApplication.focusWidget() is stage.window.sidebar


async def test_the_window_that_stays_where_no_tray_is_is_walked_too(stage: Stage) -> None:
    stage.window.show_tray(False)
    stage.show(shown("full"), Place.OVERVIEW)
    await stage.desk.settle()
    await activated(stage.window)
    stage.window.sidebar.setFocus()
    check_walk(stage.window)
    QTest.keyClick(stage.window, Qt.Key.Key_Escape)
    # The only way back to it.
    assert stage.window.isVisible()
    assert stage.window.isMinimized()


@pytest.mark.parametrize("name", QUESTIONS)
async def test_a_dialog_is_walked_by_tab_and_left_by_escape(stage: Stage, name: str) -> None:
    dialog = await opened(stage, name)
    await activated(dialog)
    check_walk(dialog)
    walk = [widget for widget in walked(dialog, Qt.Key.Key_Tab) if not isinstance(widget, QLabel)]
    if not isinstance(dialog, QMessageBox):
        # It goes round from where the keyboard was; the last may stand above the first.
        turns = out_of_order([*walk, walk[0]], dialog) if len(walk) > 1 else []
        assert len(turns) <= 1, turns
    QTest.keyClick(QApplication.focusWidget() or dialog, Qt.Key.Key_Escape)
    await stage.desk.settle()
    assert not dialog.isVisible()
    assert stage.desk.failures == []

"""The window for those who use the keyboard, a screen reader, a dark desktop, or a small screen."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import (
    QAccessible,
    QColor,
    QContextMenuEvent,
    QDragEnterEvent,
    QIcon,
    QPalette,
    QTextCursor,
)
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QMenu, QWidget

from app.desktop.icons import Icons
from app.desktop.overview import starting
from app.desktop.pages.text_card import What
from app.desktop.place import Place
from app.desktop.widgets.masked_text import MaskedText
from app.desktop.widgets.quiet_label import QuietLabel
from app.desktop.widgets.symbol import Symbol
from app.gateway.snapshot import RunState
from app.platform.codex_setup import environment_text
from app.platform.shells import Shell
from tests.desktop.scripted import LICENSE, RUNNING, busy_port, session, token
from tests.desktop.stage import FULL, Desk, Stage


async def test_keys_turn_pages_close_and_quit(stage: Stage, qtbot: Any) -> None:
    stage.show(FULL)
    with qtbot.waitActive(stage.window):
        stage.window.bring_up()
    QTest.keyClick(stage.window, Qt.Key.Key_3, Qt.KeyboardModifier.ControlModifier)
    assert stage.window.place is Place.SESSIONS
    QTest.keyClick(stage.window, Qt.Key.Key_Q, Qt.KeyboardModifier.ControlModifier)
    assert stage.quits == 1
    QTest.keyClick(stage.window, Qt.Key.Key_Escape)
    assert not stage.window.isVisible()


async def test_every_button_without_words_has_a_name_for_screen_readers(stage: Stage) -> None:
    stage.show(replace(FULL, state=RunState.FAILED, problem=busy_port()))
    stage.window.tell_failure("It did not work.")
    for item in stage.window.findChildren(QAbstractButton):
        ours = type(item).__module__ != "PySide6.QtWidgets" or item.parent() is not None
        if ours and not item.text() and not item.icon().isNull():
            assert item.accessibleName(), item


def test_the_window_fits_a_small_screen(stage: Stage) -> None:
    stage.show(FULL)
    least = stage.window.minimumSizeHint().expandedTo(stage.window.minimumSize())
    assert least.width() <= 1024
    assert least.height() <= 600


def test_everything_follows_the_system_from_light_to_dark_and_back(stage: Stage, qapp: QApplication) -> None:
    stage.show(replace(FULL, state=RunState.FAILED, problem=busy_port()))
    light = qapp.palette()
    dark = QPalette(QColor("#2b2b2b"))
    dark.setColor(QPalette.ColorRole.WindowText, QColor("white"))
    dark.setColor(QPalette.ColorRole.ButtonText, QColor("white"))
    try:
        qapp.setPalette(dark)
        qapp.processEvents()
        assert symbols_and_quiet_words(stage.window, lighter_than=0.5)
        qapp.setPalette(light)
        qapp.processEvents()
        assert symbols_and_quiet_words(stage.window, lighter_than=0.0)
        assert not symbols_and_quiet_words(stage.window, lighter_than=0.5)
    finally:
        qapp.setPalette(light)


def symbols_and_quiet_words(window: QWidget, lighter_than: float) -> bool:
    """Whether all symbols of enabled buttons and all quiet labels are lighter than this, of 0 to 1."""
    colours = [label.palette().windowText().color() for label in window.findChildren(QuietLabel)]
    for item in window.findChildren(QAbstractButton):
        if item.findChildren(Symbol) and item.isEnabled():
            image = item.icon().pixmap(32, 32, mode=QIcon.Mode.Normal).toImage()
            drawn = [image.pixelColor(x, y) for x in range(32) for y in range(32)]
            colours += [max((colour for colour in drawn if colour.alpha() == 255), key=QColor.lightnessF)]
    assert len(colours) > 8
    return all(colour.lightnessF() >= lighter_than for colour in colours)


async def test_before_the_gateway_is_there_the_pages_do_not_say_that_there_is_nothing(stage: Stage) -> None:
    stage.window.show_overview(starting())
    stage.window.bring_up()
    assert not stage.window.tokens.isVisible()
    stage.window.show_snapshot(FULL)
    assert stage.window.pages[stage.window.place][0].isVisible()
    assert stage.window.focusWidget() is stage.window.sidebar


@pytest.mark.parametrize("language", ["en", "zh_CN"])
async def test_no_two_access_keys_that_can_be_pressed_at_once_are_the_same(
    language: str, icons: Icons, desk: Desk, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if language == "zh_CN":
        request.getfixturevalue("chinese")
    stage = Stage(icons, desk, tmp_path)
    for snapshot in (RUNNING, FULL, replace(FULL, state=RunState.STOPPED)):
        for place in Place:
            stage.show(snapshot, place)
            texts: list[str] = []
            for kind in (QAbstractButton, QLabel):
                texts += [item.text() for item in stage.window.findChildren(kind) if item.isVisible()]
            keys = sorted(key for text in texts if (key := access_key(text)))
            assert keys
            assert keys == sorted(set(keys)), (place, texts)
    stage.window.leave()


def access_key(text: str) -> str:
    """The letter after a single `&`."""
    found = re.search(r"(?<!&)&([^&\s])", text)
    return found[1].upper() if found else ""


async def test_all_that_takes_the_keyboard_is_reached_by_tab_and_has_a_name(stage: Stage, qtbot: Any) -> None:
    for place in Place:
        stage.show(replace(FULL, state=RunState.FAILED, problem=busy_port()), place)
        with qtbot.waitActive(stage.window):
            stage.window.bring_up()
        stage.window.setFocus()
        names = []
        first = None
        for _ in range(40):
            QTest.keyClick(QApplication.focusWidget() or stage.window, Qt.Key.Key_Tab)
            focused = QApplication.focusWidget()
            if focused is first:
                break
            first = first or focused
            names.append(QAccessible.queryAccessibleInterface(focused).text(QAccessible.Text.Name))
        assert all(names), names
        # From top to bottom, wherever the round began.
        turned = names[names.index("Pages") :] + names[: names.index("Pages")]
        assert turned[:2] == ["Pages", "Start"]
        assert turned[3:5] == ["Use port 8788", "Other ways"]
        expected = {
            Place.TOKENS: {"Tokens"},
            Place.SET_UP: {"Look again", "Or copy a text"},
            Place.SESSIONS: {"Live sessions"},
            Place.REQUESTS: {"Last requests"},
        }
        assert expected.get(place, set()) | {"Start", "Use port 8788"} <= set(names), names


async def test_a_folder_or_a_file_that_is_not_there_cannot_be_dropped(stage: Stage, tmp_path: Path) -> None:
    stage.show(FULL)
    for paths in ([tmp_path], [tmp_path / "missing.json"]):
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
        how = (Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
        enter = QDragEnterEvent(QPoint(50, 50), *how)
        enter.ignore()
        QApplication.sendEvent(stage.window, enter)
        assert not enter.isAccepted(), paths


@pytest.mark.parametrize("place", Place)
async def test_a_text_without_spaces_does_not_widen_the_window(stage: Stage, place: Place) -> None:
    long = "x" * 2000
    stage.show(replace(FULL, tokens=(token(1, label=long),), sessions=(session(1, name=long),)), place)
    stage.window.tell_failure(f"{long} cannot be read")
    stage.window.tell(f"The token “{long}” is added.")
    stage.window.tell_failure(f"{long} cannot be read")
    stage.window.resize(800, 560)
    QApplication.processEvents()
    assert stage.window.centralWidget().minimumSizeHint().width() <= 800


async def test_copying_the_mask_from_the_screen_copies_the_whole_text_with_the_license(
    stage: Stage, qapp: QApplication
) -> None:
    stage.show(FULL, Place.SET_UP)
    stage.window.set_up.choose(Shell.BASH, What.ENVIRONMENT)
    view = stage.window.set_up.findChild(MaskedText)
    view.selectAll()
    QTest.keyClick(view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    await stage.desk.settle()
    assert stage.desk.copied == [environment_text(Shell.BASH, FULL.base_url, LICENSE)]

    cursor = view.textCursor()
    cursor.movePosition(QTextCursor.MoveOperation.Start)
    cursor.movePosition(QTextCursor.MoveOperation.EndOfBlock, QTextCursor.MoveMode.KeepAnchor)
    view.setTextCursor(cursor)
    QApplication.sendEvent(
        view.viewport(), QContextMenuEvent(QContextMenuEvent.Reason.Mouse, QPoint(5, 5), QPoint(5, 5))
    )
    menu = next(menu for menu in view.findChildren(QMenu) if menu.isVisible())
    next(action for action in menu.actions() if action.objectName() == "edit-copy").trigger()
    menu.close()
    assert qapp.clipboard().text() == f'export OPENAI_BASE_URL="{FULL.base_url}"'
    assert len(stage.desk.copied) == 1

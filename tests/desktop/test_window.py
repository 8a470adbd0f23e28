"""The window offscreen: pages, notices, buttons, closing, dropping."""

import asyncio
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QAccessible, QColor, QDragEnterEvent, QDropEvent, QIcon, QPalette
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QMessageBox, QPushButton, QWidget

from app.desktop.icons import Icons
from app.desktop.overview import overview, starting
from app.desktop.widgets.quiet_label import QuietLabel
from app.desktop.widgets.symbol import Symbol
from app.desktop.window import MainWindow
from app.gateway.snapshot import GatewaySnapshot, Problem, RunState, TokenState
from app.platform.codex_setup import environment_text, setup_text
from app.platform.shells import Shell
from tests.desktop.conftest import Desk
from tests.desktop.scripted import LICENSE, RUNNING, busy_port, session, token, turn

FULL = replace(RUNNING, tokens=(token(1, label="Work"), token(2)), sessions=(session(1),), turns=(turn(1),))


class Stage:
    """A window with everything around it written down."""

    def __init__(self, icons: Icons, desk: Desk, *, practice: bool = False) -> None:
        self.desk = desk
        self.visible: list[bool] = []
        self.copied: list[str] = []
        self.quits = 0
        self.files_asked = 0
        self.window = MainWindow(
            icons,
            desk.operations,
            shell=Shell.BASH,
            practice=practice,
            choose_auth_json=self._ask_file,
            copy_text=self.copied.append,
            visible_changed=self.visible.append,
            quit=self._quit,
        )

    def show(self, snapshot: GatewaySnapshot, page: int = 0) -> None:
        self.window.show()
        self.window.tabs.setCurrentIndex(page)
        self.window.show_overview(overview(snapshot))
        self.window.show_snapshot(snapshot)

    def _ask_file(self) -> None:
        self.files_asked += 1

    def _quit(self) -> None:
        self.quits += 1


@pytest.fixture
def stage(icons: Icons, desk: Desk) -> Iterator[Stage]:
    made = Stage(icons, desk)
    yield made
    made.window.leave()
    made.window.deleteLater()


def button(parent: QWidget, label: str) -> QPushButton:
    """The visible button with this label, whatever its access key."""
    found = [
        item
        for item in parent.findChildren(QPushButton)
        if item.text().replace("&", "") == label and item.isVisibleTo(parent)
    ]
    assert len(found) == 1, (label, [item.text() for item in parent.findChildren(QPushButton)])
    return found[0]


async def answer(label: str) -> str:
    """Press a button of the question that stands; returns what was asked."""
    async with asyncio.timeout(5):
        while True:
            for box in QApplication.topLevelWidgets():
                if isinstance(box, QMessageBox) and box.isVisible():
                    text = f"{box.text()} {box.informativeText()}"
                    button(box, label).click()
                    return text
            await asyncio.sleep(0.01)


async def test_without_a_token_the_page_says_what_to_do(stage: Stage) -> None:
    stage.show(RUNNING)
    assert stage.window.notices.texts() == []
    button(stage.window.tokens, "Import auth.json…").click()
    assert stage.files_asked == 1
    stage.desk.clipboard = "sk-abcdefgh12345678"
    button(stage.window.tokens, "Add from the clipboard").click()
    assert not button(stage.window.tokens, "Add from the clipboard").isEnabled()
    await stage.desk.settle()
    assert button(stage.window.tokens, "Add from the clipboard").isEnabled()
    assert stage.desk.gateway.calls[0][0] == "token.add"


@pytest.mark.parametrize("page", [1, 2, 3])
async def test_without_a_token_the_other_pages_lead_to_adding_one(stage: Stage, page: int) -> None:
    stage.show(RUNNING, page)
    assert stage.window.notices.texts() == ["No token has been added yet, so no request can be answered."]
    stage.window.notices.press("Add token")
    assert stage.window.tabs.currentWidget() is stage.window.tokens
    assert stage.window.notices.texts() == []


async def test_a_busy_port_offers_the_free_one(stage: Stage) -> None:
    stage.show(replace(FULL, state=RunState.FAILED, problem=busy_port(8788)))
    assert "Port 8787" in stage.window.notices.texts()[0]
    stage.window.notices.press("Use port 8788")
    await stage.desk.settle()
    assert stage.desk.gateway.calls == [("gateway.start", {"port": 8788})]


async def test_a_busy_port_without_a_free_one_can_be_tried_again(stage: Stage) -> None:
    stage.show(replace(FULL, state=RunState.FAILED, problem=busy_port(None)))
    with pytest.raises(LookupError):
        stage.window.notices.press("Use port None")
    stage.window.notices.press("Try again")
    await stage.desk.settle()
    assert stage.desk.gateway.calls == [("gateway.start", {})]


@pytest.mark.parametrize(
    ("label", "call"),
    [
        ("This session only", ("keystore.choose", {"kind": "memory"})),
        ("Key file (weaker)", ("keystore.choose", {"kind": "file"})),
        ("Retry", ("keystore.retry", {})),
    ],
)
async def test_without_a_keyring_the_user_chooses(stage: Stage, label: str, call: tuple[str, Any]) -> None:
    stage.show(replace(RUNNING, key_problem=Problem("key_store_unavailable", "There is no keyring.")))
    assert stage.window.notices.texts()[0].startswith("There is no keyring. Nothing is stored until")
    stage.window.notices.press(label)
    await stage.desk.settle()
    assert stage.desk.gateway.calls == [call]


async def test_a_lost_key_is_replaced_only_after_a_question(stage: Stage) -> None:
    stage.show(replace(FULL, key_problem=Problem("data_key_lost", "The key is lost.")))
    stage.window.notices.press("Use a new key…")
    await answer("Cancel")
    await stage.desk.settle()
    assert stage.desk.gateway.calls == []
    stage.window.notices.press("Use a new key…")
    assert "cannot be opened any more" in await answer("Use a new key")
    await stage.desk.settle()
    assert stage.desk.gateway.calls == [("keystore.replace", {})]


async def test_tokens_that_cannot_serve_are_counted(stage: Stage) -> None:
    tokens = (token(1, state=TokenState.DISABLED), token(2, state=TokenState.SEALED))
    stage.show(replace(FULL, tokens=tokens))
    assert stage.window.notices.texts() == ["No token can serve now: Disabled (1), Sealed: add it again (1)."]


async def test_a_failure_stays_until_it_is_closed_or_something_works(stage: Stage) -> None:
    stage.show(FULL)
    stage.window.tell_failure("It did not work.")
    stage.window.show_snapshot(replace(FULL, revision=2))
    assert stage.window.notices.texts() == ["It did not work."]
    stage.window.tell("It works now.")
    assert stage.window.notices.texts() == []
    assert stage.window.status.text == "It works now."


async def test_what_a_notice_says_already_is_not_said_twice(stage: Stage) -> None:
    problem = busy_port()
    stage.show(replace(FULL, state=RunState.FAILED, problem=problem))
    stage.window.tell_failure(problem.message)
    assert stage.window.notices.texts() == [problem.message]


async def test_start_and_stop_are_one_button(stage: Stage) -> None:
    stage.show(FULL)
    button(stage.window.header, "Stop").click()
    assert not button(stage.window.header, "Stop").isEnabled()
    await stage.desk.settle()
    stage.show(replace(FULL, state=RunState.STOPPED))
    button(stage.window.header, "Start").click()
    await stage.desk.settle()
    assert [command for command, _ in stage.desk.gateway.calls] == ["gateway.stop", "gateway.start"]


async def test_the_address_is_copied(stage: Stage) -> None:
    stage.show(FULL)
    named = [item for item in stage.window.findChildren(QAbstractButton) if item.accessibleName() == "Copy the address"]
    named[0].click()
    assert stage.copied == ["http://127.0.0.1:8787/codex/v1"]


async def test_a_token_is_disabled_enabled_and_removed_after_a_question(stage: Stage) -> None:
    page = stage.window.tokens
    stage.show(FULL)
    assert not button(page, "Disable").isEnabled()
    page.table.select_row(0)
    button(page, "Disable").click()
    await stage.desk.settle()
    stage.window.show_snapshot(replace(FULL, tokens=(token(1, enabled=False, state=TokenState.DISABLED), token(2))))
    button(page, "Enable").click()
    await stage.desk.settle()
    button(page, "Remove…").click()
    await answer("Cancel")
    await stage.desk.settle()
    button(page, "Remove…").click()
    assert "Account 1" in await answer("Remove")
    await stage.desk.settle()
    assert stage.desk.gateway.calls == [
        ("token.disable", {"id": "t-1"}),
        ("token.enable", {"id": "t-1"}),
        ("token.remove", {"id": "t-1"}),
    ]


async def test_a_session_is_forgotten_after_a_question(stage: Stage) -> None:
    stage.show(FULL, 2)
    stage.window.sessions.table.select_row(0)
    button(stage.window.sessions, "Forget…").click()
    await answer("Forget")
    await stage.desk.settle()
    assert stage.desk.gateway.calls == [("session.forget", {"id": "s-1"})]


async def test_a_question_goes_away_with_the_application(stage: Stage) -> None:
    stage.show(FULL)
    stage.window.tokens.table.select_row(0)
    button(stage.window.tokens, "Remove…").click()
    await asyncio.sleep(0)
    await stage.desk.operations.close()
    assert not any(isinstance(box, QMessageBox) and box.isVisible() for box in QApplication.topLevelWidgets())
    assert stage.desk.gateway.calls == []


@pytest.mark.parametrize("shell", Shell)
async def test_the_set_up_page_shows_the_texts_without_the_license_and_copies_them_with_it(
    stage: Stage, shell: Shell
) -> None:
    stage.show(FULL, 1)
    page = stage.window.set_up
    page.choose(shell)
    shown_setup, shown_environment = page.texts()
    expected = setup_text(shell, FULL.base_url, LICENSE), environment_text(shell, FULL.base_url, LICENSE)
    for shown, full in zip((shown_setup, shown_environment), expected, strict=True):
        assert shown == full.replace(LICENSE, "ws-" + "•" * 16).replace("\r\n", "\n").rstrip("\n")
    button(page, "Copy full set-up").click()
    await stage.desk.settle()
    button(page, "Copy environment variables").click()
    await stage.desk.settle()
    assert stage.desk.copied == list(expected)


async def test_the_texts_follow_the_address(stage: Stage) -> None:
    stage.show(FULL, 1)
    stage.window.show_snapshot(replace(FULL, base_url="http://192.168.1.20:8788/codex/v1"))
    assert all("192.168.1.20:8788" in text for text in stage.window.set_up.texts())


async def test_only_a_visible_window_is_watched_and_drawn(stage: Stage) -> None:
    stage.window.show_snapshot(FULL)
    assert stage.window.tokens.table.model().rowCount() == 0
    stage.window.bring_up()
    assert stage.window.tokens.table.model().rowCount() == 2
    stage.window.close()
    assert stage.visible[-1] is False
    assert not stage.window.isVisible()


async def test_without_a_tray_closing_minimises_and_the_window_says_why(stage: Stage) -> None:
    stage.window.show_tray(False)
    stage.show(FULL)
    assert "no tray icons" in stage.window.notices.texts()[0]
    stage.window.close()
    assert stage.window.isMinimized()
    assert stage.window.isVisible()
    stage.window.bring_up()
    assert not stage.window.isMinimized()
    stage.window.show_tray(True)
    assert stage.window.notices.texts() == []
    stage.window.close()
    assert not stage.window.isVisible()


async def test_practice_is_marked_in_title_and_notice(icons: Icons, desk: Desk) -> None:
    stage = Stage(icons, desk, practice=True)
    stage.show(FULL)
    assert "practice" in stage.window.windowTitle()
    assert stage.window.notices.texts()[0].startswith("Practice:")
    stage.window.leave()


async def test_a_dropped_auth_json_is_added(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "auth.json").write_text('{"a": 1}', encoding="utf-8")
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(tmp_path / "auth.json"))])
    stage.show(FULL, 3)
    how = (Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    enter = QDragEnterEvent(QPoint(50, 50), *how)
    QApplication.sendEvent(stage.window, enter)
    assert enter.isAccepted()
    QApplication.sendEvent(stage.window, QDropEvent(QPointF(50, 50), *how))
    await stage.desk.settle()
    assert stage.desk.gateway.calls == [("token.import", {"text": '{"a": 1}'})]
    assert stage.window.tabs.currentWidget() is stage.window.tokens


def test_keys_turn_pages_close_and_quit(stage: Stage, qtbot: Any) -> None:
    stage.show(FULL)
    with qtbot.waitActive(stage.window):
        stage.window.bring_up()
    QTest.keyClick(stage.window, Qt.Key.Key_3, Qt.KeyboardModifier.ControlModifier)
    assert stage.window.tabs.currentWidget() is stage.window.sessions
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


def test_before_the_gateway_is_there_the_pages_do_not_say_that_there_is_nothing(stage: Stage) -> None:
    stage.window.show_overview(starting())
    stage.window.bring_up()
    assert not stage.window.tabs.isVisible()
    stage.window.show_snapshot(FULL)
    assert stage.window.tabs.isVisible()


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_no_two_access_keys_that_can_be_pressed_at_once_are_the_same(
    language: str, icons: Icons, desk: Desk, request: pytest.FixtureRequest
) -> None:
    if language == "zh_CN":
        request.getfixturevalue("chinese")
    stage = Stage(icons, desk)
    for snapshot in (RUNNING, FULL, replace(FULL, state=RunState.STOPPED)):
        for page in range(4):
            stage.show(snapshot, page)
            tabs = stage.window.tabs
            texts = [tabs.tabText(index) for index in range(tabs.count())]
            for kind in (QAbstractButton, QLabel):
                texts += [item.text() for item in stage.window.findChildren(kind) if item.isVisible()]
            keys = sorted(key for text in texts if (key := access_key(text)))
            assert len(keys) >= 5
            assert keys == sorted(set(keys)), (page, texts)
    stage.window.leave()


def access_key(text: str) -> str:
    """The letter after a single `&`."""
    found = re.search(r"(?<!&)&([^&\s])", text)
    return found[1].upper() if found else ""


def test_all_that_takes_the_keyboard_is_reached_by_tab_and_has_a_name(stage: Stage, qtbot: Any) -> None:
    for page in range(4):
        stage.show(replace(FULL, state=RunState.FAILED, problem=busy_port()), page)
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
        turned = names[names.index("Address of the gateway") :] + names[: names.index("Address of the gateway")]
        assert turned[:3] == ["Address of the gateway", "Copy the address", "Start"]
        assert turned[4:6] == ["Use port 8788", "Try again"]
        expected = {
            0: {"Tokens"},
            1: {"Full set-up", "Environment variables"},
            2: {"Live sessions"},
            3: {"Last requests"},
        }
        assert expected[page] | {"Address of the gateway", "Start", "Use port 8788"} <= set(names), names


async def test_a_folder_or_several_files_cannot_be_dropped(stage: Stage, tmp_path: Path) -> None:
    for name in ("one.json", "two.json"):
        (tmp_path / name).write_text("{}", encoding="utf-8")
    stage.show(FULL)
    for paths in ([tmp_path], [tmp_path / "one.json", tmp_path / "two.json"], [tmp_path / "missing.json"]):
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
        how = (Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
        enter = QDragEnterEvent(QPoint(50, 50), *how)
        enter.ignore()
        QApplication.sendEvent(stage.window, enter)
        assert not enter.isAccepted(), paths


@pytest.mark.parametrize("page", range(4))
def test_a_text_without_spaces_does_not_widen_the_window(stage: Stage, page: int) -> None:
    long = "x" * 2000
    stage.show(replace(FULL, tokens=(token(1, label=long),), sessions=(session(1, name=long),)), page)
    stage.window.tell_failure(f"{long} cannot be read")
    stage.window.tell(f"The token “{long}” is added.")
    stage.window.tell_failure(f"{long} cannot be read")
    stage.window.resize(720, 460)
    QApplication.processEvents()
    assert stage.window.centralWidget().minimumSizeHint().width() <= 720

"""Tray, window and operations together, before there is a gateway."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QApplication, QMenu

from app.desktop.appearance import Appearance
from app.desktop.desktop import Desktop
from app.desktop.icons import Icons
from app.desktop.place import Place
from app.desktop.preferences import Preferences
from app.platform.own_program import ProgramNotStarted
from app.platform.shells import Shell
from tests.desktop.scripted import RUNNING, ScriptedGateway
from tests.desktop.stage import machine, settled, until

STARTING = "Waystation is still starting, or is closing. Try again in a moment."


def entries(menu: QMenu) -> list[QAction]:
    """All entries, of submenus too."""
    return [entry for action in menu.actions() for entry in (entries(action.menu()) if action.menu() else [action])]


async def test_what_cannot_be_done_before_the_gateway_is_there_is_said(
    qapp: QApplication, icons: Icons, tmp_path: Path
) -> None:
    preferences = Preferences(tmp_path / "desktop.ini")
    appearance = Appearance(qapp, preferences, tmp_path)
    desktop = Desktop(icons, preferences, appearance, machine(tmp_path), Shell.BASH, qapp.clipboard(), practice=False)
    qapp.clipboard().setText("sk-abcdefgh12345678")
    for label in ("bash", "PowerShell", "cmd", "Add from the clipboard"):
        for entry in (entry for entry in entries(desktop.tray.menu) if entry.text() == label):
            desktop.window.notices.close_passing()
            entry.trigger()
            await settled(desktop.operations)
            assert desktop.window.notices.texts() == [STARTING], entry.text()
    await desktop.operations.close()
    desktop.window.leave()


async def test_in_the_tray_nothing_wakes_the_computer_more_often_than_once_a_second(
    qapp: QApplication, icons: Icons, tmp_path: Path
) -> None:
    preferences = Preferences(tmp_path / "desktop.ini")
    appearance = Appearance(qapp, preferences, tmp_path)
    desktop = Desktop(icons, preferences, appearance, machine(tmp_path), Shell.BASH, qapp.clipboard(), practice=False)
    gateway = ScriptedGateway()
    desktop.operations.attach(gateway)
    desktop.feed.attach(gateway)
    desktop.tray.show()
    await asyncio.sleep(0)
    parts = (desktop, desktop.tray, desktop.operations, desktop.signing_in, desktop.adding)
    timers = {timer for part in parts for timer in part.findChildren(QTimer) if timer.isActive()}
    assert timers
    # At whole seconds, so that they wake it together.
    assert {(timer.interval() // 1000 >= 1, timer.timerType()) for timer in timers} == {
        (True, Qt.TimerType.VeryCoarseTimer)
    }
    desktop.feed.detach()
    desktop.tray.hide()
    await desktop.operations.close()


async def test_what_failed_before_there_was_a_window_stands_in_it_when_it_is_opened(
    qapp: QApplication, icons: Icons, tmp_path: Path
) -> None:
    preferences = Preferences(tmp_path / "desktop.ini")
    appearance = Appearance(qapp, preferences, tmp_path)
    desktop = Desktop(icons, preferences, appearance, machine(tmp_path), Shell.BASH, qapp.clipboard(), practice=False)
    desktop.operations.start_gateway()
    await settled(desktop.operations)
    desktop.show_window()
    assert desktop.window.isVisible()
    assert desktop.window.notices.texts() == [STARTING]
    await desktop.operations.close()
    desktop.window.leave()


class Practice:
    """A desktop in practice with a request under way, on a computer that starts the real one or does not."""

    def __init__(self, qapp: QApplication, icons: Icons, folder: Path) -> None:
        preferences = Preferences(folder / "desktop.ini")
        self.appearance = appearance = Appearance(qapp, preferences, folder)
        computer = replace(machine(folder), start_for_real=self._start)
        self.desktop = Desktop(icons, preferences, appearance, computer, Shell.BASH, qapp.clipboard(), practice=True)
        self.gateway = ScriptedGateway(replace(RUNNING, active_turns=1))
        self.starts = 0
        self.refusal: ProgramNotStarted | None = None

    async def opened(self, tasks: asyncio.TaskGroup) -> asyncio.Task[int]:
        """Let it live; ready when it has seen the request."""
        living = tasks.create_task(self.desktop.live(self.gateway.opener(), minimized=False))
        await until(lambda: self.desktop.feed.latest)
        return living

    def _start(self) -> None:
        self.starts += 1
        if self.refusal is not None:
            raise self.refusal


@pytest.fixture
def practice(qapp: QApplication, icons: Icons, tmp_path: Path) -> Iterator[Practice]:
    made = Practice(qapp, icons, tmp_path)
    yield made
    made.desktop.window.deleteLater()


async def test_a_window_that_was_replaced_in_another_language_hears_of_nothing_any_more(
    practice: Practice, qtbot: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        await practice.opened(tasks)
        before = practice.desktop.window
        with qtbot.waitSignal(before.destroyed), qtbot.captureExceptions() as exceptions:
            practice.appearance.use_language("en")
        practice.desktop.operations.start_gateway()
        await settled(practice.desktop.operations)
        assert exceptions == []
        assert "already deleted" not in capsys.readouterr().err
        practice.desktop.quit()


async def test_an_answer_for_a_window_that_was_replaced_is_dropped(practice: Practice, qtbot: Any) -> None:
    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        await practice.opened(tasks)
        await settled(practice.desktop.operations)
        practice.gateway.gate.clear()
        practice.desktop.window.go(Place.SETTINGS)
        await until(lambda: ("settings.show", {}) in practice.gateway.calls)
        before = practice.desktop.window
        with qtbot.waitSignal(before.destroyed):
            practice.appearance.use_language("en")
        practice.gateway.gate.set()
        await settled(practice.desktop.operations)
        assert [text for text in practice.desktop.window.notices.texts() if "unexpected" in text] == []
        practice.desktop.quit()


async def test_practice_ends_without_a_question_while_its_requests_run(practice: Practice) -> None:
    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        living = await practice.opened(tasks)
        practice.desktop.ask_to_quit()
        assert await living == 0
    assert practice.starts == 0


async def test_practice_starts_the_real_one_and_ends(practice: Practice) -> None:
    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        living = await practice.opened(tasks)
        practice.desktop.window.notices.press("Start for real")
        assert await living == 0
    assert practice.starts == 1


async def test_practice_stays_when_the_real_one_does_not_start(practice: Practice) -> None:
    practice.refusal = ProgramNotStarted("The system did not start Waystation: no such file.")
    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        living = await practice.opened(tasks)
        practice.desktop.window.notices.press("Start for real")
        await settled(practice.desktop.operations)
        assert practice.desktop.window.notices.texts()[-1] == practice.refusal.message
        assert not living.done()
        practice.desktop.quit()

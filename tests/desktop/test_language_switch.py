"""What the user sees is still there when the window is made anew in another language."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QByteArray, Qt
from PySide6.QtWidgets import QApplication, QScrollArea

from app.desktop.appearance import Appearance
from app.desktop.desktop import Desktop
from app.desktop.icons import Icons
from app.desktop.models.sessions import SessionTable
from app.desktop.models.turns import TurnTable
from app.desktop.pages.text_card import What
from app.desktop.place import Place
from app.desktop.preferences import Preferences
from app.desktop.window import MainWindow
from app.gateway.snapshot import GatewaySnapshot
from app.platform.shells import Shell
from tests.desktop.scripted import RUNNING, ScriptedGateway, license_view, session, token, turn
from tests.desktop.stage import machine, settled, tool, until

SNAPSHOT = replace(
    RUNNING,
    tokens=tuple(token(number) for number in range(1, 5)),
    sessions=tuple(session(number) for number in range(1, 61)),
    licenses=tuple(license_view(number) for number in range(1, 4)),
    turns=tuple(turn(number) for number in range(1, 4)),
)


@dataclass
class Crash:
    at: float = 1e9
    text: str = "A report."
    forgotten: bool = False

    def forget(self) -> None:
        self.forgotten = True


class Living:
    """A desktop that shows a scripted gateway; `switch` changes its language."""

    def __init__(self, qapp: QApplication, icons: Icons, build: Path, folder: Path, snapshot: GatewaySnapshot) -> None:
        preferences = Preferences(folder / "desktop.ini")
        preferences.language = "en"
        self.appearance = Appearance(qapp, preferences, build)
        computer = replace(machine(folder), crash=Crash())
        self.desktop = Desktop(
            icons, preferences, self.appearance, computer, Shell.BASH, qapp.clipboard(), practice=False
        )
        self.gateway = ScriptedGateway(snapshot)
        self.gateway.turns = [turn(number, model=f"model-{number % 7}") for number in range(1, 1301)]

    @property
    def window(self) -> MainWindow:
        return self.desktop.window

    async def show(self, place: Place) -> None:
        self.window.go(place)
        await self.rest()

    async def switch(self, language: str = "zh_CN") -> None:
        before = self.window
        self.appearance.use_language(language)
        await self.rest()
        assert self.window is not before

    async def rest(self) -> None:
        """Let what was asked for arrive, and what changed be laid out."""
        await settled(self.desktop.operations)
        for _ in range(4):
            await asyncio.sleep(0.01)
            QApplication.processEvents()
            await settled(self.desktop.operations)


@pytest.fixture
def living(qapp: QApplication, icons: Icons, build: Path, tmp_path: Path) -> Any:
    @asynccontextmanager
    async def make(snapshot: GatewaySnapshot = SNAPSHOT) -> AsyncIterator[Living]:
        made = Living(qapp, icons, build, tmp_path, snapshot)
        async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
            tasks.create_task(made.desktop.live(made.gateway.opener(), minimized=False))
            await until(lambda: made.desktop.feed.latest)
            await made.rest()
            try:
                yield made
            finally:
                made.desktop.quit()
                made.appearance.close()
        made.window.deleteLater()

    return make


async def test_a_session_stays_open_sorted_filtered_and_in_its_place(living: Callable[[], Any]) -> None:
    async with living() as it:
        await it.show(Place.SESSIONS)
        page = it.window.sessions
        page.bar.entry.setText("0000")
        page.bar.choices[1].setCurrentIndex(page.bar.choices[1].findData("t-1"))
        page.table.sort_by(SessionTable.LAST_ACTIVITY, Qt.SortOrder.AscendingOrder)
        page.table.select_row(30)
        await it.rest()
        page.table.verticalScrollBar().setValue(page.table.verticalScrollBar().value() + 7)
        seen, scrolled = page.table.selected_id(), page.table.verticalScrollBar().value()
        assert scrolled > 0
        await it.switch()
        assert it.window.sessions is not page
        page = it.window.sessions
        assert page.table.selected_id() == seen
        assert not page.detail.isHidden()
        assert page.detail.heading.text() == next(s.name for s in SNAPSHOT.sessions if s.id == seen)
        assert page.bar.text == "0000"
        assert page.bar.choices[1].chosen == "t-1"
        assert page.table.horizontalHeader().sortIndicatorSection() == SessionTable.LAST_ACTIVITY
        assert page.table.horizontalHeader().sortIndicatorOrder() is Qt.SortOrder.AscendingOrder
        assert page.table.verticalScrollBar().value() == scrolled


async def test_a_request_far_back_in_the_log_stays_open(living: Callable[[], Any]) -> None:
    async with living() as it:
        await it.show(Place.REQUESTS)
        page = it.window.requests
        page.log.older()
        await it.rest()
        read = len(page.log.rows)
        assert read > 500
        page.bar.entry.setText("model-3")
        page.table.sort_by(TurnTable.TIME, Qt.SortOrder.AscendingOrder)
        # Further back than what is read at first.
        page.table.select_row(3)
        assert (page.table.selected_id() or "") not in [row.id for row in page.log.rows[:500]]
        await it.rest()
        seen = page.table.selected_id()
        await it.switch()
        page = it.window.requests
        assert len(page.log.rows) >= read
        assert page.table.selected_id() == seen
        assert not page.detail.isHidden()
        assert page.bar.text == "model-3"


async def test_a_page_that_is_not_open_is_as_it_was_when_it_is_opened_even_after_two_switches(
    living: Callable[[], Any],
) -> None:
    async with living() as it:
        await it.show(Place.TOKENS)
        it.window.tokens.table.select_row(2)
        it.window.tokens.undo.show_removed("t-9", "Gone")
        await it.show(Place.LICENSES)
        it.window.licenses.table.select_row(1)
        await it.show(Place.SET_UP)
        it.window.set_up.choose(Shell.CMD, What.CURL_CHAT)
        await it.show(Place.OVERVIEW)
        await it.switch()
        await it.switch("en")
        await it.show(Place.TOKENS)
        assert it.window.tokens.table.selected_id() == "t-3"
        assert it.window.tokens.undo.offered() == {"t-9": "Gone"}
        await it.show(Place.LICENSES)
        assert it.window.licenses.table.selected_id() == "l-2"
        await it.show(Place.SET_UP)
        assert (it.window.set_up.shell, it.window.set_up.what) == (Shell.CMD, What.CURL_CHAT)


async def test_the_settings_stay_where_the_language_was_chosen_with_the_keyboard_there(
    living: Callable[[], Any],
) -> None:
    async with living() as it:
        it.window.resize(800, 560)
        await it.show(Place.SETTINGS)
        box = it.window.settings.looks.language
        box.setFocus()
        await it.rest()
        bar = it.window.settings.findChild(QScrollArea).verticalScrollBar()
        bar.setValue(77)
        scrolled = bar.value()
        assert scrolled == 77
        await it.switch()
        assert it.window.focusWidget() is it.window.settings.looks.language
        assert it.window.settings.findChild(QScrollArea).verticalScrollBar().value() == scrolled


async def test_a_crash_that_was_dismissed_is_not_told_again(living: Callable[[], Any]) -> None:
    async with living() as it:
        assert [text for text in it.window.notices.texts() if "unexpectedly" in text]
        tool(it.window.notices, "Close this notice").click()
        await it.switch()
        assert [text for text in it.window.notices.texts() if "Ctrl+Q" not in text] == []


async def test_a_language_with_short_titles_leaves_no_column_too_narrow_for_another(living: Callable[[], Any]) -> None:
    async with living() as it:
        await it.switch("zh_CN")
        await it.show(Place.SESSIONS)
        kept = it.window.sessions.table.arrangement()
        assert isinstance(kept, QByteArray)
        await it.switch("en")
        it.window.resize(1180, 740)
        header = it.window.sessions.table.horizontalHeader()
        needed = it.window.fontMetrics().horizontalAdvance("Requests")
        assert header.sectionSize(5) > needed

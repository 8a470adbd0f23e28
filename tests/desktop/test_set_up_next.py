"""What the set-up page says is to be done next, and how the keyboard comes there."""

import json
import os
import time
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QWidget

from app.desktop.icons import Icons
from app.desktop.pages.set_up import SetUpPage
from app.desktop.set_up.undo_dialog import UndoDialog
from app.desktop.set_up.write_dialog import WriteDialog
from app.desktop.widgets.disclosure import Disclosure
from app.platform.codex_server import RESTART
from tests.desktop.codex_home import Computer, closed, opened, said, set_up_page, shown_page, write, write_address
from tests.desktop.scripted import LICENSE, NOW
from tests.desktop.stage import FULL, Desk, button
from tests.platform.codex_home import server_stand_in


@pytest.fixture
def computer(tmp_path: Path) -> Computer:
    return Computer(tmp_path)


@pytest.fixture
async def page(icons: Icons, desk: Desk, computer: Computer, tmp_path: Path) -> AsyncIterator[SetUpPage]:
    async with shown_page(icons, desk, computer, tmp_path) as made:
        yield made


async def test_the_step_that_is_left_is_known_after_a_restart_and_goes_when_it_is_done(
    page: SetUpPage, desk: Desk, computer: Computer, icons: Icons, tmp_path: Path
) -> None:
    await write_address(page, desk)
    again = set_up_page(icons, desk, computer, tmp_path)
    again.show_snapshot(FULL, NOW)
    await desk.settle()
    assert "Codex has no license yet" in again.codex.text
    assert "the command below saves the license" in again.codex.text
    assert "codex login --with-api-key" in said(again.write)
    assert LICENSE not in said(again.write)
    (computer.codex / "auth.json").write_text(json.dumps({"OPENAI_API_KEY": LICENSE}))
    button(again.codex, "Look again").click()
    await desk.settle()
    assert "Codex is set up." in again.codex.text
    assert "codex login" not in said(again.write)
    again.deleteLater()


async def test_the_step_that_is_left_after_undoing_goes_when_it_is_done(
    page: SetUpPage, desk: Desk, computer: Computer
) -> None:
    await write_address(page, desk)
    login = computer.codex / "auth.json"
    login.write_text(json.dumps({"OPENAI_API_KEY": LICENSE}))
    page.write.undo.click()
    button(await opened(UndoDialog), "Take it back").click()
    await closed(page, desk)
    assert "codex logout" in said(page.write)
    login.unlink()
    button(page.codex, "Look again").click()
    await desk.settle()
    assert "codex logout" not in said(page.write)


async def test_a_license_that_the_other_way_has_left_is_to_be_removed(
    page: SetUpPage, desk: Desk, computer: Computer
) -> None:
    (computer.codex / "auth.json").write_text(json.dumps({"OPENAI_API_KEY": LICENSE}))
    await write(page, desk)
    assert "so that Codex no longer has the license" in said(page.write)
    assert "codex logout" in said(page.write)


async def test_codex_s_background_server_is_to_be_restarted_until_it_was(
    page: SetUpPage, desk: Desk, computer: Computer
) -> None:
    with server_stand_in(computer.codex, {}) as named:
        page.write.write.click()
        dialog = await opened(WriteDialog)
        assert "restart it: by codex app-server daemon restart in a terminal" in said(dialog)
        dialog.go_on.click()
        await closed(page, desk)
        env = computer.codex / ".env"
        # Two times in one tick of the disk's clock count as none.
        os.utime(env, (named.stat().st_mtime + 5,) * 2)
        button(page.codex, "Look again").click()
        await desk.settle()
        assert "One step is left. Restart Codex's background server" in said(page.write)
        assert RESTART in said(page.write)
        assert "Codex is set up." in page.codex.text
        os.utime(named, (env.stat().st_mtime + 5,) * 2)
        button(page.codex, "Look again").click()
        await desk.settle()
        assert RESTART not in said(page.write)
        os.utime(named, (time.time() - 1,) * 2)
        page.write.undo.click()
        (await opened(UndoDialog)).go_on.click()
        await closed(page, desk)
        assert RESTART in said(page.write)
        os.utime(named)
        button(page.codex, "Look again").click()
        await desk.settle()
        assert RESTART not in said(page.write)


async def test_a_broken_file_is_to_be_corrected_first(page: SetUpPage, desk: Desk, computer: Computer) -> None:
    assert page.write.write.isDefault()
    computer.config.write_text("a = 1\nmodel = \n")
    button(page.codex, "Look again").click()
    await desk.settle()
    assert "Its config.toml is broken at line 2: Codex does not start." in page.codex.text
    assert "Correct that file, then look again" in page.codex.text
    assert not page.write.write.isDefault()


async def test_what_should_come_next_stands_out(page: SetUpPage, desk: Desk) -> None:
    assert (page.write.write.isDefault(), page.check.button.isDefault()) == (True, False)
    await write(page, desk)
    assert (page.write.write.isDefault(), page.check.button.isDefault()) == (False, True)
    await write_address(page, desk)
    assert (page.write.write.isDefault(), page.check.button.isDefault()) == (False, False)


async def test_the_keyboard_goes_from_top_to_bottom(page: SetUpPage, desk: Desk) -> None:
    page.unfold(True)
    page.resize(1000, 4000)
    for put_down in (write, write_address):
        await put_down(page, desk)
        unfold = page.write.findChild(Disclosure)
        if unfold.isVisible():
            unfold.click()
        QApplication.processEvents()
        stops = tab_stops(page, button(page.codex, "Look again"))
        heights = [item.mapTo(page, item.rect().center()).y() for item in stops]
        assert len(heights) > 15
        # Of what stands on one line, the higher may come second.
        wrong = [later for earlier, later in pairwise(heights) if later - earlier < -20]
        assert wrong == [], [(item.accessibleName(), height) for item, height in zip(stops, heights, strict=True)]


def tab_stops(page: SetUpPage, first: QWidget) -> list[QWidget]:
    """Where the keyboard comes by, from `first` to the last of them."""
    found = [first]
    while (following := found[-1].nextInFocusChain()) is not first:
        found.append(following)
    stops = [item for item in found if item.isVisible() and item.focusPolicy() & Qt.FocusPolicy.TabFocus]
    # The line above it comes before it, and so at the end of the ring.
    return stops[:-1]


@pytest.mark.parametrize("language", ["en", "zh_CN"])
async def test_every_access_key_leads_to_one_place(
    desk: Desk, page: SetUpPage, language: str, request: pytest.FixtureRequest, icons: Icons, computer: Computer,
    tmp_path: Path,
) -> None:  # fmt: skip
    await write_address(page, desk)
    if language == "zh_CN":
        request.getfixturevalue("chinese")
    again = set_up_page(icons, desk, computer, tmp_path)
    again.show()
    again.show_snapshot(FULL, NOW)
    again.unfold(True)
    await desk.settle()
    again.write.write.click()
    dialog = await opened(WriteDialog)
    for place in (again, dialog):
        inside = [item for item in place.findChildren(QWidget) if item.window() is place]
        keys = sorted(key for item in inside if (key := access_key(item)))
        assert len(keys) >= 3
        assert keys == sorted(set(keys)), place
    dialog.reject()
    await closed(again, desk)
    again.close()
    again.deleteLater()


def access_key(widget: QWidget) -> str:
    """The letter by which it is reached; empty: none."""
    text = widget.text() if isinstance(widget, QLabel | QAbstractButton) else ""
    key = QKeySequence.mnemonic(text)
    usable = isinstance(widget, QAbstractButton) or (isinstance(widget, QLabel) and widget.buddy() is not None)
    return key.toString() if usable and not key.isEmpty() else ""

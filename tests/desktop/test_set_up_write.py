"""Writing Codex's files from the window: what is shown before, what is written, and the way back."""

import json
import threading
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton, QWidget

from app.desktop.icons import Icons
from app.desktop.pages.set_up import SetUpPage
from app.desktop.pages.write_card import EARLIER_COMMAND
from app.desktop.set_up.finding_words import TEXTS, finding_text
from app.desktop.set_up.undo_dialog import UndoDialog
from app.desktop.set_up.write_dialog import WriteDialog
from app.desktop.widgets.disclosure import Disclosure
from app.platform.codex_config_findings import Finding, FindingCode
from app.platform.codex_facts import SavedLogin
from app.platform.codex_writer import CodexWriter
from app.platform.shells import Shell
from tests.desktop.codex_home import MINE, Computer, changes, closed, opened, said, set_up_page, shown_page, write
from tests.desktop.scripted import LICENSE, NOW
from tests.desktop.stage import FULL, Desk, button, machine, until


@pytest.fixture
def computer(tmp_path: Path) -> Computer:
    return Computer(tmp_path)


@pytest.fixture
async def page(icons: Icons, desk: Desk, computer: Computer, tmp_path: Path) -> AsyncIterator[SetUpPage]:
    async with shown_page(icons, desk, computer, tmp_path) as made:
        yield made


async def test_every_line_is_shown_before_it_is_written_and_the_license_never(
    page: SetUpPage, desk: Desk, computer: Computer
) -> None:
    assert "Write it for me…" in page.write.write.text().replace("&", "")
    page.write.write.click()
    dialog = await opened(WriteDialog)
    shown = changes(dialog)
    assert str(computer.config) in shown
    assert '+model_provider = "waystation"' in shown
    assert f'+base_url = "{FULL.base_url}"' in shown
    assert ' model = "gpt-5.5"  # mine' in shown
    assert str(computer.codex / ".env") in shown
    assert LICENSE not in shown + said(dialog)
    assert computer.config.read_text() == MINE
    button(dialog, "Write").click()
    await closed(page, desk)
    assert 'model_provider = "waystation"' in computer.config.read_text()
    assert LICENSE not in computer.config.read_text()
    assert LICENSE in (computer.codex / ".env").read_text()
    assert desk.told[-1].startswith("It is written.")
    assert f"{computer.config} was written at" in page.write.text
    assert "Its config.toml leads to this gateway." in page.codex.text


async def test_it_is_taken_back_to_the_byte(page: SetUpPage, desk: Desk, computer: Computer) -> None:
    await write(page, desk)
    page.write.undo.click()
    dialog = await opened(UndoDialog)
    assert '-model_provider = "waystation"' in changes(dialog)
    assert LICENSE not in changes(dialog) + said(dialog)
    button(dialog, "Take it back").click()
    await closed(page, desk)
    assert computer.config.read_text() == MINE
    assert "shows each of them before" in page.write.text
    assert "It goes to OpenAI itself" in page.codex.text


async def test_what_a_terminal_has_counts_though_the_window_has_it_not(
    page: SetUpPage, desk: Desk, computer: Computer, tmp_path: Path
) -> None:
    other = tmp_path / "their-codex"
    computer.terminal |= {"HTTP_PROXY": "http://127.0.0.1:7890", "no_proxy": "a.example", "CODEX_HOME": str(other)}
    page.codex.look()
    await desk.settle()
    page.write.write.click()
    dialog = await opened(WriteDialog)
    assert "+NO_PROXY=a.example,127.0.0.1" in changes(dialog)
    assert "when your NO_PROXY changes, write this again" in said(dialog)
    button(dialog, "Write").click()
    await closed(page, desk)
    assert "NO_PROXY=a.example,127.0.0.1\n" in (other / ".env").read_text()
    assert computer.config.read_text() == MINE


async def test_what_was_written_is_still_known_after_a_restart(
    page: SetUpPage, desk: Desk, computer: Computer, icons: Icons, tmp_path: Path
) -> None:
    await write(page, desk)
    again = set_up_page(icons, desk, computer, tmp_path)
    again.show_snapshot(FULL, NOW)
    await desk.settle()
    assert f"{computer.config} was written at" in again.write.text
    again.show_snapshot(replace(FULL, base_url="http://127.0.0.1:9999/codex/v1"), NOW)
    await desk.settle()
    assert "but the gateway is at http://127.0.0.1:9999/codex/v1 now" in again.write.text
    assert again.write.write.text().replace("&", "") == "Write it again…"
    again.deleteLater()


async def test_somebody_elses_change_is_noticed(page: SetUpPage, desk: Desk, computer: Computer) -> None:
    await write(page, desk)
    computer.config.write_text(MINE)
    button(page.codex, "Look again").click()
    await desk.settle()
    assert "does not say so any more" in page.write.text


async def test_the_other_way_is_chosen_by_keyboard_and_names_the_step_that_is_left(page: SetUpPage, desk: Desk) -> None:
    page.write.write.click()
    dialog = await opened(WriteDialog)
    assert isinstance(dialog, WriteDialog)
    assert dialog.focusWidget() is dialog.own
    QTest.keyClick(dialog.address, Qt.Key.Key_Space)
    await until(lambda: "openai_base_url" in changes(dialog))
    assert f'+openai_base_url = "{FULL.base_url}"' in changes(dialog)
    assert "model_providers" not in changes(dialog)
    QTest.keyClick(dialog.address, Qt.Key.Key_Return)
    await closed(page, desk)
    assert "codex login --with-api-key" in said(page.write)
    assert LICENSE not in said(page.write)
    copy = next(item for item in page.write.findChildren(QWidget) if item.accessibleName().startswith("Copy “"))
    assert LICENSE not in copy.accessibleName()
    QTest.mouseClick(copy, Qt.MouseButton.LeftButton)
    assert "codex login --with-api-key" in desk.copied[-1]
    assert LICENSE in desk.copied[-1]


async def test_escape_writes_nothing(page: SetUpPage, desk: Desk, computer: Computer) -> None:
    page.write.write.click()
    dialog = await opened(WriteDialog)
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    await closed(page, desk)
    assert computer.config.read_text() == MINE


async def test_an_old_codex_has_one_way_only(page: SetUpPage, desk: Desk, computer: Computer) -> None:
    computer.version = (0, 100, 0)
    button(page.codex, "Look again").click()
    await desk.settle()
    page.write.write.click()
    dialog = await opened(WriteDialog)
    assert isinstance(dialog, WriteDialog)
    assert not dialog.address.isEnabled()
    assert "Needs Codex 0.120 or newer; here is 0.100.0." in said(dialog)
    dialog.reject()
    await closed(page, desk)


async def test_a_file_that_cannot_be_read_is_named_and_nothing_can_be_written(
    page: SetUpPage, desk: Desk, computer: Computer
) -> None:
    computer.config.write_text("model = \n")
    page.write.write.click()
    dialog = await opened(WriteDialog)
    await until(lambda: "is broken at line 1" in said(dialog))
    assert not button(dialog, "Write").isEnabled()
    dialog.reject()
    await closed(page, desk)
    assert computer.config.read_text() == "model = \n"


async def test_a_change_between_the_look_and_the_writing_is_refused_in_the_dialog(
    page: SetUpPage, desk: Desk, computer: Computer
) -> None:
    page.write.write.click()
    dialog = await opened(WriteDialog)
    computer.config.write_text(MINE + "# more\n")
    button(dialog, "Write").click()
    await until(lambda: "changed meanwhile" in said(dialog))
    assert dialog.isVisible()
    assert "waystation" not in computer.config.read_text()
    # Once more, with what is there now.
    await until(lambda: "# more" in changes(dialog))
    button(dialog, "Write").click()
    await closed(page, desk)
    assert "# more" in computer.config.read_text()
    assert 'model_provider = "waystation"' in computer.config.read_text()


async def test_files_are_never_touched_by_the_windows_thread(
    page: SetUpPage, desk: Desk, computer: Computer, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[str] = []
    for name in ("state", "plan", "write", "plan_undo", "undo"):
        real = getattr(CodexWriter, name)

        def noted(*given: object, _real: object = real, **named: object) -> object:
            threads.append(threading.current_thread().name)
            return _real(*given, **named)  # type: ignore[operator]

        monkeypatch.setattr(CodexWriter, name, noted)
    await write(page, desk)
    page.write.undo.click()
    button(await opened(UndoDialog), "Take it back").click()
    await closed(page, desk)
    assert len(threads) >= 5
    assert threading.main_thread().name not in threads


async def test_earlier_conversations_are_found_as_the_version_has_them(
    page: SetUpPage, desk: Desk, computer: Computer
) -> None:
    await write(page, desk)
    unfold = page.write.findChild(Disclosure)
    QTest.keyClick(unfold, Qt.Key.Key_Space)
    assert "codex fork ID" in said(page.write)
    computer.version = (0, 120, 0)
    button(page.codex, "Look again").click()
    await desk.settle()
    assert EARLIER_COMMAND in said(page.write)
    computer.version = (0, 45, 0)
    button(page.codex, "Look again").click()
    await desk.settle()
    assert "goes on with any through Waystation" in said(page.write)


async def test_where_nothing_is_written_the_page_says_so(icons: Icons, desk: Desk, tmp_path: Path) -> None:
    here = machine(tmp_path)
    page = SetUpPage(icons, desk.operations, Shell.BASH, here, desk.copied.append, lambda place: None, lambda: None)
    page.show_snapshot(FULL, NOW)
    await desk.settle()
    assert "In practice Codex's own files are not written" in page.write.text
    assert not page.write.write.isVisibleTo(page)
    assert [item.text() for item in page.check.findChildren(QPushButton) if item.isVisibleTo(page.check)] == []
    page.deleteLater()
    await desk.operations.close()


@pytest.mark.parametrize("code", FindingCode)
def test_every_finding_has_words_that_can_be_translated(code: FindingCode) -> None:
    finding = Finding(code, "WHERE", "VALUE")
    assert finding_text(finding) == finding.text
    assert str(TEXTS[code]).format(where="WHERE", value="VALUE") == finding.text


async def test_a_saved_license_needs_no_step_more(page: SetUpPage, desk: Desk, computer: Computer) -> None:
    (computer.codex / "auth.json").write_text(json.dumps({"OPENAI_API_KEY": LICENSE}))
    assert (await computer.look(FULL.base_url)).login is SavedLogin.API_KEY
    page.write.write.click()
    dialog = await opened(WriteDialog)
    assert isinstance(dialog, WriteDialog)
    dialog.address.click()
    await until(lambda: "openai_base_url" in changes(dialog))
    button(dialog, "Write").click()
    await closed(page, desk)
    assert "One step is left" not in said(page.write)


async def test_another_license_since_is_noticed(page: SetUpPage, desk: Desk) -> None:
    await write(page, desk)
    desk.gateway.results["license.default"] = {"id": "l-2", "label": "This computer", "key": LICENSE[::-1]}
    button(page.codex, "Look again").click()
    await desk.settle()
    assert "has got another license since" in page.write.text
    assert page.write.write.text().replace("&", "") == "Write it again…"

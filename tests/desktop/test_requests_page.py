"""The page with the log of requests: live, searched, read back to its beginning, exported."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QFileDialog

from app.core.errors import WaystationError
from app.core.turn import Outcome, TurnRow
from app.desktop.pages.requests import RequestsPage
from app.desktop.place import Place
from tests.desktop.scripted import NOW, token, turn
from tests.desktop.stage import FULL, Desk, Stage, button

SEEN = replace(FULL, tokens=(token(1, label="Work"), token(2, label="Spare")), turns=())


def rows(count: int) -> list[TurnRow]:
    return [turn(n, id=f"r-{99999 - n}", token_id=f"t-{n % 2 + 1}") for n in range(1, count + 1)]


async def opened(stage: Stage, turns: list[TurnRow]) -> RequestsPage:
    stage.desk.gateway.turns = turns
    stage.show(replace(SEEN, turns=tuple(turns[:200])), Place.REQUESTS)
    await stage.desk.settle()
    QApplication.processEvents()
    return stage.window.requests


async def test_without_requests_it_says_what_to_do(stage: Stage) -> None:
    page = await opened(stage, [])
    assert not page.table.isVisible()
    assert not button(page, "Export").isEnabled()
    button(page, "Set up Codex").click()
    assert stage.window.place is Place.SET_UP


async def test_new_requests_come_on_top_and_older_ones_when_the_user_scrolls_down(stage: Stage) -> None:
    page = await opened(stage, rows(1200))
    assert page._model.total == 500
    stage.tell(replace(SEEN, turns=(turn(0, id="r-new", started_at=NOW + 1),)))
    assert page._model.line_id(0) == "r-new"
    page.table.scrollToBottom()
    await stage.desk.settle()
    assert page._model.total == 1001
    assert [params["limit"] for command, params in stage.desk.gateway.calls] == [500, 500]


async def test_a_search_goes_back_as_far_as_it_must(stage: Stage) -> None:
    turns = rows(1200)
    turns[1100] = replace(turns[1100], model="rare")
    page = await opened(stage, turns)
    page.bar.entry.setText("rare")
    async with asyncio.timeout(5):
        while not page._model.shown:
            await stage.desk.settle()
            QApplication.processEvents()
            await asyncio.sleep(0)
    assert [row.model for row in page._model.shown] == ["rare"]
    assert page.bar.counts.endswith("shown")


async def test_requests_are_found_by_result_and_token(stage: Stage) -> None:
    turns = rows(6)
    turns[2] = replace(turns[2], outcome=Outcome.FAILED, status=502, error="upstream_unreachable")
    page = await opened(stage, turns)
    result, chosen, _license = page.bar.choices
    result.setCurrentIndex(result.findData("failed"))
    assert [row.id for row in page._model.shown] == [turns[2].id]
    result.setCurrentIndex(0)
    chosen.setCurrentIndex(chosen.findData("t-2"))
    assert {row.token_id for row in page._model.shown} == {"t-2"}
    assert page.bar.counts == "3 of 6 shown"


async def test_a_log_that_cannot_be_read_shows_what_there_is_and_says_so(stage: Stage) -> None:
    stage.desk.gateway.failures["turn.list"] = WaystationError("The disk is gone.")
    page = await opened(stage, rows(3))
    assert page._model.total == 3
    stage.desk.gateway.failures.clear()
    button(page, "Try again").click()
    await stage.desk.settle()
    assert page.log.complete


async def test_the_details_are_those_of_the_selected_request_and_its_report_is_copied(stage: Stage) -> None:
    page = await opened(stage, rows(3))
    assert not page.detail.isVisible()
    page.table.select_row(1)
    assert page.detail.isVisible()
    assert "a" * 32 in page.detail.text.toPlainText()
    button(page, "Copy report").click()
    assert json.loads(stage.copied[-1])["id"] == page._model.line_id(1)


async def test_what_matches_is_exported_and_the_number_is_told(stage: Stage, tmp_path: Path) -> None:
    page = await opened(stage, rows(700))
    chosen = page.bar.choices[1]
    chosen.setCurrentIndex(chosen.findData("t-2"))
    path = tmp_path / "log.json"
    page._export.menu().actions()[1].trigger()
    dialog = await file_dialog()
    dialog.selectFile(str(path))
    dialog.accept()
    await stage.desk.settle()
    written = json.loads(path.read_text("utf-8"))
    assert len(written) == 350
    assert {row["token"] for row in written} == {"Spare"}
    assert stage.desk.told == [f"350 request(s) are written to {path}."]


async def test_a_file_that_cannot_be_written_is_told_with_what_to_do(stage: Stage, tmp_path: Path) -> None:
    page = await opened(stage, rows(3))
    stage.desk.operations.run("export", page.export_to(tmp_path / "missing" / "log.csv"))
    assert not button(page, "Exporting…").isEnabled()
    await stage.desk.settle()
    assert stage.desk.failures == ["log.csv cannot be written: No such file or directory. Choose another folder."]
    assert button(page, "Export").isEnabled()


async def test_a_dialog_that_is_left_exports_nothing(stage: Stage) -> None:
    page = await opened(stage, rows(3))
    page._export.menu().actions()[0].trigger()
    (await file_dialog()).reject()
    await stage.desk.settle()
    assert (stage.desk.told, stage.desk.failures) == ([], [])


async def test_a_page_that_is_gone_takes_nothing_that_is_still_read(stage: Stage, desk: Desk) -> None:
    stage.desk.gateway.turns = rows(3)
    stage.desk.gateway.gate.clear()
    stage.show(SEEN, Place.REQUESTS)
    stage.window.requests.log.deleteLater()
    QApplication.sendPostedEvents(None, 0)
    QApplication.processEvents()
    stage.desk.gateway.gate.set()
    await stage.desk.settle()
    assert stage.desk.failures == []


async def file_dialog() -> QFileDialog:
    async with asyncio.timeout(5):
        while True:
            for widget in QApplication.topLevelWidgets():
                if isinstance(widget, QFileDialog) and widget.isVisible():
                    return widget
            await asyncio.sleep(0.01)


@pytest.fixture(autouse=True)
def own_dialogs(qapp: QApplication) -> Iterator[None]:
    """Qt's own file dialog: a system's could not be answered here."""
    from PySide6.QtCore import Qt

    QApplication.setAttribute(Qt.ApplicationAttribute.AA_DontUseNativeDialogs)
    yield
    QApplication.setAttribute(Qt.ApplicationAttribute.AA_DontUseNativeDialogs, False)

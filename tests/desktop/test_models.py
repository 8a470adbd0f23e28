"""The names of models in the settings, and what the user is told when OpenAI withdraws one."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QWidget

from app.core.errors import InvalidInput
from app.core.models import ModelAlias, ModelTable, OfferedModel, WithdrawnModel
from app.desktop.icons import Icons
from app.desktop.place import Place
from app.desktop.settings.model_dialog import ModelDialog
from app.desktop.settings.model_lines import ModelLine, model_lines, offered_efforts
from app.desktop.settings.models import ModelsSection
from app.gateway.commands import Commands
from app.gateway.gateway import Gateway
from app.gateway.handle import LoopHandle
from app.gateway.snapshot import GatewaySnapshot
from app.practice.accounts import practice_account
from app.practice.server import PracticeUpstream
from app.store.key_stores import KeyStoreKind
from app.upstream.endpoints import UpstreamEndpoints
from tests.desktop.fitting import misfits
from tests.desktop.stage import FULL, Desk, Stage, button, until

ANN = practice_account("ann", "plus")
FOUR = ("low", "medium", "high", "xhigh")
NAMES = ("gpt-5.5", "gpt-5.5-codex", "gpt-5.4", "gpt-5.2", "gpt-5.1-codex-max", "gpt-5.1", "gpt-5-mini")
OFFERED = tuple(OfferedModel(name, FOUR) for name in NAMES)
FAST = ModelAlias("fast", "gpt-5.5", "low")
TABLE = ModelTable((FAST,), {"t-1": OFFERED, "t-2": OFFERED[:3]}, frozenset({"gpt-5"}))


def rows(table: ModelTable) -> list[dict[str, Any]]:
    return [asdict(row) for row in table.rows()]


def told_of(table: ModelTable) -> GatewaySnapshot:
    withdrawn = tuple(WithdrawnModel(model, table.nearest(model)) for model in sorted(table.withdrawn))
    return replace(FULL, models=table.aliases, withdrawn=withdrawn)


def line(section: ModelsSection, name: str) -> ModelLine:
    return next(item for item in section.table.rows.shown if item.name == name)


def select(section: ModelsSection, name: str) -> None:
    number = section.table.rows.number_of(name)
    assert number is not None
    section.table.select_row(number)


def shown(section: ModelsSection, name: str) -> list[str]:
    """What the cells of one row say, line by line."""
    number = section.table.rows.number_of(name)
    assert number is not None
    cells = [section.table.rows.cell(number, column) for column in range(3)]
    return [text.strip() for cell in cells for text in (cell.text, cell.below)]


def calls(stage: Stage) -> list[tuple[str, dict[str, Any]]]:
    return [call for call in stage.desk.gateway.calls if call[0].startswith("models.") and call[0] != "models.list"]


async def dialog() -> ModelDialog:
    """The dialog that stands."""
    found: list[ModelDialog] = []

    def look() -> bool:
        found[:] = [
            item for item in QApplication.topLevelWidgets() if isinstance(item, ModelDialog) and item.isVisible()
        ]
        return bool(found)

    await until(look)
    return found[0]


async def open_with(stage: Stage, table: ModelTable) -> ModelsSection:
    stage.desk.gateway.results["models.list"] = rows(table)
    stage.show(told_of(table), Place.SETTINGS)
    await stage.desk.settle()
    return stage.window.settings.models


@pytest.fixture
async def section(stage: Stage) -> ModelsSection:
    return await open_with(stage, TABLE)


def test_a_model_and_its_names_with_an_effort_are_one_line() -> None:
    lines = {item.name: item for item in model_lines(rows(TABLE))}
    assert lines["gpt-5.5"].efforts == FOUR
    assert lines["gpt-5"].efforts == ("minimal", "low", "medium", "high")
    # Its own name ends like an effort.
    assert lines["gpt-5.1-codex-max"].model == "gpt-5.1-codex-max"
    assert lines["gpt-5.1-codex-max"].efforts == FOUR
    assert "gpt-5.1-codex" not in lines
    assert lines["fast"].effort == "low"
    assert set(lines) == {"fast", "gpt-5", "gpt-5-codex", *NAMES}
    assert next(item.name for item in model_lines(rows(TABLE))) == "fast"


def test_names_whose_effort_the_model_does_not_know_stay_with_their_model() -> None:
    table = ModelTable((ModelAlias("gpt-5", "gpt-5.5"),), {"t-1": OFFERED})
    lines = {item.name: item for item in model_lines(rows(table))}
    assert lines["gpt-5"].model == "gpt-5.5"
    assert lines["gpt-5"].efforts == ("minimal", "low", "medium", "high")
    assert lines["gpt-5"].source == "user"


def test_a_name_of_the_users_that_ends_in_an_effort_is_a_line_of_its_own() -> None:
    table = ModelTable((ModelAlias("gpt-5.5-high", "gpt-5.4"),), {"t-1": OFFERED})
    lines = {item.name: item for item in model_lines(rows(table))}
    assert lines["gpt-5.5-high"].model == "gpt-5.4"
    assert lines["gpt-5.5"].efforts == ("low", "medium", "xhigh")


def test_only_what_is_offered_and_served_can_be_chosen() -> None:
    table = ModelTable((FAST,), {"t-1": OFFERED}, frozenset({"gpt-5.4"}))
    assert set(offered_efforts(model_lines(rows(table)))) == set(NAMES) - {"gpt-5.4"}


async def test_each_name_says_what_is_asked_for_and_where_it_comes_from(section: ModelsSection) -> None:
    assert shown(section, "fast") == ["fast", "", "gpt-5.5", "effort low", "Yours", ""]
    assert shown(section, "gpt-5.5")[:4] == ["gpt-5.5", "-low, -medium, -high, -xhigh", "gpt-5.5", "effort by the name"]
    assert shown(section, "gpt-5.5")[4:] == ["From OpenAI", ""]
    assert shown(section, "gpt-5.1")[4:] == ["From OpenAI", "on 1 of 2 tokens"]
    assert shown(section, "gpt-5")[4:] == ["Built in", "OpenAI no longer serves it"]
    # Beside a symbol that stands in the middle of its row.
    assert section.table.rows.cell(0, 2).below == ""
    symbols = {name: section.table.rows.cell(number, 2).icon for number, name in enumerate(("fast", "gpt-5"))}
    assert symbols == {"fast": "model-yours", "gpt-5": "warning"}


async def test_a_long_list_can_be_searched(section: ModelsSection) -> None:
    assert section.search.isVisibleTo(section)
    section.search.entry.setText("5.1-codex-max-high")
    assert [item.name for item in section.table.rows.shown] == ["gpt-5.1-codex-max"]
    section.search.entry.setText("no longer")
    assert [item.name for item in section.table.rows.shown] == ["gpt-5"]
    section.search.entry.setText("nothing like this")
    button(section, "Show all").click()
    assert len(section.table.rows.shown) == 10


async def test_the_users_name_is_added_for_a_model_that_is_offered(stage: Stage, section: ModelsSection) -> None:
    section.add.click()
    asking = await dialog()
    button(asking, "Save").click()
    assert asking.isVisible()
    asking.name.setText("fast")
    asking.model.setCurrentText("gpt-5.4")
    button(asking, "Save").click()
    assert any("already" in label.text() for label in asking.findChildren(QLabel))
    asking.name.setText(" deep ")
    efforts = [asking.effort.itemData(number) for number in range(asking.effort.count())]
    assert efforts == [None, *FOUR]
    asking.effort.setCurrentIndex(asking.effort.findData("xhigh"))
    added = ModelAlias("deep", "gpt-5.4", "xhigh")
    stage.desk.gateway.results["models.list"] = rows(replace(TABLE, aliases=(FAST, added)))
    button(asking, "Save").click()
    await stage.desk.settle()
    assert calls(stage) == [("models.set", {"name": "deep", "model": "gpt-5.4", "effort": "xhigh"})]
    stage.tell(told_of(replace(TABLE, aliases=(FAST, added))))
    await stage.desk.settle()
    selected = section.selected()
    assert selected is not None
    assert selected.name == "deep"


async def test_a_model_that_is_typed_may_have_any_effort(section: ModelsSection, stage: Stage) -> None:
    section.add.click()
    asking = await dialog()
    asking.model.setCurrentText("gpt-9")
    assert asking.effort.findData("ultra") > 0
    asking.reject()
    await stage.desk.settle()


async def test_what_the_gateway_refuses_leaves_the_dialog_open(stage: Stage, section: ModelsSection) -> None:
    stage.desk.gateway.failures["models.set"] = InvalidInput("It makes no sense.")
    section.add.click()
    asking = await dialog()
    asking.name.setText("deep")
    asking.model.setCurrentText("gpt-5.4")
    button(asking, "Save").click()
    await until(lambda: any(label.text() == "It makes no sense." for label in asking.findChildren(QLabel)))
    assert asking.isVisible()
    assert button(asking, "Save").isEnabled()
    asking.reject()
    await stage.desk.settle()


async def test_another_model_can_answer_to_a_name_of_openai(stage: Stage, section: ModelsSection) -> None:
    select(section, "gpt-5.4")
    assert not section.remove.isEnabled()
    section.edit.click()
    asking = await dialog()
    assert (asking.name.text(), asking.name.isReadOnly(), asking.model.currentText()) == ("gpt-5.4", True, "gpt-5.4")
    asking.model.setCurrentText("gpt-5.5")
    button(asking, "Save").click()
    await stage.desk.settle()
    assert calls(stage) == [("models.set", {"name": "gpt-5.4", "model": "gpt-5.5", "effort": None})]


async def test_what_the_user_wrote_is_edited_not_what_became_of_it(stage: Stage) -> None:
    chain = replace(TABLE, aliases=(ModelAlias("work", "gpt-5"), ModelAlias("gpt-5", "gpt-5.5")))
    section = await open_with(stage, chain)
    assert line(section, "work").model == "gpt-5.5"
    select(section, "work")
    section.edit.click()
    asking = await dialog()
    assert asking.model.currentText() == "gpt-5"
    asking.reject()
    await stage.desk.settle()


async def activate(window: QWidget) -> None:
    """Let it have the keyboard."""

    def active() -> bool:
        window.activateWindow()
        QApplication.processEvents()
        return window.isActiveWindow()

    await until(active)


async def test_a_removed_name_can_be_taken_back(stage: Stage, section: ModelsSection) -> None:
    await activate(stage.window)
    select(section, "fast")
    section.table.setFocus()
    QTest.keyClick(section.table, Qt.Key.Key_Delete)
    await stage.desk.settle()
    stage.desk.gateway.results["models.list"] = rows(replace(TABLE, aliases=()))
    stage.tell(told_of(replace(TABLE, aliases=())))
    await stage.desk.settle()
    # Otherwise a second press would meet another name.
    assert section.selected() is None
    assert not section.edit.isEnabled()
    button(section, "Undo").click()
    await stage.desk.settle()
    assert calls(stage) == [("models.remove", {"name": "fast"}), ("models.set", asdict(FAST))]
    assert not any(label.text() == "“fast” is removed." for label in section.findChildren(QLabel) if label.isVisible())


async def test_the_wheel_scrolls_the_page_until_the_table_is_used(section: ModelsSection) -> None:
    await activate(section.window())
    section.search.entry.setFocus()
    assert not turned_wheel(section)
    section.table.setFocus()
    assert turned_wheel(section)


def turned_wheel(section: ModelsSection) -> bool:
    """Whether the table scrolled."""
    before, middle = section.table.verticalScrollBar().value(), QPointF(60, 60)
    down, buttons, keys = QPoint(0, -120), Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier
    event = QWheelEvent(middle, middle, QPoint(), down, buttons, keys, Qt.ScrollPhase.NoScrollPhase, False)
    QApplication.sendEvent(section.table.viewport(), event)
    return section.table.verticalScrollBar().value() != before


def test_efforts_that_are_only_likely_keep_nobody_from_another() -> None:
    table = ModelTable((), {"t-1": (OfferedModel("gpt-5.5"), OfferedModel("gpt-5.6", FOUR), OfferedModel("gpt-4.1"))})
    lines = model_lines(rows(table))
    assert next(line for line in lines if line.name == "gpt-5.5").efforts == ("low", "medium", "high")
    assert offered_efforts(lines) == {"gpt-5.5": (), "gpt-5.6": FOUR, "gpt-4.1": ()}


async def test_openai_is_asked_again_only_on_the_users_word(stage: Stage, section: ModelsSection) -> None:
    asked = [call for call in stage.desk.gateway.calls if call[0] == "models.list"]
    assert asked == [("models.list", {"refresh": False})]
    stage.tell(told_of(TABLE))
    stage.desk.gateway.gate.clear()
    section.refresh.click()
    assert not section.refresh.isEnabled()
    stage.desk.gateway.gate.set()
    await stage.desk.settle()
    asked = [call for call in stage.desk.gateway.calls if call[0] == "models.list"]
    assert asked[1:] == [("models.list", {"refresh": True})]
    assert section.refresh.isEnabled()


async def test_a_failure_is_said_where_it_was_asked(stage: Stage, section: ModelsSection) -> None:
    stage.desk.gateway.failures["models.list"] = InvalidInput("It cannot be.")
    section.refresh.click()
    await stage.desk.settle()
    assert any(label.text() == "It cannot be." for label in section.findChildren(QLabel))
    assert len(section.table.rows.shown) == 10
    # Once it works, nothing is wrong any more.
    del stage.desk.gateway.failures["models.list"]
    section.refresh.click()
    await stage.desk.settle()
    assert not any(label.text() == "It cannot be." and label.isVisible() for label in section.findChildren(QLabel))


async def test_it_says_why_openai_has_not_been_asked(stage: Stage) -> None:
    stage.desk.gateway.gate.clear()
    stage.desk.gateway.results["models.list"] = rows(ModelTable())
    stage.show(FULL, Place.SETTINGS)
    section = stage.window.settings.models
    assert section.state.startswith("Asking OpenAI")
    stage.desk.gateway.gate.set()
    await stage.desk.settle()
    assert section.state.startswith("OpenAI has not said")
    assert [item.name for item in section.table.rows.shown] == ["gpt-5", "gpt-5-codex"]
    stage.tell(replace(FULL, tokens=()))
    await stage.desk.settle()
    assert "as soon as a token can serve" in section.state
    assert not section.refresh.isEnabled()


async def test_what_was_withdrawn_is_replaced_by_one_button(stage: Stage) -> None:
    stage.show(told_of(TABLE), Place.OVERVIEW)
    assert "OpenAI no longer serves gpt-5." in stage.window.notices.texts()
    stage.window.notices.press(f"Use {TABLE.nearest('gpt-5')} instead")
    await stage.desk.settle()
    assert calls(stage) == [("models.set", {"name": "gpt-5", "model": TABLE.nearest("gpt-5"), "effort": None})]
    stage.tell(told_of(replace(TABLE, aliases=(ModelAlias("gpt-5", "gpt-5.5"),))))
    assert stage.window.notices.texts() == []


async def test_several_that_differ_are_chosen_in_the_settings(stage: Stage) -> None:
    withdrawn = (WithdrawnModel("gpt-5", "gpt-5.5"), WithdrawnModel("o1", None))
    stage.show(replace(FULL, withdrawn=withdrawn), Place.OVERVIEW)
    assert stage.window.notices.texts() == ["OpenAI no longer serves gpt-5, o1."]
    stage.window.notices.press("Choose others")
    assert stage.window.place is Place.SETTINGS
    await stage.desk.settle()
    section = stage.window.settings.models
    await until(lambda: in_sight(stage, section))


def in_sight(stage: Stage, section: ModelsSection) -> bool:
    """Whether the page is scrolled so that the section begins at its top."""
    QApplication.processEvents()
    page = section.parentWidget().parentWidget()
    return section.mapTo(page, QPoint()).y() == 0 and stage.window.place is Place.SETTINGS


async def test_the_shortcut_of_the_search_brings_it_into_sight(stage: Stage, section: ModelsSection) -> None:
    await activate(stage.window)
    assert not in_sight(stage, section)
    QTest.keyClick(stage.window, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    await until(lambda: in_sight(stage, section))
    assert section.search.entry.hasFocus()


async def test_the_table_offers_the_same_button(stage: Stage, section: ModelsSection) -> None:
    select(section, "gpt-5.5")
    assert not section.instead.isVisibleTo(section)
    select(section, "gpt-5")
    assert section.instead.isVisibleTo(section)
    section.instead.click()
    await stage.desk.settle()
    assert calls(stage) == [("models.set", {"name": "gpt-5", "model": TABLE.nearest("gpt-5"), "effort": None})]
    assert stage.desk.told == [f"Whoever asks for gpt-5 now gets {TABLE.nearest('gpt-5')}."]


@pytest.mark.parametrize("language", ["en", "zh_CN"])
async def test_it_can_be_read_whole_on_the_smallest_window(
    language: str, icons: Icons, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if language == "zh_CN":
        request.getfixturevalue("chinese")
    made = Stage(icons, Desk(), tmp_path)
    section = await open_with(made, TABLE)
    made.window.resize(800, 560)
    select(section, "gpt-5")
    # A height travels through one layer of the layout at a time.
    for _ in range(10):
        await asyncio.sleep(0.01)
        QApplication.processEvents()
    found = misfits(made.window)
    await made.desk.operations.close()
    made.signing_in.close()
    made.window.leave()
    made.window.deleteLater()
    assert found == []


@pytest.fixture
async def practice() -> AsyncIterator[PracticeUpstream]:
    running = PracticeUpstream((ANN,), ())
    await running.start()
    yield running
    await running.stop()


@pytest.fixture
async def whole(icons: Icons, practice: PracticeUpstream, tmp_path: Path) -> AsyncIterator[Stage]:
    endpoints = UpstreamEndpoints(practice.chatgpt_base_url, practice.openai_base_url, practice.auth_issuer)
    gateway = await Gateway.open(tmp_path, endpoints, key_store_kind=KeyStoreKind.MEMORY)
    await gateway.start("127.0.0.1", 0)
    made = Stage(icons, Desk(LoopHandle(gateway, Commands(gateway, lambda: False, lambda: None))), tmp_path)
    made.look()
    made.window.go(Place.SETTINGS)
    made.window.show()
    yield made
    made.signing_in.close()
    made.window.leave()
    made.window.deleteLater()
    await made.desk.operations.close()
    await gateway.close()


async def seen(stage: Stage, look: Callable[[], Any]) -> None:
    """Wait until the window shows something."""
    async with asyncio.timeout(15):
        while True:
            stage.look()
            QApplication.processEvents()
            if look():
                return
            await asyncio.sleep(0.02)


async def chat(stage: Stage, model: str) -> tuple[int, dict[str, Any]]:
    key = (await stage.desk.handle.call("license.default"))["key"]
    body = {"model": model, "messages": [{"role": "user", "content": "Hello"}]}
    url = f"http://127.0.0.1:{stage.desk.handle.snapshot().port}/codex/v1/chat/completions"
    headers = {"Authorization": f"Bearer {key}"}
    async with aiohttp.ClientSession() as client, client.post(url, json=body, headers=headers) as answer:
        return answer.status, await answer.json()


async def test_a_withdrawn_model_answers_again_after_one_click(whole: Stage, practice: PracticeUpstream) -> None:
    section = whole.window.settings.models
    await seen(whole, lambda: "as soon as a token" in section.state)
    await whole.desk.handle.call("token.import", text=ANN.auth_json(), label="Ann")
    await seen(whole, lambda: section.table.rows.number_of("gpt-5.5") is not None)
    assert section.state == ""
    practice.withdraw_model("gpt-5")
    status, answer = await chat(whole, "gpt-5-high")
    assert (status, answer["error"]["code"]) == (404, "model_not_found")
    assert "gpt-5.5" in answer["error"]["message"]
    await seen(whole, lambda: whole.window.notices.texts() == ["OpenAI no longer serves gpt-5."])
    await seen(whole, lambda: line(section, "gpt-5").withdrawn)
    whole.window.notices.press("Use gpt-5.5 instead")
    await seen(whole, lambda: whole.window.notices.texts() == [])
    await seen(whole, lambda: shown(section, "gpt-5")[2] == "gpt-5.5")
    status, answer = await chat(whole, "gpt-5-high")
    assert status == 200
    assert answer["choices"][0]["finish_reason"] == "stop"
    select(section, "gpt-5")
    section.remove.click()
    await seen(whole, lambda: whole.window.notices.texts() == ["OpenAI no longer serves gpt-5."])

"""The window offscreen: pages, notices, buttons, closing, dropping."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import (
    QDragEnterEvent,
    QDropEvent,
)
from PySide6.QtWidgets import QAbstractButton, QApplication, QInputDialog, QPushButton

from app.desktop import settings_operations
from app.desktop.icons import Icons
from app.desktop.place import Place
from app.desktop.widgets.notice import Notice
from app.gateway.snapshot import Problem, RunState, TokenState
from tests.desktop.program import scene
from tests.desktop.scripted import RUNNING, busy_port, token
from tests.desktop.stage import FULL, Desk, Stage, answer, button


async def test_without_a_token_the_page_says_what_to_do(stage: Stage) -> None:
    stage.show(RUNNING)
    assert stage.window.notices.texts() == []
    stage.desk.clipboard = "sk-abcdefgh12345678"
    button(stage.window.tokens, "Add from clipboard").click()
    assert not button(stage.window.tokens, "Add from clipboard").isEnabled()
    await stage.desk.settle()
    assert button(stage.window.tokens, "Add from clipboard").isEnabled()
    assert stage.desk.gateway.calls[0][0] == "token.import"


@pytest.mark.parametrize("place", [place for place in Place if place not in (Place.OVERVIEW, Place.TOKENS)])
async def test_without_a_token_the_other_pages_lead_to_adding_one(stage: Stage, place: Place) -> None:
    stage.show(RUNNING, place)
    assert stage.window.notices.texts() == ["No token has been added yet, so no request can be answered."]
    stage.window.notices.press("Add token")
    assert stage.window.place is Place.TOKENS
    assert stage.window.notices.texts() == []


async def test_only_the_open_page_of_a_visible_window_follows_what_happens(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[Place] = []
    for place, (page, _title) in stage.window.pages.items():
        monkeypatch.setattr(page, "show_snapshot", lambda _snapshot, _now, place=place: drawn.append(place))
    stage.show(FULL, Place.SESSIONS)
    drawn.clear()
    stage.tell(replace(FULL, active_turns=1))
    assert drawn == [Place.SESSIONS]
    stage.window.hide()
    stage.tell(FULL)
    assert drawn == [Place.SESSIONS]


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
        ("Try again", ("keystore.retry", {})),
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


async def test_an_unusable_database_leads_to_its_folder(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Path] = []
    monkeypatch.setattr(settings_operations, "open_folder", lambda folder: bool(opened.append(folder)))
    problem = Problem("data_unusable", "The database cannot be written.")
    stage.show(replace(FULL, problem=problem), Place.SESSIONS)
    stage.window.notices.press("Open data folder")
    await stage.desk.settle()
    assert opened == [Path("/data/Waystation")]
    assert stage.desk.failures == [f"No program opened the folder. It is {Path('/data/Waystation')}"]


async def test_start_and_stop_are_one_button(stage: Stage) -> None:
    stage.show(FULL)
    button(stage.window.gateway, "Stop").click()
    assert not button(stage.window.gateway, "Stop").isEnabled()
    await stage.desk.settle()
    stage.show(replace(FULL, state=RunState.STOPPED))
    button(stage.window.gateway, "Start").click()
    await stage.desk.settle()
    assert [command for command, _ in stage.desk.gateway.calls] == ["gateway.stop", "gateway.start"]


async def test_the_address_is_copied(stage: Stage) -> None:
    stage.show(FULL, Place.OVERVIEW)
    named = [item for item in stage.window.findChildren(QAbstractButton) if item.accessibleName() == "Copy the address"]
    named[0].click()
    assert stage.copied == ["http://127.0.0.1:8787/codex/v1"]


async def test_a_question_goes_away_with_the_application(stage: Stage) -> None:
    stage.show(FULL)
    stage.window.tokens.menu.ask_for_name(FULL.tokens[0])
    await asyncio.sleep(0)
    assert any(isinstance(box, QInputDialog) and box.isVisible() for box in QApplication.topLevelWidgets())
    await stage.desk.operations.close()
    assert not any(isinstance(box, QInputDialog) and box.isVisible() for box in QApplication.topLevelWidgets())
    assert stage.desk.gateway.calls == []


async def test_only_a_visible_window_is_watched_and_drawn(stage: Stage) -> None:
    stage.window.go(Place.TOKENS)
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


async def test_practice_is_marked_in_title_and_notice(icons: Icons, desk: Desk, tmp_path: Path) -> None:
    stage = Stage(icons, desk, tmp_path, practice=True)
    stage.show(FULL)
    assert "practice" in stage.window.windowTitle()
    assert stage.window.notices.texts()[0].startswith("Practice:")
    # The notice says already what becomes of everything.
    assert stage.window.status.text == ""
    stage.window.notices.press("Start for real")
    assert stage.starts_for_real == 1
    stage.window.leave()


async def test_a_dropped_auth_json_is_added(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "auth.json").write_text('{"a": 1}', encoding="utf-8")
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(tmp_path / "auth.json"))])
    stage.show(FULL, Place.SESSIONS)
    how = (Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    enter = QDragEnterEvent(QPoint(50, 50), *how)
    QApplication.sendEvent(stage.window, enter)
    assert enter.isAccepted()
    QApplication.sendEvent(stage.window, QDropEvent(QPointF(50, 50), *how))
    await stage.desk.settle()
    assert stage.desk.gateway.calls == [("token.import", {"texts": ['{"a": 1}']})]
    assert stage.window.place is Place.TOKENS


@pytest.mark.expects_errors("the page overview cannot show")
async def test_a_page_that_fails_is_logged_and_ends_nothing(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ValueError("a fault in a page")

    stage.show(FULL, Place.OVERVIEW)
    stage.window.hide()
    monkeypatch.setattr(stage.window.overview, "show_snapshot", fail)
    stage.window.show()
    assert stage.window.isVisible()
    stage.window.go(Place.TOKENS)
    assert stage.window.tokens.table.model().rowCount() == 2


@pytest.mark.parametrize("name", ["no_keyring", "lost_key", "limited", "busy_port", "sign_in"])
async def test_every_problem_has_one_button_and_what_else_helps_is_behind_it(stage: Stage, name: str) -> None:
    stage.show(scene(name), Place.SETTINGS)
    shown = stage.window.notices.findChildren(Notice)
    assert shown
    for notice in shown:
        first, *others = [found for _, found in notice.remedies]
        buttons = notice.findChildren(QPushButton)
        assert buttons[0] is first
        entries = [entry for button in buttons[1:] for entry in button.menu().actions()]
        assert entries == others
        assert [button.text() for button in buttons[1:]] == ["Other ways"][: len(others)]

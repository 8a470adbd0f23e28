"""The page with the sessions: its table, what can be done with one, and its timeline."""

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QApplication, QMenu

from app.core.errors import WaystationError
from app.core.turn import Attempt
from app.desktop.icons import Icons
from app.desktop.pages.sessions import SessionsPage
from app.desktop.place import Place
from app.gateway.snapshot import TokenState
from tests.desktop.scripted import NOW, rested, session, token, turn, waiting
from tests.desktop.stage import FULL, Desk, Stage, answer, button, until

TWO = replace(
    FULL, tokens=(token(1, label="Work"), token(2, label="Spare & Co")), sessions=(session(1), session(2)), turns=()
)
HELD = replace(TWO, tokens=(rested(1, label="Work"), rested(2)), held=(waiting(), waiting(2)))


def done(stage: Stage) -> list[tuple[str, dict[str, object]]]:
    """What was commanded, without what was only read."""
    return [call for call in stage.desk.gateway.calls if call[0] != "turn.list"]


def shown(stage: Stage) -> SessionsPage:
    page = stage.window.sessions
    QApplication.processEvents()
    return page


def entry(menu: QMenu, text: str) -> QAction:
    return next(action for action in menu.actions() if action.text().replace("&&", "&") == text)


def ids(page: SessionsPage) -> list[str | None]:
    rows = page.table.model().rowCount()
    return [page._model.line_id(number) for number in range(rows)]


async def test_without_sessions_it_says_what_to_do(stage: Stage) -> None:
    stage.show(replace(TWO, sessions=()), Place.SESSIONS)
    button(stage.window.sessions, "Set up Codex").click()
    assert stage.window.place is Place.SET_UP


async def test_what_is_looked_for_is_shown_and_nothing_that_matches_is_said_apart(stage: Stage) -> None:
    stage.show(TWO, Place.SESSIONS)
    page = shown(stage)
    page.bar.entry.setText("no such thing")
    assert not page.table.isVisible()
    button(page, "Show all").click()
    assert page.table.isVisible()
    assert ids(page) == ["s-1", "s-2"]
    page.bar.choices[0].setCurrentIndex(page.bar.choices[0].findData("pinned"))
    stage.tell(replace(TWO, sessions=(session(1), session(2, pinned=True))))
    assert ids(page) == ["s-2"]
    assert page.bar.counts == "1 of 2 shown"


async def test_a_session_among_very_many_is_chosen_as_soon_as_it_is_shown(stage: Stage) -> None:
    many = tuple(session(number) for number in range(2000))
    stage.show(TWO)
    stage.tell(replace(TWO, sessions=many))
    page = stage.window.sessions
    assert page.table.model().rowCount() == 0
    stage.window.open_session("s-1234")
    assert page._model.weighing
    await until(lambda: QApplication.processEvents() or page.table.selected_id() == "s-1234")
    assert page.table.model().rowCount() == 2000


async def test_the_last_active_stand_first_until_the_user_wants_another_order(stage: Stage) -> None:
    stage.show(TWO, Place.SESSIONS)
    page = shown(stage)
    assert ids(page) == ["s-1", "s-2"]
    page.table.sort_by(5, Qt.SortOrder.DescendingOrder)
    assert ids(page) == ["s-2", "s-1"]
    stage.tell(replace(TWO, sessions=(session(1, turns=9), session(2))))
    assert ids(page) == ["s-1", "s-2"]


async def test_a_selected_session_tells_its_turns_and_moves_and_goes_on_telling(stage: Stage) -> None:
    moved = turn(1, token_id="t-2", note="limit", attempts=(Attempt("t-1", "usage_limit_reached", 120.0),))
    stage.desk.gateway.turns = [moved, turn(2, note="new_session"), turn(3, session_id="s-2")]
    stage.show(TWO, Place.SESSIONS)
    page = shown(stage)
    assert not page.detail.isVisible()
    page.table.select_row(0)
    await stage.desk.settle()
    assert page.detail.isVisible()
    events = page.detail.table.model()
    said = [events.index(row, 1).data() for row in range(events.rowCount())]
    assert said == [
        "Request · gpt-5-codex · high",
        "From Work to Spare & Co: the former reached its limit",
        "Work did not serve: at its limit",
        "Request · gpt-5-codex · high",
        "The session began on Work",
    ]
    new = turn(0, id="r-9", started_at=NOW + 1, token_id="t-2")
    stage.tell(replace(TWO, turns=(new, turn(0, id="r-8", session_id="s-2", started_at=NOW))))
    assert events.rowCount() == 6
    page.table.select_row(1)
    await stage.desk.settle()
    # Two requests and the beginning.
    assert events.rowCount() == 3


async def test_a_timeline_that_cannot_be_read_says_so_and_is_tried_again(stage: Stage) -> None:
    stage.desk.gateway.turns = [turn(1)]
    stage.desk.gateway.failures["turn.list"] = WaystationError("The disk is gone.")
    stage.show(TWO, Place.SESSIONS)
    page = shown(stage)
    page.table.select_row(0)
    await stage.desk.settle()
    stage.desk.gateway.failures.clear()
    button(page.detail, "Try again").click()
    await stage.desk.settle()
    assert page.detail.table.model().rowCount() == 2


async def test_a_session_is_pinned_and_unpinned(stage: Stage) -> None:
    stage.show(TWO, Place.SESSIONS)
    page = shown(stage)
    page.table.select_row(0)
    button(page, "Pin").click()
    await stage.desk.settle()
    stage.tell(replace(TWO, sessions=(session(1, pinned=True), session(2))))
    button(page, "Unpin").click()
    await stage.desk.settle()
    assert done(stage) == [
        ("session.pin", {"id": "s-1", "pinned": True}),
        ("session.pin", {"id": "s-1", "pinned": False}),
    ]


async def test_a_session_is_moved_to_a_token_that_can_serve(stage: Stage) -> None:
    off = token(3, label="Off", state=TokenState.DISABLED)
    stage.desk.gateway.results["session.move"] = {"id": "s-1", "token_id": "t-2", "label": "Spare & Co"}
    stage.show(replace(TWO, tokens=(*TWO.tokens, off)), Place.SESSIONS)
    page = shown(stage)
    page.table.select_row(0)
    page.fill_menu()
    tokens = entry(page.menu, "Move to").menu()
    page.fill_tokens()
    assert [action.text() for action in tokens.actions()] == ["Work", "Spare && Co"]
    assert [action.isEnabled() for action in tokens.actions()] == [False, True]
    assert tokens.actions()[0].isChecked()
    tokens.actions()[1].trigger()
    await stage.desk.settle()
    assert done(stage) == [("session.move", {"id": "s-1", "token_id": "t-2"})]
    assert stage.desk.told == ["The session belongs to “Spare & Co” now; its next request goes there."]


async def test_a_session_that_waits_is_given_up_or_moved_even_to_its_own_token(stage: Stage) -> None:
    stage.show(HELD, Place.SESSIONS)
    page = shown(stage)
    page.table.select_row(0)
    assert page.detail.notice is not None
    assert "At the station since" in page.detail.notice.text
    button(page, "Give up waiting").click()
    await stage.desk.settle()
    page.fill_menu()
    assert entry(page.menu, "Keep waiting").isEnabled()
    page.fill_tokens()
    own = entry(page.menu, "Move to").menu().actions()[0]
    assert own.text().startswith("Work · At its limit until")
    assert own.isEnabled()
    stage.tell(replace(HELD, held=()))
    assert page.detail.notice is None
    assert done(stage) == [("turn.give_up", {"id": "r-1"}), ("turn.give_up", {"id": "r-2"})]


async def test_a_session_is_forgotten_after_a_question_and_its_details_go(stage: Stage) -> None:
    stage.show(TWO, Place.SESSIONS)
    page = shown(stage)
    page.table.select_row(0)
    button(page, "Forget…").click()
    await answer("Forget")
    await stage.desk.settle()
    assert done(stage) == [("session.forget", {"id": "s-1"})]
    stage.tell(replace(TWO, sessions=(session(2),)))
    assert not page.detail.isVisible()


async def test_the_details_are_closed_by_their_button(stage: Stage) -> None:
    stage.show(TWO, Place.SESSIONS)
    page = shown(stage)
    page.table.select_row(0)
    page.detail.closed.emit()
    assert page.table.selected_id() is None
    assert not page.detail.isVisible()


async def test_a_session_is_chosen_from_elsewhere_whatever_is_looked_for(stage: Stage) -> None:
    stage.show(TWO, Place.SESSIONS)
    page = shown(stage)
    page.bar.entry.setText("no such thing")
    page.choose("s-2")
    assert page.table.selected_id() == "s-2"
    await stage.desk.settle()


async def test_sizes_and_order_are_remembered(icons: Icons, desk: Desk, tmp_path: Path) -> None:
    first = Stage(icons, desk, tmp_path)
    first.show(TWO, Place.SESSIONS)
    first.window.sessions.table.sort_by(5, Qt.SortOrder.DescendingOrder)
    first.window.leave()
    second = Stage(icons, desk, tmp_path)
    second.show(TWO, Place.SESSIONS)
    assert ids(second.window.sessions) == ["s-2", "s-1"]
    second.window.leave()


@pytest.mark.parametrize("language", ["en", "zh_CN"])
async def test_the_longest_texts_fit_a_small_window(
    icons: Icons, desk: Desk, tmp_path: Path, language: str, request: pytest.FixtureRequest
) -> None:
    if language == "zh_CN":
        request.getfixturevalue("chinese")
    stage = Stage(icons, desk, tmp_path)
    stage.window.resize(800, 560)
    long = replace(HELD, sessions=(session(1, name="n" * 500, client="c" * 80, model="m" * 90, pinned=True),))
    for place in (Place.SESSIONS, Place.REQUESTS):
        stage.show(replace(long, turns=(turn(1, model="m" * 90, client="c" * 80),)), place)
        page = stage.window.sessions if place is Place.SESSIONS else stage.window.requests
        page.bar.entry.setText("m")
        page.table.select_row(0)
        await desk.settle()
        QApplication.processEvents()
        assert page.minimumSizeHint().width() <= 800 - stage.window.sidebar.width_wanted()
    stage.window.leave()

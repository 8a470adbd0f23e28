"""The page of tokens: what it says of the selected one, and what can be done with it."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QInputDialog, QLabel, QPushButton, QToolButton, QWidget

from app.core.errors import InvalidInput
from app.core.forecast import Forecast
from app.core.quota import Credits, Window
from app.core.token import TokenKind
from app.desktop.formats import minute
from app.desktop.icons import Icons
from app.desktop.key_dialog import KeyDialog
from app.desktop.pages.tokens import TokensPage
from app.desktop.pages.undo_notices import UndoNotices
from app.desktop.place import Place
from app.desktop.removed_dialog import RemovedDialog
from app.desktop.widgets.gauge import Gauge
from app.desktop.widgets.notice import Notice
from app.gateway.snapshot import TokenState, TokenView
from app.practice.accounts import practice_account
from tests.desktop.scripted import NOW, RUNNING, quota, rested, session, token
from tests.desktop.stage import FULL, Desk, Stage, button

ANN, BOB = (practice_account(name, "plus").auth_json() for name in ("ann", "bob"))


@pytest.fixture(autouse=True)
def frozen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The window's clock stands at the samples' time."""
    monkeypatch.setattr("app.desktop.window.time.time", lambda: NOW)


def page_of(stage: Stage, *tokens: TokenView, **more: Any) -> TokensPage:
    """The page with these tokens, the first of them selected."""
    stage.show(replace(FULL, tokens=tokens, **more))
    stage.window.tokens.table.select_row(0)
    QApplication.processEvents()
    return stage.window.tokens


def words(widget: QWidget) -> str:
    """All that its labels and buttons say."""
    found = [
        item.text()
        for kind in (QLabel, QPushButton, QToolButton)
        for item in widget.findChildren(kind)
        if item.isVisibleTo(widget)
    ]
    return "\n".join(found)


async def open_dialog(kind: type[Any]) -> Any:
    async with asyncio.timeout(5):
        while True:
            found = [item for item in QApplication.topLevelWidgets() if isinstance(item, kind) and item.isVisible()]
            if found:
                return found[0]
            await asyncio.sleep(0.01)


async def until(look: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not look():  # noqa: ASYNC110 - widgets tell nobody
            await asyncio.sleep(0.01)


def choose_way(page: TokensPage, label: str) -> None:
    menu = button(page, "Add token").menu()
    next(action for action in menu.actions() if action.text().replace("&", "") == label).trigger()


async def test_the_first_token_is_selected_at_first_but_not_in_place_of_one_that_has_gone(stage: Stage) -> None:
    page = page_of(stage, token(1, label="Work"), token(2))
    assert page.selected() == token(1, label="Work")
    assert "Work" in words(page.detail)
    stage.tell(replace(FULL, tokens=(token(2),)))
    assert not page.detail.isVisible()
    stage.tell(RUNNING)
    assert not page.detail.isVisible()
    assert not page.add.isVisible()


async def test_the_pane_tells_everything_about_a_token(stage: Stage) -> None:
    windows = (*quota().windows, Window("codex_bengalfox", "primary", 20, 300, NOW + 600))
    view = token(
        1,
        label="Work",
        quota=quota(windows=windows, credits=Credits(True, False, "12.50")),
        forecasts=(Forecast("codex", "primary", NOW + 1800),),
        expires_at=NOW + 86400,
        refreshed_at=NOW - 3600,
        proxy="socks5://127.0.0.1:1080",
    )
    detail = page_of(stage, view).detail
    said = words(detail)
    for part in (
        "so•••@example.com · Plus",
        "Ready",
        "GPT-5.3-Codex-Spark",
        "Credits: 12.50",
        minute(NOW + 86400, NOW),
        minute(NOW - 3600, NOW),
        "socks5://127.0.0.1:1080",
    ):
        assert part in said, part
    gauges = detail.findChildren(Gauge)
    assert [gauge.reading.left_percent for gauge in gauges] == [73, 40, 80]
    assert gauges[0].reading.forecast
    assert gauges[2].accessibleName().startswith("Work · GPT-5.3-Codex-Spark · 5 h")


async def test_a_login_that_codex_renews_says_where(stage: Stage) -> None:
    view = token(1, expires_at=NOW + 86400, refreshed_at=NOW - 60, follows="/home/someone/.codex/auth.json")
    said = words(page_of(stage, view).detail)
    assert "/home/someone/.codex/auth.json" in said
    assert "Renewed" not in said


async def test_without_quota_the_pane_says_why(stage: Stage) -> None:
    assert "Not known yet" in words(page_of(stage, token(1)).detail)
    assert "OpenAI bills" in words(page_of(stage, token(2, kind=TokenKind.API_KEY)).detail)


@pytest.mark.parametrize(
    ("view", "helps", "call"),
    [
        (rested(1), "Try now", ("token.retry", {"id": "t-1"})),
        (
            token(1, state=TokenState.SIGN_IN, sign_in_needed="invalid_grant"),
            "Sign in again",
            ("signin.browser", {"token_id": "t-1"}),
        ),
        (token(1), "Test", ("token.test", {"id": "t-1"})),
        (token(1), "Disable", ("token.disable", {"id": "t-1"})),
        (token(1, enabled=False, state=TokenState.DISABLED), "Enable", ("token.enable", {"id": "t-1"})),
    ],
)
async def test_what_helps_most_is_a_button(stage: Stage, view: TokenView, helps: str, call: tuple[str, Any]) -> None:
    detail = page_of(stage, view).detail
    button(detail, helps).click()
    assert button(detail, "More").isEnabled() is call[0].startswith("signin")
    await stage.desk.settle()
    assert stage.desk.gateway.calls == [call]
    assert button(detail, "More").isEnabled()


async def test_a_key_is_not_signed_in(stage: Stage) -> None:
    needy = token(1, kind=TokenKind.API_KEY, state=TokenState.SIGN_IN, sign_in_needed="x", last_error="http_401")
    said = words(page_of(stage, needy).detail)
    assert "Sign in again\n" not in said
    assert "Add a new one" in said


@pytest.mark.parametrize(
    ("code", "said", "helps", "command"),
    [
        ("unauthorized", "does not accept it any more", "Sign in again", "signin.browser"),
        ("upstream_timeout", "could not be reached", "Own proxy…", "proxy.detect"),
        ("http_503", "http_503", "Test it now", "token.test"),
    ],
)
async def test_the_last_failure_says_when_what_and_what_to_do(
    stage: Stage, code: str, said: str, helps: str, command: str
) -> None:
    detail = page_of(stage, token(1, last_error=code, last_error_at=NOW - 3600)).detail
    assert f"Last failure, {minute(NOW - 3600, NOW)}" in words(detail)
    assert said in words(detail)
    button(detail, helps).click()
    await until(lambda: stage.desk.gateway.calls)
    assert stage.desk.gateway.calls[0][0] == command
    stage.tell(replace(FULL, tokens=(token(1),)))
    assert "Last failure" not in words(detail)
    await stage.desk.operations.close()


async def test_a_failure_that_the_state_tells_already_is_not_told_twice(stage: Stage) -> None:
    assert "Last failure" not in words(page_of(stage, rested(1, last_error="usage_limit_reached")).detail)


async def test_sessions_lead_to_their_page(stage: Stage) -> None:
    sessions = (session(1), session(2, token_id="t-2"), *(session(number) for number in range(3, 9)))
    page = page_of(stage, token(1, sessions=7, active_turns=1), token(2), sessions=sessions)
    links = [item for item in page.detail.findChildren(QToolButton) if item.isVisibleTo(page.detail)]
    assert len(links) == 6
    assert links[0].text() == "019a9c42-77d1…000001"
    assert "2" in links[-1].text()
    links[1].click()
    assert stage.window.place is Place.SESSIONS
    await stage.desk.operations.close()


async def test_a_removal_is_undone_from_its_notice(stage: Stage) -> None:
    page = page_of(stage, token(1, label="Work"), token(2))
    page.table.setFocus()
    QTest.keyClick(page.table, Qt.Key.Key_Delete)
    await stage.desk.settle()
    assert stage.desk.gateway.calls == [("token.remove", {"id": "t-1"})]
    # What was known before the removal says nothing of an undoing.
    stage.tell(replace(FULL, tokens=(token(1, label="Work"), token(2))))
    assert "“Work” is removed" in words(page.undo)
    stage.tell(replace(FULL, tokens=(token(2),)))
    button(page.undo, "Undo").click()
    await stage.desk.settle()
    assert stage.desk.gateway.calls[1:] == [("token.restore", {"id": "t-1"})]
    assert stage.desk.told == ["“Work” is back."]
    stage.tell(replace(FULL, tokens=(token(1, label="Work"), token(2))))
    assert not page.undo.isVisible()


async def test_also_the_last_token_can_be_taken_back(stage: Stage) -> None:
    page = page_of(stage, token(1, label="Work"))
    page.menu.remove(token(1, label="Work"))
    await stage.desk.settle()
    stage.tell(RUNNING)
    assert button(page.undo, "Undo").isVisible()


async def test_a_removal_that_fails_offers_nothing(stage: Stage) -> None:
    stage.desk.gateway.failures["token.remove"] = InvalidInput("No.")
    page = page_of(stage, token(1))
    page.menu.remove(token(1))
    await stage.desk.settle()
    assert not page.undo.isVisible()
    assert stage.desk.failures == ["No."]


async def test_each_removal_has_a_notice_of_its_own_that_can_be_closed(icons: Icons, desk: Desk) -> None:
    restored: list[str] = []
    notices = UndoNotices(icons, lambda token_id, _label: restored.append(token_id))
    notices.show()
    notices.show_removed("t-1", "Work")
    notices.show_removed("t-2", "Home")
    shown = [item for item in notices.findChildren(Notice) if item.isVisible()]
    assert len(shown) == 2
    close = next(item for item in shown[0].findChildren(QToolButton))
    close.click()
    assert not shown[0].isVisible()
    button(shown[1], "Undo").click()
    assert restored == ["t-2"]
    notices.deleteLater()


async def test_removed_tokens_are_listed_and_restored(stage: Stage) -> None:
    item = {"id": "t-9", "kind": "chatgpt", "label": "Old", "email": "ol•••@example.com", "plan": "plus"}
    stage.desk.gateway.results["token.removed"] = [item | {"removed_at": NOW - 60, "kept_until": NOW + 86400}]
    page = page_of(stage, token(1))
    choose_way(page, "Removed tokens…")
    dialog: RemovedDialog = await open_dialog(RemovedDialog)
    assert dialog.list.item(0).text().startswith("Old · ol•••@example.com\nremoved ")
    button(dialog, "Restore").click()
    await stage.desk.settle()
    assert stage.desk.gateway.calls == [("token.removed", {}), ("token.restore", {"id": "t-9"})]


async def test_where_nothing_was_removed_the_list_says_so(stage: Stage) -> None:
    stage.desk.gateway.results["token.removed"] = []
    choose_way(page_of(stage, token(1)), "Removed tokens…")
    dialog = await open_dialog(RemovedDialog)
    assert "No token was removed" in words(dialog)
    assert "Restore" not in words(dialog)
    dialog.reject()
    await stage.desk.settle()


@pytest.mark.parametrize(
    ("text", "said", "can_add"),
    [
        ("sk-abcdefgh12345678", "an OpenAI API key", True),
        ("rt_abcdefghijklmnopqrstuvwxyz", "refresh token", True),
        (ANN, "a ChatGPT login", True),
        (f"[{ANN}, {BOB}]", "2 login", True),
        ("hello", "Nothing that Waystation knows", False),
        ("", "It is checked with OpenAI", False),
    ],
)
async def test_what_is_typed_is_hidden_and_told_by_its_kind(stage: Stage, text: str, said: str, can_add: bool) -> None:
    choose_way(page_of(stage, token(1)), "Type or paste a key…")
    dialog: KeyDialog = await open_dialog(KeyDialog)
    dialog.entry.setText("x")
    dialog.entry.setText(text)
    assert said in dialog.recognised.text()
    assert button(dialog, "Add").isEnabled() is can_add
    assert not text or text not in words(dialog) + dialog.entry.displayText()
    dialog.reject()
    await stage.desk.settle()


async def test_a_typed_key_is_added_and_a_refused_one_keeps_the_dialog(stage: Stage) -> None:
    choose_way(page_of(stage, token(1)), "Type or paste a key…")
    dialog: KeyDialog = await open_dialog(KeyDialog)
    stage.desk.gateway.failures["token.import"] = InvalidInput("Upstream refuses this key.")
    dialog.entry.setText("sk-abcdefgh12345678")
    button(dialog, "Add").click()
    await until(lambda: "Upstream refuses this key." in words(dialog))
    del stage.desk.gateway.failures["token.import"]
    button(dialog, "Add").click()
    await stage.desk.settle()
    assert not dialog.isVisible()
    assert stage.desk.gateway.calls[-1] == ("token.import", {"texts": ["sk-abcdefgh12345678"]})
    assert stage.desk.told == ["The token “Account 1” is added."]


async def test_keys_rename_and_move(stage: Stage) -> None:
    page = page_of(stage, token(1), token(2), token(3))
    page.table.setFocus()
    QTest.keyClick(page.table, Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
    await stage.desk.settle()
    QTest.keyClick(page.table, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    await stage.desk.settle()
    assert stage.desk.gateway.calls == [("token.reorder", {"ids": ["t-2", "t-1", "t-3"]})]
    QTest.keyClick(page.table, Qt.Key.Key_F2)
    dialog = await open_dialog(QInputDialog)
    assert dialog.textValue() == "Account 1"
    dialog.reject()
    await stage.desk.settle()


async def test_files_can_be_dropped_onto_the_list_too(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "auth.json").write_text("{}", encoding="utf-8")
    page = page_of(stage, token(1))
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(tmp_path / "auth.json"))])
    how = (Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    enter = QDragEnterEvent(QPoint(50, 50), *how)
    enter.ignore()
    QApplication.sendEvent(page.table.viewport(), enter)
    assert enter.isAccepted()


async def test_the_pane_stands_beside_the_list_or_below_it(stage: Stage) -> None:
    page = page_of(stage, token(1))
    for width, wanted in ((1180, Qt.Orientation.Horizontal), (800, Qt.Orientation.Vertical)):
        stage.window.resize(width, 740)
        QApplication.processEvents()
        assert page._split.orientation() is wanted


async def test_fifty_tokens_are_counted_by_state(stage: Stage) -> None:
    page = page_of(stage, *(token(number) for number in range(1, 50)), rested(50))
    assert "Ready: 49 · Resting: 1" in words(page)

"""What the window offers about tokens as a pool: their menu, policy, proxies, and requests that wait."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QApplication, QDialogButtonBox, QInputDialog, QMenu

from app.core.errors import InvalidInput, NotFound
from app.core.token import TokenKind
from app.desktop.announcements import announcements
from app.desktop.formats import minute
from app.desktop.place import Place
from app.desktop.proxy_dialog import ProxyDialog
from app.gateway.snapshot import GatewaySnapshot, TokenState
from tests.desktop.scripted import NOW, RUNNING, rested, session, token, waiting
from tests.desktop.stage import FULL, Stage, button

LIMITED = replace(
    FULL,
    tokens=(rested(1, label="Work"), rested(2, NOW + 3600)),
    sessions=(session(1), session(2)),
    held=(waiting(1), waiting(2, session_id="s-2", until=NOW + 3600)),
)


@pytest.fixture(autouse=True)
def frozen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The window's clock stands at the samples' time."""
    monkeypatch.setattr("app.desktop.window.time.time", lambda: NOW)


def entry(menu: QMenu, label: str) -> QAction:
    """The entry with this label, whatever its access key."""
    found = [action for action in menu.actions() if action.text().replace("&", "").partition("\t")[0] == label]
    assert len(found) == 1, [action.text() for action in menu.actions()]
    return found[0]


def token_menu(stage: Stage, snapshot: GatewaySnapshot, row: int) -> QMenu:
    """The menu of the token in this row."""
    stage.show(snapshot)
    page = stage.window.tokens
    page.table.select_row(row)
    button(page, "More").click()
    assert page.menu.isVisible()
    page.menu.close()
    return page.menu


async def open_dialog(kind: type[Any]) -> Any:
    async with asyncio.timeout(5):
        while True:
            found = [item for item in QApplication.topLevelWidgets() if isinstance(item, kind) and item.isVisible()]
            if found:
                return found[0]
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("label", "call"),
    [
        ("Try now", ("token.retry", {"id": "t-1"})),
        ("Test", ("token.test", {"id": "t-1"})),
        ("Disable", ("token.disable", {"id": "t-1"})),
        ("Spare: only when the others cannot", ("token.change", {"id": "t-1", "spare": True})),
        ("Move down", ("token.reorder", {"ids": ["t-2", "t-1"]})),
        ("Sign in again…", ("signin.browser", {"token_id": "t-1"})),
    ],
)
async def test_the_menu_of_a_token_does_what_it_says(stage: Stage, label: str, call: tuple[str, Any]) -> None:
    entry(token_menu(stage, LIMITED, 0), label).trigger()
    await stage.desk.settle()
    assert stage.desk.gateway.calls == [call]


async def test_the_menu_offers_only_what_makes_sense(stage: Stage) -> None:
    tokens = (token(1, spare=True), token(2, kind=TokenKind.API_KEY, state=TokenState.SEALED))
    menu = token_menu(stage, replace(FULL, tokens=tokens), 0)
    assert entry(menu, "Spare: only when the others cannot").isChecked()
    assert not entry(menu, "Try now").isEnabled()
    assert not entry(menu, "Move up").isEnabled()
    menu = token_menu(stage, replace(FULL, tokens=tokens), 1)
    assert not entry(menu, "Test").isEnabled()
    assert not entry(menu, "Move down").isEnabled()
    assert all("Sign in" not in action.text() for action in menu.actions())


async def test_a_token_is_renamed(stage: Stage) -> None:
    entry(token_menu(stage, FULL, 0), "Rename…").trigger()
    dialog = await open_dialog(QInputDialog)
    assert dialog.textValue() == "Work"
    dialog.setTextValue("  Main account ")
    dialog.accept()
    await stage.desk.settle()
    assert stage.desk.gateway.calls == [("token.change", {"id": "t-1", "label": "Main account"})]


async def test_a_name_that_stays_changes_nothing(stage: Stage) -> None:
    entry(token_menu(stage, FULL, 0), "Rename…").trigger()
    (await open_dialog(QInputDialog)).accept()
    await stage.desk.settle()
    assert stage.desk.gateway.calls == []


async def test_a_token_gets_a_proxy_and_a_wrong_one_keeps_the_dialog_open(stage: Stage) -> None:
    stage.desk.gateway.results["proxy.detect"] = ["http://127.0.0.1:7890"]
    entry(token_menu(stage, FULL, 0), "Own proxy…").trigger()
    dialog: ProxyDialog = await open_dialog(ProxyDialog)
    assert dialog.other.isChecked()
    assert [dialog.address.itemText(n) for n in range(dialog.address.count())] == ["http://127.0.0.1:7890"]
    stage.desk.gateway.failures["token.change"] = InvalidInput("The proxy needs a port: write it differently.")
    dialog.address.setEditText("socks5://me:secret@host")
    assert dialog.own.isChecked()
    assert dialog.address.currentText() == "socks5://host"
    assert dialog.password.text() == "secret"
    assert "secret" not in dialog.password.displayText()
    ok = dialog.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Ok)
    ok.click()
    await until(lambda: ok.isEnabled())
    assert dialog.isVisible()
    del stage.desk.gateway.failures["token.change"]
    dialog.address.setEditText("socks5://host:1080")
    ok.click()
    await stage.desk.settle()
    assert not dialog.isVisible()
    assert stage.desk.gateway.calls[-1] == ("token.change", {"id": "t-1", "proxy": "socks5://me:secret@host:1080"})
    assert stage.desk.failures == []


@pytest.mark.parametrize(
    ("before", "press", "after"),
    [("direct", "other", ""), (None, "direct", "direct"), ("http://a:1", "other", ""), ("http://a:1", "own", None)],
)
async def test_a_proxy_that_stays_is_not_set_again_since_its_password_is_not_shown(
    stage: Stage, before: str | None, press: str, after: str | None
) -> None:
    entry(token_menu(stage, replace(FULL, tokens=(token(1, proxy=before),)), 0), "Own proxy…").trigger()
    dialog = await open_dialog(ProxyDialog)
    getattr(dialog, press).click()
    dialog.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Ok).click()
    await stage.desk.settle()
    changed = [params["proxy"] for command, params in stage.desk.gateway.calls if command == "token.change"]
    assert changed == ([] if after is None else [after])


@pytest.mark.parametrize(
    ("address", "user", "password", "forget", "after"),
    [
        ("http://a:1", "me", "p@:/#%", False, "http://me:p%40%3A%2F%23%25@a:1"),
        ("http://a:1", "me", "", False, "http://me@a:1"),
        ("http://a:1", "", "", True, "http://a:1"),
        ("http://b:1", "", "", False, "http://b:1"),
    ],
)
async def test_user_and_password_of_a_proxy_are_changed_or_forgotten(
    stage: Stage, address: str, user: str, password: str, forget: bool, after: str
) -> None:
    entry(token_menu(stage, replace(FULL, tokens=(token(1, proxy="http://a:1"),)), 0), "Own proxy…").trigger()
    dialog: ProxyDialog = await open_dialog(ProxyDialog)
    assert dialog.password.placeholderText() == "unchanged"
    dialog.address.setEditText(address)
    dialog.user.setText(user)
    dialog.password.setText(password)
    dialog.forget.setChecked(forget)
    # What is stored belongs to the address that there was.
    assert dialog.password.placeholderText() == ("none" if forget or address != "http://a:1" else "unchanged")
    dialog.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Ok).click()
    await stage.desk.settle()
    assert stage.desk.gateway.calls[-1] == ("token.change", {"id": "t-1", "proxy": after})


async def test_a_password_without_a_user_is_asked_about(stage: Stage) -> None:
    entry(token_menu(stage, FULL, 0), "Own proxy…").trigger()
    dialog: ProxyDialog = await open_dialog(ProxyDialog)
    dialog.address.setEditText("http://a:1")
    dialog.password.setText("secret")
    dialog.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Ok).click()
    assert dialog.isVisible()
    assert not any(command == "token.change" for command, _ in stage.desk.gateway.calls)
    dialog.reject()
    await stage.desk.settle()


async def test_waiting_requests_stand_on_top_and_can_be_tried_and_given_up(stage: Stage) -> None:
    stage.show(LIMITED, Place.SET_UP)
    back = minute(NOW + 3600, NOW)
    assert len(stage.window.notices.texts()) == 1
    assert f"waiting at the station until {back}: all tokens are at their limit" in stage.window.notices.texts()[0]
    stage.window.notices.press("Try now")
    await stage.desk.settle()
    stage.desk.gateway.failures["turn.give_up"] = NotFound("It goes on already.")
    stage.window.notices.press("Give up")
    await stage.desk.settle()
    assert stage.desk.gateway.calls == [
        ("pool.reset", {}),
        ("turn.give_up", {"id": "r-1"}),
        ("turn.give_up", {"id": "r-2"}),
    ]
    assert stage.desk.failures == []


async def test_when_all_rest_the_notice_says_until_when(stage: Stage) -> None:
    stage.show(replace(LIMITED, held=()))
    assert stage.window.notices.texts() == [f"No token can serve now; the first is back at {minute(NOW + 3600, NOW)}."]
    stage.window.notices.press("Try now")
    await stage.desk.settle()
    assert stage.desk.gateway.calls == [("pool.reset", {})]
    stage.tell(replace(LIMITED, held=(), tokens=(rested(1), token(2))))
    assert stage.window.notices.texts() == []


async def test_a_local_proxy_is_offered_when_upstream_cannot_be_reached(stage: Stage) -> None:
    stage.show(replace(FULL, offered_proxies=("http://127.0.0.1:7890", "socks5://127.0.0.1:1080")))
    assert "cannot be reached" in stage.window.notices.texts()[0]
    stage.window.notices.press("Use socks5://127.0.0.1:1080")
    await stage.desk.settle()
    assert stage.desk.gateway.calls == [("proxy.set", {"proxy": "socks5://127.0.0.1:1080"})]
    assert stage.desk.told == ["Waystation goes through socks5://127.0.0.1:1080 now."]


async def test_many_tokens_that_need_a_sign_in_are_one_notice(stage: Stage) -> None:
    out = {"state": TokenState.SIGN_IN, "sign_in_needed": "invalid_grant"}
    stage.show(replace(FULL, tokens=tuple(token(n, **out) for n in range(1, 4))))
    assert len(stage.window.notices.texts()) == 1
    assert stage.window.notices.texts()[0].startswith("3 token")
    stage.show(replace(FULL, tokens=(token(1, **(out | {"enabled": False})), token(2))))
    assert stage.window.notices.texts() == []


def test_the_tray_speaks_once_of_each_thing_that_stops_the_work(qapp: QApplication) -> None:
    needy = token(3, label="Team", state=TokenState.SIGN_IN, sign_in_needed="token_invalidated")
    snapshot = replace(LIMITED, tokens=(*LIMITED.tokens, needy))
    told = announcements(snapshot, NOW)
    assert set(told) == {"waiting", "sign_in t-3"}
    assert told["sign_in t-3"] == "“Team” needs a new sign-in: the login was revoked."
    key = replace(needy, kind=TokenKind.API_KEY, sign_in_needed="invalid_api_key")
    said = announcements(replace(RUNNING, tokens=(key,)), NOW)["sign_in t-3"]
    assert said == "“Team” no longer works: upstream refuses it. Add a new key."
    assert set(announcements(replace(LIMITED, held=()), NOW)) == {"resting"}
    assert announcements(RUNNING, NOW) == {}


def test_waiting_is_told_in_chinese(chinese: None) -> None:
    told = announcements(LIMITED, NOW)["waiting"]
    assert told == f"2 个请求正在驿站候车，等到 {minute(NOW + 3600, NOW)}：所有 Token 都已达到上限。"


async def until(look: Any) -> None:
    async with asyncio.timeout(5):
        while not look():  # noqa: ASYNC110 - buttons tell nobody
            await asyncio.sleep(0.01)

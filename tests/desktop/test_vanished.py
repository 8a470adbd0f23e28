"""A token, session or license that goes while its menu, dialog or details are open, on a real gateway."""

from typing import Any

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QDialogButtonBox, QInputDialog

from app.core.license import LicenseState
from app.desktop.licenses.edit_dialog import LicenseDialog
from app.desktop.place import Place
from app.desktop.proxy_dialog import ProxyDialog
from app.desktop.widgets.notice import Notice
from app.gateway.gateway import Gateway
from tests.desktop.stage import Stage, answer, button
from tests.desktop.test_whole_pool import ANN, BOB, gateway, practice, seen, visible, whole
from tests.desktop.test_whole_sessions import ask

__all__ = ["gateway", "practice", "whole"]


GONE = "This entry does not exist any more."


async def two_tokens(whole: Stage, gateway: Gateway) -> str:
    """Ann and Bob; returns the id of Ann's token, which is selected."""
    for account, label in ((ANN, "Ann"), (BOB, "Bob")):
        await whole.desk.handle.call("token.import", text=account.auth_json(), label=label)
    page = whole.window.tokens
    await seen(whole, lambda: page.table.model().rowCount() == 2)
    page.table.select_row(0)
    return gateway.snapshot().tokens[0].id


def state(gateway: Gateway) -> Any:
    """All that an act meant for another could change."""
    return [
        (token.id, token.label, token.enabled, token.spare, token.proxy, token.state)
        for token in gateway.snapshot().tokens
    ]


def entries(menu: Any) -> list[QAction]:
    return [action for action in menu.actions() if not action.isSeparator() and action.isEnabled()]


async def test_what_the_menu_of_a_vanished_token_offers_fails_in_words_and_changes_no_other(
    whole: Stage, gateway: Gateway
) -> None:
    ann = await two_tokens(whole, gateway)
    page = whole.window.tokens
    page.menu.show_token(page.selected(), [token.id for token in gateway.snapshot().tokens])
    acts = {entry.text().split("\t")[0].replace("&", ""): entry for entry in entries(page.menu)}
    await whole.desk.handle.call("token.remove", id=ann)
    await seen(whole, lambda: page.table.model().rowCount() == 1)
    before = state(gateway)
    asking = {"Rename…", "Own proxy…", "Sign in again…"}
    assert asking <= acts.keys()
    for name in acts.keys() - asking:
        acts[name].trigger()
        await whole.desk.settle()
        assert state(gateway) == before, name
        assert whole.desk.failures == [GONE], name
        whole.desk.failures.clear()


async def test_when_the_selected_token_vanishes_no_other_gets_the_press_that_was_meant_for_it(
    whole: Stage, gateway: Gateway
) -> None:
    ann = await two_tokens(whole, gateway)
    page = whole.window.tokens
    assert page.detail.isVisible()
    await whole.desk.handle.call("token.remove", id=ann)
    await seen(whole, lambda: page.table.model().rowCount() == 1)
    assert page.selected() is None
    assert not page.detail.isVisible()


async def test_a_vanished_token_is_not_renamed_nor_given_a_proxy(whole: Stage, gateway: Gateway) -> None:
    ann = await two_tokens(whole, gateway)
    page = whole.window.tokens
    token = page.selected()
    assert token is not None
    page.menu.ask_for_name(token)
    await seen(whole, lambda: visible(QInputDialog))
    await whole.desk.handle.call("token.remove", id=ann)
    await seen(whole, lambda: page.table.model().rowCount() == 1)
    before = state(gateway)
    visible(QInputDialog)[0].setTextValue("Another name")
    visible(QInputDialog)[0].accept()
    await whole.desk.settle()
    assert len(whole.desk.failures) == 1
    page.menu.ask_for_way(token)
    await seen(whole, lambda: visible(ProxyDialog))
    dialog = visible(ProxyDialog)[0]
    dialog.own.click()
    dialog.address.setEditText("http://127.0.0.1:9")
    dialog.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Ok).click()
    await seen(whole, lambda: [notice for notice in dialog.findChildren(Notice) if notice.text == GONE])
    dialog.reject()
    await whole.desk.settle()
    assert state(gateway) == before


async def test_a_vanished_session_closes_its_menu_and_details_and_a_question_about_it_is_answered_in_words(
    whole: Stage, gateway: Gateway
) -> None:
    await two_tokens(whole, gateway)
    for name in ("one", "two"):
        await ask(whole, gateway, name)
    whole.window.go(Place.SESSIONS)
    page = whole.window.sessions
    await seen(whole, lambda: page.table.model().rowCount() == 2)
    page.table.select_row(0)
    session = page._selected()
    assert session is not None
    page.fill_menu()
    page.menu.popup(page.mapToGlobal(page.rect().center()))
    button(page, "Forget…").click()
    await whole.desk.handle.call("session.forget", id=session.id)
    await seen(whole, lambda: page.table.model().rowCount() == 1)
    assert not page.menu.isVisible()
    assert not page.detail.isVisible()
    left = gateway.snapshot().sessions
    await answer("Forget")
    await whole.desk.settle()
    assert len(whole.desk.failures) == 1
    whole.desk.failures.clear()
    for act in (lambda: whole.desk.operations.sessions.pin(session.id, True), page._on_pin, page._on_give_up):
        act()
        await whole.desk.settle()
    assert len(whole.desk.failures) == 1
    assert [(item.id, item.pinned) for item in gateway.snapshot().sessions] == [(item.id, item.pinned) for item in left]


async def test_a_session_is_not_moved_to_a_token_that_has_vanished_from_the_open_menu(
    whole: Stage, gateway: Gateway
) -> None:
    ann = await two_tokens(whole, gateway)
    await ask(whole, gateway, "one")
    whole.window.go(Place.SESSIONS)
    page = whole.window.sessions
    await seen(whole, lambda: page.table.model().rowCount() == 1)
    page.table.select_row(0)
    page.fill_tokens()
    to_ann = next(entry for entry in page._tokens.actions() if entry.text() == "Ann")
    to_ann.setEnabled(True)
    await whole.desk.handle.call("token.remove", id=ann)
    before = [(item.home_token_id, item.token_id) for item in gateway.snapshot().sessions]
    to_ann.trigger()
    await whole.desk.settle()
    assert len(whole.desk.failures) == 1
    assert [(item.home_token_id, item.token_id) for item in gateway.snapshot().sessions] == before


async def test_a_license_that_was_revoked_meanwhile_stays_so_and_no_other_is_changed(
    whole: Stage, gateway: Gateway
) -> None:
    for label in ("Ann's laptop", "Bob's laptop"):
        await whole.desk.handle.call("license.create", label=label)
    whole.window.go(Place.LICENSES)
    page = whole.window.licenses
    await seen(whole, lambda: page.table.model().rowCount() == 2)
    page.table.select_row(0)
    row = page.selected()
    assert row is not None
    page.fill_menu()
    page.menu.popup(page.mapToGlobal(page.rect().center()))
    button(page, "Edit…").click()
    await seen(whole, lambda: visible(LicenseDialog))
    await whole.desk.handle.call("license.revoke", id=row.view.id)
    await seen(whole, lambda: page.table.model().rowCount() == 1)
    assert page.selected() is None
    assert not page.menu.isVisible()
    dialog = visible(LicenseDialog)[0]
    dialog.label.setText("Another name")
    button(dialog, "Save").click()
    await whole.desk.settle()
    whole.desk.operations.licenses.rotate(row.view.id)
    await whole.desk.settle()
    assert len(whole.desk.failures) == 1
    labels = {item.id: (item.label, item.state) for item in gateway.snapshot().licenses}
    assert labels.pop(row.view.id) == ("Another name", LicenseState.REVOKED)
    assert list(labels.values()) == [("Bob's laptop", LicenseState.VALID)]

"""The licenses page: what each license did and may do, and all that can be done with it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QApplication, QDialog, QLabel, QWidget

from app.core.errors import InvalidInput, KeyStoreUnavailable
from app.core.license import LicenseState
from app.desktop.icons import Icons
from app.desktop.licenses.colleague_dialog import ColleagueDialog, addresses_for_others
from app.desktop.licenses.edit_dialog import LicenseDialog
from app.desktop.pages.licenses import LicensesPage
from app.desktop.place import Place
from app.desktop.widgets.two_lines import BAR, BELOW
from app.gateway.commands import Commands
from app.gateway.gateway import Gateway
from app.gateway.handle import LoopHandle
from app.gateway.snapshot import GatewaySnapshot
from app.platform.codex_setup import setup_text
from app.platform.shells import Shell
from app.practice.accounts import practice_account
from app.practice.server import PracticeUpstream
from app.store.key_stores import KeyStoreKind
from app.upstream.endpoints import UpstreamEndpoints
from tests.desktop.scripted import NOW, RUNNING, license_view
from tests.desktop.stage import FULL, Desk, Stage, answer, button, machine, until
from tests.desktop.test_window_access import access_key

KEY = "ws-keykeykeykeykeykeykeykey"
LAN = "http://192.168.1.20:8787/codex/v1"
HERE = license_view(1, label="This computer", last_peer="127.0.0.1", last_client="codex_cli_rs/0.169.0 (Debian)")
ANN = license_view(2, label="Ann's laptop", daily_tokens=2_000_000, used_today=1_750_000, last_peer="192.168.1.34")
OLD = license_view(3, label="Old phone", state=LicenseState.REVOKED, revoked_at=NOW - 86400)
THREE = replace(FULL, licenses=(HERE, ANN, OLD))
ANN_ACCOUNT = practice_account("ann", "plus")

_D = TypeVar("_D", bound=QDialog)


@pytest.fixture(autouse=True)
def frozen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The window's clock stands at the samples' time."""
    monkeypatch.setattr("app.desktop.window.time.time", lambda: NOW)


@pytest.fixture
async def opened(stage: Stage) -> AsyncIterator[Stage]:
    issued = {"id": "l-2", "label": "Ann's laptop", "key": KEY}
    results = stage.desk.gateway.results
    results["license.key"] = results["license.rotate"] = results["license.create"] = issued
    usage = {"turns": 12, "input_tokens": 41_000_000, "cached_tokens": 40_000_000, "output_tokens": 1_000_000}
    results["license.usage"] = {"l-1": usage}
    stage.show(THREE, Place.LICENSES)
    await stage.desk.settle()
    yield stage
    await stage.desk.operations.close()


def page_of(stage: Stage) -> LicensesPage:
    return stage.window.licenses


def calls(stage: Stage) -> list[tuple[str, dict[str, Any]]]:
    return [call for call in stage.desk.gateway.calls if call[0] != "license.usage"]


def shown(page: LicensesPage) -> list[list[str]]:
    """Each row: its cells, with what stands below them."""
    model = page.table.model()
    rows = []
    for row in range(model.rowCount()):
        cells = [model.index(row, column) for column in range(model.columnCount())]
        rows.append(["|".join(part for part in (cell.data(), cell.data(BELOW)) if part) for cell in cells])
    return rows


def choose(page: LicensesPage, number: int) -> None:
    page.table.select_row(number)


async def dialog(kind: type[_D]) -> _D:
    """The dialog of this kind that stands."""
    async with asyncio.timeout(5):
        while True:
            for widget in QApplication.topLevelWidgets():
                for found in (widget, *widget.findChildren(kind)):
                    if isinstance(found, kind) and found.isVisible():
                        return found
            await asyncio.sleep(0.01)


def said(widget: QWidget) -> str:
    return "\n".join(label.text() for label in widget.findChildren(QLabel) if label.isVisibleTo(widget))


async def test_each_license_says_its_state_its_last_use_and_what_it_used(opened: Stage) -> None:
    here, ann = shown(page_of(opened))
    assert here[0] == "This computer|Valid"
    assert here[1].endswith("|this computer · Codex 0.169.0")
    assert here[2] == "0|no budget"
    assert here[3].startswith("42M|12 request")
    assert here[4].startswith("no expiry|created 20")
    assert ann[2] == "1.8M of 2M"
    assert ann[1].endswith("|192.168.1.34")
    assert ann[3] == "0"
    model = page_of(opened).table.model()
    assert model.index(0, 2).data(BAR) is None
    left, _tone = model.index(1, 2).data(BAR)
    assert left == 12


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"state": LicenseState.EXPIRED, "expires_at": NOW - 1}, "Expired"),
        ({"daily_tokens": 5, "used_today": 5}, "Budget used up"),
        ({"last_used_at": None}, "never"),
    ],
)
async def test_what_keeps_a_license_from_serving_is_said_in_words(
    opened: Stage, changes: dict[str, Any], words: str
) -> None:
    opened.tell(replace(THREE, licenses=(license_view(1, **changes),)))
    assert words in str(shown(page_of(opened)))


async def test_revoked_licenses_are_shown_only_when_asked_for(opened: Stage) -> None:
    page = page_of(opened)
    assert page.table.model().rowCount() == 2
    page.revoked.click()
    assert [row[0] for row in shown(page)][-1] == "Old phone|Revoked"
    choose(page, 2)
    for label in ("Edit…", "Rotate…", "Revoke…"):
        assert not button(page, label).isEnabled()
    assert "lets nobody in any more" in page.card.facts()
    opened.tell(replace(THREE, licenses=(HERE,)))
    assert not page.revoked.isVisible()


async def test_without_a_license_it_says_how_one_comes(opened: Stage) -> None:
    opened.tell(RUNNING)
    assert "This computer gets its own by itself" in said(page_of(opened))
    button(page_of(opened), "New license…").click()
    (await dialog(LicenseDialog)).reject()
    await opened.desk.settle()


async def test_the_key_is_copied_and_never_shown(opened: Stage) -> None:
    page = page_of(opened)
    choose(page, 1)
    page.card.copy_key.click()
    await opened.desk.settle()
    assert opened.desk.copied == [KEY]
    assert calls(opened) == [("license.key", {"id": "l-2"})]
    assert opened.desk.told == ["The key of “Ann's laptop” is copied."]
    assert KEY not in said(opened.window)


async def test_a_key_that_cannot_be_opened_is_told(opened: Stage) -> None:
    opened.desk.gateway.failures["license.key"] = KeyStoreUnavailable("The keyring is locked. Unlock it.")
    page_of(opened).card.copy_key.click()
    await opened.desk.settle()
    assert (opened.desk.copied, opened.desk.failures) == ([], ["The keyring is locked. Unlock it."])


async def test_a_license_gets_a_new_key_only_after_a_question(opened: Stage) -> None:
    page = page_of(opened)
    choose(page, 1)
    button(page, "Rotate…").click()
    assert "stops at once" in await answer("Cancel")
    await opened.desk.settle()
    assert calls(opened) == []
    button(page, "Rotate…").click()
    assert "Give “Ann's laptop” a new key?" in await answer("Rotate and copy")
    await opened.desk.settle()
    assert calls(opened) == [("license.rotate", {"id": "l-2"})]
    assert opened.desk.copied == [KEY]
    assert "new key" in opened.desk.told[0]


async def test_a_license_is_revoked_only_after_a_question(opened: Stage) -> None:
    page = page_of(opened)
    choose(page, 1)
    button(page, "Revoke…").click()
    assert "cannot be taken back" in await answer("Revoke")
    await opened.desk.settle()
    assert calls(opened) == [("license.revoke", {"id": "l-2"})]


async def test_the_menu_offers_the_same(opened: Stage) -> None:
    page = page_of(opened)
    choose(page, 1)
    page.fill_menu()
    assert [action.text().replace("&", "") for action in page.menu.actions()] == [
        "Copy key",
        "Edit…",
        "Rotate…",
        "Revoke…",
    ]
    page.menu.actions()[0].trigger()
    await opened.desk.settle()
    assert opened.desk.copied == [KEY]


async def test_a_license_is_made_with_expiry_and_budget(opened: Stage) -> None:
    button(page_of(opened), "New license…").click()
    form = await dialog(LicenseDialog)
    button(form, "Create and copy key").click()
    assert "Write a label" in said(form)
    form.label.setText(" Bob ")
    form.expires.click()
    form.limited.click()
    form.budget.setText("much")
    button(form, "Create and copy key").click()
    assert "such as 2000000, 500k or 1.5M" in said(form)
    form.budget.setText("1.5M")
    button(form, "Create and copy key").click()
    await opened.desk.settle()
    ((name, params),) = calls(opened)
    assert name == "license.create"
    last = datetime.fromtimestamp(NOW) + timedelta(days=30)
    ends = datetime.fromtimestamp(params.pop("expires_at"))
    assert (ends.date(), ends.hour, ends.minute) == (last.date(), 23, 59)
    assert params == {"label": "Bob", "daily_tokens": 1_500_000}
    assert opened.desk.copied == [KEY]
    assert opened.desk.told == ["The license “Bob” is made, and its key is copied."]


@pytest.mark.usefixtures("chinese")
async def test_in_chinese_a_budget_is_counted_in_ten_thousands(icons: Icons, desk: Desk) -> None:
    made: list[dict[str, Any]] = []

    async def apply(changes: dict[str, Any]) -> None:
        made.append(changes)

    before = license_view(2, label="Ann", daily_tokens=500_000)
    assert LicenseDialog(icons, desk.operations, before, NOW, apply, None).budget.text() == "50万"
    form = LicenseDialog(icons, desk.operations, None, NOW, apply, None)
    form.label.setText("Bob")
    form.limited.click()
    assert form.budget.text() == "200万"
    form.budget.setText("1.5亿")
    form._on_ok()
    await desk.settle()
    assert made[0]["daily_tokens"] == 150_000_000


async def test_only_what_was_changed_is_sent(opened: Stage) -> None:
    page = page_of(opened)
    choose(page, 1)
    button(page, "Edit…").click()
    form = await dialog(LicenseDialog)
    assert (form.label.text(), form.budget.text(), form.expires.isChecked()) == ("Ann's laptop", "2M", False)
    button(form, "Save").click()
    await opened.desk.settle()
    assert calls(opened) == []
    button(page, "Edit…").click()
    form = await dialog(LicenseDialog)
    form.limited.click()
    button(form, "Save").click()
    await opened.desk.settle()
    assert calls(opened) == [("license.update", {"id": "l-2", "daily_tokens": None})]


async def test_an_expiry_chosen_elsewhere_keeps_its_hour(opened: Stage) -> None:
    opened.tell(replace(THREE, licenses=(license_view(2, expires_at=NOW + 7 * 86400),)))
    choose(page_of(opened), 0)
    button(page_of(opened), "Edit…").click()
    form = await dialog(LicenseDialog)
    form.label.setText("Other")
    button(form, "Save").click()
    await opened.desk.settle()
    assert calls(opened) == [("license.update", {"id": "l-2", "label": "Other"})]


async def test_an_expired_license_gets_more_time_but_no_day_that_has_passed(opened: Stage) -> None:
    expired = license_view(2, state=LicenseState.EXPIRED, expires_at=NOW - 20 * 86400)
    opened.tell(replace(THREE, licenses=(expired,)))
    choose(page_of(opened), 0)
    assert "Edit it to give it more time" in page_of(opened).card.facts()
    button(page_of(opened), "Edit…").click()
    form = await dialog(LicenseDialog)
    form.last_day.setDate(form.last_day.date().addDays(1))
    button(form, "Save").click()
    assert "Choose today or a later day." in said(form)
    form.last_day.setDate(form.last_day.date().addDays(30))
    button(form, "Save").click()
    await opened.desk.settle()
    ((name, params),) = calls(opened)
    assert name == "license.update"
    assert params["expires_at"] > NOW


async def test_what_the_gateway_refuses_stays_in_the_dialog(opened: Stage) -> None:
    opened.desk.gateway.failures["license.create"] = InvalidInput("No.")
    button(page_of(opened), "New license…").click()
    form = await dialog(LicenseDialog)
    form.label.setText("Bob")
    button(form, "Create and copy key").click()
    await until(lambda: "No." in said(form))
    assert form.isVisible()
    form.reject()
    await opened.desk.settle()
    assert opened.desk.copied == []


@pytest.mark.parametrize(
    ("host", "found", "expected"),
    [
        ("127.0.0.1", ["192.168.1.20"], ()),
        ("::1", ["192.168.1.20"], ()),
        ("0.0.0.0", ["192.168.1.20", "[fd00::1]"], (LAN, "http://[fd00::1]:8787/codex/v1")),
        ("0.0.0.0", [], ()),
        ("192.168.1.20", ["10.0.0.9"], (LAN,)),
        ("fd00::1", [], ("http://[fd00::1]:8787/codex/v1",)),
    ],
)
def test_others_reach_the_gateway_where_it_listens(host: str, found: list[str], expected: tuple[str, ...]) -> None:
    assert addresses_for_others(replace(RUNNING, host=host), found) == expected


def on_lan(snapshot: GatewaySnapshot = THREE) -> GatewaySnapshot:
    return replace(snapshot, host="0.0.0.0")


@pytest.mark.parametrize("shell", [shell for shell in Shell if shell is not Shell.WSL])
async def test_a_colleague_gets_a_text_with_this_computers_address_and_their_license(
    opened: Stage, shell: Shell
) -> None:
    opened.tell(on_lan())
    page = page_of(opened)
    choose(page, 1)
    button(page, "Copy for a colleague…").click()
    form = await dialog(ColleagueDialog)
    # The one for this computer is nobody else's, and the revoked one lets nobody in.
    assert [form.license.itemText(row) for row in range(form.license.count())] == ["A new license", "Ann's laptop"]
    assert form.license.currentData() == "l-2"
    form.shell.setCurrentIndex(form.shell.findData(shell.value))
    button(form, "Copy set-up").click()
    await opened.desk.settle()
    assert opened.desk.copied == [setup_text(shell, LAN, KEY)]
    assert calls(opened) == [("license.key", {"id": "l-2"})]
    assert "only your colleague can read" in opened.desk.told[0]


async def test_a_colleague_may_get_a_new_license(opened: Stage) -> None:
    opened.tell(on_lan(replace(THREE, licenses=(HERE,))))
    button(page_of(opened), "Copy for a colleague…").click()
    form = await dialog(ColleagueDialog)
    assert form.license.currentData() is None
    button(form, "Copy set-up").click()
    assert "Write a label" in said(form)
    form.label.setText("Bob")
    button(form, "Copy set-up").click()
    await opened.desk.settle()
    assert calls(opened) == [("license.create", {"label": "Bob"})]
    assert opened.desk.copied == [setup_text(Shell.BASH, LAN, KEY)]


async def test_a_gateway_for_this_computer_alone_leads_to_the_settings(opened: Stage) -> None:
    button(page_of(opened), "Copy for a colleague…").click()
    form = await dialog(ColleagueDialog)
    assert "listens for this computer alone" in said(form)
    assert form.focusWidget() is form.license
    assert not button(form, "Copy set-up").isEnabled()
    button(form, "Open Settings").click()
    await opened.desk.settle()
    assert opened.window.place is Place.SETTINGS
    assert opened.desk.copied == []


async def test_a_gateway_that_lets_others_in_while_the_dialog_is_open_is_offered_there(opened: Stage) -> None:
    button(page_of(opened), "Copy for a colleague…").click()
    form = await dialog(ColleagueDialog)
    assert not button(form, "Copy set-up").isEnabled()
    opened.tell(on_lan())
    assert "listens for this computer alone" not in said(form)
    assert form.address.currentText() == LAN
    assert button(form, "Copy set-up").isEnabled()
    opened.tell(THREE)
    assert "listens for this computer alone" in said(form)
    assert not button(form, "Copy set-up").isEnabled()


async def test_a_colleague_is_offered_the_licenses_under_the_names_that_the_table_has(opened: Stage) -> None:
    sample = license_view(2, label="Laptop (practice 练习)")
    opened.tell(on_lan(replace(THREE, licenses=(HERE, sample))))
    button(page_of(opened), "Copy for a colleague…").click()
    form = await dialog(ColleagueDialog)
    assert form.license.itemText(1) == "Laptop (practice)" == shown(page_of(opened))[1][0].split("|")[0]


async def test_usage_is_asked_for_again_only_when_something_was_used_and_not_at_once(opened: Stage) -> None:
    def asked() -> int:
        return sum(name == "license.usage" for name, _ in opened.desk.gateway.calls)

    pause = page_of(opened)._pause
    assert asked() == 1
    assert pause.isActive()
    opened.tell(replace(THREE, licenses=(replace(HERE, used_today=5), ANN, OLD)))
    await opened.desk.settle()
    assert asked() == 1
    pause.setInterval(0)
    pause.start()

    def look() -> bool:
        QApplication.processEvents()
        return asked() == 2 and not pause.isActive()

    await until(look)
    opened.tell(replace(THREE, revision=2, licenses=(replace(HERE, used_today=5), ANN, OLD)))
    await opened.desk.settle()
    assert asked() == 2


async def test_no_access_key_is_there_twice(opened: Stage) -> None:
    page = page_of(opened)
    buttons = [item for item in opened.window.findChildren(QAbstractButton) if item.isVisible()]
    assert page.revoked in buttons
    keys = [key for item in buttons if (key := access_key(item.text()))]
    assert len(keys) >= 6
    assert len(set(keys)) == len(keys), keys


async def test_updates_keep_the_selection(opened: Stage) -> None:
    page = page_of(opened)
    page.table.sort_by(0, Qt.SortOrder.AscendingOrder)
    choose(page, 1)
    assert page.table.selected_id() == "l-1"
    opened.tell(replace(THREE, licenses=(replace(HERE, used_today=9), ANN, license_view(9, label="Another"))))
    assert page.table.selected_id() == "l-1"


async def test_a_double_click_edits_unless_the_license_is_revoked(opened: Stage) -> None:
    page = page_of(opened)
    page.revoked.click()
    choose(page, 2)
    page.table.activated.emit(page.table.model().index(2, 0))
    await opened.desk.settle()
    choose(page, 0)
    page.table.activated.emit(page.table.model().index(0, 0))
    form = await dialog(LicenseDialog)
    assert form.label.text() == "This computer"
    # The set-up texts look for it by this label.
    assert not form.label.isEnabled()
    form.limited.click()
    button(form, "Save").click()
    await opened.desk.settle()
    assert calls(opened) == [("license.update", {"id": "l-1", "daily_tokens": 2_000_000})]


async def test_the_order_of_the_table_is_remembered(opened: Stage, icons: Icons) -> None:
    page_of(opened).table.sort_by(4, Qt.SortOrder.DescendingOrder)
    opened.window.hide()
    kept = opened.preferences.geometry("licenses.table")
    assert kept is not None
    other = LicensesPage(icons, opened.desk.operations, opened.preferences, Shell.BASH, machine(Path()), lambda: None)
    header = other.table.horizontalHeader()
    assert (header.sortIndicatorSection(), header.sortIndicatorOrder()) == (4, Qt.SortOrder.DescendingOrder)
    other.deleteLater()


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Gateway]:
    upstream = PracticeUpstream((ANN_ACCOUNT,), ())
    await upstream.start()
    endpoints = UpstreamEndpoints(upstream.chatgpt_base_url, upstream.openai_base_url, upstream.auth_issuer)
    running = await Gateway.open(tmp_path, endpoints, key_store_kind=KeyStoreKind.MEMORY)
    await running.start("127.0.0.1", 0)
    yield running
    await running.close()
    await upstream.stop()


@pytest.fixture
async def whole(icons: Icons, gateway: Gateway, tmp_path: Path) -> AsyncIterator[Stage]:
    handle = LoopHandle(gateway, Commands(gateway, lambda: False, lambda: None))
    await handle.call("token.import", text=ANN_ACCOUNT.auth_json(), label="Ann")
    made = Stage(icons, Desk(handle), tmp_path)
    made.show(gateway.snapshot(), Place.LICENSES)
    yield made
    made.signing_in.close()
    made.window.leave()
    made.window.deleteLater()
    await made.desk.operations.close()


async def post(gateway: Gateway, key: str) -> int:
    """The status of one request under this key."""
    body = {"model": "gpt-5-high", "messages": [{"role": "user", "content": "Hello"}], "stream": False}
    url = f"http://127.0.0.1:{gateway.snapshot().port}/codex/v1/chat/completions"
    async with aiohttp.ClientSession() as client, client.post(url, json=body, headers={"Authorization": key}) as got:
        await got.read()
        return got.status


async def test_a_license_is_made_used_rotated_and_revoked_on_a_real_gateway(whole: Stage, gateway: Gateway) -> None:
    page = page_of(whole)
    button(page, "New license…").click()
    form = await dialog(LicenseDialog)
    form.label.setText("Ann's laptop")
    button(form, "Create and copy key").click()
    await whole.desk.settle()
    whole.look()
    (first,) = whole.desk.copied
    assert await post(gateway, first) == 200

    button(page, "Rotate…").click()
    await answer("Rotate and copy")
    await whole.desk.settle()
    second = whole.desk.copied[-1]
    assert (await post(gateway, first), await post(gateway, second)) == (401, 200)

    page.card.copy_key.click()
    await whole.desk.settle()
    assert whole.desk.copied[-1] == second

    await gateway.state.store.flush()
    page._pause.stop()
    whole.look()
    await whole.desk.settle()
    ((label, used, today, month, _),) = shown(page)
    assert label == "Ann's laptop|Valid"
    assert "this computer · Python" in used
    assert today != "0|no budget"
    assert "2 request" in month

    button(page, "Revoke…").click()
    await answer("Revoke")
    await whole.desk.settle()
    assert await post(gateway, second) == 401
    whole.look()
    assert shown(page) == []

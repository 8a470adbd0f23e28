"""The window on a real gateway and the practice upstream: whole sign-ins, and requests that wait at a limit."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit

from app.desktop.icons import Icons
from app.desktop.key_dialog import KeyDialog
from app.desktop.place import Place
from app.desktop.removed_dialog import RemovedDialog
from app.gateway.clock import Clock
from app.gateway.commands import Commands
from app.gateway.gateway import Gateway
from app.gateway.handle import LoopHandle
from app.gateway.sign_in_desk import SignInDesk, SignInWay
from app.practice.accounts import practice_account
from app.practice.server import PracticeUpstream
from app.store.key_stores import KeyStoreKind
from app.upstream.endpoints import UpstreamEndpoints
from tests.desktop.stage import Desk, Stage, button

ANN, BOB = practice_account("ann", "plus"), practice_account("bob", "pro")


@pytest.fixture
async def practice() -> AsyncIterator[PracticeUpstream]:
    running = PracticeUpstream((ANN, BOB), ())
    running.sign_in.device_interval = 1
    await running.start()
    yield running
    await running.stop()


@pytest.fixture
async def gateway(tmp_path: Path, practice: PracticeUpstream) -> AsyncIterator[Gateway]:
    endpoints = UpstreamEndpoints(practice.chatgpt_base_url, practice.openai_base_url, practice.auth_issuer)
    opened = await Gateway.open(tmp_path, endpoints, key_store_kind=KeyStoreKind.MEMORY)
    # On a free port: the real ones may be in use.
    opened.sign_in = SignInDesk(opened.state, opened.tokens, opened.sign_in_service, Clock(), ports=(0,))
    await opened.start("127.0.0.1", 0)
    yield opened
    await opened.close()


@pytest.fixture
async def whole(icons: Icons, gateway: Gateway, tmp_path: Path) -> AsyncIterator[Stage]:
    handle = LoopHandle(gateway, Commands(gateway, lambda: False, lambda: None))
    made = Stage(icons, Desk(handle), tmp_path)
    made.look()
    made.window.go(Place.TOKENS)
    made.window.show()
    yield made
    made.signing_in.close()
    made.window.leave()
    made.window.deleteLater()
    await made.desk.operations.close()


async def seen(stage: Stage, look: Callable[[], Any]) -> None:
    """Wait until the window shows something."""
    async with asyncio.timeout(15):
        while True:
            stage.look()
            QApplication.processEvents()
            if look():
                return
            await asyncio.sleep(0.02)


async def opened_page(stage: Stage) -> str:
    """The address that the browser was opened with, taken from it."""
    await seen(stage, lambda: stage.opened)
    return stage.opened.pop()


def ended(stage: Stage) -> bool:
    return stage.signing_in.dialog is not None and stage.signing_in.dialog.over


async def test_a_browser_signs_in_and_signs_in_again(whole: Stage, gateway: Gateway) -> None:
    for times, said in ((1, "The token “an•••@example.com” is added."), (2, "who is already here")):
        if times == 1:
            button(whole.window.tokens, "Sign in with ChatGPT").click()
        else:
            button(whole.window.tokens, "Add token").menu().actions()[0].trigger()
        page = await opened_page(whole)
        async with aiohttp.ClientSession() as browser, browser.get(f"{page}&practice_account=0") as answer:
            assert answer.status == 200, times
        await seen(whole, lambda: ended(whole))
        dialog = whole.signing_in.dialog
        assert dialog is not None
        assert said in dialog.text
        dialog.close()
    assert [token.plan for token in gateway.snapshot().tokens] == ["plus"]
    assert whole.window.tokens.table.model().index(0, 0).data() == "an•••@example.com"


async def test_a_browser_elsewhere_signs_in_by_what_is_pasted(whole: Stage, gateway: Gateway) -> None:
    whole.signing_in.sign_in()
    page = await opened_page(whole)
    wanted = f"{page}&practice_account=1"
    async with aiohttp.ClientSession() as browser, browser.get(wanted, allow_redirects=False) as answer:
        address = answer.headers["Location"]
    dialog = whole.signing_in.dialog
    assert dialog is not None
    entry = dialog.findChild(QLineEdit)
    entry.setText("http://127.0.0.1:1455/auth/callback?code=x&state=of-another")
    button(dialog, "Continue").click()
    await seen(whole, lambda: any("another sign-in" in label.text() for label in dialog.findChildren(QLabel)))
    entry.setText(address)
    button(dialog, "Continue").click()
    await seen(whole, lambda: ended(whole))
    assert "is added" in dialog.text
    assert [token.plan for token in gateway.snapshot().tokens] == ["pro"]


async def test_a_device_signs_in_with_its_code(whole: Stage, practice: PracticeUpstream, gateway: Gateway) -> None:
    whole.signing_in.sign_in(None, SignInWay.DEVICE)
    await seen(whole, lambda: gateway.snapshot().sign_in is not None and gateway.snapshot().sign_in.user_code)
    view = gateway.snapshot().sign_in
    assert view is not None
    assert view.user_code is not None
    dialog = whole.signing_in.dialog
    assert dialog is not None
    await seen(whole, lambda: any(label.text() == view.user_code for label in dialog.findChildren(QLabel)))
    practice.approve_device(view.user_code, BOB)
    await seen(whole, lambda: ended(whole))
    assert "is added" in dialog.text


async def test_closing_the_dialog_frees_the_port(whole: Stage, gateway: Gateway) -> None:
    whole.signing_in.sign_in()
    page = await opened_page(whole)
    assert whole.signing_in.dialog is not None
    whole.signing_in.dialog.close()
    await whole.desk.settle()
    async with aiohttp.ClientSession() as browser:
        with pytest.raises(aiohttp.ClientConnectorError):
            await browser.get(f"{page}&practice_account=0")
    assert gateway.snapshot().tokens == ()


async def test_a_request_waits_at_the_station_and_is_given_up(
    whole: Stage, practice: PracticeUpstream, gateway: Gateway
) -> None:
    await whole.desk.handle.call("token.import", text=ANN.auth_json(), label="Ann")
    practice.exhaust(ANN, resets_in=300)
    key = (await whole.desk.handle.call("license.default"))["key"]
    said = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hello"}]}
    turn = {"model": "gpt-5-codex", "instructions": "Answer.", "input": [said], "prompt_cache_key": "talk"}
    body = json.dumps(turn | {"stream": True, "store": False})
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    url = f"http://127.0.0.1:{gateway.snapshot().port}/codex/v1/responses"
    async with aiohttp.ClientSession() as client, asyncio.TaskGroup() as group:
        posting = group.create_task(client.post(url, data=body, headers=headers))
        await seen(whole, lambda: gateway.snapshot().held)
        await seen(whole, lambda: any("waiting at the station" in text for text in whole.window.notices.texts()))
        whole.window.go(Place.SESSIONS)
        whole.look()
        assert whole.window.sessions.table.model().index(0, 1).data() == "Waiting"
        assert "At its limit until" in state_of_first_token(whole)
        whole.window.notices.press("Give up")
        answer = await posting
        assert answer.status == 429
        assert (await answer.json())["error"]["type"] == "usage_limit_reached"
    await seen(whole, lambda: not any("station" in text for text in whole.window.notices.texts()))


def state_of_first_token(stage: Stage) -> str:
    stage.window.go(Place.TOKENS)
    return str(stage.window.tokens.table.model().index(0, 1).data())


def visible(kind: type[Any]) -> list[Any]:
    """The dialogs of this kind that stand."""
    return [item for item in QApplication.topLevelWidgets() if isinstance(item, kind) and item.isVisible()]


async def test_a_token_is_removed_and_taken_back(whole: Stage, gateway: Gateway) -> None:
    for account, label in ((ANN, "Ann"), (BOB, "Bob")):
        await whole.desk.handle.call("token.import", text=account.auth_json(), label=label)
    page = whole.window.tokens
    await seen(whole, lambda: page.table.model().rowCount() == 2)
    removed = gateway.snapshot().tokens[0]
    for way in ("notice", "list"):
        page.menu.remove(removed)
        await seen(whole, lambda: page.table.model().rowCount() == 1)
        if way == "notice":
            button(page.undo, "Undo").click()
        else:
            button(page, "Add token").menu().actions()[-1].trigger()
            await seen(whole, lambda: visible(RemovedDialog))
            button(visible(RemovedDialog)[0], "Restore").click()
        await seen(whole, lambda: page.table.model().rowCount() == 2)
        assert [token.label for token in gateway.snapshot().tokens] == ["Ann", "Bob"]
        assert not page.undo.isVisible()
    await whole.desk.settle()


async def test_a_login_that_is_pasted_behind_dots_is_added_and_tested(whole: Stage, gateway: Gateway) -> None:
    button(whole.window.tokens, "Other ways").menu().actions()[5].trigger()
    await seen(whole, lambda: visible(KeyDialog))
    dialog = visible(KeyDialog)[0]
    QApplication.clipboard().setText(ANN.auth_json())
    dialog.entry.paste()
    button(dialog, "Add").click()
    await seen(whole, lambda: gateway.snapshot().tokens)
    await seen(whole, lambda: whole.window.tokens.detail.isVisible())
    await whole.desk.settle()
    button(whole.window.tokens.detail, "Test").click()
    await whole.desk.settle()
    assert any("accepts" in text for text in whole.desk.told)
    # What the test has seen of the quota stands in the list.
    await seen(whole, lambda: "%" in str(whole.window.tokens.table.model().index(0, 2).data()))

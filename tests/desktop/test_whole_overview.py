"""The overview on a real gateway and the practice upstream: from nothing to the first answer, and what is counted."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from PySide6.QtWidgets import QApplication, QPushButton

from app.desktop.icons import Icons
from app.desktop.place import Place
from app.gateway.commands import Commands
from app.gateway.gateway import Gateway
from app.gateway.handle import LoopHandle
from app.practice.accounts import practice_account
from app.practice.server import PracticeUpstream
from app.store.key_stores import KeyStoreKind
from app.upstream.endpoints import UpstreamEndpoints
from tests.desktop.stage import Desk, Stage, button

ANN = practice_account("ann", "plus")


@pytest.fixture
async def practice() -> AsyncIterator[PracticeUpstream]:
    running = PracticeUpstream((ANN,), ())
    await running.start()
    yield running
    await running.stop()


@pytest.fixture
async def gateway(tmp_path: Path, practice: PracticeUpstream) -> AsyncIterator[Gateway]:
    endpoints = UpstreamEndpoints(practice.chatgpt_base_url, practice.openai_base_url, practice.auth_issuer)
    opened = await Gateway.open(tmp_path, endpoints, key_store_kind=KeyStoreKind.MEMORY)
    yield opened
    await opened.close()


@pytest.fixture
async def whole(icons: Icons, gateway: Gateway, tmp_path: Path) -> AsyncIterator[Stage]:
    handle = LoopHandle(gateway, Commands(gateway, lambda: False, lambda: None))
    made = Stage(icons, Desk(handle), tmp_path)
    made.window.go(Place.OVERVIEW)
    made.window.show()
    made.look()
    yield made
    made.signing_in.close()
    made.window.leave()
    made.window.deleteLater()
    await made.desk.operations.close()


async def seen(stage: Stage, look: Callable[[], Any]) -> None:
    """Wait until the window shows something."""
    async with asyncio.timeout(15):
        while not look():
            await asyncio.sleep(0.02)
            stage.look()
            QApplication.processEvents()


async def ask(gateway: Gateway, key: str) -> int:
    """Send one turn, as Codex does; returns the status."""
    said = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hello"}]}
    turn = {"model": "gpt-5-codex", "instructions": "Answer.", "input": [said], "prompt_cache_key": "talk"}
    body = json.dumps(turn | {"stream": True, "store": False})
    headers = {
        "Authorization": f"Bearer {key}",
        "Content-Type": "application/json",
        "User-Agent": "codex_cli_rs/0.169.0",
    }
    url = f"http://127.0.0.1:{gateway.snapshot().port}/codex/v1/responses"
    async with aiohttp.ClientSession() as client, client.post(url, data=body, headers=headers) as answer:
        await answer.read()
        return answer.status


async def test_a_newcomer_comes_from_nothing_to_a_counted_answer(whole: Stage, gateway: Gateway) -> None:
    page = whole.window.overview
    assert page.steps.isVisible()
    whole.desk.clipboard = ANN.auth_json()
    button(page, "Add from clipboard").click()
    await seen(whole, lambda: any("Start the gateway" in text for text in visible_buttons(whole)))
    await gateway.start("127.0.0.1", 0)
    await seen(whole, lambda: "Copy full set-up for bash" in visible_buttons(whole))
    assert not page.activity.isVisible()
    button(page, "Copy full set-up for bash").click()
    await whole.desk.settle()
    key = (await whole.desk.handle.call("license.default"))["key"]
    assert key in whole.desk.copied[0]
    assert await ask(gateway, key) == 200
    await seen(whole, lambda: not page.steps.isVisible())
    assert page.connection.summary.text().startswith("Codex connected · last request")
    await seen(whole, lambda: page.activity.turns.text() == "1")
    assert page.activity.failed.text() == "0"
    assert page.activity.tokens.text() not in ("0", "–")
    assert page.activity.chart.hour_words(23).splitlines()[1] == "1 request(s)"
    await seen(whole, lambda: page.quota.rows[0].gauges[0].isVisible())
    assert whole.desk.failures == []


async def test_a_busy_port_is_said_once_and_mended_from_its_step(whole: Stage, gateway: Gateway) -> None:
    await whole.desk.handle.call("token.import", text=ANN.auth_json(), label="Ann")
    taken = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
    async with taken:
        whole.desk.operations.failed.connect(whole.window.tell_failure)
        whole.desk.operations.start_gateway(taken.sockets[0].getsockname()[1])
        await whole.desk.settle()
        assert len(whole.desk.failures) == 1
        await seen(whole, lambda: any(text.startswith("Use port") for text in visible_buttons(whole)))
        assert whole.window.notices.texts() == []
        other = next(text for text in visible_buttons(whole) if text.startswith("Use port"))
        whole.window.go(Place.SESSIONS)
        await seen(whole, lambda: len(whole.window.notices.texts()) == 1)
        whole.window.go(Place.OVERVIEW)
        button(whole.window.overview, other).click()
        await seen(whole, lambda: "Copy full set-up for bash" in visible_buttons(whole))


def visible_buttons(stage: Stage) -> list[str]:
    return [item.text() for item in stage.window.overview.findChildren(QPushButton) if item.isVisible()]

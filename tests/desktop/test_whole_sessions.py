"""Sessions and requests in the window, on a real gateway with the practice upstream."""

import asyncio
import json
from pathlib import Path

import aiohttp
from PySide6.QtWidgets import QApplication

from app.desktop.place import Place
from app.desktop.widgets.two_lines import BELOW
from app.gateway.gateway import Gateway
from app.practice.server import PracticeUpstream
from tests.desktop.stage import Stage, button
from tests.desktop.test_whole_pool import ANN, BOB, gateway, practice, seen, whole

__all__ = ["gateway", "practice", "whole"]


async def ask(whole: Stage, gateway: Gateway, session: str) -> None:
    """One turn, to its end."""
    key = (await whole.desk.handle.call("license.default"))["key"]
    said = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "A secret of mine"}]}
    turn = {"model": "gpt-5-codex", "instructions": "Answer.", "input": [said], "prompt_cache_key": session}
    body = json.dumps(turn | {"stream": True, "store": False})
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    url = f"http://127.0.0.1:{gateway.snapshot().port}/codex/v1/responses"
    async with aiohttp.ClientSession() as client, client.post(url, data=body, headers=headers) as answer:
        assert answer.status == 200
        await answer.read()


async def test_a_session_is_followed_pinned_moved_and_exported(
    whole: Stage, practice: PracticeUpstream, gateway: Gateway, tmp_path: Path
) -> None:
    await whole.desk.handle.call("token.import", text=ANN.auth_json(), label="Ann")
    await whole.desk.handle.call("token.import", text=BOB.auth_json(), label="Bob")
    await ask(whole, gateway, "talk")
    first = gateway.snapshot().sessions[0]
    other = "Bob" if first.token_label == "Ann" else "Ann"

    whole.window.go(Place.SESSIONS)
    whole.look()
    page = whole.window.sessions
    page.table.select_row(0)
    events = page.detail.table.model()
    await seen(whole, lambda: events.rowCount() == 2)
    button(page, "Pin").click()
    await seen(whole, lambda: page.table.model().index(0, 2).data(BELOW) == "home, pinned")
    page.fill_tokens()
    next(action for action in page._tokens.actions() if action.text() == other).trigger()
    await seen(whole, lambda: "from the next request" in page.table.model().index(0, 2).data(BELOW))
    await ask(whole, gateway, "talk")
    await seen(whole, lambda: events.rowCount() == 4)
    assert events.index(1, 1).data() == f"From {first.token_label} to {other}: you moved it"

    whole.window.go(Place.REQUESTS)
    log = whole.window.requests
    await seen(whole, lambda: log.table.model().rowCount() == 2)
    log.table.select_row(0)
    assert "Verbatim: upstream got exactly the bytes" in log.detail.text.toPlainText()
    path = tmp_path / "log.csv"
    async with asyncio.timeout(10):
        assert (await log.export_to(path)).startswith("2 request")
    written = path.read_text("utf-8-sig")
    assert "talk" in written
    assert "A secret of mine" not in written
    QApplication.processEvents()

"""From a fresh Codex to its first answer by the window alone: look, write, check, undo, with the real Codex."""

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from app.desktop.icons import Icons
from app.desktop.pages.set_up import SetUpPage
from app.desktop.place import Place
from app.desktop.set_up.changes_dialog import ChangesDialog
from app.gateway.commands import Commands
from app.gateway.gateway import Gateway
from app.gateway.handle import LoopHandle
from app.platform.codex_check import CodexCheck
from app.platform.codex_facts import look_at_codex
from app.platform.codex_writer import CodexWriter
from app.practice.accounts import practice_account
from app.practice.server import PracticeUpstream
from app.store.key_stores import KeyStoreKind
from app.upstream.endpoints import UpstreamEndpoints
from tests.desktop.stage import Desk, Stage, button, until

CODEX = Path(__file__).resolve().parents[2] / ".cache" / "codex"
ANN = practice_account("ann", "plus")
# Codex is a process that has to start, and asks once.
PATIENCE = 60.0


@dataclass
class Home:
    """Somebody's window and home folder, with a gateway behind it."""

    stage: Stage
    codex: Path
    upstream: PracticeUpstream

    @property
    def page(self) -> SetUpPage:
        return self.stage.window.set_up

    async def settle(self) -> None:
        """Wait until nothing runs; the gateway is looked at meanwhile."""
        async with asyncio.timeout(PATIENCE):
            while self.stage.desk.operations.is_busy():
                self.stage.look()
                await asyncio.sleep(0.05)

    async def agree(self, label: str) -> None:
        """Press a button of the dialog, once it can be pressed."""

        def look() -> bool:
            for dialog in QApplication.topLevelWidgets():
                if isinstance(dialog, ChangesDialog) and dialog.isVisible() and dialog.go_on.isEnabled():
                    button(dialog, label).click()
                    return True
            return False

        await until(look)
        await self.settle()


@pytest.fixture
async def home(icons: Icons, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Home]:
    person = tmp_path / "person"
    person.mkdir()
    path = f"{CODEX / request.param / 'node_modules' / '.bin'}{os.pathsep}{os.environ['PATH']}"
    for name in (".profile", ".bashrc"):
        # What a new terminal of theirs has.
        (person / name).write_text(f"export PATH='{path}'\n")
    environ = {"PATH": path, "HOME": str(person), "SHELL": "/bin/bash", "LANG": "C.UTF-8"}
    upstream = PracticeUpstream((ANN,), ())
    await upstream.start()
    endpoints = UpstreamEndpoints(upstream.chatgpt_base_url, upstream.openai_base_url, upstream.auth_issuer)
    gateway = await Gateway.open(tmp_path / "data", endpoints, key_store_kind=KeyStoreKind.MEMORY)
    handle = LoopHandle(gateway, Commands(gateway, lambda: False, lambda: None))
    stage = Stage(
        icons,
        Desk(handle),
        tmp_path,
        look_at_codex=lambda base_url: look_at_codex(environ, person, base_url),
        codex_writer=lambda: CodexWriter(
            environ, person, tmp_path / "codex-setup.json", managed=tmp_path / "managed.toml"
        ),
        codex_check=lambda call: CodexCheck(environ, person, call),
    )
    try:
        await gateway.start(port=0)
        yield Home(stage, person / ".codex", upstream)
    finally:
        stage.signing_in.close()
        await stage.desk.operations.close()
        stage.window.leave()
        stage.window.deleteLater()
        await gateway.close()
        await upstream.stop()


@pytest.mark.parametrize("home", ["0.45.0", "0.169.0"], indirect=True)
async def test_the_window_alone_leads_from_a_fresh_codex_to_its_first_answer_and_back(home: Home) -> None:
    page = home.page
    home.stage.show(home.stage.desk.handle.snapshot(), Place.SET_UP)
    await home.settle()
    assert "It goes to OpenAI itself" in page.codex.text

    page.check.button.click()
    await home.settle()
    assert "under “Its settings”" in page.check.text
    button(page.check, "Write it for me…").click()
    await home.agree("Write")
    assert "Its config.toml leads to this gateway." in page.codex.text

    page.check.button.click()
    await home.settle()
    assert "under “Token”" in page.check.text, page.check.steps.text
    assert button(page.check, "Sign in with ChatGPT").isEnabled()

    await home.stage.desk.handle.call("token.import", text=ANN.auth_json(), label="Ann")
    page.check.button.click()
    await home.settle()
    assert page.check.text == "It works: Codex got an answer through the gateway.", page.check.steps.text
    assert len(home.upstream.turns) == 1

    page.write.undo.click()
    await home.agree("Take it back")
    assert "It goes to OpenAI itself" in page.codex.text
    assert not (home.codex / "config.toml").exists()
    assert home.stage.desk.failures == []

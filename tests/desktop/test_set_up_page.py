"""The set-up page: one text at a time, the Codex that is there, and whether a request came."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QScrollArea, QWidget

from app.core.turn import Outcome
from app.desktop.icons import Icons
from app.desktop.machine import no_codex
from app.desktop.pages.set_up import SetUpPage
from app.desktop.pages.text_card import What
from app.desktop.place import Place
from app.desktop.widgets.disclosure import Disclosure
from app.gateway.commands import Commands
from app.gateway.gateway import Gateway
from app.gateway.handle import LoopHandle
from app.gateway.snapshot import RunState
from app.platform.codex_facts import CodexFacts, ProxySeen
from app.platform.codex_install import CodexInstall
from app.platform.codex_setup import environment_text, setup_text
from app.platform.curl_texts import CurlExample, curl_text
from app.platform.shells import Shell
from app.practice.accounts import practice_account
from app.practice.server import PracticeUpstream
from app.store.key_stores import KeyStoreKind
from app.upstream.endpoints import UpstreamEndpoints
from tests.desktop.fitting import misfits
from tests.desktop.scripted import LICENSE, NOW, turn
from tests.desktop.stage import FULL, Desk, Stage, button, machine

CODEX = Path("/opt/node/bin/codex")
COPY = {
    What.CODEX: "Copy full set-up",
    What.ENVIRONMENT: "Copy environment variables",
    What.CURL_CHAT: "Copy curl command",
    What.CURL_RESPONSES: "Copy curl command",
}
ANN = practice_account("ann", "plus")


def wanted(shell: Shell, what: What, base_url: str, key: str, *, lasting: bool) -> str:
    match what:
        case What.CODEX:
            return setup_text(shell, base_url, key, lasting=lasting)
        case What.ENVIRONMENT:
            return environment_text(shell, base_url, key, lasting=lasting)
        case What.CURL_CHAT:
            return curl_text(shell, CurlExample.CHAT, base_url, key)
        case What.CURL_RESPONSES:
            return curl_text(shell, CurlExample.RESPONSES, base_url, key)


class Computer:
    """Has the Codex that the test put there."""

    def __init__(self) -> None:
        self.install: CodexInstall | None = None
        self.changes: dict[str, Any] = {}
        self.failure: Exception | None = None
        self.gate = asyncio.Event()
        self.gate.set()
        self.looks: list[str] = []

    async def look(self, base_url: str) -> CodexFacts:
        self.looks.append(base_url)
        await self.gate.wait()
        if self.failure:
            raise self.failure
        return replace(await no_codex(base_url), install=self.install, **self.changes)


@pytest.fixture
def computer() -> Computer:
    return Computer()


@pytest.fixture
async def page(icons: Icons, desk: Desk, computer: Computer, tmp_path: Path) -> AsyncIterator[SetUpPage]:
    here = replace(machine(tmp_path), look_at_codex=computer.look)
    made = SetUpPage(icons, desk.operations, Shell.BASH, here, desk.copied.append, lambda place: None, lambda: None)
    made.show()
    yield made
    made.close()
    made.deleteLater()
    await desk.operations.close()


def said(widget: QWidget) -> str:
    return "\n".join(label.text() for label in widget.findChildren(QLabel) if label.isVisibleTo(widget))


@pytest.mark.parametrize("lasting", [False, True])
@pytest.mark.parametrize("what", What)
@pytest.mark.parametrize("shell", Shell)
async def test_each_text_is_shown_without_the_license_and_copied_with_it(
    page: SetUpPage, desk: Desk, shell: Shell, what: What, lasting: bool
) -> None:
    page.show_snapshot(FULL, NOW)
    page.choose(shell, what, lasting=lasting)
    if (shell, what, lasting) == (Shell.CMD, What.CODEX, True):
        assert "cmd reads no file of yours" in said(page)
        assert not button(page, COPY[what]).isEnabled()
        return
    full = wanted(shell, what, FULL.base_url, LICENSE, lasting=lasting)
    assert page.text() == full.replace(LICENSE, "ws-" + "•" * 16).replace("\r\n", "\n").rstrip("\n")
    button(page, COPY[what]).click()
    await desk.settle()
    assert desk.copied == [full]
    assert "copied" in desk.told[0]
    assert LICENSE not in desk.told[0]


async def test_the_text_follows_the_address(page: SetUpPage) -> None:
    page.show_snapshot(FULL, NOW)
    for what in What:
        page.choose(Shell.BASH, what)
        page.show_snapshot(replace(FULL, base_url="http://192.168.1.20:8788/codex/v1"), NOW)
        assert "http://192.168.1.20:8788/codex/v1" in page.text()
        page.show_snapshot(FULL, NOW)


async def test_choices_are_made_by_keyboard(page: SetUpPage, qapp: QApplication) -> None:
    page.show_snapshot(FULL, NOW)
    page.unfold(True)
    page.activateWindow()
    chosen = next(item for item in page.findChildren(QWidget) if item.accessibleName() == "What for: Codex")
    chosen.setFocus()
    QTest.keyClick(chosen, Qt.Key.Key_Right)
    assert page.what is What.ENVIRONMENT
    assert "OPENAI_BASE_URL" in page.text()


@pytest.mark.parametrize("language", ["en", "zh_CN"])
async def test_nothing_is_cut_off_in_a_small_window(
    icons: Icons, desk: Desk, tmp_path: Path, language: str, request: pytest.FixtureRequest, computer: Computer
) -> None:
    if language == "zh_CN":
        request.getfixturevalue("chinese")
    long = Path("/x" * 200)
    computer.install = CodexInstall(long, (0, 169, 0))
    computer.changes = {"codex_home": long, "proxies": (ProxySeen("HTTP_PROXY", "http://" + "p" * 300),)}
    stage = Stage(icons, desk, tmp_path, look_at_codex=computer.look)
    stage.window.resize(800, 560)
    stage.show(FULL, Place.SET_UP)
    page = stage.window.set_up
    await desk.settle()
    page.codex.findChild(Disclosure).click()
    scroll = page.findChild(QScrollArea)
    for what in What:
        for shell in Shell:
            page.choose(shell, what)
            QApplication.processEvents()
            assert scroll.widget().minimumSizeHint().width() <= scroll.viewport().width(), (what, shell)
    assert misfits(stage.window) == []
    stage.signing_in.close()
    stage.window.leave()
    stage.window.deleteLater()
    await desk.operations.close()


async def test_codex_is_looked_for_once_and_again_when_asked(page: SetUpPage, desk: Desk, computer: Computer) -> None:
    computer.gate.clear()
    page.show_snapshot(FULL, NOW)
    await asyncio.sleep(0)
    assert "Looking for Codex" in page.codex.text
    computer.gate.set()
    await desk.settle()
    assert "Codex was not found on this computer." in page.codex.text
    assert "npm install -g @openai/codex" in said(page.codex)
    assert not page.write.write.isDefault()
    computer.install = CodexInstall(CODEX, (0, 169, 0))
    page.show_snapshot(FULL, NOW)
    assert computer.looks == [FULL.base_url]
    button(page.codex, "Look again").click()
    await desk.settle()
    assert f"Codex 0.169.0 was found at {CODEX}." in page.codex.text
    assert "npm install" not in said(page.codex)
    page.show_snapshot(replace(FULL, base_url="http://127.0.0.1:9999/codex/v1"), NOW)
    await desk.settle()
    assert computer.looks[2:] == ["http://127.0.0.1:9999/codex/v1"]


async def test_codex_is_looked_for_again_when_the_user_comes_back(
    page: SetUpPage, desk: Desk, computer: Computer
) -> None:
    page.show_snapshot(FULL, NOW)
    await desk.settle()
    page.hide()
    computer.install = CodexInstall(CODEX, (0, 169, 0))
    page.show()
    page.show_snapshot(FULL, NOW + 1)
    assert len(computer.looks) == 1
    page.show_snapshot(FULL, NOW + 60)
    # Quietly: what is known stays until more is.
    assert "Codex was not found on this computer." in page.codex.text
    await desk.settle()
    assert f"Codex 0.169.0 was found at {CODEX}." in page.codex.text
    page.show_snapshot(FULL, NOW + 120)
    assert len(computer.looks) == 2


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ((0, 42, 0), "4. Press 2, then Enter"),
        ((0, 90, 0), "2 or 3, then Enter"),
        ((0, 100, 0), "4. Press 3, then Enter"),
        ((0, 120, 0), "OPENAI_BASE_URL and OPENAI_API_KEY alone must not be used"),
        ((0, 169, 0), "save no key there"),
        ((0, 200, 0), "newer than 0.169"),
        ((0, 30, 0), "older than 0.42"),
        (None, "does not tell its version"),
    ],
)
async def test_what_follows_from_the_version_is_said(
    page: SetUpPage, desk: Desk, computer: Computer, version: tuple[int, int, int] | None, expected: str
) -> None:
    computer.install = CodexInstall(CODEX, version)
    page.show_snapshot(FULL, NOW)
    page.choose(Shell.BASH, What.ENVIRONMENT)
    await desk.settle()
    assert expected in said(page)


async def test_the_notes_fit_the_version_that_was_found(page: SetUpPage, desk: Desk, computer: Computer) -> None:
    computer.install = CodexInstall(CODEX, (0, 100, 0))
    page.show_snapshot(FULL, NOW)
    page.choose(Shell.BASH, What.ENVIRONMENT)
    assert "0.120 and newer ignores" in said(page)
    await desk.settle()
    assert "0.120 and newer ignores" not in said(page)
    assert 'echo "$OPENAI_API_KEY" | codex login --with-api-key' in said(page)


async def test_a_failed_look_is_said_and_can_be_repeated(page: SetUpPage, desk: Desk, computer: Computer) -> None:
    computer.failure = OSError("no processes here")
    page.show_snapshot(FULL, NOW)
    await desk.settle()
    assert "could not be looked for" in page.codex.text
    computer.failure = None
    button(page.codex, "Look again").click()
    await desk.settle()
    assert "not found" in page.codex.text


async def test_commands_without_a_license_are_copied_as_they_are(page: SetUpPage, desk: Desk) -> None:
    page.show_snapshot(FULL, NOW)
    await desk.settle()
    copy = next(
        item for item in page.findChildren(QWidget) if item.accessibleName() == "Copy “npm install -g @openai/codex”"
    )
    QTest.mouseClick(copy, Qt.MouseButton.LeftButton)
    assert desk.copied == ["npm install -g @openai/codex"]


async def test_the_check_waits_for_a_request_that_is_newer_than_the_page(page: SetUpPage) -> None:
    old = turn(1, started_at=NOW - 5)
    page.show_snapshot(replace(FULL, turns=(old,)), NOW)
    assert "Waiting for the first request from Codex" in page.check.text
    curl = turn(2, started_at=NOW + 2, client="curl/8.5.0")
    page.show_snapshot(replace(FULL, turns=(old, curl)), NOW + 3)
    assert "Waiting" in page.check.text
    failed = turn(3, started_at=NOW + 4, outcome=Outcome.FAILED)
    page.show_snapshot(replace(FULL, turns=(failed, curl, old)), NOW + 5)
    assert "Codex 0.169.0 has reached Waystation" in page.check.text
    assert "failed" in page.check.text
    done = turn(4, started_at=NOW + 6)
    page.show_snapshot(replace(FULL, turns=(done, failed, curl, old)), NOW + 9)
    assert "the first request of Codex 0.169.0 was answered" in page.check.text


async def test_the_check_begins_anew_with_every_copy(page: SetUpPage, desk: Desk) -> None:
    done = turn(1, started_at=NOW + 1)
    page.show_snapshot(FULL, NOW)
    page.show_snapshot(replace(FULL, turns=(done,)), NOW + 2)
    assert "answered" in page.check.text
    page.unfold(True)
    button(page, "Copy full set-up").click()
    await desk.settle()
    assert "Waiting for the first request from Codex" in page.check.text
    page.choose(Shell.BASH, What.CURL_CHAT)
    assert "Waiting for the first request from curl" in page.check.text
    page.show_snapshot(replace(FULL, turns=(done, turn(2, started_at=NOW + 3, client="curl/8.5.0"))), NOW + 4)
    assert "the first request of curl 8.5.0 was answered" in page.check.text


async def test_a_stopped_gateway_is_not_waited_for(page: SetUpPage) -> None:
    page.show_snapshot(replace(FULL, state=RunState.STOPPED), NOW)
    assert "The gateway is stopped" in page.check.text


async def test_the_pasted_request_turns_the_check_on_a_real_gateway(icons: Icons, tmp_path: Path) -> None:
    upstream = PracticeUpstream((ANN,), ())
    await upstream.start()
    endpoints = UpstreamEndpoints(upstream.chatgpt_base_url, upstream.openai_base_url, upstream.auth_issuer)
    gateway = await Gateway.open(tmp_path, endpoints, key_store_kind=KeyStoreKind.MEMORY)
    handle = LoopHandle(gateway, Commands(gateway, lambda: False, lambda: None))
    stage = Stage(icons, Desk(handle), tmp_path)
    try:
        await gateway.start(port=0)
        await handle.call("token.import", text=ANN.auth_json(), label="Ann")
        stage.show(gateway.snapshot(), Place.SET_UP)
        page = stage.window.set_up
        page.choose(Shell.BASH, What.CURL_RESPONSES)
        button(page, "Copy curl command").click()
        await stage.desk.settle()
        (text,) = stage.desk.copied
        shell = await asyncio.create_subprocess_exec(
            "bash", "--norc", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL, env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
        )  # fmt: skip
        async with asyncio.timeout(20):
            answer, _ = await shell.communicate(text.encode())
            assert b'"completed"' in answer
            while "answered" not in page.check.text:
                stage.look()
                await asyncio.sleep(0.05)
        assert "the first request of curl" in page.check.text
    finally:
        stage.signing_in.close()
        stage.window.leave()
        stage.window.deleteLater()
        await stage.desk.operations.close()
        await gateway.close()
        await upstream.stop()


async def test_there_may_be_no_codex_at_all() -> None:
    assert (await no_codex(FULL.base_url)).install is None

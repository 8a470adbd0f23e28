"""The user's operations: what is called, what is told, what is busy meanwhile."""

from pathlib import Path

import pytest

from app.core.errors import KeyStoreUnavailable, PortBusy
from app.core.policy import Strategy
from app.platform.codex_setup import environment_text, setup_text
from app.platform.shells import Shell
from tests.desktop.scripted import LICENSE
from tests.desktop.stage import Desk

BASE_URL = "http://127.0.0.1:8787/codex/v1"


@pytest.mark.parametrize("shell", Shell)
async def test_copying_the_environment_puts_the_two_lines_with_the_license_on_the_clipboard(
    desk: Desk, shell: Shell
) -> None:
    desk.operations.copy_environment(shell, BASE_URL)
    await desk.settle()
    assert desk.copied == [environment_text(shell, BASE_URL, LICENSE)]
    assert "0.120" in desk.told[0]
    assert LICENSE not in desk.told[0]


@pytest.mark.parametrize("shell", Shell)
async def test_copying_the_full_set_up_puts_it_on_the_clipboard(desk: Desk, shell: Shell) -> None:
    desk.operations.copy_setup(shell, BASE_URL)
    await desk.settle()
    assert desk.copied == [setup_text(shell, BASE_URL, LICENSE)]
    assert "copied" in desk.told[0]


async def test_without_a_license_nothing_is_copied_and_the_reason_is_told(desk: Desk) -> None:
    desk.gateway.failures["license.default"] = KeyStoreUnavailable("The keyring is locked. Unlock it.")
    desk.operations.copy_setup(Shell.BASH, BASE_URL)
    await desk.settle()
    assert (desk.copied, desk.told, desk.failures) == ([], [], ["The keyring is locked. Unlock it."])


async def test_a_token_comes_from_the_clipboard(desk: Desk) -> None:
    desk.clipboard = " sk-abcdefgh12345678\n"
    desk.adding.from_clipboard()
    await desk.settle()
    assert desk.gateway.calls == [("token.import", {"texts": ["sk-abcdefgh12345678"]})]
    assert desk.told == ["The token “Account 1” is added."]


async def test_a_login_that_is_known_is_said_to_be_renewed(desk: Desk, tmp_path: Path) -> None:
    desk.gateway.imports[0] = {"label": "Work", "known": True}
    (tmp_path / "auth.json").write_text("{}", encoding="utf-8")
    desk.adding.from_files([tmp_path / "auth.json"])
    await desk.settle()
    assert desk.gateway.calls == [("token.import", {"texts": ["{}"]})]
    assert desk.told == ["The token “Work” was here already; its credentials are renewed."]


async def test_a_clipboard_without_a_token_asks_the_gateway_nothing(desk: Desk) -> None:
    desk.clipboard = "just some words"
    desk.adding.from_clipboard()
    await desk.settle()
    assert desk.gateway.calls == []
    assert "sk-…" in desk.failures[0]


async def test_a_group_is_busy_until_its_last_operation_has_ended(desk: Desk) -> None:
    changes: list[tuple[str, bool]] = []
    desk.operations.busy_changed.connect(lambda group, busy: changes.append((group, busy)))
    desk.gateway.gate.clear()
    desk.operations.stop_gateway()
    desk.operations.start_gateway(8788)
    assert desk.operations.is_busy("gateway")
    assert not desk.operations.is_busy("tokens")
    desk.gateway.gate.set()
    await desk.settle()
    assert changes == [("gateway", True), ("gateway", False)]
    assert desk.gateway.calls == [("gateway.stop", {}), ("gateway.start", {"port": 8788})]


async def test_the_gateway_is_asked_what_the_user_chose(desk: Desk) -> None:
    operations = desk.operations
    operations.tokens.set_enabled("t-1", False)
    operations.tokens.set_enabled("t-1", True)
    operations.tokens.rename("t-1", "Work")
    operations.tokens.set_spare("t-1", True)
    operations.tokens.order(["t-2", "t-1"])
    operations.tokens.retry("t-1", "Work")
    operations.tokens.test("t-1", "Work")
    operations.tokens.remove("t-1", lambda: None)
    operations.sessions.forget("s-1")
    operations.pool.try_all()
    operations.pool.set_strategy(Strategy.IN_ORDER)
    operations.pool.set_wait(0)
    operations.pool.set_overnight(True)
    operations.pool.set_overnight(False)
    operations.pool.give_up("r-1", "r-2")
    operations.pool.use_proxy("http://127.0.0.1:7890")
    operations.choose_key_store("file")
    operations.retry_key_store()
    operations.replace_lost_key()
    await desk.settle()
    assert desk.gateway.calls == [
        ("token.disable", {"id": "t-1"}),
        ("token.enable", {"id": "t-1"}),
        ("token.change", {"id": "t-1", "label": "Work"}),
        ("token.change", {"id": "t-1", "spare": True}),
        ("token.reorder", {"ids": ["t-2", "t-1"]}),
        ("token.retry", {"id": "t-1"}),
        ("token.test", {"id": "t-1"}),
        ("token.remove", {"id": "t-1"}),
        ("session.forget", {"id": "s-1"}),
        ("pool.reset", {}),
        ("pool.policy", {"strategy": "in_order"}),
        ("pool.policy", {"wait_s": 0}),
        ("pool.policy", {"wait_s": 21600}),
        ("pool.policy", {"wait_s": 600}),
        ("turn.give_up", {"id": "r-1"}),
        ("turn.give_up", {"id": "r-2"}),
        ("proxy.set", {"proxy": "http://127.0.0.1:7890"}),
        ("keystore.choose", {"kind": "file"}),
        ("keystore.retry", {}),
        ("keystore.replace", {}),
    ]


async def test_before_the_gateway_is_there_every_operation_says_so(desk: Desk) -> None:
    await desk.operations.close()
    desk.operations.start_gateway()
    await desk.settle()
    assert "still starting" in desk.failures[0]
    assert desk.gateway.calls == []


@pytest.mark.expects_errors("an operation of the desktop failed")
async def test_an_unexpected_error_is_logged_and_told_without_its_words(desk: Desk) -> None:
    async def broken() -> None:
        raise RuntimeError("internal words")

    desk.operations.run("ask", broken())
    await desk.settle()
    assert desk.failures == ["Something unexpected went wrong. The log file says more."]


async def test_a_second_question_of_a_kind_is_not_asked_while_the_first_stands(desk: Desk) -> None:
    asked: list[int] = []

    async def ask(number: int) -> None:
        asked.append(number)
        await desk.gateway.gate.wait()

    desk.gateway.gate.clear()
    desk.operations.run("ask", ask(1))
    desk.operations.run("ask", ask(2))
    desk.gateway.gate.set()
    await desk.settle()
    assert asked == [1]


async def test_closing_cancels_what_still_runs(desk: Desk) -> None:
    desk.gateway.gate.clear()
    desk.operations.stop_gateway()
    await desk.operations.close()
    assert not desk.operations.is_busy()
    assert (desk.told, desk.failures) == ([], [])


async def test_failures_are_told_in_chinese(desk: Desk, chinese: None) -> None:
    desk.gateway.failures["gateway.start"] = PortBusy("Port 8787 is used.", port=8787, suggestion=8788)
    desk.operations.start_gateway()
    problem = {"code": "invalid_input", "message": "This file is not Codex's auth.json: it holds no object."}
    desk.gateway.imports[0] = {"error": problem}
    desk.clipboard = "{}"
    desk.adding.from_clipboard()
    await desk.settle()
    assert desk.failures[0] == "端口 8787 已被其他程序占用，或被系统保留。"
    assert desk.failures[1] == "这个文件不是 Codex 的 auth.json：内容不是 JSON 对象。"

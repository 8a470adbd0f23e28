"""The real Codex CLI over a WebSocket through ``waystation serve``: its built-in provider, pointed here."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from app.practice.recorder import ReceivedRequest
from app.practice.script import Turn, usage_limit_reached
from app.practice.server import PracticeUpstream
from tests.e2e.codex import ANSWER_MARK, EXEC, NEWEST, PROMPT_MARK, TOOL_PROMPT, Shell, check_tool_turn, codex_shell
from tests.e2e.program import Done, Run, Waystation

#: Those that ask for a WebSocket.
VERSIONS = ("0.120.0", "0.140.0", "0.169.0")
HERE = {"NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost"}
#: What Codex prints when something about the connection is not as it should be.
TROUBLE = re.compile(r".*(?:\bERROR\b|Reconnecting|Falling back|disconnected|retry).*")


@asynccontextmanager
async def person(version: str, waystation: Waystation, port: int) -> AsyncIterator[Shell]:
    """The shell of somebody whose Codex is logged in with a license."""
    waystation.secrets.add(PROMPT_MARK)
    key = await waystation.license()
    async with codex_shell(version, HERE) as shell:
        config = shell.home / ".codex" / "config.toml"
        config.write_text(f'openai_base_url = "http://127.0.0.1:{port}/codex/v1"\n', encoding="utf-8")
        done = await shell.run(f"echo {key} | codex login --with-api-key")
        assert done.code == 0, done.err
        yield shell


def said(done: Done) -> list[str]:
    """The lines that would make a user wonder."""
    return TROUBLE.findall(done.err)


def posts(upstream: PracticeUpstream) -> list[ReceivedRequest]:
    return [record for record in upstream.turns if record.method == "POST"]


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_tool_turn_needs_one_socket_and_no_word(
    version: str, waystation: Waystation, serve_with_login: Run, upstream: PracticeUpstream
) -> None:
    async with person(version, waystation, serve_with_login.port) as user:
        done = await user.run(EXEC)
    check_tool_turn(done, upstream.turns)
    assert said(done) == []
    (handshake,) = upstream.handshakes
    assert [frame.kind for frame in handshake.frames] == ["warm_up", "turn", "turn"]
    assert waystation.logs.count(" verbatim") == 2
    (session,) = await waystation.json("session", "list")
    assert session["turns"] == 2


@pytest.mark.parametrize("version", [VERSIONS[0], NEWEST])
async def test_a_limit_within_a_conversation_moves_it_without_a_word(
    version: str, waystation: Waystation, serve_with_login: Run, upstream: PracticeUpstream
) -> None:
    await waystation.import_account(upstream.accounts[1].auth_json(), "second")
    upstream.script(Turn(), usage_limit_reached(3600))
    async with person(version, waystation, serve_with_login.port) as user:
        done = await user.run(EXEC)
    assert done.code == 0
    assert ANSWER_MARK in done.out
    assert said(done) == []
    first, second = upstream.handshakes
    assert [frame.status for frame in first.frames] == [200, 200, 429]
    assert [(frame.kind, frame.status) for frame in second.frames] == [("turn", 200)]
    assert first.account_id != second.account_id
    (session,) = await waystation.json("session", "list")
    assert session["moves"] == 1


async def test_a_line_that_breaks_costs_no_word(
    waystation: Waystation, serve_with_login: Run, upstream: PracticeUpstream
) -> None:
    upstream.script(Turn(), Turn(cut_at="response.output_text.delta"))
    async with person(NEWEST, waystation, serve_with_login.port) as user:
        done = await user.run(EXEC)
    assert done.code == 0
    assert ANSWER_MARK in done.out
    assert said(done) == []
    assert len(upstream.handshakes) == 2


async def test_a_gateway_that_is_started_again_meanwhile_costs_no_word(
    waystation: Waystation, serve_with_login: Run, upstream: PracticeUpstream
) -> None:
    port = serve_with_login.port

    async def start_again() -> None:
        async with asyncio.timeout(20):
            while not any(turn.finished.is_set() for turn in upstream.turns):  # noqa: ASYNC110 - any may be the first
                await asyncio.sleep(0.05)
        await waystation.command("gateway.stop")
        await waystation.command("gateway.start", port=port)

    async with person(NEWEST, waystation, port) as user, asyncio.TaskGroup() as tasks:
        tasks.create_task(start_again())
        done = await user.run(EXEC, prompt=TOOL_PROMPT.replace("run: ", "run: sleep 3; "))
    assert done.code == 0
    assert ANSWER_MARK in done.out
    assert said(done) == []
    assert len(upstream.handshakes) == 2


async def test_switched_off_it_is_post_at_once(
    waystation: Waystation, serve_with_login: Run, upstream: PracticeUpstream
) -> None:
    await waystation.ok("settings", "websockets", "no")
    async with person(NEWEST, waystation, serve_with_login.port) as user:
        done = await user.run(EXEC)
    check_tool_turn(done, posts(upstream))
    assert upstream.handshakes == []
    # Of an attempt that is refused, `codex exec` logs one line; its user sees nothing in the terminal's interface.
    (line,) = said(done)
    assert "responses_websocket: failed to connect" in line

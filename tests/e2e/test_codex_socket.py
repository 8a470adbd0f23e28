"""The real Codex CLI over a WebSocket through ``waystation serve``: its built-in provider, pointed here."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from app.practice.recorder import ReceivedRequest
from app.practice.script import Turn, usage_limit_reached
from app.practice.server import PracticeUpstream
from tests.e2e.codex import ANSWER_MARK, EXEC, NEWEST, PROMPT_MARK, TOOL_PROMPT, Shell, check_tool_turn, codex_shell
from tests.e2e.program import Run, Waystation
from tests.e2e.test_codex_tui import PROMPT_BOX, Person
from tests.platform.terminal import Terminal
from tests.support.done import Done

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


async def test_a_message_of_many_megabytes_arrives(
    waystation: Waystation, serve_with_login: Run, upstream: PracticeUpstream
) -> None:
    # In one frame, Codex would break off at it, and again each time.
    upstream.script(Turn(padding=20 << 20))
    async with person(NEWEST, waystation, serve_with_login.port) as user:
        done = await user.run(EXEC)
    check_tool_turn(done, upstream.turns)
    assert said(done) == []
    assert len(upstream.handshakes) == 1


async def test_a_terminals_conversation_stays_whole_through_all_that_may_come(
    waystation: Waystation, serve_with_login: Run, upstream: PracticeUpstream
) -> None:
    await waystation.import_account(upstream.accounts[1].auth_json(), "second")
    port, loop = serve_with_login.port, asyncio.get_running_loop()

    def command(name: str, **params: Any) -> None:
        asyncio.run_coroutine_threadsafe(waystation.command(name, **params), loop).result(30)

    def converse(user: Shell, work: Path) -> None:
        script = 'codex --dangerously-bypass-approvals-and-sandbox; echo "left with $?"'
        with Terminal(["bash", "--norc", "-c", script], user.env, work) as terminal:
            codex = Person(terminal)
            codex.sees(PROMPT_BOX)
            codex.asks("the first thing", "[practice] You asked: “the first")
            codex.presses("\x1b[200~at length\nslowly: 20\x1b[201~")
            codex.presses("\r")
            terminal.wait_for(lambda: any(b"slowly: 20" in turn.body for turn in upstream.turns), "the slow turn")
            # Before, Esc means something else.
            codex.sees("esc to interrupt")
            codex.presses_at_once("\x1b")
            codex.sees("interrupted")
            codex.asks("the second thing", "[practice] You asked: “the second")
            upstream.script(usage_limit_reached(3600))
            codex.asks("the third thing", "[practice] You asked: “the third")
            command("gateway.stop")
            command("gateway.start", port=port)
            codex.asks("the fourth thing", "[practice] You asked: “the fourth")
            codex.presses("/quit")
            codex.presses("\r")
            codex.sees("left with 0")
            assert not TROUBLE.findall(terminal.text)

    async with person(NEWEST, waystation, port) as user:
        work = user.home / "work"
        with (user.home / ".codex" / "config.toml").open("a", encoding="utf-8") as config:
            config.write(f'[projects."{work}"]\ntrust_level = "trusted"\n')
        await asyncio.to_thread(converse, user, work)
    assert posts(upstream) == []
    rows = await waystation.command("turn.list")
    sessions = await waystation.json("session", "list")
    # The other one is that of the title, with which Codex asks at the same time.
    talk, title = sorted(sessions, key=lambda session: -int(session["turns"]))
    assert (talk["turns"], talk["moves"], talk["active_turns"]) == (6, 1, 0)
    assert title["turns"] == 1
    outcomes = [(row["outcome"], row["error"]) for row in reversed(rows) if row["session_id"] == talk["id"]]
    done = ("completed", None)
    assert outcomes == [done, ("client_left", None), done, ("failed", "usage_limit_reached"), done, done]


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

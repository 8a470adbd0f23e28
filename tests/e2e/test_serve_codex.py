"""The real Codex CLI through ``waystation serve``."""

import asyncio
import gzip
import re
import zlib

import aiohttp
import brotli
import pytest
import zstandard

from app.practice.script import Turn
from app.practice.server import PracticeUpstream
from tests.e2e.codex import NEWEST, PROMPT_MARK, VERSIONS, check_tool_turn, codex_shell
from tests.e2e.program import Run, Waystation, until
from tests.e2e.recording import check_verbatim, wire_tap
from tests.platform.terminal import Terminal
from tests.support.ports import free_port

ENCODERS = {
    "zstd": zstandard.ZstdCompressor().compress,
    "gzip": gzip.compress,
    "br": brotli.compress,
    "deflate": zlib.compress,
}


async def test_it_says_in_one_line_where_it_listens(serve: Run) -> None:
    await serve.quit()

    assert re.fullmatch(r"listening on http://127\.0\.0\.1:\d+/codex/v1\n", serve.out)
    assert serve.err == ""


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_tool_turn_passes_byte_for_byte_in_both_directions(
    version: str, waystation: Waystation, serve_with_login: Run, upstream: PracticeUpstream
) -> None:
    waystation.secrets.add(PROMPT_MARK)
    text = await waystation.ok("setup", "codex", "--shell", "bash", "--codex-version", version)
    port, moved_to = serve_with_login.port, free_port()
    # The text still names the first port: there the wire is tapped, and the text stays as it was printed.
    await waystation.command("gateway.start", port=moved_to)
    async with wire_tap(port, moved_to) as tap, codex_shell(version) as shell:
        done = await shell.exec_with(text)

    check_tool_turn(done, upstream.turns)
    check_verbatim(tap.turns(), upstream.turns, upstream.accounts[0])
    (session,) = await waystation.json("session", "list")
    assert session["turns"] == 2
    assert waystation.logs.count(" verbatim") == 2


async def test_the_set_up_text_works_in_zsh(
    waystation: Waystation, serve_with_login: Run, upstream: PracticeUpstream
) -> None:
    text = await waystation.ok("setup", "codex", "--shell", "bash")
    async with codex_shell(NEWEST) as shell:
        done = await shell.exec_with(text, shell="zsh")

    check_tool_turn(done, upstream.turns)


async def test_the_terminal_interface_starts_without_a_sign_in_screen(
    waystation: Waystation, serve_with_login: Run, upstream: PracticeUpstream
) -> None:
    text = await waystation.ok("setup", "codex", "--shell", "bash")
    async with codex_shell(NEWEST) as shell:
        work = shell.home / "work"
        config = shell.home / ".codex" / "config.toml"
        config.write_text(f'[projects."{work}"]\ntrust_level = "trusted"\n', encoding="utf-8")
        env = shell.env | {"TEXT": text, "PROMPT": "say hello"}

        def converse() -> str:
            with Terminal(["bash", "--norc", "-c", 'eval "$TEXT"; codex "$PROMPT"'], env, work) as terminal:
                terminal.wait_for(lambda: "[practice]" in terminal.text, "the answer")
                terminal.interrupt()
                return terminal.text

        shown = await asyncio.to_thread(converse)

    assert "Sign in" not in shown
    # The turn itself, and the one in which Codex asks for a title.
    assert upstream.turns
    assert {turn.account_id for turn in upstream.turns} == {upstream.accounts[0].account_id}


@pytest.mark.parametrize("encoding", ENCODERS)
async def test_a_compressed_body_stays_compressed(
    encoding: str, waystation: Waystation, serve_with_login: Run, upstream: PracticeUpstream
) -> None:
    key = await waystation.license()
    # Whole in itself, so that there is nothing to edit; written as no serialiser would.
    plain = (
        b'{"model":"gpt-5", "instructions":"","input":[{"role":"user","content":"hi","type":"message"}],'
        b'"store":false, "stream":true,"prompt_cache_key":"a-conversation","client_metadata":{"nobody knows":"1"}}'
    )
    body = ENCODERS[encoding](plain)
    port, moved_to = serve_with_login.port, free_port()
    await waystation.command("gateway.start", port=moved_to)
    headers = {
        "Authorization": f"Bearer {key}",
        "Content-Encoding": encoding,
        "Content-Type": "application/json",
        "X-A-Header-That-Nobody-Knows": "1",
        "session-id": "a-conversation",
    }
    async with wire_tap(port, moved_to) as tap, aiohttp.ClientSession() as client:
        url = f"http://127.0.0.1:{port}/codex/v1/responses"
        async with client.post(url, data=body, headers=headers) as answer:
            assert answer.status == 200
            await answer.read()

    check_verbatim(tap.turns(), upstream.turns, upstream.accounts[0])
    (session,) = await waystation.json("session", "list")
    assert session["name"] == "a-conversation"


async def test_a_client_that_leaves_stops_the_turn_upstream(
    waystation: Waystation, serve_with_login: Run, upstream: PracticeUpstream
) -> None:
    upstream.script(Turn(hang_at="response.in_progress"))
    text = await waystation.ok("setup", "codex", "--shell", "bash")
    async with codex_shell(NEWEST) as shell, asyncio.TaskGroup() as tasks:
        running = tasks.create_task(shell.exec_with(text))
        await until(lambda: upstream.turns, "the turn")
        # Its shell and Codex are ended then, as by a closed terminal.
        running.cancel()

    turn = await upstream.wait_finished(upstream.turns[0])
    assert turn.client_left
    assert "client_left" in waystation.logs


async def test_quit_ends_cleanly_while_a_turn_runs(
    waystation: Waystation, serve_with_login: Run, upstream: PracticeUpstream
) -> None:
    upstream.script(Turn(hang_at="response.in_progress"))
    key = await waystation.license()
    body = {"model": "gpt-5", "input": [{"role": "user", "content": "hi"}], "store": False, "stream": True}
    async with aiohttp.ClientSession() as client:
        url = f"http://127.0.0.1:{serve_with_login.port}/codex/v1/responses"
        async with client.post(url, json=body, headers={"Authorization": key}) as answer:
            await answer.content.readline()
            # Exit code and log are looked at there.
            await serve_with_login.quit()
            with pytest.raises(aiohttp.ClientPayloadError):
                await answer.read()

    await upstream.wait_finished(upstream.turns[0])
    assert "gateway_stopped" in waystation.logs

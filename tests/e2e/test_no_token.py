"""What Codex shows when there is nothing to answer with: the reason, after one request."""

import json
import time

import pytest

from app.practice.script import usage_limit_reached
from app.practice.server import PracticeUpstream
from tests.e2e.codex import NEWEST, codex_shell
from tests.e2e.program import Run, Waystation
from tests.e2e.recording import wire_tap
from tests.support.ports import free_port

pytestmark = pytest.mark.parametrize("version", ["0.120.0", NEWEST])


async def test_without_a_token_codex_says_what_to_do_after_one_request(
    version: str, waystation: Waystation, serve: Run, upstream: PracticeUpstream
) -> None:
    text = await waystation.ok("setup", "codex", "--shell", "bash")
    moved_to = free_port()
    await waystation.command("gateway.start", port=moved_to)
    async with wire_tap(serve.port, moved_to) as tap, codex_shell(version) as shell:
        done = await shell.exec_with(text)

    assert done.code != 0
    ((_, answer),) = tap.turns()
    error = json.loads(answer.body)["error"]
    assert error["code"] == "no_available_token"
    assert "add a ChatGPT login or an API key" in error["message"]
    assert error["message"] in done.out + done.err
    assert upstream.received == []


async def test_a_limit_beyond_the_waiting_time_is_told_in_one_answer(
    version: str, waystation: Waystation, serve_with_login: Run, upstream: PracticeUpstream
) -> None:
    upstream.always(usage_limit_reached(3700))
    text = await waystation.ok("setup", "codex", "--shell", "bash")
    moved_to = free_port()
    await waystation.command("gateway.start", port=moved_to)
    async with wire_tap(serve_with_login.port, moved_to) as tap, codex_shell(version) as shell:
        done = await shell.exec_with(text)

    assert done.code != 0
    assert "hit your usage limit" in done.out + done.err
    ((_, answer),) = tap.turns()
    assert len(upstream.turns) == 1
    assert answer.start.split()[1] == "429"
    # It would make Codex try again.
    assert answer.header("retry-after") is None
    error = json.loads(answer.body)["error"]
    assert error["type"] == "usage_limit_reached"
    assert error["message"].startswith("1 token: 1 at its limit (back at ")
    assert 3600 < error["resets_in_seconds"] < 3710
    assert 3600 < error["resets_at"] - time.time() < 3710
    (token,) = await waystation.json("token", "list")
    assert token["state"] == "resting"
    assert await waystation.ok("pool", "reset") == "forgot 1 cool-down(s)\n"

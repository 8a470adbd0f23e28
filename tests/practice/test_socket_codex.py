"""The real Codex CLI over a WebSocket of the simulated upstream, by its built-in provider."""

from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest

from app.practice import refusals
from app.practice.recorder import ReceivedRequest
from app.practice.script import Turn
from app.practice.server import PracticeUpstream
from tests.practice.test_real_codex import codex_run, login_config, run_codex

VERSIONS = ("0.120.0", "0.140.0", "0.169.0")
ANSWER = "[practice] You asked"


@pytest.fixture
async def upstream() -> AsyncIterator[PracticeUpstream]:
    server = PracticeUpstream()
    await server.start()
    yield server
    await server.stop()


async def log_in(version: str, upstream: PracticeUpstream, home: Path) -> list[str]:
    """Log in with a key and return the settings that lead here."""
    key = upstream.api_keys[0].key
    (home / "auth.json").write_text(orjson.dumps({"auth_mode": "apikey", "OPENAI_API_KEY": key}).decode())
    return [f'openai_base_url="{upstream.openai_base_url}"']


def inputs(frames: list[ReceivedRequest]) -> list[int]:
    return [len(orjson.loads(frame.body)["input"]) for frame in frames]


def named(frame: ReceivedRequest) -> str | None:
    found: str | None = orjson.loads(frame.body).get("previous_response_id")
    return found


def check_one_socket(upstream: PracticeUpstream) -> None:
    """A warm-up, the whole input, then nothing but the output of the tool: on one socket, and nothing by POST."""
    (handshake,) = upstream.handshakes
    frames = handshake.frames
    assert [frame.kind for frame in frames] == ["warm_up", "turn", "turn"]
    assert [frame.problem for frame in frames] == ["", "", ""]
    assert [named(frame) is None for frame in frames] == [True, False, False]
    whole = inputs(frames)
    assert whole[0] == 0
    assert whole[1] >= 3
    assert whole[2] == 1
    assert not [record for record in upstream.received if record.method == "POST" and "responses" in record.path]
    assert handshake.header("openai-beta") == "responses_websockets=2026-02-06"


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_tool_turn_with_a_key(version: str, upstream: PracticeUpstream, tmp_path: Path) -> None:
    printed = await run_codex(version, None, tmp_path, await log_in(version, upstream, tmp_path), {})
    assert printed.rstrip().endswith("marker-42")
    check_one_socket(upstream)


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_tool_turn_with_a_chatgpt_login(version: str, upstream: PracticeUpstream, tmp_path: Path) -> None:
    account = upstream.accounts[0]
    (tmp_path / "auth.json").write_text(account.auth_json())
    printed = await run_codex(version, None, tmp_path, login_config(upstream), {})
    assert printed.rstrip().endswith("marker-42")
    check_one_socket(upstream)
    assert {turn.account_id for turn in upstream.turns} == {account.account_id}


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_conversation_is_resumed_on_a_new_socket(
    version: str, upstream: PracticeUpstream, tmp_path: Path
) -> None:
    config = await log_in(version, upstream, tmp_path)
    await run_codex(version, None, tmp_path, config, {})
    options = [part for entry in config for part in ("-c", entry)]
    arguments = ["exec", "resume", "--last", "--skip-git-repo-check", *options, "and now?"]
    done = await codex_run(version, tmp_path, arguments, {})
    assert done.code == 0, done.out
    assert f"{ANSWER}: “and now?”" in done.out
    first, second = upstream.handshakes
    assert [frame.kind for frame in second.frames][-1] == "turn"
    # All of it again: the new socket knows nothing.
    assert inputs(second.frames)[-1] > sum(inputs(first.frames))


FAULTS = {
    "limit": refusals.socket_limit(),
    "close": Turn(end_at=0, close=(1012, "restarting")),
    "close later": Turn(end_at="response.output_item.added", close=(1001, "going away")),
    "cut": Turn(cut_at="response.output_item.added"),
}


@pytest.mark.parametrize("version", ["0.120.0", "0.169.0"])
@pytest.mark.parametrize("fault", FAULTS)
async def test_a_lost_socket_is_opened_again_and_all_input_sent(
    version: str, fault: str, upstream: PracticeUpstream, tmp_path: Path
) -> None:
    upstream.script(FAULTS[fault])
    printed = await run_codex(version, None, tmp_path, await log_in(version, upstream, tmp_path), {})
    assert printed.rstrip().endswith("marker-42")
    assert "Reconnecting" not in printed
    first, second = upstream.handshakes
    assert [frame.kind for frame in first.frames] == ["warm_up", "turn"]
    assert [frame.kind for frame in second.frames] == ["turn", "turn"]
    assert named(second.frames[0]) is None
    assert inputs(second.frames)[0] >= inputs(first.frames)[1]


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_lost_socket_that_is_refused_with_426_becomes_a_post(
    version: str, upstream: PracticeUpstream, tmp_path: Path
) -> None:
    upstream.script(refusals.socket_limit())
    upstream.script(Turn(), refusals.websocket_refused(), on="socket")
    printed = await run_codex(version, None, tmp_path, await log_in(version, upstream, tmp_path), {})
    assert printed.rstrip().endswith("marker-42")
    assert "Reconnecting" not in printed
    assert [handshake.status for handshake in upstream.handshakes] == [101, 426]
    assert [turn.method for turn in upstream.turns] == ["WS", "POST", "POST"]


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_conversation_is_compacted_over_a_socket(
    version: str, upstream: PracticeUpstream, tmp_path: Path
) -> None:
    config = [*await log_in(version, upstream, tmp_path), "model_auto_compact_token_limit=1000"]
    printed = await run_codex(version, None, tmp_path, config, {})
    assert ANSWER in printed
    assert {record.problem for record in upstream.received} == {""}
    last = orjson.loads(upstream.turns[-1].body)["input"]
    assert [item["type"] for item in last].count("compaction") == 1
    posted = [record.path for record in upstream.received if record.method == "POST"]
    assert posted == (["/v1/responses/compact"] if version == "0.120.0" else [])


async def test_a_large_event_is_read(upstream: PracticeUpstream, tmp_path: Path) -> None:
    upstream.script(Turn(padding=15 << 20))
    printed = await run_codex("0.169.0", None, tmp_path, await log_in("0.169.0", upstream, tmp_path), {})
    assert printed.rstrip().endswith("marker-42")
    assert len(upstream.handshakes) == 1

"""The real Codex CLI against the simulated upstream: a tool turn, with an API key and with a login."""

import asyncio
import os
from pathlib import Path

import pytest

from app.practice.recorder import ReceivedRequest
from app.practice.script import usage_limit_reached
from app.practice.server import PracticeUpstream

ROOT = Path(__file__).resolve().parents[2]
VERSIONS = ("0.45.0", "0.100.0", "0.120.0", "0.140.0", "0.169.0")
CASES = [*((version, None) for version in VERSIONS), ("0.169.0", "gpt-5.5"), ("0.45.0", "gpt-5")]
PROMPT = "please\nrun: echo marker-$((40+2))"


@pytest.fixture
async def real_time_upstream():
    server = PracticeUpstream()
    await server.start()
    yield server
    await server.stop()


async def run_codex(
    version: str, model: str | None, home: Path, config: list[str], more_env: dict[str, str], *, fails: bool = False
) -> str:
    """Run one turn of ``codex exec`` in an empty home and return what it printed."""
    program = ROOT / f".cache/codex/{version}/node_modules/.bin/codex"
    if not program.exists():
        pytest.skip(f"Codex {version} is not installed; dev.py test brings it.")
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "CODEX_HOME": str(home),
        "TERM": "xterm",
        "NO_PROXY": "127.0.0.1,localhost",
        # Whatever else the program would reach meets a closed port.
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "HTTP_PROXY": "http://127.0.0.1:9",
        **more_env,
    }
    options = [part for entry in config for part in ("-c", entry)]
    options += ["-m", model] if model else []
    process = await asyncio.create_subprocess_exec(
        program,
        "exec",
        "--skip-git-repo-check",
        "--dangerously-bypass-approvals-and-sandbox",
        *options,
        PROMPT,
        env=env,
        cwd=home,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(45):
            output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    printed = output.decode(errors="replace")
    assert (process.returncode != 0) == fails, printed
    return printed


def check_tool_turn(printed: str, turns: list[ReceivedRequest]) -> None:
    assert [turn.problem for turn in turns] == ["", ""]
    assert [turn.outcome for turn in turns] == ["completed", "completed"]
    assert printed.rstrip().endswith("marker-42")
    assert "[practice] The tool ran" in printed


@pytest.mark.parametrize(("version", "model"), CASES)
async def test_a_tool_turn_with_an_api_key(
    version: str, model: str | None, real_time_upstream: PracticeUpstream, tmp_path: Path
) -> None:
    upstream = real_time_upstream
    provider = f'{{name="practice",base_url="{upstream.openai_base_url}",env_key="PRACTICE_KEY",wire_api="responses"}}'
    config = ["model_provider=practice", f"model_providers.practice={provider}"]
    printed = await run_codex(version, model, tmp_path, config, {"PRACTICE_KEY": upstream.api_keys[0].key})
    check_tool_turn(printed, upstream.turns)


@pytest.mark.parametrize(("version", "model"), CASES)
async def test_a_tool_turn_with_a_chatgpt_login(
    version: str, model: str | None, real_time_upstream: PracticeUpstream, tmp_path: Path
) -> None:
    upstream = real_time_upstream
    (tmp_path / "auth.json").write_text(upstream.accounts[0].auth_json())
    # Another host name than the provider's: see NOWHERE in app/practice/server.py.
    side = upstream.chatgpt_base_url.removesuffix("/codex").replace("127.0.0.1", "localhost")
    config = [f'chatgpt_base_url="{side}/"', f'openai_base_url="{upstream.chatgpt_base_url}"']
    # Up to 0.100 the built-in provider is moved by this variable, later by openai_base_url.
    moved = {"OPENAI_BASE_URL": upstream.chatgpt_base_url}
    printed = await run_codex(version, model, tmp_path, config, moved)
    check_tool_turn(printed, upstream.turns)
    assert {turn.account_id for turn in upstream.turns} == {upstream.accounts[0].account_id}
    assert {turn.header("content-encoding") for turn in upstream.turns} == {None if version == "0.45.0" else "zstd"}
    # Codex 0.45 knows nothing of the turn state; every later one brings it back.
    states = {turn.header("x-codex-turn-state") is not None for turn in upstream.turns[1:]}
    assert states == {version != "0.45.0"}


@pytest.mark.parametrize("version", ["0.120.0", "0.140.0", "0.169.0"])
async def test_a_compaction_in_the_middle_of_a_turn(
    version: str, real_time_upstream: PracticeUpstream, tmp_path: Path
) -> None:
    upstream = real_time_upstream
    # Providers of exactly this name compact remotely.
    provider = f'{{name="OpenAI",base_url="{upstream.openai_base_url}",env_key="PRACTICE_KEY"}}'
    config = [
        "model_provider=practice",
        f"model_providers.practice={provider}",
        "model_auto_compact_token_limit=1000",
    ]
    key = {"PRACTICE_KEY": upstream.api_keys[0].key}
    printed = await run_codex(version, None, tmp_path, config, key)
    assert "[practice] You asked" in printed
    assert all(record.status == 200 for record in upstream.received)
    earlier = any(record.path == "/v1/responses/compact" for record in upstream.received)
    assert earlier == (version == "0.120.0")
    assert earlier or any(b"compaction_trigger" in record.body for record in upstream.turns)


@pytest.mark.parametrize(("version", "shown"), [("0.45.0", "in 1 hour 1 minute"), ("0.169.0", "usage limit")])
async def test_a_reached_limit_is_told_after_one_request(
    version: str, shown: str, real_time_upstream: PracticeUpstream, tmp_path: Path
) -> None:
    upstream = real_time_upstream
    upstream.script(usage_limit_reached(3_700))
    provider = f'{{name="practice",base_url="{upstream.openai_base_url}",env_key="PRACTICE_KEY",wire_api="responses"}}'
    config = ["model_provider=practice", f"model_providers.practice={provider}"]
    key = {"PRACTICE_KEY": upstream.api_keys[0].key}
    printed = await run_codex(version, None, tmp_path, config, key, fails=True)
    assert shown in printed
    assert len(upstream.turns) == 1

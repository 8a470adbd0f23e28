"""The real Codex CLI against the simulated upstream: a tool turn, with an API key and with a login."""

import asyncio
import os
from pathlib import Path

import pytest

from app.practice.recorder import ReceivedRequest
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


async def run_codex(version: str, model: str | None, home: Path, config: list[str], key: str = "") -> str:
    """Run one turn of ``codex exec`` in an empty home and return what it printed."""
    program = ROOT / f".cache/codex/{version}/node_modules/.bin/codex"
    if not program.exists():
        pytest.skip(f"Codex {version} is not installed; dev.py test brings it.")
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "CODEX_HOME": str(home),
        "TERM": "xterm",
        "PRACTICE_KEY": key,
        "NO_PROXY": "127.0.0.1,localhost",
        # Whatever else the program would reach meets a closed port.
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "HTTP_PROXY": "http://127.0.0.1:9",
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
    assert process.returncode == 0, printed
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
    printed = await run_codex(version, model, tmp_path, config, upstream.api_keys[0].key)
    check_tool_turn(printed, upstream.turns)


@pytest.mark.parametrize(("version", "model"), CASES)
async def test_a_tool_turn_with_a_chatgpt_login(
    version: str, model: str | None, real_time_upstream: PracticeUpstream, tmp_path: Path
) -> None:
    upstream = real_time_upstream
    (tmp_path / "auth.json").write_text(upstream.accounts[0].auth_json())
    # Another host name than the provider's: see NOWHERE in app/practice/server.py.
    side = upstream.chatgpt_base_url.removesuffix("/codex").replace("127.0.0.1", "localhost")
    config = [f'chatgpt_base_url="{side}/"']
    built_in = version in ("0.120.0", "0.140.0", "0.169.0")
    if built_in:
        config.append(f'openai_base_url="{upstream.chatgpt_base_url}"')
    else:
        provider = (
            f'{{name="practice",base_url="{upstream.chatgpt_base_url}",requires_openai_auth=true,wire_api="responses"}}'
        )
        config += ["model_provider=practice", f"model_providers.practice={provider}"]
    printed = await run_codex(version, model, tmp_path, config)
    check_tool_turn(printed, upstream.turns)
    assert {turn.account_id for turn in upstream.turns} == {upstream.accounts[0].account_id}
    assert {turn.header("content-encoding") for turn in upstream.turns} == {"zstd" if built_in else None}
    # Codex 0.45 knows nothing of the turn state; every later one brings it back.
    states = {turn.header("x-codex-turn-state") is not None for turn in upstream.turns[1:]}
    assert states == {version != "0.45.0"}

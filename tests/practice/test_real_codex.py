"""The real Codex CLI against the simulated upstream: a tool turn, with an API key and with a login."""

import asyncio
import json
import os
import re
from pathlib import Path

import pytest

from app.practice.accounts import PracticeAccount
from app.practice.recorder import ReceivedRequest
from app.practice.script import usage_limit_reached
from app.practice.server import PracticeUpstream
from tests.platform.codex_gateway import CODEX_EXEC
from tests.practice.client import Answer, Client
from tests.support.codex_run import run_to_end
from tests.support.done import Done
from tests.support.left_behind import end_all_of

ROOT = Path(__file__).resolve().parents[2]
VERSIONS = ("0.45.0", "0.100.0", "0.120.0", "0.140.0", "0.169.0")
CASES = [*((version, None) for version in VERSIONS), ("0.169.0", "gpt-5.5"), ("0.45.0", "gpt-5")]
LIMIT_S = 45.0
PROMPT = "please\nrun: echo marker-$((40+2))"


@pytest.fixture
async def real_time_upstream():
    server = PracticeUpstream()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def upstream_without_sockets():
    server = PracticeUpstream(sockets=False)
    await server.start()
    yield server
    await server.stop()


async def run_codex(
    version: str, model: str | None, home: Path, config: list[str], more_env: dict[str, str], *, fails: bool = False
) -> str:
    """Run one turn of ``codex exec`` in an empty home and return what it printed."""
    options = [part for entry in config for part in ("-c", entry)]
    options += ["-m", model] if model else []
    arguments = [*CODEX_EXEC.split()[1:], "--dangerously-bypass-approvals-and-sandbox", *options, PROMPT]
    done = await codex_run(version, home, arguments, more_env)
    assert (done.code != 0) == fails, done.out
    return done.out


async def codex_run(version: str, home: Path, arguments: list[str], more_env: dict[str, str]) -> Done:
    """Run Codex in an empty home; all that it says is in ``out``."""
    try:
        return await run_to_end(
            (program(version), *arguments), environment(home, more_env), home, LIMIT_S, together=True
        )
    finally:
        end_all_of(home)


def program(version: str) -> Path:
    found = ROOT / f".cache/codex/{version}/node_modules/.bin/codex"
    if not found.exists():
        pytest.skip(f"Codex {version} is not installed; dev.py test brings it.")
    return found


def environment(home: Path, more: dict[str, str]) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "CODEX_HOME": str(home),
        "TERM": "xterm",
        "NO_PROXY": "127.0.0.1,localhost",
        # Whatever else the program would reach meets a closed port.
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "HTTP_PROXY": "http://127.0.0.1:9",
        **more,
    }


def login_config(upstream: PracticeUpstream) -> list[str]:
    """The settings with which the built-in provider of Codex comes here with a ChatGPT login."""
    # Another host name than the provider's: see NOWHERE in app/practice/lookups.py.
    side = upstream.chatgpt_base_url.removesuffix("/codex").replace("127.0.0.1", "localhost")
    return [f'chatgpt_base_url="{side}/"', f'openai_base_url="{upstream.chatgpt_base_url}"']


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
    version: str, model: str | None, upstream_without_sockets: PracticeUpstream, tmp_path: Path
) -> None:
    upstream = upstream_without_sockets
    (tmp_path / "auth.json").write_text(upstream.accounts[0].auth_json())
    config = login_config(upstream)
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


async def device_login(upstream: PracticeUpstream, home: Path, account: PracticeAccount) -> str:
    """Sign in with ``codex login --device-auth`` and a person who approves; return what was printed."""
    upstream.sign_in.device_interval = 1
    arguments = ["login", "--device-auth", "--experimental_issuer", upstream.auth_issuer]
    process = await asyncio.create_subprocess_exec(
        program("0.169.0"),
        *arguments,
        env=environment(home, {}),
        cwd=home,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout is not None
    printed = ""
    try:
        async with asyncio.timeout(LIMIT_S):
            while not (code := re.search(r"[B-Z]{4}-[B-Z]{5}", printed)):
                line = await process.stdout.readline()
                assert line, printed
                printed += line.decode(errors="replace")
            upstream.approve_device(code.group(), account)
            rest, _ = await process.communicate()
    finally:
        end_all_of(home)
        await process.wait()
    assert process.returncode == 0, printed + rest.decode(errors="replace")
    return printed


async def test_codex_signs_in_with_a_device_code_refreshes_and_signs_out(
    real_time_upstream: PracticeUpstream, tmp_path: Path
) -> None:
    upstream = real_time_upstream
    pro = upstream.accounts[1]
    # So short that Codex refreshes before its first turn.
    upstream.sign_in.access_life = 60.0
    printed = await device_login(upstream, tmp_path, pro)
    assert f"{upstream.auth_issuer}/codex/device" in printed
    tokens = json.loads((tmp_path / "auth.json").read_text())["tokens"]
    assert tokens["refresh_token"] == upstream.newest(pro).refresh_token
    upstream.sign_in.access_life = 86_400.0
    moved = {
        "CODEX_REFRESH_TOKEN_URL_OVERRIDE": f"{upstream.auth_issuer}/oauth/token",
        "CODEX_REVOKE_TOKEN_URL_OVERRIDE": f"{upstream.auth_issuer}/oauth/revoke",
    }
    printed = await run_codex("0.169.0", None, tmp_path, login_config(upstream), moved)
    check_tool_turn(printed, upstream.turns)
    (refresh,) = upstream.refreshes(pro)
    assert (refresh.reason, refresh.granted) == ("proactive_expiry", True)
    signed_in = upstream.newest(pro)
    assert {turn.header("authorization") for turn in upstream.turns} == {f"Bearer {signed_in.access_token}"}
    # A token that stops working is refreshed too, and the turn goes on.
    upstream.revoke(signed_in)
    await run_codex("0.169.0", None, tmp_path, login_config(upstream), moved)
    assert [one.reason for one in upstream.refreshes(pro)] == ["proactive_expiry", "unauthorized_recovery"]
    await codex_run("0.169.0", tmp_path, ["logout"], moved)
    assert upstream.received[-1].path == "/oauth/revoke"
    last = upstream.newest(pro)
    assert (await asked_with(upstream, last)).status == 401


async def asked_with(upstream: PracticeUpstream, account: PracticeAccount) -> Answer:
    async with Client(upstream) as client:
        return await client.codex(account=account)


async def test_codex_says_that_it_must_sign_in_again(real_time_upstream: PracticeUpstream, tmp_path: Path) -> None:
    upstream = real_time_upstream
    account = upstream.accounts[0]
    (tmp_path / "auth.json").write_text(account.auth_json())
    upstream.sign_out(account)
    moved = {"CODEX_REFRESH_TOKEN_URL_OVERRIDE": f"{upstream.auth_issuer}/oauth/token"}
    printed = await run_codex("0.169.0", None, tmp_path, login_config(upstream), moved, fails=True)
    assert "sign in again" in printed
    assert {one.code for one in upstream.refreshes(account)} == {"refresh_token_invalidated"}

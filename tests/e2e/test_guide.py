"""The users' guide, word for word: its curl commands, its environment variables, its steps with Codex."""

import asyncio
import json
from typing import Any

import pytest

from app.practice.server import PracticeUpstream
from tests.e2e.codex import EXEC, check_tool_turn, codex_shell
from tests.e2e.guide import blocks, curl_example, environment_block, model_names
from tests.e2e.program import Run, Waystation

TOKENS = ["ChatGPT login", "API key"]


async def add_token(kind: str, waystation: Waystation, upstream: PracticeUpstream) -> None:
    if kind == "API key":
        await waystation.ok("token", "add", "--api-key", "-", stdin=upstream.api_keys[0].key)
    else:
        await waystation.import_account(upstream.accounts[0].auth_json(), "first")


async def bash(script: str) -> str:
    """Run a script as a person pastes it; its standard output."""
    process = await asyncio.create_subprocess_exec(
        "bash",
        "--norc",
        "-c",
        script,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "NO_PROXY": "127.0.0.1"},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(30):
        out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    return out.decode()


def test_the_guide_is_read_whole() -> None:
    found = blocks("192.0.2.7", 8787, "ws-key")

    assert len(found) == 9
    assert not any("你的" in block or "许可证" in block for block in found)
    assert len(model_names()) == 7


@pytest.mark.parametrize("kind", TOKENS)
async def test_the_chat_example_answers_twice_on_one_token(
    kind: str, waystation: Waystation, serve: Run, upstream: PracticeUpstream
) -> None:
    await add_token(kind, waystation, upstream)
    key = await waystation.license()
    example = curl_example("/chat/completions", "127.0.0.1", serve.port, key)
    for _ in range(2):
        chunks = chunks_of(await bash(example))
        said = "".join(chunk["choices"][0]["delta"].get("content") or "" for chunk in chunks if chunk["choices"])
        assert "我是 gpt-5，推理强度 high" in said
        assert chunks[-1]["choices"][0]["finish_reason"] == "stop"
        assert {chunk["model"] for chunk in chunks} == {"gpt-5-high"}

    assert [turn.problem for turn in upstream.turns] == ["", ""]
    assert len({turn.label for turn in upstream.turns}) == 1
    (session,) = await waystation.json("session", "list")
    assert session["turns"] == 2


@pytest.mark.parametrize("kind", TOKENS)
async def test_the_responses_example_answers_twice_on_one_token(
    kind: str, waystation: Waystation, serve: Run, upstream: PracticeUpstream
) -> None:
    await add_token(kind, waystation, upstream)
    key = await waystation.license()
    example = curl_example("/responses", "127.0.0.1", serve.port, key)
    for _ in range(2):
        answer = json.loads(await bash(example))
        assert answer["object"] == "response"
        assert answer["status"] == "completed"
        message = answer["output"][-1]
        assert message["role"] == "assistant"
        assert "hi" in message["content"][0]["text"]

    assert [turn.problem for turn in upstream.turns] == ["", ""]
    assert len({turn.label for turn in upstream.turns}) == 1
    (session,) = await waystation.json("session", "list")
    assert session["turns"] == 2
    body = json.loads(upstream.turns[0].body)
    # 82 characters: as it is too long for upstream, it goes there as its hash.
    assert len(body["prompt_cache_key"]) <= 64
    assert "session_id" not in body
    assert body["input"][0]["id"] is None


async def test_both_tokens_are_used_and_a_session_stays_on_its_own(
    waystation: Waystation, serve: Run, upstream: PracticeUpstream
) -> None:
    # Two logins: an API key, which is billed, serves only when they cannot.
    for account in upstream.accounts:
        await waystation.import_account(account.auth_json(), account.label)
    key = await waystation.license()
    example = curl_example("/responses", "127.0.0.1", serve.port, key)
    other = example.replace("会话ID（可选）", "另一个会话")
    for script in (example, other, example, other):
        await bash(script)

    labels = [turn.label for turn in upstream.turns]
    assert labels[0] == labels[2] != labels[1] == labels[3]


async def test_each_model_of_the_guide_asks_for_its_effort(
    waystation: Waystation, serve_with_login: Run, upstream: PracticeUpstream
) -> None:
    key = await waystation.license()
    example = curl_example("/chat/completions", "127.0.0.1", serve_with_login.port, key)
    for name in model_names():
        await bash(example.replace("gpt-5-high", name))

    bodies = [json.loads(turn.body) for turn in upstream.turns]
    assert [f"{body['model']}-{body['reasoning']['effort']}" for body in bodies] == model_names()


@pytest.mark.parametrize("version", ["0.45.0", "0.100.0"])
async def test_the_environment_block_works_once_the_key_is_saved(
    version: str, waystation: Waystation, serve_with_login: Run, upstream: PracticeUpstream
) -> None:
    key = await waystation.license()
    block = environment_block("127.0.0.1", serve_with_login.port, key)
    async with codex_shell(version, {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}) as shell:
        file = shell.home / "pasted"
        file.write_text(block, encoding="utf-8")
        login = 'printf "%s" "$OPENAI_API_KEY" | codex login --with-api-key'
        done = await shell.run(f"source {file}; {login}; {EXEC}")

    check_tool_turn(done, upstream.turns)


def chunks_of(stream: str) -> list[dict[str, Any]]:
    """The chunks of a chat completion's stream, which must end properly."""
    lines = [line.removeprefix("data: ") for line in stream.splitlines() if line.startswith("data: ")]
    assert lines[-1] == "[DONE]"
    return [json.loads(line) for line in lines[:-1]]

"""The chat clients that people's programs are made with, each against ``waystation serve`` and both kinds of token."""

from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest

from app.practice.script import usage_limit_reached
from app.practice.server import PracticeUpstream
from tests.e2e.chat_clients import PDF, PNG, Client
from tests.e2e.chat_habits import HABITS
from tests.e2e.program import Run, Waystation, until

CLIENTS = {
    "openai-node": ("openai_node.mjs", {}),
    "AI SDK, openai": ("ai_sdk.mjs", {"PROVIDER": "openai"}),
    "AI SDK, openai-compatible": ("ai_sdk.mjs", {"PROVIDER": "compatible"}),
    "LangChain": ("langchain.py", {}),
}
LOGIN, API_KEY = "a ChatGPT login", "an API key"
# A model that is none, and a tool whose name is none.
REFUSED = ("gpt-nothing", "tools[0].name")
CITY = {"title", "level", "tags", "next"}


@pytest.fixture(params=[LOGIN, API_KEY])
async def token(request: pytest.FixtureRequest, waystation: Waystation, serve: Run, upstream: PracticeUpstream) -> str:
    """One token of each kind in turn."""
    if request.param == API_KEY:
        await waystation.ok("token", "add", "--api-key", "-", stdin=upstream.api_keys[0].key)
    else:
        await waystation.import_account(upstream.accounts[0].auth_json(), "first")
    return str(request.param)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", CLIENTS)
async def test_a_client_gets_all_that_it_asks_for(
    name: str, token: str, waystation: Waystation, serve: Run, upstream: PracticeUpstream, tmp_path: Path
) -> None:
    script, env = CLIENTS[name]
    client = Client(tmp_path, script, str(serve.address), await waystation.license(), **env)
    thinks = () if name == "LangChain" else ("reasoning",)
    found = await client.run("plain", "stream", "tools", "structured", "attachments", *thinks, "errors", "abort")

    check_answers(found)
    check_errors(found["errors"])
    if name != "AI SDK, openai":
        assert "reasoning" not in found or "**Step 2**" in found["reasoning"]["reasoning"]
    assert found["abort"]["aborted"]
    left = upstream.turns[-1]
    await until(lambda: left.outcome == "disconnected", "the end of the turn that the client left")
    # Upstream found fault with nothing but what was meant to be refused.
    problems = [turn.problem for turn in upstream.turns if turn.problem]
    assert [problem for problem in problems if not any(mark in problem for mark in REFUSED)] == []

    if token == LOGIN:
        upstream.always(usage_limit_reached())
        limit = (await client.run("limit"))["limit"]
        assert (limit["status"], limit["code"]) == (429, "usage_limit_reached")


async def test_what_other_chat_programs_send_is_understood(
    token: str, waystation: Waystation, serve: Run, upstream: PracticeUpstream
) -> None:
    headers = {"Authorization": f"Bearer {await waystation.license()}", "HTTP-Referer": "https://example.com"}
    async with aiohttp.ClientSession(headers=headers, timeout=aiohttp.ClientTimeout(total=20)) as http:
        for name, body in HABITS.items():
            async with http.post(f"{serve.address}/chat/completions", json=body) as answer:
                received = await answer.read()
            assert answer.status == 200, f"{name}: {received!r}"
            said, finish, usage = read_answer(received, stream=body["stream"])
            assert ("sunny" if name == "an older program" else "gpt-5") in said, name
            assert finish == "stop", name
            # Only who asks for usage in a stream gets a chunk without choices.
            assert (usage is not None) == (not body["stream"] or "stream_options" in body), name
    assert [turn.problem for turn in upstream.turns] == [""] * len(HABITS)


def read_answer(received: bytes, *, stream: bool) -> tuple[str, str | None, dict[str, Any] | None]:
    """Text, finish reason and usage, read as simply as simple programs do."""
    if not stream:
        whole = orjson.loads(received)
        return whole["choices"][0]["message"]["content"], whole["choices"][0]["finish_reason"], whole["usage"]
    *lines, done = [line for line in received.split(b"\n") if line.startswith(b"data: ")]
    assert done == b"data: [DONE]"
    said, finish, usage = "", None, None
    for line in lines:
        chunk = orjson.loads(line.removeprefix(b"data: "))
        usage = chunk.get("usage") or usage
        for choice in chunk["choices"]:
            said += choice["delta"].get("content") or ""
            assert finish is None, "something came after the end"
            finish = choice["finish_reason"]
    return said, finish, usage


def check_answers(found: dict[str, Any]) -> None:
    plain, stream, tools = found["plain"], found["stream"], found["tools"]
    assert "gpt-5" in plain["text"]
    assert "high" in plain["text"]
    assert (plain["model"], plain["finish"]) == ("gpt-5-high", "stop")
    assert len(stream["text"].split()) == 60
    assert stream["pieces"] > 3
    assert (stream["model"], stream["finish"]) == ("gpt-5-high", "stop")
    for answer in (plain, stream):
        assert tokens(answer["usage"]) > 0, answer["usage"]
    assert tools["calls"] == ["北京", "Zürich"]
    assert "sunny in Zürich" in tools["text"]
    assert tools["finish"] == "stop"
    assert found["structured"]["parsed"].keys() == CITY
    assert found["structured"]["parsed"]["level"] == "low"
    assert f"images 1 (PNG, {len(PNG)} bytes)" in found["attachments"]["text"]
    assert f"files 1 (sample.pdf, PDF, {len(PDF)} bytes)" in found["attachments"]["text"]


def check_errors(errors: dict[str, Any]) -> None:
    key, model, request = errors["key"], errors["model"], errors["request"]
    assert (key["status"], key["code"]) == (401, "invalid_api_key")
    assert "Incorrect license key provided" in key["message"]
    assert (model["status"], model["code"]) == (404, "model_not_found")
    assert "gpt-nothing" in model["message"]
    assert request["status"] == 400
    assert request["param"]


def tokens(usage: dict[str, Any]) -> int:
    """The tokens of an answer, in the words of the client."""
    for key in ("completion_tokens", "outputTokens", "output_tokens"):
        if key in usage:
            return int(usage[key])
    raise AssertionError(usage)

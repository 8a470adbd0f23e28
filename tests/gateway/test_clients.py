"""The user's page as written, with the real curl; and the official SDK."""

import asyncio
import re
import shutil
from pathlib import Path

import openai
import orjson
import pytest

from app.core.pool import Reason
from app.core.session import bounded_name
from app.practice.script import Turn, failed
from tests.gateway.house import API, KEY, PLUS, PRO, House, house

SESSION = (
    "prompt_cache_key的别名，会话ID（可选），如果不变的话，系统会为该会话分配一个固定的token进行对话，"
    "直到该token上限或异常才会切换token"
)

# Word for word; only ip, port and license are put in.
CHAT = """curl --location --request POST 'http://<你的IP>:<你的端口>/codex/v1/chat/completions' \\
--header 'Content-Type: application/json' \\
--header 'Authorization: <你的许可证>' \\
--data-raw '{
    "messages": [{"role": "user", "content": "你是什么模型"}],
    "session_id": "<SESSION>",
    "model": "gpt-5-high",
    "stream": true
}'
""".replace("<SESSION>", SESSION)

RESPONSES = """curl --location --request POST 'http://<你的IP>:<你的端口>/codex/v1/responses' \\
--header 'Content-Type: application/json' \\
--header 'Authorization: <你的许可证>' \\
--data-raw '{
 "input": [{"content":[{"text":"hi","type":"input_text"}],"id":null,"role":"user","type":"message"}],
 "session_id": "<SESSION>",
 "model": "gpt-5",
 "reasoning": {
   "effort": "high",
   "summary": "auto"
 },
 "stream": false
}'
""".replace("<SESSION>", SESSION)


async def run(example: str, running: House) -> bytes:
    """The example in bash, as a user pastes it."""
    bash, curl = shutil.which("bash"), shutil.which("curl")
    if not bash or not curl:
        pytest.skip("bash and curl are not here")
    text = (
        example.replace("<你的IP>", "127.0.0.1").replace("<你的端口>", str(running.port)).replace("<你的许可证>", KEY)
    )
    process = await asyncio.create_subprocess_exec(
        bash,
        "-c",
        text,
        env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "NO_PROXY": "127.0.0.1"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(30):
        output, errors = await process.communicate()
    assert process.returncode == 0, errors
    return output


@pytest.mark.parametrize("who", [[PLUS, PRO], [API], [PLUS, API, PRO]])
async def test_the_pages_examples_work_and_keep_their_token(tmp_path: Path, who: list[object]) -> None:
    async with house(tmp_path, who) as running:  # type: ignore[arg-type]
        for _ in range(2):
            chunks = (await run(CHAT, running)).decode().split("\n\n")
            assert chunks[-2] == "data: [DONE]"
            text = "".join(re.findall(r'"content":"([^"]*)"', "".join(chunks)))
            assert "gpt-5" in text
            assert "high" in text
            content = orjson.loads(await run(RESPONSES, running))
            assert content["status"] == "completed"
            assert content["object"] == "response"
        # One session, whichever endpoint: always the same token.
        assert [row.note for row in running.state.recent] == [Reason.NEW_SESSION] + [Reason.KEPT] * 3
        assert len({row.token_id for row in running.state.recent}) == 1
        for turn in running.practice.turns:
            sent = orjson.loads(turn.body)
            assert "session_id" not in sent
            assert sent["prompt_cache_key"] == bounded_name(SESSION)
            assert turn.status == 200


async def test_the_pages_responses_example_is_edited_only_where_it_must_be(tmp_path: Path) -> None:
    async with house(tmp_path, [API]) as running:
        await run(RESPONSES, running)
        received = RESPONSES.partition("--data-raw '")[2].rstrip("\n'").encode()
        expected = received.replace(
            b'"session_id": ' + orjson.dumps(SESSION), b'"prompt_cache_key": ' + orjson.dumps(bounded_name(SESSION))
        )
        assert running.practice.turns[-1].body == expected
        assert running.state.recent[-1].edits == ("session_id",)


@pytest.fixture
async def sdk(one: House) -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(api_key=KEY, base_url=one.base, max_retries=0, timeout=20)


async def test_sdk_responses(sdk: openai.AsyncOpenAI) -> None:
    whole = await sdk.responses.create(model="gpt-5", input="你是什么模型")
    assert "gpt-5" in whole.output_text
    assert whole.usage is not None
    stream = await sdk.responses.create(model="gpt-5", input="你是什么模型", stream=True)
    kinds = [event.type async for event in stream]
    assert kinds[0] in ("response.created", "codex.rate_limits")
    assert kinds[-1] == "response.completed"


async def test_sdk_chat(sdk: openai.AsyncOpenAI) -> None:
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "what model are you?"}]
    whole = await sdk.chat.completions.create(model="gpt-5-codex-low", messages=messages)  # type: ignore[call-overload]
    assert "gpt-5-codex" in whole.choices[0].message.content
    assert "low" in whole.choices[0].message.content
    stream = await sdk.chat.completions.create(  # type: ignore[call-overload]
        model="gpt-5-codex-low", messages=messages, stream=True, stream_options={"include_usage": True}
    )
    chunks = [chunk async for chunk in stream]
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == whole.choices[0].message.content
    assert chunks[-1].usage.total_tokens > 0


async def test_sdk_models(sdk: openai.AsyncOpenAI) -> None:
    names = [model.id async for model in await sdk.models.list()]
    assert "gpt-5-high" in names
    assert (await sdk.models.retrieve("gpt-5-high")).id == "gpt-5-high"
    with pytest.raises(openai.NotFoundError) as caught:
        await sdk.models.retrieve("nothing")
    assert caught.value.code == "model_not_found"


async def test_sdk_errors_are_its_own_types(one: House, sdk: openai.AsyncOpenAI) -> None:
    stranger = openai.AsyncOpenAI(api_key="ws-not-a-license", base_url=one.base, max_retries=0)
    with pytest.raises(openai.AuthenticationError):
        await stranger.models.list()
    with pytest.raises(openai.BadRequestError) as caught:
        await sdk.chat.completions.create(model="gpt-5", messages="no list")  # type: ignore[call-overload]
    assert caught.value.param == "messages"
    one.practice.script(failed("server_error", "Broken.", at="response.output_text.delta"))
    stream = await sdk.chat.completions.create(model="gpt-5", messages=[{"role": "user", "content": "hi"}], stream=True)
    with pytest.raises(openai.APIError, match="Broken"):
        async for _ in stream:
            pass
    one.practice.script(Turn(cut_at="response.output_text.delta"))
    broken = await sdk.responses.create(model="gpt-5", input="hi", stream=True)
    with pytest.raises(openai.APIConnectionError):
        async for _ in broken:
            pass

"""The official OpenAI SDK against the simulated API: it must find everything it expects."""

from collections.abc import AsyncIterator

import openai
import pytest

from app.practice import refusals
from app.practice.server import PracticeUpstream

TOOL = {
    "type": "function",
    "name": "weather",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    "strict": False,
}


@pytest.fixture
async def sdk(upstream: PracticeUpstream) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(
        api_key=upstream.api_keys[0].key, base_url=upstream.openai_base_url, max_retries=0, timeout=20
    ) as found:
        yield found


async def test_creates_a_response(sdk: openai.AsyncOpenAI) -> None:
    response = await sdk.responses.create(model="gpt-5", input="hello", reasoning={"summary": "auto"})
    assert "hello" in response.output_text
    assert response.usage is not None
    assert response.usage.output_tokens_details.reasoning_tokens == 64


async def test_accumulates_a_stream(sdk: openai.AsyncOpenAI) -> None:
    async with sdk.responses.stream(
        model="gpt-5", input="hello", reasoning={"effort": "high", "summary": "auto"}
    ) as stream:
        deltas = [event.delta async for event in stream if event.type == "response.output_text.delta"]
        response = await stream.get_final_response()
    assert "".join(deltas) == response.output_text


async def test_accumulates_a_tool_call(sdk: openai.AsyncOpenAI) -> None:
    async with sdk.responses.stream(model="gpt-5", input='call: weather {"city": "北京"}', tools=[TOOL]) as stream:
        response = await stream.get_final_response()
    call = response.output[-1]
    assert (call.type, call.name, call.arguments) == ("function_call", "weather", '{"city": "北京"}')


async def test_lists_models(sdk: openai.AsyncOpenAI) -> None:
    assert "gpt-5" in [model.id async for model in sdk.models.list()]


async def test_raises_its_own_errors(sdk: openai.AsyncOpenAI, upstream: PracticeUpstream) -> None:
    with pytest.raises(openai.NotFoundError):
        await sdk.responses.create(model="gpt-nothing", input="hello")
    upstream.script(refusals.rate_limited())
    with pytest.raises(openai.RateLimitError):
        await sdk.responses.create(model="gpt-5", input="hello")
    upstream.revoke(upstream.api_keys[0])
    with pytest.raises(openai.AuthenticationError):
        await sdk.responses.create(model="gpt-5", input="hello")

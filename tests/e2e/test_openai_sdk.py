"""The official OpenAI SDK for Python against ``waystation serve``."""

from collections.abc import AsyncIterator

import pytest
from openai import AsyncOpenAI, AuthenticationError, BadRequestError, NotFoundError, RateLimitError

from app.practice.script import usage_limit_reached
from app.practice.server import PracticeUpstream
from tests.e2e.program import Run, Waystation

SEED_MODELS = {
    *("gpt-5-minimal", "gpt-5-low", "gpt-5-medium", "gpt-5-high"),
    *("gpt-5-codex-low", "gpt-5-codex-medium", "gpt-5-codex-high"),
}


@pytest.fixture(params=["a ChatGPT login", "an API key"])
async def client(
    request: pytest.FixtureRequest, waystation: Waystation, serve: Run, upstream: PracticeUpstream
) -> AsyncIterator[AsyncOpenAI]:
    """The SDK with a license, in front of each kind of token."""
    if request.param == "an API key":
        await waystation.ok("token", "add", "--api-key", "-", stdin=upstream.api_keys[0].key)
    else:
        await waystation.import_account(upstream.accounts[0].auth_json(), "first")
    async with sdk(serve, await waystation.license()) as client:
        yield client


def sdk(serve: Run, key: str) -> AsyncOpenAI:
    """The SDK, set up by nothing but base URL and key; what fails is not tried again."""
    return AsyncOpenAI(base_url=serve.address, api_key=key, max_retries=0, timeout=20.0)


async def test_a_response_comes_whole(client: AsyncOpenAI) -> None:
    answer = await client.responses.create(model="gpt-5", input="what model are you")

    assert answer.status == "completed"
    assert "[practice]" in answer.output_text
    assert answer.usage is not None
    assert answer.usage.output_tokens > 0


async def test_a_response_comes_as_a_stream(client: AsyncOpenAI) -> None:
    stream = await client.responses.create(
        model="gpt-5", input=[{"role": "user", "content": "what model are you"}], stream=True, store=False
    )
    events = [event async for event in stream]

    said = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    assert "[practice]" in said
    assert events[-1].type == "response.completed"
    assert events[-1].response.output_text == said or not events[-1].response.output


async def test_a_chat_completion_comes_whole_with_usage(client: AsyncOpenAI, upstream: PracticeUpstream) -> None:
    answer = await client.chat.completions.create(
        model="gpt-5-high",
        messages=[{"role": "system", "content": "Be brief."}, {"role": "user", "content": "你是什么模型"}],
    )

    (choice,) = answer.choices
    assert choice.finish_reason == "stop"
    assert "gpt-5" in (choice.message.content or "")
    assert "high" in (choice.message.content or "")
    assert answer.model == "gpt-5-high"
    assert answer.usage is not None
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens > 0
    assert [turn.problem for turn in upstream.turns] == [""]


async def test_a_chat_completion_comes_as_a_stream_with_usage(client: AsyncOpenAI) -> None:
    stream = await client.chat.completions.create(
        model="gpt-5-codex-low",
        messages=[{"role": "user", "content": "words: 40"}],
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = [chunk async for chunk in stream]

    said = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert len(said.split()) >= 40
    assert sum(1 for chunk in chunks if chunk.choices and chunk.choices[0].delta.content) > 3
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop"
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens > 0


async def test_the_models_are_listed_and_found(client: AsyncOpenAI) -> None:
    names = [model.id async for model in await client.models.list()]

    assert set(names) >= SEED_MODELS
    assert len(names) == len(set(names))
    assert (await client.models.retrieve("gpt-5-high")).id == "gpt-5-high"
    with pytest.raises(NotFoundError, match="no-such-model"):
        await client.models.retrieve("no-such-model")


async def test_a_wrong_license_is_an_authentication_error_with_our_words(
    serve_with_login: Run, upstream: PracticeUpstream
) -> None:
    async with sdk(serve_with_login, "ws-no-license-of-this-gateway") as client:
        with pytest.raises(AuthenticationError, match="Incorrect license key provided") as caught:
            await client.responses.create(model="gpt-5", input="hi")

    assert caught.value.code == "invalid_api_key"
    assert "Waystation's tray menu" in caught.value.message
    assert upstream.received == []


async def test_a_revoked_license_enters_no_more(waystation: Waystation, serve_with_login: Run) -> None:
    key = await waystation.license()
    async with sdk(serve_with_login, key) as client:
        await client.chat.completions.create(model="gpt-5-low", messages=[{"role": "user", "content": "hi"}])
        (made,) = [item for item in await waystation.json("license", "list") if item["label"] == "test"]
        await waystation.ok("license", "revoke", made["id"])
        with pytest.raises(AuthenticationError, match="Revoked license key"):
            await client.models.list()


async def test_what_is_not_translated_is_refused_by_name(client: AsyncOpenAI, upstream: PracticeUpstream) -> None:
    with pytest.raises(BadRequestError) as caught:
        await client.chat.completions.create(model="gpt-5-low", messages=[{"role": "user", "content": "hi"}], n=2)

    assert caught.value.param == "n"
    assert [record for record in upstream.received if record.method == "POST"] == []


async def test_a_reached_limit_is_a_rate_limit_error(
    waystation: Waystation, serve_with_login: Run, upstream: PracticeUpstream
) -> None:
    upstream.always(usage_limit_reached())
    async with sdk(serve_with_login, await waystation.license()) as client:
        with pytest.raises(RateLimitError):
            await client.responses.create(model="gpt-5", input=[{"role": "user", "content": "hi"}], stream=True)
        with pytest.raises(RateLimitError):
            await client.chat.completions.create(model="gpt-5-low", messages=[{"role": "user", "content": "hi"}])

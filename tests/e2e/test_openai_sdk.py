"""The official OpenAI SDK for Python against ``waystation serve``."""

import json
from collections.abc import AsyncIterator
from typing import Any, Literal

import pytest
from openai import (
    APIError,
    AsyncOpenAI,
    AuthenticationError,
    BadRequestError,
    InternalServerError,
    LengthFinishReasonError,
    NotFoundError,
    RateLimitError,
)
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from pydantic import BaseModel

from app.practice import refusals
from app.practice.script import Turn, failed, incomplete, usage_limit_reached
from app.practice.server import PracticeUpstream
from tests.e2e.chat_files import pdf, png
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
    assert upstream.turns == []


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


class Weather(BaseModel):
    """What `parse` wants to have."""

    city: str
    degrees: float
    sky: Literal["clear", "cloudy"]


def weather_tool() -> dict[str, Any]:
    """A tool as the SDK's users write it."""
    city = {"type": "string", "description": "Name of a city"}
    parameters = {"type": "object", "properties": {"city": city}, "required": ["city"], "additionalProperties": False}
    function = {"name": "get_weather", "description": "The weather now", "parameters": parameters, "strict": True}
    return {"type": "function", "function": function}


def asks(text: str, **more: Any) -> dict[str, Any]:
    """The arguments of a chat with one message."""
    return {"model": "gpt-5-low", "messages": [{"role": "user", "content": text}], **more}


async def test_every_chunk_and_object_is_what_the_sdk_declares(client: AsyncOpenAI) -> None:
    def checked(kind: type[BaseModel], content: BaseModel) -> None:
        # The SDK itself takes whatever comes; pydantic does not.
        kind.model_validate_json(content.model_dump_json(exclude_unset=True), strict=True)

    for asked in (
        asks("words: 30"),
        asks('call: get_weather {"city": "西安"}', tools=[weather_tool()]),
        asks("refuse: I may not say."),
        asks("search: waystations", web_search_options={}),
    ):
        checked(ChatCompletion, await client.chat.completions.create(**asked))
        stream = await client.chat.completions.create(**asked, stream=True, stream_options={"include_usage": True})
        chunks = [chunk async for chunk in stream]
        for chunk in chunks:
            checked(ChatCompletionChunk, chunk)
        assert len({(chunk.id, chunk.created, chunk.model) for chunk in chunks}) == 1
        roles = [choice.delta.role for chunk in chunks for choice in chunk.choices if choice.delta.role]
        assert roles == ["assistant"]
        ends = [choice.finish_reason for chunk in chunks for choice in chunk.choices if choice.finish_reason]
        assert len(ends) == 1


async def test_the_streaming_helper_puts_the_same_together_as_comes_whole(client: AsyncOpenAI) -> None:
    asked = asks("what model are you")
    whole = await client.chat.completions.create(**asked)
    async with client.chat.completions.stream(**asked, stream_options={"include_usage": True}) as stream:
        kinds = [event.type async for event in stream]
        put_together = await stream.get_final_completion()

    assert {"chunk", "content.delta", "content.done"} <= set(kinds)
    assert put_together.choices[0].message.content == whole.choices[0].message.content
    assert put_together.choices[0].message.role == "assistant"
    assert put_together.choices[0].finish_reason == whole.choices[0].finish_reason == "stop"
    assert put_together.usage is not None


async def test_an_answer_is_parsed_into_a_model(client: AsyncOpenAI, upstream: PracticeUpstream) -> None:
    asked = asks("The weather in 西安?", response_format=Weather)
    whole = await client.chat.completions.parse(**asked)
    assert isinstance(whole.choices[0].message.parsed, Weather)

    async with client.chat.completions.stream(**asked) as stream:
        put_together = await stream.get_final_completion()
    assert put_together.choices[0].message.parsed == whole.choices[0].message.parsed
    sent = json.loads(upstream.turns[-1].body)["text"]["format"]
    assert (sent["type"], sent["name"], sent["strict"]) == ("json_schema", "Weather", True)


async def test_an_answer_that_was_cut_off_is_not_parsed(client: AsyncOpenAI, upstream: PracticeUpstream) -> None:
    upstream.script(incomplete(), incomplete())
    with pytest.raises(LengthFinishReasonError):
        await client.chat.completions.parse(**asks("The weather?", response_format=Weather))
    answer = await client.chat.completions.create(**asks("words: 5"))
    assert answer.choices[0].finish_reason == "length"


@pytest.mark.parametrize("streaming", [True, False])
async def test_a_tool_is_called_answered_and_used(
    client: AsyncOpenAI, upstream: PracticeUpstream, streaming: bool
) -> None:
    lines = 'call: get_weather {"city": "西安"}\ncall: get_weather {"city": "Zürich"}'
    # Upstream makes them side by side; the SDK parses a strict one as soon as it hears of the next.
    asked = asks(lines, tools=[weather_tool()])

    async def answered() -> Any:
        if not streaming:
            return await client.chat.completions.create(**asked)
        async with client.chat.completions.stream(**asked) as stream:
            return await stream.get_final_completion()

    first = await answered()
    (choice,) = first.choices
    assert choice.finish_reason == "tool_calls"
    assert not choice.message.content
    calls = choice.message.tool_calls
    assert [call.type for call in calls] == ["function", "function"]
    assert [json.loads(call.function.arguments)["city"] for call in calls] == ["西安", "Zürich"]
    assert len({call.id for call in calls}) == 2

    asked["messages"] += [choice.message.model_dump(exclude_unset=True)]
    asked["messages"] += [{"role": "tool", "tool_call_id": call.id, "content": f"{call.id}: 21°"} for call in calls]
    second = await answered()
    assert second.choices[0].finish_reason == "stop"
    assert "21°" in second.choices[0].message.content
    assert [turn.problem for turn in upstream.turns] == ["", ""]


async def test_the_arguments_of_a_strict_tool_are_parsed(client: AsyncOpenAI) -> None:
    asked = asks('call: get_weather {"city": "西安"}', tools=[weather_tool()])
    async with client.chat.completions.stream(**asked) as stream:
        put_together = await stream.get_final_completion()
    whole = await client.chat.completions.parse(**asked)
    for answer in (put_together, whole):
        (call,) = answer.choices[0].message.tool_calls or []
        assert call.function.parsed_arguments == {"city": "西安"}


async def test_a_tool_that_is_demanded_is_called_with_what_fits(client: AsyncOpenAI) -> None:
    answer = await client.chat.completions.create(
        **asks("hello", tools=[weather_tool()], tool_choice={"type": "function", "function": {"name": "get_weather"}})
    )
    (call,) = answer.choices[0].message.tool_calls or []
    assert call.type == "function"
    assert set(json.loads(call.function.arguments)) == {"city"}


async def test_functions_of_old_are_called_answered_and_used(client: AsyncOpenAI) -> None:
    asked = asks('call: get_weather {"city": "西安"}', functions=[weather_tool()["function"]])
    del asked["functions"][0]["strict"]
    first = await client.chat.completions.create(**asked)
    (choice,) = first.choices
    assert choice.finish_reason == "function_call"
    assert choice.message.tool_calls is None
    assert choice.message.function_call is not None
    assert json.loads(choice.message.function_call.arguments) == {"city": "西安"}

    streamed = [chunk async for chunk in await client.chat.completions.create(**asked, stream=True)]
    pieces = [
        choice.delta.function_call for chunk in streamed for choice in chunk.choices if choice.delta.function_call
    ]
    assert [piece.name for piece in pieces if piece.name] == ["get_weather"]
    assert json.loads("".join(piece.arguments or "" for piece in pieces)) == {"city": "西安"}
    assert streamed[-1].choices[0].finish_reason == "function_call"

    asked["messages"] += [choice.message.model_dump(exclude_unset=True)]
    asked["messages"] += [{"role": "function", "name": "get_weather", "content": "21°"}]
    second = await client.chat.completions.create(**asked)
    assert "21°" in (second.choices[0].message.content or "")


async def test_pictures_and_documents_are_looked_at(client: AsyncOpenAI, upstream: PracticeUpstream) -> None:
    parts = [
        {"type": "text", "text": "What is in these?"},
        {"type": "image_url", "image_url": {"url": png(), "detail": "low"}},
        {"type": "image_url", "image_url": {"url": "https://example.org/cat.jpg"}},
        {"type": "file", "file": {"filename": "报告.pdf", "file_data": pdf()}},
    ]
    answer = await client.chat.completions.create(
        model="gpt-5-high",
        messages=[{"role": "user", "content": parts}],  # type: ignore[misc,list-item]
    )
    said = answer.choices[0].message.content or ""
    assert "报告.pdf" in said
    sent = json.loads(upstream.turns[-1].body)["input"][-1]["content"]
    assert [part["type"] for part in sent] == ["input_text", "input_image", "input_image", "input_file"]


@pytest.mark.parametrize(
    ("part", "code", "param"),
    [
        ({"type": "file", "file": {"file_data": "data:application/zip;base64,UEsDBA=="}}, "unsupported_file", "file"),
        ({"type": "image_url", "image_url": {"url": "data:image/png;base64,***"}}, "invalid_base64", "image_url"),
        ({"type": "image_url", "image_url": {"url": "file:///etc/passwd"}}, "invalid_image_url", "image_url"),
    ],
)
async def test_what_cannot_be_looked_at_is_refused_by_its_place(
    client: AsyncOpenAI, upstream: PracticeUpstream, part: dict[str, Any], code: str, param: str
) -> None:
    with pytest.raises(BadRequestError) as caught:
        await client.chat.completions.create(**asks("", messages=[{"role": "user", "content": [part]}]))
    assert caught.value.code == code
    assert (caught.value.param or "").startswith(f"messages[0].content[0].{param}")
    assert upstream.turns == []


async def test_failures_are_the_sdks_own_exceptions(
    waystation: Waystation, serve_with_login: Run, upstream: PracticeUpstream
) -> None:
    hello = asks("hello")
    async with sdk(serve_with_login, await waystation.license()) as client:
        for behaviour, kind, status, code in (
            (failed("context_length_exceeded", "Too long."), BadRequestError, 400, "context_length_exceeded"),
            (refusals.detail("Unsupported parameter: x"), BadRequestError, 400, None),
        ):
            for stream in (False, True):
                upstream.script(behaviour)
                with pytest.raises(kind) as caught:
                    await client.chat.completions.create(**hello, stream=stream)
                assert (caught.value.status_code, caught.value.code) == (status, code)
        upstream.always(Turn(end_at="response.output_text.delta"))
        with pytest.raises(InternalServerError) as broken:
            await client.chat.completions.create(**hello)
        assert (broken.value.status_code, broken.value.code) == (502, "upstream_stream_truncated")
        with pytest.raises(APIError, match="broke off") as late:
            async for _ in await client.chat.completions.create(**hello, stream=True):
                pass
        assert late.value.code == "upstream_stream_truncated"
        upstream.always(None)
        upstream.withdraw_model("gpt-5")
        with pytest.raises(NotFoundError) as gone:
            await client.chat.completions.create(**hello)
        assert gone.value.code == "model_not_found"
        upstream.withdraw_model("gpt-5", withdrawn=False)
        upstream.exhaust(upstream.accounts[0], resets_in=3600)
        for stream in (False, True):
            with pytest.raises(RateLimitError) as limit:
                await client.chat.completions.create(**asks("hello", model="gpt-5.5"), stream=stream)
            assert limit.value.code == "usage_limit_reached"
            assert limit.value.response.headers["x-should-retry"] == "false"
            assert 3500 < int(limit.value.response.headers["Retry-After"]) <= 3601
        await waystation.ok("token", "remove", (await waystation.json("token", "list"))[0]["id"])
        with pytest.raises(InternalServerError) as empty:
            await client.chat.completions.create(**hello)
        assert (empty.value.status_code, empty.value.code) == (503, "no_available_token")


@pytest.mark.parametrize("session", [{}, {"prompt_cache_key": "talk"}, {"extra_body": {"session_id": "talk"}}])
async def test_a_conversation_is_found_in_upstreams_cache(client: AsyncOpenAI, session: dict[str, Any]) -> None:
    messages: list[dict[str, Any]] = [{"role": "system", "content": "Be brief. " * 50}]
    shares = []
    for text in ("Hello", "And then?", "And then?"):
        messages.append({"role": "user", "content": text})
        answer = await client.chat.completions.create(model="gpt-5-low", messages=messages, **session)  # type: ignore[call-overload]
        messages.append({"role": "assistant", "content": answer.choices[0].message.content})
        shares.append(answer.usage.prompt_tokens_details.cached_tokens / answer.usage.prompt_tokens)
    assert shares[0] == 0
    assert 0.3 < shares[1] < shares[2] < 1

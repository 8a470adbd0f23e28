"""The translation against the simulated upstream: its rules judge the requests, its streams are read."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import orjson
import pytest
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.types.chat import ChatCompletion as SdkCompletion
from openai.types.chat import ChatCompletionChunk
from openai.types.responses import Response

from app.core.models import ModelTable
from app.core.token import TokenKind
from app.practice import refusals
from app.practice.script import Behaviour, Turn, failed, usage_limit_reached
from app.practice.server import PracticeUpstream
from app.translate.aggregate import ResponseAggregate
from app.translate.chat_request import read_chat_request
from app.translate.chat_stream import ChatCompletion
from app.translate.errors import UpstreamFailure, failure_from_http
from app.translate.events import Terminal
from app.translate.sse import SseParser
from app.translate.usage import UsageObserver
from tests.translate.streams import chunks_of
from tests.translate.test_any_request import FULL, LEGACY

BOTH = pytest.mark.parametrize("kind", list(TokenKind))
QUESTION = [{"role": "system", "content": "Be short."}, {"role": "user", "content": "你是什么模型"}]


@pytest.fixture
async def upstream() -> AsyncIterator[PracticeUpstream]:
    upstream = PracticeUpstream()
    await upstream.start()
    yield upstream
    await upstream.stop()


async def asked(upstream: PracticeUpstream, kind: TokenKind, **fields: Any) -> tuple[int, bytes, dict[str, str]]:
    """Translate a chat request, send it, and return status, body and headers of upstream's answer."""
    data = {"model": "gpt-5-high", "messages": QUESTION, **fields}
    request = read_chat_request(data, models=ModelTable(), session_name="s").for_token(kind)
    if kind is TokenKind.CHATGPT:
        account = upstream.accounts[0]
        address = upstream.chatgpt_base_url
        headers = {"Authorization": f"Bearer {account.access_token}", "chatgpt-account-id": account.account_id}
    else:
        address = upstream.openai_base_url
        headers = {"Authorization": f"Bearer {upstream.api_keys[0].key}"}
    headers["Content-Type"] = "application/json"
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{address}/responses", data=request.encoded(), headers=headers) as answer,
    ):
        try:
            body = await answer.read()
        except aiohttp.ClientPayloadError:
            body = b""
        return answer.status, body, {name.lower(): value for name, value in answer.headers.items()}


def read(
    stream: bytes, size: int = 100
) -> tuple[ChatCompletion, list[dict[str, Any]], ResponseAggregate, UsageObserver]:
    """Feed one stream to everything that reads streams."""
    parser, observer, aggregate = SseParser(), UsageObserver(), ResponseAggregate()
    answer = ChatCompletion(id="chatcmpl-1", created=1_700_000_000, model="gpt-5-high", include_usage=True)
    chunks = []
    for at in range(0, len(stream), size):
        observer.feed(stream[at : at + size])
        for event in parser.feed(stream[at : at + size]):
            chunks += chunks_of(answer.feed(event))
            aggregate.feed(event)
    observer.close()
    answer.end()
    aggregate.end()
    return answer, chunks, aggregate, observer


@BOTH
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
async def test_a_turn_of_text(upstream: PracticeUpstream, kind: TokenKind, newline: str) -> None:
    upstream.script(Turn(newline=newline))
    status, stream, _ = await asked(upstream, kind)
    assert status == 200
    answer, chunks, aggregate, observer = read(stream, 7)

    whole = answer.completion()
    told = whole["choices"][0]["message"]
    assert "gpt-5，推理强度 high" in told["content"]
    assert told["reasoning_content"]
    said = "".join(choice["delta"].get("content", "") for chunk in chunks for choice in chunk["choices"])
    assert said == told["content"]
    assert (whole["model"], whole["choices"][0]["finish_reason"]) == ("gpt-5-high", "stop")
    assert chunks[-1]["usage"] == whole["usage"]

    response = aggregate.result
    assert isinstance(response, dict)
    assert response["output"][-1]["content"][0]["text"] == told["content"]
    assert observer.terminal is Terminal.COMPLETED
    assert answer.usage == aggregate.usage == observer.usage is not None
    assert observer.model == "gpt-5"

    SdkCompletion.model_validate(whole, strict=True)
    Response.model_validate_json(orjson.dumps(response | {"usage": None}))
    client = ChatCompletionStreamState()
    for chunk in chunks:
        client.handle_chunk(ChatCompletionChunk.model_validate(chunk, strict=True))
    understood = client.get_final_completion().choices[0]
    assert (understood.message.role, understood.message.content) == ("assistant", told["content"])


@BOTH
@pytest.mark.parametrize(
    "fields",
    [
        {"messages": [{"role": "system", "content": "only"}]},
        {"messages": [*QUESTION, {"role": "assistant", "content": "a"}, {"role": "system", "content": "b"}]},
        {"response_format": {"type": "json_object"}, "messages": [{"role": "system", "content": "JSON!"}, *QUESTION]},
        {"response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}}}},
        {
            "temperature": 1,
            "max_tokens": 5,
            "user": "u",
            "stop": ["x"],
            "seed": 1,
            "top_k": 3,
            "metadata": {"a": "b"},
        },
        {"session_id": "会话" * 41, "verbosity": "low", "service_tier": "fast"},
        FULL | {"stream": False},
        LEGACY | {"model": "gpt-5"},
    ],
)
async def test_upstream_takes_what_we_translate(
    upstream: PracticeUpstream, kind: TokenKind, fields: dict[str, Any]
) -> None:
    status, stream, _ = await asked(upstream, kind, **fields)
    assert (status, stream[:200] if status != 200 else b"") == (200, b"")
    assert read(stream)[0].failure is None


async def test_a_limit_of_output_cuts_the_answer(upstream: PracticeUpstream) -> None:
    messages = [{"role": "user", "content": "words: 500"}]
    _, stream, _ = await asked(upstream, TokenKind.API_KEY, messages=messages, max_tokens=20)
    answer, _, aggregate, observer = read(stream)
    assert answer.finish_reason == "length"
    assert isinstance(aggregate.result, dict)
    assert (aggregate.result["status"], observer.terminal) == ("incomplete", Terminal.INCOMPLETE)


@BOTH
@pytest.mark.parametrize(
    ("turn", "status", "code", "seen"),
    [
        (
            failed("rate_limit_exceeded", "Please try again in 300ms."),
            429,
            "rate_limit_exceeded",
            "rate_limit_exceeded",
        ),
        (failed("server_error", "Oops.", at="response.output_text.delta"), 502, "upstream_error", "server_error"),
        (Turn(end_at="response.output_text.delta"), 502, "upstream_stream_truncated", None),
        (Turn(raw=b""), 502, "upstream_stream_truncated", None),
    ],
)
async def test_a_turn_that_fails(
    upstream: PracticeUpstream, kind: TokenKind, turn: Behaviour, status: int, code: str, seen: str | None
) -> None:
    upstream.script(turn)
    _, stream, _ = await asked(upstream, kind)
    answer, _, aggregate, observer = read(stream)
    assert isinstance(aggregate.result, UpstreamFailure)
    assert answer.failure == aggregate.result
    assert (answer.failure.status, answer.failure.code) == (status, code)
    assert observer.error_code == seen


async def test_a_reached_limit(upstream: PracticeUpstream) -> None:
    upstream.script(usage_limit_reached(resets_in=3600))
    status, body, headers = await asked(upstream, TokenKind.CHATGPT)
    failure = failure_from_http(status, body, headers, now=0.0)
    assert (failure.status, failure.code) == (429, "usage_limit_reached")
    assert failure.plan_type == upstream.accounts[0].plan
    assert failure.wait(0.0) == 3600


@pytest.mark.parametrize(
    ("refusal", "status", "code"),
    [
        (refusals.usage_not_included(), 429, "usage_not_included"),
        (refusals.insufficient_quota(), 429, "insufficient_quota"),
        (refusals.rate_limited(retry_after=7), 429, "rate_limit_exceeded"),
        (refusals.unauthorized(), 503, "no_available_token"),
        (refusals.deactivated_workspace(), 403, "deactivated_workspace"),
        (refusals.cloudflare_challenge(), 502, "upstream_error"),
        (refusals.too_large(), 413, "request_too_large"),
        (refusals.server_error(), 502, "upstream_error"),
        (refusals.slow_down(), 503, "upstream_overloaded"),
        (refusals.overloaded(), 503, "upstream_overloaded"),
        (refusals.detail("Unsupported parameter: x"), 400, None),
    ],
)
async def test_what_upstream_refuses(
    upstream: PracticeUpstream, refusal: refusals.Refusal, status: int, code: str | None
) -> None:
    upstream.script(refusal)
    told, body, headers = await asked(upstream, TokenKind.CHATGPT)
    failure = failure_from_http(told, body, headers, now=0.0)
    assert (failure.status, failure.code) == (status, code)
    assert "<" not in failure.message


async def test_a_model_that_upstream_does_not_know(upstream: PracticeUpstream) -> None:
    for kind in TokenKind:
        status, body, headers = await asked(upstream, kind, model="no-such-model")
        failure = failure_from_http(status, body, headers, now=0.0)
        assert (failure.status, failure.code) == (404, "model_not_found")

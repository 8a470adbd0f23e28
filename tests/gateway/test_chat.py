"""`POST /chat/completions`: translated, streaming and not, and how failures are told."""

import asyncio
from pathlib import Path
from typing import Any

import orjson
import pytest

from app.core.json_text import json_bytes
from app.core.turn import Outcome
from app.practice.refusals import error as openai_error
from app.practice.script import Turn, failed, usage_limit_reached
from tests.gateway.house import API, PLUS, House, house

ASK = {"model": "gpt-5-high", "messages": [{"role": "user", "content": "你是什么模型"}]}


def body(**more: Any) -> bytes:
    return json_bytes({**ASK, **more})


def events(raw: bytes) -> list[Any]:
    """The data of each event; comments are left out."""
    blocks = [block for block in raw.split(b"\n\n") if block.startswith(b"data: ")]
    data = [block.removeprefix(b"data: ") for block in blocks]
    return [item if item == b"[DONE]" else orjson.loads(item) for item in data]


def text_of(chunks: list[Any]) -> str:
    return "".join(choice["delta"].get("content") or "" for chunk in chunks for choice in chunk["choices"])


async def test_one_object(one: House) -> None:
    async with one.post("/chat/completions", data=body()) as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "application/json"
        content = orjson.loads(await answer.read())
    assert content["object"] == "chat.completion"
    assert content["model"] == "gpt-5-high"
    message = content["choices"][0]["message"]
    assert "gpt-5" in message["content"]
    assert "high" in message["content"]
    assert content["usage"]["total_tokens"] > 0
    row = await one.wait_outcome(Outcome.COMPLETED)
    assert (row.model, row.effort, row.stream) == ("gpt-5-high", "high", False)
    assert row.usage is not None
    assert row.edits == ("translated",)
    assert answer.headers["x-request-id"] == row.id


async def test_a_stream(one: House) -> None:
    async with one.post("/chat/completions", data=body(stream=True)) as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "text/event-stream; charset=utf-8"
        assert answer.headers["X-Accel-Buffering"] == "no"
        chunks = events(await answer.read())
    assert chunks.pop() == b"[DONE]"
    assert "gpt-5" in text_of(chunks)
    assert {chunk["object"] for chunk in chunks} == {"chat.completion.chunk"}
    assert chunks[-1]["choices"][0]["finish_reason"] == "stop"
    assert (await one.wait_outcome(Outcome.COMPLETED)).usage is not None


async def test_what_goes_upstream_is_under_our_own_name(one: House) -> None:
    headers = {"User-Agent": "SomeClient/1", "originator": "somebody"}
    for session in ("s1", "s1", "s2"):
        await (await one.post("/chat/completions", data=body(session_id=session), headers=headers)).read()
    turns = one.practice.turns
    first = turns[0]
    assert first.path == "/backend-api/codex/responses"
    assert first.header("originator") == "waystation"
    assert (first.header("User-Agent") or "").startswith("Waystation/")
    assert first.header("chatgpt-account-id") == PLUS.account_id
    assert first.header("Accept-Encoding") == "identity"
    assert orjson.loads(first.body)["stream"] is True
    names = [turn.header("session_id") for turn in turns]
    assert names[0] == names[1] != names[2]
    assert names == [turn.header("thread_id") for turn in turns]
    assert "s1" not in names


async def test_an_api_key_serves_chat_too(tmp_path: Path) -> None:
    async with house(tmp_path, [API]) as running, running.post("/chat/completions", data=body()) as answer:
        assert answer.status == 200
        assert running.practice.turns[-1].path == "/v1/responses"
        assert running.practice.turns[-1].header("chatgpt-account-id") is None


async def test_deltas_come_as_they_are_made(one: House) -> None:
    gate = asyncio.Event()
    one.practice.script(Turn(hold=gate, hold_at="response.output_text.delta"))
    async with one.post("/chat/completions", data=body(stream=True)) as answer:
        seen = b""
        while not text_of([chunk for chunk in events(seen) if chunk != b"[DONE]"]):
            async with asyncio.timeout(10):
                seen += await answer.content.readany()
        assert not gate.is_set()
        gate.set()
        seen += await answer.read()
    assert events(seen)[-1] == b"[DONE]"


async def test_silence_is_filled_with_comments(tmp_path: Path) -> None:
    gate = asyncio.Event()
    async with house(tmp_path, keep_alive_s=0.05) as running:
        running.practice.script(Turn(hold=gate, hold_at="response.created"))
        async with running.post("/chat/completions", data=body(stream=True)) as answer:
            seen = b""
            while seen.count(b": keep-alive\n\n") < 3:
                async with asyncio.timeout(10):
                    seen += await answer.content.readany()
            gate.set()
            seen += await answer.read()
    assert events(seen)[-1] == b"[DONE]"
    assert "gpt-5" in text_of(events(seen)[:-1])


@pytest.mark.parametrize("stream", [False, True])
async def test_a_failure_before_the_first_content_is_an_http_error(one: House, stream: bool) -> None:
    one.practice.script(failed("context_length_exceeded", "Too long."))
    async with one.post("/chat/completions", data=body(stream=stream)) as answer:
        assert answer.status == 400
        error = orjson.loads(await answer.read())["error"]
    assert error["code"] == "context_length_exceeded"
    row = await one.wait_outcome(Outcome.FAILED)
    assert (row.status, row.error) == (400, "context_length_exceeded")


async def test_a_failure_after_content_is_one_error_event_and_done(one: House) -> None:
    one.practice.script(failed("server_error", "Broken.", at="response.output_text.delta"))
    async with one.post("/chat/completions", data=body(stream=True)) as answer:
        assert answer.status == 200
        told = events(await answer.read())
    assert told[-1] == b"[DONE]"
    assert told[-2]["error"]["message"] == "Broken."
    assert sum("error" in item for item in told[:-1]) == 1
    assert not [c for item in told[:-2] for c in item["choices"] if c["finish_reason"]]
    assert (await one.wait_outcome(Outcome.FAILED)).error == "server_error"


@pytest.mark.parametrize("point", ["cut_at", "end_at"])
async def test_a_stream_that_breaks_off_says_so(one: House, point: str) -> None:
    one.practice.script(*[Turn(**{point: "response.output_text.delta"})] * 2)
    async with one.post("/chat/completions", data=body(stream=True)) as answer:
        told = events(await answer.read())
    assert told[-1] == b"[DONE]"
    assert told[-2]["error"]["code"] == "upstream_stream_truncated"
    async with one.post("/chat/completions", data=body()) as answer:
        assert answer.status == 502
    assert (await one.wait_outcome(Outcome.FAILED)).error == "upstream_stream_truncated"


async def test_a_failure_after_comments_is_an_error_event(tmp_path: Path) -> None:
    gate = asyncio.Event()
    turn = Turn(hold=gate, hold_at=0, fail_at="response.created", failure=("server_error", "Broken."))
    async with house(tmp_path, keep_alive_s=0.05) as running:
        running.practice.script(turn)
        async with running.post("/chat/completions", data=body(stream=True)) as answer:
            assert b": keep-alive" in await answer.content.readany()
            gate.set()
            told = events(await answer.read())
    assert [item if item == b"[DONE]" else list(item) for item in told] == [["error"], b"[DONE]"]


async def test_a_client_that_leaves_ends_the_upstream_turn(one: House) -> None:
    one.practice.script(Turn(hang_at="response.output_text.delta"))
    answer = await one.post("/chat/completions", data=body(stream=True))
    await answer.content.readany()
    answer.close()
    record = one.practice.turns[-1]
    await one.practice.wait_finished(record)
    assert record.client_left
    await one.wait_outcome(Outcome.CLIENT_LEFT)


async def test_a_reached_limit_is_429_with_retry_after(one: House) -> None:
    one.practice.script(usage_limit_reached(30))
    async with one.post("/chat/completions", data=body()) as answer:
        assert answer.status == 429
        assert 0 < int(answer.headers["Retry-After"]) <= 31
        error = orjson.loads(await answer.read())["error"]
    assert error["code"] == "usage_limit_reached"
    await one.row()
    assert one.state.pool.rest("t-0000", one.state.clock.now()) is not None


async def test_a_refused_token_is_not_told_as_a_wrong_license(one: House) -> None:
    one.practice.sign_out(PLUS)
    async with one.post("/chat/completions", data=body()) as answer:
        assert answer.status == 503
        assert orjson.loads(await answer.read())["error"]["code"] == "no_available_token"


async def test_an_error_names_its_turn_and_says_when_to_try_again(one: House) -> None:
    for behaviour, status, wait, retries in (
        (failed("server_is_overloaded", "Busy."), 503, "5", None),
        (openai_error("Wait.", status=503, headers=(("Retry-After", "7"),)), 503, "7", None),
        (openai_error("No.", status=400), 400, None, None),
    ):
        one.practice.always(behaviour)
        async with one.post("/chat/completions", data=body()) as answer:
            assert (answer.status, answer.headers.get("Retry-After")) == (status, wait)
            assert answer.headers.get("x-should-retry") == retries
            assert answer.headers["x-request-id"] == (await one.row()).id
    async with one.post("/chat/completions", data=b"{}") as answer:
        assert answer.headers["x-request-id"] == (await one.row()).id
    await one.desk.remove("t-0000")
    async with one.post("/chat/completions", data=body()) as answer:
        # Only the user can help.
        assert (answer.status, answer.headers["x-should-retry"]) == (503, "false")
    async with one.post("/responses", data=b'{"model":"gpt-5"}') as answer:
        assert "x-request-id" not in answer.headers
        assert "Retry-After" not in answer.headers


async def test_a_page_instead_of_the_api_is_explained_and_not_quoted(one: House) -> None:
    page = b"<html><title>Just a moment...</title>cloudflare secret-page-text</html>"
    one.practice.script(Turn(raw=page, content_type="text/html; charset=UTF-8"))
    async with one.post("/chat/completions", data=body(stream=True)) as answer:
        assert answer.status == 502
        text = await answer.text()
    assert "Cloudflare" in text
    assert "secret-page-text" not in text


async def test_upstreams_server_errors_keep_their_shape(one: House) -> None:
    one.practice.script(openai_error("The engine is on fire.", status=500, kind="server_error"))
    async with one.post("/chat/completions", data=body()) as answer:
        assert answer.status == 502
        assert set(orjson.loads(await answer.read())["error"]) == {"message", "type", "param", "code"}


async def test_without_any_token_it_is_503(tmp_path: Path) -> None:
    async with house(tmp_path, []) as running, running.post("/chat/completions", data=body()) as answer:
        assert answer.status == 503
        error = orjson.loads(await answer.read())["error"]
        assert (error["code"], error["type"]) == ("no_available_token", "server_error")


@pytest.mark.parametrize(
    ("more", "param"),
    [
        ({"messages": None}, "messages"),
        ({"model": None}, "model"),
        ({"n": 2}, "n"),
        ({"stream": "yes"}, "stream"),
        ({"messages": [{"role": "\ud800", "content": "hi"}]}, "messages[0].role"),
    ],
)
async def test_what_is_wrong_is_refused_with_its_param(one: House, more: dict[str, Any], param: str) -> None:
    async with one.post("/chat/completions", data=body(**more)) as answer:
        assert answer.status == 400
        assert orjson.loads(await answer.read())["error"]["param"] == param
    assert one.practice.received == []
    assert (await one.row()).outcome is Outcome.REFUSED

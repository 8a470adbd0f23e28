"""Chats that are refused: before a token is leased, whatever their size, in words and shape that clients read."""

import asyncio
import base64
import os
import shutil
import time
from pathlib import Path
from typing import Any

import orjson
import pytest
import zstandard

from app.core.turn import Outcome
from app.practice import refusals
from app.practice.accounts import practice_api_key
from app.practice.script import failed, usage_limit_reached
from tests.gateway.house import API, KEY, PLUS, PRO, House, house
from tests.gateway.test_chat import ASK, body, events, text_of
from tests.gateway.wire import exchange, request_bytes

MIB = 1024 * 1024
PATH = "/codex/v1/chat/completions"


def with_pdf(size: int) -> bytes:
    """A chat whose body has about this many bytes, nearly all of them a PDF's."""
    pdf = b"%PDF-1.7\n" + os.urandom(size * 3 // 4 - 400)
    data = "data:application/pdf;base64," + base64.b64encode(pdf).decode()
    file = {"type": "file", "file": {"file_data": data, "filename": "大.pdf"}}
    return body(messages=[{"role": "user", "content": [{"type": "text", "text": "要点？"}, file]}])


async def error_of(running: House, data: bytes, **options: Any) -> tuple[int, dict[str, Any]]:
    async with running.post("/chat/completions", data=data, **options) as answer:
        assert answer.headers["Content-Type"] == "application/json"
        error = orjson.loads(await answer.read())["error"]
        assert {"message", "type", "param", "code"} <= set(error)
        return answer.status, error


async def test_of_what_a_client_calls_its_model_and_effort_a_line_is_remembered(one: House) -> None:
    for more in ({"model": "m" * 300_000}, {"model": "gpt-5", "reasoning_effort": "e" * 300_000}):
        assert (await error_of(one, body(**more)))[0] == 400
        row = await one.wait_outcome(Outcome.FAILED)
        assert (len(row.model or "") <= 100, len(row.effort or "") <= 100) == (True, True)


@pytest.mark.parametrize(
    "more",
    [
        {"messages": []},
        {"n": 2},
        {"tools": [{"type": "function"}]},
        {"messages": [{"role": "user", "content": [{"type": "input_audio", "input_audio": {}}]}]},
        # Only an account of the OpenAI API has files.
        {"messages": [{"role": "user", "content": [{"type": "file", "file": {"file_id": "file-1"}}]}]},
    ],
)
async def test_what_is_refused_takes_no_token_and_opens_no_session(one: House, more: dict[str, Any]) -> None:
    for stream in (False, True):
        status, error = await error_of(one, body(session_id="s1", stream=stream, **more))
        assert (status, error["type"]) == (400, "invalid_request_error")
    row = await one.wait_outcome(Outcome.REFUSED)
    assert (row.token_id, row.session_id, row.sent_sha256) == (None, None, None)
    assert len(one.state.pool.sessions) == 0
    assert one.practice.received == []


@pytest.mark.parametrize("limit", [0, -1, 1.5, "abc"])
async def test_a_limit_that_an_api_key_would_refuse_takes_none(tmp_path: Path, limit: object) -> None:
    async with house(tmp_path, [API]) as running:
        for stream in (False, True):
            status, error = await error_of(running, body(session_id="s1", stream=stream, max_tokens=limit))
            assert (status, error["type"], error["param"]) == (400, "invalid_request_error", "max_tokens")
        row = await running.wait_outcome(Outcome.REFUSED)
        assert (row.token_id, row.session_id, row.sent_sha256) == (None, None, None)
        assert len(running.state.pool.sessions) == 0


@pytest.mark.parametrize("number", ["NaN", "-Infinity", "1e999"])
async def test_a_number_that_json_cannot_write_is_not_made_null(one: House, number: str) -> None:
    schema = {"type": "object", "properties": {"x": {"default": "number"}}}
    data = body(tools=[{"type": "function", "function": {"name": "f", "parameters": schema}}])
    status, error = await error_of(one, data.replace(b'"number"', number.encode()))
    assert (status, error["type"], error["param"], error["code"]) == (400, "invalid_request_error", None, None)
    assert error["message"].startswith("We could not parse the JSON body of your request.")
    assert one.practice.received == []


async def test_a_file_of_an_api_key_is_no_fault_where_there_is_one(tmp_path: Path) -> None:
    async with house(tmp_path, [API]) as running:
        file = {"type": "file", "file": {"file_id": running.practice.add_file(API)}}
        async with running.post(
            "/chat/completions", data=body(messages=[{"role": "user", "content": [file]}])
        ) as answer:
            assert answer.status == 200


def with_file(file_id: str, **more: Any) -> bytes:
    file = {"type": "file", "file": {"file_id": file_id}}
    return body(messages=[{"role": "user", "content": [file]}], **more)


async def test_a_file_of_an_api_key_goes_to_an_api_key_of_many_tokens(tmp_path: Path) -> None:
    other = practice_api_key("other")
    async with house(tmp_path, [PLUS, PRO, API, other]) as running:
        file_id = running.practice.add_file(API)
        async with running.post("/chat/completions", data=body(session_id="s")) as answer:
            assert answer.status == 200
        for _ in range(2):
            async with running.post("/chat/completions", data=with_file(file_id, session_id="s")) as answer:
                assert answer.status == 200
        assert running.asked() == [0, 2, 2]
        assert running.session("s").home_token_id == "t-0000"
        running.practice.script(refusals.insufficient_quota())
        status, error = await error_of(running, with_file(file_id, session_id="s"))
        # Failing over has found another key, and no login.
        assert running.asked() == [0, 2, 2, 2, 3]
        assert (status, error["param"]) == (404, "messages[0].content[0].file.file_id")


async def test_a_file_of_an_api_key_that_cannot_serve_now_is_no_fault_of_the_request(tmp_path: Path) -> None:
    async with house(tmp_path, [PLUS, API], changes={1: {"enabled": False}}) as running:
        for stream in (False, True):
            status, error = await error_of(running, with_file("file-1", stream=stream))
            assert (status, error["code"]) == (503, "no_available_token")
            assert "1 of a kind that cannot serve this request, 1 disabled" in error["message"]
        assert running.practice.received == []


async def test_a_real_console_of_windows_is_told_what_to_do(one: House) -> None:
    data = '{"model":"gpt-5-high","messages":[{"role":"user","content":"你是什么模型"}]}'.encode("gbk")
    status, error = await error_of(one, data)
    assert status == 400
    assert "not UTF-8" in error["message"]
    assert "chcp 65001" in error["message"]


@pytest.mark.parametrize(
    "kind", [None, "text/plain", "application/x-www-form-urlencoded", "application/json;charset=gbk"]
)
async def test_the_content_type_does_not_matter(one: House, kind: str | None) -> None:
    headers = () if kind is None else (("Content-Type", kind),)
    answer = await exchange(one.port, request_bytes(one.port, body(), path=PATH, headers=headers))
    assert answer.status == 200


async def test_a_chat_of_63_mib_goes_through_and_the_gateway_goes_on_meanwhile(one: House) -> None:
    data = with_pdf(63 * MIB)
    assert 62 * MIB < len(data) < 64 * MIB
    longest, last = 0.0, time.perf_counter()
    watching = True

    async def watch() -> None:
        nonlocal longest, last
        while watching:
            await asyncio.sleep(0.002)
            now = time.perf_counter()
            longest, last = max(longest, now - last), now

    watcher = one.start(watch())
    async with one.post("/chat/completions", data=data) as answer:
        content = orjson.loads(await answer.read())
        assert answer.status == 200, content
    watching = False
    await watcher
    assert "大.pdf" in content["choices"][0]["message"]["content"]
    print(f"longest stall of one loop with client, gateway and upstream: {longest * 1000:.0f} ms")
    assert longest < 3.0


async def test_more_than_64_mib_is_413(one: House) -> None:
    too_much = (("Content-Length", str(64 * MIB + 1)),)
    answer = await exchange(
        one.port, request_bytes(one.port, path=PATH, headers=too_much, method="PUT").replace(b"PUT", b"POST")
    )
    assert answer.status == 413
    assert orjson.loads(answer.body)["error"]["code"] == "request_too_large"
    bomb = zstandard.compress(bytes(64 * MIB + 1))
    status, error = await error_of(one, bomb, headers={"Content-Encoding": "zstd"})
    assert (status, error["code"]) == (413, "request_too_large")
    assert one.practice.received == []


async def test_an_organization_that_may_see_no_reasoning_is_asked_again_without_it(tmp_path: Path) -> None:
    other = practice_api_key("other")
    async with house(tmp_path, [API, other]) as running:
        running.practice.unverify(API)
        for session in ("s0", "s1", "s0", "s1"):
            async with running.post("/chat/completions", data=body(session_id=session)) as answer:
                assert answer.status == 200
        sent = [
            (running.number(turn), "summary" in orjson.loads(turn.body)["reasoning"]) for turn in running.practice.turns
        ]
        # Once for that key; the other one goes on with it.
        assert sent == [(0, True), (0, False), (1, True), (0, False), (1, True)]
        row = await running.wait_outcome(Outcome.COMPLETED)
        assert row.attempts == ()
        assert running.rests(0) is None


async def test_a_summary_that_the_client_chose_and_the_model_refuses_is_left_out_once(tmp_path: Path) -> None:
    refused = refusals.error("Unsupported value.", param="reasoning.summary", code="unsupported_value")
    async with house(tmp_path, [API]) as running:
        running.practice.script(refused)
        for _ in range(2):
            data = body(reasoning={"summary": "concise"}, session_id="s")
            async with running.post("/chat/completions", data=data) as answer:
                assert answer.status == 200
        said = [orjson.loads(turn.body)["reasoning"].get("summary") for turn in running.practice.turns]
        assert said == ["concise", None, "concise"]


@pytest.mark.parametrize(
    "refused",
    [
        refusals.error("Unsupported value.", param="reasoning.effort", code="unsupported_value"),
        refusals.error("No.", status=422, param="reasoning.summary"),
        refusals.detail("Unsupported parameter: reasoning.summary"),
    ],
)
async def test_nothing_else_that_is_refused_is_asked_again(tmp_path: Path, refused: refusals.Refusal) -> None:
    async with house(tmp_path, [API, PLUS]) as running:
        running.practice.script(refused)
        status, _ = await error_of(running, body())
        assert status in (400, 422)
        assert len(running.practice.turns) == 1


async def test_a_login_is_not_asked_again_without_a_summary(one: House) -> None:
    one.practice.script(refusals.error("Unsupported value.", param="reasoning.summary", code="unsupported_value"))
    status, error = await error_of(one, body())
    assert (status, error["param"]) == (400, "reasoning.summary")
    assert len(one.practice.turns) == 1


BAD_NAME = {"type": "function", "function": {"name": "no spaces"}}
NAMED_BADLY = {"role": "assistant", "tool_calls": [{"id": "a", "type": "function", "function": BAD_NAME["function"]}]}


@pytest.mark.parametrize("who", [PLUS, API])
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("more", "place"),
    [
        ({"tools": [BAD_NAME]}, "tools[0].function.name"),
        ({"functions": [BAD_NAME["function"]]}, "functions[0].name"),
        ({"model": "gpt-5", "reasoning_effort": "wild"}, "reasoning_effort"),
        ({"verbosity": "wild"}, "verbosity"),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"name": "n", "strict": True, "schema": {}}}},
            "response_format.json_schema.schema",
        ),
    ],
)
async def test_upstreams_refusal_names_the_clients_own_field(
    tmp_path: Path, who: Any, stream: bool, more: dict[str, Any], place: str
) -> None:
    async with house(tmp_path, [who]) as running:
        status, error = await error_of(running, body(stream=stream, **more))
        assert (status, error["type"], error["param"]) == (400, "invalid_request_error", place)
        for theirs in ("tools[0].name", "reasoning.effort", "text."):
            assert theirs not in error["message"]
        assert len(running.practice.turns) == 1


@pytest.mark.parametrize("who", [PLUS, API])
async def test_upstreams_refusal_names_the_clients_own_message(tmp_path: Path, who: Any) -> None:
    path = "input[1].content[1].image_url"
    url = "https://example.com/a.png"
    parts = [{"type": "text", "text": "what is it?"}, {"type": "image_url", "image_url": {"url": url}}]
    messages = [
        {"role": "system", "content": "be brief"},
        {"role": "user", "content": "hi"},
        {"role": "user", "content": parts},
    ]
    async with house(tmp_path, [who]) as running:
        refused = refusals.error(f"Invalid '{path}'. Expected a valid URL.", param=path, code="invalid_value")
        running.practice.script(
            refused,
            failed("invalid_prompt", f"Invalid '{path}'."),
            failed("invalid_prompt", f"Invalid '{path}'.", at="response.output_text.delta"),
        )
        place = "messages[2].content[1].image_url.url"
        status, error = await error_of(running, body(messages=messages))
        assert (status, error["param"], error["code"]) == (400, place, "invalid_value")
        assert error["message"] == f"Invalid '{place}'. Expected a valid URL."
        status, error = await error_of(running, body(messages=messages, stream=True))
        assert (status, error["message"]) == (400, f"Invalid '{place}'.")
        async with running.post("/chat/completions", data=body(messages=messages, stream=True)) as answer:
            said = events(await answer.read())
        assert said[-2]["error"]["message"] == f"Invalid '{place}'."


@pytest.mark.parametrize("given", ["max_tokens", "max_completion_tokens"])
async def test_a_limit_of_output_is_called_as_the_client_calls_it(tmp_path: Path, given: str) -> None:
    async with house(tmp_path, [API]) as running:
        running.practice.script(refusals.unsupported_parameter("max_output_tokens"))
        status, error = await error_of(running, body(**{given: 100}))
        assert (status, error["param"]) == (400, given)
        assert error["message"].startswith(f"Unsupported parameter: '{given}' ")


async def test_a_refusal_without_a_place_is_told_as_it_is(one: House) -> None:
    one.practice.script(refusals.detail("Unsupported parameter: input[0].name"))
    status, error = await error_of(one, body())
    assert (status, error["param"], error["message"]) == (400, None, "Unsupported parameter: input[0].name")


async def test_a_withdrawn_model_is_explained_and_comes_back(tmp_path: Path) -> None:
    async with house(tmp_path, [PLUS, PRO]) as running:
        async with running.get("/models") as answer:
            await answer.read()
        running.practice.withdraw_model("gpt-5")
        await running.models.look(at_once=True)
        for stream in (False, True):
            status, error = await error_of(running, body(stream=stream))
            assert (status, error["code"], error["param"]) == (404, "model_not_found", "model")
            assert error["message"].startswith("Upstream no longer serves `gpt-5`.")
            assert "waystation model set gpt-5 " in error["message"]
        assert running.state.models.withdrawn == {"gpt-5"}
        row = await running.wait_outcome(Outcome.FAILED)
        assert (row.status, row.error) == (404, "model_not_found")
        running.practice.withdraw_model("gpt-5", withdrawn=False)
        running.state.try_again()
        async with running.post("/chat/completions", data=body()) as answer:
            assert answer.status == 200
        assert running.state.models.withdrawn == frozenset()


async def test_a_model_that_nobody_ever_had_is_only_not_found(one: House) -> None:
    status, error = await error_of(one, body(model="no-such-model"))
    assert (status, error["code"]) == (404, "model_not_found")
    assert "no longer" not in error["message"]


@pytest.mark.parametrize(("seconds", "retries"), [(7.4, None), (50, None), (70, "false"), (86_400, "false")])
async def test_a_limit_says_when_it_ends_and_whether_to_wait(one: House, seconds: float, retries: str | None) -> None:
    one.practice.exhaust(PLUS, resets_in=seconds)
    # Upstream rounds to a second, the token rests for one more, and the answer names the next whole one.
    longest = 3
    for stream in (True, False):
        async with one.post("/chat/completions", data=body(stream=stream)) as answer:
            assert answer.status == 429
            wait = answer.headers["Retry-After"]
            assert wait.isdigit()
            assert seconds - 5 < int(wait) < seconds + longest
            assert answer.headers.get("x-should-retry") == retries
            error = orjson.loads(await answer.read())["error"]
        assert (error["type"], error["code"]) == ("rate_limit_error", "usage_limit_reached")
        assert error["plan_type"] == "plus"
        assert seconds - 5 < error["resets_at"] - time.time() < seconds + longest
        assert error["resets_in_seconds"] == int(wait)


async def test_upstreams_own_limit_before_anything_is_said_fails_over(tmp_path: Path) -> None:
    async with house(tmp_path, [PLUS, PRO]) as running:
        running.practice.script(usage_limit_reached(3600))
        async with running.post("/chat/completions", data=body(stream=True)) as answer:
            assert answer.status == 200
            said = events(await answer.read())
        assert said[-1] == b"[DONE]"
        assert text_of(said[:-1])
        assert running.asked() == [0, 1]


async def test_the_real_curl_from_a_console_with_another_code_page(one: House, tmp_path: Path) -> None:
    curl = shutil.which("curl")
    if not curl:
        pytest.skip("curl is not here")
    file = tmp_path / "body.json"
    file.write_bytes(orjson.dumps(ASK).decode().encode("gbk"))
    process = await asyncio.create_subprocess_exec(
        *(curl, "-s", "--noproxy", "*", "-H", f"Authorization: {KEY}", "--data-binary", f"@{file}"),
        f"{one.base}/chat/completions",
        stdout=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(20):
        output, _ = await process.communicate()
    assert "chcp 65001" in orjson.loads(output)["error"]["message"]

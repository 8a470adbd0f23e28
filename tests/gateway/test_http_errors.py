"""What the HTTP server itself refuses: in OpenAI's shape too, at once, and without a word in the log."""

import asyncio

import orjson
import pytest

from app.core.turn import Outcome
from tests.gateway.house import KEY, House
from tests.gateway.test_chat import body
from tests.gateway.wire import exchange, read_answer

CHAT = b"POST /codex/v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer " + KEY.encode() + b"\r\n"
CHUNKED = CHAT + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"hello there\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: 127.0.0.1\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        # The beginning of a TLS connection: https:// where http:// is meant.
        bytes.fromhex("16030100a5010000a10303"),
        b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n",
        CHAT + b"X-Large: " + b"a" * 70_000 + b"\r\n\r\n",
        CHAT + b"".join(b"X-%d: 1\r\n" % number for number in range(300)) + b"\r\n",
        CHAT + b"No Colon\r\n\r\n",
        CHAT + b"Content-Length: five\r\n\r\n",
        CHAT + b"Content-Length: -5\r\n\r\n",
        CHAT + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        CHAT + b"Transfer-Encoding: weird\r\n\r\n",
        CHUNKED + b"5\r\nhello\r\nZZZ\r\n",
    ],
)
async def test_what_is_no_http_is_400(one: House, request_bytes: bytes) -> None:
    answer = await exchange(one.port, request_bytes)
    assert answer.status == 400
    assert answer.header("Content-Type") == "application/json"
    error = orjson.loads(answer.body)["error"]
    assert error == {
        "message": "Your request is not valid HTTP, or its headers are too large.",
        "type": "invalid_request_error",
        "param": None,
        "code": "bad_request",
    }


@pytest.mark.parametrize("broken", [b"ZZZ\r\n", b"5\r\nhelloXX\r\n", b"F" * 30 + b"\r\n"])
@pytest.mark.parametrize("path", [b"chat/completions", b"responses"])
async def test_a_body_that_goes_wrong_halfway_is_400_at_once(one: House, path: bytes, broken: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", one.port)
    writer.write(CHUNKED.replace(b"chat/completions", path) + b"5\r\nhello\r\n")
    await one.until(lambda: one.state.active)
    writer.write(broken)
    async with asyncio.timeout(5):
        answer = await read_answer(reader)
        assert await reader.read() == b""
    writer.close()
    assert answer.status == 400
    assert orjson.loads(answer.body)["error"]["code"] == "bad_request"
    assert (await one.row()).outcome is Outcome.REFUSED


async def test_chunks_that_are_right_are_a_body_and_another_request_may_follow(one: House) -> None:
    data = body()
    half = len(data) // 2
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in (data[:half], data[half:], b""))
    reader, writer = await asyncio.open_connection("127.0.0.1", one.port)
    # Both at once: the second is parsed while the first is being answered.
    writer.write((CHUNKED + chunks) * 2)
    async with asyncio.timeout(20):
        for _ in range(2):
            assert (await read_answer(reader)).status == 200
    writer.close()


async def test_garbage_behind_a_request_leaves_its_answer_alone(one: House) -> None:
    data = body()
    reader, writer = await asyncio.open_connection("127.0.0.1", one.port)
    writer.write(CHAT + b"Content-Length: %d\r\n\r\n%b" % (len(data), data))
    await one.until(lambda: one.practice.turns)
    writer.write(b"garbage\r\n\r\n")
    async with asyncio.timeout(20):
        assert (await read_answer(reader)).status == 200
    writer.close()


@pytest.mark.parametrize(
    ("line", "status", "code"),
    [
        (b"GET /", 404, "unknown_url"),
        (b"POST /codex/v1/completions", 404, "unknown_url"),
        (b"CONNECT example.org:443", 404, "unknown_url"),
        (b"OPTIONS *", 404, "unknown_url"),
        (b"GET /codex/v1/chat/completions", 405, "method_not_allowed"),
        (b"DELETE /codex/v1/models", 405, "method_not_allowed"),
        (b"GET /codex/v1/models/%ff%zz", 404, "model_not_found"),
    ],
)
async def test_what_is_not_served_is_told_in_openais_shape(one: House, line: bytes, status: int, code: str) -> None:
    request = CHAT.replace(b"POST /codex/v1/chat/completions", line) + b"\r\n"
    answer = await exchange(one.port, request)
    assert (answer.status, answer.header("Content-Type")) == (status, "application/json")
    error = orjson.loads(answer.body)["error"]
    assert (error["code"], error["type"]) == (code, "invalid_request_error")
    assert (answer.header("Allow") is not None) == (status == 405)


async def test_a_fault_of_our_own_is_500_and_tells_nothing(one: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("secret prompt")

    monkeypatch.setattr("app.gateway.chat._refuse_for_every_token", broken)
    monkeypatch.setattr("app.gateway.server._log_failure", lambda *_: None)
    async with one.post("/chat/completions", data=body()) as answer:
        assert answer.status == 500
        text = await answer.text()
    error = orjson.loads(text)["error"]
    assert (error["type"], error["code"]) == ("server_error", "internal_error")
    assert "secret" not in text
    assert (await one.row()).error == "internal_error"

"""The held-back beginning of an answer: until upstream says something, another token may still serve."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest

from app.core.sealed import digest
from app.core.settings import GatewaySettings
from app.core.turn import Outcome
from app.gateway import opening
from app.gateway.turn_runner import TURN_STATE
from app.practice import refusals
from app.practice.accounts import practice_api_key
from app.practice.script import Turn, failed, usage_limit_reached
from tests.gateway.house import API, PLUS, PRO, House, house
from tests.gateway.test_responses import CODEX_BODY, codex_body
from tests.gateway.wire import RawAnswer, read_answer, request_bytes

OVERLOADED = ("server_is_overloaded", "Our servers are currently overloaded.")


def chat(**more: Any) -> bytes:
    return orjson.dumps({"model": "gpt-5", "messages": [{"role": "user", "content": "pong"}], **more})


@pytest.fixture
async def two(tmp_path: Path) -> AsyncIterator[House]:
    """Two tokens; the first turn goes to the first."""
    async with house(tmp_path, [PLUS, PRO], keep_alive_s=0.2) as running:
        yield running


class Client:
    """One that notes when each byte came."""

    def __init__(self, running: House, body: bytes = CODEX_BODY, path: str = "/responses") -> None:
        self._request = request_bytes(running.port, body, path=f"/codex/v1{path}")
        self._port = running.port
        self.first_s: float | None = None
        self.data = b""

    async def read(self) -> RawAnswer:
        begun = time.monotonic()
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        writer.write(self._request)
        copy = asyncio.StreamReader()
        answer = asyncio.get_running_loop().create_task(read_answer(copy))
        try:
            async with asyncio.timeout(30):
                while not answer.done() and (data := await reader.read(65536)):
                    self.first_s = self.first_s or time.monotonic() - begun
                    self.data += data
                    copy.feed_data(data)
                    await asyncio.sleep(0)
                copy.feed_eof()
                return await answer
        finally:
            answer.cancel()
            writer.close()


async def test_nothing_reaches_the_client_before_upstream_says_something(two: House) -> None:
    gate = asyncio.Event()
    two.practice.script(Turn(hold=gate, hold_at="response.in_progress"))
    client = Client(two)
    answer = two.start(client.read())
    await two.until(lambda: two.practice.turns and two.practice.turns[0].sent)
    await asyncio.sleep(0.3)
    assert client.data == b""
    gate.set()
    assert (await answer).body == two.practice.turns[0].sent
    assert (await two.row()).verbatim


async def test_after_two_seconds_of_silence_the_client_gets_what_there_is(two: House) -> None:
    gate = asyncio.Event()
    two.practice.script(Turn(hold=gate, hold_at="response.created"))
    client = Client(two)
    answer = two.start(client.read())
    await two.until(lambda: client.first_s)
    assert client.first_s is not None
    assert 1.9 < client.first_s < 3.0
    await two.until(lambda: client.data.endswith(two.practice.turns[0].sent[-20:] + b"\r\n"))
    gate.set()
    received = await answer
    assert received.complete
    assert received.body == two.practice.turns[0].sent
    assert two.asked() == [0]


async def test_without_a_hold_the_client_gets_what_there_is_at_once(two: House) -> None:
    two.state.settings = GatewaySettings(hold_s=0)
    gate = asyncio.Event()
    two.practice.script(Turn(hold=gate, hold_at="response.created"))
    client = Client(two)
    answer = two.start(client.read())
    await two.until(lambda: client.first_s)
    assert client.first_s is not None
    assert client.first_s < 1.0
    gate.set()
    assert (await answer).body == two.practice.turns[0].sent


async def test_a_turn_state_counts_also_where_its_answer_was_passed_on_before_it_had_begun(two: House) -> None:
    two.state.settings = GatewaySettings(hold_s=0)
    gate = asyncio.Event()
    two.practice.script(Turn(headers=((TURN_STATE, "of the first"),), hold=gate, hold_at="response.created"))
    client = Client(two)
    answer = two.start(client.read())
    await two.until(lambda: client.first_s)
    assert two.state.pool.turn_state_owner(digest("of the first")) is None
    gate.set()
    await answer
    assert two.state.pool.turn_state_owner(digest("of the first")) == "t-0000"


async def test_without_a_hold_a_refusal_is_still_served_by_another_token(two: House) -> None:
    two.state.settings = GatewaySettings(hold_s=0)
    two.practice.script(usage_limit_reached(3600.0))
    async with two.post("/responses", data=CODEX_BODY) as answer:
        assert answer.status == 200
        await answer.read()
    assert two.asked() == [0, 1]


async def test_a_failure_after_the_hold_is_the_answer_and_nothing_is_sent_again(two: House) -> None:
    two.state.settings = GatewaySettings(hold_s=0.1)
    gate = asyncio.Event()
    two.practice.script(replace(failed(*OVERLOADED), hold=gate, hold_at="response.created"))
    client = Client(two)
    answer = two.start(client.read())
    await two.until(lambda: client.data)
    gate.set()
    assert (await answer).body == two.practice.turns[0].sent
    assert two.asked() == [0]
    row = await two.wait_outcome(Outcome.FAILED)
    assert row.error == "server_is_overloaded"
    assert row.attempts == ()


@pytest.mark.parametrize("ending", ["failed", "error", "nested_error"])
@pytest.mark.parametrize("at", [0, "response.created", "response.in_progress"])
@pytest.mark.parametrize("stream", [True, False])
async def test_a_failure_before_anything_was_said_is_served_by_another_token(
    two: House, ending: Any, at: Any, stream: bool
) -> None:
    two.practice.script(failed(*OVERLOADED, at=at, ending=ending))
    async with two.post("/responses", data=codex_body(stream=stream)) as answer:
        assert answer.status == 200
        received = await answer.read()
    assert two.asked() == [0, 1]
    if stream:
        assert received == two.practice.turns[1].sent
    else:
        assert orjson.loads(received)["status"] == "completed"
    row = await two.wait_outcome(Outcome.COMPLETED)
    assert [(one.token_id, one.error) for one in row.attempts] == [("t-0000", "server_is_overloaded")]
    assert (row.token_id, row.error, row.status) == ("t-0001", None, 200)


@pytest.mark.parametrize("turn", [Turn(cut_at=0), Turn(cut_at="response.created"), Turn(end_at="response.created")])
async def test_an_answer_that_breaks_off_before_it_said_anything_is_served_by_another_token(
    two: House, turn: Turn
) -> None:
    two.practice.script(turn)
    async with two.post("/responses", data=CODEX_BODY) as answer:
        assert await answer.read() == two.practice.turns[1].sent
    assert two.asked() == [0, 1]
    assert [one.error for one in (await two.row()).attempts] == ["upstream_stream_truncated"]


@pytest.mark.parametrize(
    "at", ["response.output_item.added", "response.output_text.delta", "response.output_text.done"]
)
async def test_a_failure_after_something_was_said_is_passed_on_and_never_repeated(two: House, at: str) -> None:
    two.practice.script(failed(*OVERLOADED, at=at))
    async with two.post("/responses", data=CODEX_BODY) as answer:
        assert await answer.read() == two.practice.turns[0].sent
    assert two.asked() == [0]
    row = await two.wait_outcome(Outcome.FAILED)
    assert (row.error, row.attempts) == ("server_is_overloaded", ())


async def test_a_line_that_breaks_after_something_was_said_breaks_for_the_client(two: House) -> None:
    two.practice.script(Turn(cut_at="response.output_text.delta"))
    received = await Client(two).read()
    assert not received.complete
    assert received.body == two.practice.turns[0].sent
    assert two.asked() == [0]
    assert (await two.row()).error == "upstream_stream_truncated"


@pytest.mark.parametrize("piece", [1, 7, 100])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
async def test_the_bytes_are_the_same_however_they_are_torn_apart(two: House, piece: int, newline: str) -> None:
    two.practice.script(failed(*OVERLOADED), Turn(piece=piece, newline=newline))
    received = await Client(two).read()
    assert received.complete
    assert received.body == two.practice.turns[-1].sent
    assert two.asked() == [0, 1]


@pytest.mark.parametrize("behaviour", [Turn(raw=b""), Turn(raw=b": nothing\n\n")])
async def test_an_answer_without_events_is_no_answer(two: House, behaviour: Turn) -> None:
    two.practice.script(behaviour)
    async with two.post("/responses", data=CODEX_BODY) as answer:
        assert await answer.read() == two.practice.turns[1].sent
    assert two.asked() == [0, 1]


async def test_an_error_as_json_within_a_success_is_served_by_another_token(two: House) -> None:
    raw = orjson.dumps({"error": {"type": "usage_limit_reached", "resets_in_seconds": 3600}})
    two.practice.script(Turn(raw=raw, content_type="application/json"))
    async with two.post("/responses", data=CODEX_BODY) as answer:
        assert await answer.read() == two.practice.turns[1].sent
    assert two.rests(0) is not None


async def test_an_answer_that_is_never_read_to_its_end_is_let_go(two: House) -> None:
    two.practice.script(replace(failed(*OVERLOADED, at="response.created"), hang_at="response.failed"))
    two.practice.script(Turn(hang_at="response.output_text.delta"))
    client = two.start(Client(two).read())
    await two.until(lambda: len(two.practice.turns) == 2 and two.practice.turns[1].sent)
    client.cancel()
    for record in two.practice.turns:
        await two.practice.wait_finished(record, 5)
    assert (await two.row()).outcome is Outcome.CLIENT_LEFT


# --- chat/completions ------------------------------------------------------------------------------------------------


async def test_a_chat_gets_comments_while_upstream_says_nothing_and_still_another_token(two: House) -> None:
    gate = asyncio.Event()
    two.practice.script(replace(failed(*OVERLOADED), hold=gate, hold_at="response.created"))
    client = Client(two, chat(stream=True), "/chat/completions")
    answer = two.start(client.read())
    await two.until(lambda: client.data.count(b": keep-alive") >= 2 or client.data.count(b"\n:") >= 2)
    gate.set()
    received = await answer
    assert received.status == 200
    assert b"pong" in received.body
    assert received.body.endswith(b"data: [DONE]\n\n")
    assert b"error" not in received.body
    assert two.asked() == [0, 1]
    assert (await two.row()).error is None


async def test_a_chat_gets_comments_also_while_upstream_says_what_has_no_place_in_it(two: House) -> None:
    two.practice.script(Turn(delay=0.06, raw=None))
    client = Client(two, chat(stream=True), "/chat/completions")
    received = await client.read()
    assert received.status == 200
    # Two preambles and the first words of an answer come within the silence; some comment falls between them.
    assert received.body.index(b":") < received.body.index(b"data:")


async def test_a_chat_that_found_nobody_is_told_within_its_stream(two: House) -> None:
    gate = asyncio.Event()
    for account in (PLUS, PRO):
        two.practice.exhaust(account, resets_in=3600)
    limit = failed("usage_limit_reached", "The usage limit has been reached", resets_in_seconds=3600)
    two.practice.quota(PLUS).primary.used_percent = 0.0
    two.practice.script(replace(limit, hold=gate, hold_at="response.created"))
    client = Client(two, chat(stream=True), "/chat/completions")
    answer = two.start(client.read())
    await two.until(lambda: client.data)
    gate.set()
    received = await answer
    assert received.status == 200
    assert received.complete
    *_, error, done, end = received.body.split(b"\n\n")
    assert (done, end) == (b"data: [DONE]", b"")
    told = orjson.loads(error.removeprefix(b"data: "))["error"]
    assert told["code"] == "usage_limit_reached"
    assert told["resets_in_seconds"] > 3500
    assert two.asked() == [0, 1]
    assert (await two.row()).outcome is Outcome.REFUSED


@pytest.mark.parametrize("stream", [True, False])
async def test_a_chat_fails_over_before_the_first_word_and_not_after_it(two: House, stream: bool) -> None:
    two.practice.script(failed(*OVERLOADED))
    async with two.post("/chat/completions", data=chat(stream=stream)) as answer:
        assert answer.status == 200
        assert b"pong" in await answer.read()
    assert two.asked() == [0, 1]
    await two.row()
    two.practice.script(failed(*OVERLOADED, at="response.output_text.delta"))
    async with two.post("/chat/completions", data=chat(stream=stream)) as answer:
        text = await answer.read()
        assert answer.status == (200 if stream else 503)
    assert b"upstream_overloaded" in text
    assert len(two.asked()) == 3
    assert (await two.row()).attempts == ()


async def test_an_endless_beginning_is_passed_on(two: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "MAX_HEAD", 2000)
    gate = asyncio.Event()
    said = b'data: {"type":"response.created","response":{"instructions":"%b"}}\n\n' % (b"x" * 3000)
    two.practice.script(Turn(raw=said, hold=gate, hold_at=1))
    client = Client(two)
    two.start(client.read())
    await two.until(lambda: said in client.data)
    assert client.first_s is not None
    assert client.first_s < 1.5
    gate.set()
    await two.row()
    assert two.asked() == [0]


# --- errors ----------------------------------------------------------------------------------------------------------


async def test_a_refusal_that_nobody_can_help_passes_byte_for_byte(two: House) -> None:
    body = b'{ "error" : {"message":"Invalid value for x", "type": "invalid_request_error","code" :"invalid_value"} }\n'
    two.practice.script(refusals.refusal(400, body, (("Content-Type", "application/json"), ("x-odd", "1"))))
    async with two.post("/responses", data=CODEX_BODY) as answer:
        assert (answer.status, await answer.read(), answer.headers["x-odd"]) == (400, body, "1")
    assert two.asked() == [0]
    row = await two.wait_outcome(Outcome.FAILED)
    assert (row.error, row.attempts) == ("invalid_value", ())


async def test_a_large_refusal_passes_whole(two: House) -> None:
    message = "Invalid value: " + "x" * (3 * opening.ERROR_HEAD)
    two.practice.script(refusals.error(message, code="invalid_value"))
    async with two.post("/responses", data=CODEX_BODY) as answer:
        assert answer.status == 400
        assert orjson.loads(await answer.read())["error"]["message"] == message
    assert two.asked() == [0]


async def test_a_refusal_whose_body_does_not_come_is_judged_by_its_status(
    two: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "_ERROR_S", 0.2)

    async def stalls(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 503 Busy\r\nContent-Length: 100\r\n\r\n{")
        await writer.drain()
        await reader.read()
        writer.close()

    server = await asyncio.start_server(stalls, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        endpoints = replace(two.upstream.endpoints, chatgpt_base_url=f"http://127.0.0.1:{port}")
        two.upstream.endpoints = endpoints
        async with two.post("/responses", data=CODEX_BODY) as answer:
            assert answer.status == 503
            with pytest.raises(aiohttp.ClientError):
                await answer.read()
    await two.row()


async def test_an_api_keys_whole_answer_comes_as_it_is(tmp_path: Path) -> None:
    async with house(tmp_path, [API, practice_api_key("second")]) as running:
        running.practice.script(failed(*OVERLOADED))
        async with running.post("/responses", data=codex_body(stream=False)) as answer:
            assert answer.status == 200
            assert await answer.read() == running.practice.turns[1].sent
        assert running.asked() == [0, 1]

"""A turn over a WebSocket: what passes, and what is remembered of it."""

import asyncio
import contextlib
import hashlib
from pathlib import Path

import aiohttp
import orjson
import pytest
from aiohttp import WSMsgType

from app.core.settings import GatewaySettings
from app.core.turn import Outcome
from app.practice import refusals
from app.practice.script import Turn
from tests.gateway.house import API, KEY, PLUS, PRO, House, house
from tests.gateway.sockets import THREAD, create, frame_of, refused, talk
from tests.gateway.wire import exchange, request_bytes
from tests.practice.sockets import BETA


async def test_a_turn_passes_byte_for_byte_both_ways(one: House) -> None:
    body = create()
    heard = bytearray()
    async with talk(one, decode_text=False) as socket:
        await socket.say(body)
        while b'"response.completed"' not in heard[-20_000:]:
            message = await socket.ws.receive(timeout=10)
            assert message.type is WSMsgType.TEXT
            heard += message.data + b"\n"
    (record,) = one.practice.turns
    assert record.body == frame_of(body)
    assert bytes(heard) == record.sent
    row = await one.wait_outcome(Outcome.COMPLETED)
    assert row.endpoint == "responses/websocket"
    assert row.verbatim
    assert row.request_sha256 == hashlib.sha256(record.body).hexdigest()
    assert (row.status, row.error, row.model) == (200, None, "gpt-5-codex")
    assert row.usage is not None
    assert row.usage.output_tokens > 0
    assert row.response_bytes == len(record.sent) - record.sent.count(b"\n")
    assert row.first_byte_ms is not None


async def test_the_handshake_carries_headers_both_ways(one: House) -> None:
    own = (("x-codex-turn-state", "opaque"), ("openai-model", "gpt-5-codex"), ("Set-Cookie", "a=b"))
    one.practice.script(Turn(headers=own), on="socket")
    more = {"x-unknown-To-us": "kept", "Cookie": "a=b", "X-Forwarded-For": "10.0.0.1", "chatgpt-account-id": "other"}
    async with talk(one, headers=more, compress=15) as socket:
        answer = socket.ws._response.headers
        assert socket.ws.compress == 0
    assert answer["openai-model"] == "gpt-5-codex"
    assert answer["x-codex-turn-state"] == "opaque"
    assert "Set-Cookie" not in answer
    (handshake,) = one.practice.handshakes
    arrived = dict(handshake.headers)
    assert arrived["x-unknown-To-us"] == "kept"
    assert arrived["chatgpt-account-id"] == PLUS.account_id
    assert arrived["OpenAI-Beta"] == BETA["OpenAI-Beta"]
    assert not {"Cookie", "X-Forwarded-For", "Accept-Encoding", "Sec-WebSocket-Extensions"} & set(arrived)
    assert KEY not in str(arrived)


async def test_a_conversation_goes_on_over_one_socket(one: House) -> None:
    async with talk(one) as socket:
        warm = await socket.turn(create(input=[], generate=False))
        first = await socket.turn(create(previous_response_id=warm.last["response"]["id"]))
        second = await socket.turn(create("more", previous_response_id=first.last["response"]["id"]))
        assert second.status == 200
        assert len(one.practice.handshakes) == 1
    # The warm-up is no turn.
    assert [record.kind for record in one.practice.handshakes[0].frames] == ["warm_up", "turn", "turn"]
    await one.row()
    assert len(one.state.recent) == 2
    assert one.session().turns == 2
    assert set(one.session().names) == {THREAD}


async def test_headers_and_the_frames_key_name_one_session(one: House) -> None:
    async with talk(one, thread="0199-header") as socket:
        await socket.turn(create(prompt_cache_key="0199-key"))
    await one.row()
    assert set(one.session("0199-key").names) == {"0199-key", "0199-header"}


async def test_an_api_key_serves_over_a_socket_too(tmp_path: Path) -> None:
    async with house(tmp_path, [API]) as running, talk(running) as socket:
        assert (await socket.turn(create(model="gpt-5"))).status == 200
        (handshake,) = running.practice.handshakes
        assert handshake.path.startswith("/v1/")
        assert handshake.header("chatgpt-account-id") is None


async def test_sockets_of_one_session_are_on_its_token(tmp_path: Path) -> None:
    async with house(tmp_path, [PLUS, PRO]) as running:
        for thread in ("a", "b", "a", "b", "a"):
            async with talk(running, thread=thread) as socket:
                await socket.turn(create(prompt_cache_key=thread))
        # One after the other, new sessions take turns.
        assert [running.number(record) for record in running.practice.handshakes] == [0, 1, 0, 1, 0]
        assert running.asked() == [0, 1, 0, 1, 0]


@pytest.mark.parametrize("size", [5 << 20, 20 << 20])
async def test_frames_of_many_megabytes_pass_both_ways(one: House, size: int) -> None:
    one.practice.script(Turn(padding=size))
    body = create("x" * size)
    async with talk(one) as socket:
        answer = await socket.turn(body)
    assert answer.status == 200
    assert one.practice.turns[0].body == frame_of(body)
    row = await one.row()
    assert row.verbatim
    assert row.response_bytes > size


async def test_a_frame_that_is_too_large_ends_the_socket(one: House) -> None:
    async with talk(one) as socket:
        # The rest of it is not read: the client may find the connection reset.
        with contextlib.suppress(ConnectionError):
            await socket.ws.send_bytes(b"x" * (65 << 20))
        assert (await socket.ended())[0] in (1006, 1009)
    await one.until(lambda: not one.practice.sockets)


async def test_binary_frames_pass_as_they_are(one: House) -> None:
    one.practice.script(Turn(binary=True))
    async with talk(one) as socket:
        await socket.say(create())
        message = await socket.ws.receive(timeout=10)
        assert message.type is WSMsgType.BINARY
        # What upstream makes of one from the client is upstream's.
        await socket.ws.send_bytes(b"\x00\x01")
        while message.type is WSMsgType.BINARY:
            message = await socket.ws.receive(timeout=10)
        assert orjson.loads(message.data)["type"] == "error"
    assert one.practice.handshakes[0].frames[-1].body == b"\x00\x01"


@pytest.mark.parametrize("text", ["no JSON", "[1, 2]", '{"type": "response.processed"}', "{}", ""])
async def test_what_is_no_request_passes_as_it_is(one: House, text: str) -> None:
    async with talk(one) as socket:
        await socket.ws.send_str(text)
        await one.until(lambda: one.practice.handshakes[0].frames)
        assert one.practice.handshakes[0].frames[0].body == text.encode()
        assert (await socket.turn(create())).status == (200 if "processed" in text else 400)
    assert len(one.state.recent) == 1


async def test_pings_pass_both_ways(one: House) -> None:
    one.practice.script(Turn(pings=True), on="socket")
    async with talk(one) as socket:
        message = await socket.ws.receive(timeout=10)
        assert (message.type, message.data) == (WSMsgType.PING, b"practice")
        await socket.ws.pong(message.data)
        await one.until(lambda: one.practice.handshakes[0].pongs == 1)
        await socket.ws.ping(b"from the client")
        message = await socket.ws.receive(timeout=10)
        assert (message.type, message.data) == (WSMsgType.PONG, b"from the client")


async def test_a_second_request_waits_for_the_first(one: House) -> None:
    hold = asyncio.Event()
    one.practice.script(Turn(hold=hold))
    async with talk(one) as socket:
        await socket.say(create("first"))
        await socket.say(create("second"))
        await one.until(lambda: one.practice.turns)
        assert len(one.state.active) == 1
        hold.set()
        kinds = []
        while kinds.count("response.completed") < 2:
            kinds.append((await socket.hear())["type"])
    await one.row()
    assert [row.outcome for row in one.state.recent] == [Outcome.COMPLETED] * 2
    assert len(one.practice.turns) == 2


async def test_the_setting_turns_it_off(tmp_path: Path) -> None:
    async with house(tmp_path, settings=GatewaySettings(websockets=False)) as running:
        assert await refused(running) == 426
        assert not running.practice.received


async def test_a_refused_handshake_is_plain_http_and_ends_the_connection(tmp_path: Path) -> None:
    async with house(tmp_path, settings=GatewaySettings(websockets=False)) as running:
        upgrade = (("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Version", "13"))
        asked = request_bytes(running.port, method="GET", headers=upgrade)
        answer = await exchange(running.port, asked, method="GET")
    assert answer.status == 426
    assert answer.header("Connection") == "close"
    assert orjson.loads(answer.body)["error"]["code"] == "websocket_not_supported"


@pytest.mark.parametrize("status", [200, 401, 403, 404, 426, 429, 500, 503])
async def test_whatever_upstream_refuses_with_becomes_426(one: House, status: int) -> None:
    one.practice.script(refusals.detail("no", status), on="socket")
    assert await refused(one) == 426
    assert not one.state.recent


async def test_an_upstream_that_stays_silent_becomes_426(one: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.upstream.client.HANDSHAKE_S", 0.2)
    one.practice.script(Turn(hang_at="request"), on="socket")
    assert await refused(one) == 426


async def test_an_upstream_that_cannot_be_reached_becomes_426(one: House) -> None:
    await one.practice.stop()
    assert await refused(one) == 426


async def test_without_a_token_it_becomes_426(tmp_path: Path) -> None:
    async with house(tmp_path, []) as running:
        assert await refused(running) == 426


async def test_a_wrong_license_becomes_426_and_is_a_guess(one: House) -> None:
    for _ in range(5):
        assert await refused(one, key="wrong") == 426
    guesses = one.server._admission._guesses
    assert guesses.wrong("127.0.0.1", one.state.clock.monotonic()) > 0
    assert not one.practice.received


async def test_no_license_becomes_426(one: House) -> None:
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.WSServerHandshakeError) as error:
            await session.ws_connect(f"{one.base}/responses")
    assert error.value.status == 426


async def test_sub_protocols_are_not_spoken_and_never_logged(one: House, caplog: pytest.LogCaptureFixture) -> None:
    assert await refused(one, protocols=["realtime", "openai-insecure-api-key.sk-secret"]) == 426
    assert "sk-secret" not in caplog.text

"""Making a WebSocket of the simulated upstream misbehave."""

import asyncio

import aiohttp
import pytest

from app.practice import refusals
from app.practice.script import Point, Turn, failed, usage_limit_reached
from tests.practice.client import Client, codex_body
from tests.practice.sockets import BETA, talk


@pytest.mark.parametrize("status", [200, 401, 403, 426, 429, 500])
async def test_a_handshake_can_be_refused_with_any_status(client: Client, status: int) -> None:
    client.upstream.script(refusals.detail("no", status), on="socket")
    url = client.upstream.chatgpt_base_url + "/responses"
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await client.session.ws_connect(url, headers=client.login() | BETA)
    assert refused.value.status == status
    (handshake,) = client.upstream.handshakes
    assert (handshake.kind, handshake.status) == ("request", status)
    async with talk(client) as socket:
        assert (await socket.turn()).status == 200


async def test_a_handshake_can_be_silent(client: Client) -> None:
    client.upstream.script(Turn(hang_at="request"), on="socket")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2), talk(client):
            pass


async def test_headers_can_be_put_on_the_handshake(client: Client) -> None:
    client.upstream.script(Turn(headers=(("openai-model", "gpt-other"),)), on="socket")
    async with talk(client) as socket:
        assert socket.ws._response.headers["openai-model"] == "gpt-other"


@pytest.mark.parametrize("on", ["socket", "warm_up", "responses"])
async def test_a_socket_can_be_closed_before_it_says_anything(client: Client, on: str) -> None:
    client.upstream.script(Turn(end_at=0, close=(1012, "restarting")), on=on)  # type: ignore[arg-type]
    async with talk(client) as socket:
        if on != "socket":
            await socket.say(codex_body(generate=on != "warm_up"))
        assert await socket.ended() == (1012, "restarting")
    (handshake,) = client.upstream.handshakes
    assert handshake.outcome == "cut"


@pytest.mark.parametrize("point", [0, "response.output_text.delta"])
@pytest.mark.parametrize("code", [1000, 1001, 1011, 1012])
async def test_a_turn_can_end_with_a_close_frame(client: Client, code: int, point: Point) -> None:
    client.upstream.script(Turn(end_at=point, close=(code, "so it is")))
    async with talk(client) as socket:
        await socket.say(codex_body())
        assert await socket.ended() == (code, "so it is")
    (turn,) = client.upstream.turns
    assert turn.outcome == "cut"
    assert (b"output_text.delta" in turn.sent) == (point != 0)


@pytest.mark.parametrize("point", ["request", 0, "response.output_text.delta"])
async def test_a_turn_can_be_cut(client: Client, point: Point) -> None:
    client.upstream.script(Turn(cut_at=point))
    async with talk(client) as socket:
        await socket.say(codex_body())
        assert (await socket.ended())[0] == 1006
    (turn,) = client.upstream.turns
    assert (turn.outcome, client.upstream.handshakes[0].outcome) == ("cut", "cut")


@pytest.mark.parametrize("at_once", [True, False])
async def test_an_error_frame_can_come_first_or_later(client: Client, at_once: bool) -> None:
    if at_once:
        client.upstream.script(usage_limit_reached(90))
    else:
        client.upstream.script(Turn(fail_at="response.output_text.delta", refusal=refusals.usage_limit("plus", 0, 90)))
    async with talk(client) as socket:
        answer = await socket.turn()
        assert (answer.status, answer.last["error"]["type"]) == (429, "usage_limit_reached")
        assert answer.last["headers"]["x-codex-plan-type"] == "plus"
        assert ("response.output_text.delta" in answer.types) != at_once
        # The socket goes on.
        assert (await socket.turn()).status == 200


async def test_an_error_frame_can_follow_the_handshake(client: Client) -> None:
    client.upstream.script(Turn(fail_at=0, refusal=refusals.socket_limit()), on="socket")
    async with talk(client) as socket:
        assert (await socket.hear())["error"]["code"] == "websocket_connection_limit_reached"


async def test_a_turn_can_fail_in_an_event(client: Client) -> None:
    client.upstream.script(failed("server_error", "no"))
    async with talk(client) as socket:
        failure = (await socket.turn()).last
        assert failure["response"]["error"]["message"] == "no"
        named = failure["response"]["id"]
        assert (await socket.turn(previous_response_id=named)).status == 400


async def test_a_socket_can_say_nothing(client: Client) -> None:
    client.upstream.script(Turn(hang_at=0))
    async with talk(client) as socket:
        await socket.say(codex_body())
        with pytest.raises(TimeoutError):
            await socket.ws.receive(timeout=0.2)
    (turn,) = client.upstream.turns
    await client.upstream.wait_finished(turn)
    assert turn.outcome == "disconnected"


async def test_one_frame_can_be_very_large(client: Client) -> None:
    client.upstream.script(Turn(padding=20 << 20))
    async with talk(client) as socket:
        answer = await socket.turn()
    assert [len(e["padding"]) for e in answer.events if e["type"] == "practice.padding"] == [20 << 20]
    assert answer.text


async def test_frames_can_be_binary_or_anything(client: Client) -> None:
    client.upstream.script(Turn(binary=True), Turn(raw=b"not JSON"))
    async with talk(client) as socket:
        await socket.say(codex_body())
        message = await socket.ws.receive(timeout=10)
        assert message.type is aiohttp.WSMsgType.BINARY
    async with talk(client) as socket:
        await socket.say(codex_body())
        assert (await socket.ws.receive(timeout=10)).data == "not JSON"


@pytest.mark.parametrize("on", ["socket", "responses"])
async def test_pings_are_sent_and_their_answers_counted(client: Client, on: str) -> None:
    client.upstream.script(Turn(pings=True), on=on)  # type: ignore[arg-type]
    async with talk(client) as socket:
        answer = await socket.turn()
    (handshake,) = client.upstream.handshakes
    await client.upstream.wait_finished(handshake)
    assert handshake.pongs == (1 if on == "socket" else len(answer.events))


async def test_a_client_gets_its_ping_back(client: Client) -> None:
    async with talk(client, autoping=False) as socket:
        await socket.ws.ping(b"are you there")
        message = await socket.ws.receive(timeout=10)
        assert (message.type, message.data) == (aiohttp.WSMsgType.PONG, b"are you there")


async def test_open_sockets_can_be_closed_and_cut_at_any_time(client: Client) -> None:
    async with talk(client) as one, talk(client) as other:
        first, second = client.upstream.sockets
        ended, _ = await asyncio.gather(one.ended(), first.close(1001, "going away"))
        assert ended == (1001, "going away")
        second.cut()
        assert (await other.ended())[0] == 1006
    for handshake in client.upstream.handshakes:
        await client.upstream.wait_finished(handshake)
    assert client.upstream.sockets == ()


async def test_a_client_that_vanishes_in_a_turn_is_noticed(client: Client) -> None:
    client.upstream.script(Turn(hang_at="response.created"))
    async with talk(client) as socket:
        await socket.say(codex_body())
        while (await socket.hear())["type"] != "response.created":
            pass
        assert socket.ws._response.connection is not None
        assert socket.ws._response.connection.transport is not None
        socket.ws._response.connection.transport.abort()
        (turn,) = client.upstream.turns
        await client.upstream.wait_finished(turn)
    (handshake,) = client.upstream.handshakes
    await client.upstream.wait_finished(handshake)
    assert (turn.outcome, handshake.outcome) == ("disconnected", "disconnected")

"""Turns over a WebSocket: the handshake, what a socket remembers, what it refuses."""

from typing import Any

import aiohttp
import orjson
import pytest

from app.practice.script import usage_limit_reached
from app.practice.server import PracticeUpstream
from tests.practice.client import Answer, Client, Clock, codex_body, user
from tests.practice.sockets import BETA, talk, talk_with_key


async def handshake_status(client: Client, headers: dict[str, str]) -> int:
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await client.session.ws_connect(client.upstream.chatgpt_base_url + "/responses", headers=headers)
    return refused.value.status


def warm_up() -> dict[str, Any]:
    return codex_body(input=[], generate=False)


def names(answer: Answer) -> list[str]:
    return [name for name in answer.types if not name.startswith("codex.")]


async def test_a_turn_has_the_same_events_as_a_post(client: Client) -> None:
    posted = await client.codex()
    async with talk(client) as socket:
        said = await socket.turn()
    assert said.types == posted.types
    assert said.text == posted.text


async def test_the_handshake_tells_state_models_and_windows(client: Client) -> None:
    hint = {"x-codex-routing-hint": "model=gpt-5.5"}
    async with talk(client, headers=hint) as socket:
        headers = socket.ws._response.headers
        listed = await client.get(client.upstream.chatgpt_base_url + "/models", client.login())
        assert headers["x-models-etag"] == listed.headers["etag"]
        assert headers["x-codex-turn-state"].startswith("practice-turn.")
        assert headers["x-codex-primary-used-percent"] == "0.0"
        assert headers["openai-model"] == "gpt-5.5"
    async with talk(client) as socket:
        assert "openai-model" not in socket.ws._response.headers


async def test_a_handshake_is_authenticated_like_a_post(client: Client) -> None:
    plus, pro = client.upstream.accounts
    login = client.login(plus)
    assert await handshake_status(client, {}) == 401
    assert await handshake_status(client, login | {"chatgpt-account-id": pro.account_id}) == 403
    client.upstream.revoke(plus)
    assert await handshake_status(client, login) == 401
    assert client.upstream.handshakes[-1].status == 401


async def test_the_turn_state_of_another_account_is_refused(client: Client) -> None:
    plus, pro = client.upstream.accounts
    state = (await client.codex(account=plus)).headers["x-codex-turn-state"]
    assert await handshake_status(client, client.login(pro) | {"x-codex-turn-state": state}) == 400
    async with talk(client, plus, {"x-codex-turn-state": state}) as socket:
        assert (await socket.turn()).status == 200


async def test_a_token_that_is_revoked_gets_an_error_frame(client: Client) -> None:
    async with talk(client) as socket:
        assert (await socket.turn()).status == 200
        client.upstream.revoke(client.upstream.accounts[0])
        refused = await socket.turn()
        assert (refused.status, refused.last["error"]["code"]) == (401, "token_invalidated")


async def test_a_warm_up_says_nothing_costs_nothing_and_can_be_continued(client: Client) -> None:
    account = client.upstream.accounts[0]
    async with talk(client) as socket:
        first = await socket.turn(warm_up())
        assert first.types == ["response.created", "response.completed"]
        assert client.upstream.quota(account).primary.used_percent == 0.0
        named = first.last["response"]["id"]
        second = await socket.turn(previous_response_id=named)
        assert second.text.startswith("[practice] You asked: “hi”")
        assert second.last["response"]["previous_response_id"] == named
        assert client.upstream.quota(account).primary.used_percent == account.primary_step


async def test_a_delta_is_understood_with_what_came_before(client: Client) -> None:
    tool = {"type": "function", "name": "look", "parameters": {"type": "object", "properties": {}}, "strict": False}
    body = codex_body('call: look {"at": "it"}', tools=[tool])
    async with talk(client) as socket:
        first = await socket.turn(body)
        (call,) = [item for item in first.items() if item["type"] == "function_call"]
        output = {"type": "function_call_output", "call_id": call["call_id"], "output": "seen"}
        named = first.last["response"]["id"]
        second = await socket.turn(body | {"input": [output]}, previous_response_id=named)
        assert "seen" in second.text


async def test_only_the_last_response_of_this_socket_can_be_continued(client: Client) -> None:
    async with talk(client) as one, talk(client) as other:
        first = (await one.turn()).last["response"]["id"]
        assert (await other.turn(previous_response_id=first)).last["error"]["code"] == "previous_response_not_found"
        last = (await one.turn()).last["response"]["id"]
        refused = await one.turn(previous_response_id=first)
        assert (refused.status, refused.last["error"]["param"]) == (400, "previous_response_id")
        # An error makes it forget.
        assert (await one.turn(previous_response_id=last)).status == 400
        assert (await one.turn()).status == 200


@pytest.mark.parametrize("change", [{"store": True}, {"top_p": 1}, {"model": "gpt-x"}, {"input": "hi"}, {"input": []}])
async def test_frames_are_read_as_strictly_as_posts(client: Client, change: dict[str, Any]) -> None:
    posted = await client.codex(codex_body(**change))
    async with talk(client) as socket:
        refused = await socket.turn(codex_body(**change))
        assert refused.status == posted.status == 400
        wanted = posted.json.get("error") or {"message": posted.json["detail"], "code": None}
        assert refused.last["error"] == wanted
        assert client.upstream.received[-1].problem


async def test_ciphertext_belongs_to_the_account_that_got_it(client: Client) -> None:
    plus, pro = client.upstream.accounts
    async with talk(client, plus) as mine, talk(client, pro) as other:
        reasoning = (await mine.turn()).items()[0]
        body = codex_body(input=[user("hi"), reasoning, user("go on")])
        assert (await mine.turn(body)).status == 200
        assert (await other.turn(body)).last["error"]["code"] == "invalid_encrypted_content"


async def test_a_used_up_window_is_an_error_frame_with_its_headers(client: Client) -> None:
    client.upstream.exhaust(client.upstream.accounts[0], resets_in=90)
    async with talk(client) as socket:
        refused = await socket.turn()
        assert refused.status == 429
        assert refused.last["error"]["type"] == "usage_limit_reached"
        assert refused.last["headers"]["x-codex-primary-used-percent"] == "100.0"


async def test_a_socket_of_a_key_answers_too(client: Client) -> None:
    async with talk_with_key(client) as socket:
        said = await socket.turn({"model": "gpt-5", "input": "hi"})
        assert said.text.startswith("[practice] You asked")
        assert "codex.rate_limits" not in said.types
        assert (await socket.turn({"model": "gpt-5", "input": "hi", "frobnicate": 1})).status == 400


async def test_after_its_time_a_socket_asks_for_a_new_one(client: Client, clock: Clock) -> None:
    async with talk(client) as socket:
        assert (await socket.turn()).status == 200
        clock.now += 3_600
        refused = await socket.turn()
        assert (refused.status, refused.last["error"]["code"]) == (400, "websocket_connection_limit_reached")
        assert await socket.ended() == (1000, "")


async def test_frames_are_recorded_with_their_socket_and_account(client: Client) -> None:
    pro = client.upstream.accounts[1]
    async with talk(client, pro, {"session-id": "s-1"}) as socket:
        await socket.turn(warm_up())
        said = await socket.turn()
        await socket.say({"type": "response.processed"})
        await client.upstream.wait_received(4)
        (handshake,) = client.upstream.handshakes
        assert [frame.kind for frame in handshake.frames] == ["warm_up", "turn", "other"]
        assert len(client.upstream.sockets) == 1
    await client.upstream.wait_finished(handshake)
    (turn,) = client.upstream.turns
    assert turn.socket is handshake
    assert (turn.method, turn.label, turn.header("session-id")) == ("WS", pro.label, "s-1")
    assert orjson.loads(turn.body) == {"type": "response.create", **codex_body()}
    assert [orjson.loads(line) for line in turn.sent.splitlines()] == said.events
    assert (handshake.status, handshake.outcome, handshake.closed_with) == (101, "completed", (1000, ""))
    assert client.upstream.sockets == ()


async def test_what_is_no_request_gets_an_error_frame(client: Client) -> None:
    async with talk(client) as socket:
        for said in ("{", "[]", '{"type":"response.cancel"}'):
            await socket.ws.send_str(said)
            assert (await socket.hear())["status"] == 400
        await socket.ws.send_bytes(b"{}")
        assert (await socket.hear())["status"] == 400


async def test_compaction_works_over_a_socket(client: Client) -> None:
    async with talk(client) as socket:
        first = await socket.turn()
        named = first.last["response"]["id"]
        body = codex_body(input=[{"type": "compaction_trigger"}])
        (item,) = (await socket.turn(body, previous_response_id=named)).items()
        assert item["type"] == "compaction"


async def test_sockets_can_be_off(clock: Clock) -> None:
    upstream = PracticeUpstream(clock=clock, sockets=False)
    await upstream.start()
    try:
        async with Client(upstream) as client:
            assert await handshake_status(client, client.login() | BETA) == 426
    finally:
        await upstream.stop()


async def test_turns_by_post_and_by_frame_share_their_script(client: Client) -> None:
    client.upstream.script(usage_limit_reached(90), times=2)
    async with talk(client) as socket:
        assert (await socket.turn()).status == 429
        assert (await client.codex()).status == 429
        assert (await socket.turn()).status == 200

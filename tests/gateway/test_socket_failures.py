"""What becomes of a WebSocket when a license, a token, upstream, the client or the gateway ends in the midst of it."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
from aiohttp import WSMsgType, web

from app.core.license import License
from app.core.policy import Policy
from app.core.sealed import digest
from app.core.session import with_owners
from app.core.settings import changed_settings
from app.core.turn import Outcome
from app.gateway.socket_turn import RECONNECT
from app.practice import refusals
from app.practice.script import Point, Turn, failed, usage_limit_reached
from app.upstream.endpoints import UpstreamEndpoints
from tests.gateway.house import KEY, PLUS, PRO, House, house
from tests.gateway.sockets import THREAD, create, refused, sent_away, talk
from tests.gateway.test_responses import codex_body

OWNER = "l-0001"


async def turn_by_post(running: House) -> None:
    async with running.post("/responses", data=codex_body()) as answer:
        await answer.read()
        assert answer.status == 200


@pytest.mark.parametrize(
    "ended",
    [
        lambda owner: replace(owner, revoked_at=1.0),
        lambda owner: replace(owner, expires_at=1.0),
        lambda owner: replace(owner, sha256="another key's"),
    ],
    ids=["revoked", "expired", "another key"],
)
async def test_an_ended_license_gets_no_further_turn(one: House, ended: Callable[[License], License]) -> None:
    async with talk(one) as socket:
        assert (await socket.turn(create())).status == 200
        one.state.licenses[OWNER] = ended(one.state.licenses[OWNER])
        one.state.licenses_rekeyed()
        await sent_away(socket)
    assert await refused(one) == 426
    assert len(one.practice.turns) == 1
    assert len(one.state.recent) == 1


async def test_turns_of_a_socket_use_the_license(one: House) -> None:
    async with talk(one) as socket:
        one.state.licenses[OWNER].last_used_at = 1.0
        await socket.turn(create())
    assert (one.state.licenses[OWNER].last_used_at or 0) > 1.0


async def test_a_budget_that_is_used_up_is_told(one: House) -> None:
    async with talk(one) as socket:
        await socket.turn(create())
        await one.row()
        one.state.licenses[OWNER] = replace(one.state.licenses[OWNER], daily_tokens=1)
        answer = await socket.turn(create())
        assert (answer.status, answer.last["error"]["code"]) == (429, "license_budget")
        assert "x-codex-promo-message" in answer.last["headers"]
    row = await one.wait_outcome(Outcome.REFUSED)
    assert (row.status, row.error) == (429, "license_budget")


async def test_switching_it_off_ends_open_sockets_at_their_next_turn(one: House) -> None:
    async with talk(one) as socket:
        await socket.turn(create())
        one.state.settings = changed_settings(one.state.settings, {"websockets": False})
        await sent_away(socket)
    assert await refused(one) == 426


@pytest.mark.parametrize("how", ["disabled", "removed"])
async def test_a_token_that_goes_makes_the_client_come_again(tmp_path: Path, how: str) -> None:
    async with house(tmp_path, [PLUS, PRO]) as running:
        async with talk(running) as socket:
            await socket.turn(create())
            if how == "removed":
                running.state.forget_token("t-0000")
            else:
                running.state.pool.put(replace(running.token(0), enabled=False))
            await sent_away(socket)
        async with talk(running) as socket:
            assert (await socket.turn(create())).status == 200
        assert running.asked() == [0, 1]
        # What was not sent is no turn.
        assert len(running.state.recent) == 2


async def test_a_token_that_goes_during_a_turn_lets_it_end(tmp_path: Path) -> None:
    hold = asyncio.Event()
    async with house(tmp_path, [PLUS, PRO]) as running, talk(running) as socket:
        running.practice.script(Turn(hold=hold))
        await socket.say(create())
        await running.until(lambda: running.practice.turns)
        running.state.forget_token("t-0000")
        hold.set()
        while (await socket.hear())["type"] != "response.completed":
            pass
        await running.wait_outcome(Outcome.COMPLETED)


async def test_a_session_that_the_user_moves_goes_on_there(tmp_path: Path) -> None:
    async with house(tmp_path, [PLUS, PRO]) as running:
        async with talk(running) as socket:
            await socket.turn(create())
            running.state.pool.move(running.session(), running.token(1))
            await sent_away(socket)
        async with talk(running) as socket:
            await socket.turn(create())
        assert running.asked() == [0, 1]
        assert (await running.row()).note == "user"


async def test_at_the_limit_the_conversation_moves_without_what_the_next_cannot_read(tmp_path: Path) -> None:
    thinking = {"include": ["reasoning.encrypted_content"], "reasoning": {"effort": "low"}}
    async with house(tmp_path, [PLUS, PRO]) as running:
        async with talk(running) as socket:
            first = await socket.turn(create(**thinking))
            output = [event["item"] for event in first.events if event["type"] == "response.output_item.done"]
            assert any(item["type"] == "reasoning" for item in output)
            running.practice.script(usage_limit_reached(3600))
            await sent_away(socket, create("more", previous_response_id=first.last["response"]["id"]))
        assert (running.rests(0) or ("",))[0] == "usage_limit_reached"
        assert running.rests(1) is None
        whole = create("more", **thinking)
        whole["input"] = [*create()["input"], *output, *whole["input"]]
        async with talk(running) as socket:
            answer = await socket.turn(whole)
            assert answer.status == 200
            # From here on it is as it was.
            await socket.turn(create("and more", previous_response_id=answer.last["response"]["id"]))
        assert running.asked() == [0, 0, 1, 1]
        await running.row()
        found = [(row.token_id, row.error, row.note, row.edits) for row in running.state.recent]
        assert found == [
            ("t-0000", None, "new_session", ()),
            ("t-0000", "usage_limit_reached", "kept", ()),
            ("t-0001", None, "limit", ("foreign_reasoning",)),
            ("t-0001", None, "kept", ()),
        ]


async def test_a_limit_within_an_answer_makes_the_client_come_again_too(tmp_path: Path) -> None:
    async with house(tmp_path, [PLUS, PRO]) as running:
        later = Turn(fail_at="response.output_text.delta", refusal=refusals.usage_limit("plus", 0, 90))
        running.practice.script(later)
        async with talk(running) as socket:
            answer = await socket.turn(create())
            assert "response.output_text.delta" in answer.types
            assert answer.last["error"]["code"] == RECONNECT
        row = await running.wait_outcome(Outcome.FAILED)
        assert row.error == "usage_limit_reached"
        async with talk(running) as socket:
            assert (await socket.turn(create())).status == 200


@pytest.mark.parametrize("wait_s", [0.0, 60.0])
async def test_when_all_are_at_their_limit_post_says_so_or_waits(tmp_path: Path, wait_s: float) -> None:
    async with house(tmp_path, policy=Policy(wait_s=wait_s)) as running:
        running.practice.script(usage_limit_reached(30))
        async with talk(running) as socket:
            await sent_away(socket)
        assert await refused(running) == 426
        post = running.start(running.post("/responses", data=codex_body()).__aenter__())
        if wait_s:
            await running.until(lambda: running.state.station.held)
            running.state.try_again()
            assert (await post).status == 200
        else:
            assert (await post).status == 429


@pytest.mark.parametrize(
    "failure",
    [
        refusals.detail("boom", 500),
        refusals.detail("slow", 503),
        refusals.detail("later", 429),
        refusals.detail("who?", 401),
    ],
    ids=lambda refusal: str(refusal.status),
)
async def test_a_failure_before_the_answer_leads_to_post(one: House, failure: refusals.Refusal) -> None:
    one.practice.script(failure)
    async with talk(one) as socket:
        await sent_away(socket)
    row = await one.wait_outcome(Outcome.FAILED)
    assert row.status == failure.status
    # There it is tried again, on another token, or with a new login.
    assert await refused(one) == 426
    await turn_by_post(one)
    # Other conversations are not concerned.
    async with talk(one, thread="another") as socket:
        assert (await socket.turn(create(prompt_cache_key="another"))).status == 200


async def test_a_failed_warm_up_leads_to_post_and_is_no_turn(one: House) -> None:
    one.practice.script(usage_limit_reached(60), on="warm_up")
    async with talk(one) as socket:
        await sent_away(socket, create(input=[], generate=False))
    assert await refused(one) == 426
    assert not one.state.recent
    await turn_by_post(one)


@pytest.mark.parametrize("failure", [failed("server_error", "no"), Turn(fail_at="response.output_text.delta")])
async def test_a_failure_within_the_answer_passes_as_it_is(one: House, failure: Turn) -> None:
    one.practice.script(replace(failure, fail_at="response.output_text.delta"))
    async with talk(one) as socket:
        answer = await socket.turn(create())
        assert answer.last["type"] == "response.failed"
        assert (await socket.turn(create())).status == 200
    await one.row()
    assert [row.outcome for row in one.state.recent] == [Outcome.FAILED, Outcome.COMPLETED]
    assert one.state.recent[0].error == "server_error"


@pytest.mark.parametrize("body", [create(store=True), create(previous_response_id="resp_nobody")])
async def test_a_fault_of_the_request_passes_as_it_is(one: House, body: dict[str, object]) -> None:
    async with talk(one) as socket:
        answer = await socket.turn(body)
        assert answer.status == 400
        assert answer.last["error"].get("code") != RECONNECT
        assert (await socket.turn(create())).status == 200
    await one.row()
    assert one.state.recent[0].outcome is Outcome.FAILED
    assert one.rests(0) is None
    assert one.state.last_errors == {}


async def test_upstreams_own_end_of_a_socket_passes(one: House) -> None:
    one.practice.limit_sockets(0.0)
    async with talk(one) as socket:
        await sent_away(socket)
    # It is nobody's fault.
    one.practice.limit_sockets(3600.0)
    async with talk(one) as socket:
        assert (await socket.turn(create())).status == 200


@pytest.mark.parametrize(("code", "reason"), [(1000, ""), (1001, "away"), (1012, "重启"), (4321, "own")])
async def test_upstreams_close_passes_with_its_code(one: House, code: int, reason: str) -> None:
    async with talk(one) as socket:
        await socket.turn(create())
        (upstream,) = one.practice.sockets
        closing = one.start(upstream.close(code, reason))
        assert await socket.ended() == (code, reason)
        await closing


@pytest.mark.parametrize(("code", "reason"), [(1000, ""), (1001, "bye"), (4321, "客户")])
async def test_the_clients_close_passes_with_its_code(one: House, code: int, reason: str) -> None:
    async with talk(one) as socket:
        await socket.turn(create())
        await socket.ws.close(code=code, message=reason.encode())
    await one.until(lambda: not one.practice.sockets)
    assert one.practice.handshakes[0].closed_with == (code, reason)
    await one.until(lambda: not len(one.server._sockets))


@pytest.mark.parametrize("point", ["request", "response.output_text.delta"])
async def test_a_line_that_breaks_is_seen_by_the_client(one: House, point: Point) -> None:
    one.practice.script(Turn(cut_at=point))
    async with talk(one) as socket:
        await socket.say(create())
        assert (await socket.ended())[0] == 1006
    row = await one.wait_outcome(Outcome.FAILED)
    assert row.error == "upstream_stream_truncated"
    # What had not begun to answer is tried by POST, where another token may serve.
    assert await refused(one) == (426 if point == "request" else 101)


async def test_a_close_in_the_midst_of_a_turn_is_a_failure(one: House) -> None:
    one.practice.script(Turn(end_at="response.output_text.delta", close=(1011, "oops")))
    async with talk(one) as socket:
        await socket.say(create())
        assert await socket.ended() == (1011, "oops")
    row = await one.wait_outcome(Outcome.FAILED)
    assert row.error == "upstream_stream_truncated"


@pytest.mark.parametrize("how", ["close", "vanish"])
async def test_a_client_that_leaves_stops_the_turn_at_once(one: House, how: str) -> None:
    one.practice.script(Turn(hang_at="response.output_text.delta"))
    async with talk(one) as socket:
        await socket.say(create())
        while (await socket.hear())["type"] != "response.output_text.delta":
            pass
        if how == "close":
            await socket.ws.close(code=1001)
        else:
            transport = socket.ws._response.connection.transport  # type: ignore[union-attr]
            assert transport is not None
            transport.abort()
        await one.until(lambda: not one.practice.sockets, within=2.0)
    assert (await one.wait_outcome(Outcome.CLIENT_LEFT)).token_id == "t-0000"
    # A line that says nothing more is told so as well.
    assert one.practice.handshakes[0].outcome in ("completed", "disconnected")


async def test_a_client_that_leaves_after_the_last_event_has_its_answer(one: House) -> None:
    async with talk(one) as socket:
        await socket.turn(create())
        transport = socket.ws._response.connection.transport  # type: ignore[union-attr]
        assert transport is not None
        transport.abort()
    await one.wait_outcome(Outcome.COMPLETED)


async def test_a_client_that_leaves_during_the_handshake_leaves_nothing_open(one: House) -> None:
    one.practice.script(Turn(hang_at="request"), on="socket")

    async def come_and_go() -> None:
        async with talk(one):
            pass

    client = one.start(come_and_go())
    await one.until(lambda: one.practice.handshakes)
    client.cancel()
    with suppress(asyncio.CancelledError):
        await client
    await one.practice.wait_finished(one.practice.handshakes[0])


async def test_stopping_closes_idle_sockets_at_once_and_lets_turns_end(one: House) -> None:
    hold = asyncio.Event()
    async with talk(one, thread="idle") as idle, talk(one) as busy:
        one.practice.script(Turn(hold=hold))
        await busy.say(create())
        await one.until(lambda: one.practice.turns)
        stopping = one.start(one.server.stop(10.0))
        assert await idle.ended() == (1001, "")
        await idle.ws.close()
        assert not stopping.done()
        hold.set()
        while (await busy.hear())["type"] != "response.completed":
            pass
        assert await busy.ended() == (1001, "")
        await busy.ws.close()
        async with asyncio.timeout(3):
            await stopping
    await one.wait_outcome(Outcome.COMPLETED)


async def test_a_turn_that_outlasts_the_drain_time_is_ended(one: House) -> None:
    one.practice.script(Turn(hang_at="response.output_text.delta"))
    async with talk(one) as socket:
        await socket.say(create())
        await one.until(lambda: one.practice.turns)
        stopping = one.start(one.server.stop(0.1))
        assert await socket.ended() == (1001, "")
        await socket.ws.close()
        await stopping
    row = await one.wait_outcome(Outcome.FAILED)
    assert row.error == "gateway_stopped"


async def test_after_a_stop_it_can_be_started_again(one: House) -> None:
    port = one.port
    await one.server.stop(0.0)
    await one.server.start("127.0.0.1", port)
    async with talk(one) as socket:
        assert (await socket.turn(create())).status == 200


async def test_a_full_token_leads_to_post_where_the_turn_waits_in_line(tmp_path: Path) -> None:
    hold = asyncio.Event()
    async with house(tmp_path, policy=Policy(turns_per_token=1)) as running:
        running.practice.script(Turn(hold=hold))
        async with talk(running) as first, talk(running, thread="second") as second:
            await first.say(create())
            await running.until(lambda: running.practice.turns)
            await sent_away(second, create(prompt_cache_key="second"))
            assert await refused(running, thread="second") == 426
            hold.set()
            while (await first.hear())["type"] != "response.completed":
                pass


async def test_a_login_that_is_refused_is_renewed_by_post(one: House) -> None:
    one.practice.revoke(PLUS)
    assert await refused(one) == 426
    await turn_by_post(one)
    async with talk(one) as socket:
        assert (await socket.turn(create())).status == 200


async def test_a_compaction_goes_to_the_token_that_can_read_it(tmp_path: Path) -> None:
    async with house(tmp_path, [PLUS, PRO]) as running:
        await turn_by_post(running)
        kept = {"type": "compaction", "encrypted_content": "x" * 40}
        session = running.session()
        running.state.pool.sessions.put(
            session._replace(home_token_id="t-0001", current_token_id="t-0001", moves=1, owners={})
        )
        running.state.pool.sessions.put(with_owners(running.session(), {digest(kept["encrypted_content"]): "t-0000"}))
        async with talk(running) as socket:
            body = create("more")
            body["input"] = [kept, *body["input"]]
            await sent_away(socket, body)
        assert await refused(running) == 426


async def test_a_slow_reader_slows_upstream_down(tmp_path: Path) -> None:
    sent = 0
    piece = b'{"type":"response.output_text.delta","delta":"' + b"x" * 65_536 + b'"}'

    async def flood(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        ws = web.WebSocketResponse(max_msg_size=0)
        await ws.prepare(request)
        await ws.receive()
        with suppress(ConnectionError):
            while True:
                await ws.send_str(piece.decode())
                sent += len(piece)
        return ws

    app = web.Application()
    app.router.add_get("/{path:.*}", flood)
    runner = web.AppRunner(app, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        async with house(tmp_path, endpoints=UpstreamEndpoints(base, base, base)) as running:
            async with talk(running) as socket:
                await socket.say(create())
                # aiohttp's client stops reading as well when nobody takes what came.
                before = -1
                async with asyncio.timeout(20):
                    while sent != before or not sent:
                        before = sent
                        await asyncio.sleep(0.3)
                assert sent < 64 << 20
                (relay,) = running.server._sockets._open
                transport = relay._request.transport
                assert transport is not None
                assert transport.get_write_buffer_size() < 1 << 20
            await running.wait_outcome(Outcome.CLIENT_LEFT)
    finally:
        await runner.cleanup()


async def test_nothing_of_it_enters_the_log(one: House, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    one.practice.script(Turn(), failed("server_error", "upstream-words"))
    async with talk(one) as socket:
        await socket.turn(create("prompt-words"))
        await socket.turn(create("prompt-words"))
    await refused(one, key="wrong-license-key-of-somebody")
    await one.row()
    ours = "\n".join(
        record.getMessage()
        for record in caplog.records
        if record.name.startswith(("app.gateway", "app.upstream", "aiohttp"))
    )
    assert "responses/websocket" in ours
    for secret in (KEY, PLUS.access_token, "prompt-words", "upstream-words", "wrong-license-key-of-somebody", THREAD):
        assert secret not in ours


@pytest.mark.parametrize("kind", [WSMsgType.TEXT, WSMsgType.BINARY])
async def test_sockets_of_a_browser_without_a_license_get_nothing(one: House, kind: WSMsgType) -> None:
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.WSServerHandshakeError) as error:
            await session.ws_connect(f"{one.base}/responses", origin="https://evil.example")
    assert error.value.status == 426


async def test_a_turn_state_of_another_account_does_not_go_up(tmp_path: Path) -> None:
    async with house(tmp_path, [PLUS, PRO]) as running:
        running.practice.script(Turn(headers=(("x-codex-turn-state", "of-the-first"),)), on="socket")
        async with talk(running) as socket:
            await socket.turn(create())
            running.practice.script(usage_limit_reached(3600))
            await sent_away(socket)
        # Codex gives it back at the next handshake of the same turn.
        async with talk(running, headers={"x-codex-turn-state": "of-the-first"}) as socket:
            assert (await socket.turn(create())).status == 200
        assert [record.header("x-codex-turn-state") for record in running.practice.handshakes] == [None, None]
        assert running.asked() == [0, 0, 1]


async def test_a_model_that_the_token_lacks_leads_to_post_at_once(tmp_path: Path) -> None:
    async with house(tmp_path, [PLUS, PRO]) as running:
        running.state.pool.refuse_model("t-0000", "gpt-5-codex", running.state.clock.now())
        async with talk(running) as socket:
            await sent_away(socket)
        # A handshake names no model, so that it would lead there again and again.
        assert await refused(running) == 426
        assert running.practice.turns == []


async def test_names_that_lead_elsewhere_lead_to_post_at_once(tmp_path: Path) -> None:
    async with house(tmp_path, [PLUS, PRO]) as running:
        for thread in ("a", "b"):
            async with talk(running, thread=thread) as socket:
                await socket.turn(create(prompt_cache_key=thread))
        async with talk(running, thread="a") as socket:
            await sent_away(socket, create(prompt_cache_key="b"))
        assert await refused(running, thread="a") == 426


async def test_an_upstream_that_says_no_more_is_given_up(one: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.gateway.socket_relay.SILENCE_S", 0.2)
    one.practice.script(Turn(hang_at="response.output_text.delta"))
    async with talk(one) as socket:
        await socket.say(create())
        assert (await socket.ended())[0] == 1006
    assert (await one.wait_outcome(Outcome.FAILED)).error == "upstream_stream_truncated"


async def test_a_way_that_swallows_handshakes_is_not_tried_each_time(
    one: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.upstream.client.HANDSHAKE_S", 0.5)
    one.practice.script(Turn(hang_at="request"), on="socket")
    assert await refused(one) == 426
    assert await refused(one, thread="another") == 426
    assert len(one.practice.handshakes) == 1

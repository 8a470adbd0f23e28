"""Scripted behaviour: refusals, broken streams, slow streams, and who gets them."""

import asyncio
import time
from typing import Any

import aiohttp
import orjson
import pytest

from app.practice import refusals
from app.practice.script import Turn, failed, incomplete, usage_limit_reached
from tests.practice.client import Client, codex_body, read_events, user

COMPACT = "/responses/compact"


async def test_behaviours_are_used_one_by_one(client: Client) -> None:
    client.upstream.script(usage_limit_reached(60), refusals.server_error(), refusals.overloaded())
    statuses = [(await client.codex()).status for _ in range(4)]
    assert statuses == [429, 500, 503, 200]
    assert client.upstream.scripted == 0


async def test_a_behaviour_can_wait_for_one_account(client: Client) -> None:
    plus, pro = client.upstream.accounts
    client.upstream.script(refusals.unauthorized(), account=pro)
    assert (await client.codex(account=plus)).status == 200
    assert (await client.codex(account=pro)).status == 401
    client.upstream.script(refusals.slow_down(), account=client.upstream.api_keys[0])
    assert (await client.openai({"model": "gpt-5", "input": "hi"})).status == 503


async def test_a_lasting_behaviour_lasts_until_it_is_taken_back(client: Client) -> None:
    client.upstream.always(refusals.rate_limited(retry_after=2))
    answers = [await client.codex() for _ in range(3)]
    assert [a.status for a in answers] == [429] * 3
    assert answers[0].headers["retry-after"] == "2"
    client.upstream.always(None)
    assert (await client.codex()).status == 200


async def test_a_refused_request_leaves_the_script_alone(client: Client) -> None:
    client.upstream.script(refusals.server_error())
    assert (await client.codex({"model": "gpt-5.5"})).status == 400
    assert (await client.codex()).status == 500


async def test_models_and_usage_have_scripts_of_their_own(client: Client) -> None:
    client.upstream.script(refusals.server_error(), on="usage")
    client.upstream.script(refusals.cloudflare_challenge(), on="models")
    base = client.upstream.chatgpt_base_url
    usage = await client.get(base.removesuffix("/codex") + "/wham/usage", client.login())
    models = await client.get(base + "/models", client.login())
    assert (usage.status, models.status) == (500, 403)
    assert models.headers["cf-mitigated"] == "challenge"
    assert (await client.codex()).status == 200


@pytest.mark.parametrize(
    ("refused", "status", "name"),
    [
        (refusals.usage_not_included(), 429, "usage_not_included"),
        (refusals.insufficient_quota(), 429, "insufficient_quota"),
        (refusals.rate_limited(), 429, "try again in 1.5s"),
        (refusals.rate_limited(wait=None), 429, "Rate limit reached for requests."),
        (refusals.unauthorized("token_revoked"), 401, "token_revoked"),
        (refusals.account_refused("account_deactivated"), 403, "account_deactivated"),
        (refusals.account_refused("account_suspended", status=401), 401, "account_suspended"),
        (refusals.cloudflare_challenge(503), 503, "Just a moment"),
        (refusals.invalid_encrypted_content(code=None), 400, '"code":null'),
        (refusals.unsupported_model("gpt-5.5"), 400, "not supported"),
        (refusals.server_error(503, retry_after=2), 503, "server_error"),
        (refusals.server_error(504), 504, "504 Gateway Time-out"),
        (refusals.unauthorized("token_expired"), 401, "token_expired"),
        (refusals.deactivated_workspace(), 402, "deactivated_workspace"),
        (refusals.model_not_found("gpt-x"), 404, "model_not_found"),
        (refusals.invalid_encrypted_content(), 400, "invalid_encrypted_content"),
        (refusals.overloaded(), 503, "server_is_overloaded"),
        (refusals.slow_down(), 503, "slow_down"),
        (refusals.server_error(502), 502, "502 Bad Gateway"),
        (refusals.refusal(418, {"any": "thing"}, (("X-Any", "1"),)), 418, "thing"),
    ],
)
async def test_refusals_go_out_as_they_are(client: Client, refused: refusals.Refusal, status: int, name: str) -> None:
    client.upstream.script(refused)
    answer = await client.codex()
    assert (answer.status, answer.body) == (status, refused.body)
    assert name in answer.body.decode()


async def test_one_of_the_two_times_of_a_limit_can_be_left_out(client: Client) -> None:
    client.upstream.script(usage_limit_reached(90, resets_at=False))
    error = (await client.codex()).json["error"]
    assert "resets_at" not in error
    assert error["resets_in_seconds"] == 90


async def test_a_turn_can_fail_before_it_says_anything(client: Client) -> None:
    client.upstream.script(failed("rate_limit_exceeded", "Please try again in 300ms."))
    answer = await client.codex()
    assert answer.status == 200
    assert answer.types == [
        "codex.rate_limits",
        "response.created",
        "response.in_progress",
        "response.failed",
    ]
    assert answer.last["response"]["error"]["code"] == "rate_limit_exceeded"


@pytest.mark.parametrize(
    ("code", "more"),
    [
        ("usage_limit_reached", {"plan_type": "plus", "resets_in_seconds": 3_600, "resets_at": 1_800_003_600}),
        ("rate_limit_exceeded", {}),
        ("server_is_overloaded", {}),
        ("server_error", {}),
        ("invalid_encrypted_content", {"type": "invalid_request_error"}),
        (None, {"type": "invalid_request_error"}),
    ],
)
@pytest.mark.parametrize("at", ["response.created", "response.output_text.delta"])
async def test_a_stream_can_fail_with_any_error_at_any_point(
    client: Client, code: str | None, more: dict[str, Any], at: str
) -> None:
    plus, pro = client.upstream.accounts
    client.upstream.always(failed(code, "No more.", at=at, **more), plus)
    for _ in range(2):
        answer = await client.codex(account=plus)
        assert answer.last["response"]["error"] == {"code": code, "message": "No more.", **more}
        assert answer.types[-2:] == [at, "response.failed"]
    assert (await client.codex(account=pro)).last["type"] == "response.completed"


async def test_error_events_carry_more_too(client: Client) -> None:
    flat, nested = [failed("usage_limit_reached", "No.", ending=e, resets_at=9) for e in ("error", "nested_error")]
    client.upstream.script(flat, nested)
    assert (await client.codex()).last["resets_at"] == 9
    assert (await client.codex()).last["error"]["resets_at"] == 9


async def test_a_failure_can_be_the_very_first_event(client: Client) -> None:
    client.upstream.script(failed("server_error", "No.", at=0))
    assert (await client.codex()).types[-1] == "response.failed"


async def test_a_turn_can_end_incomplete_or_with_an_error_event(client: Client) -> None:
    client.upstream.script(
        incomplete("content_filter"),
        failed("rate_limit_exceeded", "Slow.", ending="error"),
        failed("rate_limit_exceeded", "Slow.", ending="nested_error"),
    )
    short, flat, nested = [await client.codex() for _ in range(3)]
    assert short.text
    assert short.last["response"]["incomplete_details"] == {"reason": "content_filter"}
    assert (flat.last["type"], flat.last["code"]) == ("error", "rate_limit_exceeded")
    assert (nested.last["type"], nested.last["error"]["message"]) == ("error", "Slow.")


async def test_a_cut_stream_has_no_proper_end(client: Client) -> None:
    client.upstream.script(Turn(cut_at="response.output_text.delta"))
    with pytest.raises(aiohttp.ClientPayloadError):
        await client.codex()
    record = client.upstream.turns[-1]
    assert record.outcome == "cut"
    assert read_events(record.sent)[-1]["type"] == "response.output_text.delta"


@pytest.mark.parametrize("at", ["request", "headers"])
async def test_a_connection_can_be_cut_before_the_headers(client: Client, at: str) -> None:
    client.upstream.script(Turn(cut_at=at))
    with pytest.raises(aiohttp.ClientConnectionError):
        await client.codex()
    assert client.upstream.quota(client.upstream.accounts[0]).primary.used_percent == 0


@pytest.mark.parametrize(("at", "events"), [(0, 0), (1, 1)])
async def test_a_connection_can_be_cut_after_the_headers_and_after_the_first_event(
    client: Client, at: int, events: int
) -> None:
    client.upstream.script(Turn(cut_at=at))
    url = client.upstream.chatgpt_base_url + "/responses"
    async with client.session.post(url, data=orjson.dumps(codex_body()), headers=client.login()) as response:
        assert response.status == 200
        with pytest.raises(aiohttp.ClientPayloadError):
            await response.read()
    assert len(read_events(client.upstream.turns[-1].sent)) == events


@pytest.mark.parametrize("on", ["usage", "models", "compact"])
async def test_answers_that_come_at_once_can_be_cut_and_late(client: Client, on: Any) -> None:
    base = client.upstream.chatgpt_base_url
    url = {"usage": base.removesuffix("/codex") + "/wham/usage", "models": base + "/models"}.get(on)

    async def ask() -> int:
        if url:
            return (await client.get(url, client.login())).status
        return (await client.codex({"model": "gpt-5.5", "input": [user("x")]}, path=COMPACT)).status

    # A GET that is cut before the headers would be asked again by aiohttp itself.
    client.upstream.script(Turn(cut_at=0), Turn(header_delay=0.1), on=on)
    with pytest.raises(aiohttp.ClientPayloadError):
        await ask()
    started = time.monotonic()
    assert await ask() == 200
    assert time.monotonic() - started >= 0.1


async def test_a_stream_can_end_properly_but_too_early(client: Client) -> None:
    client.upstream.script(Turn(end_at=5))
    answer = await client.codex()
    assert len(answer.events) == 5
    assert "response.completed" not in answer.types


@pytest.mark.parametrize("at", ["request", "headers", 0, 3])
async def test_the_server_notices_that_a_waiting_client_leaves(client: Client, at: Any) -> None:
    client.upstream.script(Turn(hang_at=at))
    async with asyncio.TaskGroup() as group:
        asking = group.create_task(client.codex())
        await client.upstream.wait_received(1)
        await asyncio.sleep(0.05)
        record = client.upstream.turns[0]
        assert record.outcome == "pending"
        asking.cancel()
        await client.upstream.wait_finished(record, 3)
    assert record.client_left


async def test_a_client_that_leaves_while_bytes_flow_is_noticed(client: Client) -> None:
    url = client.upstream.chatgpt_base_url + "/responses"
    client.upstream.script(Turn(delay=0.02))
    async with client.session.post(
        url, data=orjson.dumps(codex_body("words: 500")), headers=client.login()
    ) as response:
        await response.content.readany()
        response.close()
    record = client.upstream.turns[0]
    await client.upstream.wait_finished(record, 3)
    assert record.client_left


async def test_a_held_stream_goes_on_when_it_is_released(client: Client) -> None:
    gate = asyncio.Event()
    client.upstream.script(Turn(hold=gate, hold_at="response.created"))
    async with asyncio.TaskGroup() as group:
        asking = group.create_task(client.codex())
        await client.upstream.wait_received(1)
        await asyncio.sleep(0.05)
        assert not asking.done()
        gate.set()
    assert asking.result().types[-1] == "response.completed"


async def test_delays_are_kept(client: Client) -> None:
    client.upstream.script(Turn(header_delay=0.1, delay=0.01, text="a"))
    started = time.monotonic()
    answer = await client.codex()
    assert time.monotonic() - started >= 0.1 + 0.01 * len(answer.events)


async def test_a_stream_can_come_without_a_content_type(client: Client) -> None:
    client.upstream.script(Turn(content_type=None))
    answer = await client.codex()
    assert "content-type" not in answer.headers
    assert answer.last["type"] == "response.completed"


@pytest.mark.parametrize("newline", ["\r\n", "\r"])
async def test_line_ends_and_pieces_can_be_odd(client: Client, newline: str) -> None:
    client.upstream.script(Turn(newline=newline, piece=7, text="odd 奇怪"))
    answer = await client.codex()
    assert answer.text == "odd 奇怪"
    assert newline.encode() * 2 in answer.body


async def test_raw_bytes_and_headers_go_out_as_given(client: Client) -> None:
    raw = b": comment\r\n\r\nevent: odd\ndata: {not json}\n\n"
    client.upstream.script(Turn(raw=raw, headers=(("openai-model", "other"), ("X-More", "1"))))
    answer = await client._post(client.upstream.chatgpt_base_url + "/responses", codex_body(), client.login())
    assert answer.body == raw
    assert (answer.headers["openai-model"], answer.headers["x-more"]) == ("other", "1")


async def test_the_text_of_a_turn_can_be_given(client: Client) -> None:
    client.upstream.script(Turn(text="exactly this"))
    assert (await client.codex()).text == "exactly this"
    client.upstream.script(Turn(text="and this"))
    answer = await client.openai({"model": "gpt-5", "input": "hi"})
    assert answer.json["output"][-1]["content"][0]["text"] == "and this"

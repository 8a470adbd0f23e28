"""Signing in with a device code: what the device asks, what the person decides, and what may go wrong."""

from datetime import datetime
from typing import Any

import pytest

from app.practice import refusals
from app.practice.script import Turn
from tests.practice.client import Client
from tests.practice.signing_in import LOST, exchange, poll_device, post, start_device, turn_with
from tests.practice.test_accounts import claims


async def redeem(client: Client, granted: Any) -> Any:
    answer = await exchange(
        client,
        granted["authorization_code"],
        redirect_uri=client.upstream.auth_issuer + "/deviceauth/callback",
        code_verifier=granted["code_verifier"],
    )
    return answer.json


async def test_a_device_waits_for_a_person_and_then_exchanges_a_code(client: Client, clock: Any) -> None:
    pro = client.upstream.accounts[1]
    started = (await start_device(client)).json
    assert started["interval"] == "5"
    assert datetime.fromisoformat(started["expires_at"]).timestamp() == clock.now + 900
    waiting = await poll_device(client, started)
    assert (waiting.status, waiting.json["error"]["code"]) == (403, "deviceauth_authorization_pending")
    client.upstream.approve_device(started["user_code"], pro)
    granted = (await poll_device(client, started)).json
    assert granted == (await poll_device(client, started)).json
    tokens = await redeem(client, granted)
    assert claims(tokens["id_token"])["email"] == pro.email
    assert await turn_with(client, tokens["access_token"], pro) == 200
    assert (await redeem(client, granted))["error"] == "invalid_grant"


async def test_a_person_approves_on_the_page(client: Client) -> None:
    started = (await start_device(client)).json
    async with client.session.get(client.upstream.auth_issuer + "/codex/device?user_code=ABC") as response:
        page = await response.text()
    assert 'value="ABC"' in page
    assert client.upstream.accounts[1].email in page
    typed = started["user_code"].lower().replace("-", " ")
    wrong = await post(client, "/codex/device", form={"user_code": "NOPE-NOPE", "account": "1"})
    nobody = await post(client, "/codex/device", form={"user_code": typed, "account": "7"})
    done = await post(client, "/codex/device", form={"user_code": typed, "account": "1", "decision": "approve"})
    twice = await post(client, "/codex/device", form={"user_code": typed, "account": "1"})
    assert (wrong.status, nobody.status, done.status, twice.status) == (404, 400, 200, 404)
    tokens = await redeem(client, (await poll_device(client, started)).json)
    assert claims(tokens["id_token"])["email"] == client.upstream.accounts[1].email


async def test_a_person_denies_on_the_page_or_a_script_does(client: Client) -> None:
    on_page, scripted = [(await start_device(client)).json for _ in range(2)]
    await post(client, "/codex/device", form={"user_code": on_page["user_code"], "decision": "deny"})
    client.upstream.deny_device(scripted["user_code"])
    for started in (on_page, scripted):
        answer = await poll_device(client, started)
        assert (answer.status, answer.json["error"]["code"]) == (400, "access_denied")


async def test_a_device_code_ends(client: Client, clock: Any) -> None:
    started = (await start_device(client)).json
    clock.now += client.upstream.sign_in.device_life
    assert (await poll_device(client, started)).json["error"]["code"] == "expired_token"
    with pytest.raises(LookupError):
        client.upstream.approve_device(started["user_code"], client.upstream.accounts[0])


async def test_the_feature_can_be_off(client: Client) -> None:
    client.upstream.sign_in.device_on = False
    assert (await start_device(client)).status == 404


async def test_a_device_that_is_unknown_waits_for_nothing(client: Client) -> None:
    started = (await start_device(client)).json
    answer = await poll_device(client, started | {"user_code": "OTHER"})
    assert (answer.status, answer.json["error"]["code"]) == (404, "deviceauth_authorization_unknown")
    refused = await post(client, "/api/accounts/deviceauth/usercode", json={"client_id": "app_other"})
    assert refused.status == 400


async def test_both_steps_can_be_scripted(client: Client) -> None:
    client.upstream.script(refusals.server_error(503), Turn(cut_at="headers"), on="device")
    client.upstream.script(refusals.rate_limited(), on="device_poll")
    assert (await start_device(client)).status == 503
    with pytest.raises(LOST):
        await start_device(client)
    started = (await start_device(client)).json
    assert [(await poll_device(client, started)).status for _ in range(2)] == [429, 403]


async def test_the_code_belongs_to_the_device_callback(client: Client) -> None:
    started = (await start_device(client)).json
    client.upstream.approve_device(started["user_code"], client.upstream.accounts[0])
    granted = (await poll_device(client, started)).json
    answer = await exchange(client, granted["authorization_code"], code_verifier=granted["code_verifier"])
    assert answer.json["error"] == "invalid_grant"

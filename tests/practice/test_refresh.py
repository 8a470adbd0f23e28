"""Refreshing: rotation, reuse, the ends of a login, and answers that get lost."""

import asyncio
from typing import Any

import pytest

from app.practice import refusals
from app.practice.accounts import CLIENT_ID
from app.practice.script import Turn
from tests.practice.client import Client
from tests.practice.signing_in import (
    LOST,
    authorize_url,
    browse,
    exchange,
    post,
    refresh,
    sent_back,
    turn_with,
)
from tests.practice.test_accounts import claims


async def test_a_refresh_gives_the_next_generation_and_leaves_the_last_access_token_alone(
    client: Client, clock: Any
) -> None:
    account = client.upstream.accounts[0]
    client.upstream.sign_in.access_life = 3_600.0
    first = (await refresh(client, account.refresh_token)).json
    second = (await refresh(client, first["refresh_token"])).json
    tokens = [account.access_token, first["access_token"], second["access_token"]]
    assert len(set(tokens)) == 3
    assert [await turn_with(client, token, account) for token in tokens] == [200, 200, 200]
    assert claims(second["access_token"])["exp"] == int(clock.now) + 3_600
    assert claims(second["id_token"])["email"] == account.email
    assert client.upstream.newest(account).access_token == second["access_token"]


async def test_a_refresh_may_come_as_a_form(client: Client) -> None:
    account = client.upstream.accounts[0]
    form = {"client_id": CLIENT_ID, "grant_type": "refresh_token", "refresh_token": account.refresh_token}
    assert (await post(client, "/oauth/token", form=form)).json["access_token"]


async def test_a_refresh_token_that_comes_again_ends_the_whole_family(client: Client) -> None:
    account = client.upstream.accounts[0]
    first = (await refresh(client, account.refresh_token)).json
    again = await refresh(client, account.refresh_token)
    assert (again.status, again.json["error"]["code"]) == (401, "refresh_token_reused")
    rightful = await refresh(client, first["refresh_token"])
    assert (rightful.status, rightful.json["error"]["code"]) == (401, "refresh_token_invalidated")
    # What was issued is good until it expires.
    assert await turn_with(client, first["access_token"], account) == 200


async def test_another_sign_in_of_the_same_account_is_another_family(client: Client) -> None:
    account = client.upstream.accounts[0]
    client.upstream.sign_in_as(account)
    own = (await exchange(client, sent_back(await browse(client, authorize_url(client)))["code"])).json
    for _ in range(2):
        await refresh(client, account.refresh_token)
    assert (await refresh(client, own["refresh_token"])).status == 200


async def test_a_refresh_token_that_nobody_used_expires(client: Client, clock: Any) -> None:
    account = client.upstream.accounts[0]
    client.upstream.sign_in.refresh_life = 86_400.0
    clock.now += 86_399
    token = (await refresh(client, account.refresh_token)).json["refresh_token"]
    clock.now += 86_400
    assert (await refresh(client, token)).json["error"]["code"] == "refresh_token_expired"


@pytest.mark.parametrize("code", ["refresh_token_expired", "refresh_token_invalidated"])
async def test_refreshing_can_be_ended_while_the_access_token_works(client: Client, code: str) -> None:
    plus, pro = client.upstream.accounts
    client.upstream.end_refreshing(plus, code)
    answer = await refresh(client, plus.refresh_token)
    assert (answer.status, answer.json["error"]["code"]) == (401, code)
    assert (await client.codex(account=plus)).status == 200
    assert (await refresh(client, pro.refresh_token)).status == 200


async def test_signing_out_ends_every_token_until_a_new_sign_in(client: Client) -> None:
    account = client.upstream.accounts[0]
    tokens = (await refresh(client, account.refresh_token)).json
    client.upstream.sign_out(account)
    assert [await turn_with(client, t, account) for t in (account.access_token, tokens["access_token"])] == [401, 401]
    assert (await refresh(client, tokens["refresh_token"])).json["error"]["code"] == "refresh_token_invalidated"
    client.upstream.sign_in_as(account)
    new = (await exchange(client, sent_back(await browse(client, authorize_url(client)))["code"])).json
    assert await turn_with(client, new["access_token"], account) == 200


async def test_revoking_ends_one_sign_in(client: Client) -> None:
    account = client.upstream.accounts[0]
    client.upstream.sign_in_as(account)
    own = (await exchange(client, sent_back(await browse(client, authorize_url(client)))["code"])).json
    content = {"token": own["refresh_token"], "token_type_hint": "refresh_token", "client_id": CLIENT_ID}
    assert [(await post(client, "/oauth/revoke", json=content)).status for _ in range(2)] == [200, 200]
    assert (await refresh(client, own["refresh_token"])).json["error"]["code"] == "refresh_token_invalidated"
    assert await turn_with(client, own["access_token"], account) == 401
    assert (await refresh(client, account.refresh_token)).status == 200
    assert (await post(client, "/oauth/revoke", json={"token": "unknown"})).status == 200


@pytest.mark.parametrize("content", [{"refresh_token": "rt_unknown"}, {}, {"refresh_token": 3}])
async def test_an_unknown_refresh_token_is_an_invalid_grant(client: Client, content: dict[str, Any]) -> None:
    asked = {"client_id": CLIENT_ID, "grant_type": "refresh_token", **content}
    answer = await post(client, "/oauth/token", json=asked)
    assert (answer.status, answer.json["error"]) == (400, "invalid_grant")
    assert [one.code for one in client.upstream.refreshes(None)] == ["invalid_grant"]


@pytest.mark.parametrize("body", [b"{", b"[1]", b"\xff", b""])
async def test_a_body_that_cannot_be_read_names_no_client(client: Client, body: bytes) -> None:
    url = client.upstream.auth_issuer + "/oauth/token"
    async with client.session.post(url, data=body, headers={"Content-Type": "application/json"}) as answer:
        assert answer.status == 401


async def test_what_an_answer_leaves_out_stays_as_it_was(client: Client) -> None:
    account = client.upstream.accounts[0]
    client.upstream.sign_in.leave_out = frozenset({"refresh_token", "id_token"})
    first = (await refresh(client, account.refresh_token)).json
    assert not {"refresh_token", "id_token"} & set(first)
    again = (await refresh(client, account.refresh_token)).json
    assert again["access_token"] != first["access_token"]


async def test_refreshes_are_counted_with_reason_time_and_end(client: Client, clock: Any) -> None:
    plus, pro = client.upstream.accounts
    client.upstream.script(refusals.server_error(503), account=plus, on="token")
    await refresh(client, plus.refresh_token)
    clock.now += 5
    await refresh(client, plus.refresh_token, "unauthorized_recovery")
    await refresh(client, plus.refresh_token, None)
    found = client.upstream.refreshes(plus)
    assert [(one.at - found[0].at, one.reason, one.status, one.code) for one in found] == [
        (0, "proactive_expiry", 503, "server_error"),
        (5, "unauthorized_recovery", 200, ""),
        (5, None, 401, "refresh_token_reused"),
    ]
    assert [one.granted for one in found] == [False, True, False]
    assert client.upstream.refreshes(pro) == []
    assert client.upstream.most_refreshes_at_once(plus) == 1


async def test_refreshes_at_the_same_time_are_noticed_and_only_one_is_granted(client: Client) -> None:
    account = client.upstream.accounts[0]
    gate = asyncio.Event()
    client.upstream.script(Turn(hold=gate, hold_at="request"), on="token", times=2)
    async with asyncio.TaskGroup() as group:
        asking = [group.create_task(refresh(client, account.refresh_token)) for _ in range(2)]
        await client.upstream.wait_received(2)
        gate.set()
    assert sorted(one.result().status for one in asking) == [200, 401]
    assert client.upstream.most_refreshes_at_once(account) == 2
    assert client.upstream.most_refreshes_at_once(client.upstream.accounts[1]) == 0


async def test_a_request_that_is_lost_has_rotated_nothing(client: Client) -> None:
    account = client.upstream.accounts[0]
    client.upstream.script(Turn(cut_at="request"), on="token")
    with pytest.raises(LOST):
        await refresh(client, account.refresh_token)
    assert client.upstream.newest(account) == account
    assert (await refresh(client, account.refresh_token)).status == 200


@pytest.mark.parametrize("at", ["headers", 0])
async def test_an_answer_that_is_lost_has_rotated_the_token(client: Client, at: Any) -> None:
    account = client.upstream.accounts[0]
    client.upstream.script(Turn(cut_at=at), on="token")
    with pytest.raises(LOST):
        await refresh(client, account.refresh_token)
    (lost,) = client.upstream.refreshes(account)
    assert lost.granted
    assert not lost.running
    assert client.upstream.received[-1].outcome == "cut"
    assert (await refresh(client, account.refresh_token)).json["error"]["code"] == "refresh_token_reused"


async def test_an_answer_can_hang_and_be_nonsense(client: Client) -> None:
    account = client.upstream.accounts[0]
    client.upstream.script(Turn(hang_at="headers"), Turn(raw=b"<html>"), on="token")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await refresh(client, account.refresh_token)
    await client.upstream.wait_finished(client.upstream.received[-1], 3)
    assert client.upstream.refreshes(account)[0].granted
    token = client.upstream.newest(account).refresh_token
    assert (await refresh(client, token)).body == b"<html>"


@pytest.mark.parametrize(
    ("refused", "status"),
    [
        (refusals.refresh_refused("refresh_token_reused"), 401),
        (refusals.refresh_refused("refresh_token_invalidated", shape="text"), 401),
        (refusals.refresh_refused("app_session_terminated", shape="flat"), 401),
        (refusals.oauth_error("invalid_grant", "No."), 400),
        (refusals.account_refused("account_deactivated"), 403),
        (refusals.cloudflare_challenge(), 403),
        (refusals.server_error(502), 502),
        (refusals.rate_limited(retry_after=3), 429),
    ],
)
async def test_a_scripted_refusal_rotates_nothing(client: Client, refused: refusals.Refusal, status: int) -> None:
    account = client.upstream.accounts[0]
    client.upstream.script(refused, account=account, on="token")
    answer = await refresh(client, account.refresh_token)
    assert (answer.status, answer.body) == (status, refused.body)
    assert (await refresh(client, account.refresh_token)).status == 200


async def test_a_scripted_refusal_leaves_the_code_good(client: Client) -> None:
    client.upstream.sign_in_as(client.upstream.accounts[0])
    code = sent_back(await browse(client, authorize_url(client)))["code"]
    client.upstream.script(refusals.server_error(), on="token")
    assert [(await exchange(client, code)).status for _ in range(2)] == [500, 200]

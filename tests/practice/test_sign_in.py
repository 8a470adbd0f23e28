"""Signing in with a browser: the page, the way back, and the exchange of the code."""

import re
from html import unescape
from typing import Any

import pytest

from app.practice.accounts import AUTH_CLAIM, other_workspace
from tests.practice.client import Client
from tests.practice.signing_in import authorize_url, browse, exchange, post, sent_back, turn_with
from tests.practice.test_accounts import claims


async def links(client: Client, url: str) -> dict[str, str]:
    """The links of a page by their text."""
    page = (await browse(client, url)).body.decode()
    found = re.findall(r'<a href="([^"]+)">([^<]+)</a>', page)
    return {unescape(text): client.upstream.auth_issuer + unescape(link) for link, text in found}


async def test_a_person_chooses_an_account_and_the_client_gets_tokens_that_work(client: Client) -> None:
    plus, pro = client.upstream.accounts
    found = await links(client, authorize_url(client))
    assert list(found) == [plus.email, pro.email, "Do not sign in · 不登录"]
    back = sent_back(await browse(client, found[pro.email]))
    assert back["state"] == "practice-state"
    tokens = (await exchange(client, back["code"])).json
    assert await turn_with(client, tokens["access_token"], pro) == 200
    assert claims(tokens["id_token"])["email"] == pro.email
    # An own login of the same account, not the one that others have.
    assert tokens["refresh_token"] != pro.refresh_token
    assert claims(tokens["access_token"])[AUTH_CLAIM] == claims(pro.access_token)[AUTH_CLAIM]
    assert await turn_with(client, pro.access_token, pro) == 200


async def test_a_person_may_go_away_again(client: Client) -> None:
    decline = (await links(client, authorize_url(client)))["Do not sign in · 不登录"]
    back = sent_back(await browse(client, decline))
    assert (back["error"], back["state"]) == ("access_denied", "practice-state")
    assert "code" not in back


@pytest.mark.parametrize("name", ["email", "account_id", "index"])
async def test_the_url_may_name_the_account(client: Client, name: str) -> None:
    pro = client.upstream.accounts[1]
    choice = {"email": pro.email, "account_id": pro.account_id, "index": "1"}[name]
    back = sent_back(await browse(client, authorize_url(client, practice_account=choice)))
    assert await turn_with(client, (await exchange(client, back["code"])).json["access_token"], pro) == 200
    assert (await browse(client, authorize_url(client, practice_account="nobody"))).status == 400


async def test_a_script_signs_in_and_declines_without_a_person(client: Client) -> None:
    plus, pro = client.upstream.accounts
    client.upstream.sign_in_as(pro, plus)
    client.upstream.decline_sign_in()
    for account in (pro, plus):
        back = sent_back(await browse(client, authorize_url(client)))
        tokens = (await exchange(client, back["code"])).json
        assert claims(tokens["id_token"])["email"] == account.email
    assert sent_back(await browse(client, authorize_url(client)))["error"] == "access_denied"
    assert (await browse(client, authorize_url(client))).status == 200


async def test_a_browser_that_signed_in_is_asked_again_only_when_the_client_wants_that(client: Client) -> None:
    plus, pro = client.upstream.accounts
    first = await browse(client, authorize_url(client, practice_account=pro.email))
    name, value = first.headers["set-cookie"].partition(";")[0].split("=")
    again = await browse(client, authorize_url(client), {name: value})
    assert claims((await exchange(client, sent_back(again)["code"])).json["id_token"])["email"] == pro.email
    asked = await browse(client, authorize_url(client, prompt="login"), {name: value})
    assert asked.status == 200
    assert plus.email in asked.body.decode()


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "app_other"},
        {"client_id": None},
        {"redirect_uri": "https://127.0.0.1:1455/auth/callback"},
        {"redirect_uri": "http://example.com:1455/auth/callback"},
        {"redirect_uri": "http://127.0.0.1:1455/elsewhere"},
        {"redirect_uri": "http://127.0.0.1:1455/auth/callback?x=1"},
    ],
)
async def test_a_stranger_is_not_sent_back_at_all(client: Client, changes: dict[str, Any]) -> None:
    client.upstream.sign_in_as(client.upstream.accounts[0])
    answer = await browse(client, authorize_url(client, **changes))
    assert answer.status == 400
    assert "location" not in answer.headers


@pytest.mark.parametrize(
    "changes",
    [
        {"response_type": "token"},
        {"code_challenge": None},
        {"code_challenge": "short"},
        {"code_challenge_method": "plain"},
        {"state": None},
        {"scope": "profile"},
    ],
)
async def test_a_wrong_question_is_sent_back_with_the_reason(client: Client, changes: dict[str, Any]) -> None:
    client.upstream.sign_in_as(client.upstream.accounts[0])
    assert sent_back(await browse(client, authorize_url(client, **changes)))["error"] == "invalid_request"


async def test_localhost_is_the_same_client(client: Client) -> None:
    callback = "http://localhost:1457/auth/callback"
    url = authorize_url(client, redirect_uri=callback, practice_account="0")
    answer = await browse(client, url)
    code = answer.headers["location"].partition("code=")[2].partition("&")[0]
    assert (await exchange(client, code)).json["error"] == "invalid_grant"
    code = (await browse(client, url)).headers["location"].partition("code=")[2].partition("&")[0]
    assert (await exchange(client, code, redirect_uri=callback)).status == 200


@pytest.mark.parametrize(
    ("changes", "status", "name"),
    [
        ({"code_verifier": "w" * 60}, 400, "invalid_grant"),
        ({"code_verifier": ""}, 400, "invalid_grant"),
        ({"code": "ac_unknown"}, 400, "invalid_grant"),
        ({"redirect_uri": "http://127.0.0.1:1457/auth/callback"}, 400, "invalid_grant"),
        ({"client_id": "app_other"}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
    ],
)
async def test_a_code_is_good_only_for_who_asked_for_it(
    client: Client, changes: dict[str, str], status: int, name: str
) -> None:
    back = sent_back(await browse(client, authorize_url(client, practice_account="0")))
    answer = await exchange(client, back["code"], **changes)
    assert (answer.status, answer.json["error"]) == (status, name)


async def test_a_code_is_good_once_and_not_for_long(client: Client, clock: Any) -> None:
    codes = [sent_back(await browse(client, authorize_url(client, practice_account="0")))["code"] for _ in range(2)]
    assert [(await exchange(client, codes[0])).status for _ in range(2)] == [200, 400]
    clock.now += client.upstream.sign_in.code_life
    assert (await exchange(client, codes[1])).json["error"] == "invalid_grant"


async def test_a_code_is_exchanged_as_a_form(client: Client) -> None:
    code = sent_back(await browse(client, authorize_url(client, practice_account="0")))["code"]
    asked = {"grant_type": "authorization_code", "client_id": "app_EMoamEEZ73f0CkXaXp7hrann", "code": code}
    assert (await post(client, "/oauth/token", json=asked)).json["error"] == "unsupported_grant_type"


async def test_without_offline_access_there_is_no_refresh_token(client: Client) -> None:
    url = authorize_url(client, practice_account="0", scope="openid profile email")
    tokens = (await exchange(client, sent_back(await browse(client, url))["code"])).json
    assert "refresh_token" not in tokens
    assert tokens["access_token"]


async def test_one_address_can_have_two_workspaces(client: Client) -> None:
    plus = client.upstream.accounts[0]
    team = other_workspace(plus)
    client.upstream.add(team)
    assert (team.email, team.user_id) == (plus.email, plus.user_id)
    client.upstream.sign_in_as(team)
    tokens = (await exchange(client, sent_back(await browse(client, authorize_url(client)))["code"])).json
    claim = claims(tokens["access_token"])[AUTH_CLAIM]
    assert (claim["chatgpt_account_id"], claim["chatgpt_plan_type"]) == (team.account_id, "team")
    assert await turn_with(client, tokens["access_token"], team) == 200
    assert await turn_with(client, tokens["access_token"], plus) == 403


async def test_the_lifetime_of_access_tokens_can_be_set(client: Client, clock: Any) -> None:
    client.upstream.sign_in.access_life = 90.0
    client.upstream.sign_in_as(client.upstream.accounts[0])
    tokens = (await exchange(client, sent_back(await browse(client, authorize_url(client)))["code"])).json
    assert tokens["expires_in"] == 90
    assert claims(tokens["access_token"])["exp"] == int(clock.now) + 90
    clock.now += 89
    assert await turn_with(client, tokens["access_token"], client.upstream.accounts[0]) == 200
    clock.now += 1
    assert await turn_with(client, tokens["access_token"], client.upstream.accounts[0]) == 401

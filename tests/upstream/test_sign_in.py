"""Sign-in, refresh and revocation, against the practice upstream."""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest

from app.core.credential import ChatGPTLogin
from app.practice.accounts import PracticeAccount
from app.practice.script import Turn
from app.practice.server import PracticeUpstream
from app.upstream.callback import CallbackListener, parse_callback
from app.upstream.endpoints import UpstreamEndpoints
from app.upstream.errors import NoAnswer, UpstreamTimeout
from app.upstream.http import UpstreamHttp
from app.upstream.pkce import new_pkce, new_state
from app.upstream.sign_in import SignInService
from tests.support.ports import free_ports
from tests.upstream.signing_in import answers, refused

REDIRECT = "http://127.0.0.1:1455/auth/callback"


async def browse(url: str) -> str:
    """Go where the service sends a browser; the page at the end."""
    async with aiohttp.ClientSession() as session, session.get(url) as page:
        return await page.text()


async def code_of(practice: PracticeUpstream, sign_in: SignInService, challenge: str) -> str:
    """A code for `REDIRECT`, which nobody listens at."""
    practice.sign_in_as(practice.accounts[0])
    url = sign_in.authorize_url(redirect_uri=REDIRECT, state="s", challenge=challenge)
    async with aiohttp.ClientSession() as session, session.get(url, allow_redirects=False) as answer:
        return parse_callback(answer.headers["Location"], "s")


async def test_a_browser_sign_in_gives_a_login(practice: PracticeUpstream, sign_in: SignInService) -> None:
    account = practice.accounts[1]
    practice.sign_in_as(account)
    verifier, challenge = new_pkce()
    state = new_state()
    async with CallbackListener(state, ports=free_ports(2)) as listener:
        url = sign_in.authorize_url(redirect_uri=listener.redirect_uri, state=state, challenge=challenge)
        assert "登录已确认" in await browse(url)
        code = (await listener.wait()).code
    login = await sign_in.exchange(code=code, verifier=verifier, redirect_uri=listener.redirect_uri)
    assert (login.account_id, login.email, login.plan) == (account.account_id, account.email, account.plan)
    assert isinstance(login.credential, ChatGPTLogin)
    assert login.credential.refresh_token == practice.newest(account).refresh_token
    headers = dict(practice.received[-1].headers)
    assert headers["originator"] == "waystation"
    assert headers["User-Agent"].startswith("Waystation/")


async def test_a_sign_in_that_is_declined_is_told(practice: PracticeUpstream, sign_in: SignInService) -> None:
    practice.decline_sign_in()
    state = new_state()
    async with CallbackListener(state, ports=free_ports(2)) as listener:
        url = sign_in.authorize_url(redirect_uri=listener.redirect_uri, state=state, challenge=new_pkce()[1])
        assert "登录未完成" in await browse(url)
        assert (await refused(listener.wait())).reason == "access_denied"


def test_the_address_is_as_codex_makes_it_and_asks_for_the_account(sign_in: SignInService) -> None:
    url = sign_in.authorize_url(redirect_uri=REDIRECT, state="st", challenge="ch")
    assert "scope=openid%20profile%20email%20offline_access&" in url
    assert "redirect_uri=http%3A%2F%2F127.0.0.1%3A1455%2Fauth%2Fcallback&" in url
    query = parse_qs(urlsplit(url).query)
    assert query["prompt"] == ["login"]
    assert query["originator"] == ["codex_cli_rs"]
    assert query["response_type"] == ["code"]
    assert query["id_token_add_organizations"] == query["codex_cli_simplified_flow"] == ["true"]


def test_verifier_and_state_are_long_and_new_each_time() -> None:
    assert new_pkce()[0] != new_pkce()[0]
    assert len(new_pkce()[0]) == 86
    assert len(new_state()) == 43


def test_the_challenge_is_that_of_the_standard() -> None:
    # RFC 7636, appendix B.
    octets = base64.urlsafe_b64decode("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk=")
    assert new_pkce(lambda size: octets) == (
        "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
        "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    )


async def test_a_code_serves_once(practice: PracticeUpstream, sign_in: SignInService) -> None:
    verifier, challenge = new_pkce()
    code = await code_of(practice, sign_in, challenge)
    await sign_in.exchange(code=code, verifier=verifier, redirect_uri=REDIRECT)
    again = sign_in.exchange(code=code, verifier=verifier, redirect_uri=REDIRECT)
    problem = await refused(again, code, verifier)
    assert (problem.reason, problem.permanent) == ("invalid_grant", True)


async def test_a_refresh_rotates(practice: PracticeUpstream, sign_in: SignInService, account: PracticeAccount) -> None:
    renewed = await sign_in.refresh(account.refresh_token, reason="proactive_expiry")
    newest = practice.newest(account)
    assert (renewed.access_token, renewed.refresh_token) == (newest.access_token, newest.refresh_token)
    assert newest.refresh_token not in repr(renewed)
    assert renewed.refresh_token != account.refresh_token
    assert practice.refreshes(account)[0].reason == "proactive_expiry"
    problem = await refused(
        sign_in.refresh(account.refresh_token, reason="unauthorized_recovery"), account.refresh_token
    )
    assert (problem.reason, problem.permanent) == ("refresh_token_reused", True)
    assert "used by another program" in problem.message


async def test_what_a_refresh_does_not_name_is_unknown(
    practice: PracticeUpstream, sign_in: SignInService, account: PracticeAccount
) -> None:
    answers(practice, 200, {"access_token": "at-new", "refresh_token": None, "id_token": 7})
    renewed = await sign_in.refresh(account.refresh_token, reason="proactive_expiry")
    assert (renewed.access_token, renewed.refresh_token, renewed.id_token) == ("at-new", None, None)


PERMANENT = (
    "refresh_token_expired",
    "refresh_token_reused",
    "refresh_token_invalidated",
    "token_invalidated",
    "token_expired",
    "app_session_terminated",
    "account_session_expired",
    "account_deactivated",
    "account_suspended",
    "account_deleted",
)


@pytest.mark.parametrize("shape", [lambda c: {"error": {"code": c}}, lambda c: {"error": c}, lambda c: {"code": c}])
@pytest.mark.parametrize("code", PERMANENT)
async def test_a_dead_login_is_told_in_every_shape(
    practice: PracticeUpstream, sign_in: SignInService, account: PracticeAccount, code: str, shape: Callable[[str], Any]
) -> None:
    answers(practice, 401, shape(code))
    problem = await refused(sign_in.refresh(account.refresh_token, reason="proactive_expiry"))
    assert (problem.reason, problem.permanent) == (code, True)


@pytest.mark.parametrize(
    ("status", "body", "reason", "permanent"),
    [
        (400, {"error": "invalid_grant", "error_description": "rt-secret"}, "invalid_grant", True),
        (400, {"error": "invalid_request"}, "invalid_request", False),
        (401, {"error": {"code": "something_new", "message": "rt-secret"}}, "something_new", False),
        (401, {"error": {"code": "rt-secret"}}, "http_401", False),
        (401, {"error": {"code": None}}, "http_401", False),
        (401, [], "http_401", False),
        (403, {"error": {"code": "access_denied"}}, "access_denied", False),
        (429, {"error": {"code": "refresh_token_expired"}}, "refresh_token_expired", False),
        (429, b"", "http_429", False),
        (500, {"error": "invalid_grant"}, "invalid_grant", False),
        (502, b"<html>rt-secret</html>", "http_502", False),
        (302, b"", "not_json", False),
        (200, b"<html>Sign in to this Wi-Fi</html>", "not_json", False),
        (200, b"", "not_json", False),
        (200, b'"text"', "not_json", False),
        (204, b"", "not_json", False),
    ],
)
async def test_everything_unknown_may_pass(
    practice: PracticeUpstream,
    sign_in: SignInService,
    account: PracticeAccount,
    status: int,
    body: Any,
    reason: str,
    permanent: bool,
) -> None:
    answers(practice, status, body)
    problem = await refused(sign_in.refresh(account.refresh_token, reason="proactive_expiry"))
    assert (problem.reason, problem.permanent) == (reason, permanent)


async def test_a_country_that_is_not_served_is_the_networks_fault(
    practice: PracticeUpstream, sign_in: SignInService, account: PracticeAccount
) -> None:
    body = {"error": {"code": "unsupported_country_region_territory", "message": "Country, region, or territory"}}
    answers(practice, 403, body)
    problem = await refused(sign_in.refresh(account.refresh_token, reason="proactive_expiry"))
    assert (problem.reason, problem.permanent) == ("unsupported_country_region_territory", False)
    assert "the connection went without a proxy" in problem.message
    assert "not the account" in problem.message


async def test_a_page_of_cloudflare_is_told(
    practice: PracticeUpstream, sign_in: SignInService, account: PracticeAccount
) -> None:
    answers(practice, 403, b"<!DOCTYPE html><title>Just a moment...</title>", kind="text/html")
    problem = await refused(sign_in.refresh(account.refresh_token, reason="proactive_expiry"))
    assert (problem.reason, problem.permanent) == ("cloudflare", False)


async def test_an_answer_without_end_is_given_up(
    practice: PracticeUpstream, sign_in: SignInService, account: PracticeAccount
) -> None:
    answers(practice, 200, b"[" + b" " * (2 << 20))
    with pytest.raises(NoAnswer, match="far too long"):
        await sign_in.refresh(account.refresh_token, reason="proactive_expiry")


async def test_silence_is_given_up(practice: PracticeUpstream, http: UpstreamHttp, account: PracticeAccount) -> None:
    practice.script(Turn(hang_at="headers"), on="token")
    impatient = SignInService(UpstreamEndpoints(auth_issuer=practice.auth_issuer), http, timeout_s=0.2)
    with pytest.raises(UpstreamTimeout) as caught:
        await impatient.refresh(account.refresh_token, reason="proactive_expiry")
    assert caught.value.sent
    assert account.refresh_token not in f"{caught.value!r}"


async def test_an_answer_that_breaks_off_is_no_answer(
    practice: PracticeUpstream, sign_in: SignInService, account: PracticeAccount
) -> None:
    for point in ("headers", 0):
        practice.script(Turn(cut_at=point), on="token")
        with pytest.raises(NoAnswer) as caught:
            await sign_in.refresh(practice.newest(account).refresh_token, reason="proactive_expiry")
        assert caught.value.sent


async def test_a_login_that_names_no_account_is_refused(practice: PracticeUpstream, sign_in: SignInService) -> None:
    answers(practice, 200, {"access_token": "at-secret", "refresh_token": "rt-secret"})
    problem = await refused(sign_in.exchange(code="ac-secret", verifier="verifier-secret", redirect_uri=REDIRECT))
    assert problem.reason == "no_account"


async def test_a_revoked_login_is_over(
    practice: PracticeUpstream, sign_in: SignInService, account: PracticeAccount
) -> None:
    await sign_in.revoke(account.refresh_token)
    assert json.loads(practice.received[-1].body)["token_type_hint"] == "refresh_token"
    problem = await refused(sign_in.refresh(account.refresh_token, reason="proactive_expiry"), account.refresh_token)
    assert (problem.reason, problem.permanent) == ("refresh_token_invalidated", True)
    answers(practice, 503, b"", on="revoke")
    assert (await refused(sign_in.revoke(account.refresh_token))).reason == "http_503"


async def test_no_secret_reaches_the_log(
    practice: PracticeUpstream, sign_in: SignInService, account: PracticeAccount, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await sign_in.refresh(account.refresh_token, reason="proactive_expiry")
    await refused(sign_in.exchange(code="ac-secret", verifier="verifier-secret", redirect_uri=REDIRECT))
    await sign_in.revoke(account.refresh_token)
    newest = practice.newest(account)
    for secret in ("secret", account.refresh_token, newest.refresh_token, newest.access_token):
        assert secret not in caplog.text

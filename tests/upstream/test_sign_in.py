"""Sign-in, refresh and revocation, against a service that follows the rules of the real one."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from app.core.credential import ChatGPTLogin
from app.upstream.endpoints import UpstreamEndpoints
from app.upstream.errors import NoAnswer, SignInRefused, UpstreamTimeout
from app.upstream.http import UpstreamHttp
from app.upstream.pkce import new_pkce, new_state
from app.upstream.sign_in import DEVICE_CODE_S, DeviceCode, DeviceGrant, SignInService
from tests.upstream.auth_service import AuthService, access_token, auth_service

REDIRECT = "http://127.0.0.1:1455/auth/callback"
SECRETS = ("rt-secret", "ac-secret", "verifier-secret", "da-secret", "at-secret")


@pytest.fixture
async def service() -> AsyncIterator[AuthService]:
    async with auth_service() as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[UpstreamHttp]:
    opened = UpstreamHttp()
    yield opened
    await opened.close()


@pytest.fixture
def sign_in(service: AuthService, http: UpstreamHttp) -> SignInService:
    return SignInService(UpstreamEndpoints(auth_issuer=service.address), http)


async def refused(call: Awaitable[object]) -> SignInRefused:
    with pytest.raises(SignInRefused) as caught:
        await call
    shown = f"{caught.value} {caught.value!r} {caught.value.details}"
    assert not [secret for secret in SECRETS if secret in shown]
    return caught.value


async def test_a_browser_sign_in_gives_a_login(service: AuthService, sign_in: SignInService) -> None:
    verifier, challenge = new_pkce()
    state = new_state()
    url = sign_in.authorize_url(redirect_uri=REDIRECT, state=state, challenge=challenge)
    brought = service.agree(url)
    assert brought["state"] == state
    login = await sign_in.exchange(code=brought["code"], verifier=verifier, redirect_uri=REDIRECT)
    assert login.identity == "chatgpt:acc:user"
    assert (login.email, login.plan) == ("someone@example.com", "plus")
    assert isinstance(login.credential, ChatGPTLogin)
    assert login.credential.refresh_token == "rt-0"
    headers = service.seen[0][1]
    assert headers["originator"] == "waystation"
    assert headers["User-Agent"].startswith("Waystation/")


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


async def test_a_code_serves_once(service: AuthService, sign_in: SignInService) -> None:
    verifier, challenge = new_pkce()
    service.agree(sign_in.authorize_url(redirect_uri=REDIRECT, state="s", challenge=challenge), "ac-secret")
    await sign_in.exchange(code="ac-secret", verifier=verifier, redirect_uri=REDIRECT)
    problem = await refused(sign_in.exchange(code="ac-secret", verifier=verifier, redirect_uri=REDIRECT))
    assert (problem.reason, problem.permanent) == ("invalid_grant", True)


async def test_a_refresh_rotates(service: AuthService, sign_in: SignInService) -> None:
    renewed = await sign_in.refresh("rt-secret", reason="proactive_expiry")
    assert renewed.refresh_token == "rt-1"
    assert renewed.access_token == access_token(2)
    assert "rt-1" not in repr(renewed)
    path, headers, body = service.seen[0]
    assert path == "/oauth/token"
    assert headers["Content-Type"] == "application/json"
    assert json.loads(body)["refresh_reason"] == "proactive_expiry"
    problem = await refused(sign_in.refresh("rt-secret", reason="unauthorized_recovery"))
    assert (problem.reason, problem.permanent) == ("refresh_token_reused", True)
    assert "used by another program" in problem.message


async def test_what_a_refresh_does_not_name_is_unknown(service: AuthService, sign_in: SignInService) -> None:
    service.refuse(200, {"access_token": "at-new", "refresh_token": None, "id_token": 7})
    renewed = await sign_in.refresh("rt-secret", reason="proactive_expiry")
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
    service: AuthService, sign_in: SignInService, code: str, shape: Callable[[str], Any]
) -> None:
    service.refuse(401, shape(code))
    problem = await refused(sign_in.refresh("rt-secret", reason="proactive_expiry"))
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
    service: AuthService, sign_in: SignInService, status: int, body: Any, reason: str, permanent: bool
) -> None:
    service.refuse(status, body)
    problem = await refused(sign_in.refresh("rt-secret", reason="proactive_expiry"))
    assert (problem.reason, problem.permanent) == (reason, permanent)


async def test_a_country_that_is_not_served_is_the_networks_fault(service: AuthService, sign_in: SignInService) -> None:
    body = {"error": {"code": "unsupported_country_region_territory", "message": "Country, region, or territory"}}
    service.refuse(403, body)
    problem = await refused(sign_in.refresh("rt-secret", reason="proactive_expiry"))
    assert (problem.reason, problem.permanent) == ("unsupported_country_region_territory", False)
    assert "the connection went without a proxy" in problem.message
    assert "not the account" in problem.message


async def test_a_page_of_cloudflare_is_told(service: AuthService, sign_in: SignInService) -> None:
    service.refuse(403, b"<!DOCTYPE html><title>Just a moment...</title>", **{"Content-Type": "text/html"})
    problem = await refused(sign_in.refresh("rt-secret", reason="proactive_expiry"))
    assert (problem.reason, problem.permanent) == ("cloudflare", False)


async def test_an_answer_without_end_is_given_up(service: AuthService, sign_in: SignInService) -> None:
    service.refuse(200, b"[" + b" " * (2 << 20))
    with pytest.raises(NoAnswer, match="far too long"):
        await sign_in.refresh("rt-secret", reason="proactive_expiry")


async def test_silence_is_given_up(http: UpstreamHttp) -> None:
    over = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await over.wait()
        writer.close()

    async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
        address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        service = SignInService(UpstreamEndpoints(auth_issuer=address), http, timeout_s=0.1)
        with pytest.raises(UpstreamTimeout) as caught:
            await service.refresh("rt-secret", reason="proactive_expiry")
        over.set()
    assert caught.value.sent


async def test_a_login_that_names_no_account_is_refused(service: AuthService, sign_in: SignInService) -> None:
    service.refuse(200, {"access_token": "at-secret", "refresh_token": "rt-secret"})
    problem = await refused(sign_in.exchange(code="ac-secret", verifier="verifier-secret", redirect_uri=REDIRECT))
    assert problem.reason == "no_account"


async def test_a_revoked_login_is_over(service: AuthService, sign_in: SignInService) -> None:
    await sign_in.revoke("rt-secret")
    assert json.loads(service.seen[0][2])["token_type_hint"] == "refresh_token"
    problem = await refused(sign_in.refresh("rt-secret", reason="proactive_expiry"))
    assert problem.permanent
    service.refuse(503, b"")
    assert (await refused(sign_in.revoke("rt-secret"))).reason == "http_503"


class Pauses:
    """A clock that only sleeping moves; on the way, things happen."""

    def __init__(self, happen: Callable[[int], None] = lambda number: None) -> None:
        self.now = 0.0
        self.slept: list[float] = []
        self._happen = happen

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept.append(seconds)
        self._happen(len(self.slept))

    async def wait(self, sign_in: SignInService, device: DeviceCode) -> DeviceGrant:
        return await sign_in.wait_for_device(device, monotonic=lambda: self.now, sleep=self.sleep)


async def test_a_device_sign_in_gives_a_login(service: AuthService, sign_in: SignInService) -> None:
    device = await sign_in.start_device()
    assert (device.user_code, device.interval_s, device.expires_in_s) == ("ABCD-1234", 5.0, DEVICE_CODE_S)
    assert device.page == f"{service.address}/codex/device"
    assert "ABCD" not in repr(device)

    def happen(number: int) -> None:
        service.device_agreed = number == 3

    pauses = Pauses(happen)
    grant = await pauses.wait(sign_in, device)
    assert pauses.slept == [5.0, 5.0, 5.0]
    assert "ac-device" not in repr(grant)
    login = await sign_in.exchange_device(grant)
    assert login.identity == "chatgpt:acc:user"


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (403, b""),
        (404, b""),
        (403, {"error": {"code": "deviceauth_authorization_unknown"}}),
        (400, {"error": "authorization_pending"}),
    ],
)
async def test_not_yet_is_no_refusal(service: AuthService, sign_in: SignInService, status: int, body: Any) -> None:
    device = await sign_in.start_device()
    service.refuse(status, body)
    assert await sign_in.poll_device(device) is None


@pytest.mark.parametrize(
    ("status", "body"), [(400, {"error": "slow_down"}), (403, {"error": {"code": "slow_down"}}), (429, b"")]
)
async def test_polling_gets_slower_when_asked_to(
    service: AuthService, sign_in: SignInService, status: int, body: Any
) -> None:
    device = await sign_in.start_device()
    service.device_agreed = True
    service.refuse(status, body)
    service.refuse(status, body)
    pauses = Pauses()
    await pauses.wait(sign_in, device)
    assert pauses.slept == [5.0, 10.0, 15.0]


async def test_a_device_code_ends(service: AuthService, sign_in: SignInService) -> None:
    device = await sign_in.start_device()
    pauses = Pauses()
    problem = await refused(pauses.wait(sign_in, device))
    assert problem.reason == "device_code_expired"
    assert pauses.now == DEVICE_CODE_S


async def test_trouble_that_passes_is_waited_out(service: AuthService, sign_in: SignInService) -> None:
    device = await sign_in.start_device()
    service.device_agreed = True
    service.refuse(503, b"")
    service.refuse(200, b"<html>")
    pauses = Pauses()
    assert await pauses.wait(sign_in, device)
    assert len(pauses.slept) == 3


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (403, {"error": {"code": "access_denied"}}, "access_denied"),
        (400, {"error": "expired_token"}, "expired_token"),
        (403, {"error": {"code": "unsupported_country_region_territory"}}, "unsupported_country_region_territory"),
        (403, b"<html>", "cloudflare"),
    ],
)
async def test_a_refusal_ends_the_polling(
    service: AuthService, sign_in: SignInService, status: int, body: Any, reason: str
) -> None:
    device = await sign_in.start_device()
    service.refuse(status, body)
    pauses = Pauses()
    assert (await refused(pauses.wait(sign_in, device))).reason == reason
    assert len(pauses.slept) == 1


async def test_a_service_without_device_codes_says_so(service: AuthService, sign_in: SignInService) -> None:
    service.refuse(404, b"")
    problem = await refused(sign_in.start_device())
    assert problem.reason == "device_code_off"
    assert "browser" in problem.message


@pytest.mark.parametrize(
    ("interval", "expires", "expected"),
    [
        ("7", 60, (7.0, 60.0)),
        (3, None, (3.0, 900.0)),
        (0, 1e9, (5.0, 900.0)),
        ("x", "nan", (5.0, 900.0)),
        (1e6, -5, (60.0, 900.0)),
    ],
)
async def test_times_of_the_service_are_believed_within_reason(
    service: AuthService, sign_in: SignInService, interval: Any, expires: Any, expected: tuple[float, float]
) -> None:
    service.refuse(200, {"device_auth_id": "d", "usercode": "U", "interval": interval, "expires_in": expires})
    device = await sign_in.start_device()
    assert (device.interval_s, device.expires_in_s) == expected


async def test_no_secret_reaches_the_log(
    service: AuthService, sign_in: SignInService, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await sign_in.refresh("rt-secret", reason="proactive_expiry")
    await refused(sign_in.exchange(code="ac-secret", verifier="verifier-secret", redirect_uri=REDIRECT))
    await sign_in.revoke("rt-secret")
    assert not [secret for secret in SECRETS if secret in caplog.text]

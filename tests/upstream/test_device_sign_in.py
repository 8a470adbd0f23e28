"""Signing in by device code: polling, its pace, and its end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from app.practice.accounts import PracticeAccount
from app.practice.server import PracticeUpstream
from app.upstream.endpoints import UpstreamEndpoints
from app.upstream.http import UpstreamHttp
from app.upstream.sign_in import DEVICE_CODE_S, DeviceCode, DeviceGrant, SignInService
from tests.upstream.signing_in import answers, refused


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


async def test_a_device_sign_in_gives_a_login(
    practice: PracticeUpstream, sign_in: SignInService, account: PracticeAccount
) -> None:
    device = await sign_in.start_device()
    assert device.interval_s == 5.0
    assert DEVICE_CODE_S - 5 < device.expires_in_s <= DEVICE_CODE_S
    assert device.page == f"{practice.auth_issuer}/codex/device"
    assert device.user_code not in repr(device)
    assert device.device_auth_id not in repr(device)

    def happen(number: int) -> None:
        if number == 3:
            practice.approve_device(device.user_code, account)

    pauses = Pauses(happen)
    grant = await pauses.wait(sign_in, device)
    assert pauses.slept == [5.0, 5.0, 5.0]
    assert grant.code not in repr(grant)
    assert grant.verifier not in repr(grant)
    login = await sign_in.exchange_device(grant)
    assert login.account_id == account.account_id


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (403, b""),
        (404, b""),
        (403, {"error": {"code": "deviceauth_authorization_unknown"}}),
        (400, {"error": "authorization_pending"}),
    ],
)
async def test_not_yet_is_no_refusal(
    practice: PracticeUpstream, sign_in: SignInService, status: int, body: Any
) -> None:
    device = await sign_in.start_device()
    answers(practice, status, body, on="device_poll")
    assert await sign_in.poll_device(device) is None


@pytest.mark.parametrize(
    ("status", "body"), [(400, {"error": "slow_down"}), (403, {"error": {"code": "slow_down"}}), (429, b"")]
)
async def test_polling_gets_slower_when_asked_to(
    practice: PracticeUpstream, sign_in: SignInService, account: PracticeAccount, status: int, body: Any
) -> None:
    device = await sign_in.start_device()
    practice.approve_device(device.user_code, account)
    answers(practice, status, body, on="device_poll")
    answers(practice, status, body, on="device_poll")
    pauses = Pauses()
    await pauses.wait(sign_in, device)
    assert pauses.slept == [5.0, 10.0, 15.0]


async def test_a_device_code_ends(practice: PracticeUpstream, sign_in: SignInService) -> None:
    device = await sign_in.start_device()
    pauses = Pauses()
    problem = await refused(pauses.wait(sign_in, device))
    assert problem.reason == "device_code_expired"
    assert pauses.now == pytest.approx(device.expires_in_s)


async def test_trouble_that_passes_is_waited_out(
    practice: PracticeUpstream, sign_in: SignInService, account: PracticeAccount
) -> None:
    device = await sign_in.start_device()
    practice.approve_device(device.user_code, account)
    answers(practice, 503, b"", on="device_poll")
    answers(practice, 200, b"<html>", on="device_poll")
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
    practice: PracticeUpstream, sign_in: SignInService, status: int, body: Any, reason: str
) -> None:
    device = await sign_in.start_device()
    answers(practice, status, body, on="device_poll")
    pauses = Pauses()
    assert (await refused(pauses.wait(sign_in, device))).reason == reason
    assert len(pauses.slept) == 1


async def test_a_service_without_device_codes_says_so(practice: PracticeUpstream, sign_in: SignInService) -> None:
    practice.sign_in.device_on = False
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
    practice: PracticeUpstream,
    sign_in: SignInService,
    interval: Any,
    expires: Any,
    expected: tuple[float, float],
) -> None:
    answers(
        practice,
        200,
        {"device_auth_id": "d", "usercode": "U", "interval": interval, "expires_in": expires},
        on="device",
    )
    device = await sign_in.start_device()
    assert (device.interval_s, device.expires_in_s) == expected


@pytest.mark.parametrize(
    ("ends", "expected"),
    [("1970-01-01T00:18:20+00:00", 100.0), ("1970-01-01T00:16:41Z", 900.0), ("soon", 900.0), (7, 900.0)],
)
async def test_the_end_of_a_code_is_believed_unless_the_clock_is_wrong(
    practice: PracticeUpstream, http: UpstreamHttp, ends: Any, expected: float
) -> None:
    sign_in = SignInService(UpstreamEndpoints(auth_issuer=practice.auth_issuer), http, now=lambda: 1000.0)
    answers(practice, 200, {"device_auth_id": "d", "user_code": "U", "expires_at": ends}, on="device")
    assert (await sign_in.start_device()).expires_in_s == expected

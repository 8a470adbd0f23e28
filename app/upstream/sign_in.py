"""The sign-in service: browser and device sign-in, refresh, and revocation, as the Codex CLI uses them.

Protocol: reference codex-wire §3, observed with Codex 0.169.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from urllib.parse import quote, urlencode

import orjson
from yarl import URL

from app import __version__
from app.core.credential import Login, login_from_access_token
from app.core.errors import InvalidInput
from app.upstream.answers import TIMEOUT_S, Answer, ask
from app.upstream.endpoints import UpstreamEndpoints
from app.upstream.errors import NoAnswer, SignInRefused
from app.upstream.http import UpstreamHttp
from app.upstream.refusals import (
    CLOUDFLARE,
    COUNTRY,
    DEVICE_CODE_EXPIRED,
    DEVICE_CODE_OFF,
    SLOW_DOWN,
    What,
    not_understood,
    refusal_of,
)

#: Of the Codex CLI: a public client, the only one that the service gives Codex logins to.
CLIENT_ID = "app_EMoamEEZ73f0CkXaXp7hrann"
#: Without the connectors that Codex 0.169 also asks for: nothing here uses them.
SCOPE = "openid profile email offline_access"

#: Codex' own limit for a device code, in seconds; also the most that is believed of the service's answer.
DEVICE_CODE_S = 900.0
_SHORTEST_LIFE_S = 30.0
_INTERVAL_S = 5.0
_LONGEST_INTERVAL_S = 60.0
#: RFC 8628 §3.5: how much longer to wait after `slow_down`.
_SLOWER_S = 5.0
_PENDING = ("authorization_pending", "deviceauth_authorization_pending")

Reason = Literal["proactive_expiry", "unauthorized_recovery"]


@dataclass(frozen=True, slots=True)
class Renewed:
    """What a refresh brought; what is None stays as it was."""

    access_token: str | None = field(repr=False)
    refresh_token: str | None = field(repr=False)
    id_token: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class DeviceCode:
    """A sign-in that goes on in any browser.

    Attributes:
        device_auth_id: names it towards the service.
        user_code: the user types it there.
        page: the address to open.
        interval_s: between two polls.
        expires_in_s: from its start.
    """

    device_auth_id: str = field(repr=False)
    user_code: str = field(repr=False)
    page: str
    interval_s: float
    expires_in_s: float


@dataclass(frozen=True, slots=True)
class DeviceGrant:
    """The user has agreed: what `SignInService.exchange_device` turns into a login."""

    code: str = field(repr=False)
    verifier: str = field(repr=False)


class SignInService:
    """Speaks to the sign-in service.

    Every call raises `NoAnswer` when there was none, and `SignInRefused` for a refusal. `proxy` is the token's own
    (an address with its password, or `direct`); None: the application's.

    Args:
        endpoints: where it is.
        http: the way out, the same as for turns.
        timeout_s: for one answer.
        now: Unix seconds.
    """

    def __init__(
        self,
        endpoints: UpstreamEndpoints,
        http: UpstreamHttp,
        *,
        timeout_s: float = TIMEOUT_S,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._issuer = endpoints.auth_issuer
        self._host = URL(endpoints.auth_issuer).host or ""
        self._http = http
        self._timeout_s = timeout_s
        self._now = now

    def authorize_url(self, *, redirect_uri: str, state: str, challenge: str) -> str:
        """The address to open in a browser; it names the sign-in, but holds nothing that opens an account."""
        query = {
            "response_type": "code",
            "client_id": CLIENT_ID,
            "redirect_uri": redirect_uri,
            "scope": SCOPE,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            "state": state,
            "id_token_add_organizations": "true",
            "codex_cli_simplified_flow": "true",
            # What the client id above is registered with. It chooses the page that the user sees; requests of our own
            # carry our own name.
            "originator": "codex_cli_rs",
            # Otherwise a browser that is signed in gives the same account again, without asking.
            "prompt": "login",
        }
        return f"{self._issuer}/oauth/authorize?{urlencode(query, quote_via=quote)}"

    async def exchange(self, *, code: str, verifier: str, redirect_uri: str, proxy: str | None = None) -> Login:
        """Turn the code that the browser brought into a login; `redirect_uri` as it was in the address."""
        form = {
            "grant_type": "authorization_code",
            "client_id": CLIENT_ID,
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        }
        answer = await self._ask("/oauth/token", urlencode(form).encode(), proxy, "application/x-www-form-urlencoded")
        data = self._success(answer, "sign-in")
        access_token = _text(data, "access_token")
        if access_token is None:
            raise not_understood(answer, self._host)
        try:
            return login_from_access_token(
                access_token, refresh_token=_text(data, "refresh_token"), id_token=_text(data, "id_token")
            )
        except InvalidInput as error:
            raise SignInRefused(
                "The sign-in worked, but what it gave does not name a ChatGPT account. Try again.",
                reason="no_account",
                permanent=False,
            ) from error

    async def refresh(self, refresh_token: str, *, reason: Reason, proxy: str | None = None) -> Renewed:
        """Renew a login. The refresh token is spent by it, also when the answer is lost: save the new one at once.

        Args:
            refresh_token: of the login.
            reason: why, in the words that Codex gives the service.
            proxy: see the class.
        """
        fields = {
            "client_id": CLIENT_ID,
            "grant_type": "refresh_token",
            "refresh_token": refresh_token,
            "refresh_reason": reason,
        }
        data = self._success(await self._ask("/oauth/token", orjson.dumps(fields), proxy), "refresh")
        return Renewed(_text(data, "access_token"), _text(data, "refresh_token"), _text(data, "id_token"))

    async def start_device(self, proxy: str | None = None) -> DeviceCode:
        """Begin a sign-in by device code."""
        body = orjson.dumps({"client_id": CLIENT_ID})
        answer = await self._ask("/api/accounts/deviceauth/usercode", body, proxy)
        if answer.status == 404:
            raise SignInRefused(
                f"{self._host} does not offer sign-in by device code. Sign in with the browser.",
                reason=DEVICE_CODE_OFF,
                permanent=True,
            )
        data = self._success(answer, "sign-in")
        device_auth_id = _text(data, "device_auth_id")
        user_code = _text(data, "user_code") or _text(data, "usercode")
        if device_auth_id is None or user_code is None:
            raise not_understood(answer, self._host)
        return DeviceCode(
            device_auth_id,
            user_code,
            f"{self._issuer}/codex/device",
            min(_seconds(data.get("interval"), _INTERVAL_S), _LONGEST_INTERVAL_S),
            self._life(data),
        )

    async def poll_device(self, device: DeviceCode, proxy: str | None = None) -> DeviceGrant | None:
        """Ask once whether the user has agreed; None: not yet. `SignInRefused` may say `slow_down`."""
        body = orjson.dumps({"device_auth_id": device.device_auth_id, "user_code": device.user_code})
        answer = await self._ask("/api/accounts/deviceauth/token", body, proxy)
        if answer.reason in _PENDING:
            return None
        if answer.status in (403, 404) and answer.reason != SLOW_DOWN:
            # Both mean "not yet" (codex-wire §3), unless they say clearly that it is something else.
            refused = refusal_of(answer, self._host)
            if refused.permanent or refused.reason in (COUNTRY, CLOUDFLARE):
                raise refused
            return None
        data = self._success(answer, "sign-in")
        code, verifier = _text(data, "authorization_code"), _text(data, "code_verifier")
        if code is None or verifier is None:
            raise not_understood(answer, self._host)
        return DeviceGrant(code, verifier)

    async def wait_for_device(
        self,
        device: DeviceCode,
        proxy: str | None = None,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> DeviceGrant:
        """Poll until the user has agreed, no faster than the service wants.

        What may pass by itself is waited out for as long as the code is good. The end of that is a `SignInRefused`
        with the reason `device_code_expired`, or the trouble that was there last.
        """
        deadline = monotonic() + device.expires_in_s
        interval = device.interval_s
        trouble: SignInRefused | NoAnswer | None = None
        while (left := deadline - monotonic()) > 0:
            await sleep(min(interval, left))
            try:
                grant = await self.poll_device(device, proxy)
                trouble = None
            except SignInRefused as refused:
                if refused.permanent or refused.reason in (COUNTRY, CLOUDFLARE):
                    raise
                grant, trouble = None, refused
                if refused.reason in (SLOW_DOWN, "http_429"):
                    interval, trouble = min(interval + _SLOWER_S, _LONGEST_INTERVAL_S), None
            except NoAnswer as problem:
                if not problem.passing:
                    raise
                grant, trouble = None, problem
            if grant is not None:
                return grant
        raise trouble or SignInRefused(
            "The code was not used in time. Start the sign-in again.", reason=DEVICE_CODE_EXPIRED, permanent=True
        )

    async def exchange_device(self, grant: DeviceGrant, proxy: str | None = None) -> Login:
        """Turn the user's consent into a login."""
        return await self.exchange(
            code=grant.code,
            verifier=grant.verifier,
            redirect_uri=f"{self._issuer}/deviceauth/callback",
            proxy=proxy,
        )

    async def revoke(self, refresh_token: str, proxy: str | None = None) -> None:
        """End a login for good."""
        fields = {"token": refresh_token, "token_type_hint": "refresh_token", "client_id": CLIENT_ID}
        answer = await self._ask("/oauth/revoke", orjson.dumps(fields), proxy)
        if not 200 <= answer.status < 300:
            raise refusal_of(answer, self._host, "sign-out")

    async def _ask(self, path: str, body: bytes, proxy: str | None, content_type: str = "application/json") -> Answer:
        headers = [
            ("originator", "waystation"),
            ("User-Agent", f"Waystation/{__version__}"),
            ("Content-Type", content_type),
            ("Accept", "application/json"),
            ("Accept-Encoding", "identity"),
        ]
        url = self._issuer + path
        return await ask(self._http, "POST", url, headers, body, proxy=proxy, timeout_s=self._timeout_s)

    def _life(self, data: Mapping[str, object]) -> float:
        """How long a device code is good; it says so as a time, which means little where the clock is wrong."""
        life = _seconds(data.get("expires_in"), 0.0)
        ends = _text(data, "expires_at")
        if not life and ends is not None:
            with suppress(ValueError, OverflowError):
                life = datetime.fromisoformat(ends).timestamp() - self._now()
        return life if _SHORTEST_LIFE_S <= life <= DEVICE_CODE_S else DEVICE_CODE_S

    def _success(self, answer: Answer, what: What) -> Mapping[str, object]:
        if not 200 <= answer.status < 300 or answer.data is None:
            raise refusal_of(answer, self._host, what)
        return answer.data


def _text(data: Mapping[str, object], name: str) -> str | None:
    value = data.get(name)
    return value if isinstance(value, str) and value else None


def _seconds(value: object, default: float) -> float:
    """A number, also as text (`"5"`)."""
    try:
        seconds = float(value) if isinstance(value, str | int | float) else default
    except ValueError:
        return default
    return seconds if math.isfinite(seconds) and seconds >= 1 else default

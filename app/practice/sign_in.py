"""The simulated sign-in service: the browser's pages, the exchange of codes, refresh, revocation, devices.

Paths, parameters and shapes are those that Codex 0.169 was seen to use; what a device is told while it
waits and the time at which its code ends are as others saw them at the real service.
"""

import re
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlencode

import orjson
from aiohttp import web

from app.practice import pages, refusals, sending
from app.practice.accounts import CLIENT_ID, PracticeAccount
from app.practice.grants import Codes, Device, Devices, challenge_of
from app.practice.logins import Refresh
from app.practice.recorder import RECORD
from app.practice.refusals import Refusal
from app.practice.script import Endpoint
from app.practice.world import World

DECLINE = "decline"
"""The ``practice_account`` that stands for a person who goes away again."""

_CALLBACK = re.compile(r"http://(127\.0\.0\.1|localhost):\d{1,5}/auth/callback")
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_COOKIE = "practice_account"
_DEVICE_CALLBACK = "/deviceauth/callback"
_AT_DEVICE = "(the device callback)"


class SignInDesk:
    """Answers the requests of the sign-in service, which has the root of the origin for itself."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._logins = world.logins
        self._codes = Codes(world.logins.rules, world.clock, world.ids.new)
        self._devices = Devices(world.logins.rules, world.clock, world.ids.new)
        self.next: deque[PracticeAccount | None] = deque()
        """Who signs in with the next browsers, without being asked; None declines."""

    def add_routes(self, router: web.UrlDispatcher) -> None:
        """Route the paths of the service."""
        router.add_route("GET", "/oauth/authorize", self._authorize)
        router.add_route("POST", "/oauth/token", self._token)
        router.add_route("POST", "/oauth/revoke", self._revoke)
        router.add_route("POST", "/api/accounts/deviceauth/usercode", self._start_device)
        router.add_route("POST", "/api/accounts/deviceauth/token", self._poll_device)
        router.add_route("GET", "/codex/device", self._device_page)
        router.add_route("POST", "/codex/device", self._decide_device)

    def decide(self, user_code: str, account: PracticeAccount | None) -> None:
        """Let the device that waits under ``user_code`` sign in as ``account``; None denies it.

        Raises:
            LookupError: no device waits under this code.
        """
        device = self._devices.waiting(user_code)
        if device is None:
            raise LookupError(f"No device waits under the code {user_code!r}.")
        device.account = account
        device.denied = account is None

    async def _authorize(self, request: web.Request) -> web.StreamResponse:
        return sending.whole(self._authorization(request), request[RECORD])

    def _authorization(self, request: web.Request) -> Refusal:
        asked = request.query
        back = asked.get("redirect_uri", "")
        # Nobody is sent on to an address that is not the client's own.
        if asked.get("client_id") != CLIENT_ID:
            return refusals.page(pages.message("Unknown client_id."), 400)
        if not _CALLBACK.fullmatch(back):
            return refusals.page(pages.message("This redirect_uri is not registered."), 400)
        problem = _problem(request)
        if problem:
            return _redirect(back, {"error": "invalid_request", "error_description": problem, **_state(request)})
        choice = asked.get("practice_account")
        if choice is None and self.next:
            account = self.next.popleft()
        elif choice is None:
            # A browser that signed in before is asked again only if the client wants that.
            account = self._named(request.cookies.get(_COOKIE, "")) if asked.get("prompt") != "login" else None
            if account is None:
                return refusals.page(self._choices(request))
        else:
            account = self._named(choice)
            if account is None and choice != DECLINE:
                return refusals.page(pages.message(f"There is no account {choice!r}."), 400)
        if account is None:
            refused = {"error": "access_denied", "error_description": "The person did not sign in."}
            return _redirect(back, {**refused, **_state(request)})
        request[RECORD].credential = account
        scope = asked.get("scope", "")
        code = self._codes.issue(account, back, asked["code_challenge"], scope)
        index = [one.identity for one in self._logins.accounts].index(account.identity)
        cookie = ("Set-Cookie", f"{_COOKIE}={index}; Path=/oauth; HttpOnly; SameSite=Lax")
        return _redirect(back, {"code": code, "scope": scope, **_state(request)}, cookie)

    def _choices(self, request: web.Request) -> str:
        def link(choice: str) -> str:
            return f"{request.path}?{urlencode([*request.query.items(), ('practice_account', choice)])}"

        rows = [(account, link(str(index))) for index, account in enumerate(self._logins.accounts)]
        return pages.choose_account(rows, link(DECLINE))

    def _named(self, choice: str) -> PracticeAccount | None:
        """Return the account with this index, account id or e-mail address."""
        for index, account in enumerate(self._logins.accounts):
            if choice in (str(index), account.account_id, account.email):
                return account
        return None

    async def _token(self, request: web.Request) -> web.StreamResponse:
        fields = _fields(request)
        if fields.get("client_id") != CLIENT_ID:
            refused = refusals.oauth_error("invalid_client", "Unknown client_id.", 401)
            return sending.whole(refused, request[RECORD])
        kind = fields.get("grant_type")
        if kind == "refresh_token":
            return await self._refresh(request, fields)
        if kind == "authorization_code" and not _is_json(request):
            return await self._exchange(request, fields)
        refused = refusals.oauth_error("unsupported_grant_type", "This grant_type is not supported here.")
        return sending.whole(refused, request[RECORD])

    async def _exchange(self, request: web.Request, fields: dict[str, str]) -> web.StreamResponse:
        redirect = fields.get("redirect_uri", "")
        issuer = f"{request.scheme}://{request.host}"
        if redirect == f"{issuer}{_DEVICE_CALLBACK}":
            # Devices may reach this server under any of its names.
            redirect = _AT_DEVICE
        code = fields.get("code", "")
        account = self._codes.holder(code)
        request[RECORD].credential = account

        def sign_in() -> Refusal:
            found = self._codes.redeem(code, redirect, fields.get("code_verifier", ""))
            if isinstance(found, Refusal):
                return found
            holder, scope = found
            left_out = frozenset({"refresh_token"} if "offline_access" not in scope.split() else ())
            return _tokens(self._logins.sign_in(holder), scope, left_out)

        return await self._answer(request, account, "token", sign_in)

    async def _refresh(self, request: web.Request, fields: dict[str, str]) -> web.StreamResponse:
        token = fields.get("refresh_token", "")
        record = request[RECORD]
        login = self._logins.find(token)
        record.credential = login.account if login else None
        refresh = self._logins.begin_refresh(fields.get("refresh_reason"), login)
        refused = self._logins.refusal(login)
        behaviour = None if login is None or refused else self._world.behaviour(login.account, "token")
        if isinstance(behaviour, Refusal):
            _noted(refresh, behaviour)

        def renew() -> Refusal:
            # Somebody else may have used the token while the script held this request.
            made = self._logins.renew(login)
            scope = fields.get("scope") or "openid profile email offline_access"
            answer = made if isinstance(made, Refusal) else _tokens(made, scope, self._logins.rules.leave_out)
            return _noted(refresh, answer)

        try:
            return await sending.at_once(request, behaviour, renew, record)
        finally:
            refresh.running = False

    async def _revoke(self, request: web.Request) -> web.StreamResponse:
        login = self._logins.find(_fields(request).get("token", ""))
        account = login.account if login else None
        request[RECORD].credential = account

        def revoke() -> Refusal:
            # An unknown token is as good as revoked (RFC 7009).
            if login:
                self._logins.revoke(login)
            return refusals.refusal(200, {})

        return await self._answer(request, account, "revoke", revoke)

    async def _start_device(self, request: web.Request) -> web.StreamResponse:
        if not self._logins.rules.device_on:
            return sending.whole(refusals.detail("Not Found", 404), request[RECORD])
        if _fields(request).get("client_id") != CLIENT_ID:
            return sending.whole(refusals.error("Unknown client_id.", param="client_id"), request[RECORD])

        def start() -> Refusal:
            device = self._devices.start()
            content = {
                "device_auth_id": device.id,
                "user_code": device.user_code,
                "interval": str(self._logins.rules.device_interval),
                "expires_at": datetime.fromtimestamp(device.ends, UTC).isoformat(),
            }
            return refusals.refusal(200, content)

        return await self._answer(request, None, "device", start)

    async def _poll_device(self, request: web.Request) -> web.StreamResponse:
        fields = _fields(request)
        device = self._devices.find(fields.get("device_auth_id", ""), fields.get("user_code", ""))
        if not self._logins.rules.device_on or device is None:
            unknown = refusals.error("Unknown device.", status=404, code="deviceauth_authorization_unknown")
            return sending.whole(unknown, request[RECORD])
        request[RECORD].credential = device.account
        return await self._answer(request, device.account, "device_poll", lambda: self._polled(device))

    def _polled(self, device: Device) -> Refusal:
        state = self._devices.state(device)
        if state == "denied":
            return refusals.error("The person denied this device.", status=400, code="access_denied")
        if state == "expired":
            return refusals.error("This device code has expired.", status=400, code="expired_token")
        if device.account is None:
            return refusals.error(
                "Device authorization is pending. Please try again.",
                status=403,
                code="deviceauth_authorization_pending",
            )
        if device.grant is None:
            verifier = self._world.ids.new("practice_verifier")
            scope = "openid profile email offline_access"
            code = self._codes.issue(device.account, _AT_DEVICE, challenge_of(verifier), scope)
            device.grant = code, verifier
        code, verifier = device.grant
        content = {
            "authorization_code": code,
            "code_challenge": challenge_of(verifier),
            "code_verifier": verifier,
        }
        return refusals.refusal(200, content)

    async def _device_page(self, request: web.Request) -> web.StreamResponse:
        page = pages.enter_code(self._logins.accounts, request.query.get("user_code", ""))
        return sending.whole(refusals.page(page), request[RECORD])

    async def _decide_device(self, request: web.Request) -> web.StreamResponse:
        fields = _fields(request)
        code = fields.get("user_code", "")
        approved = fields.get("decision", "approve") == "approve"
        account = self._named(fields.get("account", "")) if approved else None
        if approved and account is None:
            page = pages.enter_code(self._logins.accounts, code, "Choose an account. 请选择账号。")
            return sending.whole(refusals.page(page, 400), request[RECORD])
        try:
            self.decide(code, account)
        except LookupError:
            page = pages.enter_code(
                self._logins.accounts, code, "No device waits under this code. 没有设备使用此代码。"
            )
            return sending.whole(refusals.page(page, 404), request[RECORD])
        done = "The device is signed in. 设备已登录。" if account else "The device was denied. 已拒绝该设备。"
        return sending.whole(refusals.page(pages.message(done)), request[RECORD])

    async def _answer(
        self, request: web.Request, caller: PracticeAccount | None, on: Endpoint, work: Callable[[], Refusal]
    ) -> web.StreamResponse:
        return await sending.at_once(request, self._world.behaviour(caller, on), work, request[RECORD])


def _problem(request: web.Request) -> str:
    """Return what is wrong with an authorization request; empty when nothing is."""
    asked = request.query
    if asked.get("response_type") != "code":
        return "response_type must be code"
    if asked.get("code_challenge_method") != "S256" or not _CHALLENGE.fullmatch(asked.get("code_challenge", "")):
        return "a code_challenge with the method S256 is required"
    if not asked.get("state"):
        return "state is required"
    return "" if "openid" in asked.get("scope", "").split() else "the scope must contain openid"


def _state(request: web.Request) -> dict[str, str]:
    state = request.query.get("state")
    return {"state": state} if state else {}


def _redirect(back: str, values: dict[str, str], *headers: tuple[str, str]) -> Refusal:
    return Refusal(302, b"", (("Location", f"{back}?{urlencode(values)}"), ("Cache-Control", "no-store"), *headers))


def _is_json(request: web.Request) -> bool:
    return request.content_type == "application/json"


def _fields(request: web.Request) -> dict[str, str]:
    """Return the text fields of a body, JSON or form; nothing of a body that is neither."""
    raw = request[RECORD].body
    if not _is_json(request):
        return dict(parse_qsl(raw.decode(errors="replace")))
    try:
        content = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return {}
    return {key: value for key, value in content.items() if isinstance(value, str)} if isinstance(content, dict) else {}


def _tokens(account: PracticeAccount, scope: str, left_out: frozenset[str]) -> Refusal:
    content = {
        "id_token": account.id_token,
        "access_token": account.access_token,
        "refresh_token": account.refresh_token,
        "token_type": "Bearer",
        "expires_in": account.expires_at - account.issued_at,
        "scope": scope,
    }
    return refusals.refusal(200, {key: value for key, value in content.items() if key not in left_out})


def _noted(refresh: Refresh, answer: Refusal) -> Refusal:
    """Return ``answer``, having noted it in the record of the refresh."""
    refresh.status = answer.status
    if answer.status != 200:
        refresh.code = _code_in(answer.body)
    return answer


def _code_in(body: bytes) -> str:
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError:
        return ""
    error = content.get("error") or content.get("code") if isinstance(content, dict) else None
    found = error.get("code") if isinstance(error, dict) else error
    return found if isinstance(found, str) else ""

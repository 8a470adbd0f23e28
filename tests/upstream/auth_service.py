"""A sign-in service as codex-wire §3 describes it, small enough to be read at once."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from aiohttp import web

CLIENT_ID = "app_EMoamEEZ73f0CkXaXp7hrann"


def jwt(**claims: Any) -> str:
    part = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"e30.{part}.sig"


def access_token(number: int = 0) -> str:
    auth = {"chatgpt_account_id": "acc", "chatgpt_user_id": "user", "chatgpt_plan_type": "plus"}
    return jwt(exp=2_000_000_000 + number, **{"https://api.openai.com/auth": auth})


@dataclass
class AuthService:
    """Follows the rules of the real one; `next` answers the next request in its place.

    Attributes:
        address: of it.
        seen: path, headers and body of each request.
        next: status, headers and body of the next answers.
        device_agreed: whether the user has typed the device code.
    """

    address: str = ""
    seen: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    next: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list)
    challenges: dict[str, tuple[str, str]] = field(default_factory=dict)
    refresh_tokens: dict[str, bool] = field(default_factory=dict)
    device_agreed: bool = False

    def refuse(self, status: int, body: Any = None, **headers: str) -> None:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.next.append((status, headers, raw))

    def agree(self, authorize_url: str, code: str = "ac-code") -> dict[str, str]:
        """What the browser brings back after the user has signed in."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(authorize_url).query).items()}
        assert query["code_challenge_method"] == "S256"
        assert query["client_id"] == CLIENT_ID
        self.challenges[code] = (query["code_challenge"], query["redirect_uri"])
        return {"code": code, "state": query["state"]}

    async def answer(self, request: web.BaseRequest) -> web.Response:
        body = await request.read()
        self.seen.append((request.path, dict(request.headers), body))
        if self.next:
            status, headers, raw = self.next.pop(0)
            return web.Response(status=status, headers=headers, body=raw)
        form = "form" in request.headers["Content-Type"]
        fields = {k: v[0] for k, v in parse_qs(body.decode()).items()} if form else json.loads(body)
        match request.path:
            case "/oauth/token":
                return self._token(fields, form)
            case "/oauth/revoke":
                self.refresh_tokens[fields["token"]] = False
                return web.Response()
            case "/api/accounts/deviceauth/usercode":
                assert fields == {"client_id": CLIENT_ID}
                return web.json_response({"device_auth_id": "da-1", "user_code": "ABCD-1234", "interval": "5"})
            case "/api/accounts/deviceauth/token":
                assert fields == {"device_auth_id": "da-1", "user_code": "ABCD-1234"}
                if not self.device_agreed:
                    pending = {"error": {"code": "deviceauth_authorization_pending"}}
                    return web.json_response(pending, status=403)
                verifier = "v" * 43
                self.challenges["ac-device"] = (challenge_of(verifier), f"{self.address}/deviceauth/callback")
                return web.json_response(
                    {"authorization_code": "ac-device", "code_verifier": verifier, "code_challenge": "x"}
                )
        return web.Response(status=404)

    def _token(self, fields: dict[str, str], form: bool) -> web.Response:
        assert fields["client_id"] == CLIENT_ID
        if fields["grant_type"] == "authorization_code":
            assert form
            challenge, redirect_uri = self.challenges.pop(fields["code"], ("", ""))
            if challenge_of(fields["code_verifier"]) != challenge or fields["redirect_uri"] != redirect_uri:
                return web.json_response({"error": "invalid_grant"}, status=400)
        else:
            assert not form
            assert fields["refresh_reason"] in ("proactive_expiry", "unauthorized_recovery")
            if not self.refresh_tokens.get(fields["refresh_token"], True):
                return web.json_response({"error": {"code": "refresh_token_reused"}}, status=401)
            self.refresh_tokens[fields["refresh_token"]] = False
        new = f"rt-{len(self.refresh_tokens)}"
        self.refresh_tokens[new] = True
        return web.json_response(
            {
                "access_token": access_token(len(self.refresh_tokens)),
                "refresh_token": new,
                "id_token": jwt(email="someone@example.com"),
            }
        )


def challenge_of(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


@asynccontextmanager
async def auth_service() -> AsyncIterator[AuthService]:
    service = AuthService()
    runner = web.ServerRunner(web.Server(service.answer))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    service.address = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield service
    finally:
        await runner.cleanup()

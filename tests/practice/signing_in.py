"""Signing in at the practice upstream as a client does: the browser's part, the exchange, refresh, devices."""

import base64
import hashlib
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import aiohttp

from app.practice.accounts import CLIENT_ID, PracticeAccount
from tests.practice.client import Answer, Client

CALLBACK = "http://127.0.0.1:1455/auth/callback"
SCOPE = "openid profile email offline_access api.connectors.read api.connectors.invoke"
VERIFIER = "practice-verifier-" + "v" * 43


def challenge(verifier: str = VERIFIER) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def authorize_url(client: Client, **changes: str | None) -> str:
    """The URL that Codex 0.169 opens; a change to None leaves a parameter out."""
    asked = {
        "response_type": "code",
        "client_id": CLIENT_ID,
        "redirect_uri": CALLBACK,
        "code_challenge": challenge(),
        "code_challenge_method": "S256",
        "state": "practice-state",
        "scope": SCOPE,
        "id_token_add_organizations": "true",
        "codex_cli_simplified_flow": "true",
        "originator": "codex_cli_rs",
    }
    kept = {key: value for key, value in (asked | changes).items() if value is not None}
    return f"{client.upstream.auth_issuer}/oauth/authorize?{urlencode(kept)}"


async def browse(client: Client, url: str, cookies: dict[str, str] | None = None) -> Answer:
    """Open a page without following where it sends the browser."""
    async with client.session.get(url, allow_redirects=False, cookies=cookies) as response:
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status, headers, await response.read())


def sent_back(answer: Answer) -> dict[str, str]:
    """What the browser brings back to the client's callback."""
    assert answer.status == 302, answer.body
    place = urlsplit(answer.headers["location"])
    assert f"{place.scheme}://{place.netloc}{place.path}" == CALLBACK
    return {key: values[0] for key, values in parse_qs(place.query).items()}


async def post(client: Client, path: str, *, json: Any = None, form: dict[str, str] | None = None) -> Answer:
    url = client.upstream.auth_issuer + path
    async with client.session.post(url, json=json, data=form) as response:
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status, headers, await response.read())


async def exchange(client: Client, code: str, /, **changes: str) -> Answer:
    fields = {
        "grant_type": "authorization_code",
        "client_id": CLIENT_ID,
        "code": code,
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
    }
    return await post(client, "/oauth/token", form=fields | changes)


async def refresh(client: Client, refresh_token: str, reason: str | None = "proactive_expiry") -> Answer:
    """Refresh as Codex 0.169 does."""
    content = {"client_id": CLIENT_ID, "grant_type": "refresh_token", "refresh_token": refresh_token}
    return await post(client, "/oauth/token", json=content | ({"refresh_reason": reason} if reason else {}))


async def start_device(client: Client) -> Answer:
    return await post(client, "/api/accounts/deviceauth/usercode", json={"client_id": CLIENT_ID})


async def poll_device(client: Client, started: Any) -> Answer:
    asked = {key: started[key] for key in ("device_auth_id", "user_code")}
    return await post(client, "/api/accounts/deviceauth/token", json=asked)


async def turn_with(client: Client, access_token: str, account: PracticeAccount) -> int:
    """The status of a turn with this access token."""
    login = {"Authorization": f"Bearer {access_token}", "chatgpt-account-id": account.account_id}
    return (await client.codex(headers=login)).status


LOST = (aiohttp.ServerDisconnectedError, aiohttp.ClientPayloadError, aiohttp.ClientOSError)
"""What a client sees of a connection that is cut."""

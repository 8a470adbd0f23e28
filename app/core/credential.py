"""Credentials: the secrets of tokens, and how they are read from what users have.

Shapes of `auth.json` and the claims of the access token: observed with Codex 0.45 to 0.169.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.core.errors import InvalidInput
from app.core.token import TokenKind

_AUTH_CLAIM = "https://api.openai.com/auth"
_PROFILE_CLAIM = "https://api.openai.com/profile"
#: Unix seconds beyond which a time is no time (in the year 33658).
_FAR_AWAY_S = 1e12
#: Real ones have over a hundred characters.
_SHORTEST_REFRESH_TOKEN = 12

NOT_JSON = "This file is not JSON. Choose Codex's auth.json (usually ~/.codex/auth.json)."
NO_OBJECT = "This file is not Codex's auth.json: it holds no object."


@dataclass(frozen=True, slots=True)
class ChatGPTLogin:
    """The secrets of a ChatGPT login; its repr shows none of them."""

    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False, default=None)
    id_token: str | None = field(repr=False, default=None)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """An OpenAI API key; its repr does not show it."""

    key: str = field(repr=False)


Credential = ChatGPTLogin | ApiKey


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """A refresh token alone. It says nothing of itself: only a refresh, which spends it, makes a login of it."""

    refresh_token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class TokenSecrets:
    """All that is sealed of one token.

    Attributes:
        credential: opens upstream.
        proxy: the token's own way upstream (`socks5://user:password@host:1080`, or `direct`); None: the application's.
    """

    credential: Credential
    proxy: str | None = field(repr=False, default=None)


@dataclass(frozen=True, slots=True)
class Login:
    """A credential together with what it says of itself (see `Token` for the fields)."""

    credential: Credential
    kind: TokenKind
    identity: str
    email: str | None = None
    plan: str | None = None
    account_id: str | None = None
    expires_at: float | None = None


def login_from_api_key(text: str) -> Login:
    """Read an OpenAI API key.

    Raises:
        InvalidInput: it is empty, has blanks inside, or is not plain ASCII; or it is JSON, or another secret.
    """
    key = text.strip()
    readable = key.isascii() and key.isprintable() and not any(ch.isspace() for ch in key)
    # Keys of other services need not begin with `sk-`.
    another = key.startswith(("{", "[", '"', "rt_")) or jwt_claims(key) is not None
    if not key or not readable or another:
        raise InvalidInput("This is not an API key: give the key alone, such as sk-….")
    digest = hashlib.sha256(key.encode()).hexdigest()
    return Login(ApiKey(key), TokenKind.API_KEY, f"api_key:{digest}")


def login_from_access_token(
    text: str,
    *,
    refresh_token: str | None = None,
    id_token: str | None = None,
    account_id: str | None = None,
) -> Login:
    """Read a ChatGPT access token (a JWT).

    Args:
        text: the token; a leading `Bearer`, and blanks and line ends anywhere, are forgiven: terminals wrap long lines.
        refresh_token: belongs to it, when known.
        id_token: fills in claims that the access token lacks.
        account_id: wins over the claims, as it does in Codex.

    Raises:
        InvalidInput: it is no JWT, or does not say which account it belongs to.
    """
    token = "".join(text.strip().removeprefix("Bearer ").split())
    claims = jwt_claims(token) if token.isprintable() else None
    if claims is None:
        raise InvalidInput(
            "This is not a ChatGPT access token: it must have three parts with dots between, as in Codex's auth.json."
        )
    more = jwt_claims(id_token) if id_token else None
    auth = _merged(claims, more, _AUTH_CLAIM)
    profile = _merged(claims, more, _PROFILE_CLAIM)
    account = account_id or _text(auth.get("chatgpt_account_id"))
    user = _text(auth.get("chatgpt_user_id")) or _text(auth.get("user_id")) or _text(claims.get("sub"))
    if not account or not account.isascii() or not account.isprintable():
        raise InvalidInput("This access token does not name its ChatGPT account; sign in again and use the new one.")
    email = _text(claims.get("email")) or _text((more or {}).get("email")) or _text(profile.get("email"))
    expires = claims.get("exp")
    return Login(
        ChatGPTLogin(token, refresh_token or None, id_token or None),
        TokenKind.CHATGPT,
        f"chatgpt:{account}:{user or '-'}",
        email=email,
        plan=_text(auth.get("chatgpt_plan_type")),
        account_id=account,
        expires_at=float(expires) if isinstance(expires, int | float) and 0 < expires < _FAR_AWAY_S else None,
    )


def login_from_auth_json(text: str) -> Login:
    """Read a Codex `auth.json`: a ChatGPT login if there is one, else an API key.

    Raises:
        InvalidInput: it is not JSON, not of Codex, or holds no credential.
    """
    try:
        data = json.loads(text.removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        raise InvalidInput(NOT_JSON) from None
    if not isinstance(data, dict):
        raise InvalidInput(NO_OBJECT)
    found = login_from_object(data)
    if isinstance(found, RefreshToken):
        raise InvalidInput("This file holds a refresh token alone, and no access token.")
    return found


def login_from_object(data: Mapping[str, Any]) -> Login | RefreshToken:
    """Read one login out of JSON: Codex's own `auth.json`, or the flat shapes that other tools write.

    Raises:
        InvalidInput: it holds no credential, or one of a kind that cannot be used here; the sentence says what to do.
    """
    tokens = data.get("tokens")
    fields = tokens if isinstance(tokens, dict) else data
    access_token = _first(fields, "access_token", "accessToken")
    refresh_token = _first(fields, "refresh_token", "refreshToken")
    key = _first(data, "OPENAI_API_KEY", "api_key", "apiKey")
    mode = str(data.get("auth_mode") or "").replace("_", "").lower()
    if mode != "apikey" and access_token is not None:
        return login_from_access_token(
            access_token,
            refresh_token=refresh_token,
            id_token=_first(fields, "id_token", "idToken"),
            account_id=_first(fields, "account_id", "accountId", "chatgpt_account_id"),
        )
    if mode != "apikey" and refresh_token is not None:
        return RefreshToken(refresh_token)
    if key is not None:
        return login_from_api_key(key)
    if "personal_access_token" in data or mode == "personalaccesstoken":
        raise InvalidInput(
            "This login is a personal access token of Codex, which cannot be shared with other programs. Sign in "
            "instead: waystation token sign-in"
        )
    if "agent_identity" in data or mode == "agentidentity":
        raise InvalidInput(
            "This login is an agent identity of Codex, which belongs to that one program. Sign in instead: "
            "waystation token sign-in"
        )
    if mode.startswith("bedrock"):
        raise InvalidInput("This login is for Amazon Bedrock, which Waystation does not speak to.")
    if mode.startswith("chatgpt"):
        raise InvalidInput(
            "This file names a ChatGPT login but does not hold it: Codex keeps it elsewhere, such as in the system's "
            "keyring. Sign in instead: waystation token sign-in"
        )
    raise InvalidInput(
        "This file holds neither a ChatGPT login nor an API key. Run `codex login`, then import it again."
    )


def refresh_token_from_text(text: str) -> RefreshToken:
    """Read a refresh token, given alone; blanks and line ends anywhere are forgiven.

    Raises:
        InvalidInput: it is something else.
    """
    token = "".join(text.split())
    if jwt_claims(token) is not None:
        raise InvalidInput("This is an access token, not a refresh token. Add it as an access token.")
    if token.startswith("sk-"):
        raise InvalidInput("This is an API key, not a refresh token. Add it as an API key.")
    if len(token) < _SHORTEST_REFRESH_TOKEN or not token.isascii() or not token.isprintable() or token[0] in "{[":
        raise InvalidInput("This is not a refresh token: give it alone, as it stands in Codex's auth.json.")
    return RefreshToken(token)


def secrets_to_json(secrets: TokenSecrets) -> bytes:
    """The plain text that the vault seals."""
    credential = secrets.credential
    if isinstance(credential, ApiKey):
        fields: dict[str, str | None] = {"api_key": credential.key}
    else:
        fields = {
            "access_token": credential.access_token,
            "refresh_token": credential.refresh_token,
            "id_token": credential.id_token,
        }
    if secrets.proxy is not None:
        fields["proxy"] = secrets.proxy
    return json.dumps(fields).encode()


def secrets_from_json(data: bytes) -> TokenSecrets:
    """The inverse of `secrets_to_json`."""
    fields = json.loads(data)
    if "api_key" in fields:
        return TokenSecrets(ApiKey(fields["api_key"]), fields.get("proxy"))
    login = ChatGPTLogin(fields["access_token"], fields.get("refresh_token"), fields.get("id_token"))
    return TokenSecrets(login, fields.get("proxy"))


def jwt_claims(token: str) -> dict[str, Any] | None:
    """The claims of a JWT, unverified (only the issuer can verify them); None when it is none."""
    parts = token.split(".")
    if len(parts) != 3 or not all(parts[:2]) or not token.isascii():
        return None
    try:
        payload = base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))
        claims = json.loads(payload)
    except (ValueError, binascii.Error, RecursionError):
        return None
    return claims if isinstance(claims, dict) else None


def _merged(claims: dict[str, Any], more: dict[str, Any] | None, name: str) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for source in (more or {}, claims):
        part = source.get(name)
        if isinstance(part, dict):
            merged.update({key: value for key, value in part.items() if value})
    return merged


def _first(fields: Mapping[str, Any], *names: str) -> str | None:
    return next((text for name in names if (text := _text(fields.get(name)))), None)


def _text(value: object) -> str | None:
    return value.strip() or None if isinstance(value, str) else None

"""Credentials: the secrets of tokens, and how they are read from what users have.

Shapes of `auth.json` and the claims of the access token: observed with Codex 0.45 to 0.169.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from app.core.errors import InvalidInput
from app.core.token import TokenKind

_AUTH_CLAIM = "https://api.openai.com/auth"
_PROFILE_CLAIM = "https://api.openai.com/profile"
#: Unix seconds beyond which a time is no time (in the year 33658).
_FAR_AWAY_S = 1e12


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
        InvalidInput: it is empty, has blanks inside, or is not plain ASCII.
    """
    key = text.strip()
    if not key or not key.isascii() or not key.isprintable() or any(ch.isspace() for ch in key):
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
        raise InvalidInput("This file is not JSON. Choose Codex's auth.json (usually ~/.codex/auth.json).") from None
    if not isinstance(data, dict):
        raise InvalidInput("This file is not Codex's auth.json: it holds no object.")
    tokens = data.get("tokens")
    key = _text(data.get("OPENAI_API_KEY"))
    if isinstance(tokens, dict) and _text(tokens.get("access_token")) and data.get("auth_mode") != "apikey":
        return login_from_access_token(
            tokens["access_token"],
            refresh_token=_text(tokens.get("refresh_token")),
            id_token=_text(tokens.get("id_token")),
            account_id=_text(tokens.get("account_id")),
        )
    if key:
        return login_from_api_key(key)
    raise InvalidInput(
        "This file holds neither a ChatGPT login nor an API key. Run `codex login`, then import it again."
    )


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


def _text(value: object) -> str | None:
    return value.strip() or None if isinstance(value, str) else None

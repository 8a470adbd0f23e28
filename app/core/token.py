"""A token: one upstream credential, described without its secret."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class TokenKind(StrEnum):
    """Which upstream a token opens."""

    CHATGPT = "chatgpt"
    API_KEY = "api_key"


#: Which kinds can serve a turn; None: any.
Kinds = frozenset[TokenKind] | None


@dataclass(frozen=True, slots=True)
class Token:
    """What is known and may be shown of one token.

    Attributes:
        id: ours, such as `t-5f0c9a12`; never derived from a secret.
        kind: which upstream it opens.
        identity: equal for two credentials of the same login: account and user id of a ChatGPT login (never the
            e-mail, which several workspaces share), the SHA-256 of an API key.
        label: the user's name for it.
        email: of a ChatGPT login, when its claims name one.
        plan: of a ChatGPT login (`plus`, `pro`, …; unknown words are kept).
        account_id: of a ChatGPT login; sent upstream with each request.
        expires_at: when the access token ends, in Unix seconds; None when unknown or never.
        enabled: whether the user lets it serve.
        created_at: Unix seconds.
        position: its place in the user's order, the smallest first.
        spare: serves only when the tokens that are no spares cannot.
        proxy: the way upstream of its own, as it may be shown (`socks5://host:1080`, or `direct`); None: the
            application's. User and password are sealed with the credential.
        follows: the path of an `auth.json` that this login is read from; then it is never refreshed by us.
        sign_in_needed: upstream's code for why only a new sign-in helps (`refresh_token_reused`, …); None: it is fine.
        refreshed_at: when its credential was last renewed, in Unix seconds.
    """

    id: str
    kind: TokenKind
    identity: str
    label: str
    email: str | None
    plan: str | None
    account_id: str | None
    expires_at: float | None
    enabled: bool
    created_at: float
    position: int = 0
    spare: bool = False
    proxy: str | None = None
    follows: str | None = None
    sign_in_needed: str | None = None
    refreshed_at: float | None = None


@dataclass(frozen=True, slots=True)
class LastError:
    """A token's last failure, until its next success.

    Attributes:
        code: upstream's own or ours, such as `usage_limit_reached`, `http_500` or `refresh_token_reused`.
        at: Unix seconds.
    """

    code: str
    at: float


def masked_email(email: str | None) -> str | None:
    """`someone@example.com` as `so•••@example.com`: enough to recognise, too little to publish."""
    if not email or "@" not in email:
        return None
    name, _, domain = email.rpartition("@")
    return f"{name[:2]}•••@{domain}"

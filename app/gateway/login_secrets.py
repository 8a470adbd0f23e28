"""What becomes of a token's secrets: opened from their seal, completed by old ones, renewed by the sign-in service."""

from __future__ import annotations

from dataclasses import replace

from app.core.credential import (
    ChatGPTLogin,
    Credential,
    Login,
    TokenSecrets,
    login_from_access_token,
    secrets_from_json,
)
from app.core.errors import DataKeyLost, InvalidInput, KeyStoreUnavailable, SealDamaged
from app.core.token import Token
from app.store.tokens import StoredToken
from app.store.vault import Vault, token_subject


def opened(vault: Vault, stored: StoredToken) -> TokenSecrets | None:
    """The secrets of a stored token; None when they cannot be opened now."""
    try:
        return secrets_from_json(vault.open(token_subject(stored.token.id), stored.sealed))
    except (KeyStoreUnavailable, DataKeyLost, SealDamaged):
        return None


def completed(new: Credential, old: TokenSecrets | None, proxy: str | None) -> TokenSecrets:
    """The new secrets; what they lack is kept from the old ones, such as the refresh token and the proxy."""
    if old is None:
        return TokenSecrets(new, proxy or None)
    if isinstance(new, ChatGPTLogin) and isinstance(old.credential, ChatGPTLogin):
        new = replace(
            new,
            refresh_token=new.refresh_token or old.credential.refresh_token,
            id_token=new.id_token or old.credential.id_token,
        )
    return TokenSecrets(new, proxy or old.proxy)


def renewed(token: Token, secrets: TokenSecrets, new: ChatGPTLogin, now: float) -> tuple[Token, TokenSecrets]:
    """The token and its secrets once upstream has given this login in place of the one it had.

    Args:
        token, secrets: as they were.
        new: the whole login.
        now: Unix seconds.
    """
    try:
        login = login_from_access_token(new.access_token, id_token=new.id_token, account_id=token.account_id)
    except InvalidInput:
        # Upstream gave it, so it is one, whatever it looks like.
        login = Login(new, token.kind, token.identity)
    described = replace(
        token,
        plan=login.plan or token.plan,
        email=login.email or token.email,
        expires_at=login.expires_at,
        sign_in_needed=None,
        refreshed_at=now,
    )
    return described, replace(secrets, credential=new)

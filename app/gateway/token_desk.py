"""Adding, changing and removing tokens: the store first, then the pool, so that nothing is lost in between."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from app.core.credential import ChatGPTLogin, Credential, Login, TokenSecrets, secrets_from_json, secrets_to_json
from app.core.errors import DataKeyLost, KeyStoreUnavailable, NotFound, SealDamaged
from app.core.token import Token, TokenKind, masked_email
from app.gateway.state import GatewayState, new_id
from app.store.tokens import StoredToken
from app.store.vault import Sealed, Vault, token_subject


@dataclass(frozen=True, slots=True)
class Added:
    """The token that a login became; `known` when that login was here already and got its new secrets."""

    token: Token
    known: bool


class TokenDesk:
    """The user's commands about tokens."""

    def __init__(self, state: GatewayState, vault: Vault) -> None:
        self._state = state
        self._vault = vault
        # What one command looked up must still hold when it is written down.
        self._changing = asyncio.Lock()

    def admit_stored(self, stored: StoredToken) -> None:
        """Take a token from the store into the pool, opening its seal if that can be done."""
        opened = self._opened(stored.token, stored.sealed)
        if opened is None:
            self._state.secrets.pop(stored.token.id, None)
        else:
            self._state.secrets[stored.token.id] = opened
        self._state.pool.put(stored.token, sealed=opened is None)
        self._state.changed()

    async def add(self, login: Login, label: str | None) -> Added:
        """Keep a login. One that is known by its identity keeps its id and label and gets the new secrets.

        Raises:
            KeyStoreUnavailable, DataKeyLost: it cannot be sealed; nothing was kept.
            DataUnusable: it cannot be written.
        """
        async with self._changing:
            pool = self._state.pool
            known = next((token for token in pool.tokens if token.identity == login.identity), None)
            token = Token(
                id=known.id if known else new_id("t"),
                kind=login.kind,
                identity=login.identity,
                label=label or (known.label if known else self._label(login)),
                email=login.email or (known.email if known else None),
                plan=login.plan or (known.plan if known else None),
                account_id=login.account_id,
                expires_at=login.expires_at,
                enabled=known.enabled if known else True,
                created_at=known.created_at if known else self._state.clock.now(),
            )
            opened = _completed(login.credential, self._state.secrets.get(token.id))
            sealed = self._vault.seal(token_subject(token.id), secrets_to_json(opened))
            await self._state.store.put_token(token, sealed)
            self._state.secrets[token.id] = opened
            pool.put(token)
            self._state.changed()
            return Added(token, known is not None)

    async def set_enabled(self, token_id: str, enabled: bool) -> Token:
        """Let a token serve, or not.

        Raises:
            NotFound: there is no such token.
        """
        async with self._changing:
            token = replace(self._found(token_id), enabled=enabled)
            await self._state.store.update_token(token)
            self._state.pool.put(token, sealed=token_id not in self._state.secrets)
            self._state.changed()
            return token

    async def remove(self, token_id: str) -> Token:
        """Forget a token and its secrets; turns that run on it end normally.

        Raises:
            NotFound: there is no such token.
        """
        async with self._changing:
            token = self._found(token_id)
            await self._state.store.delete_token(token_id)
            self._state.pool.remove(token_id)
            self._state.secrets.pop(token_id, None)
            self._state.changed()
            return token

    def _found(self, token_id: str) -> Token:
        token = self._state.pool.get(token_id)
        if token is None:
            raise NotFound(f"There is no token {token_id}. `waystation token list` shows them.", id=token_id)
        return token

    def _opened(self, token: Token, sealed: Sealed) -> TokenSecrets | None:
        try:
            return secrets_from_json(self._vault.open(token_subject(token.id), sealed))
        except (KeyStoreUnavailable, DataKeyLost, SealDamaged):
            return None

    def _label(self, login: Login) -> str:
        number = len(self._state.pool.tokens) + 1
        if login.kind is TokenKind.API_KEY:
            return f"API key {number}"
        return masked_email(login.email) or f"ChatGPT {number}"


def _completed(new: Credential, old: TokenSecrets | None) -> TokenSecrets:
    """The new secrets; what they lack is kept from the old ones, such as the refresh token and the proxy."""
    if old is None:
        return TokenSecrets(new)
    if isinstance(new, ChatGPTLogin) and isinstance(old.credential, ChatGPTLogin):
        new = replace(
            new,
            refresh_token=new.refresh_token or old.credential.refresh_token,
            id_token=new.id_token or old.credential.id_token,
        )
    return replace(old, credential=new)

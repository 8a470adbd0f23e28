"""The tokens that were removed and can be restored: their rows stay, sealed, for a week. Nobody refreshes them."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace

from app.core.credential import ChatGPTLogin, secrets_to_json
from app.core.errors import DataUnusable, InvalidInput, NotFound, WaystationError
from app.core.token import Token, TokenKind, masked_email
from app.gateway.login_secrets import opened, renewed
from app.store.health import StoredHealth
from app.store.store import Store
from app.store.tokens import RemovedToken, StoredToken
from app.store.vault import Vault, token_subject

#: So long a removed token can be restored, in seconds.
KEPT_S = 7 * 86_400.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RemovedView:
    """A removed token as it may be shown.

    Attributes:
        id, kind, label, plan: as of `Token`.
        email: masked.
        removed_at: Unix seconds.
        kept_until: Unix seconds; after that it is gone for good.
    """

    id: str
    kind: TokenKind
    label: str
    email: str | None
    plan: str | None
    removed_at: float
    kept_until: float


def removed_view(removed: RemovedToken) -> RemovedView:
    """A removed token as it may be shown."""
    token = removed.stored.token
    return RemovedView(
        token.id,
        token.kind,
        token.label,
        masked_email(token.email),
        token.plan,
        removed.removed_at,
        removed.removed_at + KEPT_S,
    )


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of a removed token: its row, and its health when that is known."""

    stored: StoredToken
    health: StoredHealth | None


class RemovedTokens:
    """Looks after them; the desk calls it while it changes nothing else.

    Args:
        store: keeps the rows.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    async def of_login(self, identity: str, *, may_fail: bool) -> Kept | None:
        """The one with this identity, the last removed of several; `may_fail`: none when the store cannot be read."""
        try:
            removed = await self._store.removed_tokens()
            found = next((item.stored for item in removed if item.stored.token.identity == identity), None)
            return None if found is None else await self._kept(found)
        except DataUnusable:
            if may_fail:
                return None
            raise

    async def restore(self, token_id: str, present: tuple[Token, ...]) -> Kept:
        """Undo a removal in the store.

        Args:
            token_id: whose.
            present: the tokens that there are.

        Raises:
            NotFound: it was not removed, or too long ago.
            InvalidInput: the same login is here under another id.
        """
        removed = await self._find(token_id)
        if removed is None:
            raise NotFound(
                f"There is no removed token {token_id}. `waystation token restore` lists those that can be restored.",
                id=token_id,
            )
        same = next((token for token in present if token.identity == removed.stored.token.identity), None)
        if same is not None:
            raise InvalidInput(f"This login is here again already, as {same.id}.", id=same.id)
        kept = await self._kept(removed.stored)
        await self._store.restore_token(token_id)
        return kept

    async def renew(self, token_id: str, new: ChatGPTLogin, replaces: str, vault: Vault, now: float) -> None:
        """Keep a login with the removed token that it was fetched for; else restoring would find a spent one.

        Args:
            token_id: whose.
            new: what the sign-in service gave; empty texts of it stay as they were.
            replaces: the refresh token that was spent for it; a token that has another one is left alone.
            vault: opens and seals.
            now: Unix seconds.
        """
        try:
            removed = await self._find(token_id)
            secrets = None if removed is None else opened(vault, removed.stored)
            if removed is None or secrets is None or not isinstance(secrets.credential, ChatGPTLogin):
                return
            old = secrets.credential
            if old.refresh_token != replaces:
                return
            whole = ChatGPTLogin(
                new.access_token or old.access_token,
                new.refresh_token or old.refresh_token,
                new.id_token or old.id_token,
            )
            token, secrets = renewed(removed.stored.token, secrets, whole, now)
            sealed = vault.seal(token_subject(token_id), secrets_to_json(secrets))
            await self._store.put_removed_token(replace(removed, stored=StoredToken(token, sealed)))
        except WaystationError as error:
            _log.warning("the login of the removed token %s cannot be saved: %s", token_id, error.code)

    async def _kept(self, stored: StoredToken) -> Kept:
        return Kept(stored, (await self._store.token_health()).get(stored.token.id))

    async def _find(self, token_id: str) -> RemovedToken | None:
        return next((item for item in await self._store.removed_tokens() if item.stored.token.id == token_id), None)

"""Adding, changing and removing tokens: the store first, then the pool, so that nothing is lost in between."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from app.core.credential import ChatGPTLogin, Login, TokenSecrets, secrets_to_json
from app.core.errors import DataKeyLost, DataUnusable, InvalidInput, KeyStoreUnavailable, NotFound, WaystationError
from app.core.token import Token, TokenKind, masked_email
from app.gateway.login_secrets import completed, opened, renewed
from app.gateway.removed_tokens import RemovedTokens
from app.gateway.state import GatewayState, new_id
from app.gateway.unsaved import Unsaved
from app.store.health import StoredHealth
from app.store.tokens import StoredToken
from app.store.vault import Vault, token_subject
from app.upstream.proxies import DIRECT, checked_proxy

#: Of a token's name, in characters.
MAX_LABEL = 80

#: What the user should know of a login that is in use and not in the store.
NOT_STORED = (
    "The login works, but it could not be stored yet: see that the disk has room and can be written, and leave "
    "Waystation running until then."
)


@dataclass(frozen=True, slots=True)
class Added:
    """The token that a login became.

    Attributes:
        token: it.
        known: that login was here already, or had been removed, and got its new secrets.
        stored: False when it is in use but could not be written yet; the desk goes on trying.
    """

    token: Token
    known: bool
    stored: bool = True


class TokenDesk:
    """The user's commands about tokens."""

    def __init__(self, state: GatewayState, vault: Vault) -> None:
        self._state = state
        self._vault = vault
        self._vault_is_new = False
        # What one command looked up must still hold when it is written down.
        self._changing = asyncio.Lock()
        self._unsaved = Unsaved(self._save)
        self._removed = RemovedTokens(state.store)

    @property
    def changing(self) -> asyncio.Lock:
        """Held while tokens are changed; who changes them past this desk holds it too."""
        return self._changing

    async def close(self) -> None:
        """Try once more to store the logins that could not be stored."""
        await self._unsaved.close()

    def use_vault(self, vault: Vault) -> None:
        """Seal and open with this one from now on; `take_in_stored` then opens everything anew."""
        self._vault, self._vault_is_new = vault, True

    async def take_in_stored(self) -> set[str]:
        """Take the tokens from the store into the pool, except those that are open already; returns which.

        What is in memory is as new as the store or newer, unless another vault is to open it.

        Raises:
            DataUnusable: they cannot be read.
        """
        async with self._changing:
            stored = await self._state.store.tokens()
            known = self._unsaved if self._vault_is_new else self._state.secrets
            taken = [item for item in stored if item.token.id not in known]
            for item in taken:
                self.admit_stored(item)
            self._vault_is_new = False
            return {item.token.id for item in taken}

    def admit_stored(self, stored: StoredToken) -> None:
        """Take a token from the store into the pool, opening its seal if that can be done."""
        secrets = opened(self._vault, stored)
        if secrets is None:
            self._state.secrets.pop(stored.token.id, None)
        else:
            self._state.secrets[stored.token.id] = secrets
        self._state.pool.put(stored.token, sealed=secrets is None)
        self._state.changed()

    async def add(
        self,
        login: Login,
        label: str | None,
        *,
        follows: str | None = None,
        proxy: str | None = None,
        given: bool = False,
    ) -> Added:
        """Keep a login. One that is known by its identity keeps its id, place and label and gets the new secrets.

        One that was removed is restored with them, and enabled.

        Args:
            login: it.
            label: the user's name for it, or None.
            follows: the `auth.json` that it is read from from now on; then its refresh token is not ours to keep.
            proxy: its own way upstream, see `checked_way`; None: as it was, at first the application's.
            given: upstream has given it just now, and it exists nowhere else: it is used even if it cannot be written.

        Raises:
            InvalidInput: the proxy makes no sense.
            KeyStoreUnavailable, DataKeyLost: it cannot be sealed; nothing was kept.
            DataUnusable: it cannot be written, and was not `given`.
        """
        shown = checked_way(proxy)
        async with self._changing:
            pool = self._state.pool
            known = next((token for token in pool.tokens if token.identity == login.identity), None)
            removed = None if known else await self._removed.of_login(login.identity, may_fail=given)
            if removed is not None:
                known = replace(removed.stored.token, enabled=True)
            last = max((token.position for token in pool.tokens), default=-1)
            now = self._state.clock.now()
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
                created_at=known.created_at if known else now,
                position=known.position if known else last + 1,
                spare=known.spare if known else False,
                proxy=shown or (known.proxy if known else None),
                follows=follows,
                refreshed_at=now,
            )
            before = opened(self._vault, removed.stored) if removed else self._state.secrets.get(token.id)
            # Where the old seal cannot be opened: without the proxy's password rather than past it.
            secrets = completed(login.credential, before, proxy or (token.proxy if before is None else None))
            if follows is not None and isinstance(secrets.credential, ChatGPTLogin):
                secrets = replace(secrets, credential=replace(secrets.credential, refresh_token=None))
            try:
                await self._keep(token, secrets)
            except DataUnusable:
                if not given:
                    raise
                self._use_unsaved(token, secrets)
            self._remember(token.id, removed.health if removed else None)
            self._state.token_worked(token.id)
            self._state.try_again(token.id)
            return Added(token, known is not None, stored=token.id not in self._unsaved)

    async def renewed(
        self,
        token_id: str,
        access_token: str | None,
        refresh_token: str | None,
        id_token: str | None,
        *,
        replaces: str | None = None,
    ) -> Token | None:
        """Store the new secrets of a login, then put them in use; what is None stays as it was.

        Args:
            token_id: whose.
            access_token, refresh_token, id_token: the new secrets.
            replaces: the refresh token that was spent for them. They exist nowhere else then: they are used even if
                they cannot be stored, and stored later.

        Returns:
            The token; None where the user has signed in anew since `replaces`, which was left alone.

        Raises:
            NotFound: it was removed meanwhile; what `replaces` was spent for is kept with it.
            InvalidInput: it is no ChatGPT login.
            KeyStoreUnavailable, DataKeyLost, DataUnusable: without `replaces`: it cannot be stored; the old ones stay
                in use.
        """
        async with self._changing:
            now = self._state.clock.now()
            if replaces is not None and self._state.pool.get(token_id) is None:
                given = ChatGPTLogin(access_token or "", refresh_token, id_token)
                await self._removed.renew(token_id, given, replaces, self._vault, now)
            token, secrets = self._found(token_id), self._state.secrets.get(token_id)
            if secrets is None or not isinstance(secrets.credential, ChatGPTLogin):
                raise InvalidInput(f"Token {token_id} is no ChatGPT login that can be renewed.", id=token_id)
            old = secrets.credential
            # One that has no refresh token of its own would end: it takes the pair. A followed one has Codex's.
            if replaces is not None and (token.follows is not None or old.refresh_token not in (None, replaces)):
                return None
            new = ChatGPTLogin(
                access_token or old.access_token,
                refresh_token or old.refresh_token or replaces,
                id_token or old.id_token,
            )
            changed, secrets = renewed(token, secrets, new, now)
            try:
                await self._keep(changed, secrets)
            except (KeyStoreUnavailable, DataKeyLost, DataUnusable):
                # Not to use the new ones would save nothing: the old refresh token is spent.
                if replaces is None:
                    raise
                self._use_unsaved(changed, secrets)
            if access_token is not None:
                self._state.token_worked(token_id)
            if token.sign_in_needed is not None:
                self._state.tokens_changed()
            return changed

    async def change(
        self, token_id: str, *, label: str | None = None, spare: bool | None = None, proxy: str | None = None
    ) -> Token:
        """Rename a token, make it a spare or not, or give it a way upstream of its own.

        Args:
            token_id: which.
            label, spare: None leaves them as they are.
            proxy: an address, `direct`, or empty for the application's; None leaves it as it is.

        Raises:
            NotFound: there is no such token.
            InvalidInput: the label or the proxy makes no sense, or the token cannot be opened.
        """
        if label is not None and not 0 < len(label.strip()) <= MAX_LABEL:
            raise InvalidInput(f"A token's name has 1 to {MAX_LABEL} characters.")
        shown = checked_way(proxy)
        async with self._changing:
            token = self._found(token_id)
            token = replace(
                token,
                label=label.strip() if label is not None else token.label,
                spare=token.spare if spare is None else spare,
                proxy=token.proxy if proxy is None else shown,
            )
            secrets = self._state.secrets.get(token_id)
            if proxy is None:
                token = await self._describe(token)
            elif secrets is None:
                raise InvalidInput("This token cannot be opened now, so nothing can be sealed with it.")
            else:
                await self._keep(token, replace(secrets, proxy=proxy or None))
            self._state.tokens_changed()
            return token

    async def reorder(self, ids: Sequence[str]) -> None:
        """The user's order; tokens that are not named come last, as they were.

        Raises:
            NotFound: one of them does not exist.
        """
        async with self._changing:
            named = [self._found(token_id) for token_id in dict.fromkeys(ids)]
            rest = [token for token in self._state.pool.tokens if token not in named]
            order = [*named, *rest]
            await self._state.store.reorder_tokens([token.id for token in order])
            for position, token in enumerate(order):
                placed = replace(self._state.pool.get(token.id) or token, position=position)
                self._state.pool.put(placed, sealed=token.id not in self._state.secrets)
            self._state.tokens_changed()

    async def set_enabled(self, token_id: str, enabled: bool) -> Token:
        """Let a token serve, or not.

        Raises:
            NotFound: there is no such token.
        """
        async with self._changing:
            token = await self._describe(replace(self._found(token_id), enabled=enabled))
            self._state.tokens_changed()
            return token

    async def remove(self, token_id: str) -> Token:
        """Take a token out of use; turns that run on it end normally, and its sessions move with their next turn.

        For `removed_tokens.KEPT_S` it can be restored: its row stays, sealed, and nobody refreshes its login, so that
        it keeps working. Upstream is not told: whoever wants the login itself to end signs out at OpenAI.

        Raises:
            NotFound: there is no such token.
        """
        async with self._changing:
            token, secrets = self._found(token_id), self._state.secrets.get(token_id)
            if token_id in self._unsaved and secrets is not None:
                # Else an older login would be restored, or none.
                with suppress(WaystationError):
                    await self._write(token, secrets)
            await self._state.store.remove_token(token_id, self._state.clock.now())
            self._unsaved.discard(token_id)
            self._state.forget_token(token_id)
            return token

    async def restore(self, token_id: str) -> Token:
        """Bring a removed token back as it was, its place, name, proxy and health included.

        Sessions that have moved away meanwhile stay where they are.

        Raises:
            NotFound: it was not removed, or too long ago.
            InvalidInput: the same login is here under another id.
        """
        async with self._changing:
            removed = await self._removed.restore(token_id, self._state.pool.tokens)
            self.admit_stored(removed.stored)
            self._remember(token_id, removed.health)
            self._state.tokens_changed()
            return removed.stored.token

    def _remember(self, token_id: str, health: StoredHealth | None) -> None:
        """Put a restored token's health in place."""
        if health is None:
            return
        quota, rest = health
        if quota is not None:
            self._state.pool.note_quota(token_id, quota, self._state.clock.now())
        self._state.rest(token_id, rest)

    async def _keep(self, token: Token, secrets: TokenSecrets) -> None:
        """The store first, so that nothing is in use that a crash would lose."""
        await self._write(token, secrets)
        self._use(token, secrets)

    async def _write(self, token: Token, secrets: TokenSecrets) -> None:
        sealed = self._vault.seal(token_subject(token.id), secrets_to_json(secrets))
        await self._state.store.put_token(token, sealed)
        self._unsaved.discard(token.id)

    def _use(self, token: Token, secrets: TokenSecrets) -> None:
        self._state.secrets[token.id] = secrets
        self._state.pool.put(token)
        self._state.changed()

    def _use_unsaved(self, token: Token, secrets: TokenSecrets) -> None:
        self._use(token, secrets)
        self._unsaved.add(token.id)

    async def _save(self, token_id: str) -> None:
        """Write down what is in use; see `Unsaved`."""
        async with self._changing:
            token, secrets = self._state.pool.get(token_id), self._state.secrets.get(token_id)
            if token_id in self._unsaved and token is not None and secrets is not None:
                await self._write(token, secrets)

    async def _describe(self, token: Token) -> Token:
        pool = self._state.pool
        if token.id in self._unsaved:
            # The store may have no row to describe.
            await self._write(token, self._state.secrets[token.id])
        written = None
        while written != token:
            await self._state.store.update_token(token)
            written = token
            # A turn may have been refused meanwhile.
            known = pool.get(token.id) or token
            token = replace(token, sign_in_needed=known.sign_in_needed)
        pool.put(token, sealed=token.id not in self._state.secrets)
        return token

    def _found(self, token_id: str) -> Token:
        token = self._state.pool.get(token_id)
        if token is None:
            raise NotFound(f"There is no token {token_id}. `waystation token list` shows them.", id=token_id)
        return token

    def _label(self, login: Login) -> str:
        number = len(self._state.pool.tokens) + 1
        if login.kind is TokenKind.API_KEY:
            return f"API key {number}"
        name = masked_email(login.email) or f"ChatGPT {number}"
        # The same address in two workspaces.
        taken = any(token.label == name for token in self._state.pool.tokens)
        return f"{name} ({login.plan})" if taken and login.plan else name


def checked_way(proxy: str | None) -> str | None:
    """A way upstream as it may be shown, without user and password; None for none of its own.

    Raises:
        InvalidInput: it is no address of a proxy, nor `direct`.
    """
    if not proxy:
        return None
    return DIRECT if proxy == DIRECT else checked_proxy(proxy).shown

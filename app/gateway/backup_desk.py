"""Taking everything along: tokens, licenses and settings in one sealed text, and back from it.

An import reads and checks the whole text first, then writes everything in one transaction, then takes it into use:
what fails before the end of the transaction changes nothing. It adds what is missing here; a login that works, or is
newer than that of the backup, stays as it is.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

from app.core.backup import (
    ADDRESS,
    MODELS,
    PROXY,
    Backup,
    BackupLicense,
    BackupToken,
    backup_from_json,
    backup_to_json,
    is_taken_along,
)
from app.core.credential import ChatGPTLogin, TokenSecrets, secrets_to_json
from app.core.errors import DataKeyLost, InvalidInput, KeyStoreUnavailable, SealDamaged
from app.core.model_aliases import aliases_from_stored, aliases_to_stored, with_alias
from app.core.policy import policy_from_settings, policy_to_settings
from app.core.settings import settings_from_stored, settings_to_stored
from app.core.token import Token
from app.gateway.gateway import Gateway
from app.gateway.login_secrets import opened
from app.gateway.own_address import refuse_own_address
from app.gateway.state import new_id
from app.store.backup_file import checked_passphrase, open_backup, seal_backup
from app.store.licenses import StoredLicense
from app.store.tokens import StoredToken
from app.store.vault import Sealed, license_subject, token_subject

#: In place of a sealed key: that of a revoked license is not taken along.
_NO_KEY = Sealed("", b"", b"")
#: As ours look; another is replaced by a new one.
_LICENSE_ID = re.compile(r"l-[0-9a-f]{8}")


@dataclass(frozen=True, slots=True)
class Exported:
    """A backup's text.

    Attributes:
        text: for the file.
        tokens, licenses: how many are in it.
        left_out: labels of tokens that are not, since their secrets cannot be opened now.
    """

    text: str
    tokens: int
    licenses: int
    left_out: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SharedLogin:
    """A ChatGPT login that came with its refresh token.

    That is good for one use: of two computers with this login, the first to renew it signs the other out.
    """

    id: str
    label: str


@dataclass(frozen=True, slots=True)
class BackupImport:
    """What an import did.

    Attributes:
        tokens, licenses: how many were added, or can be used again.
        tokens_known, licenses_known: how many were left as they are here.
        settings: how many were taken up; those that were chosen here before stay.
        shared_logins: of the tokens, those that must not go on working elsewhere.
        address: where the backup's gateway listened, `host:port`, when that is not where this one will: clients that
            were set up for it do not find it here.
    """

    tokens: int
    tokens_known: int
    licenses: int
    licenses_known: int
    settings: int
    shared_logins: tuple[SharedLogin, ...]
    address: str | None


class BackupDesk:
    """The user's commands about backups.

    Args:
        gateway: whose things are taken along.
    """

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._state = gateway.state
        # Sealing takes a lot of memory for a moment.
        self._busy = asyncio.Lock()

    async def export(self, passphrase: str) -> Exported:
        """Everything, sealed by a passphrase.

        Raises:
            InvalidInput: the passphrase is too short.
            DataUnusable: the store cannot be read.
        """
        checked_passphrase(passphrase)
        tokens = tuple(
            BackupToken(token, self._state.secrets[token.id])
            for token in self._state.pool.tokens
            if token.id in self._state.secrets
        )
        left_out = tuple(token.label for token in self._state.pool.tokens if token.id not in self._state.secrets)
        licenses = tuple(self._license(item) for item in await self._state.store.licenses())
        stored = await self._state.store.settings()
        settings = {key: value for key, value in stored.items() if is_taken_along(key)}
        if self._gateway.proxies.whole is not None:
            settings[PROXY] = self._gateway.proxies.whole
        plain = backup_to_json(Backup(tokens, licenses, settings))
        async with self._busy:
            text = await asyncio.to_thread(seal_backup, plain, passphrase)
        return Exported(text, len(tokens), len(licenses), left_out)

    async def take_in(self, text: str, passphrase: str) -> BackupImport:
        """Add what a backup holds and is missing here.

        Raises:
            InvalidInput: it is no backup.
            BackupTooNew, BackupDamaged, WrongPassphrase: it cannot be opened; nothing was changed.
            KeyStoreUnavailable, DataKeyLost: nothing can be sealed here; nothing was changed.
            DataUnusable: it cannot be written; nothing was changed.
        """
        # Before the slow part.
        self._gateway.require_key()
        async with self._busy:
            plain = await asyncio.to_thread(open_backup, text, passphrase)
        backup = backup_from_json(plain)
        gateway, store = self._gateway, self._state.store
        # What was missing must still be missing when it is written down.
        async with (
            gateway.tokens.changing,
            gateway.licenses.changing,
            gateway.settings.changing,
            gateway.models.changing,
        ):
            tokens = self._wanted_tokens(backup.tokens, [item.stored for item in await store.removed_tokens()])
            licenses = self._wanted_licenses(backup.licenses, await store.licenses())
            chosen = await store.settings()
            settings = self._wanted_settings(backup.settings, chosen) | self._wanted_models(backup.settings)
            await store.put_all(tokens, licenses, settings)
            for item in tokens:
                gateway.tokens.admit_stored(item)
                self._state.try_again(item.token.id)
            gateway.take_in_settings(await store.settings())
        await gateway.licenses.take_in_stored()
        gateway.tokens_came()
        return BackupImport(
            tokens=len(tokens),
            tokens_known=len(backup.tokens) - len(tokens),
            licenses=len(licenses),
            licenses_known=len(backup.licenses) - len(licenses),
            settings=len(settings.keys() & backup.settings.keys()),
            shared_logins=self._shared(tokens),
            address=self._other_address(backup.settings),
        )

    def _license(self, stored: StoredLicense) -> BackupLicense:
        license = self._state.licenses.get(stored.license.id, stored.license)
        return BackupLicense(license, None if license.revoked_at is not None else self._key(stored))

    def _key(self, stored: StoredLicense) -> str | None:
        try:
            return self._gateway.vault.open(license_subject(stored.license.id), stored.sealed).decode()
        except (KeyStoreUnavailable, DataKeyLost, SealDamaged):
            return None

    def _wanted_tokens(self, offered: Iterable[BackupToken], removed: Iterable[StoredToken]) -> list[StoredToken]:
        here = {token.identity: token for token in self._state.pool.tokens}
        # The last removed one comes first.
        gone = {item.token.identity: item for item in reversed(list(removed))}
        last = max((token.position for token in here.values()), default=-1)
        wanted: dict[str, StoredToken] = {}
        for item in sorted(offered, key=lambda offer: offer.token.position):
            identity = item.token.identity
            known = here.get(identity)
            if identity in wanted or (known is not None and not self._is_better(item, known)):
                continue
            if known is not None:
                token, secrets = self._repaired(item, known)
            else:
                last += 1
                token, secrets = self._restored(item, gone.get(identity))
                token = replace(token, position=last)
            wanted[identity] = StoredToken(
                token, self._gateway.vault.seal(token_subject(token.id), secrets_to_json(secrets))
            )
        return list(wanted.values())

    def _is_better(self, item: BackupToken, known: Token) -> bool:
        """Whether the login here is lost, or ended, and that of the backup is newer."""
        if known.id not in self._state.secrets:
            return True
        ended = known.sign_in_needed is not None and item.token.sign_in_needed is None
        return ended and known.follows is None and _is_newer(item.token, known)

    def _repaired(self, item: BackupToken, known: Token) -> tuple[Token, TokenSecrets]:
        """A token of ours with the backup's login: its name and place stay."""
        before = self._state.secrets.get(known.id)
        token = replace(
            known,
            email=item.token.email or known.email,
            plan=item.token.plan or known.plan,
            expires_at=item.token.expires_at,
            sign_in_needed=item.token.sign_in_needed,
            refreshed_at=item.token.refreshed_at,
        )
        if before is None:
            return replace(token, proxy=item.token.proxy, follows=item.token.follows), item.secrets
        return token, TokenSecrets(item.secrets.credential, before.proxy)

    def _restored(self, item: BackupToken, removed: StoredToken | None) -> tuple[Token, TokenSecrets]:
        """A token that is not here. Of one that was removed just now, the newer login of the two is taken."""
        if removed is None:
            return replace(item.token, id=new_id("t")), item.secrets
        kept = opened(self._gateway.vault, removed)
        if kept is None or _is_newer(item.token, removed.token):
            return replace(item.token, id=removed.token.id), item.secrets
        return removed.token, kept

    def _wanted_licenses(
        self, offered: Iterable[BackupLicense], stored: Iterable[StoredLicense]
    ) -> list[StoredLicense]:
        here = list(stored)
        wanted: dict[str, StoredLicense] = {}
        for item in offered:
            # The id alone: it has got another key here since then, and the old one must not come back.
            same = [known for known in here if item.license.sha256 == known.license.sha256]
            same = same or [known for known in here if item.license.id == known.license.id]
            if item.license.sha256 in wanted or (same and not self._lacks_key(same[0], item)):
                continue
            license = item.license
            if same:
                # As it is now: its last use is noted in place.
                license = replace(self._state.licenses.get(same[0].license.id, same[0].license))
            elif not _LICENSE_ID.fullmatch(license.id) or license.id in {made.license.id for made in wanted.values()}:
                license = replace(license, id=new_id("l"))
            sealed = _NO_KEY
            if item.key is not None:
                sealed = self._gateway.vault.seal(license_subject(license.id), item.key.encode())
            wanted[license.sha256] = StoredLicense(license, sealed)
        return list(wanted.values())

    def _lacks_key(self, known: StoredLicense, item: BackupLicense) -> bool:
        """Whether the backup has the key of a license of ours that cannot be opened here."""
        same_key = item.key is not None and item.license.sha256 == known.license.sha256
        return same_key and known.license.revoked_at is None and self._key(known) is None

    def _wanted_settings(self, offered: Mapping[str, str], chosen: Mapping[str, str]) -> dict[str, str | None]:
        sound = {
            **policy_to_settings(policy_from_settings(offered)),
            **settings_to_stored(settings_from_stored(offered)),
        }
        wanted: dict[str, str | None] = {key: value for key, value in sound.items() if key in offered}
        address = _address(offered)
        if address is not None and not any(key in chosen for key in ADDRESS) and not self._gateway.is_listening:
            wanted |= {key: value for key, value in zip(ADDRESS, address, strict=True) if key in offered}
        if PROXY in offered and PROXY not in chosen:
            # One that is of no use here must not keep the rest out.
            with suppress(InvalidInput):
                refuse_own_address(self._gateway, offered[PROXY])
                wanted |= self._gateway.proxies.as_stored(offered[PROXY])
        return {key: value for key, value in wanted.items() if key not in chosen}

    def _wanted_models(self, offered: Mapping[str, str]) -> dict[str, str | None]:
        """The user's names for models, with those of the backup that are missing here and fit in."""
        here = wanted = self._state.models.aliases
        known = {alias.name for alias in here}
        for alias in aliases_from_stored(offered.get(MODELS)):
            with suppress(InvalidInput):
                wanted = wanted if alias.name in known else with_alias(wanted, alias)
        return {} if wanted == here else {MODELS: aliases_to_stored(wanted)}

    def _shared(self, tokens: Iterable[StoredToken]) -> tuple[SharedLogin, ...]:
        shared = []
        for item in tokens:
            login = self._state.login(item.token.id)
            if isinstance(login, ChatGPTLogin) and login.refresh_token is not None:
                shared.append(SharedLogin(item.token.id, item.token.label))
        return tuple(shared)

    def _other_address(self, offered: Mapping[str, str]) -> str | None:
        address = _address(offered)
        seen = self._gateway.snapshot()
        if address is None or address == (seen.host, str(seen.port)):
            return None
        return f"[{address[0]}]:{address[1]}" if ":" in address[0] else ":".join(address)


def _is_newer(one: Token, other: Token) -> bool:
    """By the end of the access token, which the issuer sets: clocks of two computers may differ."""
    return one.expires_at is not None and (other.expires_at is None or one.expires_at > other.expires_at)


def _address(settings: Mapping[str, str]) -> tuple[str, str] | None:
    """Host and port, where settings name one of them; None: they name none that makes sense."""
    if not any(key in settings for key in ADDRESS):
        return None
    host, port = settings.get("host", "127.0.0.1"), settings.get("port", "8787")
    sound = host and host.isascii() and host.isprintable() and port.isdecimal() and 0 < int(port) < 65536
    return (host, port) if sound else None

"""Making and revoking licenses."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass, field, replace

from app.core.errors import DataKeyLost, InvalidInput, KeyStoreUnavailable, NotFound, SealDamaged
from app.core.license import License, checked_license_key, license_sha256, new_license_key
from app.gateway.state import GatewayState, new_id
from app.store.licenses import StoredLicense
from app.store.vault import Sealed, Vault, license_subject

#: The label of the license that set-up texts for this computer carry.
DEFAULT_LABEL = "This computer"


@dataclass(frozen=True, slots=True)
class Issued:
    """A license with its key, for the one who asked for it."""

    license: License
    key: str = field(repr=False)


class LicenseDesk:
    """The user's commands about licenses."""

    def __init__(self, state: GatewayState, vault: Vault) -> None:
        self._state = state
        self._vault = vault
        self._sealed: dict[str, Sealed] = {}
        self._saved_uses: dict[str, float | None] = {}
        # What one command looked up must still hold when it is written down.
        self._changing = asyncio.Lock()

    def admit_stored(self, stored: StoredLicense) -> None:
        """Take a license from the store."""
        self._state.licenses[stored.license.id] = stored.license
        self._sealed[stored.license.id] = stored.sealed
        self._saved_uses[stored.license.id] = stored.license.last_used_at

    async def create(self, label: str | None, key: str | None) -> Issued:
        """Make a license.

        Args:
            label: for the user; a number is made up when it is missing.
            key: the user's own key; otherwise one is made.

        Raises:
            InvalidInput: the key cannot be carried by headers and shells, or another license has it.
            KeyStoreUnavailable, DataKeyLost: it cannot be sealed; nothing was kept.
        """
        async with self._changing:
            return await self._create(label, key)

    async def revoke(self, license_id: str) -> License:
        """Let a license in no more; turns that run under it end normally.

        Raises:
            NotFound: there is no such license.
        """
        async with self._changing:
            found = self._state.licenses.get(license_id)
            if found is None:
                raise NotFound(
                    f"There is no license {license_id}. `waystation license list` shows them.", id=license_id
                )
            revoked = found if found.revoked_at else replace(found, revoked_at=self._state.clock.now())
            await self._state.store.update_license(revoked)
            self._state.licenses[license_id] = revoked
            self._state.changed()
            return revoked

    async def default(self) -> Issued:
        """The license for set-up texts on this computer; made when it is first asked for.

        Raises:
            KeyStoreUnavailable, DataKeyLost: there is none yet, and a new one cannot be sealed.
        """
        async with self._changing:
            for item in self._state.licenses.values():
                if item.label == DEFAULT_LABEL and item.revoked_at is None:
                    key = self._opened(item.id)
                    if key is not None:
                        return Issued(item, key)
            return await self._create(DEFAULT_LABEL, None)

    async def save_uses(self) -> None:
        """Write down when each license was last used."""
        async with self._changing:
            for item in tuple(self._state.licenses.values()):
                if item.last_used_at != self._saved_uses.get(item.id):
                    await self._state.store.update_license(item)
                    self._saved_uses[item.id] = item.last_used_at

    async def _create(self, label: str | None, key: str | None) -> Issued:
        licenses = self._state.licenses
        key = checked_license_key(key) if key is not None else new_license_key(secrets.token_bytes(25))
        digest = license_sha256(key)
        if any(item.sha256 == digest for item in licenses.values()):
            raise InvalidInput("This key is a license already, or was one. Choose another.")
        made = License(new_id("l"), label or f"License {len(licenses) + 1}", digest, self._state.clock.now())
        sealed = self._vault.seal(license_subject(made.id), key.encode())
        await self._state.store.put_license(made, sealed)
        licenses[made.id] = made
        self._sealed[made.id] = sealed
        self._state.changed()
        return Issued(made, key)

    def _opened(self, license_id: str) -> str | None:
        try:
            return self._vault.open(license_subject(license_id), self._sealed[license_id]).decode()
        except (KeyError, KeyStoreUnavailable, DataKeyLost, SealDamaged):
            return None

"""Making, changing, rotating and revoking licenses, and how they are shown."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from app.core.budget import BudgetBook
from app.core.errors import DataKeyLost, InvalidInput, KeyStoreUnavailable, NotFound, SealDamaged
from app.core.license import (
    License,
    LicenseState,
    checked_daily_tokens,
    checked_expiry,
    checked_label,
    checked_license_key,
    license_sha256,
    new_license_key,
)
from app.gateway.state import GatewayState, new_id
from app.store.vault import Sealed, Vault, license_subject

#: The label of the license that set-up texts for this computer carry.
DEFAULT_LABEL = "This computer"


@dataclass(frozen=True, slots=True)
class Issued:
    """A license with its key, for the one who asked for it."""

    license: License
    key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class LicenseView:
    """A license as it may be shown; see `License` for the fields' meaning.

    Attributes:
        state: whether it lets in now.
        used_today: of `daily_tokens`, since local midnight.
    """

    id: str
    label: str
    state: LicenseState
    created_at: float
    last_used_at: float | None
    revoked_at: float | None
    expires_at: float | None
    daily_tokens: int | None
    used_today: int
    last_peer: str | None = None
    last_client: str | None = None


def license_views(licenses: Iterable[License], budget: BudgetBook, now: float) -> tuple[LicenseView, ...]:
    """The licenses, in their order."""
    return tuple(
        LicenseView(
            id=item.id,
            label=item.label,
            state=item.state(now),
            created_at=item.created_at,
            last_used_at=item.last_used_at,
            revoked_at=item.revoked_at,
            expires_at=item.expires_at,
            daily_tokens=item.daily_tokens,
            used_today=budget.used(item.id, now),
            last_peer=item.last_peer,
            last_client=item.last_client,
        )
        for item in licenses
    )


class LicenseDesk:
    """The user's commands about licenses."""

    def __init__(self, state: GatewayState, vault: Vault) -> None:
        self._state = state
        self._vault = vault
        self._sealed: dict[str, Sealed] = {}
        self._saved_uses: dict[str, float | None] = {}
        # What one command looked up must still hold when it is written down.
        self._changing = asyncio.Lock()

    @property
    def changing(self) -> asyncio.Lock:
        """Held while licenses are changed; who changes them past this desk holds it too."""
        return self._changing

    def use_vault(self, vault: Vault) -> None:
        """Seal and open with this one from now on."""
        self._vault = vault

    async def take_in_stored(self) -> None:
        """Take the licenses from the store; uses that are not written down yet are not forgotten.

        Raises:
            DataUnusable: they cannot be read.
        """
        async with self._changing:
            for stored in await self._state.store.licenses():
                item, known = stored.license, self._state.licenses.get(stored.license.id)
                self._saved_uses[item.id] = item.last_used_at
                if known is not None and known.last_used_at != item.last_used_at:
                    uses = {name: getattr(known, name) for name in ("last_used_at", "last_peer", "last_client")}
                    item = replace(item, **uses)
                self._state.licenses[item.id] = item
                self._sealed[item.id] = stored.sealed
            self._state.licenses_rekeyed()

    async def create(
        self, label: str | None, key: str | None, *, expires_at: float | None = None, daily_tokens: int | None = None
    ) -> Issued:
        """Make a license.

        Args:
            label: for the user; a number is made up when it is missing.
            key: the user's own key; otherwise one is made.
            expires_at: Unix seconds, or None for never.
            daily_tokens: its budget from local midnight to midnight, or None for no limit.

        Raises:
            InvalidInput: the key cannot be carried by headers and shells, or another license has it; or the label,
                the expiry or the budget is none.
            KeyStoreUnavailable, DataKeyLost: it cannot be sealed; nothing was kept.
        """
        async with self._changing:
            return await self._create(label, key, expires_at, daily_tokens)

    async def update(self, license_id: str, changes: Mapping[str, object]) -> License:
        """Change a license's `label`, `expires_at` (None: never) and `daily_tokens` (None: no limit).

        What is not named stays. A revoked license stays revoked.

        Raises:
            NotFound: there is no such license.
            InvalidInput: a value is nonsense, something else is named, or nothing; nothing was changed.
        """
        async with self._changing:
            found = self._known(license_id)
            values = dict(changes)
            checked: dict[str, object] = {}
            if "label" in values:
                checked["label"] = checked_label(values.pop("label"))
            if "expires_at" in values:
                checked["expires_at"] = checked_expiry(values.pop("expires_at"), self._state.clock.now())
            if "daily_tokens" in values:
                checked["daily_tokens"] = checked_daily_tokens(values.pop("daily_tokens"))
            if values or not checked:
                raise InvalidInput(
                    "Of a license, label, expires_at and daily_tokens can be changed; name at least one."
                )
            return await self._change(found, checked)

    async def revoke(self, license_id: str) -> License:
        """Let a license in no more; turns that run under it end normally.

        Raises:
            NotFound: there is no such license.
        """
        async with self._changing:
            found = self._known(license_id)
            return await self._change(found, {} if found.revoked_at else {"revoked_at": self._state.clock.now()})

    async def key(self, license_id: str) -> Issued:
        """A license with its key, to be shown or copied again.

        Raises:
            NotFound: there is no such license.
            InvalidInput: it is revoked, and its key is gone.
            KeyStoreUnavailable, DataKeyLost, SealDamaged: its key cannot be opened; a new one can be had by `rotate`.
        """
        async with self._changing:
            found = self._known(license_id)
            try:
                return Issued(found, self._open(license_id))
            except (DataKeyLost, SealDamaged) as error:
                if found.revoked_at is not None:
                    raise InvalidInput(
                        "This license is revoked, and its key is not kept any more.", id=license_id
                    ) from error
                raise type(error)(
                    "The key of this license cannot be opened any more. It still lets in whoever has it; a new one is "
                    f"made by: waystation license rotate {license_id}",
                    id=license_id,
                ) from error

    async def rotate(self, license_id: str) -> Issued:
        """Give a license a new key; the old one lets in no more, turns that run under it end normally.

        What the license may do, has used and is called stays. The old key's digest and seal are replaced by one
        write, so that at every moment exactly one of the two keys is the license's.

        Raises:
            NotFound: there is no such license.
            InvalidInput: it is revoked.
            KeyStoreUnavailable, DataKeyLost, DataUnusable: the new key cannot be kept; the old one stays.
        """
        async with self._changing:
            found = self._known(license_id)
            if found.revoked_at is not None:
                raise InvalidInput(
                    "This license is revoked for good and gets no new key. Make another one: waystation license create",
                    id=license_id,
                )
            key = new_license_key(secrets.token_bytes(25))
            digest = license_sha256(key)
            sealed = self._vault.seal(license_subject(license_id), key.encode())
            await self._state.store.put_license(replace(found, sha256=digest), sealed)
            # It may have been used while it was written down.
            rotated = replace(self._state.licenses[license_id], sha256=digest)
            self._state.licenses[license_id] = rotated
            self._sealed[license_id] = sealed
            self._state.licenses_rekeyed()
            return Issued(rotated, key)

    async def default(self) -> Issued:
        """The license for set-up texts on this computer; made when it is first asked for.

        Raises:
            KeyStoreUnavailable, DataKeyLost: there is none yet, and a new one cannot be sealed.
        """
        async with self._changing:
            now = self._state.clock.now()
            for item in self._state.licenses.values():
                if item.label == DEFAULT_LABEL and item.state(now) is LicenseState.VALID:
                    key = self._opened(item.id)
                    if key is not None:
                        return Issued(item, key)
            return await self._create(DEFAULT_LABEL, None, None, None)

    async def save_uses(self) -> None:
        """Write down when each license was last used."""
        async with self._changing:
            for item in tuple(self._state.licenses.values()):
                # It may be used while it is written down.
                last = item.last_used_at
                if last != self._saved_uses.get(item.id):
                    await self._state.store.update_license(replace(item))
                    self._saved_uses[item.id] = last

    def _known(self, license_id: str) -> License:
        found = self._state.licenses.get(license_id)
        if found is None:
            raise NotFound(f"There is no license {license_id}. `waystation license list` shows them.", id=license_id)
        return found

    async def _change(self, found: License, values: Mapping[str, object]) -> License:
        await self._state.store.update_license(replace(found, **values))  # type: ignore[arg-type] # they were checked
        # It may have been used while it was written down.
        changed = replace(self._state.licenses[found.id], **values)  # type: ignore[arg-type]
        self._state.licenses[found.id] = changed
        self._state.changed()
        return changed

    async def _create(
        self, label: str | None, key: str | None, expires_at: float | None, daily_tokens: int | None
    ) -> Issued:
        licenses = self._state.licenses
        now = self._state.clock.now()
        label = checked_label(label) if label is not None else f"License {len(licenses) + 1}"
        expires_at, daily_tokens = checked_expiry(expires_at, now), checked_daily_tokens(daily_tokens)
        key = checked_license_key(key) if key is not None else new_license_key(secrets.token_bytes(25))
        digest = license_sha256(key)
        if any(item.sha256 == digest for item in licenses.values()):
            raise InvalidInput("This key is a license already, or was one. Choose another.")
        made = License(new_id("l"), label, digest, now, expires_at=expires_at, daily_tokens=daily_tokens)
        sealed = self._vault.seal(license_subject(made.id), key.encode())
        await self._state.store.put_license(made, sealed)
        licenses[made.id] = made
        self._sealed[made.id] = sealed
        self._state.changed()
        return Issued(made, key)

    def _opened(self, license_id: str) -> str | None:
        try:
            return self._open(license_id)
        except (KeyStoreUnavailable, DataKeyLost, SealDamaged):
            return None

    def _open(self, license_id: str) -> str:
        return self._vault.open(license_subject(license_id), self._sealed[license_id]).decode()

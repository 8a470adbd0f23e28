"""Seals secrets with AES-256-GCM by one data key, which a key store keeps."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from dataclasses import dataclass, field
from enum import StrEnum

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.core.errors import DataKeyLost, InvalidInput, KeyStoreUnavailable, SealDamaged
from app.store.key_stores import KEY_BYTES, KeyStore, KeyStoreKind

# NIST SP 800-38D, 5.2.1.1: 96 bits is the nonce size that GCM is made for.
_NONCE_BYTES = 12


@dataclass(frozen=True, slots=True)
class Sealed:
    """A sealed secret as it is stored.

    Attributes:
        key_id: which data key sealed it: the first 8 bytes of the key's SHA-256, in hexadecimal.
        nonce: 12 random bytes, another one for each seal.
        ciphertext: the sealed bytes and the 16 bytes of the tag.
    """

    key_id: str
    nonce: bytes = field(repr=False)
    ciphertext: bytes = field(repr=False)


class VaultStatus(StrEnum):
    """Whether secrets can be sealed and opened."""

    #: The key has not been read yet, or is being read (the system may be asking the user).
    LOCKED = "locked"
    READY = "ready"
    #: The key store cannot be used; another try may succeed.
    UNAVAILABLE = "unavailable"
    #: Sealed rows exist and their key is gone.
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class VaultState:
    """What the Settings page shows.

    Attributes:
        status: see `VaultStatus`.
        kind: where the key is kept.
        reason: a sentence for UNAVAILABLE and LOST that says what to do; else None.
    """

    status: VaultStatus
    kind: KeyStoreKind
    reason: str | None = None


def token_subject(token_id: str) -> str:
    """What the secret of a token is sealed for; it keeps a row from being opened in another row's place."""
    return f"token:{token_id}:v1"


def license_subject(license_id: str) -> str:
    """What the key of a license is sealed for."""
    return f"license:{license_id}:v1"


class Vault:
    """Holds the data key in memory once it has been unlocked.

    Args:
        keys: where the data key is kept.
    """

    def __init__(self, keys: KeyStore) -> None:
        self._keys = keys
        self._cipher: AESGCM | None = None
        self._key_id = ""
        self._state = VaultState(VaultStatus.LOCKED, keys.kind)
        # Two tries at once must not make two keys.
        self._unlocking = asyncio.Lock()

    def __repr__(self) -> str:
        return f"<Vault {self._state.kind} {self._state.status}>"

    @property
    def state(self) -> VaultState:
        """For display."""
        return self._state

    async def unlock(self, has_sealed_rows: bool) -> None:
        """Read the data key, or make the first one. May be called again after a failure.

        Args:
            has_sealed_rows: whether the store holds anything sealed; then a missing key is a lost one.

        Raises:
            DataKeyLost: there is no key for the sealed rows; nothing was written.
            KeyStoreUnavailable: no keyring, a locked or silent one, or a key file that cannot be used.
        """
        async with self._unlocking:
            if self._cipher is None:
                await self._unlock(may_make_key=not has_sealed_rows)

    async def replace_lost_key(self) -> None:
        """Make a new data key after the old one was lost, so that secrets can be sealed again.

        Rows sealed by the lost key stay, and still raise DataKeyLost. When the key has come back meanwhile, that one
        is used and none is made.

        Raises:
            InvalidInput: the key is not lost.
            KeyStoreUnavailable: the new key cannot be saved.
        """
        async with self._unlocking:
            if self._state.status is not VaultStatus.LOST:
                raise InvalidInput("The data key is not lost, so nothing was replaced.")
            await self._unlock(may_make_key=True)

    def seal(self, subject: str, plain: bytes) -> Sealed:
        """Seal a secret for a subject, see `token_subject`.

        Raises:
            DataKeyLost, KeyStoreUnavailable: there is no key at hand, for the reason that `state` tells.
        """
        cipher = self._ready()
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return Sealed(self._key_id, nonce, cipher.encrypt(nonce, plain, subject.encode()))

    def open(self, subject: str, sealed: Sealed) -> bytes:
        """The secret that was sealed for this subject.

        Raises:
            DataKeyLost: another key sealed it, or the key is lost.
            SealDamaged: our key sealed it, but its bytes were changed or it belongs to another subject.
            KeyStoreUnavailable: there is no key at hand.
        """
        cipher = self._ready()
        if sealed.key_id != self._key_id:
            raise DataKeyLost(
                "This secret was sealed with another data key. Put that key back, or enter the secret again.",
                key_id=sealed.key_id,
            )
        try:
            return cipher.decrypt(sealed.nonce, sealed.ciphertext, subject.encode())
        except (InvalidTag, ValueError):
            # A nonce of a wrong length is a ValueError.
            raise SealDamaged("This secret's stored bytes are damaged. Enter the secret again.") from None

    async def _unlock(self, *, may_make_key: bool) -> None:
        try:
            key = await self._keys.read()
            if key is None and may_make_key:
                key = secrets.token_bytes(KEY_BYTES)
                await self._keys.write(key)
        except KeyStoreUnavailable as error:
            # A lost key stays lost until somebody replaces it.
            if self._state.status is not VaultStatus.LOST:
                self._state = VaultState(VaultStatus.UNAVAILABLE, self._keys.kind, error.message)
            raise
        if key is None:
            self._state = VaultState(VaultStatus.LOST, self._keys.kind, self._keys.lost_message)
            raise DataKeyLost(self._keys.lost_message)
        self._cipher = AESGCM(key)
        self._key_id = hashlib.sha256(key).hexdigest()[:16]
        self._state = VaultState(VaultStatus.READY, self._keys.kind)

    def _ready(self) -> AESGCM:
        if self._cipher is not None:
            return self._cipher
        if self._state.status is VaultStatus.LOST:
            raise DataKeyLost(self._keys.lost_message)
        raise KeyStoreUnavailable(
            self._state.reason or "The data key has not been unlocked yet; try again in a moment."
        )

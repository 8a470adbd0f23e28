"""Where the data key is kept: the system's keyring, a file for this user alone, or this process's memory."""

from __future__ import annotations

import asyncio
import base64
import binascii
import concurrent.futures
import os
import secrets
from enum import StrEnum
from pathlib import Path
from typing import Protocol, TypeVar

from app.core.errors import InvalidInput, KeyStoreUnavailable
from app.store.bridge import settled, start_daemon

#: AES-256.
KEY_BYTES = 32
#: How long a keyring may take, a question to the user included.
KEYRING_TIMEOUT_S = 30.0
KEYRING_SERVICE = "Waystation"
KEYRING_USER = "data-key-v1"
KEY_FILE = "data.key"

_T = TypeVar("_T")
_THREAD = "waystation-keys"
_CHOICES = (
    "Set WAYSTATION_KEY_STORE=file to keep the key in a file that only this user can read (weaker), or "
    "WAYSTATION_KEY_STORE=memory to keep secrets for this session only."
)


class KeyStoreKind(StrEnum):
    """The values of `WAYSTATION_KEY_STORE`."""

    KEYRING = "keyring"
    FILE = "file"
    MEMORY = "memory"


class KeyStore(Protocol):
    """Keeps one data key of `KEY_BYTES` bytes."""

    @property
    def kind(self) -> KeyStoreKind:
        """Which of the three it is."""

    @property
    def lost_message(self) -> str:
        """What to tell the user when there is no key for the sealed rows."""

    async def read(self) -> bytes | None:
        """The key, or None when there is none.

        Raises:
            KeyStoreUnavailable: it cannot be known.
        """

    async def write(self, key: bytes) -> None:
        """Keep the key, and see that it can be read again.

        Raises:
            KeyStoreUnavailable: it was not kept.
        """


def key_store_kind(value: str | None) -> KeyStoreKind:
    """The kind named by `WAYSTATION_KEY_STORE`; the keyring when it is unset or empty.

    Raises:
        InvalidInput: there is no such kind.
    """
    if not value:
        return KeyStoreKind.KEYRING
    try:
        return KeyStoreKind(value)
    except ValueError:
        raise InvalidInput("WAYSTATION_KEY_STORE must be keyring, file or memory.") from None


def key_store(kind: KeyStoreKind, data_dir: Path) -> KeyStore:
    """The key store of that kind; `data_dir` is where the file is."""
    if kind is KeyStoreKind.KEYRING:
        return KeyringStore()
    if kind is KeyStoreKind.FILE:
        return FileStore(data_dir / KEY_FILE)
    return MemoryStore()


class MemoryStore:
    """Keeps the key as long as the process runs.

    The next start finds the sealed rows without their key and says so (DataKeyLost). That is the price of "this
    session only".
    """

    kind = KeyStoreKind.MEMORY
    lost_message = (
        "The stored tokens and licenses were sealed by a key that was kept for one session only, or elsewhere. "
        "Put WAYSTATION_KEY_STORE back to what it was then, or choose a new key (`waystation key replace`) and enter "
        "the secrets again."
    )

    def __init__(self) -> None:
        self._key: bytes | None = None

    async def read(self) -> bytes | None:
        """The key of this process, if it has made one."""
        return self._key

    async def write(self, key: bytes) -> None:
        """Keep it."""
        self._key = key


class FileStore:
    """Keeps the key in a file of mode 0600; whoever can read the user's files has it.

    Args:
        path: the file; its folder exists.
    """

    kind = KeyStoreKind.FILE

    def __init__(self, path: Path) -> None:
        self._path = path
        self.lost_message = (
            f"The key file {path} is missing, so the stored secrets cannot be opened. Put the file back, or choose a "
            "new key (`waystation key replace`) and enter the secrets again."
        )

    async def read(self) -> bytes | None:
        """The key; a file that others could read is closed to them first."""
        return await settled(start_daemon(_THREAD, self._read))

    async def write(self, key: bytes) -> None:
        """Write the whole file or nothing, and make it survive a power cut."""
        await settled(start_daemon(_THREAD, lambda: self._write(key)))

    def _read(self) -> bytes | None:
        try:
            if os.name == "posix" and self._path.stat().st_mode & 0o077:
                self._path.chmod(0o600)
            text = self._path.read_text("ascii")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise KeyStoreUnavailable(f"The key file {self._path} cannot be read: {_reason(error)}.") from None
        key = _decoded(text)
        if key is None:
            raise KeyStoreUnavailable(f"The key file {self._path} holds no key. Put a copy of it back.")
        return key

    def _write(self, key: bytes) -> None:
        partial = self._path.with_name(f"{self._path.name}.{secrets.token_hex(4)}")
        try:
            handle = os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            try:
                with os.fdopen(handle, "w", encoding="ascii") as file:
                    file.write(base64.b64encode(key).decode() + "\n")
                    file.flush()
                    os.fsync(file.fileno())
                os.replace(partial, self._path)
            except OSError:
                partial.unlink(missing_ok=True)
                raise
            if os.name == "posix":
                folder = os.open(self._path.parent, os.O_RDONLY)
                try:
                    os.fsync(folder)
                finally:
                    os.close(folder)
        except OSError as error:
            raise KeyStoreUnavailable(f"The key file {self._path} cannot be written: {_reason(error)}.") from None
        if self._read() != key:
            raise KeyStoreUnavailable(f"The key file {self._path} does not keep what is written to it.")


class KeyringStore:
    """Keeps the key as one item of the system's keyring: one item, one question by the system, read once per start.

    Args:
        timeout_s: how long one call may take. A system that asks the user may hang for ever; the call then goes on
            in its thread, and the next try waits for that same call instead of asking a second time.
    """

    kind = KeyStoreKind.KEYRING
    lost_message = (
        "The system's keyring has no key for the stored secrets. If they were made with another keyring or user, go "
        "back to that one; else choose a new key (`waystation key replace`) and enter the secrets again."
    )

    def __init__(self, timeout_s: float = KEYRING_TIMEOUT_S) -> None:
        self._timeout_s = timeout_s
        self._reading: concurrent.futures.Future[str | None] | None = None

    async def read(self) -> bytes | None:
        """The key in the keyring."""
        if self._reading is None or self._reading.done():
            self._reading = start_daemon(_THREAD, _get_item)
        text = await self._answer(self._reading)
        if text is None:
            return None
        key = _decoded(text)
        if key is None:
            raise KeyStoreUnavailable(
                f"The keyring's item “{KEYRING_SERVICE}” / “{KEYRING_USER}” holds no key. Restore or remove it."
            )
        return key

    async def write(self, key: bytes) -> None:
        """Set the item and read it back; some backends keep nothing and say nothing."""
        text = base64.b64encode(key).decode()
        kept = await self._answer(start_daemon(_THREAD, lambda: _set_item(text)))
        if kept != text:
            raise KeyStoreUnavailable(f"The system's keyring does not keep what is written to it. {_CHOICES}")

    async def _answer(self, call: concurrent.futures.Future[_T]) -> _T:
        try:
            return await asyncio.wait_for(settled(call), self._timeout_s)
        except TimeoutError:
            raise KeyStoreUnavailable(
                f"The system's keyring has not answered for {self._timeout_s:g} seconds; it may be asking for its "
                f"password. Unlock it and try again. {_CHOICES}",
                reason="timeout",
            ) from None
        except Exception as error:
            # KeyringError and, from the Windows backend, whatever CredWrite raised (jaraco/keyring #355). The text of
            # an error may repeat what was to be stored, so only its type is told.
            name = type(error).__name__
            raise KeyStoreUnavailable(
                f"The system's keyring is missing, locked or full ({name}). Unlock it and try again. {_CHOICES}",
                reason=name,
            ) from None


def _get_item() -> str | None:
    # Looks for a backend on import, which takes a while; hence here, on a thread.
    import keyring

    return keyring.get_password(KEYRING_SERVICE, KEYRING_USER)


def _set_item(text: str) -> str | None:
    import keyring

    keyring.set_password(KEYRING_SERVICE, KEYRING_USER, text)
    return keyring.get_password(KEYRING_SERVICE, KEYRING_USER)


def _decoded(text: str) -> bytes | None:
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        return None
    return key if len(key) == KEY_BYTES else None


def _reason(error: Exception) -> str:
    return error.strerror or type(error).__name__ if isinstance(error, OSError) else type(error).__name__

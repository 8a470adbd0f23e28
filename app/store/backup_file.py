"""The file of a backup: one JSON object, sealed by a passphrase, which is all that is needed to open it elsewhere."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import secrets
import unicodedata
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.core.backup import FORMAT, BackupDamaged, BackupTooNew, WrongPassphrase
from app.core.errors import InvalidInput

LEAST_PASSPHRASE = 8

#: OWASP's password storage cheat sheet: N = 2^17, r = 8, p = 1; 128 MiB and a few tenths of a second.
_N, _R, _P = 2**17, 8, 1
#: A file must not make a computer work for minutes, nor its seal be weak.
_LEAST_N, _MOST_N, _MOST_P = 2**15, 2**18, 4
_SALT_BYTES = 16
_KEY_BYTES = 32
#: See `app.store.vault`.
_NONCE_BYTES = 12
_SUBJECT = b"waystation:backup:v1"


def checked_passphrase(passphrase: object) -> str:
    """A passphrase that a backup may be sealed with.

    Raises:
        InvalidInput: it is too short.
    """
    if not isinstance(passphrase, str) or len(passphrase) < LEAST_PASSPHRASE:
        raise InvalidInput(f"A passphrase has at least {LEAST_PASSPHRASE} characters.")
    return passphrase


def seal_backup(plain: bytes, passphrase: str) -> str:
    """The file's text. Slow on purpose, and needs 128 MiB: not for an event loop."""
    salt, nonce = secrets.token_bytes(_SALT_BYTES), secrets.token_bytes(_NONCE_BYTES)
    sealed = AESGCM(_key(passphrase, salt, _N, _P)).encrypt(nonce, plain, _SUBJECT)
    content = {
        "waystation": FORMAT,
        "kdf": {"name": "scrypt", "n": _N, "r": _R, "p": _P, "salt": _packed(salt)},
        "nonce": _packed(nonce),
        "sealed": _packed(sealed),
    }
    return json.dumps({**content, "sum": _sum(content)}, indent=1) + "\n"


def open_backup(text: str, passphrase: str) -> bytes:
    """What was sealed. Slow as `seal_backup`.

    Raises:
        InvalidInput: it is no backup.
        BackupTooNew, BackupDamaged, WrongPassphrase: it is one, but cannot be opened.
    """
    try:
        content = json.loads(text.strip().removeprefix("\ufeff"))
        version = content["waystation"]
    except (ValueError, TypeError, KeyError, RecursionError):
        # One that lost its end is no JSON any more.
        if '"waystation"' in text[:100]:
            raise BackupDamaged from None
        raise InvalidInput("This file is no backup of Waystation.") from None
    if isinstance(version, int) and version > FORMAT:
        raise BackupTooNew
    try:
        # Told apart from a wrong passphrase, which the seal alone cannot do.
        if content.pop("sum") != _sum(content):
            raise BackupDamaged
        kdf = content["kdf"]
        n, p = kdf["n"], kdf["p"]
        known = isinstance(n, int) and n in _powers() and isinstance(p, int) and 1 <= p <= _MOST_P
        if kdf["name"] != "scrypt" or kdf["r"] != _R or not known:
            raise BackupTooNew
        salt, nonce, sealed = (_unpacked(item) for item in (kdf["salt"], content["nonce"], content["sealed"]))
    except (ValueError, TypeError, KeyError, AttributeError):
        raise BackupDamaged from None
    try:
        return AESGCM(_key(passphrase, salt, n, p)).decrypt(nonce, sealed, _SUBJECT)
    except InvalidTag:
        raise WrongPassphrase from None
    except ValueError:
        # A nonce of a wrong length.
        raise BackupDamaged from None


def _key(passphrase: str, salt: bytes, n: int, p: int) -> bytes:
    # Keyboards of other systems write the same accents in other ways.
    password = unicodedata.normalize("NFKC", passphrase).encode("utf-8", "surrogatepass")
    memory = 128 * _R * (n + p + 8)
    return hashlib.scrypt(password, salt=salt, n=n, r=_R, p=p, maxmem=memory, dklen=_KEY_BYTES)


def _powers() -> tuple[int, ...]:
    return tuple(2**power for power in range(_LEAST_N.bit_length() - 1, _MOST_N.bit_length()))


def _sum(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _packed(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _unpacked(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise ValueError from None

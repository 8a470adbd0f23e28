"""A license: the key with which a client enters. Checked by its SHA-256."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass

from app.core.errors import InvalidInput

_ALLOWED = re.compile(r"[A-Za-z0-9._~+/=-]{8,200}")


@dataclass(frozen=True, slots=True)
class License:
    """One client's or colleague's right to enter, without the key itself.

    Attributes:
        id: ours, such as `l-5f0c9a12`.
        label: the user's name for it.
        sha256: of the key, lower-case hex.
        created_at: Unix seconds.
        revoked_at: Unix seconds, or None while it is valid.
        last_used_at: Unix seconds, or None.
        expires_at: Unix seconds from which it lets nobody in, or None.
        daily_tokens: how many tokens (input and output, as upstream counts them) it may use from local midnight to
            midnight, or None for no limit.
    """

    id: str
    label: str
    sha256: str
    created_at: float
    revoked_at: float | None = None
    last_used_at: float | None = None
    expires_at: float | None = None
    daily_tokens: int | None = None


def new_license_key(random: bytes) -> str:
    """A key from at least 20 random bytes: `ws-` and letters that need no quoting in any shell."""
    if len(random) < 20:
        raise ValueError("a license key needs at least 20 random bytes")
    return "ws-" + base64.b32encode(random).decode().rstrip("=").lower()


def checked_license_key(key: str) -> str:
    """The user's own key, if it can be carried by a header and by every shell.

    Raises:
        InvalidInput: too short, too long, or with other characters.
    """
    if not _ALLOWED.fullmatch(key):
        raise InvalidInput("A license key has 8 to 200 characters out of A-Z a-z 0-9 . _ ~ + / = and -.")
    return key


def license_sha256(key: str) -> str:
    """The digest under which a key is looked up."""
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


def key_from_authorization(header: str | None) -> str | None:
    """The key in an `Authorization` header, bare or after `Bearer`; None when there is none."""
    if header is None:
        return None
    text = header.strip()
    scheme, _, rest = text.partition(" ")
    if scheme.lower() == "bearer":
        text = rest.strip()
    return text or None


def masked_key(key: str) -> str:
    """Enough of a key to recognise it in an error text."""
    return f"{key[:3]}…{key[-2:]}" if len(key) >= 12 else "…"

"""A license: the key with which a client enters. Checked by its SHA-256."""

from __future__ import annotations

import base64
import hashlib
import math
import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from enum import StrEnum

from app.core.errors import InvalidInput

MAX_LABEL = 80

_ALLOWED = re.compile(r"[A-Za-z0-9._~+/=-]{8,200}")
_DAYS = re.compile(r"([0-9]{1,5})d")
_AMOUNT = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,9})?)([km万亿]?)", re.IGNORECASE)
_TIMES = {"": 1, "k": 1_000, "m": 1_000_000, "万": 10_000, "亿": 100_000_000}
_DAY_S = 86_400.0
#: Of what a client calls itself, in characters; that may be anything.
_MAX_CLIENT = 200
#: Every system's calendar reaches so far.
_LONGEST_S = 100 * 365 * _DAY_S
#: Beyond what anybody uses in a day, and within what SQLite and JSON hold exactly.
_MOST_TOKENS = 10**15


class LicenseState(StrEnum):
    """Whether a license lets in."""

    VALID = "valid"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(slots=True)
class License:
    """One client's or colleague's right to enter, without the key itself.

    Changes of it are new objects; only its last use, of which every request is one, is noted in place.

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
        last_peer: the IP address that it was last used from, or None.
        last_client: what that client called itself (its User-Agent), or None.
    """

    id: str
    label: str
    sha256: str
    created_at: float
    revoked_at: float | None = None
    last_used_at: float | None = None
    expires_at: float | None = None
    daily_tokens: int | None = None
    last_peer: str | None = None
    last_client: str | None = None

    def used(self, now: float, peer: str | None, client: str | None) -> None:
        """Note that it has let somebody in: from this IP address, a client that calls itself so."""
        self.last_used_at = now
        self.last_peer = peer
        self.last_client = client and client[:_MAX_CLIENT]

    def state(self, now: float) -> LicenseState:
        """Whether it lets in; revoked outweighs expired, since it cannot be taken back."""
        if self.revoked_at is not None:
            return LicenseState.REVOKED
        if self.expires_at is not None and self.expires_at <= now:
            return LicenseState.EXPIRED
        return LicenseState.VALID


@dataclass(frozen=True, slots=True)
class LicenseUsage:
    """What was used under a license in some time.

    Attributes:
        turns: how many there were.
        input_tokens, cached_tokens, output_tokens: as upstream counted them; cached ones are a part of the input.
    """

    turns: int = 0
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0


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


def checked_label(label: object) -> str:
    """The user's name for a license, without blanks around it.

    Raises:
        InvalidInput: it is no text, empty, or longer than `MAX_LABEL`.
    """
    text = label.strip() if isinstance(label, str) else ""
    if not 0 < len(text) <= MAX_LABEL:
        raise InvalidInput(f"A label has 1 to {MAX_LABEL} characters.")
    return text


def checked_expiry(expires_at: object, now: float) -> float | None:
    """When a license expires, in Unix seconds, or None for never.

    Raises:
        InvalidInput: it is no such number, has passed, or is more than a hundred years away.
    """
    if expires_at is None:
        return None
    if isinstance(expires_at, bool) or not isinstance(expires_at, int | float) or not math.isfinite(expires_at):
        raise InvalidInput("The expiry is a time in Unix seconds, or null for never.")
    if expires_at <= now:
        raise InvalidInput("The expiry lies in the past; to let a license in no more, revoke it.")
    if expires_at - now > _LONGEST_S:
        raise InvalidInput("The expiry is more than a hundred years away.")
    return float(expires_at)


def checked_daily_tokens(daily_tokens: object) -> int | None:
    """A daily budget in tokens, or None for no limit.

    Raises:
        InvalidInput: it is no whole number, not above 0, or absurdly large.
    """
    if daily_tokens is None:
        return None
    if isinstance(daily_tokens, bool) or not isinstance(daily_tokens, int) or not 0 < daily_tokens <= _MOST_TOKENS:
        raise InvalidInput("A daily budget is a whole number of tokens above 0; to let nobody in, revoke the license.")
    return daily_tokens


def expiry_from_text(text: str, now: float, zone: tzinfo | None = None) -> float:
    """What a user writes for an expiry: `30d` from now, or the last day, such as `2027-01-31`, until its end.

    Args:
        text: as written.
        now: Unix seconds.
        zone: where the day ends; None: the system's own.

    Raises:
        InvalidInput: it is neither.
    """
    text = text.strip()
    if days := _DAYS.fullmatch(text):
        return now + int(days[1]) * _DAY_S
    try:
        # The next midnight would be shown as a day later than what was written.
        last = datetime.combine(date.fromisoformat(text), time.max, zone)
        return (last - timedelta(microseconds=last.microsecond)).timestamp()
    except (ValueError, OverflowError, OSError):
        raise InvalidInput(f"{text!r} is no expiry. Write 30d, or the last day: 2027-01-31.") from None


def daily_tokens_from_text(text: str) -> int:
    """What a user writes for a daily budget: `2000000`, `500k` or `1.5M`; in Chinese also `50万` or `1.5亿`.

    Raises:
        InvalidInput: it is none of these.
    """
    amount = _AMOUNT.fullmatch(text.strip())
    if amount is None:
        raise InvalidInput(f"{text!r} is no number of tokens. Write 2000000, 500k or 1.5M.")
    return round(float(amount[1]) * _TIMES[amount[2].lower()])


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

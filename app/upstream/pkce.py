"""The secrets of one sign-in: PKCE (RFC 7636) and the state that ties the browser's answer to its question."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Callable

#: Codex' own lengths.
_VERIFIER_BYTES = 64
_STATE_BYTES = 32


def new_pkce(random: Callable[[int], bytes] = secrets.token_bytes) -> tuple[str, str]:
    """A verifier, which stays here until the exchange, and its S256 challenge, which goes into the address."""
    verifier = _base64url(random(_VERIFIER_BYTES))
    return verifier, _base64url(hashlib.sha256(verifier.encode()).digest())


def new_state(random: Callable[[int], bytes] = secrets.token_bytes) -> str:
    """A value that only the browser that we sent can bring back."""
    return _base64url(random(_STATE_BYTES))


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

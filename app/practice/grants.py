"""Authorization codes, and devices that wait for a person: what stands between a sign-in page and tokens."""

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from app.practice.accounts import PracticeAccount
from app.practice.logins import SignInRules
from app.practice.refusals import Refusal, oauth_error

_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
"""The letters of user codes: no vowels, so that no words come out."""

_SHORTEST_VERIFIER = 43
"""Characters that a PKCE verifier must have (RFC 7636)."""


@dataclass(eq=False)
class _Code:
    account: PracticeAccount
    redirect_uri: str
    challenge: str
    scope: str
    ends: float
    used: bool = False


class Codes:
    """Authorization codes: each is good once, for the client that asked, and only with its PKCE verifier."""

    def __init__(self, rules: SignInRules, clock: Callable[[], float], new_id: Callable[[str], str]) -> None:
        self._rules = rules
        self._clock = clock
        self._new_id = new_id
        self._codes: dict[str, _Code] = {}

    def issue(self, account: PracticeAccount, redirect_uri: str, challenge: str, scope: str) -> str:
        """Return a new code that signs in as ``account``."""
        code = self._new_id("ac_practice")
        self._codes[code] = _Code(account, redirect_uri, challenge, scope, self._clock() + self._rules.code_life)
        return code

    def holder(self, code: str) -> PracticeAccount | None:
        """Return whom a code signs in, whether or not it is still good."""
        found = self._codes.get(code)
        return found.account if found else None

    def redeem(self, code: str, redirect_uri: str, verifier: str) -> tuple[PracticeAccount, str] | Refusal:
        """Use a code up and return its account and scope, or why it is refused. A refused code is used up too."""
        found = self._codes.get(code)
        if found is None or found.used:
            return oauth_error("invalid_grant", "The authorization code is unknown or was used before.")
        found.used = True
        if self._clock() >= found.ends:
            return oauth_error("invalid_grant", "The authorization code has expired.")
        if redirect_uri != found.redirect_uri:
            return oauth_error("invalid_grant", "The redirect URI is not the one of the authorization request.")
        if len(verifier) < _SHORTEST_VERIFIER or challenge_of(verifier) != found.challenge:
            return oauth_error("invalid_grant", "The code verifier does not match the code challenge.")
        return found.account, found.scope


@dataclass(eq=False)
class Device:
    """A device that shows ``user_code`` and asks under ``id`` whether a person has entered it."""

    id: str
    user_code: str
    ends: float
    account: PracticeAccount | None = None
    denied: bool = False
    grant: tuple[str, str] | None = field(default=None, repr=False)
    """The authorization code and its verifier, once both were made."""


class Devices:
    """The devices that wait."""

    def __init__(self, rules: SignInRules, clock: Callable[[], float], new_id: Callable[[str], str]) -> None:
        self._rules = rules
        self._clock = clock
        self._new_id = new_id
        self._devices: dict[str, Device] = {}

    def start(self) -> Device:
        """Return a new device with its user code."""
        name = self._new_id("deviceauth_practice")
        digest = hashlib.sha256(name.encode()).digest()
        letters = "".join(_LETTERS[byte % len(_LETTERS)] for byte in digest[:9])
        device = Device(name, f"{letters[:4]}-{letters[4:]}", self._clock() + self._rules.device_life)
        self._devices[name] = device
        return device

    def waiting(self, user_code: str) -> Device | None:
        """Return the device that waits under a user code, as a person may type it."""
        wanted = user_code.strip().upper().replace("-", "").replace(" ", "")
        for device in self._devices.values():
            same = device.user_code.replace("-", "") == wanted
            if same and self.state(device) == "pending":
                return device
        return None

    def find(self, device_id: str, user_code: str) -> Device | None:
        """Return the device with both names."""
        found = self._devices.get(device_id)
        return found if found and found.user_code == user_code else None

    def state(self, device: Device) -> Literal["pending", "approved", "denied", "expired"]:
        """Return what a device that asks is to be told."""
        if device.denied:
            return "denied"
        if self._clock() >= device.ends:
            return "expired"
        return "approved" if device.account else "pending"


def challenge_of(verifier: str) -> str:
    """Return the S256 challenge of a PKCE verifier."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()

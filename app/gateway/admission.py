"""Who may enter: the license that a client shows, and how fast wrong ones are answered."""

from __future__ import annotations

import asyncio
from datetime import datetime

from app.core.errors import Refusal
from app.core.guesses import Guesses
from app.core.license import License, LicenseState, license_sha256, masked_key
from app.gateway.state import GatewayState

#: Answers that are held back at once. Whoever comes on top is answered at once, and loses the connection instead.
MOST_HELD = 64


class Admission:
    """Looks licenses up. Outlives stopping and starting, so that a guesser gains nothing by either.

    What counts as a guess is every license that does not let in, whatever is asked for with it: HEAD tells right from
    wrong as well as POST does.
    """

    def __init__(self, state: GatewayState) -> None:
        self._state = state
        self._guesses = Guesses()
        self._ids: dict[str, str] = {}
        self._ids_of = (0, 0)
        self._held = 0
        self._hurry = asyncio.Event()

    def open(self) -> None:
        """The gateway starts."""
        self._hurry.clear()

    def close(self) -> None:
        """The gateway stops: answers that are held back go out now."""
        self._hurry.set()

    def admit(self, key: str | None, peer: str | None, client: str | None) -> License:
        """The license with this key.

        Args:
            key: as the client shows it, or None.
            peer: its IP address.
            client: what it calls itself, or None.

        Raises:
            Refusal: 401 in OpenAI's shape, when it shows none, or one that is unknown, revoked or expired.
        """
        if key is None:
            raise Refusal(
                401,
                "You didn't provide a license key. Send it as 'Authorization: Bearer <license>'. "
                "Waystation's tray menu copies it for you.",
            )
        now = self._state.clock.now()
        found = self._find(license_sha256(key))
        if found is None:
            raise _invalid(
                f"Incorrect license key provided: {masked_key(key)}. Copy a valid one from Waystation's tray menu."
            )
        state = found.state(now)
        if state is LicenseState.REVOKED:
            raise _invalid(
                f"Revoked license key provided: {masked_key(key)}. It was revoked on {_day(found.revoked_at)}; "
                "ask whoever runs this Waystation for another one."
            )
        if state is LicenseState.EXPIRED:
            raise _invalid(
                f"Expired license key provided: {masked_key(key)}. It expired on {_day(found.expires_at)}; "
                "whoever runs this Waystation can extend it."
            )
        found.used(now, peer, client)
        return found

    def _find(self, digest: str) -> License | None:
        licenses = self._state.licenses
        # Licenses are added and changed, but never removed.
        if self._ids_of != (len(licenses), self._state.license_keys):
            self._ids = {item.sha256: item.id for item in licenses.values()}
            self._ids_of = len(licenses), self._state.license_keys
        found = self._ids.get(digest)
        return None if found is None else licenses[found]

    async def hold(self, peer: str | None, refusal: Refusal) -> None:
        """Wait before a guess is answered: not with the first ones of an address, then ever longer.

        Where too many wait already, `refusal` gets `Connection: close` among its headers instead: close the connection.
        """
        seconds = self._guesses.wrong(peer, self._state.clock.monotonic())
        if seconds <= 0:
            return
        if self._held >= MOST_HELD:
            refusal.headers["Connection"] = "close"
            return
        self._held += 1
        try:
            async with asyncio.timeout(seconds):
                await self._hurry.wait()
        except TimeoutError:
            pass
        finally:
            self._held -= 1


def _invalid(message: str) -> Refusal:
    return Refusal(401, message, code="invalid_api_key")


def _day(seconds: float | None) -> str:
    return "-" if seconds is None else f"{datetime.fromtimestamp(seconds):%Y-%m-%d}"

"""The application's way upstream: the user's choice, kept with its password sealed, and an offer when there is none."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from app.core.errors import DataKeyLost, InvalidInput, KeyStoreUnavailable, SealDamaged
from app.gateway.state import GatewayState
from app.store.vault import Sealed, Vault
from app.upstream.local_proxies import listening_proxies
from app.upstream.proxies import DIRECT, ProxyFinder, checked_proxy

#: The settings: the address as it may be shown, and the whole of it, sealed, where it holds a password.
SETTING = "proxy"
SECRET_SETTING = "proxy_sealed"  # noqa: S105 - a setting's name
_SUBJECT = "setting:proxy:v1"
#: Between two looks for proxies on this machine, in seconds.
_LOOK_APART_S = 30.0

_log = logging.getLogger(__name__)


class ProxyDesk:
    """The user's commands about the application's proxy. A token's own is a matter of `TokenDesk`.

    Args:
        state: of the gateway; told of proxies that could be offered.
        vault: seals the password.
        finder: uses the choice.
        look: finds proxies that run on this machine.
    """

    def __init__(
        self,
        state: GatewayState,
        vault: Vault,
        finder: ProxyFinder,
        look: Callable[[], Awaitable[tuple[str, ...]]] = listening_proxies,
    ) -> None:
        self._state = state
        self.vault = vault
        self._finder = finder
        self._look = look
        #: The choice as it may be shown: an address, `direct`, or None for the environment's or the system's.
        self.chosen: str | None = None
        #: The choice with its password, as far as that could be opened; a secret.
        self.whole: str | None = None

    def restore(self, settings: Mapping[str, str]) -> None:
        """Take up what was chosen before. Without its password rather than by no proxy at all."""
        self.chosen = settings.get(SETTING)
        text = self.chosen
        sealed = settings.get(SECRET_SETTING)
        if sealed is not None:
            try:
                text = self.vault.open(_SUBJECT, _sealed(sealed)).decode()
            except (KeyStoreUnavailable, DataKeyLost, SealDamaged, ValueError, KeyError, TypeError):
                _log.warning("the password of the proxy cannot be opened")
        try:
            self._finder.choose(text)
        except InvalidInput:
            _log.warning("the stored proxy makes no sense")
        self.whole = text

    async def choose(self, text: str | None) -> None:
        """Use this proxy from now on.

        Args:
            text: an address, with user and password if it needs them; `direct`; or None for the environment's, else
                the system's.

        Raises:
            InvalidInput: it is no such thing; nothing was changed.
            KeyStoreUnavailable, DataKeyLost: its password cannot be sealed; nothing was changed.
            DataUnusable: it cannot be written.
        """
        stored = self.as_stored(text)
        await self._state.store.set_settings(stored)
        self.restore({key: value for key, value in stored.items() if value is not None})
        self._state.offered_proxies = ()
        self._state.changed()

    def as_stored(self, text: str | None) -> dict[str, str | None]:
        """The settings that keep a choice; see `choose` for the argument.

        Raises:
            InvalidInput, KeyStoreUnavailable, DataKeyLost: as of `choose`.
        """
        shown = text = text.strip() or None if text is not None else None
        secret = None
        if text is not None and text.lower() == DIRECT:
            shown = text = DIRECT
        elif text is not None:
            proxy = checked_proxy(text)
            shown = proxy.shown
            secret = _text_of(self.vault.seal(_SUBJECT, text.encode())) if proxy.user is not None else None
        return {SETTING: shown, SECRET_SETTING: secret}

    async def run(self) -> None:
        """When upstream cannot be reached, see whether a proxy on this machine could be offered; until cancelled."""
        while True:
            await self._state.way_lost.wait()
            self._state.way_lost.clear()
            if self.chosen is None:
                found = await self._look()
                if found != self._state.offered_proxies:
                    self._state.offered_proxies = found
                    self._state.changed()
            await asyncio.sleep(_LOOK_APART_S)


def _text_of(sealed: Sealed) -> str:
    return json.dumps([sealed.key_id, sealed.nonce.hex(), sealed.ciphertext.hex()])


def _sealed(text: str) -> Sealed:
    fields: Any = json.loads(text)
    key_id, nonce, ciphertext = fields
    return Sealed(str(key_id), bytes.fromhex(nonce), bytes.fromhex(ciphertext))

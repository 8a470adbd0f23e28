"""What is put in order from time to time: the history is kept within the user's limits, uses are written down."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from app.core.errors import WaystationError
from app.gateway.removed_tokens import KEPT_S
from app.gateway.state import GatewayState

#: The first time, when starting has let the disk rest, and then again and again. In seconds.
FIRST_S = 30.0
EVERY_S = 600.0

_log = logging.getLogger(__name__)


class Upkeep:
    """Prunes the history and what was removed long ago, by itself and when it is poked.

    Args:
        state: of the gateway.
        save_uses: writes down when each license was last used.
    """

    def __init__(self, state: GatewayState, save_uses: Callable[[], Awaitable[None]]) -> None:
        self._state = state
        self._save_uses = save_uses
        self._due = asyncio.Event()

    def poke(self) -> None:
        """The limits have changed: do not wait for the next time."""
        self._due.set()

    async def run(self) -> None:
        """Go on until cancelled."""
        pause = FIRST_S
        while True:
            try:
                async with asyncio.timeout(pause):
                    await self._due.wait()
            except TimeoutError:
                pass
            self._due.clear()
            pause = EVERY_S
            limits = self._state.settings
            try:
                await self._save_uses()
                now = self._state.clock.now()
                await self._state.store.delete_removed_tokens(now - KEPT_S)
                await self._state.store.prune(now, limits.max_age_s, limits.max_bytes)
            except WaystationError as error:
                _log.warning("upkeep: %s", error.code)

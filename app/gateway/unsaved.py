"""Logins that exist only in memory: upstream has given them, and the store cannot write them at present."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from app.core.errors import WaystationError
from app.gateway.tasks import TaskSet

_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 60.0

_log = logging.getLogger(__name__)


class Unsaved:
    """The tokens whose logins are in use but not in the store; each is saved again until that works.

    Args:
        save: writes what is in use of a token, and discards it here; raises WaystationError where it cannot.
    """

    def __init__(self, save: Callable[[str], Awaitable[None]]) -> None:
        self._save = save
        self._ids: set[str] = set()
        self._tasks = TaskSet()
        self._closing = False

    def __contains__(self, token_id: str) -> bool:
        return token_id in self._ids

    def add(self, token_id: str) -> None:
        """Save this token again later."""
        if token_id in self._ids:
            return
        self._ids.add(token_id)
        _log.warning("the login of token %s cannot be saved at present; trying on", token_id)
        if not self._closing:
            self._tasks.start(self._save_later(token_id), f"save {token_id}")

    def discard(self, token_id: str) -> None:
        """It is saved, or gone."""
        self._ids.discard(token_id)

    async def close(self) -> None:
        """Try once more to save what could not be saved."""
        self._closing = True
        await self._tasks.close()
        for token_id in tuple(self._ids):
            if not await self._saved(token_id):
                _log.error("the login of token %s could not be saved: it needs a new sign-in", token_id)

    async def _save_later(self, token_id: str) -> None:
        pause = _FIRST_PAUSE_S
        while token_id in self._ids:
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_S)
            if await self._saved(token_id):
                return

    async def _saved(self, token_id: str) -> bool:
        try:
            await self._save(token_id)
        except WaystationError:
            return False
        return True

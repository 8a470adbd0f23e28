"""Where turns wait, first come first served, until a token serves fewer turns than it may."""

from __future__ import annotations

import asyncio
from itertools import count


class Turnstile:
    """Lets waiting turns look again, the first that came first."""

    def __init__(self) -> None:
        self._tickets = count()
        self._waiting: dict[int, tuple[frozenset[str], asyncio.Future[None]]] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def ticket(self) -> int:
        """A turn's place in line; it keeps it, however often it has to wait again."""
        return next(self._tickets)

    async def wait(self, ticket: int, token_ids: frozenset[str], within_s: float) -> None:
        """Wait until one of these tokens is free, or things have changed; at the latest after `within_s` seconds."""
        look: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[ticket] = (token_ids, look)
        try:
            await asyncio.wait((look,), timeout=within_s)
        finally:
            del self._waiting[ticket]

    def freed(self, token_id: str) -> None:
        """A token serves one turn less: the first who waits for it looks again."""
        for ticket in sorted(self._waiting):
            token_ids, look = self._waiting[ticket]
            if token_id in token_ids and not look.done():
                look.set_result(None)
                return

    def changed(self) -> None:
        """Tokens have changed: everybody looks again."""
        for _, look in self._waiting.values():
            if not look.done():
                look.set_result(None)

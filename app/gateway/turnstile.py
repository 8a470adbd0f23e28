"""Where turns wait, first come first served, until a token serves fewer turns than it may."""

from __future__ import annotations

import asyncio
from itertools import count


class Turnstile:
    """Lets waiting turns look again, the first that came first."""

    def __init__(self) -> None:
        self._tickets = count()
        self._waiting: dict[int, tuple[frozenset[str], asyncio.Future[str | None]]] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def ticket(self) -> int:
        """A turn's place in line; it keeps it, however often it has to wait again."""
        return next(self._tickets)

    async def wait(self, ticket: int, token_ids: frozenset[str], within_s: float) -> str | None:
        """Wait until one of these tokens is free, or things have changed; at the latest after `within_s` seconds.

        Returns:
            The token that got free: nobody else has been told, so whoever does not take it calls `freed` again.
        """
        look: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        self._waiting[ticket] = (token_ids, look)
        try:
            await asyncio.wait((look,), timeout=within_s)
        except asyncio.CancelledError:
            if look.done() and (token_id := look.result()) is not None:
                # Whoever leaves just when it was called makes room for the next.
                self.freed(token_id)
            raise
        finally:
            del self._waiting[ticket]
        return look.result() if look.done() else None

    def freed(self, token_id: str) -> None:
        """A token serves one turn less: the first who waits for it looks again."""
        for ticket in sorted(self._waiting):
            token_ids, look = self._waiting[ticket]
            if token_id in token_ids and not look.done():
                look.set_result(token_id)
                return

    def changed(self, token_id: str | None = None) -> None:
        """Tokens have changed: everybody looks again. Or only this one has: whoever waits for it looks again."""
        for ticket in sorted(self._waiting):
            token_ids, look = self._waiting[ticket]
            if token_id in (None, *token_ids) and not look.done():
                look.set_result(None)

"""Commands about new versions of this program."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

from app import __version__
from app.core.errors import InvalidInput
from app.gateway.gateway import Gateway


class ReleaseCommands:
    """The commands of one gateway about releases; see `table`."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self.table: dict[str, Callable[..., Awaitable[Any]]] = {
            "update.watch": self._watch,
            "update.check": self._check,
            "update.agree": self._agree,
            "update.feed": self._choose_feed,
            "update.skip": self._skip,
        }

    async def _watch(self) -> dict[str, Any]:
        """From now on somebody would see what is found."""
        self._gateway.releases.watch()
        return self._found()

    async def _check(self) -> dict[str, Any]:
        """Ask the feed now; returns what is known then.

        Raises:
            InvalidInput: there is nobody to ask.
            WaystationError: why the feed told nothing.
        """
        await self._gateway.releases.ask()
        return self._found()

    async def _agree(self, agreed: bool) -> dict[str, Any]:
        """Whether the feed may be asked once a day."""
        if not isinstance(agreed, bool):
            raise InvalidInput("agreed is true or false.")
        await self._gateway.releases.agree(agreed)
        return self._found()

    async def _choose_feed(self, address: str | None = None) -> dict[str, Any]:
        """Use another feed; None: the one that this build brings."""
        if address is not None and not isinstance(address, str):
            raise InvalidInput("An address is a text.")
        await self._gateway.releases.choose_feed(address)
        return self._found()

    async def _skip(self, version: str | None = None) -> dict[str, Any]:
        """Do not speak of this version any more; None: speak again of whichever is the newest."""
        if version is not None and not isinstance(version, str):
            raise InvalidInput("A version is a text.")
        await self._gateway.releases.skip(version)
        return self._found()

    def _found(self) -> dict[str, Any]:
        """`version`: that runs; `news`: see `Release`, None if nothing is newer."""
        desk = self._gateway.releases
        return {
            "version": __version__,
            "news": asdict(desk.news) if desk.news is not None else None,
            "skipped": desk.skipped,
            "feed": desk.memory.feed,
            "consent": desk.memory.consent.value,
            "answered_at": desk.memory.answered_at,
        }

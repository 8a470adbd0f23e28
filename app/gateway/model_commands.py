"""Commands about the names of models."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

from app.core.errors import InvalidInput
from app.core.models import ModelAlias
from app.gateway.gateway import Gateway


class ModelCommands:
    """The commands of one gateway about models; see `table`."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self.table: dict[str, Callable[..., Awaitable[Any]]] = {
            "models.list": self._list,
            "models.set": self._set,
            "models.remove": self._remove,
        }

    async def _list(self, refresh: bool = False) -> list[dict[str, Any]]:
        """See `ModelRow`; upstream is asked for what is not known well enough, or with `refresh` for everything.

        Raises:
            InvalidInput: `refresh` makes no sense.
            WaystationError: with `refresh`, why upstream told nothing.
        """
        if not isinstance(refresh, bool):
            raise InvalidInput("refresh is true or false.")
        table = await self._gateway.models.look(at_once=refresh)
        return [asdict(row) for row in table.rows()]

    async def _set(self, name: str, model: str, effort: str | None = None) -> dict[str, Any]:
        """Add a name of the user's or change it; returns it."""
        alias = ModelAlias(name, model, effort)
        await self._gateway.models.set(alias)
        return asdict(alias)

    async def _remove(self, name: str) -> dict[str, str]:
        await self._gateway.models.remove(name)
        return {"name": name}

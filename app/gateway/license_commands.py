"""Commands about licenses."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

from app.core.errors import InvalidInput
from app.core.license import License, LicenseUsage
from app.gateway.gateway import Gateway
from app.gateway.license_desk import Issued, license_views

#: Further back than any history is kept, in days.
MOST_DAYS = 3660
_DAY_S = 86_400.0


class LicenseCommands:
    """The commands of one gateway about its licenses; see `table`."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self.table: dict[str, Callable[..., Awaitable[Any]]] = {
            "license.create": self._create,
            "license.list": self._list,
            "license.update": self._update,
            "license.revoke": self._revoke,
            "license.default": self._default,
            "license.key": self._key,
            "license.rotate": self._rotate,
            "license.usage": self._usage,
        }

    async def _create(
        self,
        label: str | None = None,
        key: str | None = None,
        expires_at: float | None = None,
        daily_tokens: int | None = None,
    ) -> dict[str, Any]:
        return _issued(
            await self._gateway.licenses.create(label, key, expires_at=expires_at, daily_tokens=daily_tokens)
        )

    async def _list(self) -> list[dict[str, Any]]:
        state = self._gateway.state
        return [asdict(view) for view in license_views(state.licenses.values(), state.budget, state.clock.now())]

    async def _update(self, id: str, **changes: Any) -> dict[str, Any]:
        return _license(await self._gateway.licenses.update(id, changes))

    async def _revoke(self, id: str) -> dict[str, Any]:
        return _license(await self._gateway.licenses.revoke(id))

    async def _default(self) -> dict[str, Any]:
        return _issued(await self._gateway.licenses.default())

    async def _key(self, id: str) -> dict[str, Any]:
        """The key of a license, to be shown or copied again."""
        return _issued(await self._gateway.licenses.key(id))

    async def _rotate(self, id: str) -> dict[str, Any]:
        """Another key for a license; the old one stops at once."""
        return _issued(await self._gateway.licenses.rotate(id))

    async def _usage(self, days: float = 30) -> dict[str, dict[str, int]]:
        """Turns and tokens of the last days by license id, of every license, as far as the history goes back."""
        if isinstance(days, bool) or not isinstance(days, int | float) or not 0 < days <= MOST_DAYS:
            raise InvalidInput(f"The days are a number above 0, and at most {MOST_DAYS}.")
        state = self._gateway.state
        used = await state.store.license_usage(state.clock.now() - days * _DAY_S)
        return {license_id: asdict(used.get(license_id, LicenseUsage())) for license_id in state.licenses}


def _issued(issued: Issued) -> dict[str, Any]:
    return {"id": issued.license.id, "label": issued.license.label, "key": issued.key}


def _license(item: License) -> dict[str, Any]:
    shown = asdict(item)
    del shown["sha256"]
    return shown

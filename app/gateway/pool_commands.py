"""Commands about the pool as a whole: its policy, the way upstream, and the turns that wait at the station."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict, replace
from typing import Any

from app.core.errors import InvalidInput
from app.core.policy import LONGEST_WAIT_S, MOST_TURNS_PER_TOKEN, Strategy
from app.gateway.gateway import Gateway
from app.gateway.own_address import refuse_own_address
from app.gateway.snapshot import held_views
from app.gateway.usable_token import usable_token
from app.upstream.local_proxies import listening_proxies
from app.upstream.proxies import DIRECT


class PoolCommands:
    """The commands of one gateway about its pool; see `table`."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self.table: dict[str, Callable[..., Awaitable[Any]]] = {
            "pool.policy": self._policy,
            "pool.reset": self._reset,
            "proxy.show": self._proxy_show,
            "proxy.set": self._proxy_set,
            "proxy.detect": self._proxy_detect,
            "proxy.test": self._proxy_test,
            "turn.held": self._held,
            "turn.move": self._move,
            "turn.give_up": self._give_up,
        }

    async def _policy(
        self, strategy: str | None = None, wait_s: float | None = None, turns_per_token: int | None = None
    ) -> dict[str, Any]:
        """Change what is named; returns the whole policy."""
        policy = before = self._gateway.state.pool.policy
        if strategy is not None:
            try:
                policy = replace(policy, strategy=Strategy(strategy))
            except ValueError:
                raise InvalidInput(f"The strategy is one of {', '.join(Strategy)}.") from None
        if wait_s is not None:
            if not _is_number(wait_s) or not 0 <= wait_s <= LONGEST_WAIT_S:
                raise InvalidInput(f"The waiting time is 0 (off) to {LONGEST_WAIT_S / 3600:.0f} hours.")
            policy = replace(policy, wait_s=float(wait_s))
        if turns_per_token is not None:
            if not _is_number(turns_per_token) or turns_per_token not in range(1, MOST_TURNS_PER_TOKEN + 1):
                raise InvalidInput(f"A token serves 1 to {MOST_TURNS_PER_TOKEN} turns at a time.")
            policy = replace(policy, turns_per_token=turns_per_token)
        if policy != before:
            await self._gateway.set_policy(policy)
        return asdict(policy)

    async def _reset(self) -> dict[str, int]:
        return {"cooldowns": self._gateway.reset_pool()}

    async def _proxy_show(self) -> dict[str, Any]:
        """`chosen`: the application's; None: the system's. `in_use`: what that means now, None for no proxy."""
        way = await self._gateway.way()
        return {
            "chosen": self._gateway.proxies.chosen,
            "in_use": way.proxy.shown if way.proxy is not None else None,
            "offered": list(self._gateway.state.offered_proxies),
        }

    async def _proxy_set(self, proxy: str | None = None) -> dict[str, Any]:
        """An address, `direct`, or None for the environment's or the system's."""
        if proxy is not None and proxy.strip().lower() != DIRECT:
            refuse_own_address(self._gateway, proxy)
        await self._gateway.proxies.choose(proxy)
        return await self._proxy_show()

    async def _proxy_test(self) -> dict[str, Any]:
        """Whether upstream answers by the application's way; `ok` is false for a web page in its place."""
        way = await self._gateway.way()
        knocked = await self._gateway.knock()
        return {
            "ok": not knocked.page,
            "status": knocked.status,
            "ms": round(knocked.ms),
            "in_use": way.proxy.shown if way.proxy is not None else None,
        }

    async def _proxy_detect(self) -> list[str]:
        """Addresses on this machine where something listens that may be a proxy."""
        own = f":{self._gateway.snapshot().port}"
        return [found for found in await listening_proxies() if not found.endswith(own)]

    async def _held(self) -> list[dict[str, Any]]:
        return [asdict(view) for view in held_views(self._gateway.state)]

    async def _move(self, id: str, token_id: str) -> dict[str, str]:
        """Try a turn that waits on this token now, whatever its rest says."""
        token = usable_token(self._gateway.state.pool, token_id)
        self._gateway.state.station.move(id, token_id)
        return {"id": id, "token_id": token_id, "label": token.label}

    async def _give_up(self, id: str) -> dict[str, str]:
        """Answer a turn that waits with the limit now."""
        self._gateway.state.station.give_up(id)
        return {"id": id}


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)

"""What the user can do with all tokens at once, with requests that wait, and with the way upstream."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from PySide6.QtCore import QCoreApplication

from app.core.errors import NotFound
from app.core.policy import DEFAULT_WAIT_S, OVERNIGHT_WAIT_S, Strategy
from app.desktop import formats
from app.desktop.commanding import Commanding
from app.desktop.messages import Told


class PoolOperations:
    """The user's operations on the pool as a whole."""

    def __init__(self, commanding: Commanding) -> None:
        self._commanding = commanding

    def try_all(self) -> None:
        """End all rests, so that every token is tried again at once."""
        self._commanding.begin("tokens", self._try_all())

    def set_strategy(self, strategy: Strategy) -> None:
        """How a session's token is chosen."""
        self._policy(strategy=strategy.value)

    def set_wait(self, wait_s: float) -> None:
        """How long requests wait at the station when every token is at its limit; 0: not at all."""
        self._policy(wait_s=wait_s)

    def set_overnight(self, overnight: bool) -> None:
        """Let requests wait overnight, or as long as at first."""
        self.set_wait(OVERNIGHT_WAIT_S if overnight else DEFAULT_WAIT_S)

    def give_up(self, *turn_ids: str) -> None:
        """Let these requests wait no more: their clients are told of the limit."""
        for turn_id in turn_ids:
            self._commanding.begin("turns", self._give_up(turn_id))

    def use_proxy(self, address: str) -> None:
        """Go upstream through this proxy from now on."""
        self._commanding.begin("proxy", self._use_proxy(address))

    def test_way(self) -> None:
        """Try whether upstream answers."""
        self._commanding.begin("proxy", self._test_way())

    async def set_proxy(self, proxy: str | None) -> None:
        """The application's way upstream: an address, `direct`, or None for the environment's or the system's.

        Raises:
            WaystationError: as the command says.
        """
        await self._commanding.do("proxy.set", proxy=proxy)

    async def found_proxies(self) -> list[str]:
        """Addresses on this computer where a proxy may listen.

        Raises:
            WaystationError: as the command says.
        """
        found = await self._commanding.call("proxy.detect")
        return [str(address) for address in found]

    async def _test_way(self) -> str:
        seen = await self._commanding.call("proxy.test")
        way = QCoreApplication.translate("PoolOperations", "without a proxy")
        if seen["in_use"] is not None:
            said = QCoreApplication.translate("PoolOperations", "through {proxy}")
            way = said.format(proxy=seen["in_use"])
        if not seen["ok"]:
            problem = QCoreApplication.translate(
                "PoolOperations",
                "A web page came in place of an answer of OpenAI ({status}), {way}. Cloudflare or the network stands "
                "between: try another proxy or network.",
            )
            raise Told(problem.format(status=seen["status"], way=way))
        said = QCoreApplication.translate("PoolOperations", "OpenAI answers, {way}, after {duration}.")
        return said.format(way=way, duration=formats.duration(seen["ms"]))

    def _policy(self, **params: Any) -> None:
        self._commanding.begin("pool", self._commanding.do("pool.policy", **params))

    async def _try_all(self) -> str:
        await self._commanding.call("pool.reset")
        return QCoreApplication.translate("PoolOperations", "Every enabled token is tried again.")

    async def _give_up(self, turn_id: str) -> None:
        # A turn whose token came back at this very moment does not wait any more, and that is no failure.
        with suppress(NotFound):
            await self._commanding.do("turn.give_up", id=turn_id)

    async def _use_proxy(self, address: str) -> str:
        await self.set_proxy(address)
        said = QCoreApplication.translate("PoolOperations", "Waystation goes through {proxy} now.")
        return said.format(proxy=address)

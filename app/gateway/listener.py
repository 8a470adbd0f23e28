"""Where the gateway listens: begun, ended and moved to another address, one after the other."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping

from app.core.errors import WaystationError
from app.gateway.server import GatewayServer
from app.gateway.snapshot import Problem, RunState
from app.store.store import Store

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8787
#: How long stopping waits for turns that run, in seconds.
DRAIN_S = 5.0

_log = logging.getLogger(__name__)


class Listener:
    """The address of one server, and whether it listens there.

    Args:
        server: what listens.
        store: remembers the address.
        changed: called when any of this has become different.

    Attributes:
        host, port: where it listens, or would.
        state: whether it does.
        problem: why it could not.
    """

    def __init__(self, server: GatewayServer, store: Store, changed: Callable[[], None]) -> None:
        self._server = server
        self._store = store
        self._changed = changed
        self._switching = asyncio.Lock()
        self.host, self.port = DEFAULT_HOST, DEFAULT_PORT
        self.state = RunState.STOPPED
        self.problem: Problem | None = None

    def take_address(self, stored: Mapping[str, str]) -> None:
        """Take up the address of the settings, for the next start."""
        self.host, self.port = stored.get("host", self.host), int(stored.get("port", self.port))

    async def start(self, host: str | None = None, port: int | None = None) -> int:
        """Listen, if it does not yet; returns the port.

        Args:
            host, port: where; remembered when given, since clients' configurations will point there.
                Port 0 takes a free one and is not remembered.

        Raises:
            PortBusy: another program has the port, or the system keeps it.
        """
        async with self._switching:
            if self.state is RunState.RUNNING:
                if (host or self.host, port or self.port) == (self.host, self.port):
                    return self.port
                await self._stop(DRAIN_S)
            wanted_host, wanted_port = host or self.host, self.port if port is None else port
            self._become(RunState.STARTING)
            try:
                bound = await self._server.start(wanted_host, wanted_port)
            except WaystationError as error:
                # What was asked for is shown as the place that did not work.
                self.host, self.port = wanted_host, wanted_port
                self._become(RunState.FAILED, Problem.of(error))
                raise
            except BaseException:
                self._become(RunState.STOPPED)
                raise
            self.host, self.port = wanted_host, bound
            if host is not None:
                await self._store.set_setting("host", host)
            if port:
                await self._store.set_setting("port", str(port))
            self._become(RunState.RUNNING)
            _log.info("listening on %s", self.base_url)
            return bound

    async def stop(self, drain_s: float) -> None:
        """Listen no more; turns that run get `drain_s` seconds to end."""
        async with self._switching:
            await self._stop(drain_s)

    @property
    def is_listening(self) -> bool:
        """Whether it listens, or is about to begin or to end."""
        return self.state not in (RunState.STOPPED, RunState.FAILED)

    @property
    def client_host(self) -> str:
        """The host by which clients on this computer find it, in brackets when it is an IPv6 address."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104 - a comparison
        return f"[{host}]" if ":" in host else host

    @property
    def base_url(self) -> str:
        """Where clients on this computer find it."""
        return f"http://{self.client_host}:{self.port}/codex/v1"

    async def _stop(self, drain_s: float) -> None:
        if self.state is RunState.RUNNING:
            self._become(RunState.STOPPING)
            try:
                await self._server.stop(drain_s)
            finally:
                self._become(RunState.STOPPED)
        elif self.state is RunState.FAILED:
            self._become(RunState.STOPPED)

    def _become(self, state: RunState, problem: Problem | None = None) -> None:
        self.state = state
        self.problem = problem
        self._changed()

"""What the user can ask of a running instance, by name: one table for command line, control channel and desktop.

Parameters and results are JSON-able, so that a command means the same wherever it is given.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from app import __version__
from app.core.errors import InvalidInput
from app.gateway.gateway import Gateway
from app.gateway.license_commands import LicenseCommands
from app.gateway.listener import DRAIN_S
from app.gateway.model_commands import ModelCommands
from app.gateway.pool_commands import PoolCommands
from app.gateway.release_commands import ReleaseCommands
from app.gateway.session_commands import SessionCommands
from app.gateway.settings_commands import SettingsCommands
from app.gateway.token_commands import TokenCommands
from app.store.key_stores import key_store_kind

Command = Callable[..., Awaitable[Any]]

# An hour: what runs longer is no request any more.
_LONGEST_DRAIN_S = 3600.0


class Commands:
    """The commands of one instance.

    Args:
        gateway: that they are about.
        show: brings the window up; returns False where there is none.
        quit: ends the process, after the answer has been sent.
    """

    def __init__(self, gateway: Gateway, show: Callable[[], bool], quit: Callable[[], None]) -> None:
        self._gateway = gateway
        self._show = show
        self._quit = quit
        self._table: dict[str, Command] = {
            "status": self._status,
            "show": self._show_window,
            "quit": self._end,
            "gateway.start": self._start,
            "gateway.stop": self._stop,
            "door.log": self._door_log,
            "keystore.choose": self._keystore_choose,
            "keystore.retry": self._keystore_retry,
            "keystore.replace": self._keystore_replace,
            **TokenCommands(gateway).table,
            **LicenseCommands(gateway).table,
            **PoolCommands(gateway).table,
            **SessionCommands(gateway).table,
            **ModelCommands(gateway).table,
            **SettingsCommands(gateway).table,
            **ReleaseCommands(gateway).table,
        }

    async def execute(self, name: str, params: Mapping[str, Any]) -> Any:
        """Carry out a command.

        Raises:
            InvalidInput: there is no such command, or its parameters do not fit.
            WaystationError: as the command says.
        """
        command = self._table.get(name)
        if command is None:
            raise InvalidInput(f"This Waystation has no command {name!r}; it is version {__version__}.")
        try:
            work = command(**params)
        except TypeError:
            raise InvalidInput(f"The parameters of {name} do not fit.") from None
        return await work

    async def _status(self) -> dict[str, Any]:
        seen = self._gateway.snapshot()
        return {
            "version": __version__,
            "pid": os.getpid(),
            "state": seen.state.value,
            "host": seen.host,
            "port": seen.port,
            "client_host": self._gateway.client_host,
            "base_url": seen.base_url,
            "problem": seen.problem.message if seen.problem else None,
            "problem_code": seen.problem.code if seen.problem else None,
            "problem_details": dict(seen.problem.details) if seen.problem else {},
            "key_store": seen.key_store,
            "key_problem": seen.key_problem.message if seen.key_problem else None,
            "tokens": len(seen.tokens),
            "sessions": len(seen.sessions),
            "active_turns": seen.active_turns,
        }

    async def _show_window(self) -> dict[str, bool]:
        return {"shown": self._show()}

    async def _end(self) -> dict[str, int]:
        self._quit()
        return {"active_turns": len(self._gateway.state.active)}

    async def _start(self, host: str | None = None, port: int | None = None) -> dict[str, Any]:
        await self._gateway.start(host, port)
        return await self._status()

    async def _stop(self, drain_s: float = DRAIN_S) -> dict[str, Any]:
        """Listen no more; requests that run get `drain_s` seconds to end."""
        if not isinstance(drain_s, int | float) or not 0 <= drain_s <= _LONGEST_DRAIN_S:
            raise InvalidInput(f"Requests that run get 0 to {_LONGEST_DRAIN_S:.0f} seconds.")
        await self._gateway.stop(drain_s)
        return await self._status()

    async def _door_log(self) -> list[dict[str, Any]]:
        """Who was turned away at the door, the newest first; see `DoorLog.rows`."""
        return self._gateway.door_log.rows()

    async def _keystore_choose(self, kind: str) -> dict[str, Any]:
        await self._gateway.choose_key_store(key_store_kind(kind))
        return await self._status()

    async def _keystore_retry(self) -> dict[str, Any]:
        await self._gateway.unlock()
        return await self._status()

    async def _keystore_replace(self) -> dict[str, Any]:
        await self._gateway.replace_lost_key()
        return await self._status()

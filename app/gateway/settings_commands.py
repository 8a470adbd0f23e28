"""Commands about what the user has chosen about the gateway, and about taking everything along."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

from app.core.errors import InvalidInput
from app.gateway.backup_desk import BackupDesk
from app.gateway.gateway import Gateway


class SettingsCommands:
    """The commands of one gateway about its settings and backups; see `table`."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._backups = BackupDesk(gateway)
        self.table: dict[str, Callable[..., Awaitable[Any]]] = {
            "settings.show": self._show,
            "settings.change": self._change,
            "backup.export": self._export,
            "backup.import": self._import,
        }

    async def _show(self) -> dict[str, Any]:
        """The settings in effect; `size_bytes`: how large the history's file is; `data_dir`: the data folder."""
        return {
            **asdict(self._gateway.state.settings),
            "size_bytes": await self._gateway.state.store.size_bytes(),
            "data_dir": str(self._gateway.data_dir),
        }

    async def _change(self, **changes: Any) -> dict[str, Any]:
        """Change what is named."""
        await self._gateway.settings.change(changes)
        return await self._show()

    async def _export(self, passphrase: str) -> dict[str, Any]:
        """See `Exported`."""
        return asdict(await self._backups.export(passphrase))

    async def _import(self, text: str, passphrase: str) -> dict[str, Any]:
        """See `BackupImport`."""
        if not isinstance(text, str) or not isinstance(passphrase, str):
            raise InvalidInput("A backup and its passphrase are texts.")
        return asdict(await self._backups.take_in(text, passphrase))

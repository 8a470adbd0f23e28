"""What the user can do with the names of models."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from PySide6.QtCore import QCoreApplication

from app.core.models import ModelAlias
from app.desktop import formats
from app.desktop.commanding import Commanding

_LONGEST = 40


class ModelOperations:
    """The user's operations on the names of models."""

    def __init__(self, commanding: Commanding) -> None:
        self._commanding = commanding

    async def rows(self, *, refresh: bool) -> list[dict[str, Any]]:
        """What `models.list` says; OpenAI is asked where that is not known well enough, or at once.

        Raises:
            WaystationError: as the command says.
        """
        found: list[dict[str, Any]] = await self._commanding.call("models.list", refresh=refresh)
        return found

    async def set(self, alias: ModelAlias) -> None:
        """Let a name mean this.

        Raises:
            WaystationError: as the command says.
        """
        await self._commanding.do("models.set", name=alias.name, model=alias.model, effort=alias.effort)

    async def remove(self, name: str) -> None:
        """Let a name mean again what it meant without the user.

        Raises:
            WaystationError: as the command says.
        """
        await self._commanding.do("models.remove", name=name)

    def use_instead(self, models: Iterable[str], instead: str) -> None:
        """Let another model stand in the place of these from now on."""
        self._commanding.begin("models", self._use_instead(tuple(models), instead))

    async def _use_instead(self, models: tuple[str, ...], instead: str) -> str:
        for model in models:
            await self.set(ModelAlias(model, instead))
        said = QCoreApplication.translate("ModelOperations", "Whoever asks for {models} now gets {model}.")
        return said.format(models=listed(models), model=shown(instead))


def listed(models: Iterable[str]) -> str:
    """Several names, as the language lists them."""
    return QCoreApplication.translate("ModelOperations", ", ").join(map(shown, models))


def shown(name: str) -> str:
    """A name that may be long."""
    return formats.shortened(name, _LONGEST)

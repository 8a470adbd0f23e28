"""What a group of operations needs of the whole, so that each group stands in a module of its own."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, Protocol


class Commanding(Protocol):
    """Carries out commands as tasks, and tells how they ended; see `Operations`."""

    def begin(self, group: str, work: Coroutine[Any, Any, str | None]) -> None:
        """Do something that the user asked for, also beside others of its group."""

    async def call(self, command: str, **params: Any) -> Any:
        """Carry out a command and return its result."""

    async def do(self, command: str, **params: Any) -> None:
        """Carry out a command whose success can be seen without words."""

"""The user's choices about the gateway as a whole: kept, and in effect at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace

from app.core.errors import InvalidInput
from app.core.settings import changed_settings, settings_from_stored, settings_to_stored
from app.gateway.state import GatewayState


class SettingsDesk:
    """The user's commands about the settings; `GatewayState.settings` holds them.

    Args:
        state: of the gateway.
        strict: strict pass-through, whatever the settings say.
        limits_changed: called when the history may have become too long.
    """

    def __init__(self, state: GatewayState, *, strict: bool, limits_changed: Callable[[], None]) -> None:
        self._state = state
        self._strict = strict
        self._limits_changed = limits_changed
        # What one command looked up must still hold when it is written down.
        self._changing = asyncio.Lock()

    @property
    def changing(self) -> asyncio.Lock:
        """Held while settings are changed; who changes them past this desk holds it too."""
        return self._changing

    def restore(self, stored: Mapping[str, str]) -> None:
        """Take up what was chosen before."""
        settings = settings_from_stored(stored)
        self._state.settings = replace(settings, strict=self._strict or settings.strict)
        self._state.changed()

    async def change(self, changes: Mapping[str, object]) -> None:
        """Change what is named, by field of `GatewaySettings`.

        Raises:
            InvalidInput: a value makes no sense, or is fixed by the environment; nothing was changed.
            DataUnusable: they cannot be written; nothing was changed.
        """
        async with self._changing:
            before = self._state.settings
            after = changed_settings(before, changes)
            if self._strict and not after.strict:
                raise InvalidInput("WAYSTATION_STRICT fixes strict pass-through; change it there.")
            await self._state.store.set_settings(
                dict(settings_to_stored(after).items() - settings_to_stored(before).items())
            )
            self._state.settings = after
        if (after.keep_days, after.keep_mb) != (before.keep_days, before.keep_mb):
            self._limits_changed()
        self._state.changed()

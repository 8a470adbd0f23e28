"""The gateway starts with the application, unless the user has switched that off."""

from __future__ import annotations

from app.commandline.desktop import started
from app.gateway.snapshot import RunState
from tests.commandline.conftest import Instances


async def test_it_starts_with_the_application_unless_switched_off(instances: Instances) -> None:
    async with started(instances.open(), 0) as handle:
        assert handle.snapshot().state is RunState.RUNNING
        await handle.call("settings.change", start_on_launch=False)
        assert handle.snapshot().state is RunState.RUNNING
    async with started(instances.open(), 0) as handle:
        assert handle.snapshot().state is RunState.STOPPED
        await handle.call("settings.change", start_on_launch=True)
    async with started(instances.open(), 0) as handle:
        assert handle.snapshot().state is RunState.RUNNING

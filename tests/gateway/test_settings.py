"""The settings take effect at once, and are there again after a restart."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from app.core.errors import InvalidInput
from app.core.settings import GatewaySettings
from app.gateway.clock import Clock
from app.gateway.commands import Commands
from app.gateway.gateway import Gateway
from app.store.key_stores import KeyStoreKind
from app.upstream.endpoints import UpstreamEndpoints
from tests.store.samples import session, turn

NOW = 1_780_000_000.0
DAY = 86_400.0


async def opened(folder: Path, *, strict: bool = False) -> Gateway:
    return await Gateway.open(
        folder, UpstreamEndpoints(), key_store_kind=KeyStoreKind.FILE, clock=Clock(now=lambda: NOW), strict=strict
    )


def commands(gateway: Gateway) -> Commands:
    return Commands(gateway, show=lambda: False, quit=lambda: None)


async def test_what_is_changed_is_shown_and_survives_a_restart(tmp_path: Path) -> None:
    gateway = await opened(tmp_path)
    try:
        before = gateway.snapshot()
        assert before.settings == GatewaySettings()
        shown = await commands(gateway).execute("settings.change", {"hold_s": 0.5, "start_on_launch": False})
        assert (shown["hold_s"], shown["start_on_launch"], shown["keep_days"]) == (0.5, False, 30)
        assert shown["data_dir"] == str(tmp_path)
        assert shown["size_bytes"] > 0
        assert shown == await commands(gateway).execute("settings.show", {})
        after = gateway.snapshot()
        assert after.settings == GatewaySettings(hold_s=0.5, start_on_launch=False)
        assert after.revision > before.revision
    finally:
        await gateway.close()
    again = await opened(tmp_path)
    try:
        assert again.snapshot().settings == GatewaySettings(hold_s=0.5, start_on_launch=False)
    finally:
        await again.close()


async def test_nonsense_changes_nothing(tmp_path: Path) -> None:
    gateway = await opened(tmp_path)
    try:
        for changes in ({"keep_days": 7, "hold_s": 99}, {"hold": 1}):
            with pytest.raises(InvalidInput):
                await commands(gateway).execute("settings.change", changes)
        assert gateway.snapshot().settings == GatewaySettings()
    finally:
        await gateway.close()


async def test_what_the_environment_fixes_is_not_changed_and_not_remembered(tmp_path: Path) -> None:
    gateway = await opened(tmp_path, strict=True)
    try:
        with pytest.raises(InvalidInput, match="WAYSTATION_STRICT"):
            await commands(gateway).execute("settings.change", {"strict": False})
        await commands(gateway).execute("settings.change", {"keep_mb": 50})
        assert gateway.snapshot().settings == GatewaySettings(strict=True, keep_mb=50)
    finally:
        await gateway.close()
    again = await opened(tmp_path)
    try:
        assert again.snapshot().settings == GatewaySettings(keep_mb=50)
    finally:
        await again.close()


async def test_sessions_are_known_after_a_restart_for_as_long_as_they_are_kept(tmp_path: Path) -> None:
    gateway = await opened(tmp_path)
    try:
        await commands(gateway).execute("settings.change", {"keep_days": 60})
        for days in (45, 75):
            gateway.state.store.save_session(session(days, last_active_at=NOW - days * DAY))
    finally:
        await gateway.close()
    again = await opened(tmp_path)
    try:
        assert [item.id for item in again.state.pool.sessions] == ["s-45"]
    finally:
        await again.close()


async def test_a_smaller_limit_prunes_at_once(tmp_path: Path) -> None:
    gateway = await opened(tmp_path)
    try:
        store = gateway.state.store
        for age in (1, 3, 10):
            store.save_turn(turn(age, started_at=NOW - age * DAY))
        await store.flush()
        await commands(gateway).execute("settings.change", {"keep_days": 5})
        async with asyncio.timeout(10):
            while len(await store.turns(10)) == 3:  # noqa: ASYNC110 - pruning tells nobody
                await asyncio.sleep(0.01)
        assert [row.started_at for row in await store.turns(10)] == [NOW - DAY, NOW - 3 * DAY]
    finally:
        await gateway.close()

"""Licenses are made and changed, also when several things are done to them at once, and survive a restart."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.core.budget import BudgetBook
from app.core.errors import DataKeyLost, DataUnusable, InvalidInput, NotFound
from app.core.license import LicenseState, license_sha256
from app.core.turn import Usage
from app.gateway.clock import Clock
from app.gateway.gateway import Gateway
from app.gateway.license_desk import license_views
from app.store.key_stores import KeyStoreKind
from app.store.licenses import StoredLicense
from app.store.store import DATABASE_FILE, Store
from app.upstream.endpoints import UpstreamEndpoints

NOW = 1_780_000_000.0
ROOT = Path(__file__).parents[2]


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Gateway]:
    opened = await Gateway.open(
        tmp_path, UpstreamEndpoints(), key_store_kind=KeyStoreKind.FILE, clock=Clock(now=lambda: NOW)
    )
    yield opened
    await opened.close()


async def test_what_a_license_is_allowed_can_be_changed_and_taken_back(gateway: Gateway, tmp_path: Path) -> None:
    made = (await gateway.licenses.create(" Ann ", None, expires_at=NOW + 60, daily_tokens=5)).license
    assert (made.label, made.expires_at, made.daily_tokens) == ("Ann", NOW + 60, 5)
    changed = await gateway.licenses.update(made.id, {"label": "Anna", "daily_tokens": None})
    assert changed == replace(made, label="Anna", daily_tokens=None)
    changed = await gateway.licenses.update(made.id, {"expires_at": None, "daily_tokens": 7})
    assert changed == replace(made, label="Anna", expires_at=None, daily_tokens=7)
    assert gateway.state.licenses[made.id] == changed
    seen = await Store.open(tmp_path / DATABASE_FILE)
    assert [item.license for item in await seen.licenses()] == [changed]
    await seen.close()


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"label": ""},
        {"label": "x" * 81},
        {"label": None},
        {"expires_at": NOW},
        {"expires_at": "never"},
        {"daily_tokens": 0},
        {"daily_tokens": -5},
        {"label": "fine", "daily_tokens": 0},
        {"sha256": "0" * 64},
        {"label": "fine", "revoked_at": None},
    ],
)
async def test_nonsense_changes_nothing(gateway: Gateway, changes: dict[str, object]) -> None:
    made = (await gateway.licenses.create("Ann", None)).license
    with pytest.raises(InvalidInput):
        await gateway.licenses.update(made.id, changes)
    assert gateway.state.licenses[made.id] == made


async def test_nonsense_makes_no_license(gateway: Gateway) -> None:
    with pytest.raises(InvalidInput):
        await gateway.licenses.create("", None)
    with pytest.raises(InvalidInput):
        await gateway.licenses.create(None, None, expires_at=NOW - 1)
    with pytest.raises(InvalidInput):
        await gateway.licenses.create(None, None, daily_tokens=0)
    with pytest.raises(NotFound):
        await gateway.licenses.update("l-unknown", {"label": "x"})
    assert gateway.state.licenses == {}


async def test_a_use_during_a_change_is_not_lost(gateway: Gateway) -> None:
    made = (await gateway.licenses.create("Ann", None)).license
    async with asyncio.TaskGroup() as changing:
        changing.create_task(gateway.licenses.update(made.id, {"label": "Anna"}))
        # It has asked the store and waits for it.
        await asyncio.sleep(0)
        gateway.state.licenses[made.id] = replace(made, last_used_at=NOW)
    assert gateway.state.licenses[made.id] == replace(made, label="Anna", last_used_at=NOW)


async def test_set_up_texts_carry_no_license_that_lets_nobody_in(gateway: Gateway) -> None:
    first = await gateway.licenses.default()
    assert (await gateway.licenses.default()).key == first.key
    gateway.state.licenses[first.license.id] = replace(first.license, expires_at=NOW)
    second = await gateway.licenses.default()
    assert second.key != first.key
    await gateway.licenses.revoke(second.license.id)
    assert (await gateway.licenses.default()).key not in (first.key, second.key)


async def test_a_view_says_whether_it_lets_in_and_what_it_used_today(gateway: Gateway) -> None:
    made = [(await gateway.licenses.create(name, None, daily_tokens=9)).license for name in "abc"]
    gateway.state.licenses[made[1].id] = replace(made[1], expires_at=NOW)
    await gateway.licenses.revoke(made[2].id)
    views = license_views(gateway.state.licenses.values(), BudgetBook({made[0].id: 4}, NOW), NOW)
    assert [(view.label, view.state, view.used_today) for view in views] == [
        ("a", LicenseState.VALID, 4),
        ("b", LicenseState.EXPIRED, 0),
        ("c", LicenseState.REVOKED, 0),
    ]


async def test_a_revoked_license_stays_revoked_while_uses_are_written_down(tmp_path: Path) -> None:
    gateway = await Gateway.open(tmp_path, UpstreamEndpoints(), key_store_kind=KeyStoreKind.MEMORY)
    try:
        made = [(await gateway.licenses.create(None, None)).license for _ in range(5)]
        for item in made:
            gateway.state.licenses[item.id] = replace(item, last_used_at=1.0)
        await asyncio.gather(gateway.licenses.save_uses(), gateway.licenses.revoke(made[-1].id))
        # A second look at the file, as after a crash: closing writes everything once more.
        seen = await Store.open(tmp_path / DATABASE_FILE)
        stored = {item.license.id: item.license for item in await seen.licenses()}
        await seen.close()
        assert stored[made[-1].id].revoked_at is not None
        assert stored[made[0].id].last_used_at == 1.0
    finally:
        await gateway.close()


async def stored(tmp_path: Path) -> list[StoredLicense]:
    """What a restart would find."""
    seen = await Store.open(tmp_path / DATABASE_FILE)
    try:
        return await seen.licenses()
    finally:
        await seen.close()


async def test_a_key_can_be_shown_again(gateway: Gateway) -> None:
    made = await gateway.licenses.create("Ann", None)
    shown = await gateway.licenses.key(made.license.id)
    assert (shown.license, shown.key) == (made.license, made.key)
    assert made.key not in repr(shown)
    with pytest.raises(NotFound):
        await gateway.licenses.key("l-unknown")


async def test_a_rotated_license_has_another_key_and_is_the_same_otherwise(gateway: Gateway, tmp_path: Path) -> None:
    made = await gateway.licenses.create("Ann", None, expires_at=NOW + 60, daily_tokens=5)
    gateway.state.budget.add(made.license.id, Usage(3, 0, 1, 0), NOW)
    rotated = await gateway.licenses.rotate(made.license.id)
    assert rotated.key != made.key
    assert rotated.license == replace(made.license, sha256=license_sha256(rotated.key))
    assert gateway.state.licenses == {made.license.id: rotated.license}
    assert (await gateway.licenses.key(made.license.id)).key == rotated.key
    assert [item.license for item in await stored(tmp_path)] == [rotated.license]
    (view,) = license_views(gateway.state.licenses.values(), gateway.state.budget, NOW)
    assert (view.label, view.used_today, view.daily_tokens, view.expires_at) == ("Ann", 4, 5, NOW + 60)


async def test_a_revoked_license_gets_no_new_key(gateway: Gateway, tmp_path: Path) -> None:
    made = (await gateway.licenses.create("Ann", None)).license
    await gateway.licenses.revoke(made.id)
    with pytest.raises(InvalidInput, match="revoked"):
        await gateway.licenses.rotate(made.id)
    with pytest.raises(NotFound):
        await gateway.licenses.rotate("l-unknown")
    assert [item.license.sha256 for item in await stored(tmp_path)] == [made.sha256]


async def test_a_rotation_that_cannot_be_written_leaves_the_old_key(gateway: Gateway, tmp_path: Path) -> None:
    made = await gateway.licenses.create("Ann", None)
    other = sqlite3.connect(tmp_path / DATABASE_FILE, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        with pytest.raises(DataUnusable):
            await gateway.licenses.rotate(made.license.id)
    finally:
        other.execute("ROLLBACK")
        other.close()
    assert (await gateway.licenses.key(made.license.id)).key == made.key
    assert gateway.state.licenses[made.license.id] == made.license


async def test_a_process_that_is_killed_while_it_rotates_leaves_one_whole_key(tmp_path: Path) -> None:
    for name in ("one", "two", "three"):
        folder = tmp_path / name
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.gateway.rotating_child", folder, stdout=asyncio.subprocess.PIPE, cwd=ROOT
        )
        assert child.stdout is not None
        try:
            async with asyncio.timeout(30):
                for _ in range(5):
                    assert await child.stdout.readline() == b"rotated\n"
        finally:
            child.kill()
            await child.wait()
        after = await Gateway.open(folder, UpstreamEndpoints(), key_store_kind=KeyStoreKind.FILE, live=False)
        try:
            ((license_id, item),) = after.state.licenses.items()
            assert license_sha256((await after.licenses.key(license_id)).key) == item.sha256
        finally:
            await after.close()


async def test_a_use_during_a_rotation_is_not_lost(gateway: Gateway) -> None:
    made = (await gateway.licenses.create("Ann", None)).license
    async with asyncio.TaskGroup() as rotating:
        rotating.create_task(gateway.licenses.rotate(made.id))
        # It has asked the store and waits for it.
        await asyncio.sleep(0)
        made.used(NOW, "192.0.2.7", None)
    used = gateway.state.licenses[made.id]
    assert used.sha256 != made.sha256
    assert (used.last_used_at, used.last_peer) == (NOW, "192.0.2.7")


async def test_where_a_license_was_used_last_is_kept_with_its_use(gateway: Gateway, tmp_path: Path) -> None:
    made = (await gateway.licenses.create("Ann", None)).license
    made.used(NOW, "192.0.2.7", "codex_cli_rs/0.169.0")
    await gateway.licenses.save_uses()
    assert [item.license for item in await stored(tmp_path)] == [made]
    (view,) = license_views(gateway.state.licenses.values(), gateway.state.budget, NOW)
    assert (view.last_peer, view.last_client) == ("192.0.2.7", "codex_cli_rs/0.169.0")


async def test_a_use_while_uses_are_written_down_is_written_down_next(gateway: Gateway, tmp_path: Path) -> None:
    made = (await gateway.licenses.create("Ann", None)).license
    made.used(NOW, "192.0.2.7", None)
    async with asyncio.TaskGroup() as saving:
        saving.create_task(gateway.licenses.save_uses())
        # It has asked the store and waits for it.
        await asyncio.sleep(0)
        made.used(NOW + 1, "192.0.2.8", None)
    assert [item.license.last_peer for item in await stored(tmp_path)] == ["192.0.2.7"]
    await gateway.licenses.save_uses()
    assert [item.license for item in await stored(tmp_path)] == [made]


async def test_another_vault_opens_what_it_sealed_and_forgets_no_use(tmp_path: Path) -> None:
    gateway = await Gateway.open(tmp_path, UpstreamEndpoints(), clock=Clock(now=lambda: NOW), live=False)
    try:
        desk = gateway.licenses
        await gateway.choose_key_store(KeyStoreKind.FILE)
        made = await desk.create("Ann", None)
        made.license.used(NOW, "192.0.2.7", None)
        with pytest.raises(DataKeyLost):
            await gateway.choose_key_store(KeyStoreKind.MEMORY)
        await gateway.replace_lost_key()
        assert gateway.state.licenses[made.license.id].last_peer == "192.0.2.7"
        with pytest.raises(DataKeyLost, match="license rotate"):
            await gateway.licenses.key(made.license.id)
        rotated = await gateway.licenses.rotate(made.license.id)
        assert (await gateway.licenses.key(made.license.id)).key == rotated.key
        await gateway.licenses.save_uses()
        assert [item.license.last_peer for item in await stored(tmp_path)] == ["192.0.2.7"]
    finally:
        await gateway.close()

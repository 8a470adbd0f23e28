"""Licenses are made and changed, also when several things are done to them at once, and survive a restart."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.core.budget import BudgetBook
from app.core.errors import InvalidInput, NotFound
from app.core.license import LicenseState
from app.gateway.clock import Clock
from app.gateway.gateway import Gateway
from app.gateway.license_desk import license_views
from app.store.key_stores import KeyStoreKind
from app.store.store import DATABASE_FILE, Store
from app.upstream.endpoints import UpstreamEndpoints

NOW = 1_780_000_000.0


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

"""A backup brings everything to another data folder, and takes nothing away there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.core.backup import BackupDamaged, WrongPassphrase
from app.core.credential import login_from_auth_json
from app.core.errors import DataUnusable, InvalidInput, KeyStoreUnavailable
from app.core.license import LicenseState
from app.core.policy import Strategy
from app.gateway.clock import Clock
from app.gateway.commands import Commands
from app.gateway.gateway import Gateway
from app.practice.accounts import PracticeAccount, practice_account, practice_api_key
from app.store.key_stores import KEY_FILE, KeyStoreKind
from app.upstream.endpoints import UpstreamEndpoints

NOW = 1_780_000_000.0
PASSPHRASE = "eight888"
PLUS, PRO, KEY = practice_account("plus", "plus"), practice_account("pro", "pro"), practice_api_key("key")
PROXY = "socks5://user:secret@127.0.0.1:1080"

Open = Callable[[str], Awaitable[Gateway]]


@pytest.fixture
async def opened(tmp_path: Path) -> AsyncIterator[Open]:
    """Opens the gateway of a data folder, as one command does; and closes the one before."""
    gateways: list[Gateway] = []

    async def open_folder(name: str) -> Gateway:
        gateways.append(
            await Gateway.open(
                tmp_path / name,
                UpstreamEndpoints(),
                key_store_kind=KeyStoreKind.FILE,
                clock=Clock(now=lambda: NOW),
                live=False,
            )
        )
        return gateways[-1]

    yield open_folder
    for gateway in gateways:
        await gateway.close()


async def run(gateway: Gateway, name: str, **params: Any) -> Any:
    return await Commands(gateway, show=lambda: False, quit=lambda: None).execute(name, params)


async def exported(gateway: Gateway) -> str:
    return str((await run(gateway, "backup.export", passphrase=PASSPHRASE))["text"])


async def imported(gateway: Gateway, text: str) -> dict[str, Any]:
    return dict(await run(gateway, "backup.import", text=text, passphrase=PASSPHRASE))


async def add(gateway: Gateway, account: PracticeAccount, **more: Any) -> str:
    return (await gateway.tokens.add(login_from_auth_json(account.auth_json()), account.label, **more)).token.id


async def furnish(gateway: Gateway) -> str:
    """Tokens, licenses and settings of every kind; returns the key of the license."""
    plus = await add(gateway, PLUS, proxy=PROXY)
    pro = await add(gateway, PRO)
    await run(gateway, "token.add", api_key=KEY.key, label="key")
    await run(gateway, "token.change", id=pro, spare=True)
    await run(gateway, "token.disable", id=plus)
    await run(gateway, "token.reorder", ids=[pro, plus])
    key = str((await run(gateway, "license.create", label="Ann", expires_at=NOW + 60, daily_tokens=7))["key"])
    gone = await run(gateway, "license.create", label="Bob")
    await run(gateway, "license.revoke", id=gone["id"])
    await run(gateway, "pool.policy", strategy="in_order", wait_s=60)
    await run(gateway, "proxy.set", proxy=PROXY)
    await run(gateway, "settings.change", keep_days=7, hold_s=0.5)
    await gateway.state.store.set_settings({"host": "127.0.0.1", "port": "9123"})
    return key


def tokens_of(gateway: Gateway) -> list[Any]:
    """What matters of them, secrets included, and not which row they are."""
    return [(replace(token, id="", position=0), gateway.state.secrets[token.id]) for token in gateway.state.pool.tokens]


def licenses_of(gateway: Gateway) -> list[Any]:
    return sorted(gateway.state.licenses.values(), key=lambda item: item.label)


async def test_everything_is_there_in_an_empty_folder_and_after_its_restart(opened: Open) -> None:
    here = await opened("here")
    key = await furnish(here)
    text = await exported(here)
    for secret in (PLUS.access_token, PLUS.refresh_token, KEY.key, key, "secret", PLUS.email):
        assert secret not in text
    there = await opened("there")
    done = await imported(there, text)
    assert (done["tokens"], done["tokens_known"], done["licenses"], done["licenses_known"]) == (3, 0, 2, 0)
    assert done["settings"] == 8
    assert {item["label"] for item in done["shared_logins"]} == {PLUS.label, PRO.label}
    assert done["address"] is None
    await there.close()
    for gateway in (there, await opened("there")):
        assert tokens_of(gateway) == tokens_of(here)
        assert licenses_of(gateway) == licenses_of(here)
        assert gateway.state.pool.policy == here.state.pool.policy
        assert gateway.state.pool.policy.strategy is Strategy.IN_ORDER
        assert gateway.state.settings == here.state.settings
        assert gateway.proxies.whole == PROXY
        assert gateway.snapshot().proxy == "socks5://127.0.0.1:1080"
        assert gateway.snapshot().port == 9123
        ann, bob = licenses_of(gateway)
        assert (await gateway.licenses.key(ann.id)).key == key
        assert bob.state(NOW) is LicenseState.REVOKED
        with pytest.raises(InvalidInput):
            await gateway.licenses.create("again", key)
        # Its key did not come along, and it lets nobody in.
        with pytest.raises(InvalidInput, match="revoked"):
            await gateway.licenses.key(bob.id)


async def test_a_second_import_changes_nothing(opened: Open) -> None:
    here, there = await opened("here"), await opened("there")
    await furnish(here)
    text = await exported(here)
    await imported(there, text)
    before = (tokens_of(there), licenses_of(there), await there.state.store.settings())
    done = await imported(there, text)
    assert (done["tokens"], done["tokens_known"], done["licenses"], done["licenses_known"]) == (0, 3, 0, 2)
    assert (done["settings"], done["shared_logins"]) == (0, ())
    assert (tokens_of(there), licenses_of(there), await there.state.store.settings()) == before


async def test_what_the_user_chooses_while_a_backup_comes_in_stays(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = await opened("here"), await opened("there")
    await furnish(here)
    text = await exported(here)
    put_all = there.state.store.put_all
    async with asyncio.TaskGroup() as group:

        async def put_late(*what: Any) -> None:
            choosing = group.create_task(run(there, "settings.change", keep_days=9))
            await asyncio.wait([choosing], timeout=0.3)
            await put_all(*what)

        monkeypatch.setattr(there.state.store, "put_all", put_late)
        await imported(there, text)
    assert there.state.settings.keep_days == 9
    assert there.state.settings.hold_s == 0.5
    await there.close()
    assert (await opened("there")).state.settings == there.state.settings


async def test_what_is_here_already_stays_as_it_is(opened: Open) -> None:
    here, there = await opened("here"), await opened("there")
    await add(here, PLUS)
    await run(here, "settings.change", keep_days=7, keep_mb=50)
    await run(here, "pool.policy", wait_s=60)
    newer = replace(PLUS, generation=1, label="mine")
    mine = await add(there, newer)
    await run(there, "settings.change", keep_days=90)
    await run(there, "pool.policy", wait_s=5)
    await there.state.store.set_setting("port", "9000")
    done = await imported(there, await exported(here))
    assert (done["tokens"], done["tokens_known"]) == (0, 1)
    assert there.state.login(mine) == login_from_auth_json(newer.auth_json()).credential
    assert there.snapshot().tokens[0].label == "mine"
    assert (there.state.settings.keep_days, there.state.settings.keep_mb) == (90, 50)
    assert there.state.pool.policy.wait_s == 5


@pytest.mark.parametrize("newer", [True, False])
async def test_a_login_that_ended_here_is_replaced_by_a_newer_one_only(opened: Open, newer: bool) -> None:
    here, there = await opened("here"), await opened("there")
    other = replace(PLUS, generation=1, expires_at=PLUS.expires_at + (100 if newer else -100))
    await add(here, other)
    mine = await add(there, PLUS, proxy=PROXY)
    there.state.sign_in_needed(mine, "refresh_token_reused")
    done = await imported(there, await exported(here))
    assert done["tokens"] == int(newer)
    assert [token.id for token in there.state.pool.tokens] == [mine]
    token = there.state.pool.tokens[0]
    assert token.sign_in_needed == (None if newer else "refresh_token_reused")
    kept = other if newer else PLUS
    assert there.state.login(mine) == login_from_auth_json(kept.auth_json()).credential
    assert there.state.secrets[mine].proxy == PROXY


async def test_after_a_lost_data_key_everything_opens_again_under_its_old_id(opened: Open, tmp_path: Path) -> None:
    here = await opened("here")
    key = await furnish(here)
    text, before, ids = await exported(here), tokens_of(here), [token.id for token in here.state.pool.tokens]
    await here.close()
    (tmp_path / "here" / KEY_FILE).unlink()
    again = await opened("here")
    with pytest.raises(Exception, match="key"):
        await imported(again, text)
    await again.replace_lost_key()
    assert again.state.secrets == {}
    done = await imported(again, text)
    assert (done["tokens"], done["licenses"], done["licenses_known"]) == (3, 1, 1)
    assert [token.id for token in again.state.pool.tokens] == ids
    assert tokens_of(again) == before
    assert (await again.licenses.key(licenses_of(again)[0].id)).key == key


async def test_a_removed_token_comes_back_with_the_newer_of_two_logins(opened: Open) -> None:
    here = await opened("here")
    mine = await add(here, PLUS)
    text = await exported(here)
    newer = replace(PLUS, generation=1, expires_at=PLUS.expires_at + 100)
    await add(here, newer)
    await run(here, "token.remove", id=mine)
    done = await imported(here, text)
    assert done["tokens"] == 1
    assert [token.id for token in here.state.pool.tokens] == [mine]
    assert here.state.login(mine) == login_from_auth_json(newer.auth_json()).credential


async def test_an_old_key_of_a_license_does_not_come_back(opened: Open) -> None:
    here, there = await opened("here"), await opened("there")
    made = await run(here, "license.create", label="Ann")
    text = await exported(here)
    await run(here, "license.rotate", id=made["id"])
    await imported(there, text)
    await run(there, "license.revoke", id=made["id"])
    for gateway in (here, there):
        before = licenses_of(gateway)
        assert (await imported(gateway, text))["licenses_known"] == 1
        assert licenses_of(gateway) == before


async def test_who_listens_stays_where_it_is_and_is_told_of_the_other_address(opened: Open) -> None:
    here, there = await opened("here"), await opened("there")
    await here.state.store.set_settings({"host": "0.0.0.0", "port": "9123"})
    await there.start("127.0.0.1", 0)
    await there.state.store.set_setting("host", None)
    port = there.snapshot().port
    done = await imported(there, await exported(here))
    assert (there.snapshot().port, done["address"], done["settings"]) == (port, "0.0.0.0:9123", 0)
    assert "port" not in await there.state.store.settings()


async def test_what_cannot_be_opened_is_left_out_and_named(opened: Open, tmp_path: Path) -> None:
    here = await opened("here")
    await add(here, PLUS)
    await here.close()
    (tmp_path / "here" / KEY_FILE).unlink()
    again = await opened("here")
    await again.replace_lost_key()
    await add(again, PRO)
    done = await run(again, "backup.export", passphrase=PASSPHRASE)
    assert (done["tokens"], done["left_out"]) == (1, (PLUS.label,))


async def test_what_fails_changes_nothing(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    here, there = await opened("here"), await opened("there")
    await furnish(here)
    text = await exported(here)
    with pytest.raises(InvalidInput, match="8 characters"):
        await run(here, "backup.export", passphrase="seven77")
    with pytest.raises(WrongPassphrase):
        await run(there, "backup.import", text=text, passphrase="another one")
    with pytest.raises(BackupDamaged):
        await imported(there, text[:-20])
    with pytest.raises(InvalidInput):
        await run(there, "backup.import", text=7, passphrase=PASSPHRASE)

    # Half of it is written when the disk is full.
    def full(*_: object) -> None:
        raise DataUnusable("The disk is full.")

    with monkeypatch.context() as patched:
        patched.setattr("app.store.licenses.put", full)
        with pytest.raises(DataUnusable):
            await imported(there, text)
    assert (tokens_of(there), licenses_of(there)) == ([], [])
    assert await there.state.store.tokens() == []
    assert await there.state.store.settings() == {}
    assert (await imported(there, text))["tokens"] == 3


async def test_without_a_place_for_secrets_nothing_is_imported(tmp_path: Path, opened: Open) -> None:
    here = await opened("here")
    await add(here, PLUS)
    text = await exported(here)
    there = await Gateway.open(tmp_path / "there", UpstreamEndpoints(), key_store_kind=KeyStoreKind.KEYRING, live=False)
    try:
        with pytest.raises(KeyStoreUnavailable):
            await imported(there, text)
    finally:
        await there.close()


async def test_the_loop_goes_on_while_a_backup_is_sealed(opened: Open) -> None:
    here = await opened("here")
    longest, stopped = 0.0, asyncio.Event()

    async def watch() -> None:
        nonlocal longest
        loop = asyncio.get_running_loop()
        while not stopped.is_set():
            before = loop.time()
            await asyncio.sleep(0.005)
            longest = max(longest, loop.time() - before)

    async with asyncio.TaskGroup() as group:
        group.create_task(watch())
        text = await exported(here)
        await imported(here, text)
        stopped.set()
    assert longest < 0.15

"""The vault seals, opens, and refuses what it must refuse."""

import asyncio
import base64
import hashlib
import logging
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import DataKeyLost, InvalidInput, KeyStoreUnavailable, SealDamaged
from app.store.key_stores import FileStore, KeyStoreKind, MemoryStore, key_store, key_store_kind
from app.store.store import Store
from app.store.vault import Sealed, Vault, VaultStatus, license_subject, token_subject
from tests.store import samples

KEY = bytes(range(32))


async def file_vault(folder: Path, has_sealed_rows: bool) -> Vault:
    vault = Vault(FileStore(folder / "data.key"))
    await vault.unlock(has_sealed_rows)
    return vault


async def test_what_is_sealed_opens_again_after_a_restart(tmp_path: Path) -> None:
    sealed = (await file_vault(tmp_path, False)).seal("token:t-1:v1", samples.SECRET)
    vault = await file_vault(tmp_path, True)
    assert vault.open("token:t-1:v1", sealed) == samples.SECRET
    assert vault.state.status is VaultStatus.READY
    assert len(sealed.nonce) == 12
    assert samples.SECRET not in sealed.ciphertext
    key = base64.b64decode((tmp_path / "data.key").read_text())
    assert sealed.key_id == hashlib.sha256(key).digest()[:8].hex()


async def test_each_seal_has_a_nonce_of_its_own() -> None:
    vault = await samples.ready_vault()
    seals = [vault.seal("token:t-1:v1", samples.SECRET) for _ in range(200)]
    assert len({sealed.nonce for sealed in seals}) == 200
    assert len({sealed.ciphertext for sealed in seals}) == 200


async def test_rows_that_were_swapped_do_not_open(store: Store) -> None:
    vault = await samples.ready_vault()
    for number in (1, 2):
        await samples.put_sample_token(store, vault, number)
    first, second = await store.tokens()
    # Somebody with a database viewer gives one token the credential of another.
    await store.put_token(first.token, second.sealed)
    first, second = await store.tokens()
    with pytest.raises(SealDamaged):
        vault.open(token_subject(first.token.id), first.sealed)
    assert vault.open(token_subject(second.token.id), second.sealed) == samples.SECRET
    with pytest.raises(SealDamaged):
        vault.open(license_subject(second.token.id), second.sealed)


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_a_changed_byte_does_not_open(place: int, change: int) -> None:
    async def check() -> None:
        vault = await samples.ready_vault()
        sealed = vault.seal("token:t-1:v1", samples.SECRET)
        damaged = bytearray(sealed.ciphertext)
        damaged[place % len(damaged)] ^= change
        with pytest.raises(SealDamaged) as caught:
            vault.open("token:t-1:v1", Sealed(sealed.key_id, sealed.nonce, bytes(damaged)))
        assert caught.value.__cause__ is None
        with pytest.raises(SealDamaged):
            vault.open("token:t-1:v1", Sealed(sealed.key_id, sealed.nonce[: place % 12], sealed.ciphertext))

    asyncio.run(check())


async def test_another_key_is_told_from_damage() -> None:
    sealed = (await samples.ready_vault()).seal("token:t-1:v1", samples.SECRET)
    other = await samples.ready_vault()
    with pytest.raises(DataKeyLost, match="another data key"):
        other.open("token:t-1:v1", sealed)
    # The key at hand is fine, so new rows can be sealed with it.
    assert other.state.status is VaultStatus.READY


async def test_before_unlocking_nothing_is_sealed_or_opened(tmp_path: Path) -> None:
    vault = Vault(FileStore(tmp_path / "data.key"))
    assert vault.state.status is VaultStatus.LOCKED
    with pytest.raises(KeyStoreUnavailable):
        vault.seal("token:t-1:v1", samples.SECRET)
    with pytest.raises(KeyStoreUnavailable):
        vault.open("token:t-1:v1", Sealed("0" * 16, b"n" * 12, b"c"))
    assert list(tmp_path.iterdir()) == []


async def test_a_lost_key_is_replaced_only_when_asked_and_its_rows_stay(tmp_path: Path, store: Store) -> None:
    vault = await file_vault(tmp_path, False)
    await samples.put_sample_token(store, vault)
    (tmp_path / "data.key").unlink()
    lost = Vault(FileStore(tmp_path / "data.key"))
    for _ in range(2):
        with pytest.raises(DataKeyLost, match=r"data\.key is missing"):
            await lost.unlock(has_sealed_rows=bool(await store.tokens()))
    assert not (tmp_path / "data.key").exists()
    assert lost.state.status is VaultStatus.LOST
    assert lost.state.reason is not None
    assert "data.key" in lost.state.reason
    with pytest.raises(DataKeyLost):
        lost.seal("token:t-2:v1", samples.SECRET)
    await lost.replace_lost_key()
    assert lost.state.status is VaultStatus.READY
    await samples.put_sample_token(store, lost, 2)
    old, new = await store.tokens()
    with pytest.raises(DataKeyLost):
        lost.open(token_subject("t-1"), old.sealed)
    assert lost.open(token_subject("t-2"), new.sealed) == samples.SECRET


async def test_a_key_that_came_back_is_used_and_not_replaced(tmp_path: Path) -> None:
    sealed = (await file_vault(tmp_path, False)).seal("token:t-1:v1", samples.SECRET)
    (tmp_path / "data.key").rename(tmp_path / "away")
    vault = Vault(FileStore(tmp_path / "data.key"))
    with pytest.raises(DataKeyLost):
        await vault.unlock(has_sealed_rows=True)
    (tmp_path / "away").rename(tmp_path / "data.key")
    await vault.replace_lost_key()
    assert vault.open("token:t-1:v1", sealed) == samples.SECRET


async def test_a_key_that_is_not_lost_cannot_be_replaced(tmp_path: Path) -> None:
    vault = await file_vault(tmp_path, False)
    before = (tmp_path / "data.key").read_bytes()
    with pytest.raises(InvalidInput, match="not lost"):
        await vault.replace_lost_key()
    assert (tmp_path / "data.key").read_bytes() == before


async def test_two_unlocks_at_once_make_one_key(tmp_path: Path) -> None:
    vault = Vault(FileStore(tmp_path / "data.key"))
    await asyncio.gather(*(vault.unlock(has_sealed_rows=False) for _ in range(5)))
    sealed = vault.seal("token:t-1:v1", samples.SECRET)
    assert (await file_vault(tmp_path, True)).open("token:t-1:v1", sealed) == samples.SECRET


async def test_the_second_start_of_a_session_only_key_says_that_it_is_lost() -> None:
    vault = Vault(key_store(KeyStoreKind.MEMORY, Path("unused")))
    await vault.unlock(has_sealed_rows=False)
    await vault.unlock(has_sealed_rows=True)
    second = Vault(MemoryStore())
    with pytest.raises(DataKeyLost, match="one session only"):
        await second.unlock(has_sealed_rows=True)


async def test_the_key_is_in_no_repr_error_or_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    vault = await file_vault(tmp_path, False)
    text = (tmp_path / "data.key").read_text().strip()
    key = base64.b64decode(text)
    with pytest.raises(DataKeyLost) as caught:
        vault.open("token:t-1:v1", Sealed("0" * 16, b"n" * 12, b"c"))
    shown = "".join((repr(vault), repr(vault.state), repr(caught.value), caplog.text))
    assert "ready" in shown
    for form in (text, key.hex(), repr(key)[2:-1]):
        assert form not in shown


def test_the_kind_is_named_by_a_word() -> None:
    assert key_store_kind(None) is KeyStoreKind.KEYRING
    assert key_store_kind("") is KeyStoreKind.KEYRING
    assert key_store_kind("file") is KeyStoreKind.FILE
    assert key_store_kind("memory") is KeyStoreKind.MEMORY
    with pytest.raises(InvalidInput, match="keyring, file or memory"):
        key_store_kind("Keyring!")

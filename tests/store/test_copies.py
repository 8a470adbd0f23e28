"""The copies made before migrations go in time, and keep no login that was removed for good."""

import os
import sqlite3
from pathlib import Path

from app.store.copies import KEPT_S, copies_of, copy_path, make_copy
from app.store.store import DATABASE_FILE, Store
from app.store.vault import Sealed
from tests.store import samples

SECRET = b"sealed-login-of-the-first-token"


async def with_copy(path: Path) -> Store:
    """A store with two tokens, the first of which was removed, and a copy of it from the moment before."""
    store = await Store.open(path)
    for number, secret in ((1, SECRET), (2, b"another")):
        await store.put_token(samples.token(number), Sealed("0123456789abcdef", b"n" * 12, secret))
    await store.remove_token("t-1", samples.NOW)
    await store.flush()
    raw = sqlite3.connect(path)
    make_copy(raw, path, "0001")
    raw.close()
    return store


async def test_a_copy_goes_after_thirty_days_and_not_before(tmp_path: Path) -> None:
    path = tmp_path / DATABASE_FILE
    store = await with_copy(path)
    os.utime(copy_path(path, "0001"), (samples.NOW, samples.NOW))
    await store.prune(samples.NOW + KEPT_S - 1)
    assert copies_of(path) == [copy_path(path, "0001")]
    await store.prune(samples.NOW + KEPT_S + 1)
    assert copies_of(path) == []
    assert path.exists()
    await store.close()


async def test_the_copy_of_the_next_migration_takes_the_place_of_the_last(tmp_path: Path) -> None:
    path = tmp_path / DATABASE_FILE
    store = await with_copy(path)
    await store.close()
    raw = sqlite3.connect(path)
    make_copy(raw, path, "0002")
    raw.close()
    assert copies_of(path) == [copy_path(path, "0002")]


async def test_a_token_that_is_deleted_for_good_leaves_no_login_in_the_copy(tmp_path: Path) -> None:
    path = tmp_path / DATABASE_FILE
    store = await with_copy(path)
    copy = copy_path(path, "0001")
    os.utime(copy, (samples.NOW, samples.NOW))
    assert SECRET in copy.read_bytes()
    assert await store.delete_removed_tokens(samples.NOW) == 0
    assert SECRET in copy.read_bytes()
    assert await store.delete_removed_tokens(samples.NOW + 1) == 1
    assert SECRET not in copy.read_bytes()
    assert b"another" in copy.read_bytes()
    assert copy.stat().st_mtime == samples.NOW
    assert [item.name for item in tmp_path.iterdir() if copy.stem in item.name] == [copy.name]
    await store.close()


async def test_a_copy_that_cannot_be_changed_goes_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / DATABASE_FILE
    store = await with_copy(path)
    copy_path(path, "0001").write_bytes(b"not a database " * 100)
    assert await store.delete_removed_tokens(samples.NOW + 1) == 1
    assert copies_of(path) == []
    await store.close()

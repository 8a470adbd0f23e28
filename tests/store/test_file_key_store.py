"""The key file."""

import os
import stat
from pathlib import Path

import pytest

from app.core.errors import KeyStoreUnavailable
from app.store.key_stores import KEY_FILE, FileStore, KeyStoreKind, key_store
from app.store.vault import Vault, VaultStatus

KEY = bytes(range(32))
posix = pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")


async def test_the_key_is_kept_in_the_data_folder(tmp_path: Path) -> None:
    keys = key_store(KeyStoreKind.FILE, tmp_path)
    assert await keys.read() is None
    await keys.write(KEY)
    assert await key_store(KeyStoreKind.FILE, tmp_path).read() == KEY
    assert [file.name for file in tmp_path.iterdir()] == [KEY_FILE]


@posix
async def test_the_file_is_for_this_user_alone_whatever_the_umask(tmp_path: Path) -> None:
    former = os.umask(0)
    try:
        await FileStore(tmp_path / "data.key").write(KEY)
    finally:
        os.umask(former)
    assert stat.S_IMODE((tmp_path / "data.key").stat().st_mode) == 0o600


@posix
async def test_a_file_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    keys = FileStore(tmp_path / "data.key")
    await keys.write(KEY)
    (tmp_path / "data.key").chmod(0o644)
    assert await keys.read() == KEY
    assert stat.S_IMODE((tmp_path / "data.key").stat().st_mode) == 0o600


@pytest.mark.parametrize("content", [b"", b"c2hvcnQ=\n", b"\xff\xfe not ascii", b"!" * 44])
async def test_a_damaged_file_is_told_and_never_overwritten(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "data.key").write_bytes(content)
    vault = Vault(FileStore(tmp_path / "data.key"))
    with pytest.raises(KeyStoreUnavailable, match=r"data\.key") as caught:
        await vault.unlock(has_sealed_rows=False)
    assert vault.state.status is VaultStatus.UNAVAILABLE
    assert vault.state.reason == caught.value.message
    assert (tmp_path / "data.key").read_bytes() == content


async def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    vault = Vault(FileStore(tmp_path / "missing" / "data.key"))
    with pytest.raises(KeyStoreUnavailable, match="cannot be written"):
        await vault.unlock(has_sealed_rows=False)
    with pytest.raises(KeyStoreUnavailable):
        vault.seal("token:t-1:v1", b"x")

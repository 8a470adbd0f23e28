"""How the file is opened, and what the user is told when it cannot be."""

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from app.core.errors import DataUnusable
from app.store.database import Database
from app.store.store import DATABASE_FILE, Store
from app.store.vault import Sealed
from tests.store import samples

ROOT = Path(__file__).resolve().parents[2]
SEALED = Sealed("0123456789abcdef", b"n" * 12, b"ciphertext")


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
async def test_file_and_folder_are_for_this_user_alone(path: Path) -> None:
    store = await Store.open(path)
    await store.put_token(samples.token(1), SEALED)
    names = {file.name for file in path.parent.iterdir()}
    assert f"{DATABASE_FILE}-wal" in names
    assert {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()} == {0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    await store.close()
    path.chmod(0o644)
    store = await Store.open(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    await store.close()


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
async def test_a_folder_that_exists_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    await (await Store.open(tmp_path / DATABASE_FILE)).close()
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


def test_the_pragmas_hold(path: Path) -> None:
    Database(path).close()
    # Migrations change some of them; a database that needs none must have them too.
    database = Database(path)
    raw = database._raw

    def pragma(name: str) -> object:
        return raw.execute(f"PRAGMA {name}").fetchone()[0]

    assert pragma("journal_mode") == "wal"
    assert pragma("foreign_keys") == 1
    assert pragma("auto_vacuum") == 2, "incremental"
    assert pragma("busy_timeout") == 5000
    assert pragma("synchronous") == 1, "NORMAL for history"
    with database.transaction(durable=True):
        assert pragma("synchronous") == 2, "FULL for what cannot be had again"
    assert pragma("synchronous") == 1
    with pytest.raises(ZeroDivisionError), database.transaction(durable=True):
        _ = 1 / 0
    assert pragma("synchronous") == 1
    database.close()


@pytest.mark.parametrize("content", [b"this is no database at all, but long enough to be one " * 40, b"x"])
async def test_a_file_that_is_no_database_is_told_and_left_alone(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(DataUnusable, match="is damaged") as caught:
        await Store.open(path)
    assert str(path) in caught.value.message
    assert path.read_bytes() == content


async def test_a_database_with_damaged_pages_is_told(path: Path) -> None:
    store = await Store.open(path)
    for number in range(500):
        store.save_turn(samples.turn(number))
    await store.close()
    content = bytearray(path.read_bytes())
    # All but the first two pages: the header and the schema can still be read.
    content[3 * 4096 :] = b"\xa5" * (len(content) - 3 * 4096)
    path.write_bytes(content)

    async def look() -> None:
        store = await Store.open(path)
        try:
            await store.turns(1000)
        finally:
            await store.close()

    with pytest.raises(DataUnusable, match="is damaged"):
        await look()


async def test_a_database_of_another_program_is_told_and_left_alone(path: Path) -> None:
    path.parent.mkdir()
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE bookmarks (url TEXT)")
    other.commit()
    other.close()
    before = path.read_bytes()
    with pytest.raises(DataUnusable, match="not a Waystation database"):
        await Store.open(path)
    assert path.read_bytes() == before


async def test_a_file_locked_by_another_program_is_told(path: Path) -> None:
    await (await Store.open(path)).close()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(DataUnusable, match=r"keeps the database .* locked"):
        await Store.open(path, busy_timeout_s=0.1)
    other.close()
    await (await Store.open(path, busy_timeout_s=0.1)).close()


async def test_a_folder_in_the_files_place_is_told(path: Path) -> None:
    path.mkdir(parents=True)
    with pytest.raises(DataUnusable, match=r"cannot be read or written|cannot be written"):
        await Store.open(path)


async def test_a_file_in_the_folders_place_is_told(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(DataUnusable, match="cannot be read or written"):
        await Store.open(tmp_path / "data" / DATABASE_FILE)


@pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX's")
@pytest.mark.parametrize("locked", ["file", "folder"])
async def test_a_file_that_cannot_be_written_is_told_at_the_start(locked: str) -> None:
    # Root may write everything, so another user has to try, and must be able to reach the folder.
    folder = Path(tempfile.mkdtemp(prefix="waystation-read-only-"))
    path = folder / DATABASE_FILE
    await (await Store.open(path)).close()
    program = f"""
import asyncio, os
from pathlib import Path
from app.core.errors import DataUnusable
from app.store.store import Store
if os.geteuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
try:
    asyncio.run(Store.open(Path({str(path)!r})))
except DataUnusable as error:
    print(error.details["reason"], error.message)
"""
    if os.geteuid() == 0:
        os.chown(folder, 65534, 65534)
        os.chown(path, 65534, 65534)
    (path if locked == "file" else folder).chmod(0o400 if locked == "file" else 0o500)
    try:
        result = subprocess.run(  # noqa: ASYNC221 (nothing else runs meanwhile)
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    finally:
        folder.chmod(0o700)
        shutil.rmtree(folder)
    assert result.stdout.startswith(("read_only", "unreachable")), result.stdout + result.stderr
    assert str(path) in result.stdout

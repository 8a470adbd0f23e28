"""Sessions, turns and health are written in batches, in order, off the loop, and survive what can happen meanwhile."""

import asyncio
import dataclasses
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.core.errors import DataUnusable
from app.core.rest import Rest
from app.core.session import Session
from app.core.turn import Usage
from app.store import batch, sessions, writer
from app.store.database import Database
from app.store.store import DATABASE_FILE, Store
from app.store.vault import Sealed
from tests.store import samples

ROOT = Path(__file__).resolve().parents[2]
SEALED = Sealed("0123456789abcdef", b"n" * 12, b"ciphertext")


class Clock:
    """Real time, and a hand to turn it forward."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.ahead


def rows_in_file(path: Path, table: str) -> int:
    """Committed rows, as another program sees them."""
    other = sqlite3.connect(path)
    try:
        (count,) = other.execute(f"SELECT count(*) FROM {table}").fetchone()
        return int(count)
    finally:
        other.close()


async def until(look: Callable[[], bool], what: str, seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not look():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        await asyncio.sleep(0.02)


async def test_rows_reach_the_file_by_themselves_within_a_second(path: Path, store: Store) -> None:
    store.save_turn(samples.turn(1))
    store.save_session(samples.session(1))
    await until(lambda: rows_in_file(path, "turns") == 1 and rows_in_file(path, "sessions") == 1, "the rows", 2.0)


async def test_many_rows_take_few_transactions(store: Store) -> None:
    def commits() -> int:
        # The database's change counter, as another connection sees it, moves with each commit.
        return int(other.execute("PRAGMA data_version").fetchone()[0])

    other = sqlite3.connect(store._worker._path)
    await store.put_token(samples.token(1), SEALED)
    seen = {commits()}
    for number in range(1000):
        store.save_turn(samples.turn(number))
        store.save_session(samples.session(1, turns=number))
        store.save_token_health("t-1", samples.quota(number / 10), None)
        if number % 100 == 0:
            seen.add(commits())
    await store.flush()
    seen.add(commits())
    other.close()
    assert len(seen) <= 4
    assert len(await store.turns(2000)) == 1000
    assert [item.turns for item in await store.sessions(0)] == [999]
    assert await store.token_health() == {"t-1": (samples.quota(99.9), None)}


async def test_a_session_with_many_owners_costs_little_with_each_turn(path: Path) -> None:
    database = Database(path)
    database._raw.execute("PRAGMA wal_autocheckpoint = 0")
    log = Path(f"{path}-wal")
    owners = {f"{number:022x}": f"t-{number % 3:08x}" for number in range(2000)}

    def written(session: Session) -> int:
        """Bytes that one more save adds to the write-ahead log."""
        before = log.stat().st_size
        with database.transaction() as connection:
            sessions.save(connection, [session])
        return log.stat().st_size - before

    moved = samples.session(1, turns=200)._replace(moves=1, owners=owners)
    assert written(moved) > 60_000
    turns = [written(moved._replace(turns=turns, last_active_at=samples.NOW + turns)) for turns in range(201, 250)]
    plain = [written(samples.session(2, turns=turns, last_active_at=samples.NOW + turns)) for turns in range(201, 250)]
    assert max(turns) <= max(plain), "what a session without owners costs"
    assert written(moved._replace(turns=250, owners={**owners, "one more": "t-1"})) > 60_000
    with database.reading() as connection:
        [kept, _] = sorted(sessions.load(connection, 0), key=lambda item: item.id)
    assert kept == moved._replace(turns=250, owners={**owners, "one more": "t-1"})
    database.close()


async def test_a_call_sees_the_rows_saved_before_it_without_waiting_for_the_batch(path: Path) -> None:
    # On a clock that stands still no batch is ever due.
    store = await Store.open(path, monotonic=lambda: 0.0)
    store.save_turn(samples.turn(1))
    assert len(await asyncio.wait_for(store.turns(1), 10)) == 1
    store.save_turn(samples.turn(2))
    await asyncio.wait_for(store.flush(), 10)
    assert rows_in_file(path, "turns") == 2
    await store.close()


async def test_a_forgotten_session_does_not_come_back_and_a_later_one_stays(store: Store) -> None:
    store.save_session(samples.session(1))
    forgetting = asyncio.get_running_loop().create_task(store.forget_sessions(["s-1"]))
    assert await forgetting == 1
    assert await store.sessions(0) == []
    # Saved after the call, before it was carried out: that is a new session and must stay.
    store.save_session(samples.session(1))
    coroutine = asyncio.get_running_loop().create_task(store.forget_sessions(None))
    await asyncio.sleep(0)
    store.save_session(samples.session(2))
    await coroutine
    await store.flush()
    assert [item.id for item in await store.sessions(0)] == ["s-2"]


async def test_nothing_is_lost_at_close(path: Path) -> None:
    store = await Store.open(path)
    for number in range(3000):
        store.save_turn(samples.turn(number))
    await store.close()
    assert rows_in_file(path, "turns") == 3000


async def test_saving_never_waits_for_a_locked_file(path: Path, expect_errors: Callable[..., None]) -> None:
    expect_errors("history cannot be written")
    clock = Clock()
    store = await Store.open(path, busy_timeout_s=0.5, monotonic=clock)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    longest = 0.0
    for number in range(1000):
        begun = time.perf_counter()
        store.save_turn(samples.turn(number))
        longest = max(longest, time.perf_counter() - begun)
        if number % 100 == 0:
            await asyncio.sleep(0.005)
    assert longest < 0.25, "less than one wait for the lock"
    with pytest.raises(DataUnusable, match="locked") as caught:
        await store.put_token(samples.token(1), SEALED)
    assert caught.value.details["reason"] == "locked"
    # Reading goes on.
    assert await store.turns(5) == []
    await until(lambda: store.problem is not None, "the problem")
    other.execute("ROLLBACK")
    other.close()
    clock.ahead += writer.RETRY_S
    store.save_turn(samples.turn(1000))
    await until(lambda: store.problem is None, "the recovery")
    assert len(await store.turns(2000)) == 1001
    await store.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of half a megabyte."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(disk)]
    if sys.platform != "linux" or os.geteuid() != 0 or subprocess.run(mount, check=False).returncode != 0:
        pytest.skip("needs the right to mount a small disk")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def fill(disk: Path) -> Path:
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * 4096)
        except OSError:
            return ballast


async def test_a_full_disk_is_told_once_and_rows_are_written_when_there_is_space(
    small_disk: Path, expect_errors: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    expect_errors("history cannot be written")
    clock = Clock()
    path = small_disk / "data" / DATABASE_FILE
    store = await Store.open(path, monotonic=clock)
    await store.put_token(samples.token(1), SEALED)
    ballast = fill(small_disk)
    for number in range(200):
        store.save_turn(samples.turn(number, client="a-client-of-mine"))
    for _ in range(3):
        with pytest.raises(DataUnusable, match="full"):
            await store.flush()
    with pytest.raises(DataUnusable, match="full"):
        await store.put_token(samples.token(2), Sealed("0123456789abcdef", b"n" * 12, b"x" * 9000))
    assert store.problem is not None
    assert str(path) in store.problem
    assert len(await store.tokens()) == 1, "reading goes on"
    ballast.unlink()
    clock.ahead += writer.RETRY_S
    # No call, no new row: the writer tries by itself. It waits on real time, so a notice makes it look at the clock.
    await store.settings()
    await until(lambda: store.problem is None, "the recovery")
    await store.put_token(samples.token(2), Sealed("0123456789abcdef", b"n" * 12, b"x" * 9000))
    assert len(await store.turns(500)) == 200
    await store.close()
    told = [record for record in caplog.records if "cannot be written" in record.message]
    assert len(told) == 1
    assert "a-client-of-mine" not in caplog.text


async def test_a_full_disk_at_the_start_is_told(small_disk: Path) -> None:
    (small_disk / "data").mkdir()
    ballast = fill(small_disk)
    path = small_disk / "data" / DATABASE_FILE
    with pytest.raises(DataUnusable, match=r"full|Check its disk"):
        await Store.open(path)
    ballast.unlink()
    store = await Store.open(path)
    await store.close()


async def test_rows_of_a_disk_that_stays_full_are_counted_at_the_end(
    path: Path, expect_errors: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    expect_errors("history cannot be written", "7 rows of history could not be written")
    store = await Store.open(path)
    # SQLite's own limit on the file's pages gives the same error as the disk.
    await asyncio.wrap_future(
        store._worker.call(lambda database, _: database._raw.execute("PRAGMA max_page_count = 1").fetchall())
    )
    for number in range(7):
        store.save_turn(
            dataclasses.replace(samples.turn(number), note="x" * 5000)  # more than a free page holds
        )
    await store.close()
    assert "7 rows of history could not be written" in caplog.text


async def test_while_writing_fails_the_newest_rows_are_kept_within_a_bound(
    path: Path, expect_errors: Callable[..., None]
) -> None:
    expect_errors("history cannot be written", "100 rows of history were given up")
    store = await Store.open(path, busy_timeout_s=0.05)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    for number in range(batch.MAX_WAITING_TURNS + 100):
        store.save_turn(samples.turn(number))
        if number == 2000:
            with pytest.raises(DataUnusable):
                await store.flush()
    other.execute("ROLLBACK")
    other.close()
    await store.flush()
    kept = await store.turns(batch.MAX_WAITING_TURNS + 100)
    assert len(kept) == batch.MAX_WAITING_TURNS
    assert kept[-1].id == samples.turn(100).id
    await store.close()


async def save_in_vain(store: Store, path: Path, *numbers: int) -> None:
    """Save these sessions while another program has locked the file."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    for number in numbers:
        store.save_session(samples.session(number))
    with pytest.raises(DataUnusable):
        await store.flush()
    other.execute("ROLLBACK")
    other.close()


async def test_a_session_forgotten_while_writing_fails_does_not_come_back(
    path: Path, expect_errors: Callable[..., None]
) -> None:
    expect_errors("history cannot be written")
    store = await Store.open(path, busy_timeout_s=0.05)
    await save_in_vain(store, path, 1, 2)
    await store.forget_sessions(["s-1"])
    await store.flush()
    assert [item.id for item in await store.sessions(0)] == ["s-2"]
    await store.close()


async def test_when_all_that_waited_is_forgotten_nothing_is_tried_again(
    path: Path, expect_errors: Callable[..., None]
) -> None:
    expect_errors("history cannot be written")
    clock, asked = Clock(), 0

    def counting() -> float:
        nonlocal asked
        asked += 1
        return clock()

    store = await Store.open(path, busy_timeout_s=0.05, monotonic=counting)
    await save_in_vain(store, path, 1)
    await store.forget_sessions(["s-1"])
    clock.ahead += 2 * writer.RETRY_S
    await store.size_bytes()
    before = asked
    await asyncio.sleep(0.1)
    assert asked - before < 10
    store.save_session(samples.session(2))
    await store.flush()
    assert [item.id for item in await store.sessions(0)] == ["s-2"]
    await store.close()


async def test_health_waits_while_writing_fails_and_goes_with_its_token(
    path: Path, expect_errors: Callable[..., None]
) -> None:
    expect_errors("history cannot be written")
    store = await Store.open(path, busy_timeout_s=0.05)
    await store.put_token(samples.token(1), SEALED)
    await store.put_token(samples.token(2), SEALED)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    for used in (1, 2):
        store.save_token_health("t-1", samples.quota(used), None)
        store.save_token_health("t-2", samples.quota(used), samples.rest())
        with pytest.raises(DataUnusable):
            await store.flush()
    tries = (store.remove_token("t-1", samples.NOW), store.delete_removed_tokens(samples.NOW + 1))
    for removing in tries:
        with pytest.raises(DataUnusable):
            await removing
    other.execute("ROLLBACK")
    other.close()
    await store.remove_token("t-1", samples.NOW)
    await store.delete_removed_tokens(samples.NOW + 1)
    # The same login, added again under its former id: it starts afresh.
    await store.put_token(samples.token(1), SEALED)
    await store.flush()
    assert await store.token_health() == {"t-2": (samples.quota(2), samples.rest())}
    await store.close()


async def test_one_row_that_cannot_be_stored_holds_up_no_other(
    store: Store, expect_errors: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    expect_errors("a turn could not be stored", "the health of a token could not be stored")
    await store.put_token(samples.token(1), SEALED)
    await store.put_token(samples.token(2), SEALED)
    # No JSON can say what a set is.
    store.save_token_health("t-1", samples.quota(), Rest(0.0, {"a-secret-of-mine"}, 0.0))  # type: ignore[arg-type]
    store.save_token_health("t-2", samples.quota(), samples.rest())
    store.save_turn(samples.turn(1))
    too_big = dataclasses.replace(samples.turn(2, client="a-client-of-mine"), usage=Usage(2**70, 0, 0, 0))
    store.save_turn(too_big)
    store.save_turn(samples.turn(3))
    store.save_session(samples.session(1))
    await store.flush()
    assert [row.id[-1] for row in await store.turns(5)] == ["3", "1"]
    assert len(await store.sessions(0)) == 1
    assert store.problem is None
    assert await store.token_health() == {"t-2": (samples.quota(), samples.rest())}
    assert "a-client-of-mine" not in caplog.text
    assert "a-secret-of-mine" not in caplog.text
    assert str(2**70) not in caplog.text


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL on Windows")
def test_a_killed_process_loses_no_token_that_was_put(path: Path) -> None:
    program = f"""
import asyncio, itertools
from pathlib import Path
from app.store.store import Store
from tests.store import samples

async def main():
    store = await Store.open(Path({str(path)!r}))
    vault = await samples.ready_vault()
    for number in itertools.count():
        store.save_turn(samples.turn(number))
        store.save_session(samples.session(number % 50))
        await samples.put_sample_token(store, vault, number)
        print(number, flush=True)

asyncio.run(main())
"""
    process = subprocess.Popen(
        [sys.executable, "-c", program], env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        lines = [process.stdout.readline() for _ in range(30)]
    finally:
        process.send_signal(signal.SIGKILL)
        rest, _ = process.communicate(timeout=10)
    said = [int(line) for line in [*lines, *rest.split()] if line.strip()]
    assert len(said) >= 30

    async def look() -> None:
        store = await Store.open(path)
        assert {f"t-{number}" for number in said} <= {stored.token.id for stored in await store.tokens()}
        await store.close()

    asyncio.run(look())
    database = sqlite3.connect(path)
    assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    database.close()

"""The history stays within its age and size, and the disk gets the space back."""

import asyncio
import os
from pathlib import Path

from app.core.history import HistoryBucket
from app.store.store import Store
from app.store.vault import Sealed
from tests.store import samples

DAY = 24 * 3600.0
#: When none of the samples' turns is of today.
LATER = samples.NOW + 3 * DAY


async def test_turns_and_sessions_beyond_the_age_are_removed(store: Store) -> None:
    for days in range(40):
        started = samples.NOW - days * DAY
        store.save_turn(samples.turn(days, started_at=started))
        store.save_session(samples.session(days, last_active_at=started))
    pruned = await store.prune(samples.NOW)
    assert (pruned.turns, pruned.sessions) == (9, 9)
    assert [row.id for row in await store.turns(100)] == [samples.turn(days).id for days in range(31)]
    assert len(await store.sessions(0)) == 31
    again = await store.prune(samples.NOW)
    assert (again.turns, again.sessions) == (0, 0)


async def test_the_oldest_turns_go_when_the_file_is_too_large_and_the_disk_gets_the_space(
    path: Path, store: Store
) -> None:
    for number in range(12_000):
        store.save_turn(samples.turn(number))
        if number % 4000 == 3999:
            await store.flush()
    await store.put_token(samples.token(1), Sealed("0123456789abcdef", b"n" * 12, b"ciphertext"))
    store.save_session(samples.session(1))
    before = await store.size_bytes()
    limit = before // 2
    pruned = await store.prune(LATER, max_bytes=limit)
    assert pruned.turns > 3000
    assert pruned.size_bytes <= limit
    assert os.path.getsize(path) == pruned.size_bytes, "the file itself has shrunk"
    assert os.path.getsize(f"{path}-wal") == 0
    left = await store.turns(20_000)
    assert len(left) == 12_000 - pruned.turns
    assert left[0].id == samples.turn(11_999).id, "the newest stay"
    assert len(await store.tokens()) == 1
    assert len(await store.sessions(0)) == 1


async def test_turns_that_go_for_their_size_stay_counted_until_they_are_too_old(store: Store) -> None:
    for number in range(40):
        store.save_turn(samples.turn(number, started_at=samples.NOW + number * 600))
    await store.flush()
    begin = samples.NOW - samples.NOW % 3600
    # The last two begin in the middle of a day, with a quarter of an hour in which there are turns.
    moments = (samples.NOW - 5, samples.NOW, samples.NOW + 9000)
    used = [await store.license_usage(since) for since in moments]
    hours = await store.history(begin, begin + 36_000, 3600)
    assert (await store.prune(LATER, max_bytes=1000)).turns == 40
    assert [await store.license_usage(since) for since in moments] == used
    assert await store.history(begin, begin + 36_000, 3600) == hours
    await store.prune(LATER + 30 * DAY)
    assert await store.license_usage(0) == {}
    assert await store.history(begin, begin + 36_000, 3600) == [HistoryBucket(hour.start) for hour in hours]


async def test_a_size_that_tokens_alone_exceed_removes_all_turns_and_ends(store: Store) -> None:
    for number in range(10):
        store.save_turn(samples.turn(number))
    await store.put_token(samples.token(1), Sealed("0123456789abcdef", b"n" * 12, b"x" * 100_000))
    pruned = await store.prune(LATER, max_bytes=1000)
    assert pruned.turns == 10
    assert len(await store.tokens()) == 1


async def test_a_pinned_session_stays_however_long_it_is_idle(store: Store) -> None:
    old = samples.NOW - 400 * DAY
    store.save_session(samples.session(1, last_active_at=old)._replace(pinned=True))
    store.save_session(samples.session(2, last_active_at=old))
    pruned = await store.prune(samples.NOW)
    assert pruned.sessions == 1
    known = await store.sessions(samples.NOW - DAY)
    assert [(item.id, item.names, item.pinned) for item in known] == [("s-1", ("name-1",), True)]


async def test_what_licenses_have_used_today_is_never_removed(store: Store) -> None:
    hour = 3600.0
    for number, hours in enumerate((1, 24.5, 26)):
        store.save_turn(samples.turn(number, started_at=samples.NOW - hours * hour))
    await store.flush()
    used = await store.used_tokens(samples.NOW - 25 * hour)
    pruned = await store.prune(samples.NOW, max_age_s=DAY, max_bytes=1000)
    assert pruned.turns == 1
    assert used
    assert await store.used_tokens(samples.NOW - 25 * hour) == used


async def test_a_token_does_not_wait_for_the_end_of_pruning(store: Store) -> None:
    for number in range(4000):
        store.save_turn(samples.turn(number, started_at=samples.NOW - 90 * DAY))
    await store.flush()
    async with asyncio.TaskGroup() as group:
        pruning = group.create_task(store.prune(samples.NOW))
        await asyncio.sleep(0)
        await store.put_token(samples.token(1), Sealed("0123456789abcdef", b"n" * 12, b"ciphertext"))
        assert not pruning.done()
    assert pruning.result().turns == 4000

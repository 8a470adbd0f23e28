"""The turns there were: page by page, of one session, and counted over time."""

import dataclasses
import sqlite3
from pathlib import Path
from random import Random

from app.core.history import HistoryBucket, filled
from app.core.license import LicenseUsage
from app.core.turn import Outcome, TurnRow, Usage
from app.store.store import Store
from tests.store import samples

NOW = samples.NOW
DAY = 24 * 3600.0


async def test_pages_go_on_behind_a_row_also_among_turns_of_one_moment(store: Store) -> None:
    for number, at in ((1, 1.0), (2, 5.0), (3, 5.0), (4, 5.0), (5, 9.0)):
        store.save_turn(samples.turn(number, started_at=NOW + at))
    seen: list[str] = []
    page = await store.turns(2)
    while page:
        seen += [row.id[-1] for row in page]
        page = await store.turns(2, before=page[-1].started_at, before_id=page[-1].id)
    assert seen == ["5", "4", "3", "2", "1"]


async def test_the_turns_of_one_session(store: Store) -> None:
    for number, session_id in ((1, "s-1"), (2, "s-2"), (3, "s-1"), (4, None)):
        store.save_turn(dataclasses.replace(samples.turn(number), session_id=session_id))
    mine = await store.turns(10, session_id="s-1")
    assert [row.id[-1] for row in mine] == ["3", "1"]
    assert await store.turns(10, before=mine[0].started_at, session_id="s-1") == mine[1:]
    assert await store.turns(10, session_id="s-3") == []


async def test_turns_and_tokens_are_counted_in_buckets_with_empty_ones_between(store: Store) -> None:
    def turn(number: int, at: float, outcome: Outcome, usage: Usage | None) -> None:
        store.save_turn(dataclasses.replace(samples.turn(number, started_at=NOW + at), outcome=outcome, usage=usage))

    huge = 9 * 10**18
    turn(1, -0.5, Outcome.COMPLETED, Usage(9, 9, 9, 9))
    turn(2, 0.0, Outcome.COMPLETED, Usage(100, 80, 20, 5))
    turn(3, 9.9, Outcome.FAILED, None)
    turn(4, 5.0, Outcome.CLIENT_LEFT, Usage(1, 0, 0, 0))
    turn(5, 20.0, Outcome.REFUSED, None)
    turn(6, 29.0, Outcome.COMPLETED, Usage(huge, huge, huge, 0))
    turn(7, 29.5, Outcome.COMPLETED, Usage(huge, huge, huge, 0))
    turn(8, 30.0, Outcome.COMPLETED, Usage(7, 7, 7, 7))
    assert await store.history(NOW, NOW + 30, 10) == [
        HistoryBucket(NOW, turns=3, failed=1, input_tokens=101, cached_tokens=80, output_tokens=20),
        HistoryBucket(NOW + 10),
        HistoryBucket(NOW + 20, 3, 1, 2 * huge, 2 * huge, 2 * huge),
    ]
    assert await store.history(NOW + 100, NOW + 120, 10) == [HistoryBucket(NOW + 100), HistoryBucket(NOW + 110)]


async def test_what_is_counted_with_the_writes_is_what_the_turns_tell(store: Store) -> None:
    random = Random(4)
    outcomes = tuple(Outcome)
    rows = [
        dataclasses.replace(
            samples.turn(number, started_at=NOW + random.uniform(-3 * DAY, 3 * DAY)),
            license_id=random.choice(("l-1", "l-2", None)),
            outcome=random.choice(outcomes),
            usage=random.choice((None, Usage(random.randrange(1000), random.randrange(9), random.randrange(100), 0))),
        )
        for number in range(700)
    ]
    # At the very ends of a quarter of an hour, and of a day.
    rows += [samples.turn(1000 + number, started_at=NOW + at) for number, at in enumerate((0.0, 900.0, DAY, -900.0))]
    for row in rows:
        store.save_turn(row)
        if random.random() < 0.02:
            await store.flush()
    for since in (NOW - 4 * DAY, NOW - DAY, NOW - 5000.5, NOW, NOW + 900, NOW + 1, NOW + DAY, NOW + 4 * DAY):
        expected = used_since(rows, since)
        assert await store.license_usage(since) == expected
        assert await store.used_tokens(since) == {
            license_id: used.input_tokens + used.output_tokens for license_id, used in expected.items()
        }
    for bucket_s in (3600.0, 1800.0, 2 * DAY):
        since, until = NOW - 4 * DAY, NOW + 2 * DAY
        assert await store.history(since, until, bucket_s) == counted_in_buckets(rows, since, until, bucket_s)
        # Not on quarters of an hour: by the turns themselves.
        assert await store.history(since + 1, until + 1, bucket_s) == counted_in_buckets(
            rows, since + 1, until + 1, bucket_s
        )


async def test_a_turn_that_is_written_again_counts_once(store: Store) -> None:
    turn = samples.turn(1)
    store.save_turn(turn)
    await store.flush()
    # With others, as after a commit of which nobody knows whether it succeeded; and by itself, changed.
    for number in range(1, 40):
        store.save_turn(samples.turn(number))
    await store.flush()
    changed = dataclasses.replace(turn, usage=Usage(7, 0, 1, 0), outcome=Outcome.FAILED)
    store.save_turn(changed)
    rows = [changed, *(samples.turn(number) for number in range(2, 40))]
    assert await store.license_usage(0) == used_since(rows, 0)
    since, until = NOW - NOW % 3600, NOW - NOW % 3600 + 7200
    assert await store.history(since, until, 3600) == counted_in_buckets(rows, since, until, 3600)
    assert await store.turns(50) == [*reversed(rows)]


def used_since(rows: list[TurnRow], since: float) -> dict[str, LicenseUsage]:
    used: dict[str, LicenseUsage] = {}
    for row in rows:
        if row.license_id is not None and row.started_at >= since:
            before, usage = used.get(row.license_id, LicenseUsage()), row.usage or Usage(0, 0, 0, 0)
            used[row.license_id] = LicenseUsage(
                before.turns + 1,
                before.input_tokens + usage.input_tokens,
                before.cached_tokens + usage.cached_tokens,
                before.output_tokens + usage.output_tokens,
            )
    return used


def counted_in_buckets(rows: list[TurnRow], since: float, until: float, bucket_s: float) -> list[HistoryBucket]:
    buckets = filled((), since, until, bucket_s)
    for row in rows:
        if since <= row.started_at < until:
            number, usage = int((row.started_at - since) // bucket_s), row.usage or Usage(0, 0, 0, 0)
            before = buckets[number]
            buckets[number] = HistoryBucket(
                before.start,
                before.turns + 1,
                before.failed + (row.outcome in (Outcome.FAILED, Outcome.REFUSED)),
                before.input_tokens + usage.input_tokens,
                before.cached_tokens + usage.cached_tokens,
                before.output_tokens + usage.output_tokens,
            )
    return buckets


async def test_one_sessions_turns_are_found_by_the_index(path: Path, store: Store) -> None:
    database = sqlite3.connect(path)
    plan = database.execute(
        "EXPLAIN QUERY PLAN SELECT * FROM turns WHERE session_id = 's-1' AND started_at <= 5 "
        "ORDER BY started_at DESC, id DESC LIMIT 500"
    ).fetchall()
    database.close()
    assert "ix_turns_session_id_started_at (session_id=? AND started_at<?)" in plan[0][-1]

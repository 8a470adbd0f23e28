"""The turns there were: page by page, of one session, and counted over time."""

import dataclasses
import sqlite3
from pathlib import Path

from app.core.history import HistoryBucket
from app.core.turn import Outcome, Usage
from app.store.store import Store
from tests.store import samples

NOW = samples.NOW


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


async def test_one_sessions_turns_are_found_by_the_index(path: Path, store: Store) -> None:
    database = sqlite3.connect(path)
    plan = database.execute(
        "EXPLAIN QUERY PLAN SELECT * FROM turns WHERE session_id = 's-1' AND started_at <= 5 "
        "ORDER BY started_at DESC, id DESC LIMIT 500"
    ).fetchall()
    database.close()
    assert "ix_turns_session_id_started_at (session_id=? AND started_at<?)" in plan[0][-1]

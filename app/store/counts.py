"""What turns add up to, by license and by quarters of an hour and days, kept with each write.

Usage of a month and the day's chart would else look at every turn there is: half a second of a store that is full. And
what licenses have used stays known when turns have to go for their size.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from sqlalchemy import (
    Connection,
    Double,
    Insert,
    Integer,
    Select,
    case,
    cast,
    delete,
    func,
    select,
    union_all,
)
from sqlalchemy.dialects.sqlite import insert

from app.core.history import HistoryBucket, filled
from app.core.license import LicenseUsage
from app.core.turn import Outcome, TurnRow
from app.store.many_rows import ManyRows
from app.store.schema import turn_counts, turns

#: How long what is counted together may be, in seconds. Every time zone's hours begin with a quarter of one; with days
#: of UTC, a month is thirty numbers.
QUARTER_S, DAY_S = 900, 86_400
_FAILED = (Outcome.FAILED, Outcome.REFUSED)
_SUMS = ("turns", "failed", "input_tokens", "cached_tokens", "output_tokens")


def _added() -> Insert:
    adding = insert(turn_counts)
    sums = {name: turn_counts.c[name] + adding.excluded[name] for name in _SUMS}
    return adding.on_conflict_do_update(index_elements=["seconds", "start", "license_id"], set_=sums)


_ADDED = ManyRows(_added)


def add(connection: Connection, rows: Iterable[TurnRow], times: int = 1) -> None:
    """Count these turns; with -1 for `times` they count no longer."""
    quarters: dict[tuple[int, str], list[float]] = {}
    for row in rows:
        place = _begin(row.started_at, QUARTER_S), row.license_id or ""
        found = quarters.get(place)
        if found is None:
            found = quarters[place] = [0, 0, 0.0, 0.0, 0.0]
        found[0] += times
        if row.outcome in _FAILED:
            found[1] += times
        if row.usage is not None:
            # As floating point: a sum of integers fails beyond 64 bits, and upstream may send any number.
            found[2] += times * float(row.usage.input_tokens)
            found[3] += times * float(row.usage.cached_tokens)
            found[4] += times * float(row.usage.output_tokens)
    _ADDED.execute(connection, ((QUARTER_S, *place, *found) for place, found in quarters.items()))
    # Some quarters may be of one day: each is added to what there is of it.
    of_days = ((DAY_S, _begin(start, DAY_S), owner, *found) for (start, owner), found in quarters.items())
    _ADDED.execute(connection, of_days)


def remove_old(connection: Connection, before: float) -> None:
    """Forget what had ended at that time, in Unix seconds."""
    connection.execute(delete(turn_counts).where(turn_counts.c.start <= before - turn_counts.c.seconds))


def history(connection: Connection, since: float, until: float, bucket_s: float) -> list[HistoryBucket]:
    """The turns from `since` to before `until` (Unix seconds), counted in buckets; see `app.core.history.filled`."""
    by_quarters = not any(value % QUARTER_S for value in (since, until, bucket_s))
    counted = (_quarters(since, until) if by_quarters else _one_by_one(since, until)).subquery()
    place = (counted.c.at - since) / bucket_s
    # Not every SQLite has `floor`; a cast cuts off there, and rounds on PostgreSQL.
    whole = cast(place, Integer)
    number = (whole - case((whole > place, 1), else_=0)).label("number")
    query = select(number, *(func.sum(counted.c[name]) for name in _SUMS)).group_by(number)
    found = (
        HistoryBucket(since + int(place) * bucket_s, *(int(total) for total in totals))
        for place, *totals in connection.execute(query)
    )
    return filled(found, since, until, bucket_s)


def license_usage(connection: Connection, since: float) -> dict[str, LicenseUsage]:
    """Turns and tokens by license id, of the turns started at that time (Unix seconds) or later."""
    quarter, day = (math.ceil(since / seconds) * seconds for seconds in (QUARTER_S, DAY_S))
    counted = union_all(_one_by_one(since, quarter), _quarters(quarter, day), _counted(DAY_S, day)).subquery()
    sums = (func.sum(counted.c[name]) for name in _SUMS if name != "failed")
    query = select(counted.c.license_id, *sums).where(counted.c.license_id != "").group_by(counted.c.license_id)
    return {
        license_id: LicenseUsage(*(int(total) for total in totals))
        for license_id, *totals in connection.execute(query)
        if totals[0]
    }


def _begin(at: float, seconds: int) -> int:
    return math.floor(at / seconds) * seconds


def _one_by_one(since: float, until: float) -> Select[Any]:
    return select(
        turns.c.started_at.label("at"),
        func.coalesce(turns.c.license_id, "").label("license_id"),
        cast(1, Integer).label("turns"),
        case((turns.c.outcome.in_([outcome.value for outcome in _FAILED]), 1), else_=0).label("failed"),
        *(func.coalesce(cast(turns.c[name], Double), 0.0).label(name) for name in _SUMS[2:]),
    ).where(turns.c.started_at >= since, turns.c.started_at < until)


def _quarters(since: float, until: float) -> Select[Any]:
    return _counted(QUARTER_S, since).where(turn_counts.c.start < until)


def _counted(seconds: int, since: float) -> Select[Any]:
    sums = (turn_counts.c[name] for name in _SUMS)
    begin = turn_counts.c.start
    return select(begin.label("at"), turn_counts.c.license_id, *sums).where(
        turn_counts.c.seconds == seconds, begin >= since
    )

"""A start reads what it needs of a long past, and no more."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from app.core.history import HOUR_S, hours_until
from app.gateway.gateway import Gateway
from app.store import sessions
from app.store.database import Database
from app.store.key_stores import KeyStoreKind
from app.store.store import DATABASE_FILE, Store
from app.upstream.endpoints import UpstreamEndpoints
from tests.store import samples

NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(tmp_path / DATABASE_FILE)
    yield made
    made.close()


def test_of_many_sessions_those_that_were_active_last_are_read_and_pinned_ones(database: Database) -> None:
    saved = [samples.session(n, last_active_at=samples.NOW + n)._replace(pinned=n == 2) for n in range(1, 8)]
    with database.transaction() as connection:
        sessions.save(connection, saved)
    with database.reading() as connection:
        assert sessions.load(connection, 0, limit=3) == [saved[1], *saved[4:]]
        assert sessions.load(connection, samples.NOW + 7, limit=3) == [saved[1], saved[6]]
        assert sessions.load(connection, 0) == saved


async def test_a_start_looks_through_no_table_of_the_past(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = await Store.open(tmp_path / DATABASE_FILE)
    store.save_session(samples.session(1))
    store.save_turn(samples.turn(1))
    await store.close()
    plans: list[str] = []
    with plans_of_all_queries(monkeypatch, plans):
        endpoints = UpstreamEndpoints(NOWHERE, NOWHERE, NOWHERE)
        gateway = await Gateway.open(tmp_path, endpoints, key_store_kind=KeyStoreKind.MEMORY, live=False)
        await gateway.close()
    of_past = [plan for plan in plans if " turns" in plan or " session" in plan]
    assert len(of_past) >= 4, "the queries were not seen"
    assert [plan for plan in of_past if plan.startswith("SCAN") and "INDEX" not in plan] == []


async def test_usage_of_a_month_and_the_hours_of_a_day_look_at_no_turns_but_a_few(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store.close()
    plans: list[str] = []
    with plans_of_all_queries(monkeypatch, plans):
        again = await Store.open(store._worker._path)
        await again.license_usage(samples.NOW + 100)
        await again.history(*hours_until(samples.NOW, 24), HOUR_S)
        await again.close()
    of_turns = [plan for plan in plans if " turns" in plan]
    # Those of the quarter of an hour in which the month begins.
    assert of_turns == ["SEARCH turns USING INDEX ix_turns_started_at (started_at>? AND started_at<?)"]
    assert len([plan for plan in plans if plan.startswith("SEARCH turn_counts USING PRIMARY KEY (seconds=?")]) == 3


@contextmanager
def plans_of_all_queries(monkeypatch: pytest.MonkeyPatch, plans: list[str]) -> Iterator[None]:
    """While inside, write down how SQLite goes about every query."""
    opened = Database._open

    def opened_and_watched(self: Database) -> None:
        opened(self)

        def note(_connection: object, cursor: Any, statement: str, parameters: Any, *_rest: object) -> None:
            if statement.startswith(("SELECT", "WITH")):
                steps = cursor.connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
                plans.extend(step for *_ids, step in steps)

        event.listen(self._engine, "before_cursor_execute", note)

    monkeypatch.setattr(Database, "_open", opened_and_watched)
    yield

"""Rows go into a table by statements of many, whatever their number and SQLite's limits."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.store import turns
from app.store.database import Database
from app.store.store import DATABASE_FILE
from tests.store import samples


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(tmp_path / DATABASE_FILE)
    yield made
    made.close()


@pytest.mark.parametrize("count", [1, 2, 3, 63, 64, 65, 200])
def test_every_row_is_written_once_and_by_few_statements(database: Database, count: int) -> None:
    rows = [samples.turn(number) for number in range(count)]
    statements: list[str] = []
    database._raw.set_trace_callback(statements.append)
    with database.transaction() as connection:
        turns.save(connection, rows)
    database._raw.set_trace_callback(None)
    inserts = [text for text in statements if text.startswith("INSERT INTO turns ")]
    # One for each 64, and of what is left one for each bit of their number.
    assert len(inserts) == count // 64 + (count % 64).bit_count()
    with database.reading() as connection:
        assert turns.load(connection, count + 1) == rows[::-1]


def test_an_old_sqlite_takes_fewer_values_at_once(database: Database) -> None:
    database._raw.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 999)
    rows = [samples.turn(number) for number in range(100)]
    with database.transaction() as connection:
        turns.save(connection, rows)
    with database.reading() as connection:
        assert turns.load(connection, 200) == rows[::-1]

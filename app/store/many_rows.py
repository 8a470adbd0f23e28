"""Many rows by few statements, and without what SQLAlchemy makes of each.

A turn ends in a few hundred microseconds, and the store's thread must not take as many of them to write its row.
SQLAlchemy and the driver take 30 µs for each set of parameters; worse, with each step of a statement the driver gives
Python's lock to the gateway's loop and has to get it back. A statement of many rows does both once for all of them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from functools import cached_property
from itertools import chain, islice
from typing import Any

from sqlalchemy import Connection, Insert, Select
from sqlalchemy.dialects import sqlite

#: Rows of one statement, a power of two. While their values are put together, some 150 µs, nobody else gets the lock.
_MOST = 64


def plain_rows(connection: Connection, query: Select[Any]) -> list[tuple[Any, ...]]:
    """What the driver says: texts escaped, truth values as numbers, JSON as text.

    SQLAlchemy's rows and types take as long as all the rest.
    """
    with closing(connection.execute(query)) as result:
        return list(result.cursor.fetchall()) if result.cursor is not None else []


class ManyRows:
    """An insert, executed for many rows at once.

    Args:
        statement: makes the one for a single row, when it is first needed: that takes a millisecond, and a start none.
            Values come in the order of the table's columns.
    """

    def __init__(self, statement: Callable[[], Insert]) -> None:
        self._make = statement
        # Few, so that the driver keeps each of them prepared.
        self._texts: dict[int, str] = {}

    def execute(self, connection: Connection, rows: Iterable[tuple[object, ...]]) -> int:
        """Insert them, in their order; how many rows of the table were added or changed.

        The values go to the driver as they are: texts escaped, truth values as numbers.
        """
        changed, waiting, most = 0, iter(rows), self._most(connection)
        while part := tuple(islice(waiting, most)):
            begin, size = 0, most
            while begin < len(part):
                if begin + size <= len(part):
                    values = tuple(chain.from_iterable(part[begin : begin + size]))
                    changed += connection.exec_driver_sql(self._text(size), values).rowcount
                    begin += size
                else:
                    size //= 2
        return changed

    def _most(self, connection: Connection) -> int:
        """SQLite before 3.32 takes 999 values, if those who built it did not say otherwise."""
        driver = connection.connection.driver_connection
        most = _MOST
        if isinstance(driver, sqlite3.Connection):
            values = driver.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER)
            while most > 1 and most * len(self._statement.table.columns) > values:
                most //= 2
        return most

    def _text(self, count: int) -> str:
        if count not in self._texts:
            self._texts[count] = self._one.replace(self._row, ", ".join([self._row] * count), 1)
        return self._texts[count]

    @cached_property
    def _statement(self) -> Insert:
        return self._make()

    @cached_property
    def _one(self) -> str:
        return str(self._statement.compile(dialect=sqlite.dialect()))

    @cached_property
    def _row(self) -> str:
        return f"({', '.join('?' * len(self._statement.table.columns))})"

"""Many rows by few statements.

A turn ends in some two hundred microseconds, and the store's thread must not take as many of them to write its row.
SQLAlchemy and the driver take 30 µs for each set of parameters; worse, with each step of a statement the driver gives
Python's lock to the gateway's loop and has to get it back. A statement of 32 rows does both once for all of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from itertools import chain, islice

from sqlalchemy import Connection, Insert
from sqlalchemy.dialects import sqlite

#: Rows of one statement. While their parameters are put together, some 100 µs, nobody else gets Python's lock.
_MOST = 32


class ManyRows:
    """An insert, executed for many rows at once.

    Args:
        statement: for one row; its values come in the order of the table's columns.
    """

    def __init__(self, statement: Insert) -> None:
        self._statement = statement
        # Few, so that the driver keeps each of them prepared.
        self._texts: dict[int, str] = {}

    def execute(self, connection: Connection, rows: Iterable[tuple[object, ...]]) -> int:
        """Insert them, in their order; how many rows of the table were added or changed.

        The values go to the driver as they are: texts escaped, truth values as numbers.
        """
        changed, waiting = 0, iter(rows)
        while part := tuple(islice(waiting, _MOST)):
            begin, size = 0, _MOST
            while begin < len(part):
                if begin + size <= len(part):
                    values = tuple(chain.from_iterable(part[begin : begin + size]))
                    changed += connection.exec_driver_sql(self._text(size), values).rowcount
                    begin += size
                else:
                    size //= 2
        return changed

    def _text(self, count: int) -> str:
        if count not in self._texts:
            self._texts[count] = self._one.replace(self._row, ", ".join([self._row] * count), 1)
        return self._texts[count]

    @cached_property
    def _one(self) -> str:
        return str(self._statement.compile(dialect=sqlite.dialect()))

    @property
    def _row(self) -> str:
        return f"({', '.join('?' * len(self._statement.table.columns))})"

"""The settings: text by key. What the keys mean is known to those who use them."""

from __future__ import annotations

from sqlalchemy import Connection, delete, insert, select

from app.store.schema import settings


def load(connection: Connection) -> dict[str, str]:
    """All of them."""
    rows = connection.execute(select(settings.c.key, settings.c.value).order_by(settings.c.key))
    return {row.key: row.value for row in rows}


def put(connection: Connection, key: str, value: str | None) -> None:
    """Set one, or remove it by None."""
    connection.execute(delete(settings).where(settings.c.key == key))
    if value is not None:
        connection.execute(insert(settings).values(key=key, value=value))

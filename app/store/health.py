"""The health of tokens: their quota as upstream last told it, and their rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Text, bindparam, delete, exists, insert, select

from app.core.quota import Credits, Quota, Window
from app.core.rest import Rest
from app.store.schema import token_health, tokens
from app.store.stored_json import from_text, require_numbers, to_text

#: A token's quota and rest; None where nothing is known, or where it does not rest.
StoredHealth = tuple[Quota | None, Rest | None]


def load(connection: Connection) -> dict[str, StoredHealth]:
    """All that is known, by token id."""
    return {
        row.token_id: (
            from_text(row.quota, _quota, f"the quota of token {row.token_id}"),
            from_text(row.rest, _rest, f"the rest of token {row.token_id}"),
        )
        for row in connection.execute(select(token_health))
    }


def save(connection: Connection, batch: Mapping[str, StoredHealth]) -> None:
    """Add or replace what is known of tokens; of a token that is no longer there nothing is kept."""
    if not batch:
        return
    connection.execute(
        delete(token_health).where(token_health.c.token_id == bindparam("of_token")),
        [{"of_token": token_id} for token_id in batch],
    )
    known = [
        {
            "of_token": token_id,
            "its_quota": quota and to_text(asdict(quota)),
            "its_rest": rest and to_text(asdict(rest)),
        }
        for token_id, (quota, rest) in batch.items()
        if quota is not None or rest is not None
    ]
    if not known:
        return
    values = select(
        bindparam("of_token", type_=Text), bindparam("its_quota", type_=Text), bindparam("its_rest", type_=Text)
    )
    # A turn may end, and report, after its token was removed.
    there = values.where(exists().where(tokens.c.id == bindparam("of_token", type_=Text)))
    connection.execute(insert(token_health).from_select(["token_id", "quota", "rest"], there), known)


def remove(connection: Connection, token_id: str) -> None:
    """Forget what is known of a token."""
    connection.execute(delete(token_health).where(token_health.c.token_id == token_id))


def _quota(data: dict[str, Any]) -> Quota:
    windows = tuple(Window(**window) for window in data["windows"])
    credits = None if data.get("credits") is None else Credits(**data["credits"])
    quota = Quota(**{**data, "windows": windows, "credits": credits})
    require_numbers(quota.seen_at, *(window.used_percent for window in windows))
    require_numbers(*(window.resets_at for window in windows if window.resets_at is not None))
    return quota


def _rest(data: dict[str, Any]) -> Rest:
    rest = Rest(**data)
    require_numbers(rest.until, rest.probe_at)
    return rest

"""The turns: one row each, never their content."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import (
    Connection,
    Select,
    delete,
    or_,
    select,
)
from sqlalchemy.dialects.sqlite import insert

from app.core.turn import Attempt, Outcome, TurnRow, Usage
from app.store import counts
from app.store.many_rows import ManyRows, plain_rows
from app.store.schema import EscapedTexts, ReadTexts, turns
from app.store.stored_json import from_text, require_numbers, to_text

_OUTCOMES = {outcome.value: outcome for outcome in Outcome}
_ADDED = ManyRows(lambda: insert(turns).on_conflict_do_nothing(index_elements=["id"]))


def load(
    connection: Connection,
    limit: int,
    before: float | None = None,
    before_id: str | None = None,
    session_id: str | None = None,
) -> list[TurnRow]:
    """Up to `limit` turns, the newest first.

    Args:
        connection: to the database.
        limit: of rows.
        before: only those started before this time (Unix seconds).
        before_id: also those of that very time whose id is smaller, to go on behind a row that is known.
        session_id: only those of this session.
    """
    query = select(turns).order_by(turns.c.started_at.desc(), turns.c.id.desc()).limit(limit)
    if before is not None and before_id is not None:
        query = query.where(turns.c.started_at <= before, or_(turns.c.started_at < before, turns.c.id < before_id))
    elif before is not None:
        query = query.where(turns.c.started_at < before)
    if session_id is not None:
        query = query.where(turns.c.session_id == session_id)
    return list(_read(connection, query))


class SomeAreThere(Exception):
    """Of several turns at least one was written before."""


def save(connection: Connection, batch: Sequence[TurnRow]) -> None:
    """Add turns, each id once; a single one may also replace what is there.

    Raises:
        SomeAreThere: after a commit whose success is not known a batch is written again. Undo the transaction, and
            save one by one.
    """
    texts = EscapedTexts()
    values = (_values(row, texts) for row in batch)
    if _ADDED.execute(connection, values) < len(batch):
        if len(batch) > 1:
            raise SomeAreThere
        same = turns.c.id == batch[0].id
        counts.add(connection, _read(connection, select(turns).where(same)), -1)
        connection.execute(delete(turns).where(same))
        _ADDED.execute(connection, [_values(batch[0], texts)])
    counts.add(connection, batch)


def remove_oldest(connection: Connection, limit: int, before: float | None = None) -> int:
    """Remove up to `limit` turns, the oldest first, started before a time (Unix seconds) if given; how many."""
    oldest = select(turns.c.id).order_by(turns.c.started_at).limit(limit)
    if before is not None:
        oldest = oldest.where(turns.c.started_at < before)
    return connection.execute(delete(turns).where(turns.c.id.in_(oldest))).rowcount


def _values(row: TurnRow, texts: EscapedTexts) -> tuple[object, ...]:
    """In the order of the table's columns."""
    usage = row.usage
    return (
        row.id,
        row.started_at,
        row.endpoint,
        row.license_id,
        row.session_id,
        row.token_id,
        texts[row.client],
        texts[row.peer],
        texts[row.model],
        texts[row.effort],
        int(row.stream),
        row.status,
        texts[row.error],
        row.outcome.value,
        row.first_byte_ms,
        row.total_ms,
        row.request_bytes,
        row.response_bytes,
        row.request_sha256,
        row.sent_sha256,
        json.dumps(row.edits) if row.edits else "[]",
        usage.input_tokens if usage else None,
        usage.cached_tokens if usage else None,
        usage.output_tokens if usage else None,
        usage.reasoning_tokens if usage else None,
        texts[row.note],
        to_text([asdict(attempt) for attempt in row.attempts]) if row.attempts else None,
        row.waited_ms,
    )


def _read(connection: Connection, query: Select[Any]) -> Iterator[TurnRow]:
    """Whole rows, in the order of the table's columns."""
    texts = ReadTexts()
    for (
        turn_id,
        started_at,
        endpoint,
        license_id,
        session_id,
        token_id,
        client,
        peer,
        model,
        effort,
        stream,
        status,
        error,
        outcome,
        first_byte_ms,
        total_ms,
        request_bytes,
        response_bytes,
        request_sha256,
        sent_sha256,
        edits,
        input_tokens,
        cached_tokens,
        output_tokens,
        reasoning_tokens,
        note,
        attempts,
        waited_ms,
    ) in plain_rows(connection, query):
        yield TurnRow(
            turn_id,
            started_at,
            endpoint,
            license_id,
            session_id,
            token_id,
            texts[client],
            texts[peer],
            texts[model],
            texts[effort],
            stream != 0,
            status,
            texts[error],
            _OUTCOMES[outcome],
            first_byte_ms,
            total_ms,
            request_bytes,
            response_bytes,
            request_sha256,
            sent_sha256,
            () if edits == "[]" else tuple(json.loads(edits)),
            None if input_tokens is None else Usage(input_tokens, cached_tokens, output_tokens, reasoning_tokens),
            texts[note],
            (from_text(attempts, _attempts, f"the attempts of turn {turn_id}") or ()) if attempts else (),
            waited_ms,
        )


def _attempts(data: list[dict[str, Any]]) -> tuple[Attempt, ...]:
    attempts = tuple(Attempt(**attempt) for attempt in data)
    require_numbers(*(attempt.ms for attempt in attempts))
    return attempts

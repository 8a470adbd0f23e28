"""The sessions and their names. A name belongs to the session that was saved with it last."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from sqlalchemy import Connection, bindparam, delete, insert, select

from app.core.session import Session
from app.store.schema import session_names, sessions

# Values in one statement; SQLite before 3.32 took 999.
_CHUNK = 500


def load(connection: Connection, active_since: float) -> list[Session]:
    """The sessions that were active at that time (Unix seconds) or later, the longest idle first."""
    names: dict[str, list[str]] = {}
    of_active = (
        select(session_names.c.session_id, session_names.c.name)
        .join(sessions, sessions.c.id == session_names.c.session_id)
        .where(sessions.c.last_active_at >= active_since)
        .order_by(session_names.c.position)
    )
    for session_id, name in connection.execute(of_active):
        names.setdefault(session_id, []).append(name)
    active = (
        select(sessions)
        .where(sessions.c.last_active_at >= active_since)
        .order_by(sessions.c.last_active_at, sessions.c.id)
    )
    return [
        Session(
            id=row.id,
            license_id=row.license_id,
            names=tuple(names.get(row.id, ())),
            home_token_id=row.home_token_id,
            current_token_id=row.current_token_id,
            created_at=row.created_at,
            last_active_at=row.last_active_at,
            turns=row.turns,
        )
        for row in connection.execute(active)
    ]


def save(connection: Connection, batch: Sequence[Session]) -> None:
    """Add or replace sessions, each id once, in the order in which they were last active.

    A name is taken from the session that had it: that one is no longer in the gateway's memory, or shares the name
    and will take it back with its next turn.
    """
    if not batch:
        return
    remove(connection, [session.id for session in batch])
    names = {
        (session.license_id, name): (session.id, position)
        for session in batch
        for position, name in enumerate(session.names)
    }
    connection.execute(
        insert(sessions),
        [
            {
                "id": session.id,
                "license_id": session.license_id,
                "home_token_id": session.home_token_id,
                "current_token_id": session.current_token_id,
                "created_at": session.created_at,
                "last_active_at": session.last_active_at,
                "turns": session.turns,
            }
            for session in batch
        ],
    )
    if not names:
        return
    taken = delete(session_names).where(
        session_names.c.license_id == bindparam("of_license"), session_names.c.name == bindparam("called")
    )
    connection.execute(taken, [{"of_license": license_id, "called": name} for license_id, name in names])
    connection.execute(
        insert(session_names),
        [
            {"license_id": license_id, "name": name, "session_id": session_id, "position": position}
            for (license_id, name), (session_id, position) in names.items()
        ],
    )


def remove(connection: Connection, ids: Collection[str] | None) -> int:
    """Remove these sessions (None: all) and their names; how many there were."""
    if ids is None:
        return connection.execute(delete(sessions)).rowcount
    return sum(connection.execute(delete(sessions).where(sessions.c.id.in_(part))).rowcount for part in _parts(ids))


def remove_idle(connection: Connection, before: float, limit: int) -> int:
    """Remove up to `limit` sessions that were last active before that time (Unix seconds); how many there were."""
    idle = select(sessions.c.id).where(sessions.c.last_active_at < before).limit(limit)
    return connection.execute(delete(sessions).where(sessions.c.id.in_(idle))).rowcount


def _parts(ids: Collection[str]) -> Iterator[list[str]]:
    ordered = list(ids)
    for start in range(0, len(ordered), _CHUNK):
        yield ordered[start : start + _CHUNK]

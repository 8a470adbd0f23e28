"""The sessions and their names. A name belongs to the session that was saved with it last."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Select, bindparam, delete, insert, select, update

from app.core.session import MAX_SESSIONS, Session
from app.store.schema import session_names, sessions
from app.store.stored_json import from_text, to_text

# Values in one statement; SQLite before 3.32 took 999.
_CHUNK = 500
# In the order of `Session`, which has its names in between.
_LOADED = (
    sessions.c.id,
    sessions.c.license_id,
    sessions.c.home_token_id,
    sessions.c.current_token_id,
    sessions.c.created_at,
    sessions.c.last_active_at,
    sessions.c.turns,
    sessions.c.lent_at,
    sessions.c.moves,
    sessions.c.owners,
    sessions.c.pinned,
    sessions.c.client,
    sessions.c.model,
    sessions.c.input_tokens,
    sessions.c.cached_tokens,
    sessions.c.output_tokens,
)


def load(connection: Connection, active_since: float, limit: int = MAX_SESSIONS) -> list[Session]:
    """The sessions that were active at that time (Unix seconds) or later, and pinned ones; the longest idle first.

    Of a hundred thousand the gateway keeps `limit` in memory, so that no more are read: those that were active last.
    """
    latest = (
        select(sessions.c.id)
        .where(sessions.c.last_active_at >= active_since)
        .order_by(sessions.c.last_active_at.desc(), sessions.c.id.desc())
        .limit(limit)
    )
    # Apart from each other: one condition with "or" would have every session looked at for each of the two.
    pinned = select(sessions.c.id).where(sessions.c.pinned)
    found = {session.id: session for wanted in (latest, pinned) for session in _read(connection, wanted)}
    return sorted(found.values(), key=lambda session: (session.last_active_at, session.id))


def _read(connection: Connection, wanted: Select[str]) -> Iterator[Session]:
    rows = connection.execute(select(*_LOADED).where(sessions.c.id.in_(wanted))).all()
    names: dict[str, list[str]] = {}
    if rows:
        of_wanted = (
            select(session_names.c.session_id, session_names.c.name)
            .where(session_names.c.session_id.in_(wanted))
            .order_by(session_names.c.position)
        )
        for session_id, name in connection.execute(of_wanted):
            names.setdefault(session_id, []).append(name)
    # By position: to look the columns of ten thousand rows up by their names takes as long as to read them.
    for session_id, license_id, home, current, created_at, active_at, turns, lent_at, moves, owners, *rest in rows:
        read_owners = from_text(owners, _owners, f"what tokens issued in session {session_id}") if owners else None
        yield Session(
            session_id,
            license_id,
            tuple(names.get(session_id, ())),
            home,
            current,
            created_at,
            active_at,
            turns,
            lent_at,
            moves,
            read_owners or {},
            *rest,
        )


def save(connection: Connection, batch: Sequence[Session]) -> None:
    """Add or replace sessions, each id once, in the order in which they were last active.

    A name is taken from the session that had it: that one is no longer in the gateway's memory, or shares the name
    and will take it back with its next turn.
    """
    if not batch:
        return
    _save_states(connection, batch)
    of_batch = delete(session_names).where(session_names.c.session_id == bindparam("of_session"))
    connection.execute(of_batch, [{"of_session": session.id} for session in batch])
    names = {
        (session.license_id, name): (session.id, position)
        for session in batch
        for position, name in enumerate(session.names)
    }
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
    """Remove up to `limit` sessions that were last active before that time (Unix seconds); how many there were.

    Pinned ones stay: the user's word holds until the user takes it back.
    """
    idle = select(sessions.c.id).where(sessions.c.last_active_at < before, ~sessions.c.pinned).limit(limit)
    return connection.execute(delete(sessions).where(sessions.c.id.in_(idle))).rowcount


def _save_states(connection: Connection, batch: Sequence[Session]) -> None:
    """The sessions without their names.

    A row that is there is changed and not replaced: SQLite writes only those of its pages that differ, so that owners,
    which are large and change with a move only, are not written with every turn.
    """
    there: dict[str, str | None] = {}
    for part in _parts([session.id for session in batch]):
        found = select(sessions.c.id, sessions.c.owners).where(sessions.c.id.in_(part))
        there.update((row.id, row.owners) for row in connection.execute(found))
    new: list[dict[str, Any]] = []
    changed: list[dict[str, Any]] = []
    owners: list[dict[str, Any]] = []
    for session in batch:
        text = to_text(dict(session.owners)) if session.owners else None
        if session.id not in there:
            new.append({"id": session.id, **_state(session), "owners": text})
            continue
        changed.append({"same": session.id, **_state(session)})
        if text != there[session.id]:
            owners.append({"same": session.id, "owners": text})
    if new:
        connection.execute(insert(sessions), new)
    same = update(sessions).where(sessions.c.id == bindparam("same"))
    if changed:
        connection.execute(same, changed)
    if owners:
        connection.execute(same, owners)


def _state(session: Session) -> dict[str, Any]:
    return {
        "license_id": session.license_id,
        "home_token_id": session.home_token_id,
        "current_token_id": session.current_token_id,
        "created_at": session.created_at,
        "last_active_at": session.last_active_at,
        "turns": session.turns,
        "lent_at": session.lent_at,
        "moves": session.moves,
        "pinned": session.pinned,
        "client": session.client,
        "model": session.model,
        "input_tokens": session.input_tokens,
        "cached_tokens": session.cached_tokens,
        "output_tokens": session.output_tokens,
    }


def _owners(data: dict[str, str]) -> dict[str, str]:
    if not all(isinstance(token_id, str) for token_id in data.values()):
        raise TypeError("not token ids")
    return data


def _parts(ids: Collection[str]) -> Iterator[list[str]]:
    ordered = list(ids)
    for start in range(0, len(ordered), _CHUNK):
        yield ordered[start : start + _CHUNK]

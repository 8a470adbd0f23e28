"""The sessions and their names. A name belongs to the session that was saved with it last."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from functools import partial
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, Insert, Select, delete, func, or_, select
from sqlalchemy.dialects.sqlite import insert

from app.core.session import MAX_SESSIONS, Session
from app.store.many_rows import ManyRows, plain_rows
from app.store.schema import EscapedTexts, ReadTexts, session_names, sessions, unescaped
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


def _saved(*kept: str) -> Insert:
    """Adds sessions; of one that is there, all columns but these are replaced."""
    adding = insert(sessions)
    new = {column.name: adding.excluded[column.name] for column in sessions.c if column.name not in kept}
    return adding.on_conflict_do_update(index_elements=["id"], set_=new)


def _named() -> Insert:
    """Adds names or gives them to other sessions; one that is as it was is not written."""
    adding = insert(session_names)
    new = {name: adding.excluded[name] for name in ("session_id", "position")}
    changed = or_(*(session_names.c[name] != value for name, value in new.items()))
    return adding.on_conflict_do_update(index_elements=["license_id", "name"], set_=new, where=changed)


_SAVED, _SAVED_BUT_OWNERS = ManyRows(partial(_saved, "id")), ManyRows(partial(_saved, "id", "owners"))
_NAMED = ManyRows(_named)


def load(connection: Connection, active_since: float, limit: int = MAX_SESSIONS) -> list[Session]:
    """The sessions that were active at that time (Unix seconds) or later, and pinned ones; the longest idle first.

    Of a hundred thousand the gateway keeps `limit` in memory, so that no more are read: those that were active last.
    """
    latest = select(*_LOADED).where(sessions.c.last_active_at >= active_since)
    latest = latest.order_by(sessions.c.last_active_at.desc()).limit(limit)
    # Apart from each other: one condition with "or" would have every session looked at for each of the two.
    pinned = select(*_LOADED).where(sessions.c.pinned)
    found = {session.id: session for wanted in (latest, pinned) for session in _read(connection, wanted)}
    return sorted(found.values(), key=attrgetter("last_active_at", "id"))


def _read(connection: Connection, wanted: Select[Any]) -> Iterator[Session]:
    """These sessions. A start waits for ten thousand of them, so rows are taken as the driver gives them."""
    rows = plain_rows(connection, wanted)
    if not rows:
        return
    of_wanted = (
        select(session_names.c.session_id, session_names.c.name)
        .where(session_names.c.session_id.in_(wanted.with_only_columns(sessions.c.id)))
        .order_by(session_names.c.position)
    )
    names: dict[str, tuple[str, ...]] = {}
    for session_id, name in plain_rows(connection, of_wanted):
        before = names.get(session_id)
        names[session_id] = (unescaped(name),) if before is None else (*before, unescaped(name))
    # Few licenses and tokens have all these sessions: of each id one is kept.
    texts, share, nobody = ReadTexts(), dict[str, str]().setdefault, dict[str, str]()
    for (
        session_id,
        license_id,
        home,
        current,
        created_at,
        active_at,
        turns,
        lent_at,
        moves,
        owners,
        pinned,
        client,
        model,
        input_tokens,
        cached_tokens,
        output_tokens,
    ) in rows:
        read_owners = from_text(owners, _owners, f"what tokens issued in session {session_id}") if owners else None
        yield Session(
            session_id,
            share(license_id, license_id),
            names.get(session_id, ()),
            share(home, home),
            share(current, current),
            created_at,
            active_at,
            turns,
            lent_at,
            moves,
            read_owners or nobody,
            pinned != 0,
            texts[client],
            texts[model],
            input_tokens,
            cached_tokens,
            output_tokens,
        )


def save(connection: Connection, batch: Sequence[Session]) -> None:
    """Add or replace sessions, each id once, in the order in which they were last active.

    A name is taken from the session that had it: that one is no longer in the gateway's memory, or shares the name
    and will take it back with its next turn.
    """
    _save_states(connection, batch)
    texts = EscapedTexts()
    named = {
        (session.license_id, texts[name]): (session.id, position)
        for session in batch
        for position, name in enumerate(session.names)
    }
    _NAMED.execute(connection, (key + value for key, value in named.items()))
    # With every turn a session is saved, and hardly ever is it called otherwise than before: then nothing was written.
    known = Counter(session_id for session_id, _ in named.values())
    for part in _parts([session.id for session in batch]):
        of_part = session_names.c.session_id.in_(part)
        there = connection.execute(select(func.count()).select_from(session_names).where(of_part)).scalar_one()
        if there > sum(known[session_id] for session_id in part):
            connection.execute(delete(session_names).where(of_part))
            mine = set(part)
            _NAMED.execute(connection, (key + value for key, value in named.items() if value[0] in mine))


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
    owners = {session.id: to_text(dict(session.owners)) for session in batch if session.owners}
    same: set[str] = set()
    for part in _parts(owners):
        found = select(sessions.c.id, sessions.c.owners).where(sessions.c.id.in_(part))
        same.update(row.id for row in connection.execute(found) if row.owners == owners[row.id])
    texts = EscapedTexts()
    _SAVED.execute(
        connection, (_values(session, owners.get(session.id), texts) for session in batch if session.id not in same)
    )
    _SAVED_BUT_OWNERS.execute(connection, (_values(session, None, texts) for session in batch if session.id in same))


def _values(session: Session, owners: str | None, texts: EscapedTexts) -> tuple[object, ...]:
    """In the order of the table's columns."""
    return (
        session.id,
        session.license_id,
        session.home_token_id,
        session.current_token_id,
        session.created_at,
        session.last_active_at,
        session.turns,
        session.lent_at,
        session.moves,
        owners,
        int(session.pinned),
        texts[session.client],
        texts[session.model],
        session.input_tokens,
        session.cached_tokens,
        session.output_tokens,
    )


def _owners(data: dict[str, str]) -> dict[str, str]:
    if not all(isinstance(token_id, str) for token_id in data.values()):
        raise TypeError("not token ids")
    return data


def _parts(ids: Collection[str]) -> Iterator[list[str]]:
    ordered = list(ids)
    for start in range(0, len(ordered), _CHUNK):
        yield ordered[start : start + _CHUNK]

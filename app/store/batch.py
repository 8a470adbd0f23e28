"""Rows that wait to be written together."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from app.core.session import MAX_SESSIONS, Session
from app.core.turn import TurnRow
from app.store.health import StoredHealth

#: How many turns may wait while the disk fails; at some 1.5 kB each a few megabytes.
MAX_WAITING_TURNS = 5_000
#: As many sessions as the gateway itself remembers.
MAX_WAITING_SESSIONS = MAX_SESSIONS


@dataclass(slots=True)
class Batch:
    """Waiting sessions, turns and healths of tokens by id, the one that has waited longest first.

    Attributes:
        due: when it should be written, on the worker's clock.
        dropped: how many rows were given up because too many were waiting.
    """

    due: float
    sessions: dict[str, Session] = field(default_factory=dict, repr=False)
    turns: dict[str, TurnRow] = field(default_factory=dict, repr=False)
    #: By token id; never more than there are tokens, so that none is given up.
    healths: dict[str, StoredHealth] = field(default_factory=dict, repr=False)
    dropped: int = 0

    def __bool__(self) -> bool:
        return bool(self.sessions or self.turns or self.healths)

    def __len__(self) -> int:
        return len(self.sessions) + len(self.turns) + len(self.healths)

    def add_session(self, session: Session) -> None:
        """Only a session's last state is written."""
        self.sessions.pop(session.id, None)
        self.sessions[session.id] = session
        if len(self.sessions) > MAX_WAITING_SESSIONS:
            del self.sessions[next(iter(self.sessions))]
            self.dropped += 1

    def add_turn(self, row: TurnRow) -> None:
        """The newest are kept."""
        self.turns.pop(row.id, None)
        self.turns[row.id] = row
        if len(self.turns) > MAX_WAITING_TURNS:
            del self.turns[next(iter(self.turns))]
            self.dropped += 1

    def add_health(self, token_id: str, health: StoredHealth) -> None:
        """Only a token's last state is written."""
        self.healths[token_id] = health

    def add_all(self, later: Batch) -> None:
        """Take over what came after this batch."""
        for session in later.sessions.values():
            self.add_session(session)
        for row in later.turns.values():
            self.add_turn(row)
        self.healths.update(later.healths)
        self.dropped += later.dropped

    def forget_sessions(self, ids: Collection[str] | None) -> None:
        """Take sessions out; None means all."""
        for session_id in tuple(self.sessions) if ids is None else ids:
            self.sessions.pop(session_id, None)

    def forget_health(self, token_id: str) -> None:
        """Take a token's health out."""
        self.healths.pop(token_id, None)

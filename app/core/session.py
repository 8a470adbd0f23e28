"""Sessions: conversations, scoped by license, and the names that clients give them."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from app.core.turn import Usage

#: Codex uses UUIDs; OpenAI refuses a `prompt_cache_key` of more than 64 characters.
MAX_NAME = 64
#: A conversation is called by few names; more would be a client that makes one up per turn.
MAX_NAMES = 16
#: Sealed items whose issuer is remembered; beyond it the oldest are forgotten.
MAX_OWNERS = 4_096
#: What the book holds in memory; beyond it the longest idle session that is not pinned is forgotten.
MAX_SESSIONS = 10_000
#: Upstream may count whatever it likes; the store holds no more.
_MAX_TOTAL = 2**63 - 1


class Session(NamedTuple):
    """One conversation. A tuple, since every turn makes it anew: of a frozen data class that takes four times as long.

    Attributes:
        id: ours, such as `s-5f0c9a12`.
        license_id: whose conversation it is; equal names under another license are another session.
        names: all names seen for it, bounded by `bounded_name`, the first seen first.
        home_token_id: the token that it belongs to.
        current_token_id: the token that serves it now.
        created_at, last_active_at: Unix seconds.
        turns: how many turns it has had.
        lent_at: since when another token than the home serves it, in Unix seconds; None while it is at home, and when
            the user has moved it (see `moving`).
        moves: how often its token changed; 0 means that everything it ever got came from one token.
        owners: which token issued a sealed item (its digest, see `sealed`; an empty id: one that nobody knows),
            noted at each move, and when a token refuses what it was thought to have issued.
        pinned: it stays on its home token; only the user moves it.
        client, model: of its last turn; empty and None while none has ended.
        input_tokens, cached_tokens, output_tokens: of all its turns, as upstream counted them.
    """

    id: str
    license_id: str
    names: tuple[str, ...]
    home_token_id: str
    current_token_id: str
    created_at: float
    last_active_at: float
    turns: int = 0
    lent_at: float | None = None
    moves: int = 0
    owners: Mapping[str, str] = {}
    pinned: bool = False
    client: str = ""
    model: str | None = None
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0

    @property
    def moving(self) -> bool:
        """The user has given it another home; its next turn goes there.

        Not before, because what that turn holds and nobody is known to have issued came from the token it leaves.
        """
        return self.current_token_id != self.home_token_id and self.lent_at is None


def bounded_name(name: str) -> str:
    """A session name that fits upstream's `prompt_cache_key`: itself up to 64 characters, else its SHA-256."""
    if len(name) <= MAX_NAME:
        return name
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()


def header_name(license_id: str, name: str) -> str:
    """A stable UUID-shaped name of a session for upstream's headers, which never carry a client's raw text."""
    digest = hashlib.sha256(f"{license_id}\n{name}".encode("utf-8", "surrogatepass")).digest()
    return str(uuid.UUID(bytes=digest[:16], version=5))


class SessionBook:
    """All known sessions, found by license and any of their names."""

    def __init__(self, sessions: Iterable[Session] = ()) -> None:
        # Ordered by last use, so that the longest idle one stands first.
        self._sessions: dict[str, Session] = {}
        self._by_name: dict[tuple[str, str], str] = {}
        self._changed: set[str] = set()
        for session in sorted(sessions, key=lambda item: item.last_active_at):
            self.put(session)

    def __iter__(self) -> Iterator[Session]:
        return iter(tuple(self._sessions.values()))

    def __len__(self) -> int:
        return len(self._sessions)

    def get(self, session_id: str) -> Session | None:
        """The session with our id."""
        return self._sessions.get(session_id)

    def find(self, license_id: str, names: Iterable[str]) -> Session | None:
        """The session that the first known of these names belongs to."""
        for name in names:
            session_id = self._by_name.get((license_id, name))
            if session_id is not None:
                return self._sessions[session_id]
        return None

    def last_of(self, license_id: str) -> Session | None:
        """The session of this license that was used last."""
        return next((one for one in reversed(self._sessions.values()) if one.license_id == license_id), None)

    def put(self, session: Session) -> Session:
        """Add or replace a session; a name that another session has already stays with that one."""
        self._sessions.pop(session.id, None)
        self._sessions[session.id] = session
        self._changed.add(session.id)
        for name in session.names:
            self._by_name.setdefault((session.license_id, name), session.id)
        while len(self._sessions) > MAX_SESSIONS:
            free = (one.id for one in self._sessions.values() if not one.pinned)
            self.forget(next(free, next(iter(self._sessions))))
        return session

    def take_changed(self) -> set[str]:
        """The ids of the sessions that came, changed or went since this was last asked; for one viewer."""
        changed, self._changed = self._changed, set()
        return changed

    def forget(self, session_id: str) -> Session | None:
        """Remove a session and its names; None when there is none."""
        session = self._sessions.pop(session_id, None)
        if session is not None:
            self._changed.add(session_id)
            for name in session.names:
                if self._by_name.get((session.license_id, name)) == session_id:
                    del self._by_name[session.license_id, name]
        return session


def with_names(session: Session, names: Iterable[str]) -> Session:
    """The session, also called by these names (bounded in number, the oldest are kept)."""
    new = [name for name in names if name not in session.names]
    merged = tuple(dict.fromkeys((*session.names, *new)))[:MAX_NAMES] if new else session.names
    return session if merged == session.names else session._replace(names=merged)


def with_turn(session: Session, client: str, model: str | None, usage: Usage | None = None) -> Session:
    """The session, whose last turn is one of this client and model, and used so much."""
    if usage is None:
        known = session.client == client and session.model == model
        return session if known else session._replace(client=client, model=model)
    return session._replace(
        client=client,
        model=model,
        input_tokens=min(session.input_tokens + usage.input_tokens, _MAX_TOTAL),
        cached_tokens=min(session.cached_tokens + usage.cached_tokens, _MAX_TOTAL),
        output_tokens=min(session.output_tokens + usage.output_tokens, _MAX_TOTAL),
    )


def with_owners(session: Session, owners: Mapping[str, str]) -> Session:
    """The session, with the issuers of these sealed items; what is known already stays."""
    new = {item: token for item, token in owners.items() if item not in session.owners}
    if not new:
        return session
    merged = {**session.owners, **new}
    for item in list(merged)[: max(0, len(merged) - MAX_OWNERS)]:
        del merged[item]
    return session._replace(owners=merged)

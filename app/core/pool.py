"""The pool: all tokens, and the rule which of them serves a turn.

Decisions are returned as data with their reason; time and ids are passed in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from app.core.session import Session, SessionBook, with_names
from app.core.token import Token

#: Sessions idle for longer than this do not count when new ones are spread.
_SPREAD_WINDOW_S = 30 * 60


class Reason(StrEnum):
    """Why a turn got the token that it got."""

    #: The session's own token.
    KEPT = "kept"
    #: A session's first turn: the least used token.
    NEW_SESSION = "new_session"
    #: The turn named no session: the least used token, for this turn only.
    NO_SESSION = "no_session"
    #: The session's token was disabled, removed, or cannot be opened any more.
    TOKEN_GONE = "token_gone"  # noqa: S105 - a reason, no secret


class Unusable(StrEnum):
    """Why a token cannot serve."""

    DISABLED = "disabled"
    #: Its credential cannot be opened (lost data key): sign in again.
    SEALED = "sealed"


@dataclass(frozen=True, slots=True)
class Cooldown:
    """A token's rest after upstream reported its limit; new sessions avoid it meanwhile."""

    until: float
    reason: str


@dataclass(frozen=True, slots=True)
class Lease:
    """The decision for one turn; give it back with `Pool.release`."""

    token: Token
    session: Session | None
    reason: Reason
    moved_from: str | None = None


@dataclass(frozen=True, slots=True)
class NoToken:
    """No token can serve: how many cannot, and why. Empty: there are no tokens at all."""

    reasons: tuple[tuple[Unusable, int], ...] = ()

    @property
    def message(self) -> str:
        """One sentence for the client: what is wrong, and what to do."""
        if not self.reasons:
            return "No token has been added to Waystation yet: add a ChatGPT login or an API key in its window."
        words = {
            Unusable.DISABLED: "{} disabled (enable it)",
            Unusable.SEALED: "{} sealed by a lost key (add it again)",
        }
        total = sum(count for _, count in self.reasons)
        listed = ", ".join(words[reason].format(count) for reason, count in self.reasons)
        return f"No usable token in Waystation. {total} {'token' if total == 1 else 'tokens'}: {listed}."


class Pool:
    """Tokens and sessions in memory. Not thread-safe: one loop owns it."""

    def __init__(self, tokens: Iterable[Token] = (), sessions: Iterable[Session] = ()) -> None:
        self.sessions = SessionBook(sessions)
        self._tokens: dict[str, Token] = {}
        self._sealed: set[str] = set()
        self._cooldowns: dict[str, Cooldown] = {}
        self._active_turns: Counter[str] = Counter()
        self._last_assigned: dict[str, int] = {}
        self._assignments = 0
        for token in tokens:
            self.put(token)

    @property
    def tokens(self) -> tuple[Token, ...]:
        """All tokens, in the order in which they were added."""
        return tuple(self._tokens.values())

    def get(self, token_id: str) -> Token | None:
        """The token with this id."""
        return self._tokens.get(token_id)

    def put(self, token: Token, *, sealed: bool = False) -> None:
        """Add or replace a token; `sealed` says that its credential cannot be opened."""
        self._tokens[token.id] = token
        (self._sealed.add if sealed else self._sealed.discard)(token.id)

    def remove(self, token_id: str) -> None:
        """Forget a token; its sessions move at their next turn."""
        self._tokens.pop(token_id, None)
        self._sealed.discard(token_id)
        self._cooldowns.pop(token_id, None)
        self._last_assigned.pop(token_id, None)

    def unusable(self, token: Token) -> Unusable | None:
        """Why this token cannot serve, or None."""
        if token.id in self._sealed:
            return Unusable.SEALED
        return None if token.enabled else Unusable.DISABLED

    def cooldown(self, token_id: str, now: float) -> Cooldown | None:
        """The rest that this token is taking now, if any."""
        rest = self._cooldowns.get(token_id)
        return rest if rest is not None and rest.until > now else None

    def active_turns(self, token_id: str) -> int:
        """How many turns this token is serving now."""
        return self._active_turns[token_id]

    def lease(self, license_id: str, names: tuple[str, ...], *, now: float, new_session_id: str) -> Lease | NoToken:
        """Decide which token serves a turn.

        Args:
            license_id: whose turn it is.
            names: the session's names on this turn, bounded, the most telling first; empty: no session.
            now: Unix seconds.
            new_session_id: the id to use if this turn opens a session.
        """
        session = self.sessions.find(license_id, names)
        if session is not None:
            token = self._tokens.get(session.current_token_id)
            if token is not None and self.unusable(token) is None:
                return self._granted(token, self._seen(session, names, token, now), Reason.KEPT)
        chosen = self._least_used(now)
        if chosen is None:
            return NoToken(tuple(Counter(filter(None, map(self.unusable, self._tokens.values()))).items()))
        if not names:
            return self._granted(chosen, None, Reason.NO_SESSION)
        if session is None:
            session = Session(new_session_id, license_id, (), chosen.id, chosen.id, now, now)
            return self._granted(chosen, self._seen(session, names, chosen, now), Reason.NEW_SESSION)
        left = session.current_token_id
        # A token that is disabled or removed does not come back by itself: the home moves at once.
        moved = replace(session, home_token_id=chosen.id)
        return self._granted(chosen, self._seen(moved, names, chosen, now), Reason.TOKEN_GONE, left)

    def release(self, lease: Lease, *, rest: Cooldown | None = None) -> None:
        """The turn is over; `rest` is set when upstream reported the token's limit."""
        self._active_turns[lease.token.id] -= 1
        if self._active_turns[lease.token.id] <= 0:
            del self._active_turns[lease.token.id]
        if rest is not None and lease.token.id in self._tokens:
            self._cooldowns[lease.token.id] = rest

    def reset(self) -> int:
        """Forget all cool-downs; returns how many there were."""
        count = len(self._cooldowns)
        self._cooldowns.clear()
        return count

    def _least_used(self, now: float) -> Token | None:
        usable = [token for token in self._tokens.values() if self.unusable(token) is None]
        if not usable:
            return None
        bound = Counter(
            session.current_token_id for session in self.sessions if session.last_active_at > now - _SPREAD_WINDOW_S
        )
        return min(
            usable,
            key=lambda token: (
                self.cooldown(token.id, now) is not None,
                bound[token.id] + self._active_turns[token.id],
                self._last_assigned.get(token.id, 0),
            ),
        )

    def _seen(self, session: Session, names: tuple[str, ...], token: Token, now: float) -> Session:
        seen = replace(session, current_token_id=token.id, last_active_at=now, turns=session.turns + 1)
        return self.sessions.put(with_names(seen, names))

    def _granted(self, token: Token, session: Session | None, reason: Reason, moved_from: str | None = None) -> Lease:
        self._active_turns[token.id] += 1
        if reason is not Reason.KEPT:
            self._assignments += 1
            self._last_assigned[token.id] = self._assignments
        return Lease(token, session, reason, moved_from)

"""Which of several tokens takes a turn that is free to choose."""

from __future__ import annotations

from collections.abc import Sequence

from app.core.policy import Strategy
from app.core.record import record
from app.core.token import Token, TokenKind

#: Tokens whose quota differs by less are equal, and take turns.
_STEP_PERCENT = 5


@record
class Candidate:
    """A token that may take the turn.

    Attributes:
        token: it.
        left_percent: what is left in its fullest window; 100 when nothing is known.
        active: turns that it serves now.
        full: it serves as many as it may.
        probe: it rests, and may be tried.
        last_given: number of the assignment that it got last.
    """

    token: Token
    left_percent: float = 100.0
    active: int = 0
    full: bool = False
    probe: bool = False
    last_given: int = 0


def choose(candidates: Sequence[Candidate], strategy: Strategy, warm: str | None = None) -> Candidate | None:
    """The best of them.

    Whatever the strategy: spares last (a token whose rest may be tried goes before them), then one that does not
    rest before one that does, then one with room for another turn. Among those that are left, the token that has the
    conversation in its cache (`warm`, its id).
    """

    def rank(candidate: Candidate) -> tuple[bool, ...]:
        # An API key costs money for each turn, so logins with quota left go first; it has no quota to compare.
        billed = candidate.token.kind is TokenKind.API_KEY
        spent = candidate.left_percent <= 0 and not billed
        first = (candidate.token.spare, candidate.probe, candidate.full, spent)
        return (*first, billed and strategy is Strategy.BALANCED)

    best = min(map(rank, candidates), default=None)
    equal = [candidate for candidate in candidates if rank(candidate) == best]
    if (known := next((candidate for candidate in equal if candidate.token.id == warm), None)) is not None:
        return known
    if strategy is Strategy.IN_ORDER:
        return min(equal, key=lambda one: (one.token.position, one.token.created_at), default=None)
    most = max((candidate.left_percent for candidate in equal), default=0.0)
    equal = [candidate for candidate in equal if most - candidate.left_percent < _STEP_PERCENT]
    return min(equal, key=lambda one: (one.active, one.last_given), default=None)

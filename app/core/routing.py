"""Which of several tokens takes a turn that is free to choose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.core.policy import Strategy
from app.core.token import Token, TokenKind

#: Tokens whose quota differs by less are equal, and take turns.
_STEP_PERCENT = 5


@dataclass(frozen=True, slots=True)
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


def choose(candidates: Sequence[Candidate], strategy: Strategy) -> Candidate | None:
    """The best of them.

    Whatever the strategy: one that does not rest before one that does, then spares last, then one with room for
    another turn.
    """

    def rank(candidate: Candidate) -> tuple[float, ...]:
        token = candidate.token
        first = (candidate.probe, token.spare, candidate.full)
        if strategy is Strategy.IN_ORDER:
            return (*first, candidate.left_percent <= 0, token.position, token.created_at)
        # An API key costs money for each turn, so logins with quota left go first; it has no quota to compare.
        billed = token.kind is TokenKind.API_KEY
        left = candidate.left_percent // _STEP_PERCENT if not billed else 0
        spent = not billed and candidate.left_percent <= 0
        return (*first, spent, billed, -left, candidate.active, candidate.last_given)

    return min(candidates, key=rank, default=None)

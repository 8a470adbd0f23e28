"""Which of the free tokens is a session's own: its home, or the one that serves it meanwhile."""

from __future__ import annotations

from collections.abc import Mapping

from app.core.pool import Pool, Reason, Standing
from app.core.session import Session
from app.core.token import Kinds, Token


def within(pool: Pool, session: Session | None, wish: str | None = None) -> tuple[Token, ...]:
    """The tokens that may have a turn: all of them, but of a pinned session its home alone.

    Args:
        pool: of the tokens.
        session: of the turn.
        wish: the token that the user wants this turn tried on.
    """
    if session is None or not session.pinned:
        return pool.tokens
    return tuple(token for token in pool.tokens if token.id in (session.home_token_id, wish))


def at_home(pool: Pool, session: Session, model: str | None, now: float, kinds: Kinds = None) -> Token | None:
    """The token that a session has never left, or has settled on, if it can have a turn now; None: look at them all."""
    token = pool.get(session.home_token_id)
    if token is None or token.id != session.current_token_id or token.spare or pool.full(token.id):
        return None
    return token if pool.standing(token, model, now, kinds).why_not is None else None


def trial_at_home(pool: Pool, session: Session, standings: Mapping[str, Standing], now: float) -> float:
    """How long it is worth waiting, in seconds: its token's rest is over, and another turn is trying it; 0: not."""
    standing = standings.get(session.home_token_id)
    rest = pool.health(session.home_token_id).rest
    if session.current_token_id != session.home_token_id or standing is None or rest is None:
        return 0.0
    return standing.wait_s if rest.until <= now else 0.0


def own_token(pool: Pool, session: Session, free: Mapping[str, Token]) -> tuple[Token, Reason] | None:
    """The session's own token among those that are free, by id, and why it serves; None: neither of its own is free."""
    home, current = free.get(session.home_token_id), free.get(session.current_token_id)
    # Where the user has just moved it, it begins, also on a spare.
    regular = not session.moving and any(not token.spare for token in free.values())
    own = [token for token in (home, current) if token is not None and not (token.spare and regular)]
    if not own:
        return None
    # A loan goes on until the home has room.
    token = own[-1] if pool.full(own[0].id) else own[0]
    if token is current:
        return token, Reason.KEPT
    return token, Reason.USER if session.moving else Reason.RETURNED

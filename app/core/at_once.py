"""The token that would serve a conversation's next turn without any waiting: the one that its WebSocket is on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from app.core.own_token import own_token, within
from app.core.pool import FREE, Pool
from app.core.routing import choose
from app.core.token import Token

_NOTHING: Mapping[str, int] = MappingProxyType({})


def token_at_once(
    pool: Pool,
    license_id: str,
    names: tuple[str, ...],
    now: float,
    *,
    model: str | None = None,
    warm: str | None = None,
    coming: Mapping[str, int] = _NOTHING,
) -> Token | None:
    """Where a turn of this conversation would go, if it came now; nothing is taken, and nothing moves.

    Args:
        pool: of the tokens.
        license_id, names: of the conversation.
        now: Unix seconds.
        model: that it asks for, by upstream's name; None: not known yet.
        warm: the token that is preferred where no session says otherwise.
        coming: how many turns are expected on a token besides those that it serves, by its id.

    Returns:
        None when the turn would have to wait, to try a token that rests, or to be refused.
    """
    pool.tick(now)
    session = pool.sessions.find(license_id, names)
    if session is not None:
        session = pool.settle(session, now)
    free = {token.id: token for token in within(pool, session) if pool.standing(token, model, now) == FREE}
    own = own_token(pool, session, free) if session is not None else None
    if own is not None:
        found = own[0]
    else:
        rivals = [pool.candidate(token, FREE, now) for token in free.values()]
        rivals = [replace(rival, active=rival.active + coming.get(rival.token.id, 0)) for rival in rivals]
        best = choose(rivals, pool.policy.strategy, warm)
        if best is None:
            return None
        found = best.token
    return None if pool.full(found.id) else found

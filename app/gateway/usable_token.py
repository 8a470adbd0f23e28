"""The token to which the user wants a turn or a session moved."""

from __future__ import annotations

from app.core.errors import InvalidInput, NotFound
from app.core.pool import Pool
from app.core.token import Token

_WHY_NOT = {
    "disabled": "it is disabled",
    "sealed": "its secret cannot be opened",
    "sign_in": "it needs a new sign-in",
}


def usable_token(pool: Pool, token_id: str) -> Token:
    """The token with this id; it may rest.

    Raises:
        NotFound: there is none.
        InvalidInput: it cannot serve until the user does something.
    """
    token = pool.get(token_id)
    if token is None:
        raise NotFound(f"There is no token {token_id}. `waystation token list` shows them.", id=token_id)
    why_not = pool.unusable(token)
    if why_not is not None:
        raise InvalidInput(f"{token.label} cannot serve now: {_WHY_NOT[why_not.value]}.")
    return token

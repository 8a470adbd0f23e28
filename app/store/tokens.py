"""The tokens and their sealed credentials."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, insert, select, update

from app.core.errors import NotFound
from app.core.token import Token, TokenKind
from app.store.schema import tokens
from app.store.vault import Sealed


@dataclass(frozen=True, slots=True)
class StoredToken:
    """A token with its credential, sealed for `vault.token_subject(token.id)`."""

    token: Token
    sealed: Sealed


def load(connection: Connection) -> list[StoredToken]:
    """All of them in the user's order; where positions are equal, the oldest first."""
    rows = connection.execute(select(tokens).order_by(tokens.c.position, tokens.c.created_at, tokens.c.id))
    return [_stored(row) for row in rows]


def put(connection: Connection, token: Token, sealed: Sealed) -> None:
    """Add a token, or replace it and its credential."""
    connection.execute(delete(tokens).where(tokens.c.id == token.id))
    connection.execute(
        insert(tokens).values(
            id=token.id, **_description(token), key_id=sealed.key_id, nonce=sealed.nonce, sealed=sealed.ciphertext
        )
    )


def describe(connection: Connection, token: Token) -> None:
    """Change what is known of a token and leave its credential.

    Raises:
        NotFound: there is no such token.
    """
    result = connection.execute(update(tokens).where(tokens.c.id == token.id).values(**_description(token)))
    if result.rowcount == 0:
        raise NotFound(f"There is no token {token.id}.", id=token.id)


def reorder(connection: Connection, ids: Sequence[str]) -> None:
    """Make a token's place in `ids` its position; tokens that are not named keep theirs, unknown ids are ignored."""
    if ids:
        connection.execute(
            update(tokens).where(tokens.c.id == bindparam("same")).values(position=bindparam("place")),
            [{"same": token_id, "place": place} for place, token_id in enumerate(ids)],
        )


def remove(connection: Connection, token_id: str) -> None:
    """Remove a token, if there is one."""
    connection.execute(delete(tokens).where(tokens.c.id == token_id))


def _description(token: Token) -> dict[str, Any]:
    return {
        "kind": token.kind.value,
        "identity": token.identity,
        "label": token.label,
        "email": token.email,
        "plan": token.plan,
        "account_id": token.account_id,
        "expires_at": token.expires_at,
        "enabled": token.enabled,
        "created_at": token.created_at,
        "position": token.position,
        "spare": token.spare,
        "proxy": token.proxy,
        "follows": token.follows,
        "sign_in_needed": token.sign_in_needed,
        "refreshed_at": token.refreshed_at,
    }


def _stored(row: Row[Any]) -> StoredToken:
    token = Token(
        id=row.id,
        kind=TokenKind(row.kind),
        identity=row.identity,
        label=row.label,
        email=row.email,
        plan=row.plan,
        account_id=row.account_id,
        expires_at=row.expires_at,
        enabled=row.enabled,
        created_at=row.created_at,
        position=row.position,
        spare=row.spare,
        proxy=row.proxy,
        follows=row.follows,
        sign_in_needed=row.sign_in_needed,
        refreshed_at=row.refreshed_at,
    )
    return StoredToken(token, Sealed(row.key_id, row.nonce, row.sealed))

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


@dataclass(frozen=True, slots=True)
class RemovedToken:
    """A token that was removed and can be restored; `removed_at` in Unix seconds."""

    stored: StoredToken
    removed_at: float


def load(connection: Connection) -> list[StoredToken]:
    """All that were not removed, in the user's order; where positions are equal, the oldest first."""
    present = select(tokens).where(tokens.c.removed_at.is_(None))
    rows = connection.execute(present.order_by(tokens.c.position, tokens.c.created_at, tokens.c.id))
    return [_stored(row) for row in rows]


def load_removed(connection: Connection) -> list[RemovedToken]:
    """Those that were removed, the last removed first."""
    removed = select(tokens).where(tokens.c.removed_at.is_not(None))
    rows = connection.execute(removed.order_by(tokens.c.removed_at.desc(), tokens.c.id))
    return [RemovedToken(_stored(row), row.removed_at) for row in rows]


def put(connection: Connection, token: Token, sealed: Sealed, removed_at: float | None = None) -> None:
    """Add a token, or replace it and its credential; it counts as removed when a time (Unix seconds) is given."""
    connection.execute(delete(tokens).where(tokens.c.id == token.id))
    connection.execute(
        insert(tokens).values(
            id=token.id,
            **_description(token),
            key_id=sealed.key_id,
            nonce=sealed.nonce,
            sealed=sealed.ciphertext,
            removed_at=removed_at,
        )
    )


def describe(connection: Connection, token: Token) -> None:
    """Change what is known of a token and leave its credential.

    Raises:
        NotFound: there is no such token, or it was removed.
    """
    present = (tokens.c.id == token.id) & tokens.c.removed_at.is_(None)
    result = connection.execute(update(tokens).where(present).values(**_description(token)))
    if result.rowcount == 0:
        raise NotFound(f"There is no token {token.id}.", id=token.id)


def reorder(connection: Connection, ids: Sequence[str]) -> None:
    """Make a token's place in `ids` its position; tokens that are not named keep theirs, unknown ids are ignored."""
    if ids:
        connection.execute(
            update(tokens).where(tokens.c.id == bindparam("same")).values(position=bindparam("place")),
            [{"same": token_id, "place": place} for place, token_id in enumerate(ids)],
        )


def remove(connection: Connection, token_id: str, at: float) -> None:
    """Mark a token as removed, if there is one that is not."""
    present = (tokens.c.id == token_id) & tokens.c.removed_at.is_(None)
    connection.execute(update(tokens).where(present).values(removed_at=at))


def restore(connection: Connection, token_id: str) -> StoredToken:
    """Undo a removal; returns the token, as it was.

    Raises:
        NotFound: no such token was removed.
    """
    removed = (tokens.c.id == token_id) & tokens.c.removed_at.is_not(None)
    row = connection.execute(select(tokens).where(removed)).first()
    if row is None:
        raise NotFound(f"No token {token_id} was removed in the last days.", id=token_id)
    connection.execute(update(tokens).where(removed).values(removed_at=None))
    return _stored(row)


def delete_removed(connection: Connection, before: float) -> list[str]:
    """Delete what was removed before a time (Unix seconds), credential and all; returns the ids."""
    old = tokens.c.removed_at < before
    ids = list(connection.execute(select(tokens.c.id).where(old)).scalars())
    connection.execute(delete(tokens).where(old))
    return ids


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

"""The licenses and their sealed keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from app.core.errors import NotFound
from app.core.license import License
from app.store.schema import licenses
from app.store.vault import Sealed


@dataclass(frozen=True, slots=True)
class StoredLicense:
    """A license with its key, sealed for `vault.license_subject(license.id)`."""

    license: License
    sealed: Sealed


def load(connection: Connection) -> list[StoredLicense]:
    """All of them, revoked ones included, the oldest first."""
    rows = connection.execute(select(licenses).order_by(licenses.c.created_at, licenses.c.id))
    return [_stored(row) for row in rows]


def put(connection: Connection, license: License, sealed: Sealed) -> None:
    """Add a license, or replace it and its key."""
    connection.execute(delete(licenses).where(licenses.c.id == license.id))
    connection.execute(
        insert(licenses).values(
            id=license.id, **_description(license), key_id=sealed.key_id, nonce=sealed.nonce, sealed=sealed.ciphertext
        )
    )


def describe(connection: Connection, license: License) -> None:
    """Change what is known of a license and leave its key.

    Raises:
        NotFound: there is no such license.
    """
    result = connection.execute(update(licenses).where(licenses.c.id == license.id).values(**_description(license)))
    if result.rowcount == 0:
        raise NotFound(f"There is no license {license.id}.", id=license.id)


def _description(license: License) -> dict[str, Any]:
    return {
        "label": license.label,
        "sha256": license.sha256,
        "created_at": license.created_at,
        "revoked_at": license.revoked_at,
        "last_used_at": license.last_used_at,
        "expires_at": license.expires_at,
        "daily_tokens": license.daily_tokens,
        "last_peer": license.last_peer,
        "last_client": license.last_client,
    }


def _stored(row: Row[Any]) -> StoredLicense:
    license = License(
        id=row.id,
        label=row.label,
        sha256=row.sha256,
        created_at=row.created_at,
        revoked_at=row.revoked_at,
        last_used_at=row.last_used_at,
        expires_at=row.expires_at,
        daily_tokens=row.daily_tokens,
        last_peer=row.last_peer,
        last_client=row.last_client,
    )
    return StoredLicense(license, Sealed(row.key_id, row.nonce, row.sealed))

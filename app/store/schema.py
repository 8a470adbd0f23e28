"""The tables. They hold on SQLite and on PostgreSQL alike; versions of them live in `migrations/versions`."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Dialect,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    false,
    text,
)
from sqlalchemy.types import TypeDecorator

#: The newest schema. Versions are numbers of four digits, so that an older program can tell a newer database.
SCHEMA_VERSION = "0004"

# A backslash, and the characters that UTF-8 or PostgreSQL cannot hold: NUL and lone surrogates (JSON can carry both).
_SPECIAL = re.compile("[\\\\\x00\ud800-\udfff]")
_ESCAPED = re.compile(r"\\u([0-9a-f]{4})")


def escaped(text: str) -> str:
    """What `AnyText` stores of a text."""
    return text if _SPECIAL.search(text) is None else _SPECIAL.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def unescaped(text: str) -> str:
    """The inverse of `escaped`."""
    return text if "\\" not in text else _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)


class EscapedTexts(dict[str | None, str | None]):
    """What `AnyText` stores, by text: the rows of a batch have few clients and models, and each is looked at once."""

    def __missing__(self, text: str | None) -> str | None:
        """Look at it."""
        self[text] = kept = None if text is None else escaped(text)
        return kept


class ReadTexts(dict[str | None, Any]):
    """The inverse of `EscapedTexts`; of equal texts one is kept."""

    def __missing__(self, stored: str | None) -> str | None:
        """Look at it."""
        self[stored] = text = None if stored is None else unescaped(stored)
        return text


class AnyText(TypeDecorator[str]):
    """Text that clients, users and upstreams chose: any Python string comes back as it was.

    NUL, lone surrogates and the backslash are stored as a backslash, `u` and four hexadecimal digits.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Escape what a database's text cannot hold."""
        return None if value is None else escaped(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        """The inverse of `process_bind_param`."""
        return None if value is None else unescaped(value)


metadata = MetaData(
    # Names that later versions can refer to when they change a constraint.
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("identity", AnyText, nullable=False),
    Column("label", AnyText, nullable=False),
    Column("email", AnyText),
    Column("plan", AnyText),
    Column("account_id", AnyText),
    Column("expires_at", Double),
    Column("enabled", Boolean, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("key_id", Text, nullable=False),
    Column("nonce", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    # Rows of the former version got their columns' defaults; the program always says what it means.
    Column("position", Integer, nullable=False, server_default="0"),
    Column("spare", Boolean, nullable=False, server_default=false()),
    Column("proxy", AnyText),
    Column("follows", AnyText),
    Column("sign_in_needed", AnyText),
    Column("refreshed_at", Double),
    # NULL: it has not been removed. A removed one is kept for a while, so that it can be restored.
    Column("removed_at", Double),
)

# Apart from `tokens`: it changes with most turns, and a credential's row must not be written anew for that.
token_health = Table(
    "token_health",
    metadata,
    Column("token_id", Text, primary_key=True),
    # JSON in these two, and in `sessions.owners` and `turns.attempts`, is plain text: what cannot be read any more is
    # told and left out (see `app.store.stored_json`), where a JSON column would fail the whole query.
    Column("quota", Text),
    Column("rest", Text),
)

licenses = Table(
    "licenses",
    metadata,
    Column("id", Text, primary_key=True),
    Column("label", AnyText, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("revoked_at", Double),
    Column("last_used_at", Double),
    Column("key_id", Text, nullable=False),
    Column("nonce", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("expires_at", Double),
    Column("daily_tokens", BigInteger),
    Column("last_peer", AnyText),
    Column("last_client", AnyText),
)

# No foreign keys to tokens and licenses here and in `turns`: history outlives what it tells of.
sessions = Table(
    "sessions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("license_id", Text, nullable=False),
    Column("home_token_id", Text, nullable=False),
    Column("current_token_id", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("last_active_at", Double, nullable=False),
    Column("turns", BigInteger, nullable=False),
    Column("lent_at", Double),
    Column("moves", BigInteger, nullable=False, server_default="0"),
    # Tens of kilobytes in a long conversation that has moved. Behind the others, which are then found without it; what
    # a later version adds comes after it all the same.
    Column("owners", Text),
    Column("pinned", Boolean, nullable=False, server_default=false()),
    Column("client", AnyText, nullable=False, server_default=text("''")),
    Column("model", AnyText),
    Column("input_tokens", BigInteger, nullable=False, server_default="0"),
    Column("cached_tokens", BigInteger, nullable=False, server_default="0"),
    Column("output_tokens", BigInteger, nullable=False, server_default="0"),
    # Start-up loads the recently active ones, pruning removes the long idle ones.
    Index(None, "last_active_at"),
)
# Start-up loads the pinned ones however long they are idle: a few of a hundred thousand.
Index(None, sessions.c.pinned, sqlite_where=sessions.c.pinned, postgresql_where=sessions.c.pinned)

session_names = Table(
    "session_names",
    metadata,
    Column("license_id", Text, primary_key=True),
    Column("name", AnyText, primary_key=True),
    Column("session_id", Text, ForeignKey("sessions.id", ondelete="CASCADE"), nullable=False),
    Column("position", Integer, nullable=False),
    # For the join at start-up and for the cascade.
    Index(None, "session_id"),
)

turns = Table(
    "turns",
    metadata,
    Column("id", Text, primary_key=True),
    Column("started_at", Double, nullable=False),
    Column("endpoint", Text, nullable=False),
    Column("license_id", Text),
    Column("session_id", Text),
    Column("token_id", Text),
    Column("client", AnyText, nullable=False),
    Column("peer", AnyText, nullable=False),
    Column("model", AnyText),
    Column("effort", AnyText),
    Column("stream", Boolean, nullable=False),
    Column("status", Integer),
    Column("error", AnyText),
    Column("outcome", Text, nullable=False),
    Column("first_byte_ms", Double),
    Column("total_ms", Double, nullable=False),
    Column("request_bytes", BigInteger, nullable=False),
    Column("response_bytes", BigInteger, nullable=False),
    Column("request_sha256", Text, nullable=False),
    Column("sent_sha256", Text),
    Column("edits", JSON, nullable=False),
    Column("input_tokens", BigInteger),
    Column("cached_tokens", BigInteger),
    Column("output_tokens", BigInteger),
    Column("reasoning_tokens", BigInteger),
    Column("note", AnyText),
    Column("attempts", Text),
    Column("waited_ms", Double),
    # The newest are shown, the oldest pruned.
    Index(None, "started_at"),
    # The timeline of one session.
    Index(None, "session_id", "started_at"),
)

# See `app.store.counts`.
turn_counts = Table(
    "turn_counts",
    metadata,
    # How long it is, and its begin, in Unix seconds.
    Column("seconds", Integer, primary_key=True, autoincrement=False),
    Column("start", BigInteger, primary_key=True, autoincrement=False),
    # Empty: of turns without a license.
    Column("license_id", Text, primary_key=True),
    Column("turns", BigInteger, nullable=False),
    Column("failed", BigInteger, nullable=False),
    Column("input_tokens", Double, nullable=False),
    Column("cached_tokens", Double, nullable=False),
    Column("output_tokens", Double, nullable=False),
    # One tree instead of two: it is written with every batch, and read in order.
    sqlite_with_rowid=False,
)

settings = Table(
    "settings",
    metadata,
    Column("key", Text, primary_key=True),
    Column("value", AnyText, nullable=False),
)

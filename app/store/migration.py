"""Brings a database to the newest schema. Alembic is imported only when there is something to do."""

from __future__ import annotations

import logging
import sqlite3
from pathlib import Path

from sqlalchemy import Connection

from app.core.errors import DataTooNew
from app.store import failures
from app.store.copies import make_copy
from app.store.schema import SCHEMA_VERSION

_log = logging.getLogger(__name__)


def read_version(raw: sqlite3.Connection, path: Path) -> str | None:
    """The schema version of a database, by plain SQL; None when it is empty.

    Raises:
        DataTooNew: a newer Waystation wrote it.
        DataUnusable: it belongs to another program.
        sqlite3.Error: it cannot be read.
    """
    tables = {name for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not tables:
        return None
    row = raw.execute("SELECT version_num FROM alembic_version").fetchone() if "alembic_version" in tables else None
    if row is None or not str(row[0]).isdigit():
        raise failures.not_ours(path)
    version = str(row[0])
    if version > SCHEMA_VERSION:
        raise DataTooNew(
            f"The database {path} was written by a newer Waystation. Install that version again, or choose another "
            "data folder.",
            path=str(path),
            version=version,
        )
    return version


def upgrade(connection: Connection, raw: sqlite3.Connection, path: Path, version: str | None) -> None:
    """Migrate to the newest schema, all or nothing, after a copy of an existing database was made.

    Args:
        connection: outside a transaction.
        raw: the same connection, for what SQLAlchemy has no word for.
        path: of the database; the copy is kept beside it, see `copies`.
        version: what `read_version` said.

    Raises:
        DataUnusable: a migration failed, and the database is as it was.
        sqlite3.Error, SQLAlchemyError: the file is at fault.
    """
    if version == SCHEMA_VERSION:
        return
    if version is not None:
        make_copy(raw, path, version)

    # Costs a tenth of a second, and a database needs it once in its life or two.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("path_separator", "os")
    # A percent sign in a path would be read as an interpolation.
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    config.attributes["connection"] = connection
    # A migration that copies a table would otherwise take the rows that refer to it along.
    raw.execute("PRAGMA foreign_keys = OFF")
    try:
        with connection.begin():
            command.upgrade(config, SCHEMA_VERSION)
            broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchone()
            if broken is not None:
                raise RuntimeError(f"rows of table {broken[0]} lost what they refer to")
    except Exception as error:
        if failures.unusable(path, error) is not None:
            raise
        _log.exception("migration from %s to %s failed", version, SCHEMA_VERSION)
        raise failures.not_migrated(path, SCHEMA_VERSION) from error
    finally:
        raw.execute("PRAGMA foreign_keys = ON")

"""Migrations: what they make, when Alembic is needed, and what happens to a database of another version."""

import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from app.core.errors import DataTooNew
from app.store import migrations, schema
from app.store.migration import copy_path
from app.store.store import DATABASE_FILE, Store
from app.store.vault import Sealed
from tests.store import samples

ROOT = Path(__file__).resolve().parents[2]
SEALED = Sealed("0123456789abcdef", b"n" * 12, b"ciphertext")

# Opens a store, and says which tokens it has and whether that took Alembic.
OPEN = """
import asyncio, logging, sys
from pathlib import Path
from app.core.errors import WaystationError
from app.store.store import Store
logging.disable()
async def main():
    try:
        store = await Store.open(Path(sys.argv[1]))
    except WaystationError as error:
        print(error.code, error.message)
    else:
        print([stored.token.label for stored in await store.tokens()])
        await store.close()
    print("alembic" in sys.modules)
asyncio.run(main())
"""

SECOND_VERSION = """
import sqlalchemy as sa
from alembic import op
revision = "0002"
down_revision = "0001"
def upgrade():
    with op.batch_alter_table("sessions") as sessions:
        sessions.add_column(sa.Column("colour", sa.Text, nullable=False, server_default="red"))
        sessions.alter_column("turns", new_column_name="turn_count")
    op.execute("UPDATE tokens SET label = label || ' (migrated)'")
"""


def run_open(program_folder: Path, path: Path) -> list[str]:
    result = subprocess.run(
        [sys.executable, "-c", OPEN, str(path)],
        # Not the working tree, and not its folder: what counts is where the package lies.
        cwd="/",
        env={**os.environ, "PYTHONPATH": str(program_folder)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.splitlines()


def next_program(folder: Path, second_version: str) -> Path:
    """A copy of the program, as a bundle would hold it, whose schema is one version further."""
    for package in ("core", "store"):
        shutil.copytree(ROOT / "app" / package, folder / "app" / package, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "app/__init__.py").touch()
    (folder / "app/store/migrations/versions/v0002_second.py").write_text(second_version)
    text = (folder / "app/store/schema.py").read_text()
    (folder / "app/store/schema.py").write_text(text.replace('SCHEMA_VERSION = "0001"', 'SCHEMA_VERSION = "0002"'))
    return folder


async def sample_database(path: Path) -> None:
    store = await Store.open(path)
    await store.put_token(samples.token(1), SEALED)
    store.save_session(samples.session(1, "a", "b"))
    await store.close()


def names(path: Path) -> list[tuple[str, str]]:
    database = sqlite3.connect(path)
    try:
        return database.execute("SELECT name, session_id FROM session_names ORDER BY position").fetchall()
    finally:
        database.close()


async def test_migrations_make_the_schema_that_the_program_uses(path: Path) -> None:
    await sample_database(path)
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, schema.metadata) == []
    engine.dispose()


def test_the_newest_migration_is_the_schemas_version_and_versions_are_one_line() -> None:
    scripts = ScriptDirectory(str(Path(migrations.__file__).parent))
    assert scripts.get_heads() == [schema.SCHEMA_VERSION]
    assert all(len(script.revision) == 4 and script.revision.isdigit() for script in scripts.walk_revisions())


async def test_alembic_is_imported_for_a_new_database_and_not_for_an_up_to_date_one(path: Path) -> None:
    assert run_open(ROOT, path) == ["[]", "True"]
    assert run_open(ROOT, path) == ["[]", "False"]


async def test_an_older_database_is_copied_and_then_migrated(tmp_path: Path) -> None:
    # A percent sign and blanks are what Alembic's own configuration trips over.
    program = next_program(tmp_path / "100% a bundle", SECOND_VERSION)
    path = tmp_path / DATABASE_FILE
    await sample_database(path)
    before = samples.rows(path)
    assert run_open(program, path) == ["['Work (migrated)']", "True"]
    assert run_open(program, path) == ["['Work (migrated)']", "False"]
    # The table was copied, and what refers to it is still there.
    assert names(path) == [("a", "s-1"), ("b", "s-1")]
    copy = copy_path(path, "0001")
    assert copy.name == "waystation.v0001.sqlite3"
    assert samples.rows(copy) == before
    if os.name == "posix":
        assert copy.stat().st_mode & 0o777 == 0o600
    # The copy is a database that the former program opens.
    assert run_open(ROOT, copy) == ["['Work']", "False"]


async def test_a_migration_that_fails_changes_nothing(tmp_path: Path) -> None:
    program = next_program(tmp_path / "program", SECOND_VERSION + "    raise ValueError('half done')\n")
    path = tmp_path / DATABASE_FILE
    await sample_database(path)
    before = samples.rows(path)
    lines = run_open(program, path)
    assert lines[0].startswith("data_unusable The database")
    assert "left as it was" in lines[0]
    assert samples.rows(path) == before
    assert run_open(ROOT, path) == ["['Work']", "False"]


async def test_a_database_of_a_newer_program_is_left_untouched(path: Path) -> None:
    await sample_database(path)
    database = sqlite3.connect(path)
    database.execute("UPDATE alembic_version SET version_num = '0099'")
    database.commit()
    database.close()
    before = path.read_bytes()
    with pytest.raises(DataTooNew, match="newer Waystation") as caught:
        await Store.open(path)
    assert str(path) in caught.value.message
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == [DATABASE_FILE]


def test_the_tables_can_be_made_on_postgresql() -> None:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    text = "\n".join(str(CreateTable(table).compile(dialect=dialect)) for table in schema.metadata.sorted_tables)
    for table in schema.metadata.sorted_tables:
        for index in table.indexes:
            text += str(CreateIndex(index).compile(dialect=dialect))
    assert "DOUBLE PRECISION" in text
    assert "BYTEA" in text
    assert "BIGINT" in text

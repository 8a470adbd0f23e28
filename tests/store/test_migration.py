"""Migrations: what they make, when Alembic is needed, and what happens to a database of another version."""

import io
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from app.core.errors import DataTooNew
from app.core.license import LicenseUsage
from app.core.turn import Attempt
from app.store import migrations, schema
from app.store.copies import copy_path
from app.store.licenses import StoredLicense
from app.store.store import DATABASE_FILE, Store
from app.store.tokens import StoredToken
from app.store.vault import Sealed
from tests.store import samples

ROOT = Path(__file__).resolve().parents[2]
SEALED = Sealed("0123456789abcdef", b"n" * 12, b"ciphertext")

NEXT_VERSION = f"{int(schema.SCHEMA_VERSION) + 1:04}"

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

NEXT_MIGRATION = f"""
import sqlalchemy as sa
from alembic import op
revision = "{NEXT_VERSION}"
down_revision = "{schema.SCHEMA_VERSION}"
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


def next_program(folder: Path, migration: str) -> Path:
    """A copy of the program, as a bundle would hold it, whose schema is one version further."""
    for package in ("core", "store"):
        shutil.copytree(ROOT / "app" / package, folder / "app" / package, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "app/__init__.py").touch()
    (folder / f"app/store/migrations/versions/v{NEXT_VERSION}_next.py").write_text(migration)
    text = (folder / "app/store/schema.py").read_text()
    newer = text.replace(f'SCHEMA_VERSION = "{schema.SCHEMA_VERSION}"', f'SCHEMA_VERSION = "{NEXT_VERSION}"')
    (folder / "app/store/schema.py").write_text(newer)
    return folder


def upgraded(path: Path, version: str) -> None:
    """What Alembic makes of a database, or of none, up to that version."""
    path.parent.mkdir(exist_ok=True)
    config = Config()
    config.set_main_option("path_separator", "os")
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, version)
    engine.dispose()


def first_database(path: Path) -> None:
    """A database as the first version made and filled it, with a session's names, a turn without usage, and more."""
    upgraded(path, "0001")
    seal = {"key_id": SEALED.key_id, "nonce": SEALED.nonce, "sealed": SEALED.ciphertext}
    database = sqlite3.connect(path)
    # Two of one age.
    for number, age in ((7, 7), (3, 3), (1, 3)):
        fill(
            database,
            "tokens",
            id=f"t-{number}",
            kind="chatgpt",
            identity=f"chatgpt:account-{number}:user",
            label="Work",
            email="someone@example.com",
            plan="plus",
            account_id=f"account-{number}",
            expires_at=samples.NOW + 3600.5,
            enabled=1,
            created_at=samples.NOW + age,
            **seal,
        )
    fill(database, "licenses", id="l-1", label="Laptop", sha256="ab" * 32, created_at=samples.NOW + 1, **seal)
    for number, names in ((1, "ab"), (2, "c")):
        fill(
            database,
            "sessions",
            id=f"s-{number}",
            license_id="l-1",
            home_token_id="t-1",
            current_token_id="t-2",
            created_at=samples.NOW - 10,
            last_active_at=samples.NOW + number - 1,
            turns=1,
        )
        for position, name in enumerate(names):
            fill(database, "session_names", license_id="l-1", name=name, session_id=f"s-{number}", position=position)
    counted = {"input_tokens": 1000, "cached_tokens": 800, "output_tokens": 200, "reasoning_tokens": 50}
    for number, usage in ((1, counted), (2, {})):
        fill(
            database,
            "turns",
            id=f"r-{number:08}",
            started_at=samples.NOW + number,
            endpoint="responses",
            license_id="l-1",
            session_id="s-1",
            token_id="t-1",
            client="codex_cli_rs/0.120.0",
            peer="127.0.0.1",
            model="gpt-5-codex",
            effort="high",
            stream=1,
            status=200,
            outcome="completed",
            first_byte_ms=812.25,
            total_ms=5012.5,
            request_bytes=48_000,
            response_bytes=91_000,
            request_sha256="12" * 32,
            sent_sha256="12" * 32,
            edits="[]",
            note="home",
            **usage,
        )
    fill(database, "settings", key="language", value="zh_CN")
    database.commit()
    database.close()


def second_database(path: Path) -> None:
    """A database as the second version had it: the first one's rows, and what was new in it filled as well."""
    first_database(path)
    upgraded(path, "0002")
    database = sqlite3.connect(path)
    database.execute(
        "UPDATE tokens SET position = 2 - position, spare = 1, proxy = 'http://127.0.0.1:7890', "
        "follows = '/home/me/.codex/auth.json', sign_in_needed = 'token_revoked', refreshed_at = 5.5"
    )
    database.execute("UPDATE licenses SET expires_at = 7.5, daily_tokens = 1000000")
    database.execute("UPDATE sessions SET lent_at = 3.5, moves = 2, owners = '{\"d\": \"t-1\"}' WHERE id = 's-1'")
    attempts = '[{"token_id": "t-2", "error": "usage_limit_reached", "ms": 12.5}]'
    database.execute("UPDATE turns SET attempts = ?, waited_ms = 9.5 WHERE id = 'r-00000001'", (attempts,))
    # More than a sum of 64 bits holds, in a conversation that nobody has any more.
    database.execute("UPDATE turns SET session_id = 's-2', input_tokens = 9000000000000000000 WHERE id = 'r-00000002'")
    database.execute(
        "INSERT INTO turns SELECT 'r-00000003', started_at + 1, endpoint, license_id, session_id, token_id, client, "
        "peer, 'gpt-5.5', effort, stream, status, error, outcome, first_byte_ms, total_ms, request_bytes, "
        "response_bytes, request_sha256, sent_sha256, edits, input_tokens, 5, 7, 0, note, attempts, waited_ms "
        "FROM turns WHERE id = 'r-00000002'"
    )
    database.commit()
    database.close()


def fill(database: sqlite3.Connection, table: str, **values: object) -> None:
    columns, marks = ", ".join(values), ", ".join("?" * len(values))
    database.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks})", tuple(values.values()))


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
    program = next_program(tmp_path / "100% a bundle", NEXT_MIGRATION)
    path = tmp_path / DATABASE_FILE
    await sample_database(path)
    before = samples.rows(path)
    assert run_open(program, path) == ["['Work (migrated)']", "True"]
    assert run_open(program, path) == ["['Work (migrated)']", "False"]
    # The table was copied, and what refers to it is still there.
    assert names(path) == [("a", "s-1"), ("b", "s-1")]
    copy = copy_path(path, schema.SCHEMA_VERSION)
    assert copy.name == f"waystation.v{schema.SCHEMA_VERSION}.sqlite3"
    assert samples.rows(copy) == before
    if os.name == "posix":
        assert copy.stat().st_mode & 0o777 == 0o600
    # The copy is a database that the former program opens.
    assert run_open(ROOT, copy) == ["['Work']", "False"]


async def test_a_migration_that_fails_changes_nothing(tmp_path: Path) -> None:
    program = next_program(tmp_path / "program", NEXT_MIGRATION + "    raise ValueError('half done')\n")
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


async def test_a_database_of_the_first_version_is_copied_and_keeps_everything(path: Path) -> None:
    first_database(path)
    before = samples.rows(path)
    store = await Store.open(path)
    # Positions are as they were shown: by age, then by id. Everything else is as it was, the rest as good as new.
    tokens = [replace(samples.token(1), created_at=samples.NOW + 3), samples.token(3), samples.token(7)]
    assert await store.tokens() == [
        StoredToken(replace(token, position=position), SEALED) for position, token in enumerate(tokens)
    ]
    assert await store.token_health() == {}
    assert await store.licenses() == [StoredLicense(samples.license(1), SEALED)]
    assert await store.sessions(0) == [
        # What its turns tell.
        samples.session(1, "a", "b")._replace(
            client="codex_cli_rs/0.120.0",
            model="gpt-5-codex",
            input_tokens=1000,
            cached_tokens=800,
            output_tokens=200,
        ),
        samples.session(2, "c", last_active_at=samples.NOW + 1),
    ]
    assert await store.turns(10) == [replace(samples.turn(2), usage=None), samples.turn(1)]
    assert await store.used_tokens(0) == {"l-1": 1200}
    assert await store.settings() == {"language": "zh_CN"}
    # What is new can be used at once.
    await store.reorder_tokens(["t-7", "t-1", "t-3"])
    store.save_token_health("t-7", samples.quota(), samples.rest())
    store.save_session(samples.session(1, "a", "b")._replace(moves=1, owners={"d": "t-1"}))
    await store.close()
    copy = copy_path(path, "0001")
    assert copy.name == "waystation.v0001.sqlite3"
    assert samples.rows(copy) == before
    store = await Store.open(path)
    assert [stored.token.id for stored in await store.tokens()] == ["t-7", "t-1", "t-3"]
    assert await store.token_health() == {"t-7": (samples.quota(), samples.rest())}
    await store.close()


async def test_a_database_of_the_second_version_is_copied_and_keeps_everything(path: Path) -> None:
    second_database(path)
    before = samples.rows(path)
    store = await Store.open(path)
    tokens = [samples.token(7), samples.token(3), replace(samples.token(1), created_at=samples.NOW + 3)]
    assert await store.tokens() == [
        StoredToken(
            replace(
                token,
                position=position,
                spare=True,
                proxy="http://127.0.0.1:7890",
                follows="/home/me/.codex/auth.json",
                sign_in_needed="token_revoked",
                refreshed_at=5.5,
            ),
            SEALED,
        )
        for position, token in enumerate(tokens)
    ]
    license = replace(samples.license(1), expires_at=7.5, daily_tokens=1_000_000)
    assert await store.licenses() == [StoredLicense(license, SEALED)]
    first, second = await store.sessions(0)
    assert (first.names, first.lent_at, first.moves, first.owners) == (("a", "b"), 3.5, 2, {"d": "t-1"})
    assert (first.pinned, first.input_tokens, first.cached_tokens, first.output_tokens) == (False, 1000, 800, 200)
    assert (second.client, second.model) == ("codex_cli_rs/0.120.0", "gpt-5.5")
    assert (second.input_tokens, second.cached_tokens, second.output_tokens) == (9 * 10**18, 5, 7)
    newest, middle, oldest = await store.turns(10)
    assert [turn.id for turn in (newest, middle, oldest)] == ["r-00000003", "r-00000002", "r-00000001"]
    assert oldest == replace(samples.turn(1), attempts=(Attempt("t-2", "usage_limit_reached", 12.5),), waited_ms=9.5)
    # What the turns that are there add up to: the hour's, and all of the license.
    [hour] = await store.history(samples.NOW, samples.NOW + 3600, 3600)
    assert (hour.turns, hour.failed, hour.input_tokens, hour.cached_tokens) == (3, 0, 18 * 10**18, 805)
    assert await store.license_usage(0) == {"l-1": LicenseUsage(3, 18 * 10**18, 805, 207)}
    # What is new can be used at once.
    changed = second._replace(pinned=True, client="a", model=None, input_tokens=1)
    store.save_session(changed)
    await store.flush()
    assert (await store.sessions(0))[1] == changed
    await store.close()
    copy = copy_path(path, "0002")
    assert copy.name == "waystation.v0002.sqlite3"
    assert samples.rows(copy) == before


@pytest.mark.parametrize("former", [first_database, second_database])
async def test_a_migrated_database_has_the_schema_of_a_new_one(path: Path, former: Callable[[Path], None]) -> None:
    former(path)
    await (await Store.open(path)).close()
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, schema.metadata) == []
    engine.dispose()


def test_the_migrations_can_be_made_on_postgresql() -> None:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    written = io.StringIO()
    context = MigrationContext.configure(dialect=dialect, opts={"as_sql": True, "output_buffer": written})
    scripts = ScriptDirectory(str(Path(migrations.__file__).parent))
    with Operations.context(context):
        for script in reversed(list(scripts.walk_revisions())):
            script.module.upgrade()
    assert "ALTER TABLE tokens ADD COLUMN spare BOOLEAN DEFAULT false NOT NULL" in written.getvalue()
    assert "CREATE TABLE token_health" in written.getvalue()


def test_the_tables_can_be_made_on_postgresql() -> None:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    text = "\n".join(str(CreateTable(table).compile(dialect=dialect)) for table in schema.metadata.sorted_tables)
    for table in schema.metadata.sorted_tables:
        for index in table.indexes:
            text += str(CreateIndex(index).compile(dialect=dialect))
    assert "DOUBLE PRECISION" in text
    assert "BYTEA" in text
    assert "BIGINT" in text

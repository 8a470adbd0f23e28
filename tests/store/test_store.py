"""What goes into the store comes out again, after a restart and from any loop."""

import asyncio
import dataclasses
import math
import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.core.errors import DataUnusable, NotFound
from app.core.license import License, LicenseUsage
from app.core.quota import Quota
from app.core.rest import Rest
from app.core.session import Session
from app.core.token import Token
from app.core.turn import Attempt, TurnRow, Usage
from app.store.store import DATABASE_FILE, Store
from app.store.tokens import RemovedToken, StoredToken
from app.store.vault import Sealed, license_subject, token_subject
from tests.store import samples

ROOT = Path(__file__).resolve().parents[2]
SEALED = Sealed("0123456789abcdef", b"n" * 12, b"ciphertext")


@asynccontextmanager
async def reopened(path: Path) -> AsyncIterator[Store]:
    store = await Store.open(path)
    try:
        yield store
    finally:
        await store.close()


def column(path: Path, query: str) -> list[object]:
    """The first column of a query's rows, as another program sees them."""
    other = sqlite3.connect(path)
    try:
        return [row[0] for row in other.execute(query)]
    finally:
        other.close()


async def test_everything_survives_a_restart(path: Path) -> None:
    async with reopened(path) as store:
        await store.put_token(samples.token(2), SEALED)
        await store.put_token(samples.token(1), SEALED)
        store.save_token_health("t-1", samples.quota(), samples.rest())
        store.save_token_health("t-2", None, samples.rest("invalid_api_key"))
        await store.put_license(samples.license(), SEALED)
        store.save_session(samples.session(1, "a", "b"))
        store.save_turn(samples.turn(1))
        await store.set_setting("language", "zh_CN")
    async with reopened(path) as store:
        assert [stored.token for stored in await store.tokens()] == [samples.token(1), samples.token(2)]
        assert [stored.sealed for stored in await store.tokens()] == [SEALED, SEALED]
        assert await store.token_health() == {
            "t-1": (samples.quota(), samples.rest()),
            "t-2": (None, samples.rest("invalid_api_key")),
        }
        assert [stored.license for stored in await store.licenses()] == [samples.license()]
        assert [stored.sealed for stored in await store.licenses()] == [SEALED]
        assert await store.sessions(0) == [samples.session(1, "a", "b")]
        assert await store.turns(10) == [samples.turn(1)]
        assert await store.settings() == {"language": "zh_CN"}


async def test_a_token_is_replaced_described_removed_and_restored(store: Store) -> None:
    other = Sealed("0123456789abcdef", b"m" * 12, b"other")
    await store.put_token(samples.token(1), SEALED)
    await store.put_token(samples.token(1, "Renamed"), other)
    [stored] = await store.tokens()
    assert (stored.token.label, stored.sealed) == ("Renamed", other)
    await store.update_token(dataclasses.replace(samples.token(1), enabled=False))
    [stored] = await store.tokens()
    assert (stored.token.enabled, stored.token.label, stored.sealed) == (False, "Work", other)
    await store.remove_token("t-1", samples.NOW)
    await store.remove_token("t-1", samples.NOW + 5)
    assert await store.tokens() == []
    assert await store.removed_tokens() == [RemovedToken(stored, samples.NOW)]
    with pytest.raises(NotFound):
        await store.update_token(samples.token(1))
    assert await store.restore_token("t-1") == stored
    assert (await store.tokens(), await store.removed_tokens()) == ([stored], [])
    with pytest.raises(NotFound):
        await store.restore_token("t-1")


async def test_a_removed_token_gets_a_new_credential_and_comes_back_when_it_is_added_again(store: Store) -> None:
    other = Sealed("0123456789abcdef", b"m" * 12, b"other")
    await store.put_token(samples.token(1), SEALED)
    await store.remove_token("t-1", samples.NOW)
    renewed = RemovedToken(StoredToken(samples.token(1, "Renewed"), other), samples.NOW)
    await store.put_removed_token(renewed)
    assert (await store.tokens(), await store.removed_tokens()) == ([], [renewed])
    await store.put_token(samples.token(1), SEALED)
    assert (len(await store.tokens()), await store.removed_tokens()) == (1, [])


async def test_usage_is_counted_by_license_since_a_time(store: Store) -> None:
    for number, (license_id, usage) in enumerate(
        [
            ("l-1", Usage(10, 8, 2, 1)),
            ("l-1", None),
            ("l-1", Usage(5, 0, 1, 0)),
            ("l-2", Usage(2**62, 1, 1, 0)),
            (None, None),
        ]
    ):
        store.save_turn(dataclasses.replace(samples.turn(number), license_id=license_id, usage=usage))
    assert await store.license_usage(samples.NOW) == {
        "l-1": LicenseUsage(3, 15, 8, 3),
        "l-2": LicenseUsage(1, 2**62, 1, 1),
    }
    assert (await store.license_usage(samples.NOW + 2))["l-1"] == LicenseUsage(1, 5, 0, 1)
    assert await store.license_usage(samples.NOW + 9) == {}


async def test_what_was_removed_long_ago_is_gone_for_good(store: Store, path: Path) -> None:
    for number in (1, 2, 3):
        await store.put_token(samples.token(number), SEALED)
        store.save_token_health(f"t-{number}", samples.quota(), samples.rest())
    await store.remove_token("t-1", samples.NOW - 5)
    await store.remove_token("t-2", samples.NOW)
    assert await store.delete_removed_tokens(samples.NOW) == 1
    assert column(path, "SELECT id FROM tokens ORDER BY id") == ["t-2", "t-3"]
    assert sorted(await store.token_health()) == ["t-2", "t-3"]
    with pytest.raises(NotFound):
        await store.restore_token("t-1")
    assert await store.delete_removed_tokens(samples.NOW) == 0


async def test_tokens_come_in_the_users_order(store: Store) -> None:
    for number in range(1, 6):
        await store.put_token(dataclasses.replace(samples.token(number), position=number), SEALED)
    await store.reorder_tokens(["t-5", "t-unknown", "t-2", "t-1"])
    # Those that were not named keep positions 3 and 4; where positions are equal the older comes first.
    listed = [(stored.token.id, stored.token.position) for stored in await store.tokens()]
    assert listed == [("t-5", 0), ("t-2", 2), ("t-1", 3), ("t-3", 3), ("t-4", 4)]
    await store.reorder_tokens([])
    assert [stored.token.id for stored in await store.tokens()] == [token_id for token_id, _ in listed]


async def test_a_tokens_health_is_replaced_and_ends_with_the_token(store: Store) -> None:
    await store.put_token(samples.token(1), SEALED)
    await store.put_token(samples.token(2), SEALED)
    store.save_token_health("t-1", samples.quota(), samples.rest())
    store.save_token_health("t-2", samples.quota(), None)
    await store.flush()
    store.save_token_health("t-1", samples.quota(50), None)
    await store.put_token(samples.token(1, "Renamed"), SEALED)
    assert await store.token_health() == {"t-1": (samples.quota(50), None), "t-2": (samples.quota(), None)}
    store.save_token_health("t-1", None, None)
    assert await store.token_health() == {"t-2": (samples.quota(), None)}
    store.save_token_health("t-2", None, samples.rest())
    await store.remove_token("t-2", samples.NOW)
    await store.delete_removed_tokens(samples.NOW + 1)
    assert await store.token_health() == {}
    # Its last turn ends after it was removed.
    store.save_token_health("t-2", samples.quota(), None)
    assert await store.token_health() == {}


async def test_what_a_license_used_is_summed_since_a_time(store: Store) -> None:
    def used(number: int, license_id: str | None, usage: Usage | None) -> TurnRow:
        return dataclasses.replace(samples.turn(number), license_id=license_id, usage=usage)

    store.save_turn(used(1, "l-1", Usage(1_000_000, 0, 0, 0)))
    store.save_turn(used(2, "l-1", Usage(1000, 800, 200, 50)))
    store.save_turn(used(3, "l-1", Usage(10, 0, 2, 0)))
    store.save_turn(used(4, "l-1", None))
    store.save_turn(used(5, "l-2", None))
    store.save_turn(used(6, None, Usage(7, 0, 7, 0)))
    assert await store.used_tokens(samples.NOW + 2) == {"l-1": 1212, "l-2": 0}
    assert await store.used_tokens(samples.NOW + 6.5) == {}
    # Whatever upstream claims.
    for number in (7, 8):
        store.save_turn(used(number, "l-3", Usage(2**63 - 1, 0, 2**63 - 1, 0)))
    assert (await store.used_tokens(samples.NOW + 7))["l-3"] == 2**65


async def test_a_license_is_revoked_and_keeps_its_key(store: Store) -> None:
    await store.put_license(samples.license(), SEALED)
    revoked = dataclasses.replace(samples.license(), revoked_at=samples.NOW, last_used_at=samples.NOW - 5)
    await store.update_license(revoked)
    [stored] = await store.licenses()
    assert (stored.license, stored.sealed) == (revoked, SEALED)


async def test_describing_what_does_not_exist_says_so(store: Store) -> None:
    with pytest.raises(NotFound, match="t-7"):
        await store.update_token(samples.token(7))
    with pytest.raises(NotFound, match="l-7"):
        await store.update_license(samples.license(7))


async def test_a_setting_is_set_changed_and_removed(store: Store) -> None:
    await store.set_setting("a", "1")
    await store.set_setting("b", "驿站\x00\ud800")
    await store.set_setting("a", "2")
    assert await store.settings() == {"a": "2", "b": "驿站\x00\ud800"}
    await store.set_setting("a", None)
    assert await store.settings() == {"b": "驿站\x00\ud800"}


async def test_only_sessions_active_since_then_are_loaded_longest_idle_first(store: Store) -> None:
    for number, age in ((1, 10), (2, 30), (3, 20)):
        store.save_session(samples.session(number, last_active_at=samples.NOW - age))
    assert [item.id for item in await store.sessions(samples.NOW - 20)] == ["s-3", "s-1"]


async def test_a_name_belongs_to_the_session_saved_with_it_last(store: Store) -> None:
    store.save_session(samples.session(1, "a", "b", last_active_at=samples.NOW))
    await store.flush()
    store.save_session(samples.session(2, "b", "c", last_active_at=samples.NOW + 1))
    first, second = await store.sessions(0)
    assert (first.names, second.names) == (("a",), ("b", "c"))
    # Within one batch too, and under another license it is another name.
    store.save_session(samples.session(3, "c", last_active_at=samples.NOW + 2))
    store.save_session(samples.session(2, "c", last_active_at=samples.NOW + 3))
    other = samples.session(4, "c", last_active_at=samples.NOW + 4)._replace(license_id="l-2")
    store.save_session(other)
    assert {item.id: item.names for item in await store.sessions(0)} == {
        "s-1": ("a",),
        "s-3": (),
        "s-2": ("c",),
        "s-4": ("c",),
    }


async def test_a_sessions_owners_are_kept_replaced_and_taken_away(path: Path, store: Store) -> None:
    moved = samples.session(1, "a")._replace(lent_at=samples.NOW, moves=1, owners={"d1": "t-1"})
    for session in (samples.session(1, "a"), moved, moved._replace(owners={"d1": "t-1", "d2": "t-2"})):
        store.save_session(session)
        assert await store.sessions(0) == [session]
    store.save_session(samples.session(1, "a"))
    assert await store.sessions(0) == [samples.session(1, "a")]
    assert column(path, "SELECT owners FROM sessions") == [None], "no owners are no text"


async def test_json_that_cannot_be_read_is_told_and_left_out(
    path: Path, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    await store.put_token(samples.token(1), SEALED)
    await store.put_token(samples.token(2), SEALED)
    store.save_token_health("t-1", samples.quota(), samples.rest())
    store.save_token_health("t-2", samples.quota(), samples.rest())
    store.save_session(samples.session(1)._replace(owners={"d": "t-1"}))
    store.save_turn(dataclasses.replace(samples.turn(1), attempts=(Attempt("t-1", "bad_gateway", 5.0),)))
    await store.flush()
    unreadable = (
        "",
        "{",
        "nonsense-of-mine",
        "[" * 100_000,
        "null",
        "7",
        "[[]]",
        "{}",
        '{"seen_at": 1}',
        '{"windows": [{"limit": "codex", "slot": "primary", "used_percent": "x"}], "seen_at": 1}',
        '{"until": null, "reason": "x", "probe_at": 1}',
        '{"d": 7}',
        '[{"token_id": "t-1", "error": "x"}]',
        b"\xff\xfe",
    )
    other = sqlite3.connect(path)
    for text in unreadable:
        caplog.clear()
        with other:
            other.execute("UPDATE token_health SET quota = ? WHERE token_id = 't-1'", (text,))
            other.execute("UPDATE token_health SET rest = ? WHERE token_id = 't-2'", (text,))
            other.execute("UPDATE sessions SET owners = ?", (text,))
            other.execute("UPDATE turns SET attempts = ?", (text,))
        assert await store.token_health() == {"t-1": (None, samples.rest()), "t-2": (samples.quota(), None)}
        assert [item.owners for item in await store.sessions(0)] == [{}]
        assert await store.turns(5) == [samples.turn(1)]
        warned = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
        assert any("the quota of token t-1 cannot be read" in text for text in warned)
        assert any("the rest of token t-2 cannot be read" in text for text in warned)
        assert "nonsense-of-mine" not in caplog.text
    other.close()
    # And it can be written anew.
    store.save_token_health("t-1", samples.quota(), None)
    store.save_session(samples.session(1)._replace(owners={"d": "t-2"}))
    assert (await store.token_health())["t-1"] == (samples.quota(), None)
    assert [item.owners for item in await store.sessions(0)] == [{"d": "t-2"}]


async def test_turns_come_newest_first_page_by_page(store: Store) -> None:
    for number in (3, 1, 5, 2, 4):
        store.save_turn(samples.turn(number))
    first = await store.turns(2)
    assert [row.id[-1] for row in first] == ["5", "4"]
    assert [row.id[-1] for row in await store.turns(2, before=first[-1].started_at)] == ["3", "2"]


async def test_a_turn_saved_again_is_replaced(store: Store) -> None:
    store.save_turn(samples.turn(1))
    await store.flush()
    again = dataclasses.replace(samples.turn(1), total_ms=9.0)
    store.save_turn(again)
    assert await store.turns(5) == [again]


async def test_sessions_are_forgotten_by_id_and_all_together(store: Store) -> None:
    for number in range(1, 1500):
        store.save_session(samples.session(number))
    assert await store.forget_sessions([f"s-{number}" for number in range(2, 1500)] + ["s-unknown"]) == 1498
    assert await store.sessions(0) == [samples.session(1)]
    assert await store.forget_sessions([]) == 0
    assert await store.forget_sessions(None) == 1
    assert await store.sessions(0) == []


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(
    samples.tokens,
    st.none() | samples.quotas,
    st.none() | samples.rests,
    samples.licenses,
    st.lists(samples.sessions, max_size=4, unique_by=lambda item: item.id),
    st.lists(samples.turns, max_size=4, unique_by=lambda item: item.id),
    st.binary(),
)
def test_any_values_come_back_as_they_were(
    token: Token,
    quota: Quota | None,
    rest: Rest | None,
    license: License,
    sessions: list[Session],
    turns: list[TurnRow],
    secret: bytes,
) -> None:
    async def round_trip() -> None:
        with tempfile.TemporaryDirectory() as folder:
            vault = await samples.ready_vault()
            async with reopened(Path(folder) / DATABASE_FILE) as store:
                await store.put_token(token, vault.seal(token_subject(token.id), secret))
                await store.put_license(license, vault.seal(license_subject(license.id), secret))
                store.save_token_health(token.id, quota, rest)
                for session in sessions:
                    store.save_session(session)
                for turn in turns:
                    store.save_turn(turn)
                await store.flush()
                [stored_token] = await store.tokens()
                [stored_license] = await store.licenses()
                assert stored_token.token == token
                assert (await store.token_health()).get(token.id, (None, None)) == (quota, rest)
                assert vault.open(token_subject(token.id), stored_token.sealed) == secret
                assert stored_license.license == license
                assert vault.open(license_subject(license.id), stored_license.sealed) == secret
                assert sorted(await store.sessions(0), key=lambda item: item.id) == sorted(
                    sessions, key=lambda item: item.id
                )
                assert sorted(await store.turns(10), key=lambda item: item.id) == sorted(
                    turns, key=lambda item: item.id
                )

    asyncio.run(round_trip())


@pytest.mark.skipif(sys.platform == "win32", reason="uvloop does not exist for Windows")
async def test_one_store_serves_two_loops_at_once(store: Store) -> None:
    import uvloop

    async def write_and_read(first: int) -> None:
        for number in range(first, first + 20):
            await store.put_token(samples.token(number), SEALED)
            store.save_turn(samples.turn(number))
            assert await store.turns(1)

    other = threading.Thread(target=lambda: uvloop.run(write_and_read(100)))
    other.start()
    await write_and_read(200)
    while other.is_alive():  # noqa: ASYNC110 (a thread has no event to wait for)
        await asyncio.sleep(0.01)
    assert len(await store.tokens()) == 40
    assert len(await store.turns(100)) == 40


def test_the_desktops_loop_can_use_the_store(path: Path) -> None:
    program = f"""
import asyncio, sys
from pathlib import Path
from PySide6.QtWidgets import QApplication
from app.desktop.loop import DesktopLoop
from app.store.store import Store
from tests.store import samples

async def main():
    store = await Store.open(Path({str(path)!r}))
    store.save_turn(samples.turn(1))
    vault = await samples.ready_vault()
    await asyncio.gather(*(samples.put_sample_token(store, vault, number) for number in range(20)))
    print(len(await store.tokens()), len(await store.turns(5)))
    await store.close()

application = QApplication(sys.argv)
with DesktopLoop(application) as loop:
    loop.run_until_complete(main())
"""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "QT_QPA_PLATFORM": "offscreen"}
    result = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=40, check=False
    )
    assert (result.stdout.strip(), result.returncode) == ("20 1", 0), result.stderr


async def test_a_cancelled_wait_does_not_undo_the_write(store: Store) -> None:
    task = asyncio.get_running_loop().create_task(store.put_token(samples.token(1), SEALED))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(await store.tokens()) == 1


async def test_after_closing_every_call_says_so_and_late_rows_are_ignored(path: Path) -> None:
    store = await Store.open(path)
    await store.close()
    await store.close()
    store.save_turn(samples.turn(1))
    store.save_session(samples.session(1))
    with pytest.raises(DataUnusable, match="is closed"):
        await store.tokens()
    async with reopened(path) as store:
        assert await store.turns(1) == []


async def test_the_stores_thread_ends_with_it(path: Path) -> None:
    def threads() -> list[str]:
        return [thread.name for thread in threading.enumerate() if thread.name == "waystation-store"]

    store = await Store.open(path)
    assert len(threads()) == 1
    await store.close()
    for _ in range(200):
        if not threads():
            break
        await asyncio.sleep(0.01)
    assert threads() == []


async def test_secrets_are_in_no_file_and_no_repr(path: Path) -> None:
    vault = await samples.ready_vault()
    async with reopened(path) as store:
        await samples.put_sample_token(store, vault)
        await store.put_license(samples.license(), vault.seal(license_subject("l-1"), b"ws-sample-license-key"))
        # With the write-ahead log still there, and after it was folded into the file.
        during = samples.folder_bytes(path.parent)
        shown = repr(await store.tokens()) + repr(await store.licenses()) + repr(vault)
    after = samples.folder_bytes(path.parent)
    for found in (during, after):
        assert b"sample-secret" not in found
        assert b"ws-sample" not in found
        assert b"someone@example.com" in found, "the search must be able to find something"
    for text in ("sample-secret", "ws-sample", "ciphertext", "nonce"):
        assert text not in shown


def causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


async def test_a_value_that_cannot_be_stored_is_not_repeated_by_the_error(store: Store) -> None:
    unstorable = dataclasses.replace(samples.token(1, "my-own-label"), created_at=math.nan)
    with pytest.raises(Exception, match="NOT NULL") as caught:
        await store.put_token(unstorable, Sealed("0123456789abcdef", b"n" * 12, b"sealed-bytes-of-mine"))
    # Without the lines of source, which a traceback of this test would quote.
    shown = [line for error in causes(caught.value) for line in traceback.format_exception_only(error)]
    assert "NOT NULL" in "".join(shown)
    for value in ("my-own-label", "sealed-bytes-of-mine"):
        assert value not in "".join(shown)
    assert await store.tokens() == []

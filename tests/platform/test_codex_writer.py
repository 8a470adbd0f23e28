"""Codex's files on a real disk, written for the user and taken back to the byte."""

from __future__ import annotations

import errno
import os
import stat
import sys
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("modes and links of POSIX", allow_module_level=True)

from app.core.errors import WaystationError
from app.core.license import license_sha256
from app.platform.codex_config_file import CodexConfigChanged
from app.platform.codex_ways import Route
from app.platform.codex_write_errors import (
    CodexNotWritten,
    CodexSetupBusy,
)
from app.platform.codex_write_memory import WriteMemory
from app.platform.codex_writer import CodexWriter
from app.platform.private_file import FileUnwritable
from tests.platform.codex_home import ADDRESS, CONFIG, ENV, KEY, NEWEST, OTHER_KEY, OTHER_URL, OWN, URL, CodexHome
from tests.platform.test_codex_config import FILES


@pytest.fixture
def codex(tmp_path: Path) -> CodexHome:
    return CodexHome(tmp_path)


MARK = b"\xef\xbb\xbf"
ENVS = [None, b"", ENV, ENV.rstrip(), MARK + b"A=1", MARK + ENV, ENV.replace(b"\n", b"\r\n"), b"A=\xe9"]


@pytest.mark.parametrize("route", [OWN, ADDRESS])
@pytest.mark.parametrize(
    ("data", "env"),
    [*((data, ENV) for data in FILES.values()), *((None, env) for env in ENVS)],
    ids=[*FILES, *map(repr, ENVS)],
)
def test_written_and_undone_every_file_is_as_it_was(
    data: bytes | None, env: bytes | None, route: Route, codex: CodexHome
) -> None:
    for path, text, mode in ((codex.config, data, 0o644), (codex.env, env, 0o640)):
        if text is not None:
            path.write_bytes(text)
            path.chmod(mode)
    before = codex.files()

    plan = codex.write(route)

    assert plan.files[-1 if route is OWN else 0].path == codex.config
    assert codex.config.read_bytes() != data
    if route is OWN:
        assert stat.S_IMODE(codex.env.stat().st_mode) == 0o600
        assert f"WAYSTATION_LICENSE={KEY}".encode() in codex.env.read_bytes().splitlines()
    assert KEY.encode() not in codex.config.read_bytes()
    assert codex.undo() == ()
    assert codex.files() == before
    assert codex.writer.state() is None
    assert not codex.memory.exists()


def test_what_is_written_can_be_read_back(codex: CodexHome) -> None:
    assert codex.writer.state() is None
    codex.write()
    state = codex.writer.state()
    assert state is not None
    assert (state.mode, state.base_url, state.written_at, state.path) == (OWN, URL, 1000.0, codex.config)
    assert state.stands
    assert state.license_sha256 == license_sha256(KEY)
    assert codex.config.read_text() == (
        f'model_provider = "waystation"\n\n[model_providers.waystation]\nname = "Waystation"\nbase_url = "{URL}"\n'
        'wire_api = "responses"\nenv_key = "WAYSTATION_LICENSE"\n'
    )
    codex.config.write_text("")
    state = codex.writer.state()
    assert state is not None
    assert not state.stands


def test_writing_again_updates_and_changes_nothing_when_all_is_there(codex: CodexHome) -> None:
    codex.config.write_bytes(CONFIG)
    codex.env.write_bytes(ENV)
    before = codex.files()
    codex.write()
    once = codex.files()
    assert codex.write().files == ()
    assert codex.files() == once

    codex.write(OWN, OTHER_URL, OTHER_KEY)

    assert URL.encode() not in codex.config.read_bytes()
    assert OTHER_URL.encode() in codex.config.read_bytes()
    assert codex.env.read_bytes() == f"WAYSTATION_LICENSE={OTHER_KEY}\n".encode() + ENV
    codex.undo()
    assert codex.files() == before


def test_changing_the_way_takes_the_other_one_back(codex: CodexHome) -> None:
    codex.config.write_bytes(CONFIG)
    before = codex.files()
    codex.write(OWN)
    codex.write(ADDRESS)
    assert codex.config.read_text() == CONFIG.decode().replace('-5"\n', f'-5"\nopenai_base_url = "{URL}"\n')
    assert not codex.env.exists()
    codex.write(OWN)
    assert "openai_base_url" not in codex.config.read_text()
    assert codex.env.exists()
    codex.undo()
    assert codex.files() == before


def test_the_files_are_kept_once_without_anything_of_ours(codex: CodexHome) -> None:
    codex.config.write_bytes(CONFIG)
    codex.write()
    codex.write(OWN, OTHER_URL, OTHER_KEY)
    kept = codex.codex_home / "config.toml.before-waystation"
    assert kept.read_bytes() == CONFIG
    assert not (codex.codex_home / ".env.before-waystation").exists()


def test_after_changes_of_the_user_only_ours_is_taken_back(codex: CodexHome) -> None:
    codex.config.write_bytes(CONFIG)
    codex.env.write_bytes(ENV)
    codex.write()
    codex.config.write_bytes(codex.config.read_bytes() + b'\n[projects."/w"]\ntrust_level = "trusted"\n')
    codex.env.write_bytes(b"B=2\n" + codex.env.read_bytes() + b"C=3")
    assert codex.undo() == ()
    assert codex.config.read_bytes() == CONFIG + b'\n[projects."/w"]\ntrust_level = "trusted"\n'
    assert codex.env.read_bytes() == b"B=2\n" + ENV + b"C=3"


def test_files_of_ours_that_hold_more_by_now_stay(codex: CodexHome) -> None:
    codex.write()
    codex.env.write_bytes(codex.env.read_bytes() + b"C=3\n")
    assert codex.undo() == ()
    assert codex.files() == {".env": (b"C=3\n", 0o600)}


def test_what_the_user_has_changed_of_ours_is_left_and_told(codex: CodexHome) -> None:
    codex.config.write_bytes(CONFIG)
    codex.write()
    codex.config.write_bytes(codex.config.read_bytes().replace(URL.encode(), b"http://elsewhere/v1"))
    codex.env.write_bytes(b"WAYSTATION_LICENSE=their-own\n")
    assert codex.undo() == (
        "model_providers.waystation.base_url",
        "model_providers.waystation.name",
        ".env: WAYSTATION_LICENSE",
    )
    assert codex.env.read_bytes() == b"WAYSTATION_LICENSE=their-own\n"
    with pytest.raises(CodexNotWritten):
        codex.writer.plan_undo()


def test_a_license_of_the_users_own_in_the_file_comes_back(codex: CodexHome) -> None:
    old = b"A=1\nexport WAYSTATION_LICENSE='older-key-of-mine' # mine\r\nB=2"
    codex.env.write_bytes(old)
    codex.write()
    assert codex.env.read_bytes() == f"A=1\nWAYSTATION_LICENSE={KEY}\r\nB=2".encode()
    codex.undo()
    assert codex.env.read_bytes() == old


def test_a_license_that_stands_there_already_is_the_users(codex: CodexHome) -> None:
    codex.env.write_text(f'WAYSTATION_LICENSE="{KEY}"\n')
    plan = codex.write()
    assert [file.path for file in plan.files] == [codex.config]
    codex.undo()
    assert codex.env.read_text() == f'WAYSTATION_LICENSE="{KEY}"\n'


def test_a_license_behind_a_byte_order_mark_is_not_seen_by_codex_and_not_by_us(codex: CodexHome) -> None:
    data = f"\ufeffWAYSTATION_LICENSE={KEY}\nA=1\n".encode()
    codex.env.write_bytes(data)
    codex.write()
    assert codex.env.read_bytes() == f"\ufeffWAYSTATION_LICENSE={KEY}\nWAYSTATION_LICENSE={KEY}\nA=1\n".encode()
    codex.undo()
    assert codex.env.read_bytes() == data


def test_two_codex_homes_are_remembered_apart(codex: CodexHome, tmp_path: Path) -> None:
    second = CodexWriter({"CODEX_HOME": str(tmp_path / "new")}, codex.home, codex.memory, managed=codex.managed)
    codex.write()
    assert second.state() is None
    second.write(second.plan(ADDRESS, OTHER_URL, KEY, NEWEST), 2.0)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700
    codex.undo()
    state = second.state()
    assert state is not None
    assert state.mode is ADDRESS
    second.undo(second.plan_undo())
    assert list((tmp_path / "new").iterdir()) == []
    assert not codex.memory.exists()


def test_no_secret_is_shown_or_remembered(codex: CodexHome) -> None:
    codex.config.write_bytes(b'[mcp_servers.a.env]\nAPI_TOKEN = "hidden-token"\n')
    codex.env.write_bytes(ENV)
    plan = codex.plan(ADDRESS)
    assert KEY in plan.command
    shown = repr(plan)
    plan = codex.write(OWN)
    undo = codex.writer.plan_undo()
    shown += repr((plan, undo)) + "".join(file.diff for file in (*plan.files, *undo.files))
    for secret in (KEY, "abc-secret-of-mine", "hidden-token"):
        assert secret not in shown
    assert "+WAYSTATION_LICENSE=ws-…st" in plan.files[0].diff
    assert " AZURE_KEY=…" in plan.files[0].diff
    assert "-WAYSTATION_LICENSE=…" in undo.files[1].diff
    memory = codex.memory.read_text()
    assert KEY not in memory
    assert stat.S_IMODE(codex.memory.stat().st_mode) == 0o600


def test_links_are_followed(codex: CodexHome, tmp_path: Path) -> None:
    dotfiles = tmp_path / "dotfiles"
    dotfiles.mkdir()
    for path, data in ((codex.config, CONFIG), (codex.env, ENV)):
        (dotfiles / path.name).write_bytes(data)
        path.symlink_to(dotfiles / path.name)
    codex.write()
    assert codex.config.is_symlink()
    assert codex.env.is_symlink()
    assert stat.S_IMODE((dotfiles / ".env").stat().st_mode) == 0o600
    codex.undo()
    assert (codex.config.read_bytes(), codex.env.read_bytes()) == (CONFIG, ENV)


def test_of_a_read_only_config_the_env_file_is_put_back(codex: CodexHome) -> None:
    codex.config.write_bytes(CONFIG)
    codex.config.chmod(0o444)
    codex.env.write_bytes(ENV)
    codex.env.chmod(0o644)
    before = codex.files()
    plan = codex.plan()
    with pytest.raises(FileUnwritable, match="read-only"):
        codex.writer.write(plan, 1.0)
    assert codex.files() == before
    assert codex.writer.state() is None


def test_a_full_disk_leaves_everything_as_it_was(codex: CodexHome, monkeypatch: pytest.MonkeyPatch) -> None:
    codex.config.write_bytes(CONFIG)
    codex.env.write_bytes(ENV)
    before = codex.files()
    synced = os.fsync
    # The memory, two kept files and two new ones; the end of the memory can be done without.
    for most in range(5):
        plan = codex.plan()
        calls = 0

        def full(descriptor: int, most: int = most) -> None:
            nonlocal calls
            calls += 1
            if stat.S_ISREG(os.fstat(descriptor).st_mode) and calls > most:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            synced(descriptor)

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(WaystationError, match="No space left on device"):
            codex.writer.write(plan, 1.0)
        monkeypatch.setattr(os, "fsync", synced)
        assert codex.config.read_bytes() == CONFIG
        assert codex.env.read_bytes() == ENV
        assert codex.files() == before
        if codex.writer.state() is not None:
            # There was no room for forgetting either; that is no obstacle.
            assert codex.undo() == ()
            assert codex.files() == before


@pytest.mark.parametrize("written", [0, 1, 2])
@pytest.mark.parametrize("first", [None, OWN, ADDRESS])
@pytest.mark.parametrize("then", [OWN, ADDRESS])
def test_after_a_crash_between_the_files_undoing_and_writing_again_work(
    written: int, first: Route | None, then: Route, codex: CodexHome
) -> None:
    codex.config.write_bytes(CONFIG)
    codex.env.write_bytes(ENV)
    before = codex.files()
    if first:
        codex.write(first)
    plan = codex.plan(then, OTHER_URL, OTHER_KEY)
    for file in plan.files[written:]:
        assert file.after is not None
    # As far as it came: remembered, and some of the files.
    memory = WriteMemory(codex.memory)
    assert plan.writing is not None
    with memory.held():
        memory.write(codex.config, (plan.writing, *plan.remembered))
    for file in plan.files[:written]:
        assert file.after is not None
        file.path.write_bytes(file.after)

    again = codex.plan(then, OTHER_URL, OTHER_KEY)
    assert {file.path: file.after for file in again.files} == {file.path: file.after for file in plan.files[written:]}
    assert codex.undo() == ()
    after = codex.files()
    assert {name: after[name][0] for name in before} == {name: data for name, (data, _) in before.items()}


def test_a_file_changed_since_the_plan_is_not_overwritten(codex: CodexHome) -> None:
    codex.config.write_bytes(CONFIG)
    plan = codex.plan()
    codex.config.write_bytes(CONFIG + b"# new\n")
    with pytest.raises(CodexConfigChanged):
        codex.writer.write(plan, 1.0)
    assert codex.files() == {"config.toml": (CONFIG + b"# new\n", 0o644)}


def test_of_two_writers_the_second_is_told_to_look_again(codex: CodexHome) -> None:
    one, other = codex.plan(), codex.plan(ADDRESS)
    codex.writer.write(one, 1.0)
    with pytest.raises(CodexConfigChanged):
        codex.writer.write(other, 2.0)
    undo = codex.writer.plan_undo()
    with WriteMemory(codex.memory).held(), pytest.raises(CodexSetupBusy):
        codex.writer.undo(undo)
    codex.undo()
    with pytest.raises(CodexConfigChanged):
        codex.writer.undo(undo)

"""Codex's background server: told from a file that is left, by what runs; and what of it is out of date."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("modes of POSIX", allow_module_level=True)

from app.platform.codex_config_findings import FindingCode
from app.platform.codex_server import RESTART, codex_server
from app.platform.codex_write_plan import UndoPlan, WritePlan
from tests.platform.codex_home import ADDRESS, ENV, KEY, NEWEST, OTHER_KEY, CodexHome, server_stand_in

SECRET = "ws-of-this-server"
THEN = {"WAYSTATION_LICENSE": SECRET}


@pytest.fixture
def codex(tmp_path: Path) -> CodexHome:
    return CodexHome(tmp_path)


@pytest.mark.parametrize("name", ["daemon.pid", "app-server.pid"])
def test_one_that_runs_is_known_with_what_it_was_started_with(codex: CodexHome, name: str) -> None:
    with server_stand_in(codex.codex_home, THEN, name) as path:
        found = codex_server(codex.codex_home, NEWEST)
        assert found is not None
        assert found.started_at == path.stat().st_mtime
        assert found.environ is not None
        assert found.environ["WAYSTATION_LICENSE"] == SECRET
        assert SECRET not in repr(found)
        assert codex_server(codex.codex_home, None) == found
        # Such a version neither starts one nor knows the command.
        assert codex_server(codex.codex_home, (0, 120, 0)) is None
    assert codex_server(codex.codex_home, NEWEST) is None


def test_a_number_that_is_another_programs_by_now_is_none(codex: CodexHome) -> None:
    with server_stand_in(codex.codex_home, THEN, argument="something-else"):
        assert codex_server(codex.codex_home, NEWEST) is None
    with server_stand_in(codex.codex_home, THEN) as path:
        os.utime(path, (time.time() - 60, time.time() - 60))
        assert codex_server(codex.codex_home, NEWEST) is None


@pytest.mark.parametrize("text", ["", "{}", "[]", "no JSON", '{"pid": null}', '{"pid": -1}', '{"pid": 99999999999}'])
def test_a_damaged_file_is_none(codex: CodexHome, text: str) -> None:
    path = codex.codex_home / "app-server-daemon" / "daemon.pid"
    assert codex_server(codex.codex_home, NEWEST) is None
    path.parent.mkdir()
    path.write_text(text, encoding="utf-8")
    assert codex_server(codex.codex_home, NEWEST) is None


def says(plan: WritePlan | UndoPlan) -> bool:
    """Whether it says that the server has to be restarted."""
    told = [finding.value for finding in plan.findings if finding.code is FindingCode.SERVER_KEEPS]
    assert told in ([], [RESTART])
    assert plan.restart == "".join(told)
    return bool(told)


def test_it_is_to_be_restarted_after_writing_and_until_that_is_done(codex: CodexHome) -> None:
    codex.env.write_bytes(ENV)
    assert not says(codex.plan())
    with server_stand_in(codex.codex_home, THEN) as path:
        plan = codex.write()
        assert says(plan)
        os.utime(codex.env, (path.stat().st_mtime + 5,) * 2)
        assert codex.plan().files == ()
        assert says(codex.plan())
        # It was.
        os.utime(path, (codex.env.stat().st_mtime + 5,) * 2)
        assert not says(codex.plan())
        # The provider's address alone is read anew.
        assert not says(codex.plan(url="http://127.0.0.1:9797/codex/v1"))
        assert says(codex.plan(key=OTHER_KEY))
        assert says(codex.writer.plan_undo())
    assert not says(codex.plan(key=OTHER_KEY))
    assert not says(codex.writer.plan_undo())


def test_it_keeps_the_login_too_where_that_is_used(codex: CodexHome) -> None:
    codex.auth.write_text(json.dumps({"OPENAI_API_KEY": "sk-mine"}), encoding="utf-8")
    with server_stand_in(codex.codex_home, THEN) as path:
        plan = codex.write(ADDRESS)
        assert plan.command
        assert says(plan)
        codex.auth.write_text(json.dumps({"OPENAI_API_KEY": KEY}), encoding="utf-8")
        os.utime(codex.auth, (path.stat().st_mtime + 5,) * 2)
        plan = codex.plan(ADDRESS)
        assert not plan.command
        assert says(plan)
        os.utime(path, (codex.auth.stat().st_mtime + 5,) * 2)
        assert not says(codex.plan(ADDRESS))
        # What it has of the license would go to OpenAI.
        assert says(codex.writer.plan_undo())


def test_a_login_that_is_renewed_is_no_matter_to_a_provider_of_our_own(codex: CodexHome) -> None:
    codex.write()
    with server_stand_in(codex.codex_home, THEN) as path:
        codex.auth.write_text(json.dumps({"tokens": {}}), encoding="utf-8")
        os.utime(codex.auth, (path.stat().st_mtime + 5,) * 2)
        assert not says(codex.plan())

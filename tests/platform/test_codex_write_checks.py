"""When Codex's files are not written, and what the user is told before."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("modes and links of POSIX", allow_module_level=True)

from app.core.errors import InvalidInput
from app.platform.codex_config_findings import Finding, FindingCode
from app.platform.codex_config_text import CodexConfigBroken, CodexConfigUneditable
from app.platform.codex_env_file import CodexEnvUnreadable
from app.platform.codex_ways import Route
from app.platform.codex_write_errors import (
    CodexChatGPTAddress,
    CodexLoginFollowed,
    CodexLoop,
    CodexMemoryUnusable,
    CodexTooOld,
)
from app.platform.codex_writer import CodexWriter
from tests.platform.codex_home import ADDRESS, KEY, NEWEST, OTHER_URL, OWN, URL, CodexHome


@pytest.fixture
def codex(tmp_path: Path) -> CodexHome:
    return CodexHome(tmp_path)


def codes(findings: tuple[Finding, ...]) -> list[FindingCode]:
    return [finding.code for finding in findings]


def test_broken_syntax_is_refused_with_its_line_and_nothing_is_written(codex: CodexHome) -> None:
    codex.config.write_bytes(b"a = 1\nb = \n")
    before = codex.files()
    with pytest.raises(CodexConfigBroken, match="line 2") as refused:
        codex.plan()
    assert refused.value.details == {"line": 2, "path": str(codex.config)}
    assert codex.files() == before
    codex.config.write_bytes(b"")
    codex.write()
    codex.config.write_bytes(codex.config.read_bytes() + b"= broken\n")
    for attempt in (codex.plan, codex.writer.plan_undo):
        with pytest.raises(CodexConfigBroken):
            attempt()


def test_something_else_in_our_place_is_refused(codex: CodexHome) -> None:
    codex.config.write_bytes(b"[model_provider]\na = 1\n")
    with pytest.raises(CodexConfigUneditable):
        codex.plan()


def test_an_env_file_in_utf_16_is_refused(codex: CodexHome) -> None:
    codex.env.write_bytes("A=1\n".encode("utf-16"))
    with pytest.raises(CodexEnvUnreadable) as refused:
        codex.plan()
    assert refused.value.details == {"path": str(codex.env)}


@pytest.mark.parametrize("data", ["", "[]", '{"version": 2, "files": {}}', '{"version": 1, "files": {"PATH": [{}]}}'])
def test_a_memory_that_cannot_be_read_is_named(data: str, codex: CodexHome) -> None:
    codex.memory.parent.mkdir()
    codex.memory.write_text(data.replace("PATH", str(codex.config)))
    for attempt in (codex.writer.state, codex.plan, codex.writer.plan_undo):
        with pytest.raises(CodexMemoryUnusable) as refused:
            attempt()
        assert refused.value.details["path"] == str(codex.memory)


def test_a_gateway_that_would_ask_itself_is_refused(tmp_path: Path) -> None:
    for name in ("WAYSTATION_CHATGPT_BASE_URL", "WAYSTATION_OPENAI_BASE_URL"):
        codex = CodexHome(tmp_path, {name: "http://localhost:8787/v1"})
        with pytest.raises(CodexLoop) as refused:
            codex.plan()
        assert refused.value.details == {"name": name, "address": "http://localhost:8787/v1"}
        codex.plan(OWN, "http://127.0.0.1:8788/codex/v1")


def test_codex_asking_us_for_its_account_is_refused(codex: CodexHome) -> None:
    codex.config.write_text('chatgpt_base_url = "http://localhost:8787/backend-api/"\n')
    with pytest.raises(CodexChatGPTAddress):
        codex.plan()


def test_only_the_two_ways_that_write_are_taken_and_the_second_not_by_old_versions(codex: CodexHome) -> None:
    for route in (Route.SHELL_FUNCTION, Route.ENVIRONMENT):
        with pytest.raises(InvalidInput):
            codex.plan(route)
    with pytest.raises(CodexTooOld) as refused:
        codex.writer.plan(ADDRESS, URL, KEY, (0, 118, 0))
    assert refused.value.details == {"version": "0.118.0"}
    codex.writer.plan(OWN, URL, KEY, (0, 42, 0))
    assert codes(codex.writer.plan(ADDRESS, URL, KEY, None).findings) == [FindingCode.ADDRESS_NEEDS]
    assert codex.plan(ADDRESS).findings == ()


def test_the_login_is_never_touched_and_the_user_is_told_what_to_run(codex: CodexHome) -> None:
    login = json.dumps({"auth_mode": "chatgpt", "OPENAI_API_KEY": None, "tokens": {"refresh_token": "r"}}).encode()
    codex.auth.write_bytes(login)
    plan = codex.write(ADDRESS)
    assert plan.command == f"echo '{KEY}' | codex login --with-api-key"
    copy = f"{codex.auth}.before-waystation"
    assert plan.findings == (Finding(FindingCode.LOGIN_REPLACED, str(codex.auth), copy),)
    assert codex.auth.read_bytes() == login
    # As the user does.
    Path(copy).write_bytes(login)
    codex.auth.write_text(json.dumps({"OPENAI_API_KEY": KEY}))
    assert codex.plan(ADDRESS).command == ""

    undo = codex.writer.plan_undo()

    assert undo.command == f"mv -f {copy} {codex.auth}"
    assert undo.findings == (Finding(FindingCode.KEY_SAVED, str(codex.auth)),)
    Path(copy).unlink()
    assert codex.writer.plan_undo().command == "codex logout"
    assert codex.plan(OWN).command == "codex logout"
    assert "license" in codex.plan(OWN).findings[0].text


@pytest.mark.parametrize("store", ["keyring", "auto"])
def test_a_login_in_the_keyring_is_told_of_since_nobody_sees_it(store: str, codex: CodexHome) -> None:
    codex.config.write_text(f'cli_auth_credentials_store = "{store}"\n')
    assert codex.plan(ADDRESS).findings == (Finding(FindingCode.LOGIN_HIDDEN, "cli_auth_credentials_store", store),)
    assert codex.plan(OWN).findings == ()


def test_a_login_that_a_token_follows_is_not_overwritten(codex: CodexHome) -> None:
    followed = [str(codex.auth)]
    with pytest.raises(CodexLoginFollowed):
        codex.writer.plan(ADDRESS, URL, KEY, NEWEST, followed=followed)
    plan = codex.writer.plan(OWN, URL, KEY, NEWEST, followed=followed)
    assert plan.findings == (Finding(FindingCode.LOGIN_FOLLOWED, str(codex.auth)),)
    assert codex.writer.plan(OWN, URL, KEY, NEWEST, followed=["/elsewhere/auth.json"]).findings == ()


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ((0, 45, 0), []),
        ((0, 80, 0), [FindingCode.HISTORY_FILTERED]),
        ((0, 140, 0), [FindingCode.HISTORY_FILTERED]),
        ((0, 169, 0), [FindingCode.HISTORY_FORK]),
        (None, [FindingCode.HISTORY_FILTERED, FindingCode.HISTORY_FORK]),
    ],
)
def test_how_to_see_earlier_conversations_is_told(
    version: tuple[int, int, int] | None, expected: list[FindingCode], codex: CodexHome
) -> None:
    assert codex.writer.plan(OWN, URL, KEY, version).findings == ()
    (codex.codex_home / "sessions").mkdir()
    codex.config.write_bytes(b'model_provider = "azure"\n')
    plan = codex.writer.plan(OWN, URL, KEY, version)
    assert codes(plan.findings) == expected
    if FindingCode.HISTORY_FILTERED in expected:
        assert "codex resume -c model_provider=azure " in plan.findings[0].text
    codex.write()
    assert codes(codex.writer.plan_undo().findings) == [FindingCode.HISTORY_OURS]


def test_files_that_outweigh_ours_are_named(codex: CodexHome, tmp_path: Path) -> None:
    projects = tmp_path / "a", tmp_path / "b"
    texts = 'model_provider = "x"', f'[model_providers.waystation]\nbase_url = "{OTHER_URL}"'
    for folder, said in zip(projects, texts, strict=True):
        (folder / ".codex").mkdir(parents=True)
        (folder / ".codex" / "config.toml").write_text(said)
    codex.config.write_text("".join(f'[projects."{folder}"]\ntrust_level = "trusted"\n' for folder in projects))
    codex.managed.write_text('model_provider = "corp"\n')
    managed = Finding(FindingCode.MANAGED_FILE, str(codex.managed), "corp")
    assert codex.plan().findings == (managed,)
    assert codex.writer.plan(OWN, URL, KEY, (0, 100, 0)).findings == (
        managed,
        Finding(FindingCode.PROJECT_FILE, str(projects[0] / ".codex" / "config.toml"), "x"),
        Finding(FindingCode.PROJECT_FILE, str(projects[1] / ".codex" / "config.toml"), OTHER_URL),
    )


def test_every_finding_has_its_sentence() -> None:
    for code in FindingCode:
        text = Finding(code, "WHERE", "VALUE").text
        assert text.endswith(".")
        assert "{" not in text


def test_commands_for_windows_are_for_powershell(codex: CodexHome) -> None:
    writer = CodexWriter({}, codex.home, codex.memory, system="win32")
    assert writer.plan(ADDRESS, URL, KEY, NEWEST).command == f'"{KEY}" | codex login --with-api-key'

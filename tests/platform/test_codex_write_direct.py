"""NO_PROXY in Codex's .env, where a proxy of the user's stands between Codex and the gateway."""

from __future__ import annotations

import json
import stat
import sys
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("modes of POSIX", allow_module_level=True)

from app.platform.codex_config_findings import FindingCode
from app.platform.codex_ways import Route
from app.platform.codex_write_memory import WriteMemory
from app.platform.codex_writer import CodexWriter
from tests.platform.codex_home import ADDRESS, CONFIG, ENV, KEY, NEWEST, OWN, URL, CodexHome

PROXIED = {
    "HTTP_PROXY": "http://127.0.0.1:7890",
    "NO_PROXY": "intranet.example, 10.0.0.0/8",
    "no_proxy": "more.example",
}
LINE = "NO_PROXY=intranet.example,10.0.0.0/8,more.example,127.0.0.1"
MARK = b"\xef\xbb\xbf"


@pytest.fixture
def codex(tmp_path: Path) -> CodexHome:
    return CodexHome(tmp_path, dict(PROXIED))


@pytest.mark.parametrize("route", [OWN, ADDRESS])
@pytest.mark.parametrize("env", [None, b"", ENV, ENV.rstrip(), MARK + b"A=1", ENV.replace(b"\n", b"\r\n")])
def test_it_is_written_shown_and_undone_to_the_byte(env: bytes | None, route: Route, codex: CodexHome) -> None:
    codex.config.write_bytes(CONFIG)
    if env is not None:
        codex.env.write_bytes(env)
        codex.env.chmod(0o644)
    before = codex.files()

    plan = codex.write(route)

    assert LINE.encode() in codex.env.read_bytes().splitlines()
    (finding,) = [item for item in plan.findings if item.code is FindingCode.DIRECT_WRITTEN]
    assert (finding.where, finding.value) == (str(codex.env), "127.0.0.1")
    assert f"+{LINE}" in next(file.diff for file in plan.files if file.path == codex.env)
    # Without the license nothing in it is secret.
    assert stat.S_IMODE(codex.env.stat().st_mode) == (0o600 if route is OWN or env is None else 0o644)
    assert codex.plan(route).files == ()
    assert codex.undo() == ()
    assert codex.files() == before


@pytest.mark.parametrize("environ", [{}, {"HTTPS_PROXY": "http://p"}, PROXIED | {"NO_PROXY": "127.0.0.1"}])
def test_nothing_is_written_where_no_proxy_is_in_the_way(environ: dict[str, str], tmp_path: Path) -> None:
    codex = CodexHome(tmp_path, dict(environ))
    plan = codex.write(OWN)
    assert b"PROXY" not in codex.env.read_bytes()
    assert plan.findings == ()


def test_a_line_of_the_user_s_is_extended_and_comes_back(codex: CodexHome) -> None:
    mine = b"A=1\r\nexport NO_PROXY = 'mine.example' # mine\r\nB=2"
    codex.env.write_bytes(mine)
    codex.write(ADDRESS)
    assert codex.env.read_bytes() == b"A=1\r\nNO_PROXY=mine.example,more.example,127.0.0.1\r\nB=2"
    codex.undo()
    assert codex.env.read_bytes() == mine


def test_a_proxy_that_stands_in_the_file_counts(tmp_path: Path) -> None:
    codex = CodexHome(tmp_path)
    codex.env.write_bytes(b"all_proxy=socks5://127.0.0.1:7890\n")
    codex.write()
    assert codex.env.read_text().splitlines()[:2] == [f"WAYSTATION_LICENSE={KEY}", "NO_PROXY=127.0.0.1"]
    codex.undo()
    assert codex.env.read_bytes() == b"all_proxy=socks5://127.0.0.1:7890\n"


def test_it_follows_the_terminal_when_it_is_written_again(codex: CodexHome) -> None:
    codex.env.write_bytes(ENV)
    codex.write()
    terminal = PROXIED | {"NO_PROXY": "new.example", "no_proxy": ""}

    plan = codex.writer.plan(OWN, URL, KEY, NEWEST, terminal=terminal)

    codex.writer.write(plan, 2.0)
    assert codex.env.read_bytes() == f"WAYSTATION_LICENSE={KEY}\nNO_PROXY=new.example,127.0.0.1\n".encode() + ENV
    codex.writer.write(codex.writer.plan(OWN, URL, KEY, NEWEST, terminal={}), 3.0)
    assert codex.env.read_bytes() == f"WAYSTATION_LICENSE={KEY}\n".encode() + ENV
    codex.undo()
    assert codex.env.read_bytes() == ENV


def test_what_the_user_made_of_it_stays_and_is_told(codex: CodexHome) -> None:
    codex.write()
    codex.env.write_bytes(codex.env.read_bytes().replace(b"more.example,", b""))
    assert codex.undo() == (".env: NO_PROXY",)
    assert codex.env.read_text() == LINE.replace("more.example,", "") + "\n"


@pytest.mark.parametrize("written", [0, 1])
def test_after_a_crash_while_only_this_line_changed_nothing_of_it_is_left(written: int, codex: CodexHome) -> None:
    codex.config.write_bytes(CONFIG)
    codex.env.write_bytes(ENV)
    codex.env.chmod(0o600)
    before = codex.files()
    codex.write()
    plan = codex.writer.plan(OWN, URL, KEY, NEWEST, terminal={})
    memory = WriteMemory(codex.memory)
    assert plan.writing is not None
    with memory.held():
        memory.write(codex.config, (plan.writing, *plan.remembered))
    for file in plan.files[:written]:
        assert file.after is not None
        file.path.write_bytes(file.after)
    assert codex.undo() == ()
    assert codex.files() == before


def test_on_windows_the_line_that_counts_is_the_one_that_changes(tmp_path: Path) -> None:
    codex = CodexHome(tmp_path)
    writer = CodexWriter(dict(PROXIED), codex.home, codex.memory, system="win32")
    codex.env.write_bytes(b"NO_PROXY=a\nno_proxy=b\n")
    writer.write(writer.plan(ADDRESS, URL, KEY, NEWEST), 1.0)
    assert codex.env.read_bytes() == b"NO_PROXY=a\nno_proxy=b,127.0.0.1\n"
    writer.undo(writer.plan_undo())
    assert codex.env.read_bytes() == b"NO_PROXY=a\nno_proxy=b\n"


def test_on_windows_the_command_that_puts_the_login_back_has_powershell_s_quotes(tmp_path: Path) -> None:
    codex = CodexHome(tmp_path / "O'Brien [王]")
    writer = CodexWriter({}, codex.home, codex.memory, system="win32")
    codex.auth.write_text(json.dumps({"OPENAI_API_KEY": KEY}))
    codex.auth.with_name("auth.json.before-waystation").write_text("{}")
    command = writer.plan(OWN, URL, KEY, NEWEST).command
    own = str(codex.auth).replace("'", "''")
    assert command == f"Move-Item -Force -LiteralPath '{own}.before-waystation' -Destination '{own}'"


@pytest.mark.parametrize(("version", "told"), [((0, 169, 0), False), ((0, 120, 0), True), (None, True)])
def test_the_managed_file_of_windows_is_told_where_codex_follows_it(
    tmp_path: Path, version: tuple[int, int, int] | None, told: bool
) -> None:
    codex = CodexHome(tmp_path)
    writer = CodexWriter({}, codex.home, codex.memory, system="win32")
    codex.config.with_name("managed_config.toml").write_bytes(b'model_provider = "acme"\n')
    codes = {finding.code for finding in writer.plan(OWN, URL, KEY, version).findings}
    assert (FindingCode.MANAGED_FILE in codes) is told


def test_the_folder_of_a_terminal_can_be_another_one(codex: CodexHome, tmp_path: Path) -> None:
    other = codex.writer.at(tmp_path / "other")
    other.write(other.plan(OWN, URL, KEY, NEWEST), 1.0)
    assert (tmp_path / "other" / "config.toml").exists()
    assert codex.writer.state() is None
    assert other.state() is not None


def test_a_forced_login_that_refuses_the_license_is_told(tmp_path: Path) -> None:
    codex = CodexHome(tmp_path)
    codex.config.write_bytes(b'forced_login_method = "chatgpt"\n')
    assert FindingCode.FORCED_LOGIN in {item.code for item in codex.plan(ADDRESS).findings}
    assert FindingCode.FORCED_LOGIN not in {item.code for item in codex.plan(OWN).findings}
    codex.config.write_bytes(b'forced_login_method = "api"\n')
    assert FindingCode.FORCED_LOGIN not in {item.code for item in codex.plan(ADDRESS).findings}

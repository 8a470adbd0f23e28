"""What a check makes of what it sees: settings, tokens, ports, and a run with the gateway's rows. Without processes."""

import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from string import Formatter
from typing import Any

import pytest

from app.platform.codex_check import CodexCheck
from app.platform.codex_check_gateway import why_not_listening
from app.platform.codex_check_judge import Seen, Verdict, is_decided, seen_of, verdict
from app.platform.codex_check_progress import CheckEnds, Progress
from app.platform.codex_check_report import CheckCode, CheckReport, CheckStep, Stage, StepState
from app.platform.codex_check_run import CodexRun, arguments
from app.platform.codex_check_settings import Lead, codex_environment, is_same_address, lead, where_set
from app.platform.codex_check_tokens import why_no_token
from app.platform.codex_check_words import WORDS
from app.platform.codex_facts import CodexFacts, ConfigSeen, SavedLogin, VariableSeen
from app.platform.codex_install import CodexInstall
from app.platform.ports import reserved_ports

HERE = "http://127.0.0.1:8787/codex/v1"
NEW = (0, 169, 0)
OLD = (0, 45, 0)
SESSION = "01a2068e-bba1-7d01-ac83-b35da9e9aa22"
HEAD = f"OpenAI Codex v0.169.0\n--------\nmodel: gpt-6.1-sol\nprovider: waystation\nsession id: {SESSION}\n--------\n"
OWN = (
    'model_provider = "waystation"\n[model_providers.waystation]\nname = "Waystation"\n'
    f'base_url = "{HERE}"\nenv_key = "WAYSTATION_LICENSE"\n'
)


def facts(
    home: Path, config: str, version: tuple[int, int, int] = NEW, login: SavedLogin = SavedLogin.NONE
) -> CodexFacts:
    folder = home / ".codex"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "config.toml"
    path.write_text(config, encoding="utf-8")
    return CodexFacts(
        CodexInstall(Path("/usr/bin/codex"), version),
        (),
        folder,
        False,
        ConfigSeen(path, True, None, False, None, None),
        login,
        (),
        True,
        VariableSeen("WAYSTATION_LICENSE", False, False),
    )


def led(home: Path, config: str, environ: Mapping[str, str] | None = None, **more: Any) -> Lead:
    meaning = more.pop("meaning", "")
    return lead(facts(home, config, **more), environ or {}, home, meaning=meaning)


def test_a_provider_of_its_own_with_its_license(tmp_path: Path) -> None:
    found = led(tmp_path, OWN, {"WAYSTATION_LICENSE": "ws-x"})
    assert (found.address, found.provider, found.code, found.key) == (HERE, "waystation", None, "ws-x")
    assert "ws-x" not in repr(found)


def test_codex_refuses_nothing_that_a_byte_order_mark_or_crlf_brings(tmp_path: Path) -> None:
    found = led(tmp_path, "\ufeff" + OWN.replace("\n", "\r\n"), {"WAYSTATION_LICENSE": "ws-x"})
    assert (found.address, found.code) == (HERE, None)


def test_the_line_of_what_is_broken(tmp_path: Path) -> None:
    found = led(tmp_path, OWN + "x = [\n")
    assert found.code is CheckCode.CONFIG_BROKEN
    assert found.values is not None
    assert found.values["line"] in ("6", "7")


@pytest.mark.parametrize(
    ("version", "environ", "config", "address", "code"),
    [
        (NEW, {"OPENAI_BASE_URL": HERE}, "", "", CheckCode.ENVIRONMENT_IGNORED),
        (OLD, {"OPENAI_BASE_URL": HERE}, "", HERE, None),
        (OLD, {}, f'openai_base_url = "{HERE}"', "", CheckCode.NOT_SET_UP),
        (NEW, {}, f'openai_base_url = "{HERE}/"', HERE, None),
        (NEW, {}, "", "", CheckCode.NOT_SET_UP),
    ],
)
def test_codex_s_own_provider(
    tmp_path: Path,
    version: tuple[int, int, int],
    environ: dict[str, str],
    config: str,
    address: str,
    code: CheckCode | None,
) -> None:
    found = led(tmp_path, config, environ, version=version, login=SavedLogin.API_KEY)
    assert (found.address, found.code) == (address, code)


def test_a_profile_counts_in_the_versions_that_have_it_there(tmp_path: Path) -> None:
    config = f'profile = "work"\n{OWN}[profiles.work]\nmodel_provider = "acme"\n'
    assert led(tmp_path, config, version=OLD).profile == "work"
    assert led(tmp_path, config, version=NEW).profile == ""


def test_a_profile_that_the_alias_asks_for_is_a_file_in_newer_versions(tmp_path: Path) -> None:
    (tmp_path / ".codex").mkdir()
    (tmp_path / ".codex" / "way.config.toml").write_text('model_provider = "waystation"\n')
    config = OWN.replace('model_provider = "waystation"\n', "")
    found = led(tmp_path, config, {"WAYSTATION_LICENSE": "x"}, meaning="alias codex='codex -p way'")
    assert (found.address, found.profile, found.code) == (HERE, "way", None)


def test_a_function_that_sets_everything_leads_where_it_says(tmp_path: Path) -> None:
    meaning = f"codex () {{ command codex -c 'model_providers.waystation.base_url={HERE}' \"$@\" }}"
    found = led(tmp_path, "", meaning=meaning)
    assert (found.address, found.by_function, found.code) == (HERE, True, None)


def test_the_env_file_wins_but_for_codex_s_own_names(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("# mine\nexport A='b c'\nHTTP_PROXY=http://x # why\nCODEX_API_KEY=no\nEMPTY=\n")
    found = codex_environment({"A": "old", "EMPTY": "full", "B": "stays"}, tmp_path)
    assert found == {"A": "b c", "HTTP_PROXY": "http://x", "EMPTY": "", "B": "stays"}


@pytest.mark.parametrize(
    ("file", "line"),
    [
        (".bashrc", "export WAYSTATION_LICENSE=ws-x"),
        (".config/fish/config.fish", "set -gx WAYSTATION_LICENSE ws-x"),
        ("Documents/PowerShell/Microsoft.PowerShell_profile.ps1", '$env:WAYSTATION_LICENSE = "ws-x"'),
    ],
)
def test_where_a_shell_s_own_files_set_a_variable(tmp_path: Path, file: str, line: str) -> None:
    (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / file).write_text(f"# WAYSTATION_LICENSE=no\n{line}\n")
    assert where_set("WAYSTATION_LICENSE", tmp_path) == tmp_path / file
    assert where_set("WAYSTATION", tmp_path) is None


def test_addresses_are_one_by_host_and_port() -> None:
    assert is_same_address(HERE, "http://localhost:8787/v1/")
    assert not is_same_address(HERE, "http://127.0.0.1:8788/codex/v1")
    assert not is_same_address("nonsense", "http://[")


# --- tokens


def token(state: str, reason: str | None = None, until: float | None = None) -> dict[str, Any]:
    return {"state": state, "rest_reason": reason, "rest_until": until}


@pytest.mark.parametrize(
    ("tokens", "code"),
    [
        ([], CheckCode.NO_TOKENS),
        ([token("disabled"), token("ready")], None),
        ([token("resting", "usage_limit_reached", 2.0), token("disabled")], CheckCode.TOKENS_AT_LIMIT),
        ([token("resting", "usage_limit_reached", 2.0), token("resting", "http_500", 1.0)], CheckCode.TOKENS_REST),
        ([token("sign_in"), token("disabled")], CheckCode.TOKENS_NEED_SIGN_IN),
        ([token("sealed")], CheckCode.TOKENS_SEALED),
        ([token("disabled")], CheckCode.TOKENS_DISABLED),
    ],
)
def test_why_no_token_can_serve(tokens: list[dict[str, Any]], code: CheckCode | None) -> None:
    why = why_no_token(tokens, lambda seconds: f"at {seconds:g}")
    assert (why.code if why else None) is code


def test_the_first_token_to_come_back_gives_the_time() -> None:
    tokens = [token("resting", "usage_limit_reached", until) for until in (9.0, 5.0)]
    why = why_no_token(tokens, lambda seconds: f"at {seconds:g}")
    assert why is not None
    assert why.values == {"until": "at 5"}


# --- the gateway


async def test_a_port_that_windows_keeps_is_named_with_its_range() -> None:
    said = """
Protocol tcp Port Exclusion Ranges

Start Port    End Port
----------    --------
      5357        5357
      8700        8799
     50000       50059     *

* - Administered port exclusions.
"""
    status = {
        "state": "failed",
        "port": 8787,
        "problem": "no",
        "problem_code": "port_busy",
        "problem_details": {"reason": "forbidden"},
    }
    why = await why_not_listening(status, reserved=lambda: reserved_ports(said))
    assert why is not None
    assert (why.code, why.values) == (CheckCode.PORT_RESERVED, {"port": "8787", "ranges": "8700-8799"})
    assert reserved_ports("Zugriff verweigert") == ()


@pytest.mark.skipif(sys.platform == "win32", reason="a script stands in for wsl.exe")
async def test_a_codex_that_is_in_wsl_alone_is_told_so(tmp_path: Path) -> None:
    wsl = tmp_path / "wsl.exe"
    wsl.write_text(
        '#!/bin/sh\ncase "$1" in -l) echo Ubuntu ;; *) echo codex-at=/usr/bin/codex; echo codex-cli 0.169.0 ;; esac\n'
    )
    wsl.chmod(0o755)

    async def call(name: str, params: dict[str, Any]) -> Any:
        return {"state": "running", "base_url": HERE}

    check = CodexCheck({"PATH": f"{tmp_path}:/usr/bin:/bin"}, tmp_path, call, fresh=False, system="win32")
    report = await check.run(lambda steps: None)
    assert report.problem is not None
    assert report.problem.code is CheckCode.CODEX_IN_WSL
    assert report.problem.text == "Codex was found in WSL (Ubuntu), and not in Windows."
    assert report.problem.command == "waystation setup codex --shell wsl"


def test_what_codex_says_of_a_login_that_it_removes_is_no_damage() -> None:
    said = "API key login is required, but ChatGPT is currently being used. Logging out.\n"
    run = CodexRun(0.0, err=bytearray(said.encode()), code=1)
    found = verdict(run, Seen(), newer=False)
    assert found == Verdict(Stage.SETTINGS, CheckCode.FORCED_LOGIN, {"value": "api"})


@pytest.mark.parametrize(
    ("config", "login", "version", "forced"),
    [
        (OWN, SavedLogin.CHATGPT, NEW, "api"),
        (OWN, SavedLogin.API_KEY, NEW, "chatgpt"),
        (OWN, SavedLogin.API_KEY, NEW, ""),
        (OWN, SavedLogin.NONE, NEW, ""),
        (OWN, SavedLogin.CHATGPT, OLD, ""),
        (f'openai_base_url = "{HERE}"\n', SavedLogin.NONE, NEW, "chatgpt"),
        (f'openai_base_url = "{HERE}"\n', SavedLogin.CHATGPT, NEW, "chatgpt"),
    ],
)
def test_a_forced_login_is_told_where_it_is_in_the_way(
    tmp_path: Path, config: str, login: SavedLogin, version: tuple[int, int, int], forced: str
) -> None:
    named = forced or ("api" if login is not SavedLogin.NONE else "chatgpt")
    config = f'forced_login_method = "{named}"\n{config}'
    found = led(tmp_path, config, {"WAYSTATION_LICENSE": "x"}, version=version, login=login)
    assert (found.code is CheckCode.FORCED_LOGIN) is bool(forced)


def test_the_ports_that_a_chinese_windows_keeps() -> None:
    said = """
协议 tcp 端口排除范围

开始端口    结束端口
----------    --------
      5357        5357
      8700        8799
     50000       50059     *

* - 管理的端口排除。

"""
    # Python reads the console's code page; should it take it for another, the numbers are still there.
    for text in (said, said.encode("cp936").decode("utf-8", "replace"), said.encode("cp936").decode("cp437")):
        assert reserved_ports(text) == (range(5357, 5358), range(8700, 8800), range(50000, 50060))


async def test_why_a_gateway_does_not_listen() -> None:
    status: dict[str, Any] = {"state": "failed", "port": 1, "problem": "Because.", "problem_code": "other"}
    why = await why_not_listening(status)
    assert why is not None
    assert (why.code, why.values) == (CheckCode.GATEWAY_FAILED, {"problem": "Because."})
    taken = status | {"problem_code": "port_busy", "problem_details": {"reason": "in_use"}}
    why = await why_not_listening(taken, owner=lambda port: "Code (4711)")
    assert why is not None
    assert (why.code, why.values["program"]) == (CheckCode.PORT_TAKEN, "Code (4711)")
    why = await why_not_listening({"state": "stopped"})
    assert why is not None
    assert why.code is CheckCode.GATEWAY_STOPPED


# --- a run


def run(out: str = HEAD, code: int | None = 0, *, ended: bool = False) -> CodexRun:
    return CodexRun(1000.0, err=bytearray(out.encode()), code=code, ended=ended)


def turn(**more: Any) -> dict[str, Any]:
    return {
        "started_at": 1001.0,
        "client": "codex_exec/0.169.0 (Debian)",
        "session_id": "s-1",
        "outcome": "completed",
        "status": 200,
        "error": None,
        "usage": None,
        "model": "gpt-6.1-sol",
    } | more


def turned_away(**more: Any) -> dict[str, Any]:
    return {
        "at": 1001.0,
        "client": "codex_exec/0.169.0 (Debian)",
        "session": SESSION,
        "status": 401,
        "code": "invalid_api_key",
        "license": "ws-…zz",
        "license_state": None,
        "path": "/codex/v1/responses",
        "host": "127.0.0.1:8787",
    } | more


NAMES = [{"id": "s-1", "name": SESSION}, {"id": "s-2", "name": "somebody-else"}]


def test_its_own_request_is_known_among_others() -> None:
    others = [
        turn(session_id="s-2"),
        turn(started_at=900.0),
        turn(session_id=None, client="codex-tui/0.169.0"),
        turn(session_id=None, client="codex_exec/0.140.0"),
    ]
    own = turn()
    found = seen_of(run(), NEW, [turned_away(session="other"), turned_away(at=1.0)], [*others, own], NAMES)
    assert found == Seen((), (own,))


def test_before_it_has_named_its_session_nothing_is_its_own() -> None:
    running, ended = run("", code=None), run("", code=1)
    assert seen_of(running, NEW, [turned_away()], [turn()], NAMES).nothing
    assert not seen_of(ended, NEW, [turned_away()], [turn()], NAMES).nothing


def test_without_a_printed_session_its_name_and_the_time_must_do() -> None:
    own = turn(client="codex_cli_rs/0.42.0 (Debian)")
    found = seen_of(run("OpenAI Codex v0.42.0\n"), (0, 42, 0), [], [turn(), own], NAMES)
    assert found.turns == (own,)


def test_a_websocket_that_is_refused_is_no_refusal() -> None:
    assert seen_of(run(), NEW, [turned_away(status=426)], [], NAMES).nothing


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (turned_away(), CheckCode.LICENSE_UNKNOWN),
        (turned_away(license_state="revoked"), CheckCode.LICENSE_REVOKED),
        (turned_away(license_state="expired"), CheckCode.LICENSE_EXPIRED),
        (turned_away(license=None, code=None), CheckCode.LICENSE_MISSING),
        (turned_away(status=404, code="unknown_url"), CheckCode.PATH_UNKNOWN),
        (turned_away(status=403, code="host_not_allowed"), CheckCode.HOST_REFUSED),
    ],
)
def test_what_the_door_refuses_is_decided_at_once(row: dict[str, Any], code: CheckCode) -> None:
    seen = Seen((row,))
    assert is_decided(seen)
    found = verdict(run(code=None, ended=True), seen, newer=False)
    assert found is not None
    assert (found.stage, found.code) == (Stage.DOOR, code)


@pytest.mark.parametrize(
    ("rows", "decided"),
    [
        ([turn(outcome="failed", status=503)], False),
        ([turn(outcome="failed", status=503)] * 2, True),
        ([turn(outcome="failed", status=400)], True),
        ([turn(), turn(outcome="failed", status=503)], False),
    ],
)
def test_when_nothing_better_can_come(rows: list[dict[str, Any]], decided: bool) -> None:
    assert is_decided(Seen((), tuple(rows))) is decided


def told(out: str, code: int | None, seen: Seen | None = None, **more: Any) -> Verdict | None:
    ended = more.pop("ended", False)
    return verdict(run(out, code, ended=ended), seen or Seen(), newer=more.pop("newer", False))


def test_an_answer_after_a_failure_is_an_answer() -> None:
    seen = Seen((), (turn(), turn(outcome="failed", status=503)))
    assert told(HEAD, 0, seen) is None
    assert told(HEAD, 0, Seen((), (turn(outcome="client_left", usage={"input_tokens": 1}),))) is None


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (turn(outcome="failed", status=502, error="upstream_failed"), CheckCode.UPSTREAM_FAILED),
        (turn(outcome="failed", status=400, error="upstream_unreachable"), CheckCode.UPSTREAM_UNREACHABLE),
        (turn(outcome="failed", status=403, error="http_403"), CheckCode.UPSTREAM_REFUSED),
        (turn(outcome="failed", status=400, error="model_not_found"), CheckCode.MODEL_UNKNOWN),
        (turn(outcome="failed", status=200, error="upstream_stream_truncated"), CheckCode.ANSWER_BROKEN),
        (turn(outcome="refused", status=429, error="license_budget"), CheckCode.BUDGET_SPENT),
        (turn(outcome="refused", status=429, error="usage_limit_reached"), CheckCode.TOKENS_AT_LIMIT),
        (turn(outcome="refused", status=400, error="no_available_token"), CheckCode.TOKENS_REST),
        (turn(outcome="refused", status=413, error="request_too_large"), CheckCode.DOOR_REFUSED),
        (turn(outcome="client_left", status=200), CheckCode.TOO_SLOW),
    ],
)
def test_what_became_of_a_turn(row: dict[str, Any], code: CheckCode) -> None:
    found = told(HEAD, None, Seen((), (row,)), ended=True)
    assert found is not None
    assert found.code is code


@pytest.mark.parametrize(
    ("out", "code", "found"),
    [
        ("Error loading config.toml: invalid type\nin `tools.web_search`\n", 1, CheckCode.CONFIG_REFUSED),
        ("Error: invalid type: integer `3`, expected struct X\nin `mcp_servers.x`\n", 1, CheckCode.CONFIG_REFUSED),
        ("node:internal/modules/cjs/loader:1\nError: Cannot find module\n", 1, CheckCode.CODEX_DAMAGED),
        ("error: unexpected argument '-s' found\n", 2, CheckCode.CODEX_FAILED),
        ("All new\n", 0, CheckCode.ANSWER_UNKNOWN),
        (f"{HEAD}ERROR: Missing environment variable: `MY_KEY`.\n", 1, CheckCode.VARIABLE_MISSING),
        (f"{HEAD}ERROR: Reconnecting... waiting for network\n", None, CheckCode.NOTHING_ARRIVED),
        (f"{HEAD}", None, CheckCode.TOO_SLOW),
        (f"{HEAD}ERROR: unexpected status 502 Bad Gateway\n", 1, CheckCode.NOTHING_ARRIVED),
    ],
)
def test_what_codex_says_where_nothing_arrived(out: str, code: int | None, found: CheckCode) -> None:
    verdict = told(out, code, ended=code is None)
    assert verdict is not None
    assert verdict.code is found


def test_a_complaint_is_one_line_without_what_was_before() -> None:
    out = f"{HEAD}warning: nothing\nERROR: Reconnecting... 5/5\nERROR: unexpected status 502\n"
    assert run(out, 1).said == "ERROR: unexpected status 502"
    syntax = "Error loading config.toml:\n/x/config.toml:8:7: unclosed array\n  |\n8 | x = [\n"
    assert run(syntax, 1).said.startswith("Error loading config.toml: /x/config.toml:8:7: unclosed array")


def test_newer_versions_leave_no_conversation_behind(tmp_path: Path) -> None:
    assert "--ephemeral" in arguments(NEW, tmp_path, by_shell=False)
    assert "--ephemeral" not in arguments((0, 80, 0), tmp_path, by_shell=False)
    assert str(tmp_path) in arguments(NEW, tmp_path, by_shell=True)


# --- words, steps, report


def test_every_code_has_words() -> None:
    assert set(WORDS) == set(CheckCode)
    for words in WORDS.values():
        assert words.text.endswith((".", "{path}", "{said}", "{problem}", "}.")), words
        assert all(name is None or name.isidentifier() for _, name, _, _ in Formatter().parse(words.text + words.fix))


def test_what_goes_wrong_late_takes_back_what_went_well_after_it() -> None:
    seen: list[tuple[CheckStep, ...]] = []
    progress = Progress(seen.append, lambda text: text.replace("secret", "…"))
    for stage, code in ((Stage.CODEX, CheckCode.CODEX_FOUND), (Stage.TOKEN, CheckCode.TOKENS_READY)):
        progress.good(stage, code, {"version": "1", "path": "secret", "ready": "1", "all": "2", "more": "x"})
    assert isinstance(progress.wrong(Stage.SETTINGS, CheckCode.CONFIG_REFUSED, {"said": "no", "path": "p"}), CheckEnds)
    steps = {step.stage: step for step in progress.finish()}
    assert steps[Stage.CODEX].values == {"version": "1", "path": "…"}
    assert steps[Stage.TOKEN].state is StepState.SKIPPED
    assert steps[Stage.SETTINGS].text == "Codex does not accept its settings. It says: no"
    assert len(seen) == 5


def test_a_report_names_its_problem_and_can_be_pasted() -> None:
    steps = tuple(CheckStep(stage, StepState.OK, CheckCode.LET_IN, "Well.") for stage in Stage)
    well = CheckReport(steps, 0.0, 1.25, {"Codex": "0.169.0"})
    assert well.problem is None
    assert well.as_data()["ok"] is True
    wrong = replace(steps[2], state=StepState.FAILED, text="Bad.", fix="Mend it.", command="mend")
    report = replace(well, steps=(*steps[:2], wrong, *steps[3:]))
    assert report.problem is wrong
    assert report.as_data()["problem"] == "let_in"
    text = report.text()
    assert "[FAIL] Gateway: Bad.\n       Mend it.\n       mend\n" in text
    assert text.endswith("Codex: 0.169.0\nTook: 1.2 s\n")

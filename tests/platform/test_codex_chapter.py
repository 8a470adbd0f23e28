"""What README and user guide say of Codex, in both languages, is what the program makes, does and says."""

import itertools
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from app.commandline.parser import parser
from app.gateway.sub_paths import sub_path
from app.platform.codex_check_report import CheckCode
from app.platform.codex_check_words import WORDS
from app.platform.codex_config import edited
from app.platform.codex_config_findings import FindingCode, OpenAIAddress, OwnProvider
from app.platform.codex_env_file import env_edited, env_value
from app.platform.codex_notes import NoteCode, environment_notes, parse_codex_version
from app.platform.codex_proxies import is_bypassed
from app.platform.codex_route import possible_routes
from app.platform.codex_setup import LICENSE_VARIABLE, CannotLast, environment_text, login_text, setup_text
from app.platform.codex_steps import INSTALL, StepCode, guide_steps
from app.platform.codex_ways import Route
from app.platform.codex_write_checks import history_findings
from app.platform.shells import Shell
from tests.e2e.guide import blocks, code_blocks

ROOT = Path(__file__).resolve().parents[2]
URL = "http://127.0.0.1:8787/codex/v1"
KEY = "ws-license-of-this-test"
READMES = ("README.md", "README.zh-CN.md")
GUIDES = ("docs/guide.md", "docs/guide.zh-CN.md")
DOCUMENTS = (*READMES, *GUIDES, "docs/tokens.md", "docs/tokens.zh-CN.md")
LANGUAGES = {Shell.BASH: "bash", Shell.CMD: "bat", Shell.POWERSHELL: "powershell"}
# The sections, in the order in which both guides have them.
SECTIONS = (
    "intro", "found", "write", "earlier", "texts", "steps", "outweighs", "proxy", "check", "websocket", "endpoints"
)  # fmt: skip

Row = list[str]


def document(name: str) -> str:
    """Its text, with a license in the place of the placeholder."""
    text = (ROOT / name).read_text(encoding="utf-8")
    return re.sub("<your license>|<你的许可证>", KEY, text)


def chapter(name: str) -> str:
    """The chapter about Codex."""
    return document(name).partition("\n## Codex\n")[2].partition("\n## ")[0]


def section(name: str, wanted: str) -> str:
    """One of the sections of that chapter."""
    parts = re.split(r"^### ", chapter(name), flags=re.MULTILINE)
    assert len(parts) == len(SECTIONS)
    return parts[SECTIONS.index(wanted)]


def rows(text: str) -> list[Row]:
    """The rows of all tables, without their heads, cell by cell."""
    found: list[Row] = []
    for line in text.splitlines():
        if line.startswith("|---"):
            found.pop()
        elif line.startswith("|"):
            found.append([cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
    return found


def codes(text: str) -> list[str]:
    """What stands in backquotes, outside of the blocks."""
    prose = re.sub(r"^ *```.*?^ *```$", "", text, flags=re.DOTALL | re.MULTILINE)
    return re.findall(r"`([^`]+)`", prose)


def made() -> dict[str, set[str]]:
    """All texts for an own Codex that the program makes, by the language that a block names."""
    address, notes = edited(None, OpenAIAddress(URL)), environment_notes(Shell.BASH)
    texts = {
        "toml": {edited(None, OwnProvider(URL)).after.decode(), address.after.decode()},
        "ini": {env_edited(None, LICENSE_VARIABLE, KEY)[0].decode()},
    }
    for shell, language in LANGUAGES.items():
        login = login_text(shell, KEY).strip()
        texts[language] = {plain(environment_text(shell, URL, KEY)), f"{login}\n"}
    texts["bash"] |= {f"{note.command}\n" for note in notes if note.code is NoteCode.KEY_MUST_BE_SAVED}
    return texts


def plain(text: str) -> str:
    return text.replace("\r\n", "\n")


@pytest.mark.parametrize("name", GUIDES)
def test_every_block_of_the_chapter_is_what_the_program_makes_or_a_command_of_it(name: str) -> None:
    texts = made()
    shown: dict[str, set[str]] = {language: set() for language in texts}
    for language, text in code_blocks(chapter(name)):
        if text in texts.get(language, ()):
            shown[language].add(text)
        elif not text.startswith("NO_PROXY="):
            assert all(re.match(r'(eval "\$\()?waystation ', line) for line in text.splitlines()), text
    assert shown == texts


def test_both_chapters_have_the_same_blocks() -> None:
    english, chinese = (code_blocks(chapter(name)) for name in GUIDES)
    assert english == chinese


@pytest.mark.parametrize("name", READMES)
def test_the_environment_variables_of_the_readme_are_the_programs(name: str) -> None:
    assert ("bash", environment_text(Shell.BASH, URL, KEY)) in code_blocks(document(name))


def test_the_blocks_of_the_users_own_guide_are_the_programs() -> None:
    found = blocks("192.0.2.7", 8787, KEY)
    for shell in LANGUAGES:
        assert plain(environment_text(shell, "http://192.0.2.7:8787/codex/v1", KEY)) in found
    assert [block for block in found if block.startswith(INSTALL)]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_command_exists_with_its_options(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = document(name)
    for typed in _commands(line for _, block in code_blocks(text) for line in block.splitlines()):
        words = shlex.split(re.sub(r" #.*| < .*| \| .*", "", re.sub("<[^<>]+>", "x", typed)))
        parser().parse_args(words)
    for named in _commands(codes(text)):
        words = named.split(" ")
        with pytest.raises(SystemExit) as ended:
            parser().parse_args([*itertools.takewhile(re.compile("[a-z][a-z-]*").fullmatch, words), "--help"])
        assert ended.value.code == 0, named
        said = capsys.readouterr().out
        assert [option for option in re.findall(r"--[a-z-]+", named) if option not in said] == [], named


def test_both_readmes_list_the_same_commands() -> None:
    english, chinese = ([codes(row[0]) for row in rows(document(name)) if "`waystation" in row[0]] for name in READMES)
    assert english == chinese


@pytest.mark.parametrize("name", [*READMES, *GUIDES])
def test_all_ways_of_setting_codex_up_are_named(name: str) -> None:
    assert set(Route) <= set(codes(document(name)))


@pytest.mark.parametrize("name", GUIDES)
def test_each_way_is_said_to_work_from_and_up_to_where_it_does(name: str) -> None:
    table = {codes(row[0])[0]: row[1] for row in rows(section(name, "found"))}
    assert set(table) == set(Route)
    for route, said in table.items():
        first, *last = [parse_codex_version(f"{version}.0") for version in re.findall(r"\d\.\d+", said)]
        assert Route(route) in possible_routes(first)
        if last:
            # There was no 0.119.
            assert last[0] == (0, 118, 0)
            assert Route(route) not in possible_routes((0, 120, 0))
        else:
            assert Route(route) in possible_routes((0, 169, 0))
    assert Route.OPENAI_ADDRESS not in possible_routes((0, 118, 0))


@pytest.mark.parametrize("name", GUIDES)
def test_every_note_before_writing_is_explained(name: str) -> None:
    assert sorted(code for row in rows(section(name, "write")) for code in codes(row[0])) == sorted(FindingCode)


@pytest.mark.parametrize("name", GUIDES)
def test_what_becomes_of_earlier_conversations_is_said_of_the_right_versions(name: str) -> None:
    for versions, own, _ in rows(section(name, "earlier")):
        for version in re.findall(r"\d\.\d+", versions):
            found = [finding.code for finding in history_findings({}, parse_codex_version(f"{version}.0"))]
            if version != "0.120":
                assert (FindingCode.HISTORY_FILTERED in found) is (
                    "-c model_provider=openai" in own or "0.140" in versions
                )
            assert (FindingCode.HISTORY_FORK in found) is ("codex fork ID" in own)


@pytest.mark.parametrize("name", GUIDES)
def test_each_shells_text_is_taken_back_as_the_table_says(name: str) -> None:
    table = {codes(row[0])[0]: row for row in rows(section(name, "texts"))}
    assert set(table) == set(Shell)
    for shell in Shell:
        _, undo, lasting, undo_lasting = table[shell]
        assert codes(undo)[0] in setup_text(shell, URL, KEY)
        try:
            text = setup_text(shell, URL, KEY, lasting=True)
        except CannotLast:
            assert (codes(lasting), codes(undo_lasting)) == ([], [])
            continue
        assert f"To go back: {codes(undo_lasting)[0]}" in text
        assert codes(undo_lasting)[0].endswith(codes(lasting)[0])
        for file in codes(lasting)[1:]:
            assert file.removeprefix("~/") in text


@pytest.mark.parametrize("name", GUIDES)
def test_the_four_steps_are_those_of_each_version(name: str) -> None:
    text = section(name, "steps")
    assert f"`{INSTALL}`" in text
    named = []
    for versions, address, key in rows(text):
        version = parse_codex_version(f"{re.findall(r'0.[0-9]+', versions)[0]}.0")
        last = guide_steps(Shell.BASH, URL, KEY, version)[-1].code
        pressed = codes(key)
        named.append(last)
        match last:
            case StepCode.KEY_TWO:
                assert pressed == ["2"]
            case StepCode.KEY_NAMED:
                assert pressed == ["2", "3"]
            case StepCode.KEY_THREE:
                assert pressed[0] == "3"
            case _:
                assert pressed == []
                assert "api.openai.com" in address
                assert "api.openai.com" in key
    assert named == [StepCode.KEY_TWO, StepCode.KEY_NAMED, StepCode.KEY_THREE, StepCode.NO_SIGN_IN]


@pytest.mark.parametrize("name", GUIDES)
def test_the_line_against_a_proxy_takes_it_out_of_the_way(name: str) -> None:
    ((language, line),) = code_blocks(section(name, "proxy"))
    exceptions = env_value(line.encode(), "NO_PROXY")

    assert language == "ini"
    assert exceptions is not None
    for host in ("127.0.0.1", "localhost"):
        environ = {"HTTP_PROXY": "http://127.0.0.1:7890", "NO_PROXY": exceptions}
        assert is_bypassed(environ, f"http://{host}:8787/codex/v1")
    assert not is_bypassed({"HTTP_PROXY": "http://127.0.0.1:7890"}, URL)


@pytest.mark.parametrize("name", GUIDES)
def test_everything_that_the_check_can_find_is_named(name: str) -> None:
    text = section(name, "check")
    explained = [codes(row[0])[0] for row in rows(text)]
    well = set(codes(text.partition("\n| ")[0])) & set(CheckCode)

    assert len(explained) == len(set(explained))
    assert set(explained) | well == set(CheckCode)
    assert set(explained) & well == set()
    # Where all is well nothing is to be done.
    assert {WORDS[CheckCode(code)].fix for code in well} == {""}


def test_the_table_of_the_check_says_what_the_check_says() -> None:
    for code, said, _ in rows(section(GUIDES[0], "check")):
        assert said == _with_gaps(WORDS[CheckCode(codes(code)[0])].text)


def test_the_chinese_table_says_what_the_window_says() -> None:
    file = ROOT / "resources" / "translations" / "waystation_zh_CN.ts"
    contexts = {context.findtext("name"): context for context in ElementTree.parse(file).iter("context")}
    translated = {
        message.findtext("source"): message.findtext("translation")
        for message in contexts.get("CheckFindings", ElementTree.Element("none")).iter("message")
    }
    for code, said, _ in rows(section(GUIDES[1], "check")):
        text = translated.get(WORDS[CheckCode(codes(code)[0])].text)
        assert text is None or said == _with_gaps(text)


@pytest.mark.parametrize("name", GUIDES)
def test_the_other_endpoints_exist(name: str) -> None:
    paths = [path for row in rows(section(name, "endpoints")) for path in codes(row[0])]
    besides = [path for path in paths if not path.startswith(("responses/", "models?"))]

    assert [path for path in besides if sub_path(path) is None] == []
    assert len(besides) == len(paths) - 2


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX shells")
@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_command_for_a_shell_sets_it_up(shell: str, tmp_path: Path) -> None:
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"no {shell} here")
    (line,) = (block for _, block in code_blocks(section(GUIDES[0], "texts")) if f"--shell {shell}" in block)
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, script in (
        ("waystation", f'exec "{sys.executable}" -m app "$@" --license {KEY}'),
        ("codex", f'echo "$@" with ${LICENSE_VARIABLE}'),
    ):
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)
    env = {
        "PATH": f"{folder}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "PYTHONPATH": str(ROOT),
        "WAYSTATION_DATA_DIR": str(tmp_path / "data"),
        "WAYSTATION_KEY_STORE": "file",
    }

    typed = f"{line}codex exec hi"
    done = subprocess.run([program, "-c", typed], env=env, capture_output=True, text=True, timeout=40, check=False)

    assert "-c model_provider=waystation" in done.stdout, done.stderr
    assert done.stdout.endswith(f"exec hi with {KEY}\n")


def _commands(lines: Iterable[str]) -> list[str]:
    """What follows the program's name."""
    return [found[1] for line in lines if (found := re.search(r"(?:^|\$\()waystation ([a-z][^)]*)", line))]


def _with_gaps(text: str) -> str:
    return re.sub(r"\{\w+\}", "…", text)

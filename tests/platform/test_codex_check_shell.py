"""What the user's real shells say of Codex, whatever else their files do; PowerShell by a stand-in."""

import asyncio
import os
import shutil
import sys
import time
from pathlib import Path

import psutil
import pytest

from app.platform.codex_check_run import CodexRun, run_codex
from app.platform.codex_check_shell import (
    UserShell,
    command_line,
    output_of,
    parsed_environment,
    registry_environment,
    terminal_environment,
    user_shell,
)

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX shells")

FILES = {"bash": ".bash_profile", "zsh": ".zshrc", "fish": ".config/fish/config.fish"}
FUNCTION = {
    "bash": "function codex { echo through $1; }",
    "zsh": "alias codex='echo through'",
    "fish": "function codex\n echo through $argv[1]\nend",
}


def at_home(home: Path, shell: str, lines: str) -> dict[str, str]:
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"no {shell} here")
    file = home / FILES[shell]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(lines, encoding="utf-8")
    return {"SHELL": program, "HOME": str(home), "PATH": os.environ["PATH"], "ONLY": "ours"}


@pytest.mark.parametrize("shell", FILES)
async def test_a_new_window_has_what_the_shell_s_files_set(tmp_path: Path, shell: str) -> None:
    sets = "set -gx MY_LICENSE 'two words'" if shell == "fish" else "export MY_LICENSE='two words'"
    environ = at_home(tmp_path, shell, f"echo good morning\n{sets}\ncd /\n")
    found = await user_shell(environ, fresh=True)
    assert found.answered
    assert found.environ["MY_LICENSE"] == "two words"
    assert found.environ["ONLY"] == "ours"
    assert not found.has_function
    assert "two words" not in repr(found)


async def test_the_environment_of_a_new_window_can_be_had_alone(tmp_path: Path) -> None:
    environ = at_home(tmp_path, "bash", "export HTTP_PROXY=http://127.0.0.1:7890\n")
    assert (await terminal_environment(environ))["HTTP_PROXY"] == "http://127.0.0.1:7890"
    (tmp_path / ".bash_profile").write_text("sleep 60\n")
    assert await terminal_environment(environ, timeout_s=0.5) is environ


@pytest.mark.parametrize("shell", FILES)
async def test_a_function_named_codex_is_started_by_the_shell(tmp_path: Path, shell: str) -> None:
    environ = at_home(tmp_path, shell, f"echo good morning\n{FUNCTION[shell]}\n")
    found = await user_shell(environ, fresh=True)
    assert "through" in found.meaning
    said = await output_of(command_line(found, Path("codex"), ("it's here",)), found.environ, 10.0)
    assert said.out.decode().splitlines()[-1] == "through it's here"


async def test_a_terminal_s_own_environment_is_kept(tmp_path: Path) -> None:
    environ = at_home(tmp_path, "bash", "")
    (tmp_path / ".bashrc").write_text(f"export MORE=1\n{FUNCTION['bash']}\n")
    found = await user_shell(environ, fresh=False)
    assert found.environ is environ
    assert found.has_function


async def test_a_shell_that_hangs_or_becomes_another_program_is_given_up(tmp_path: Path) -> None:
    environ = at_home(tmp_path, "bash", "sleep 60\n")
    started = time.monotonic()
    found = await user_shell(environ, fresh=True, timeout_s=0.5)
    assert (found.answered, found.environ) == (False, environ)
    assert time.monotonic() - started < 5.0
    (tmp_path / ".bash_profile").write_text("exec echo\n")
    assert not (await user_shell(environ, fresh=True)).answered
    assert not (await user_shell(environ | {"SHELL": "/bin/unknown-shell"}, fresh=True)).answered


def test_an_environment_is_read_with_and_without_zeros() -> None:
    assert parsed_environment(b"A=1\nstill A\0B=\0SHLVL=3\0BASH_FUNC_x%%=() {\0") == {"A": "1\nstill A", "B": ""}
    assert parsed_environment(b"A=1\nB=two=2\n") == {"A": "1", "B": "two=2"}


@pytest.mark.parametrize(
    ("policy", "kind", "forbidden"),
    [
        ("Restricted", "ExternalScript", r"C:\npm\codex.ps1"),
        ("AllSigned", "ExternalScript", r"C:\npm\codex.ps1"),
        ("RemoteSigned", "ExternalScript", ""),
        ("Restricted", "Application", ""),
    ],
)
async def test_powershell_says_whether_it_runs_npm_s_script(
    tmp_path: Path, policy: str, kind: str, forbidden: str
) -> None:
    environ = _powershell(tmp_path, policy, kind, r"C:\npm\codex.ps1", "")
    found = await user_shell(environ, fresh=False, system="win32")
    assert (found.forbidden_script, found.start, found.answered) == (forbidden, (), True)


async def test_powershell_s_function_is_started_by_powershell(tmp_path: Path) -> None:
    environ = _powershell(tmp_path, "Restricted", "Function", "", "    $settings = @(...)")
    found = await user_shell(environ, fresh=False, system="win32")
    assert found.meaning == "$settings = @(...)"
    assert command_line(found, Path("codex"), ("exec", "a b"))[-2:] == ("-Command", "codex 'exec' 'a b'")


async def test_a_path_in_chinese_comes_through_powershell(tmp_path: Path) -> None:
    path = r"C:\Users\王 小明\AppData\Roaming\npm\codex.ps1"
    environ = _powershell(tmp_path, "Restricted", "ExternalScript", path, "")
    assert (await user_shell(environ, fresh=False, system="win32")).forbidden_script == path


def test_arguments_for_powershell_have_its_own_quotes() -> None:
    found = command_line(
        UserShell({}, ("powershell.exe", "-Command"), "{}"), Path("codex"), ("O'Brien\u2019s 夹", "$x")
    )
    assert found == ("powershell.exe", "-Command", "codex 'O''Brien\u2019\u2019s 夹' '$x'")


def test_the_environment_of_a_new_window_of_windows() -> None:
    environ = {"PATH": "C:\\old", "HTTP_PROXY": "http://old", "USERPROFILE": "C:\\Users\\王", "TEMP": "C:\\t"}
    machine = [
        ("Path", r"%SystemRoot%\system32;%NODE%\bin;%Unknown%", True),
        ("Node", r"C:\Program Files\nodejs", False),
        ("SystemRoot", r"C:\Windows", False),
        ("TEMP", "no", False),
    ]
    user = [("Path", r"%USERPROFILE%\npm", True), ("http_proxy", "http://127.0.0.1:7890", False)]
    assert registry_environment(environ, [machine, user]) == {
        "PATH": r"C:\Windows\system32;C:\Program Files\nodejs\bin;%Unknown%;C:\Users\王\npm",
        "HTTP_PROXY": "http://127.0.0.1:7890",
        "USERPROFILE": "C:\\Users\\王",
        "TEMP": "C:\\t",
        "NODE": r"C:\Program Files\nodejs",
        "SYSTEMROOT": r"C:\Windows",
    }
    assert registry_environment({"Path": "a"}, []) == {"PATH": "a"}


def _powershell(folder: Path, policy: str, kind: str, source: str, definition: str) -> dict[str, str]:
    """A stand-in that answers the questions of the script it is given, in their order."""
    program = folder / "powershell.exe"
    program.write_text(
        f"#!{sys.executable}\n"
        "import re, sys\n"
        "mark = re.search(r\"'(waystation-\\w+)'\", sys.argv[-1])[1]\n"
        f"for part in ({policy!r}, {kind!r}, {source!r}, {definition!r}):\n"
        "    print(mark)\n    print(part)\n"
        "print(mark)\n",
        encoding="utf-8",
    )
    program.chmod(0o755)
    return {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}


async def test_a_run_leaves_no_process_behind(tmp_path: Path) -> None:
    program = tmp_path / "codex"
    program.write_text("#!/bin/sh\necho $$ > pid\nsetsid sleep 61 &\necho $! > child\nsleep 62\n")
    program.chmod(0o755)

    async def is_over(run: CodexRun) -> bool:
        return (tmp_path / "child").exists()

    environ = {"PATH": os.environ["PATH"]}
    run = await run_codex(UserShell(environ), program, None, environ, tmp_path, is_over, limit_s=10.0)
    assert (run.ended, run.code) == (True, None)
    assert run.took_s < 5.0
    assert not _runs(int((tmp_path / "pid").read_text()))
    # Nobody waits for that one: the system may take a moment.
    child = int((tmp_path / "child").read_text())
    for _ in range(100):
        if not _runs(child):
            break
        await asyncio.sleep(0.05)
    assert not _runs(child)


async def test_a_run_ends_within_its_bound(tmp_path: Path) -> None:
    program = tmp_path / "codex"
    program.write_text("#!/bin/sh\nwhile :; do echo noise; sleep 0.05; done\n")
    program.chmod(0o755)

    async def is_over(run: CodexRun) -> bool:
        return False

    environ = {"PATH": os.environ["PATH"]}
    run = await run_codex(UserShell(environ), program, None, environ, tmp_path, is_over, limit_s=0.5)
    assert run.ended
    assert 0.5 <= run.took_s < 5.0
    missing = await run_codex(UserShell(environ), tmp_path / "none", None, environ, tmp_path, is_over, limit_s=0.5)
    assert missing.problem == "No such file or directory"


def _runs(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False

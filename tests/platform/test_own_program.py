"""This program as a command, and what is started to outlive the one that starts it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app.platform.own_program import (
    ProgramNotStarted,
    forget_the_bundle,
    license_file,
    program_command,
    start_program,
)

ROOT = Path(__file__).resolve().parents[2]


def test_it_is_started_without_arguments() -> None:
    assert program_command(frozen=True, executable="/opt/waystation", environ={}) == ("/opt/waystation",)
    mounted = {"APPIMAGE": "/home/someone/Waystation.AppImage"}
    assert program_command(frozen=True, executable="/tmp/.mount/w", environ=mounted) == (mounted["APPIMAGE"],)
    program, dash, code = program_command(frozen=False)
    assert (program, dash) == (sys.executable, "-c")
    compile(code, "command", "exec")


def test_the_licenses_lie_beside_the_program_or_inside_an_application_or_in_the_checkout(
    tmp_path: Path,
) -> None:
    program, inside = tmp_path / "MacOS" / "Waystation", tmp_path / "Frameworks"
    program.parent.mkdir()
    assert license_file() == ROOT / "LICENSE"
    assert license_file(frozen=True, executable=str(program), parts=str(inside)) == inside / "LICENSES.txt"
    (program.parent / "LICENSES.txt").touch()
    assert license_file(frozen=True, executable=str(program), parts=str(inside)) == program.parent / "LICENSES.txt"


def test_windows_starts_the_program_without_a_console_also_from_the_one_with_it(tmp_path: Path) -> None:
    console, windowed = tmp_path / "waystation-cli.exe", tmp_path / "Waystation.exe"
    assert program_command(frozen=True, executable=str(console), environ={}) == (str(console),)
    windowed.touch()
    assert program_command(frozen=True, executable=str(console), environ={}) == (str(windowed),)
    assert program_command(frozen=True, executable=str(windowed), environ={}) == (str(windowed),)


@pytest.mark.parametrize(
    ("given", "loader"),
    [
        ({"PATH": "/bin"}, {"LD_LIBRARY_PATH": "/opt/w/_internal"}),
        (
            {"PATH": "/bin", "LD_LIBRARY_PATH": "/mine"},
            {"LD_LIBRARY_PATH": "/opt/w/_internal:/mine", "LD_LIBRARY_PATH_ORIG": "/mine"},
        ),
    ],
)
def test_what_the_bundles_loader_put_into_the_environment_reaches_no_other_program(
    given: dict[str, str], loader: dict[str, str]
) -> None:
    environ = given | loader | {"_PYI_ARCHIVE_FILE": "/opt/w/Waystation", "_PYI_PARENT_PROCESS_LEVEL": "0"}
    forget_the_bundle(environ)
    assert environ == given


def test_what_is_started_goes_on_when_the_one_that_started_it_is_gone(tmp_path: Path) -> None:
    told = tmp_path / "told"
    later = (
        "import os,pathlib,sys,time;time.sleep(0.3);"
        f"pathlib.Path({str(told)!r}).write_text(f'{{os.getsid(0) == os.getpid()}} {{os.environ[\"PYTHONPATH\"]}}')"
    )
    starter = (
        "import os;from app.platform.own_program import start_program;"
        f"start_program(({sys.executable!r}, '-c', {later!r}))"
    )
    environ = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"}
    done = subprocess.run([sys.executable, "-c", starter], env=environ, capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stderr) == (0, "")
    assert not told.exists()
    deadline = time.monotonic() + 10
    while not (told.exists() and told.read_text()):
        assert time.monotonic() < deadline, "it ended with the one that started it"
        time.sleep(0.02)
    assert told.read_text() == f"True {ROOT}"


def test_a_program_that_is_not_there_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ProgramNotStarted, match="start it yourself"):
        start_program((str(tmp_path / "gone"),))

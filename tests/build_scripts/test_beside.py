"""The bundle that is made beside the linters and tried with the tests, by stand-ins for what makes and tries it."""

import sys
from pathlib import Path

import psutil
import pytest

from bundle.beside import Making
from machine.checkout import Checkout
from machine.checks import SIDE_BY_SIDE, run_checks
from machine.report import Stop
from tests.support.waiting import wait_for

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="shell scripts")


def make_by(checkout: Checkout, script: str) -> None:
    """What is started in place of `build.py`."""
    (checkout.root / "build_scripts" / "build.py").write_text(script, encoding="utf-8")


def write_program(path: Path, script: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)


@pytest.fixture
def asked(checkout: Checkout) -> Path:
    """The file in which all checks write what they were asked; all of them pass."""
    file = checkout.root / "asked"
    for name in ("ruff", "mypy", "lint-imports", "pytest"):
        write_program(checkout.program(name), f'echo "{name} $*" >> "{file}"')
    return file


def test_it_comes_into_a_folder_of_its_own_by_the_command_that_makes_releases(checkout: Checkout) -> None:
    make_by(checkout, "import sys; print(sys.argv[1:])")
    with Making(checkout) as making:
        bundle = making.bundle()
    tested = checkout.build / "tested"
    assert bundle.folder == tested / "Waystation"
    assert (tested / "said.txt").read_text() == f"{['bundle', '--into', str(tested)]}\n"
    assert not checkout.dist.exists()


def test_the_tests_are_told_where_it_is(
    checkout: Checkout, asked: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_by(checkout, "")
    monkeypatch.setattr("machine.checks.figures", lambda _checkout, bundle: [f"sizes of {bundle.folder}"])
    with Making(checkout) as making:
        assert run_checks(checkout, [], making) == 0
    folder = checkout.build / "tested" / "Waystation"
    assert asked.read_text().splitlines()[-2:] == [
        "pytest --collect-only --quiet",
        f"pytest {' '.join(SIDE_BY_SIDE)} --bundle={folder}",
    ]
    assert capfd.readouterr().err.splitlines()[-2:] == [f"dev: sizes of {folder}", "dev: all passed"]


def test_where_it_cannot_be_made_the_reason_is_said_and_the_other_tests_run(
    checkout: Checkout, asked: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    make_by(checkout, "import sys; sys.exit('a library is missing')")
    with Making(checkout) as making:
        assert run_checks(checkout, [], making) == 1
    assert asked.read_text().splitlines()[-1] == f"pytest {' '.join(SIDE_BY_SIDE)}"
    said = capfd.readouterr().err
    assert "dev: a library is missing\n`build.py bundle` ended with 1" in said
    assert said.splitlines()[-1] == "dev: failed: the bundle"


def test_one_that_does_not_start_fails_the_whole(
    checkout: Checkout, asked: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    make_by(checkout, "")
    write_program(checkout.build / "tested" / "Waystation" / "Waystation", "exit 3")
    with Making(checkout) as making:
        assert run_checks(checkout, [], making) == 1
    said = capfd.readouterr().err.splitlines()
    assert said[-2].endswith("Waystation --version ended with exit code 3.")
    assert said[-1] == "dev: failed: the start of a program"


def test_a_command_that_stops_before_leaves_nothing_running(checkout: Checkout) -> None:
    there = checkout.root / "there"
    child = "import os, pathlib, sys, time; pathlib.Path(sys.argv[1]).write_text(str(os.getpid())); time.sleep(60)"
    make_by(checkout, f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}, {str(there)!r}])")
    with Making(checkout) as making:
        number = int(wait_for(lambda: there.exists() and there.read_text(), "what makes the bundle"))
    wait_for(lambda: not psutil.pid_exists(number) or psutil.Process(number).status() == "zombie", "its end")
    with pytest.raises(Stop, match=r"`build\.py bundle` ended with -15"):
        making.bundle()

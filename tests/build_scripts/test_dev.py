"""dev.py as people start it: another process, in a small clone with its own real environment."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from machine.checkout import Checkout
from machine.environment import ensure_environment

ROOT = Path(__file__).resolve().parents[2]
posix = pytest.mark.skipif(sys.platform == "win32", reason="shell scripts and signals")


def dev(checkout: Checkout, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, checkout.root / "build_scripts/dev.py", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=50, check=False, cwd="/")


@posix
def test_run_without_a_display_starts_the_gateway_alone_with_its_exit_code(checkout: Checkout) -> None:
    first = dev(checkout, "run", "--minimized")
    assert first.stdout == "started with ['serve']\n"
    assert first.stderr.splitlines()[-1] == "dev: No display found: starting the gateway alone."
    assert first.returncode == 7

    began = time.monotonic()
    second = dev(checkout, "run", "token", "list", "--json")
    assert time.monotonic() - began < 2
    assert (second.stdout, second.stderr) == ("started with ['token', 'list', '--json']\n", "")


@posix
def test_a_signal_reaches_the_application_itself(checkout: Checkout) -> None:
    ensure_environment(checkout)
    command = [sys.executable, checkout.root / "build_scripts/dev.py", "run", "serve", "wait"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "started with ['serve', 'wait']\n"
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) == 7
        finally:
            process.kill()


@pytest.mark.parametrize(("arguments", "code"), [([], 2), (["build"], 2), (["--help"], 0), (["pictures", "--help"], 0)])
def test_other_words_show_what_there_is(checkout: Checkout, arguments: list[str], code: int) -> None:
    done = dev(checkout, *arguments)
    assert "dev.py run|test|bench|lock|pictures" in (done.stderr if code else done.stdout)
    assert done.returncode == code
    assert not checkout.venv.exists()


def old_pythons() -> list[str]:
    """Interpreters of this machine that are too old, if there are any."""
    pyenv = Path(os.environ.get("PYENV_ROOT", "/nonexistent")) / "versions"
    return [str(path) for name in ("3.6", "3.8", "3.10") for path in pyenv.glob(f"{name}.*/bin/python")]


@posix
def test_an_unsuitable_python_says_so_or_hands_over(checkout: Checkout) -> None:
    old = old_pythons()
    if not old:
        pytest.skip("no old Python on this machine")
    script = str(checkout.root / "build_scripts/dev.py")
    suitable = checkout.root / "bin"
    suitable.mkdir()
    (suitable / f"python3.{sys.version_info.minor}").symlink_to(sys.executable)
    for python in old:
        alone = subprocess.run(
            [python, script, "run"],
            env={"PATH": "/nonexistent"},
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
        assert alone.returncode == 2
        assert alone.stderr.startswith("Waystation needs Python 3.11, 3.12 or 3.13. This is Python 3.")
        handed = subprocess.run(
            [python, script, "--help"],
            env={"PATH": str(suitable)},
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
        assert (handed.returncode, handed.stderr) == (0, "")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nobody has two Pythons of which one is slow")
def test_a_python_that_was_built_slow_goes_on_as_the_systems_own_in_the_same_process(tmp_path: Path) -> None:
    # What pyenv builds unless it is told otherwise, in some place of its own.
    (tmp_path / "sitecustomize.py").write_text(
        "import sys, sysconfig\n"
        "if not sys.executable.startswith('/usr/bin/'):\n"
        "    sys.base_prefix = '/opt/slow'\n"
        "    sysconfig.get_config_vars()['CONFIG_ARGS'] = \"'--enable-shared'\"\n"
    )
    script = tmp_path / "script.py"
    script.write_text(
        "import os, sys\n"
        f"sys.path.insert(0, {str(ROOT / 'build_scripts')!r})\n"
        "from dev import hand_over_to_a_suitable_python\n"
        "hand_over_to_a_suitable_python(__file__)\n"
        "print(os.getpid(), sys.base_prefix, *sys.argv[1:])\n"
    )
    there = f"/usr/bin/python3.{sys.version_info.minor}"
    needs = f"import ctypes, ensurepip, sqlite3, ssl, venv; ctypes.CDLL('libpython3.{sys.version_info.minor}.so.1.0')"
    able = Path(there).exists() and subprocess.call([there, "-c", needs]) == 0
    environment = {"PATH": "/nonexistent", "PYTHONPATH": str(tmp_path)}
    command = [sys.executable, script, "some argument", "another"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        said, _ = process.communicate(timeout=20)
    # Without another one, a slow one is better than none.
    assert said == f"{process.pid} {'/usr' if able else '/opt/slow'} some argument another\n"


@posix
def test_all_checks_run_even_if_one_fails_and_pytest_is_the_last(checkout: Checkout) -> None:
    from machine.checks import SIDE_BY_SIDE, run_checks

    programs = checkout.venv / "bin"
    programs.mkdir(parents=True)
    log = checkout.root / "ran"
    for name, code in (("ruff", 1), ("mypy", 0), ("lint-imports", 0), ("pytest", 0)):
        (programs / name).write_text(f'#!/bin/sh\necho "{name} $*" >> "{log}"\nexit {code}\n')
        (programs / name).chmod(0o755)
    assert run_checks(checkout, []) == 1
    assert log.read_text().splitlines() == [
        "ruff check .",
        "ruff format --check .",
        "mypy --strict app",
        "lint-imports ",
        f"pytest {' '.join(SIDE_BY_SIDE)}",
    ]
    assert 3 <= int(SIDE_BY_SIDE[1]) <= 6
    log.unlink()
    assert run_checks(checkout, ["-k", "some test"]) == 0
    assert log.read_text() == "pytest -k some test\n"


@posix
@pytest.mark.parametrize("failing", ["mypy", "lint-imports", "pytest"])
def test_any_failing_check_fails_the_whole(checkout: Checkout, failing: str, capfd: pytest.CaptureFixture[str]) -> None:
    from machine.checks import run_checks

    programs = checkout.venv / "bin"
    programs.mkdir(parents=True)
    for name in ("ruff", "mypy", "lint-imports", "pytest"):
        shutil.copy(shutil.which("false" if name == failing else "true") or "", programs / name)
    assert run_checks(checkout, []) == 1
    assert "dev: failed: " in capfd.readouterr().err.splitlines()[-1]


def test_ci_runs_the_test_command_and_nothing_else() -> None:
    lines = (ROOT / ".ci/run").read_text(encoding="utf-8").splitlines()
    assert lines == ["#!/bin/sh", "exec python3 build_scripts/dev.py test"]


def test_no_script_is_longer_than_the_house_allows() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for folder in ("app", "build_scripts")
        for path in (ROOT / folder).rglob("*.py")
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 400
    }
    assert long == {}

"""What `dev.py test` runs: the linters, the type checker, the import rules, then the tests, with a bundle."""

import os
import subprocess
from collections.abc import Sequence

from bundle.beside import Making
from bundle.smoke import figures
from machine.checkout import Checkout
from machine.report import Stop, say

# Two processes of tests more than there are cores, since they wait for other programs much of their time. What goes
# into one process, and what begins first: see tests/support/side_by_side.py.
SIDE_BY_SIDE = ("-n", str(min(6, (os.cpu_count() or 1) + 2)), "--dist", "loadfile", "--no-loadscope-reorder")

# Reads all tests and runs none.
COLLECTING = ("--collect-only", "--quiet")

# Name, program in the environment, arguments. pytest stays last: its closing line ends the output.
STATIC_CHECKS = (
    ("ruff check", "ruff", ("check", ".")),
    ("ruff format", "ruff", ("format", "--check", ".")),
    ("mypy", "mypy", ("--strict", "app")),
    ("import rules", "lint-imports", ()),
)


def run_checks(checkout: Checkout, pytest_arguments: list[str], making: Making | None = None) -> int:
    """Run everything, all even if one fails, and give the exit code. With arguments for pytest, only pytest.

    ``making`` is the bundle to be tried with the rest and measured in the end. Files are compiled anew where needed;
    nothing outside the clone's ignored folders is written.
    """
    if pytest_arguments:
        return _run(checkout, "pytest", pytest_arguments)
    failed = []
    for name, program, arguments in STATIC_CHECKS:
        say(f"{name}")
        if _run(checkout, program, arguments):
            failed.append(name)
    say(f"static checks: {_verdict(failed)}; now the tests")
    bundle = None
    if making is not None:
        # Compiled once while the bundle is being made, and not by each process of tests for itself.
        _run(checkout, "pytest", COLLECTING, quietly=True)
        try:
            bundle = making.bundle()
        except Stop as stop:
            say(str(stop))
            failed.append("the bundle")
    code = _run(checkout, "pytest", (*SIDE_BY_SIDE, *([f"--bundle={bundle.folder}"] if bundle else ())))
    if code:
        failed.append(f"pytest (exit code {code})")
    if bundle is not None:
        try:
            for line in figures(checkout, bundle):
                say(line)
        except Stop as stop:
            say(str(stop))
            failed.append("the start of a program")
    say(_verdict(failed))
    return 1 if failed else 0


def _verdict(failed: list[str]) -> str:
    return f"failed: {', '.join(failed)}" if failed else "all passed"


def _run(checkout: Checkout, program: str, arguments: Sequence[str], *, quietly: bool = False) -> int:
    environment = os.environ | {"VIRTUAL_ENV": str(checkout.venv)}
    # Where it is set, each process of tests would compile all tests anew: a quarter of a minute for each.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    command = [str(checkout.program(program)), *arguments]
    said = subprocess.DEVNULL if quietly else None
    try:
        done = subprocess.run(command, cwd=checkout.root, env=environment, stdout=said, stderr=said, check=False)
    except OSError as error:
        say(f"{program} did not start: {error}")
        return 127
    return done.returncode

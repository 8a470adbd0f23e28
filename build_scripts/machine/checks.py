"""What `dev.py test` runs: the linters, the type checker, the import rules, then the tests."""

import os
import subprocess

from machine.checkout import Checkout
from machine.report import say

# One process of tests more than there are cores, since a quarter of their time is waiting: on two cores three took
# 381 s for what two did in 475 s. Tests of one file stay together, and so do all that need a fixed port: see
# tests/conftest.py.
SIDE_BY_SIDE = ("-n", str(min(4, (os.cpu_count() or 1) + 1)), "--dist", "loadgroup")

# Name, program in the environment, arguments. pytest stays last: its closing line ends the output.
STATIC_CHECKS = (
    ("ruff check", "ruff", ("check", ".")),
    ("ruff format", "ruff", ("format", "--check", ".")),
    ("mypy", "mypy", ("--strict", "app")),
    ("import rules", "lint-imports", ()),
)


def run_checks(checkout: Checkout, pytest_arguments: list[str]) -> int:
    """Run everything, all even if one fails, and give the exit code. With arguments for pytest, only pytest.

    Files are compiled anew where needed; nothing outside the clone's ignored folders is written.
    """
    failed = []
    if not pytest_arguments:
        for name, program, arguments in STATIC_CHECKS:
            say(f"{name}")
            if _run(checkout, program, arguments):
                failed.append(name)
        say(f"static checks: {_verdict(failed)}; now the tests")
    code = _run(checkout, "pytest", pytest_arguments or SIDE_BY_SIDE)
    if code:
        failed.append(f"pytest (exit code {code})")
    if not pytest_arguments:
        say(_verdict(failed))
        return 1 if failed else 0
    return code


def _verdict(failed: list[str]) -> str:
    return f"failed: {', '.join(failed)}" if failed else "all passed"


def _run(checkout: Checkout, program: str, arguments: tuple[str, ...] | list[str]) -> int:
    environment = os.environ | {"VIRTUAL_ENV": str(checkout.venv)}
    command = [str(checkout.program(program)), *arguments]
    try:
        return subprocess.run(command, cwd=checkout.root, env=environment, check=False).returncode
    except OSError as error:
        say(f"{program} did not start: {error}")
        return 127

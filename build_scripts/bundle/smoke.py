"""Try the frozen program, and measure it beside the source's."""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from bundle.layout import Bundle, bundle_of
from machine import codex, environment, system_packages, translations
from machine.checkout import Checkout
from machine.report import Stop, say

TESTS = "tests/build_scripts/frozen"
RUNS = 3
#: Seconds. A machine that has just been set up may look at each file of a new program first.
PATIENCE = 60.0


def smoke(checkout: Checkout, arguments: list[str]) -> int:
    """Use the program of the bundle in `dist`, or of the folder or application named; the exit code. Raises Stop."""
    if len(arguments) > 1:
        raise Stop(f"`build.py smoke` takes one folder: {' '.join(arguments)}", 2)
    bundle = Bundle(Path(arguments[0]).resolve()) if arguments else bundle_of(checkout)
    if not bundle.program.exists():
        raise Stop(f"{bundle.program} is not there: run `build.py bundle` first.")
    system_packages.ensure_qt_libraries()
    environment.ensure_environment(checkout)
    translations.compile_translations(checkout)
    system_packages.ensure_test_programs()
    if sys.platform == "linux":
        codex.ensure_codex_versions(checkout)
    # One word: before it has read our option, pytest would take a folder for tests and look for its settings there.
    pytest = [str(checkout.program("pytest")), f"--bundle={bundle.folder}", TESTS]
    code = subprocess.run(pytest, cwd=checkout.root, check=False).returncode
    if code == 0:
        for line in figures(checkout, bundle):
            say(line)
    return code


def figures(checkout: Checkout, bundle: Bundle) -> Iterator[str]:
    """A line for each size and each way to start, of the frozen program beside the source. Raises Stop.

    The time is that in the middle of some runs.
    """
    frozen = "{:.1f} MiB in {} files".format(*_mebibytes(bundle.folder))
    own = "{:.1f} MiB in {} files".format(*_mebibytes(checkout.root / "app"))
    packages = "{:.1f} MiB in {} files".format(*_mebibytes(checkout.venv))
    yield f"size: frozen {frozen}; source {own}, and an environment of {packages}, the tests' own among them"
    programs = [str(bundle.console)], [str(checkout.program("python")), "-m", "app"]
    for name, arguments, sign in (
        ("--version", ("--version",), None),
        ("serve until it listens", ("serve", "--port", "0"), "listening on"),
        ("desktop until its gateway answers", ("--minimized",), ""),
    ):
        frozen, source = (
            f"{statistics.median(_seconds(checkout, program, arguments, sign) for _ in range(RUNS)):.2f} s"
            for program in programs
        )
        yield f"{name}: frozen {frozen}, source {source}"


def _mebibytes(folder: Path) -> tuple[float, int]:
    """Of the files as they come, without what Python adds to them, and their number."""
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    sizes = [path.stat().st_size for path in files if "__pycache__" not in path.parts]
    return sum(sizes) / 2**20, len(sizes)


def _seconds(checkout: Checkout, program: Sequence[str], arguments: Sequence[str], sign: str | None) -> float:
    """From the start to the end; or to the words on standard output; or, without words, to `instance.json`."""
    with tempfile.TemporaryDirectory(prefix="waystation-smoke-", ignore_cleanup_errors=True) as name:
        command, data_dir, said = [*program, *arguments], Path(name) / "data", Path(name) / "said"
        env = os.environ | {
            "WAYSTATION_DATA_DIR": str(data_dir),
            "WAYSTATION_KEY_STORE": "file",
            "QT_QPA_PLATFORM": "offscreen",
            "HOME": name,
        }
        with said.open("wb") as out:
            started = time.monotonic()
            process = subprocess.Popen(command, cwd=checkout.root, env=env, stdin=subprocess.DEVNULL, stdout=out)
            try:
                while process.poll() is None:
                    if sign and sign in said.read_text(encoding="utf-8"):
                        break
                    if sign == "" and (data_dir / "instance.json").exists():
                        break
                    if time.monotonic() - started > PATIENCE:
                        raise Stop(f"{' '.join(command)} took longer than {PATIENCE:g} s.")
                    time.sleep(0.005)
                seconds = time.monotonic() - started
                if process.poll() not in (None, 0):
                    raise Stop(f"{' '.join(command)} ended with exit code {process.returncode}.")
                if sign is not None:
                    subprocess.run([*program, "quit"], cwd=checkout.root, env=env, check=False)
                process.wait(PATIENCE)
            finally:
                if process.poll() is None:
                    process.kill()
                    process.wait()
    return seconds

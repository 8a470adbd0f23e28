"""Make dist/Waystation: environment, translations, icons, PyInstaller, and a limit to its size."""

import argparse
import hashlib
import os
import shutil
import subprocess
import tomllib
from pathlib import Path

from bundle.environment import ensure_build_environment
from bundle.layout import LICENSES, NAME, Bundle, version_of
from bundle.release_feed import write_release_feed
from bundle.version_info import version_info
from machine.checkout import Checkout, venv_program
from machine.environment import alone
from machine.report import Stop, say
from machine.system_packages import ensure_freezing_parts, ensure_qt_libraries
from machine.translations import compile_translations

#: Bytes. A look that something has leaked in, on any system.
LARGEST = 150 * 2**20
#: Where there is no commit to take it from. Any fixed moment will do.
_SOME_MOMENT = "1764000000"


def freeze(checkout: Checkout, arguments: list[str]) -> int:
    """Make the bundle of this system; with ``--twice`` once more, to see that all is the same; the exit code.

    It comes into the folder `dist`, or into that of ``--into``. Raises Stop.
    """
    parser = argparse.ArgumentParser(prog="build.py bundle")
    parser.add_argument("--twice", action="store_true")
    parser.add_argument("--into", type=Path, metavar="FOLDER", default=checkout.dist)
    asked = parser.parse_args(arguments)
    ensure_qt_libraries()
    ensure_freezing_parts()
    # What is made on the way has one place.
    with alone(checkout.build / "bundle.lock", "making a bundle"):
        python = ensure_build_environment(checkout)
        bundle = Bundle(asked.into.resolve() / NAME)
        _freeze(checkout, python, bundle.folder.parent)
        size, files = size_of(bundle.folder)
        say(f"made {bundle.folder}: {size / 2**20:.1f} MiB in {files} files")
        if size > LARGEST:
            raise Stop(f"The bundle is larger than {LARGEST / 2**20:.0f} MiB: look at bundle/filters.py.")
        if asked.twice:
            _compare(checkout, python, bundle)
    return 0


def _freeze(checkout: Checkout, python: Path, target: Path) -> None:
    compile_translations(checkout, venv_program(python.parents[1], "pyside6-lrelease"))
    _run(checkout, [python, "-m", "bundle.icons", _svg(checkout), checkout.build / "icons"], "draw the icons")
    project = tomllib.loads(checkout.pyproject.read_text(encoding="utf-8"))["project"]
    resource = version_info(version_of(checkout), project["description"])
    (checkout.build / "version_info.txt").write_text(resource, encoding="utf-8", newline="\n")
    feed = write_release_feed(checkout.build, os.environ)
    say(f"the release feed is {feed or 'not named, so the program asks for its address'}")
    say(f"freezing Waystation {version_of(checkout)}; this takes a minute or two")
    work = checkout.build / "pyinstaller"
    options = ["--noconfirm", "--clean", "--log-level", "WARN", "--distpath", target, "--workpath", work]
    spec = Path(__file__).with_name("waystation.spec")
    _run(checkout, [python, "-m", "PyInstaller", *options, spec], "freeze the program")
    made = Bundle(target / NAME)
    shutil.copyfile(checkout.build / LICENSES, made.licenses)
    # So that the installers come out the same, too.
    moment = int(_moment(checkout))
    for path in made.folder.rglob("*"):
        if not path.is_symlink():
            os.utime(path, (moment, moment))


def _compare(checkout: Checkout, python: Path, first: Bundle) -> None:
    """Freeze again in another folder, with nothing left of the first time. Raises Stop where anything differs."""
    for name in ("translations", "icons", "pyinstaller", "pyinstaller-cache"):
        shutil.rmtree(checkout.build / name, ignore_errors=True)
    again = checkout.build / "again"
    shutil.rmtree(again, ignore_errors=True)
    _freeze(checkout, python, again)
    before, after = hashes(first.folder), hashes(again / NAME)
    differing = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    if differing:
        names = ", ".join(differing)
        raise Stop(f"Two bundles of the same source differ: {names}. They are in {first.folder} and {again}.")
    whole = hashlib.sha256("".join(f"{name} {print_}\n" for name, print_ in before.items()).encode()).hexdigest()
    say(f"made it twice: all {len(before)} files are the same; {whole} over all of them")
    shutil.rmtree(again)


def hashes(folder: Path) -> dict[str, str]:
    """The print of each file in a folder by its relative path, sorted; of a link, where it leads."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_symlink():
            found[path.relative_to(folder).as_posix()] = f"-> {path.readlink().as_posix()}"
        elif path.is_file():
            found[path.relative_to(folder).as_posix()] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def size_of(folder: Path) -> tuple[int, int]:
    """Bytes and number of the files in a folder, without what is linked."""
    sizes = [path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    return sum(sizes), len(sizes)


def _svg(checkout: Checkout) -> Path:
    return checkout.root / "resources" / "icons" / "waystation.svg"


def _run(checkout: Checkout, command: list[str | Path], what: str) -> None:
    """Run a step so that the same source gives the same bytes."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "QT_"))}
    environment |= {
        "PYTHONPATH": str(checkout.root / "build_scripts"),
        "PYTHONNOUSERSITE": "1",
        # Sets of names are written in the order of their hashes.
        "PYTHONHASHSEED": "1",
        "SOURCE_DATE_EPOCH": _moment(checkout),
        # Its cache of stripped libraries; the usual one is in the user's home.
        "PYINSTALLER_CONFIG_DIR": str(checkout.build / "pyinstaller-cache"),
    }
    done = subprocess.run([str(part) for part in command], cwd=checkout.root, env=environment, check=False)
    if done.returncode:
        raise Stop(f"Could not {what} (the words are above).")


def _moment(checkout: Checkout) -> str:
    """What stands for the time of the build: that of the commit. Unix seconds."""
    if given := os.environ.get("SOURCE_DATE_EPOCH"):
        return given
    git = shutil.which("git")
    if git is None:
        return _SOME_MOMENT
    command = [git, "-C", str(checkout.root), "log", "-1", "--format=%ct"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() or _SOME_MOMENT

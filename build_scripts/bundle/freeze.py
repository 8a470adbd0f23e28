"""Make dist/Waystation: environment, translations, icons, PyInstaller, and a limit to its size."""

import os
import shutil
import subprocess
import tomllib
from pathlib import Path

from bundle.environment import ensure_build_environment
from bundle.layout import LICENSES, Bundle, bundle_of, version_of
from bundle.version_info import version_info
from machine.checkout import Checkout, venv_program
from machine.report import Stop, say
from machine.system_packages import ensure_qt_libraries
from machine.translations import compile_translations

#: Bytes. A look that something has leaked in, on any system.
LARGEST = 150 * 2**20
#: Where there is no commit to take it from. Any fixed moment will do.
_SOME_MOMENT = "1764000000"


def freeze(checkout: Checkout, arguments: list[str]) -> int:
    """Make the bundle of this system; the exit code. Raises Stop."""
    if arguments:
        raise Stop(f"`build.py bundle` takes no arguments: {' '.join(arguments)}", 2)
    ensure_qt_libraries()
    python = ensure_build_environment(checkout)
    compile_translations(checkout, venv_program(python.parents[1], "pyside6-lrelease"))
    _run(checkout, [python, "-m", "bundle.icons", _svg(checkout), checkout.build / "icons"], "draw the icons")
    project = tomllib.loads(checkout.pyproject.read_text(encoding="utf-8"))["project"]
    resource = version_info(version_of(checkout), project["description"])
    (checkout.build / "version_info.txt").write_text(resource, encoding="utf-8", newline="\n")
    bundle = bundle_of(checkout)
    say(f"freezing Waystation {version_of(checkout)}; this takes a minute or two")
    work = checkout.build / "pyinstaller"
    options = ["--noconfirm", "--clean", "--log-level", "WARN", "--distpath", checkout.dist, "--workpath", work]
    spec = Path(__file__).with_name("waystation.spec")
    _run(checkout, [python, "-m", "PyInstaller", *options, spec], "freeze the program")
    shutil.copyfile(checkout.build / LICENSES, bundle.licenses)
    _check_size(bundle)
    return 0


def size_of(folder: Path) -> tuple[int, int]:
    """Bytes and number of the files in a folder, without what is linked."""
    sizes = [path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    return sum(sizes), len(sizes)


def _check_size(bundle: Bundle) -> None:
    size, files = size_of(bundle.folder)
    say(f"made {bundle.folder}: {size / 2**20:.1f} MiB in {files} files")
    if size > LARGEST:
        raise Stop(f"The bundle is larger than {LARGEST / 2**20:.0f} MiB: look at bundle/filters.py.")


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
        "SOURCE_DATE_EPOCH": os.environ.get("SOURCE_DATE_EPOCH") or _commit_time(checkout),
        # Its cache of stripped libraries; the usual one is in the user's home.
        "PYINSTALLER_CONFIG_DIR": str(checkout.build / "pyinstaller-cache"),
    }
    done = subprocess.run([str(part) for part in command], cwd=checkout.root, env=environment, check=False)
    if done.returncode:
        raise Stop(f"Could not {what} (the words are above).")


def _commit_time(checkout: Checkout) -> str:
    git = shutil.which("git")
    if git is None:
        return _SOME_MOMENT
    command = [git, "-C", str(checkout.root), "log", "-1", "--format=%ct"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() or _SOME_MOMENT

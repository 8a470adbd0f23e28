"""The virtual environment: made from the lock, kept until the lock, Python or the place changes."""

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path

from machine.checkout import Checkout, venv_program
from machine.report import Stop, say
from machine.system_packages import ensure_venv_module

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

STAMP = "waystation-stamp.json"
# Somebody else's installation on a slow line may take this long; longer means that it hangs. Seconds.
LOCK_PATIENCE = 1800.0


def ensure_environment(checkout: Checkout) -> None:
    """Bring ``.venv`` to what the lock says, with the project itself installed in place.

    A changed lock gets a new environment, so that nothing left over hides a missing dependency. The stamp
    is written last: without it the environment is half made and is made again. Raises Stop when pip fails.
    """
    wanted = _wanted(checkout)
    if _stamp(checkout.venv) == wanted:
        return
    with alone(checkout.cache / "environment.lock", "making the environment"):
        have = _stamp(checkout.venv)
        if have == wanted:
            return
        if have is None or have["packages"] != wanted["packages"]:
            make_venv(checkout.venv)
            say("installing the locked packages (the first time this downloads about 150 MB)")
            install_lock(checkout.venv, checkout.run_and_test_lock)
        else:
            (checkout.venv / STAMP).unlink()
        say("installing the project in place")
        pip(checkout.venv, "install", "--no-deps", "--no-build-isolation", "--editable", str(checkout.root))
        _write_stamp(checkout.venv, wanted)


def make_venv(folder: Path) -> None:
    """Make an empty virtual environment, in place of whatever the folder held."""
    ensure_venv_module()
    if folder.exists():
        say(f"{folder.name} is incomplete or out of date: making it again")
        shutil.rmtree(folder)
    say(f"making {folder.name} with Python {sys.version.split()[0]} ({sys.executable})")
    done = subprocess.run([sys.executable, "-m", "venv", str(folder)], check=False)
    if done.returncode:
        raise Stop(f"Python could not make the virtual environment {folder} (its words are above).")


def install_lock(venv: Path, lock: Path) -> None:
    """Install exactly what a lock file names, each file checked against its hashes."""
    pip(venv, "install", "--require-hashes", "--requirement", str(lock))


def pip(venv: Path, *arguments: str) -> None:
    """Run the environment's own pip; the user's pip settings hold. Raises Stop when it fails."""
    command = [str(venv_program(venv, "python")), "-m", "pip", "-qq", "--disable-pip-version-check"]
    done = subprocess.run([*command, "--no-input", *arguments], stdin=subprocess.DEVNULL, check=False)
    if done.returncode:
        raise Stop("pip failed (its words are above). Is the network there? Start the same command again.")


def _wanted(checkout: Checkout) -> dict[str, str]:
    """Two prints: of what the packages depend on, and of what the installed project depends on."""
    project = tomllib.loads(checkout.pyproject.read_text(encoding="utf-8"))
    installed_parts = [project["project"], project["build-system"], project["tool"]["setuptools"]]
    app_is_there = (checkout.root / "app").is_dir()
    return {
        "packages": _digest(
            checkout.run_and_test_lock.read_bytes(),
            sys.version.encode(),
            sys.base_prefix.encode(),
            bytes(checkout.venv),
        ),
        "project": _digest(json.dumps([installed_parts, app_is_there], sort_keys=True).encode()),
    }


def _digest(*parts: bytes) -> str:
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def _stamp(venv: Path) -> dict[str, str] | None:
    """What the environment was made from, or None where it is absent, half made or unreadable."""
    if not venv_program(venv, "python").exists():
        return None
    try:
        stamp = json.loads((venv / STAMP).read_text(encoding="utf-8"))
        return {"packages": stamp["packages"], "project": stamp["project"]}
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _write_stamp(venv: Path, stamp: dict[str, str]) -> None:
    new = venv / f"{STAMP}.new"
    new.write_text(json.dumps(stamp), encoding="utf-8")
    os.replace(new, venv / STAMP)


@contextlib.contextmanager
def alone(lock: Path, doing: str) -> Iterator[None]:
    """Hold a lock file, so that two commands started together do not both do it. Raises Stop after half an hour."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("a+b") as file:
        deadline = time.monotonic() + LOCK_PATIENCE
        told = False
        while not _try_lock(file.fileno()):
            if not told:
                say(f"waiting for another command that is {doing}")
                told = True
            if time.monotonic() > deadline:
                raise Stop(f"Another command has been {doing} for half an hour. End it and try again.")
            time.sleep(0.5)
        yield


def _try_lock(descriptor: int) -> bool:
    """Take the lock if it is free. The operating system gives it back when the file is closed."""
    try:
        if sys.platform == "win32":
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True

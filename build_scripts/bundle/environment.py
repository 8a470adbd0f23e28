"""The environment that the bundle is frozen from: the build lock and nothing else.

What lies about in a developer's environment would get into the bundle: PyInstaller takes what it finds.
"""

import hashlib
import os
import platform
import sys
from pathlib import Path

from bundle.app_bundle import OLDEST_MACOS
from machine.checkout import Checkout, venv_program
from machine.environment import install_lock, make_venv, pip
from machine.report import say

STAMP = "complete"


def ensure_build_environment(checkout: Checkout) -> Path:
    """Make it unless it is there for this lock, this Python and this place; its Python. Raises Stop."""
    venv = checkout.build / "environment"
    parts = (checkout.build_lock.read_bytes(), sys.version.encode(), sys.base_prefix.encode(), os.fsencode(venv))
    wanted = hashlib.sha256(b"\0".join(parts)).hexdigest()
    stamp = venv / STAMP
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != wanted:
        make_venv(venv)
        say("installing the packages of the build lock")
        if sys.platform == "darwin":
            wheels = wheels_of_oldest_macos(venv, checkout.build_lock, venv / "wheels", platform.machine())
            pip(venv, "install", "--no-index", "--no-deps", *map(str, wheels))
        else:
            install_lock(venv, checkout.build_lock)
        stamp.write_text(wanted, encoding="utf-8")
    return venv_program(venv, "python")


def wheels_of_oldest_macos(venv: Path, lock: Path, folder: Path, machine: str) -> list[Path]:
    """Fetch what a lock names, each file checked against its hashes, for the oldest macOS that the bundle runs on.

    pip by itself takes what fits this very system best, and some packages have a file of their own for a newer one.

    Args:
        venv: whose pip is used.
        lock: its path.
        folder: for the files.
        machine: arm64 or x86_64.
    """
    system = f"macosx_{OLDEST_MACOS.replace('.', '_')}_{machine}"
    chosen = ("--no-deps", "--only-binary", ":all:", "--platform", system)
    pip(venv, "download", "--require-hashes", *chosen, "--dest", str(folder), "--requirement", str(lock))
    return sorted(folder.glob("*.whl"))

"""The environment that the bundle is frozen from: the build lock and nothing else.

What lies about in a developer's environment would get into the bundle: PyInstaller takes what it finds.
"""

import hashlib
import os
import sys
from pathlib import Path

from machine.checkout import Checkout, venv_program
from machine.environment import install_lock, make_venv
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
        install_lock(venv, checkout.build_lock)
        stamp.write_text(wanted, encoding="utf-8")
    return venv_program(venv, "python")

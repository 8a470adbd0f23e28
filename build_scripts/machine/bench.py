"""Bring what the benchmark compares with, as far as this user may, and start it."""

import hashlib
import os
import subprocess
import sys

from machine.checkout import Checkout, venv_program
from machine.environment import install_lock, make_venv
from machine.report import Stop, say
from machine.servers import ensure_servers
from machine.system_packages import ensure_qt_libraries

STAMP = "waystation-stamp"


def ensure_qt_where_possible() -> None:
    """Bring what Qt loads; where that may not be, the desktop is left out, and everything else is measured."""
    try:
        ensure_qt_libraries()
    except Stop as stop:
        say(f"{stop}\nUntil then the benchmark leaves the desktop out.")


def measure(checkout: Checkout, arguments: list[str]) -> int:
    """Run the benchmark with these arguments of its own; the exit code."""
    command = [str(checkout.program("python")), "-m", "tests.bench.against_peers"]
    if sys.platform == "linux" and not {"-h", "--help"} & set(arguments):
        ensure_servers(checkout)
        ensure_chatmock(checkout)
        command += ["--chatmock", str(venv_program(checkout.chatmock_venv, "python"))]
    environment = os.environ | {"VIRTUAL_ENV": str(checkout.venv)}
    return subprocess.run([*command, *arguments], cwd=checkout.root, env=environment, check=False).returncode


def ensure_chatmock(checkout: Checkout) -> None:
    """Install ChatMock from PyPI as its lock says, unless it is there. Without a network it is left out."""
    lock = checkout.chatmock_lock
    wanted = hashlib.sha256(lock.read_bytes() + sys.version.encode()).hexdigest()
    stamp = checkout.chatmock_venv / STAMP
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return
    try:
        make_venv(checkout.chatmock_venv)
        install_lock(checkout.chatmock_venv, lock)
    except Stop as stop:
        say(f"{stop}\nThe benchmark leaves ChatMock out.")
        # Without its program it is not there.
        venv_program(checkout.chatmock_venv, "python").unlink(missing_ok=True)
        return
    stamp.write_text(wanted, encoding="utf-8")

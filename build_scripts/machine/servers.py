"""nginx and HAProxy, beside which the benchmark measures: Debian's, unpacked into the cache.

Installed, each would start a server of its own, at once and whenever the machine starts.
"""

import os
import re
import shutil
import subprocess
import sysconfig
import tempfile
from pathlib import Path

from machine.checkout import Checkout
from machine.report import say
from machine.system_packages import APT_OPTIONS, as_root, is_debian

SERVERS = ("nginx", "haproxy")
# Not on every user's PATH.
_FOLDERS = ("/usr/local/sbin", "/usr/sbin", "/sbin")
_UNPACK_ALL = 'for package in *.deb; do dpkg-deb -x "$package" "$0" || exit 1; done'
# It finds itself, so that the clone may move.
_STARTER = """#!/bin/sh
root="$(dirname "$0")/../root"
export LD_LIBRARY_PATH="$root/usr/lib/{triplet}:$root/lib/{triplet}"
exec "$root/usr/sbin/{name}" "$@"
"""
_TO_BE_INSTALLED = re.compile(r"^Inst (\S+)", re.MULTILINE)


def missing_servers(checkout: Checkout) -> list[str]:
    """Those that neither this machine has nor the cache, where one counts once it has told its version."""
    path = os.pathsep.join([os.environ.get("PATH", ""), *_FOLDERS])
    return [name for name in SERVERS if shutil.which(name, path=path) is None and not _works(_starter(checkout, name))]


def ensure_servers(checkout: Checkout) -> None:
    """Bring them from Debian, which needs no root. Elsewhere, and without a network, say what goes without them."""
    missing = missing_servers(checkout)
    if not missing:
        return
    if is_debian():
        say(f"unpacking what the benchmark compares with: {' '.join(missing)}")
        problem = _bring(checkout, missing)
        missing = missing_servers(checkout)
        if problem:
            say(problem)
    if missing:
        say(f"without {' and '.join(missing)} the benchmark measures less, and the tests of their settings fail")


def _bring(checkout: Checkout, names: list[str]) -> str:
    """Unpack their packages, with the libraries that are not there; what went wrong."""
    prefix = as_root()
    problem = _unpack(checkout, names)
    if problem and prefix is not None:
        # A fresh machine has no lists of packages yet, another one old ones.
        _run([*prefix, "apt-get", *APT_OPTIONS, "update"])
        problem = _unpack(checkout, names)
    for name in () if problem else names:
        starter = _starter(checkout, name)
        starter.parent.mkdir(parents=True, exist_ok=True)
        starter.write_text(_STARTER.format(name=name, triplet=sysconfig.get_config_var("MULTIARCH")), encoding="utf-8")
        starter.chmod(0o755)
    return problem


def _unpack(checkout: Checkout, names: list[str]) -> str:
    told = _run(["apt-get", "-s", "install", "--no-install-recommends", *names])
    if told.returncode:
        return told.stderr.strip() or "apt-get does not know them."
    folder = checkout.servers / "root"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as fetched:
        download = ["apt-get", *APT_OPTIONS, "download", *_TO_BE_INSTALLED.findall(told.stdout)]
        for step in (download, ["sh", "-c", _UNPACK_ALL, str(folder)]):
            done = _run(step, fetched)
            if done.returncode:
                return done.stderr.strip() or "They could not be unpacked."
    return ""


def _starter(checkout: Checkout, name: str) -> Path:
    return checkout.servers / "bin" / name


def _works(starter: Path) -> bool:
    return starter.exists() and _run([str(starter), "-v"]).returncode == 0


def _run(command: list[str], folder: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)

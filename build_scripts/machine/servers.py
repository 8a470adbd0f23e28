"""nginx and HAProxy, beside which the benchmark measures: Debian's, unpacked into the cache.

Installed, each would start a server of its own, at once and whenever the machine starts.
"""

import os
import re
import shlex
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
_TO_BE_INSTALLED = re.compile(r"^Inst (\S+)", re.MULTILINE)


def missing_servers(checkout: Checkout) -> list[str]:
    """Those that neither this machine nor the cache has."""
    path = os.pathsep.join([os.environ.get("PATH", ""), *_FOLDERS, str(checkout.servers / "bin")])
    return [name for name in SERVERS if shutil.which(name, path=path) is None]


def ensure_servers(checkout: Checkout) -> None:
    """Bring them from Debian, which needs no root. Elsewhere, and without a network, they are named and left out."""
    missing = missing_servers(checkout)
    if not missing:
        return
    if not is_debian():
        say(f"not on this machine, and so not measured: {' '.join(missing)}")
        return
    say(f"unpacking what the benchmark compares with: {' '.join(missing)}")
    packages = _packages(missing)
    folder = checkout.servers / "root"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as fetched:
        download = ["apt-get", *APT_OPTIONS, "download", *packages]
        for step in (download, ["sh", "-c", _UNPACK_ALL, str(folder)]):
            done = subprocess.run(step, cwd=fetched, capture_output=True, text=True, check=False)
            if done.returncode:
                say(f"{done.stderr.strip()}\nThe benchmark leaves out {' and '.join(missing)}.")
                return
    for name in missing:
        _write_starter(checkout.servers / "bin" / name, folder, name)


def _packages(names: list[str]) -> list[str]:
    """Their packages, with the libraries that are not there."""
    simulation = ["apt-get", "-s", "install", "--no-install-recommends", *names]
    told = subprocess.run(simulation, capture_output=True, text=True, check=False)
    prefix = as_root()
    if told.returncode and prefix is not None:
        # A fresh machine has no lists yet.
        subprocess.run([*prefix, "apt-get", *APT_OPTIONS, "update"], capture_output=True, check=False)
        told = subprocess.run(simulation, capture_output=True, text=True, check=False)
    return _TO_BE_INSTALLED.findall(told.stdout) or names


def _write_starter(starter: Path, folder: Path, name: str) -> None:
    libraries = folder / "usr" / "lib" / str(sysconfig.get_config_var("MULTIARCH"))
    starter.parent.mkdir(parents=True, exist_ok=True)
    starter.write_text(
        "#!/bin/sh\n"
        f"export LD_LIBRARY_PATH={shlex.quote(str(libraries))}\n"
        f'exec {shlex.quote(str(folder / "usr" / "sbin" / name))} "$@"\n',
        encoding="utf-8",
    )
    starter.chmod(0o755)

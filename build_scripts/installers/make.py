"""Make the installers of one system from its bundle.

The package `installers.<system>` has a module `make` with ``make(bundle, version, target) -> list[Path]``: it takes
everything from the `Bundle`, leaves its files in the folder `target`, and gives their paths. It raises Stop.
"""

import argparse
import importlib
import sys
from pathlib import Path

from bundle.layout import Bundle, bundle_of, version_of
from machine.checkout import Checkout
from machine.report import Stop, say

#: Of `sys.platform`.
SYSTEMS = {"win32": "windows", "darwin": "macos", "linux": "linux"}


def make_installer(checkout: Checkout, arguments: list[str]) -> int:
    """Make them from `dist/Waystation`, or from the folder that is named; the exit code. Raises Stop."""
    parser = argparse.ArgumentParser(prog="build.py installer")
    parser.add_argument("--for", dest="system", choices=sorted(SYSTEMS.values()), default=SYSTEMS.get(sys.platform))
    parser.add_argument("--bundle", type=Path, metavar="FOLDER", default=bundle_of(checkout).folder)
    parsed = parser.parse_args(arguments)
    platform = {system: name for name, system in SYSTEMS.items()}.get(parsed.system)
    if platform is None:
        raise Stop(f"There is no installer for {sys.platform}.")
    bundle = Bundle(parsed.bundle.resolve(), platform)
    if not bundle.program.exists():
        raise Stop(f"{bundle.program} is not there: run `build.py bundle` first.")
    make = importlib.import_module(f"installers.{parsed.system}.make").make
    checkout.dist.mkdir(parents=True, exist_ok=True)
    for path in make(bundle, version_of(checkout), checkout.dist):
        say(f"made {path} ({path.stat().st_size / 2**20:.1f} MiB)")
    return 0

"""The scripts see each other as the folder build_scripts does, since they run without being installed."""

import shutil
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "build_scripts"))

from machine.checkout import Checkout  # noqa: E402 - after the path that it needs

PYPROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]

[project]
name = "sample"
version = "1.0"

[tool.setuptools]
"""
# The smallest build backend that installs a project in place, with a program (PEP 660).
BACKEND = """
import zipfile
from pathlib import Path

def build_editable(folder, config_settings=None, metadata_directory=None):
    name = "sample-1.0-py3-none-any.whl"
    info = "sample-1.0.dist-info/"
    with zipfile.ZipFile(Path(folder, name), "w") as wheel:
        wheel.writestr("sample.pth", str(Path.cwd()))
        wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: sample\\nVersion: 1.0\\n")
        wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(info + "entry_points.txt", "[console_scripts]\\nwaystation = sample:main\\n")
        wheel.writestr(info + "RECORD", "")
    return name

def build_wheel(folder, config_settings=None, metadata_directory=None):
    raise NotImplementedError
"""
# A stand-in for waystation: says how it was started, waits for SIGTERM if asked to, and ends with 7.
SAMPLE = """
import signal, sys

def main():
    # Before the words that the test waits for: the signal may follow them at once.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(7))
    print("started with", sys.argv[1:], flush=True)
    if "wait" in sys.argv:
        signal.pause()
    return 7
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """A clone so small that pip fetches nothing for it."""
    checkout = Checkout(tmp_path / "clone with spaces 驿站")
    scripts = checkout.root / "build_scripts"
    shutil.copytree(ROOT / "build_scripts", scripts, ignore=shutil.ignore_patterns("locks", "__pycache__"))
    checkout.locks.mkdir()
    checkout.run_and_test_lock.write_text("# nothing\n", encoding="utf-8")
    checkout.pyproject.write_text(PYPROJECT, encoding="utf-8")
    (checkout.root / "backend.py").write_text(BACKEND, encoding="utf-8")
    (checkout.root / "sample.py").write_text(SAMPLE, encoding="utf-8")
    return checkout

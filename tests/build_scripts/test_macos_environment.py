"""What a Mac freezes the bundle from, by a real pip and packages of one file."""

import hashlib
import re
import sys
import zipfile
from pathlib import Path

import pytest

from bundle.environment import wheels_of_oldest_macos
from machine.report import Stop

ROOT = Path(__file__).resolve().parents[2]


def a_wheel(folder: Path, tag: str) -> str:
    """Make a package for one system; the line of a lock for it."""
    path = folder / f"sample-1.0-py3-none-{tag}.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        info = "sample-1.0.dist-info"
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: sample\nVersion: 1.0\n")
        wheel.writestr(f"{info}/WHEEL", f"Wheel-Version: 1.0\nGenerator: tests\nTag: py3-none-{tag}\n")
        wheel.writestr(f"{info}/RECORD", "")
    return f"--hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only place that pip looks in."""
    folder = tmp_path / "shop"
    folder.mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.mark.skipif(sys.platform == "win32", reason="as on a Mac")
def test_the_file_for_the_oldest_system_is_taken_and_not_the_best_for_this_one(shop: Path, tmp_path: Path) -> None:
    tags = ("macosx_15_0_arm64", "macosx_11_0_arm64", "macosx_10_13_x86_64", "manylinux2014_x86_64")
    hashes = " ".join(a_wheel(shop, tag) for tag in tags)
    lock = tmp_path / "lock.txt"
    lock.write_text(f"sample==1.0 {hashes}\n")
    for machine, wanted in (("arm64", "macosx_11_0_arm64"), ("x86_64", "macosx_10_13_x86_64")):
        found = wheels_of_oldest_macos(Path(sys.prefix), lock, tmp_path / machine, machine)
        assert [path.name for path in found] == [f"sample-1.0-py3-none-{wanted}.whl"]


@pytest.mark.skipif(sys.platform == "win32", reason="as on a Mac")
def test_a_package_that_the_oldest_system_cannot_use_or_that_is_another_one_is_refused(
    shop: Path, tmp_path: Path
) -> None:
    line = a_wheel(shop, "macosx_14_0_arm64")
    lock = tmp_path / "lock.txt"
    lock.write_text(f"sample==1.0 {line}\n")
    with pytest.raises(Stop, match="pip failed"):
        wheels_of_oldest_macos(Path(sys.prefix), lock, tmp_path / "wheels", "arm64")
    a_wheel(shop, "macosx_11_0_arm64")
    with pytest.raises(Stop, match="pip failed"):
        wheels_of_oldest_macos(Path(sys.prefix), lock, tmp_path / "wheels", "arm64")


def test_an_intel_mac_gets_a_cryptography_that_has_a_file_for_it_and_only_macs_make_disk_images() -> None:
    lock = (ROOT / "build_scripts" / "locks" / "build.txt").read_text(encoding="utf-8")
    intel = re.search(
        r"^cryptography==(\d+)\S* ; platform_machine == 'x86_64' and sys_platform == 'darwin'", lock, re.MULTILINE
    )
    assert intel
    assert int(intel[1]) < 49
    for name in ("dmgbuild", "ds-store", "mac-alias"):
        assert re.search(rf"^{name}==\S+ ; sys_platform == 'darwin' ", lock, re.MULTILINE)

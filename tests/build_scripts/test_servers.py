"""The servers that the benchmark compares with, unpacked from real packages that a small apt-get hands out."""

import shutil
import subprocess
from pathlib import Path

import pytest

from machine import servers
from machine.checkout import Checkout

pytestmark = pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="apt is Debian's")

APT = """#!/bin/sh
echo "$*" >> {folder}/asked
case "$*" in
    *-s*install*) {simulation} ;;
    *download*) for name; do case $name in nginx|haproxy|lib*) cp {folder}/$name.deb . || exit 100; esac; done ;;
esac
"""


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without servers, whose packages lie in the folder."""
    for name in ("nginx", "haproxy", "libparrot"):
        content = tmp_path / name
        (content / "DEBIAN").mkdir(parents=True)
        (content / "DEBIAN" / "control").write_text(
            f"Package: {name}\nVersion: 1\nArchitecture: all\nMaintainer: nobody <nobody@localhost>\nDescription: one\n"
        )
        program = content / "usr" / "sbin" / name
        program.parent.mkdir(parents=True)
        program.write_text(f'#!/bin/sh\necho {name} "$@" "$LD_LIBRARY_PATH"\n')
        program.chmod(0o755)
        subprocess.run(["dpkg-deb", "-b", str(content), f"{tmp_path}/{name}.deb"], check=True, capture_output=True)
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("sh", "cp", "dirname", "grep", "dpkg-deb", "dpkg-query", "tar", "xz", "zstd"):
        if found := shutil.which(name):
            (programs / name).symlink_to(found)
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setattr(servers, "_FOLDERS", ())
    write_apt(tmp_path, "echo Inst libparrot; echo Inst nginx; echo Inst haproxy")
    return tmp_path


def write_apt(machine: Path, simulation: str) -> None:
    apt = machine / "bin" / "apt-get"
    apt.write_text(APT.format(folder=machine, simulation=simulation))
    apt.chmod(0o755)


def test_they_are_unpacked_with_their_libraries_and_installed_nowhere(machine: Path) -> None:
    checkout = Checkout(machine / "clone of mine")
    servers.ensure_servers(checkout)
    assert servers.missing_servers(checkout) == []
    done = subprocess.run(
        [checkout.servers / "bin" / "haproxy", "-c", "a b"], capture_output=True, text=True, check=True
    )
    said, _, libraries = done.stdout.strip().partition(" -c a b ")
    assert said == "haproxy"
    assert Path(libraries).is_relative_to(checkout.servers)
    assert (checkout.servers / "root" / "usr" / "sbin" / "libparrot").exists()
    asked = (machine / "asked").read_text()
    assert all(line.startswith("-s ") or " download " in line for line in asked.splitlines())
    # Nothing more is asked of who has all.
    servers.ensure_servers(checkout)
    assert (machine / "asked").read_text() == asked


def test_one_that_does_not_start_is_brought_again(machine: Path) -> None:
    checkout = Checkout(machine / "clone")
    servers.ensure_servers(checkout)
    moved = Checkout(machine / "moved")
    checkout.root.rename(moved.root)
    assert servers.missing_servers(moved) == []
    (moved.servers / "root" / "usr" / "sbin" / "nginx").unlink()
    assert servers.missing_servers(moved) == ["nginx"]
    servers.ensure_servers(moved)
    assert servers.missing_servers(moved) == []


def test_a_machine_that_cannot_bring_them_goes_on_without(
    machine: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (machine / "haproxy.deb").unlink()
    monkeypatch.setattr(servers, "as_root", lambda: None)
    checkout = Checkout(machine / "clone")
    servers.ensure_servers(checkout)
    assert servers.missing_servers(checkout) == ["nginx", "haproxy"]
    assert "without nginx and haproxy" in capsys.readouterr().err


def test_a_fresh_machine_reads_the_lists_first(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_apt(machine, f"grep -q update {machine}/asked || exit 100; echo Inst nginx; echo Inst haproxy")
    monkeypatch.setattr(servers, "as_root", list)
    checkout = Checkout(machine / "clone")
    servers.ensure_servers(checkout)
    assert servers.missing_servers(checkout) == []

"""The real code on a machine whose apt, loader and sudo are small programs that write down what they are asked."""

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from machine.report import Stop
from machine.system_packages import (
    FREEZING_PROGRAMS,
    QT_LIBRARIES,
    TEST_PROGRAMS,
    ensure_freezing_parts,
    install,
    missing_qt_packages,
    missing_test_packages,
    parse_ldconfig,
)

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="apt is Linux")

ROOT = Path(__file__).resolve().parents[2]
PYSIDE_PARTS = (
    "Qt/lib/libQt6Core.so.6",
    "Qt/lib/libQt6Gui.so.6",
    "Qt/lib/libQt6Widgets.so.6",
    "Qt/lib/libQt6Network.so.6",
    "Qt/lib/libQt6DBus.so.6",
    "Qt/lib/libQt6Svg.so.6",
    "Qt/lib/libQt6XcbQpa.so.6",
    "Qt/lib/libQt6WaylandClient.so.6",
    "Qt/plugins/platforms/libqxcb.so",
    "Qt/plugins/platforms/libqoffscreen.so",
    "Qt/plugins/platforms/libqwayland.so",
    "Qt/plugins/xcbglintegrations/libqxcb-glx-integration.so",
    "Qt/plugins/imageformats/libqsvg.so",
)
# What the C library, the compiler's runtime and the wheel itself bring.
ALWAYS_THERE = re.compile(r"^(ld-linux|libc\.|libm\.|libresolv|libgcc_s|libstdc\+\+|libQt6|libicu)")
# Of Debian's essential and required packages.
PART_OF_DEBIAN = {"bash", "dpkg", "dpkg-deb", "localedef", "mount", "perl", "sh", "sha256sum", "tar", "touch", "umount"}


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is the whole PATH, with an apt that writes its arguments to the file ``asked``."""
    programs = tmp_path / "bin"
    programs.mkdir()
    write_program(programs / "apt-get", f'echo "apt-get $*" >> {tmp_path}/asked')
    write_program(programs / "dpkg-query", "exit 0")
    for name in ("env", "sh"):
        (programs / name).symlink_to(shutil.which(name) or name)
    monkeypatch.setenv("PATH", str(programs))
    return tmp_path


def write_program(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)


def asked(machine: Path) -> str:
    file = machine / "asked"
    return file.read_text(encoding="utf-8") if file.exists() else ""


def test_root_installs_after_an_update(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    install(["xvfb", "libegl1", "xvfb"], "the tests")
    update, installed = asked(machine).splitlines()
    assert update.endswith(" update")
    assert installed.endswith(" install -y --no-install-recommends libegl1 xvfb")


def test_nothing_missing_asks_nothing(machine: Path) -> None:
    install([], "the tests")
    assert asked(machine) == ""


def test_a_user_with_a_silent_sudo_installs_through_it(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    write_program(machine / "bin/sudo", f'echo "sudo $*" >> {machine}/asked; shift; exec "$@"')
    write_program(machine / "bin/true", "exit 0")
    install(["xvfb"], "the tests")
    assert "sudo -n env DEBIAN_FRONTEND=noninteractive apt-get" in asked(machine)
    assert asked(machine).endswith(" install -y --no-install-recommends xvfb\n")


@pytest.mark.parametrize("sudo", [None, "exit 1"])
def test_a_user_without_rights_gets_the_exact_command_and_nothing_happens(
    machine: Path, monkeypatch: pytest.MonkeyPatch, sudo: str | None
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    if sudo:
        write_program(machine / "bin/sudo", sudo)
    with pytest.raises(Stop) as stop:
        install(["libegl1", "libxcb-cursor0"], "the desktop application")
    command = "sudo apt-get update && sudo apt-get install -y --no-install-recommends libegl1 libxcb-cursor0"
    assert command in str(stop.value)
    assert stop.value.exit_code == 1
    assert asked(machine) == ""


def test_the_words_of_a_failing_apt_are_handed_on(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    write_program(machine / "bin/apt-get", "echo 'E: Unable to locate package xvfb' >&2; exit 100")
    with pytest.raises(Stop, match="Unable to locate package xvfb"):
        install(["xvfb"], "the tests")


def test_a_library_that_the_loader_does_not_find_names_its_package(machine: Path) -> None:
    listed = "\n".join(f"\t{name} (libc6,x86-64) => /lib/{name}" for name in QT_LIBRARIES if "icccm" not in name)
    write_program(machine / "bin/ldconfig", f"cat <<'END'\n2 libs found in cache\n{listed}\nEND")
    (machine / "bin/cat").symlink_to("/bin/cat")
    write_program(machine / "bin/fc-list", "exit 0")
    assert missing_qt_packages() == ["libxcb-icccm4"]
    write_program(machine / "bin/fc-list", "exit 1")
    assert missing_qt_packages() == ["fonts-noto-cjk", "libxcb-icccm4"]


def test_a_program_that_is_absent_names_its_package(machine: Path) -> None:
    assert {"xvfb", "gnome-keyring", "xfce4-panel"} <= set(missing_test_packages())


def test_the_loaders_list_is_read() -> None:
    text = "1 libs found in cache `/etc/ld.so.cache'\n\tlibz.so.1 (libc6,x86-64) => /lib/libz.so.1\n"
    assert parse_ldconfig(text) == {"libz.so.1"}


def test_every_library_that_the_locked_qt_asks_for_is_known() -> None:
    import PySide6

    folder = Path(PySide6.__path__[0])
    needed: set[str] = set()
    for part in PYSIDE_PARTS:
        listing = subprocess.run(
            ["objdump", "-p", folder / part], capture_output=True, text=True, timeout=30, check=True
        ).stdout
        needed |= set(re.findall(r"NEEDED\s+(\S+)", listing))
    outside = {name for name in needed if not ALWAYS_THERE.match(name)}
    assert "libEGL.so.1" in outside
    assert outside == set(QT_LIBRARIES)


@pytest.fixture
def freezing(machine: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same machine with binutils, and with a Python of the system's own that is no library."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(sys, "base_prefix", "/usr")
    monkeypatch.setattr("machine.system_packages.known_libraries", set)
    monkeypatch.setattr("sysconfig.get_config_var", lambda _name: str(machine / "lib"))
    library = machine / "lib" / f"libpython{sys.version_info.major}.{sys.version_info.minor}.so.1.0"
    library.parent.mkdir()
    library.touch()
    for name in FREEZING_PROGRAMS:
        write_program(machine / "bin" / name, "exit 0")
    return machine


def test_what_pyinstaller_takes_from_the_system_is_brought(freezing: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ensure_freezing_parts()
    assert asked(freezing) == ""
    monkeypatch.setattr("sysconfig.get_config_var", lambda _name: None)
    (freezing / "bin/strip").unlink()
    ensure_freezing_parts()
    binutils, library = (line for line in asked(freezing).splitlines() if " install " in line)
    assert binutils.endswith(" binutils")
    assert library.endswith(f" libpython{sys.version_info.major}.{sys.version_info.minor}")


def test_a_python_that_cannot_be_frozen_is_told_so(freezing: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sysconfig.get_config_var", lambda _name: None)
    monkeypatch.setattr(sys, "base_prefix", "/home/somebody/.pyenv/versions/3.11.7")
    with pytest.raises(Stop, match="was built without it"):
        ensure_freezing_parts()
    assert asked(freezing) == ""


def test_elsewhere_than_on_debian_missing_programs_are_named(freezing: Path) -> None:
    for name in ("apt-get", "objcopy"):
        (freezing / "bin" / name).unlink()
    with pytest.raises(Stop, match="missing: objcopy"):
        ensure_freezing_parts()


def test_every_program_that_a_test_starts_by_its_name_is_brought() -> None:
    started = {name for file in (ROOT / "tests").rglob("*.py") for name in programs_started_in(file)}
    assert {"bash", "desktop-file-validate", "groff", "gio"} <= started
    # Wine's own helper comes with it, and Codex from npm.
    assert started - PART_OF_DEBIAN - {"wineserver", "codex"} <= TEST_PROGRAMS.keys()


def programs_started_in(file: Path) -> set[str]:
    """What a module starts by a bare name: as a list for `subprocess`, also by a name of its own, or word by word."""
    nodes = list(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
    calls = [node for node in nodes if isinstance(node, ast.Call) and node.args]
    commands = [call.args[0] for call in calls if ast.unparse(call.func).startswith("subprocess.")]
    names = {command.id for command in commands if isinstance(command, ast.Name)}
    for node in nodes:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if names & {ast.unparse(target) for target in targets}:
                commands.append(node.value)
    firsts = [command.elts[0] for command in commands if isinstance(command, ast.List) and command.elts]
    firsts += [call.args[0] for call in calls if ast.unparse(call.func) == "asyncio.create_subprocess_exec"]
    words = {first.value for first in firsts if isinstance(first, ast.Constant)}
    return {word for word in words if isinstance(word, str) and "/" not in word}

"""Starting at sign-in, in each system's own format, read back as the system would read it."""

from __future__ import annotations

import os
import plistlib
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from app.platform.autostart import (
    VARIABLES,
    Autostart,
    AutostartFailed,
    AutostartState,
    Place,
    place_of,
    start_command,
    variables_that_hold,
)
from app.platform.autostart_files import ProgramNotInstalled, is_read_only, run_launchctl
from app.platform.autostart_registry import RunKey

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="desktop entries")

COMMAND = ('/opt/驿 站/Way%station\'s "$HOME" `x` \\n;&', "--minimized", "--data-dir", "/tmp/a b")
RUN = r"Software\Microsoft\Windows\CurrentVersion\Run"
APPROVED = r"Software\Microsoft\Windows\CurrentVersion\Explorer\StartupApproved\Run"


class Registry:
    """The part of `winreg` that is used, with the real functions' signatures and errors."""

    HKEY_CURRENT_USER, KEY_QUERY_VALUE, KEY_SET_VALUE, REG_SZ, REG_BINARY = 1, 2, 4, 8, 16

    class Key:
        def __init__(self, path: str, access: int) -> None:
            self.path, self.access = path, access

        def __enter__(self) -> Registry.Key:
            return self

        def __exit__(self, *_: object) -> None:
            pass

    def __init__(self) -> None:
        self.keys: dict[str, dict[str, tuple[object, int]]] = {RUN: {}}
        self.refuses = False

    def OpenKey(self, key: int, sub_key: str, reserved: int = 0, access: int = 2) -> Key:
        assert key == self.HKEY_CURRENT_USER
        if sub_key not in self.keys:
            raise FileNotFoundError(2, "The system cannot find the file specified")
        if self.refuses and access & self.KEY_SET_VALUE:
            raise PermissionError(13, "Access is denied")
        return self.Key(sub_key, access)

    def CreateKeyEx(self, key: int, sub_key: str, reserved: int = 0, access: int = 4) -> Key:
        self.keys.setdefault(sub_key, {})
        return self.OpenKey(key, sub_key, reserved, access)

    def QueryValueEx(self, key: Key, name: str) -> tuple[object, int]:
        assert key.access & self.KEY_QUERY_VALUE
        if name not in self.keys[key.path]:
            raise FileNotFoundError(2, "The system cannot find the file specified")
        return self.keys[key.path][name]

    def SetValueEx(self, key: Key, name: str, reserved: int, type: int, value: object) -> None:
        assert key.access & self.KEY_SET_VALUE
        assert type != self.REG_SZ or isinstance(value, str)
        self.keys[key.path][name] = (value, type)

    def DeleteValue(self, key: Key, name: str) -> None:
        assert key.access & self.KEY_SET_VALUE
        if self.keys[key.path].pop(name, None) is None:
            raise FileNotFoundError(2, "The system cannot find the file specified")


@pytest.fixture
def registry() -> Registry:
    return Registry()


@pytest.fixture(params=["linux", "darwin", "win32"])
def place(request: pytest.FixtureRequest, tmp_path: Path, registry: Registry) -> Place:
    return place_of(request.param, {}, tmp_path, lambda: registry)


def test_it_is_off_until_it_is_switched_on_and_again_afterwards(place: Place) -> None:
    autostart = Autostart(COMMAND, place)
    assert autostart.state() is AutostartState.OFF
    autostart.set(False)
    autostart.set(True)
    assert autostart.is_on()
    autostart.set(True)
    assert autostart.is_on()
    autostart.set(False)
    assert autostart.state() is AutostartState.OFF


def test_another_copy_is_told_apart_and_replaced(place: Place) -> None:
    other, autostart = Autostart(("/old/Waystation", "--minimized"), place), Autostart(COMMAND, place)
    other.set(True)
    assert autostart.state() is AutostartState.OTHER
    assert not autostart.is_on()
    autostart.set(True)
    assert (autostart.is_on(), other.state()) == (True, AutostartState.OTHER)


@pytest.mark.parametrize("program", ["/old/Waystation", "/old 1/way station", "/old/%s $HOME `x` \\ 'y'/驿站"])
def test_another_copy_is_named_and_the_same_with_other_options_is_not(place: Place, program: str) -> None:
    autostart = Autostart(("/opt/new one/Waystation", "--minimized"), place)
    assert autostart.other() is None
    Autostart((program, "--minimized"), place).set(True)
    assert autostart.other() == program
    Autostart(("/opt/new one/Waystation", "--minimized", "--data-dir", "/b"), place).set(True)
    assert autostart.other() == ""
    autostart.set(True)
    assert autostart.other() is None


def test_a_copy_that_was_moved_or_removed_starts_nothing_and_is_told_apart(place: Place, tmp_path: Path) -> None:
    moved = tmp_path / "way station's" / "Waystation"
    moved.parent.mkdir()
    moved.write_text("")
    autostart = Autostart(("/opt/Waystation", "--minimized"), place)
    assert not autostart.other_is_gone()
    Autostart((str(moved), "--minimized"), place).set(True)
    assert (autostart.other(), autostart.other_is_gone()) == (str(moved), False)
    moved.unlink()
    assert (autostart.other(), autostart.other_is_gone()) == (str(moved), True)
    autostart.set(True)
    assert (autostart.is_on(), autostart.other_is_gone()) == (True, False)


def test_the_variables_that_a_sign_in_may_not_know_are_found() -> None:
    environ = {"WAYSTATION_KEY_STORE": "file", "WAYSTATION_STRICT": "", "WAYSTATION_DATA_DIR": "/d", "HOME": "/h"}
    assert variables_that_hold(environ) == ("WAYSTATION_KEY_STORE",)
    assert start_command(Path("/d"), frozen=True, executable="/w") == ("/w", "--minimized", "--data-dir", "/d")


def test_every_variable_that_the_manual_names_is_looked_for() -> None:
    manual = (Path(__file__).resolve().parents[2] / "README.md").read_text("utf-8")
    rows = [line for line in manual.splitlines() if line.startswith("| `WAYSTATION_")]
    named = set(re.findall(r"WAYSTATION_\w+", " ".join(row.split("|")[1] for row in rows)))
    # The data folder is part of what is started.
    assert named - {"WAYSTATION_DATA_DIR"} == set(VARIABLES)


def entry(tmp_path: Path) -> Path:
    return tmp_path / ".config" / "autostart" / "waystation.desktop"


def on_linux(tmp_path: Path, command: Sequence[str] = COMMAND) -> Autostart:
    return Autostart(command, place_of("linux", {}, tmp_path, lambda: None))


@pytest.mark.parametrize(
    "switched_off",
    ["Hidden=true", "X-GNOME-Autostart-enabled=false", "Hidden = true"],
)
def test_what_a_linux_desktop_has_switched_off_is_off(tmp_path: Path, switched_off: str) -> None:
    autostart = on_linux(tmp_path)
    autostart.set(True)
    entry(tmp_path).write_text(entry(tmp_path).read_text("utf-8") + switched_off + "\n", "utf-8")
    assert autostart.state() is AutostartState.OFF
    autostart.set(True)
    assert autostart.is_on()


def test_other_groups_and_comments_of_an_entry_do_not_count(tmp_path: Path) -> None:
    autostart = on_linux(tmp_path)
    autostart.set(True)
    text = entry(tmp_path).read_text("utf-8")
    entry(tmp_path).write_text(
        f"# Hidden=true\n{text}#Hidden=true\n\n[Desktop Action x]\nExec=y\nHidden=true\n", "utf-8"
    )
    assert autostart.is_on()


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"[Desktop Entry]\n", b"Exec=x\n"])
def test_an_entry_that_makes_no_sense_is_off(tmp_path: Path, content: bytes) -> None:
    entry(tmp_path).parent.mkdir(parents=True)
    entry(tmp_path).write_bytes(content)
    assert on_linux(tmp_path).state() is AutostartState.OFF


@pytest.mark.parametrize(("named", "used"), [("else where", "else where"), ("", ".config")])
def test_the_users_configuration_folder_is_respected(tmp_path: Path, named: str, used: str) -> None:
    environ = {"XDG_CONFIG_HOME": str(tmp_path / named) if named else "relative"}
    Autostart(COMMAND, place_of("linux", environ, tmp_path, lambda: None)).set(True)
    assert (tmp_path / used / "autostart" / "waystation.desktop").is_file()


@LINUX
def test_glib_starts_exactly_what_was_meant(tmp_path: Path) -> None:
    written = tmp_path / "written"
    argument = "a b%c'd\"e$HOME`f`\\g;&驿"
    program = "import sys,pathlib;p=pathlib.Path(sys.argv[1]);p.with_suffix('.new').write_text(sys.argv[2],'utf-8');"
    program += "p.with_suffix('.new').rename(p)"
    on_linux(tmp_path, (sys.executable, "-c", program, str(written), argument)).set(True)
    subprocess.run(["gio", "launch", str(entry(tmp_path))], check=True, timeout=30)
    until = time.monotonic() + 20
    while not written.exists() and time.monotonic() < until:
        time.sleep(0.02)
    assert written.read_text("utf-8") == argument


def test_the_launch_agent_starts_with_a_screen_only(tmp_path: Path) -> None:
    autostart = Autostart(COMMAND, place_of("darwin", {}, tmp_path, lambda: None))
    autostart.set(True)
    file = tmp_path / "Library" / "LaunchAgents" / "app.waystation.plist"
    agent = plistlib.loads(file.read_bytes())
    assert agent == {
        "Label": "app.waystation",
        "ProgramArguments": list(COMMAND),
        "RunAtLoad": True,
        "LimitLoadToSessionType": "Aqua",
        "ProcessType": "Interactive",
        "AssociatedBundleIdentifiers": ["app.waystation"],
    }
    for changes in ({"Disabled": True}, {"RunAtLoad": False}, {"ProgramArguments": []}):
        file.write_bytes(plistlib.dumps({**agent, **changes}))
        assert autostart.state() is AutostartState.OFF
    for content in (b"no plist", b"<?xml version='1.0'?><plist><dict>", b"bplist00"):
        file.write_bytes(content)
        assert autostart.state() is AutostartState.OFF


class Launchd:
    """Answers as `launchctl` does; words of macOS 14 and of macOS 12."""

    def __init__(self, off: str, on: str) -> None:
        self.off, self.on = off, on
        self.states = {"com.apple.other": off, "app.waystation.more": off}
        self.asked: list[Sequence[str]] = []

    def __call__(self, arguments: Sequence[str]) -> str:
        self.asked.append(arguments)
        if arguments[0] == "enable":
            self.states[arguments[1].rpartition("/")[2]] = self.on
            return ""
        lines = "".join(f'\t\t"{label}" => {state}\n' for label, state in self.states.items())
        return f"\n\tdisabled services = {{\n{lines}\t}}\n"


@pytest.mark.parametrize(("off", "on"), [("disabled", "enabled"), ("true", "false")])
def test_what_launchd_has_switched_off_is_off_and_can_be_switched_on_again(tmp_path: Path, off: str, on: str) -> None:
    launchd = Launchd(off, on)
    autostart = Autostart(COMMAND, place_of("darwin", {}, tmp_path, lambda: None, launchd))
    autostart.set(True)
    assert autostart.is_on()
    assert not any(arguments[0] == "enable" for arguments in launchd.asked)
    launchd.states["app.waystation"] = off
    assert autostart.state() is AutostartState.OFF
    autostart.set(True)
    assert autostart.is_on()
    assert launchd.asked.count(("enable", f"gui/{os.getuid()}/app.waystation")) == 1


@pytest.mark.skipif(sys.platform == "darwin", reason="a real launchd answers here")
def test_a_launchd_that_cannot_be_asked_says_nothing() -> None:
    assert run_launchctl(("print-disabled", "gui/0")) == ""


def test_on_macos_a_program_on_its_disk_image_is_not_started_at_sign_in(tmp_path: Path) -> None:
    autostart = Autostart(COMMAND, place_of("darwin", {}, tmp_path, lambda: None, passing=lambda _program: True))
    with pytest.raises(ProgramNotInstalled, match="folder Applications"):
        autostart.set(True)
    assert autostart.state() is AutostartState.OFF
    assert not is_read_only(str(tmp_path))
    assert not is_read_only(str(tmp_path / "missing"))


@LINUX
def test_the_entry_keeps_to_the_specification(tmp_path: Path) -> None:
    on_linux(tmp_path).set(True)
    done = subprocess.run(["desktop-file-validate", entry(tmp_path)], capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stdout) == (0, "")


@LINUX
def test_an_entry_whose_program_is_gone_is_passed_over(tmp_path: Path) -> None:
    program = tmp_path / "way \\ station"
    shutil.copy("/bin/true", program)
    on_linux(tmp_path, (str(program),)).set(True)
    launch = ["gio", "launch", str(entry(tmp_path))]
    assert subprocess.run(launch, capture_output=True, timeout=30).returncode == 0
    program.unlink()
    assert b"Unable to load" in subprocess.run(launch, capture_output=True, timeout=30).stderr


def test_on_windows_the_path_is_quoted_and_the_systems_own_switch_counts(registry: Registry) -> None:
    autostart = Autostart((r"C:\Programs\Way\waystation.exe", "--minimized"), RunKey("Waystation", registry))
    autostart.set(True)
    assert registry.keys[RUN] == {"Waystation": (r'"C:\Programs\Way\waystation.exe" --minimized', registry.REG_SZ)}
    off, on = (bytes([first]) + bytes(11) for first in (3, 2))
    registry.keys[APPROVED] = {"Waystation": (off, registry.REG_BINARY)}
    assert autostart.state() is AutostartState.OFF
    autostart.set(True)
    assert autostart.is_on()
    registry.keys[APPROVED] = {"Waystation": (on, registry.REG_BINARY)}
    assert autostart.is_on()
    autostart.set(False)
    assert registry.keys == {RUN: {}, APPROVED: {}}


def test_what_the_system_refuses_is_told(tmp_path: Path, registry: Registry) -> None:
    (tmp_path / "file").write_text("")
    registry.refuses = True
    long = ("C:\\" + "x" * 260,)
    places: list[tuple[Sequence[str], Any]] = [
        (COMMAND, place_of("linux", {"XDG_CONFIG_HOME": str(tmp_path / "file")}, tmp_path, lambda: None)),
        (("/a\nb",), place_of("linux", {}, tmp_path, lambda: None)),
        (COMMAND, place_of("darwin", {}, tmp_path / "file", lambda: None)),
        (COMMAND, RunKey("Waystation", registry)),
        (long, RunKey("Waystation", Registry())),
    ]
    for command, place in places:
        autostart = Autostart(command, place)
        with pytest.raises(AutostartFailed, match="start-up programs"):
            autostart.set(True)
        assert not autostart.is_on()


def test_a_bundle_is_started_itself_and_an_appimage_as_the_whole_file() -> None:
    started = start_command(frozen=True, executable="/opt/waystation", environ={})
    assert started == ("/opt/waystation", "--minimized")
    mounted = {"APPIMAGE": "/home/someone/Waystation.AppImage"}
    started = start_command(Path("/data"), frozen=True, executable="/tmp/.mount/waystation", environ=mounted)
    assert started == ("/home/someone/Waystation.AppImage", "--minimized", "--data-dir", "/data")


def test_a_checkout_is_started_from_any_folder(tmp_path: Path) -> None:
    program, dash, code, minimized = start_command(frozen=False)
    assert minimized == "--minimized"
    # The same program, which says its version here instead of opening a window.
    done = subprocess.run([program, dash, code, "--version"], cwd=tmp_path, capture_output=True, text=True, timeout=30)
    assert done.stdout.startswith("waystation "), done


def test_python_without_a_console_is_used_where_there_is_one(tmp_path: Path) -> None:
    (tmp_path / "pythonw.exe").write_text("")
    started = start_command(frozen=False, executable=str(tmp_path / "python.exe"))
    assert started[0] == str(tmp_path / "pythonw.exe")
    assert start_command(frozen=False, executable="/usr/bin/python3")[0] == "/usr/bin/python3"

"""`build.py try` for macOS, with scripts in place of Apple's commands."""

import plistlib
import shutil
import sys
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("the stand-ins are scripts", allow_module_level=True)

from app.platform.autostart_files import LaunchAgent
from app.platform.paths import NAME
from installers import try_macos
from installers.trial import SelftestAndServe, try_it
from machine.report import Stop
from tests.build_scripts.test_trial import installer

#: A disk image is a folder here, and opening it copies that.
COMMANDS = {
    "hdiutil": 'case "$1" in attach) cp -a "$6"/. "$5";; detach) rm -rf "$3"/*;; esac',
    "ditto": 'cp -a "$1" "$2"',
    "codesign": "true",
    "spctl": "true",
    "xcrun": "true",
}


@pytest.fixture
def mac(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> try_macos.MacOS:
    programs = tmp_path / "commands"
    programs.mkdir()
    for name, script in COMMANDS.items():
        program = programs / name
        program.write_text(f'#!/bin/sh\necho "{name} $*" >> "{tmp_path}/asked"\n{script}\n')
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    (tmp_path / "Applications").mkdir()
    return try_macos.MacOS(tmp_path / "Applications", tmp_path / "home")


def image(folder: Path, name: str = "Waystation-1.2.3-macos-arm64-unsigned.dmg") -> Path:
    made = folder / name
    program = made / f"{NAME}.app" / "Contents" / "MacOS" / NAME
    program.parent.mkdir(parents=True)
    shutil.copyfile(installer(folder), program)
    program.chmod(0o755)
    (made / "Applications").symlink_to("/Applications")
    return made


def asked(folder: Path) -> list[str]:
    return [line.split()[0] for line in (folder / "asked").read_text().splitlines()]


def test_the_application_is_dragged_used_replaced_and_thrown_away(mac: try_macos.MacOS, tmp_path: Path) -> None:
    try_it(mac, image(tmp_path), "1.2.3")
    # Opened and closed again each time; what is unsigned is verified all the same, and Gatekeeper is not asked.
    once = ["hdiutil", "ditto", "hdiutil", "codesign"]
    assert asked(tmp_path) == once * 2
    assert (tmp_path / "said").read_text().split() == ["selftest", "serve", "quit", "selftest"]
    assert list((tmp_path / "Applications").iterdir()) == []


def test_of_a_signed_one_gatekeeper_and_the_notarisation_are_asked(mac: try_macos.MacOS, tmp_path: Path) -> None:
    try_it(mac, image(tmp_path, "Waystation-1.2.3-macos-arm64.dmg"), "1.2.3")
    assert asked(tmp_path)[3:6] == ["codesign", "spctl", "xcrun"]


def test_what_gatekeeper_refuses_stops_it(mac: try_macos.MacOS, tmp_path: Path) -> None:
    (tmp_path / "commands" / "spctl").write_text("#!/bin/sh\necho rejected\nexit 3\n")
    with pytest.raises(Stop, match="rejected\nCould not pass Gatekeeper: exit code 3"):
        try_it(mac, image(tmp_path, "Waystation-1.2.3-macos-arm64.dmg"), "1.2.3")


def test_an_image_without_the_application_or_the_link_stops_it_and_is_closed(
    mac: try_macos.MacOS, tmp_path: Path
) -> None:
    made = image(tmp_path)
    (made / "Applications").unlink()
    with pytest.raises(Stop, match="no link to the folder"):
        mac.install(made)
    (made / f"{NAME}.app").rename(made / "Other.app")
    with pytest.raises(Stop, match=r"holds no Waystation\.app, but Other\.app"):
        mac.install(made)
    assert asked(tmp_path) == ["hdiutil", "hdiutil"] * 2


def test_the_launch_agent_is_seen_where_the_program_writes_it(
    mac: try_macos.MacOS, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Leaves(SelftestAndServe):
        def works(self, program: Path, version: str) -> None:
            agents = tmp_path / "home" / "Library" / "LaunchAgents"
            LaunchAgent(agents, NAME).write([str(program)])
            assert plistlib.loads(next(agents.iterdir()).read_bytes())["RunAtLoad"] is True

    with pytest.raises(Stop, match=r"Not as it was before: .*/LaunchAgents/app\.waystation\.plist$"):
        try_it(mac, image(tmp_path), "1.2.3", Leaves())


@pytest.mark.parametrize(("said", "processor"), [("arm64", "arm64"), ("x86_64", "x86_64")])
def test_the_image_of_this_processor_is_tried(said: str, processor: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(try_macos.platform, "machine", lambda: said)
    assert try_macos.machine() == processor

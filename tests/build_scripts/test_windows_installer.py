"""Installing, upgrading and removing in wine's Windows, with a stand-in for the program, by its files and registry."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("wine", allow_module_level=True)

from app.platform.autostart import start_command
from app.platform.autostart_registry import RunKey
from app.store.key_stores import KEYRING_SERVICE, KEYRING_USER
from bundle.layout import Bundle
from installers.windows.make import compile_installer
from tests.build_scripts.windows.machine import (
    APPROVED,
    LISTED,
    RUN,
    Windows,
    chinese,
    content_of,
    one_icon,
    stand_in_bundle,
)
from tests.support.waiting import wait_for

# Wine on a busy machine takes its time.
pytestmark = pytest.mark.timeout(150)

OLD, NEW, FULL = "1.9.0", "1.10.0", "2.0.0"
#: Bytes of a file in the version FULL, and where its disk ends.
LARGE, DISK_END = 8 * 2**20, 4 * 2**20


class Installers:
    """What is installed in these tests."""

    def __init__(self, folder: Path) -> None:
        icon = one_icon(folder / "icon.ico")
        self.bundles: dict[str, Bundle] = {}
        self.setups: dict[str, Path] = {}
        for version in (OLD, NEW, FULL):
            bundle = stand_in_bundle(folder, version, {"large": bytes(LARGE)} if version == FULL else {})
            self.bundles[version] = bundle
            self.setups[version] = compile_installer(bundle, version, folder, icon, {"PATH": "/usr/bin:/bin"})

    def files(self, version: str) -> dict[str, bytes]:
        return content_of(self.bundles[version])


@pytest.fixture(scope="module")
def installers(tmp_path_factory: pytest.TempPathFactory) -> Installers:
    assert shutil.which("makensis"), "makensis is not installed. Run: python3 build_scripts/dev.py test"
    return Installers(tmp_path_factory.mktemp("installers"))


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Windows]:
    assert shutil.which("wine"), "wine is not installed. Run: python3 build_scripts/dev.py test"
    running = Windows(tmp_path_factory.mktemp("windows"))
    yield running
    running.end()


@pytest.fixture
def windows(machine: Windows) -> Iterator[Windows]:
    """Windows without Waystation."""
    yield machine
    machine.forget()


def installed(windows: Windows) -> dict[str, bytes]:
    """The files in the program's folder, without the uninstaller, which must be there."""
    found = {
        str(path.relative_to(windows.programs)): path.read_bytes()
        for path in windows.programs.rglob("*")
        if path.is_file()
    }
    assert found.pop("uninstall.exe")
    return found


def install(windows: Windows, setup: Path, *options: str) -> None:
    assert windows.run(setup, "/S", *options) == 0, windows.complaints.read_text(errors="replace")


def own_command(windows: Windows) -> str:
    """What the program itself would write, to start at sign-in."""
    program = windows.path(windows.programs / "Waystation.exe")
    return RunKey("Waystation", None).words(start_command(frozen=True, executable=program, environ={}))


def uninstall(windows: Windows, *options: str) -> None:
    """As Windows' own list of programs does it: a copy of the uninstaller goes on when the first has ended."""
    command = windows.registry(LISTED)["QuietUninstallString"]
    program, _, rest = command.removeprefix('"').partition('"')
    assert windows.run(program, *rest.split(), *options) == 0
    # The last but the data.
    wait_for(lambda: not windows.registry(LISTED), "the uninstaller to be done")


def test_a_silent_installation_is_the_bundle_its_entry_and_its_shortcut_and_nothing_more(
    windows: Windows, installers: Installers
) -> None:
    before = windows.files()
    install(windows, installers.setups[OLD])
    assert installed(windows) == installers.files(OLD)
    new = {path for path in windows.files().keys() - before.keys() if "Programs/Waystation/" not in path}
    assert new == {str(windows.menu.relative_to(windows.home))}
    folder = windows.path(windows.programs)
    entry = windows.registry(LISTED)
    size = entry.pop("EstimatedSize")
    real = sum(len(content) for content in installers.files(OLD).values())
    assert 0 <= int(size.removeprefix("dword:"), 16) * 1024 - real < 1024
    assert entry == {
        "DisplayName": "Waystation",
        "DisplayVersion": OLD,
        "Publisher": "Waystation contributors",
        "DisplayIcon": rf"{folder}\Waystation.exe,0",
        "InstallLocation": folder,
        "UninstallString": rf'"{folder}\uninstall.exe"',
        "QuietUninstallString": rf'"{folder}\uninstall.exe" /S',
        "NoModify": "dword:00000001",
        "NoRepair": "dword:00000001",
    }
    assert rf"{folder}\Waystation.exe".encode("utf-16-le") in windows.menu.read_bytes()
    assert windows.registry(RUN) == {}
    assert windows.said() == []


def test_an_upgrade_asks_the_running_program_to_quit_and_starts_the_new_one(
    windows: Windows, installers: Installers
) -> None:
    install(windows, installers.setups[OLD], "/AUTOSTART")
    (windows.programs / "我的笔记.txt").write_text("mine")
    windows.start_program()
    install(windows, installers.setups[NEW])
    wait_for(lambda: len(windows.said()) == 3, "the new version to start")
    assert windows.said() == [
        f"{OLD} Waystation.exe ",
        f"{OLD} waystation-cli.exe quit",
        f"{NEW} Waystation.exe --minimized",
    ]
    assert installed(windows) == {**installers.files(NEW), "我的笔记.txt": b"mine"}
    assert windows.registry(LISTED)["DisplayVersion"] == NEW
    assert windows.registry(RUN) == {"Waystation": own_command(windows)}


def test_an_upgrade_of_what_does_not_run_starts_nothing(windows: Windows, installers: Installers) -> None:
    install(windows, installers.setups[OLD])
    install(windows, installers.setups[NEW])
    assert installed(windows) == installers.files(NEW)
    assert windows.said() == []


def test_a_program_that_does_not_end_keeps_its_version(windows: Windows, installers: Installers) -> None:
    install(windows, installers.setups[OLD])
    windows.start_program()
    (windows.signs / "stubborn").touch()
    assert windows.run(installers.setups[NEW], "/S") == 3
    assert installed(windows) == installers.files(OLD)
    assert windows.registry(LISTED)["DisplayVersion"] == OLD
    assert windows.is_running()
    assert len(windows.said()) == 2


def test_a_file_that_another_program_holds_brings_everything_back(windows: Windows, installers: Installers) -> None:
    install(windows, installers.setups[OLD])
    windows.start_program()
    # The last that is moved.
    with windows.held(windows.programs / "uninstall.exe"):
        assert windows.run(installers.setups[NEW], "/S") == 3
    assert installed(windows) == installers.files(OLD)
    assert windows.registry(LISTED)["DisplayVersion"] == OLD
    wait_for(lambda: len(windows.said()) == 3, "the old version to start again")
    assert windows.said()[2] == f"{OLD} Waystation.exe --minimized"


def test_a_full_disk_leaves_the_running_program_in_peace(windows: Windows, installers: Installers) -> None:
    install(windows, installers.setups[OLD])
    windows.start_program()
    with windows.started(installers.setups[FULL], "/S", largest_file=DISK_END) as setup:
        assert setup.wait(45) == 2
    assert installed(windows) == installers.files(OLD)
    assert windows.registry(LISTED)["DisplayVersion"] == OLD
    assert windows.said() == [f"{OLD} Waystation.exe "]


def test_a_full_disk_leaves_no_first_installation_behind(windows: Windows, installers: Installers) -> None:
    before = windows.files()
    with windows.started(installers.setups[FULL], "/S", largest_file=DISK_END) as setup:
        assert setup.wait(45) == 2
    assert windows.files() == before
    assert not windows.programs.exists()
    assert windows.registry(LISTED) == {}


@pytest.mark.parametrize("moved", [0, 3, 7, 10])
def test_an_upgrade_that_was_cut_is_put_right(moved: int, windows: Windows, installers: Installers) -> None:
    install(windows, installers.setups[OLD])
    folder = windows.programs
    shutil.copytree(installers.bundles[NEW].folder, folder / "_new")
    (folder / "_new" / "uninstall.exe").write_bytes(b"of the new one")
    (folder / "_old").mkdir()
    names = ["_internal", "Waystation.exe", "waystation-cli.exe", "LICENSES.txt", "uninstall.exe"]
    steps = [(folder / name, folder / "_old" / name) for name in names]
    steps += [(folder / "_new" / name, folder / name) for name in names]
    for place, to in steps[:moved]:
        place.rename(to)
    # An installation that fails again: what was there before it must be whole, in one version or the other.
    with windows.started(installers.setups[FULL], "/S", largest_file=DISK_END) as setup:
        assert setup.wait(45) == 2
    assert installed(windows) == installers.files(NEW if moved == len(steps) else OLD)


def test_what_a_cut_installation_has_unpacked_goes(windows: Windows, installers: Installers) -> None:
    shutil.copytree(installers.bundles[OLD].folder, windows.programs / "_part")
    install(windows, installers.setups[NEW])
    assert installed(windows) == installers.files(NEW)


def test_a_newer_version_is_not_replaced_unless_that_is_said(windows: Windows, installers: Installers) -> None:
    install(windows, installers.setups[NEW])
    assert windows.run(installers.setups[OLD], "/S") == 4
    assert installed(windows) == installers.files(NEW)
    assert windows.registry(LISTED)["DisplayVersion"] == NEW
    install(windows, installers.setups[OLD], "/DOWNGRADE")
    assert installed(windows) == installers.files(OLD)
    assert windows.registry(LISTED)["DisplayVersion"] == OLD


def test_a_folder_of_ones_own_may_have_blanks_and_chinese_characters_and_stays(
    windows: Windows, installers: Installers
) -> None:
    standard, windows.programs = windows.programs, windows.drive / "软件 (我的)" / "驿站 Waystation"
    try:
        # Without quotes, so several words.
        install(windows, installers.setups[OLD], *rf"/D={windows.path(windows.programs)}".split(" "))
        assert installed(windows) == installers.files(OLD)
        assert windows.path(windows.programs).encode("utf-16-le") in windows.menu.read_bytes()
        install(windows, installers.setups[NEW], "/AUTOSTART", r"/D=C:\elsewhere")
        assert installed(windows) == installers.files(NEW)
        assert windows.registry(RUN) == {"Waystation": own_command(windows)}
        assert not (windows.drive / "elsewhere").exists()
        assert not standard.exists()
        uninstall(windows)
        assert not windows.programs.exists()
        assert windows.registry(RUN) == {}
    finally:
        shutil.rmtree(windows.drive / "软件 (我的)", ignore_errors=True)
        windows.programs = standard


def test_a_path_of_just_the_length_that_windows_takes_works_and_a_longer_one_is_refused(
    windows: Windows, installers: Installers
) -> None:
    longest = max(len(path) for path in installers.files(OLD)) + len(r"\_part") + len("\\")
    deepest = max(len(str(Path(path).parent)) for path in installers.files(OLD)) + len(r"\_part") + len("\\") + 12
    room = 259 - max(longest, deepest)
    top = windows.drive / "long"
    name = str(windows.drive / "long" / "x").removeprefix(str(windows.drive)).replace("/", "\\")
    base = "C:" + name[:-1]
    middle = "y" * 100
    fits = base + middle + "\\" + "z" * (room - len(base) - len(middle) - 1)
    try:
        assert windows.run(installers.setups[OLD], "/S", f"/D={fits}z") == 5
        assert not top.exists()
        assert windows.registry(LISTED) == {}
        install(windows, installers.setups[OLD], f"/D={fits}")
        standard, windows.programs = windows.programs, windows.drive / fits[3:].replace("\\", "/")
        assert installed(windows) == installers.files(OLD)
        windows.programs = standard
    finally:
        shutil.rmtree(top, ignore_errors=True)


@pytest.mark.parametrize(
    "names",
    [
        *(f"{name}/precious.txt" for name in ("_internal", "_old", "_new", "_part")),
        "LICENSES.txt",
        "uninstall.exe other.exe",
    ],
)
def test_the_folder_of_another_program_is_refused_and_nothing_in_it_is_touched(
    names: str, windows: Windows, installers: Installers
) -> None:
    other = windows.drive / "other"
    files = [other / name for name in names.split()]
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("precious")
    try:
        assert windows.run(installers.setups[OLD], "/S", r"/D=C:\other") == 5
        assert {path for path in other.rglob("*") if path.is_file()} == set(files)
        assert windows.registry(LISTED) == {}
    finally:
        shutil.rmtree(other)


def test_the_uninstaller_that_a_removal_has_left_is_replaced(windows: Windows, installers: Installers) -> None:
    install(windows, installers.setups[OLD])
    program = windows.programs / "uninstall.exe"
    assert windows.run(program, "/S", "_?=" + windows.path(windows.programs)) == 0
    assert [path.name for path in windows.programs.iterdir()] == ["uninstall.exe"]
    install(windows, installers.setups[NEW])
    assert installed(windows) == installers.files(NEW)


def test_a_folder_in_which_nothing_can_be_written_is_refused_and_another_may_be_chosen(
    windows: Windows, installers: Installers
) -> None:
    # Where not even root makes files.
    assert windows.run(installers.setups[OLD], "/S", r"/D=Z:\proc") == 5
    blocked = windows.drive / "blocked"
    blocked.mkdir()
    (blocked / "_part").write_text("no folder can have this name")
    try:
        with windows.started(installers.setups[OLD], r"/D=C:\blocked") as setup:
            windows.see("Welcome to Waystation")
            windows.press(1)
            windows.see("Choose Install Location")
            windows.press(1)
            windows.see(r"Nothing can be written to the folder C:\blocked.")
            windows.press(1)
            windows.see("Choose Install Location")
            windows.press(2)
            assert setup.wait(45) == 1
        assert [path.name for path in blocked.iterdir()] == ["_part"]
    finally:
        shutil.rmtree(blocked)
    assert windows.registry(LISTED) == {}


def test_removal_leaves_the_data_and_the_users_files_and_nothing_else(windows: Windows, installers: Installers) -> None:
    before = windows.files()
    (windows.data / "Logs").mkdir(parents=True)
    (windows.data / "waystation.db").write_bytes(b"tokens")
    install(windows, installers.setups[OLD], "/AUTOSTART")
    (windows.programs / "mine.txt").write_text("mine")
    windows.keep_password(KEYRING_SERVICE)
    uninstall(windows)
    assert windows.has_password(KEYRING_SERVICE)
    left = {path: content for path, content in windows.files().items() if path not in before}
    assert left == {
        "AppData/Local/Waystation/waystation.db": b"tokens",
        "AppData/Local/Programs/Waystation/mine.txt": b"mine",
    }
    assert [path.name for path in windows.programs.iterdir()] == ["mine.txt"]
    assert windows.registry(RUN) == {}
    assert windows.said() == []


def test_removal_with_the_data_takes_codex_back_first_and_leaves_nothing(
    windows: Windows, installers: Installers
) -> None:
    before = windows.files()
    (windows.data / "Logs").mkdir(parents=True)
    (windows.data / "waystation.db").write_bytes(b"tokens")
    install(windows, installers.setups[OLD])
    # The key, and what the package keyring makes of its name if it finds another one there.
    keys = (KEYRING_SERVICE, f"{KEYRING_USER}@{KEYRING_SERVICE}")
    for name in (*keys, "another-program"):
        windows.keep_password(name)
    windows.start_program()
    uninstall(windows, "/DATA")
    wait_for(lambda: not windows.data.exists(), "the data to go")
    wait_for(lambda: not any(map(windows.has_password, keys)), "the key to go")
    assert windows.has_password("another-program")
    assert windows.files() == before
    assert not windows.programs.exists()
    assert windows.said() == [
        f"{OLD} Waystation.exe ",
        f"{OLD} waystation-cli.exe quit",
        f"{OLD} waystation-cli.exe setup codex --undo --yes",
    ]


def test_a_program_that_does_not_end_is_not_removed(windows: Windows, installers: Installers) -> None:
    install(windows, installers.setups[OLD], "/AUTOSTART")
    windows.start_program()
    (windows.signs / "stubborn").touch()
    folder = windows.path(windows.programs)
    assert windows.run(windows.programs / "uninstall.exe", "/S", "/DATA", f"_?={folder}") == 3
    assert installed(windows) == installers.files(OLD)
    assert windows.registry(LISTED)["DisplayVersion"] == OLD
    assert windows.registry(RUN) == {"Waystation": own_command(windows)}
    assert windows.menu.exists()
    assert windows.is_running()


def test_a_file_that_another_program_holds_keeps_everything(windows: Windows, installers: Installers) -> None:
    install(windows, installers.setups[OLD])
    windows.start_program()
    folder = windows.path(windows.programs)
    with windows.held(windows.programs / "LICENSES.txt"):
        assert windows.run(windows.programs / "uninstall.exe", "/S", "/DATA", f"_?={folder}") == 3
    assert installed(windows) == installers.files(OLD)
    assert windows.registry(LISTED)["DisplayVersion"] == OLD
    wait_for(lambda: len(windows.said()) == 3, "the program to start again")
    assert windows.said()[1:] == [f"{OLD} waystation-cli.exe quit", f"{OLD} Waystation.exe --minimized"]


def test_another_copy_that_starts_at_sign_in_is_left_alone(windows: Windows, installers: Installers) -> None:
    other = r'"D:\Waystation\Waystation.exe" --minimized'
    assert windows.run("reg", "add", rf"HKCU\{RUN}", "/v", "Waystation", "/d", other, "/f") == 0
    install(windows, installers.setups[OLD])
    uninstall(windows)
    assert windows.registry(RUN) == {"Waystation": other}


def test_the_pages_install_start_and_keep_at_sign_in_what_is_ticked(windows: Windows, installers: Installers) -> None:
    with windows.started(installers.setups[OLD]):
        assert "no administrator is needed" in windows.see("Welcome to Waystation")[1202].text
        windows.press(1)
        assert windows.see("Choose Install Location")[1019].text == windows.path(windows.programs)
        windows.press(1)
        boxes = windows.see("Start Waystation when I sign in")
        assert (boxes[1203].ticked, boxes[1204].ticked) == (True, False)
        windows.press(1204)
        windows.press(1)
    wait_for(lambda: windows.said() == [f"{OLD} Waystation.exe "], "the program to start")
    assert windows.registry(RUN) == {"Waystation": own_command(windows)}


def test_the_box_shows_what_starts_at_sign_in_now(windows: Windows, installers: Installers) -> None:
    install(windows, installers.setups[OLD], "/AUTOSTART")
    for switched_off, unticked in ((False, {}), (True, {"Waystation": own_command(windows)})):
        if switched_off:
            off = "03" + 11 * "00"
            install(windows, installers.setups[NEW], "/AUTOSTART")
            windows.run("reg", "add", rf"HKCU\{APPROVED}", "/v", "Waystation", "/t", "REG_BINARY", "/d", off, "/f")
        with windows.started(installers.setups[NEW]):
            assert "Your tokens, licenses and settings stay." in windows.see("Welcome to Waystation")[1202].text
            # No question where to: it stays where it is.
            windows.press(1)
            boxes = windows.see("Start Waystation when I sign in")
            assert boxes[1204].ticked is not switched_off
            windows.press(1203)
            windows.press(1204)
            windows.press(1)
        assert windows.registry(RUN) == unticked
    # Ticked again, it starts: what Task Manager had noted is gone.
    assert windows.registry(APPROVED) == {}
    assert windows.said() == []


def test_a_person_may_refuse_or_insist_on_an_older_version(windows: Windows, installers: Installers) -> None:
    install(windows, installers.setups[NEW])
    for button, code in ((7, 4), (6, 0)):
        with windows.started(installers.setups[OLD]) as setup:
            question = windows.see("may be unable to open the data")
            assert f"Waystation {NEW} is installed, which is newer than {OLD}" in question[65535].text
            windows.press(button)
            if code == 0:
                windows.see("Welcome to Waystation")
                windows.press(1)
                windows.see("Start Waystation when I sign in")
                windows.press(1203)
                windows.press(1)
            assert setup.wait(45) == code
        assert windows.registry(LISTED)["DisplayVersion"] == (OLD if code == 0 else NEW)
    assert installed(windows) == installers.files(OLD)


def test_a_chinese_windows_is_spoken_to_in_chinese_and_removes_data_when_ticked(
    windows: Windows, installers: Installers, tmp_path: Path
) -> None:
    speaks = chinese(tmp_path)
    with windows.started(installers.setups[OLD], **speaks):
        assert "即将为当前用户安装驿站" in windows.see("欢迎使用 Waystation")[1202].text
        windows.press(1)
        windows.see("选择安装位置")
        windows.press(1)
        boxes = windows.see("登录系统时启动驿站")
        assert boxes[1203].text == "启动驿站"
        windows.press(1203)
        windows.press(1)
    windows.data.mkdir()
    (windows.data / "waystation.db").write_bytes(b"tokens")
    folder = windows.path(windows.programs)
    with windows.started(windows.programs / "uninstall.exe", f"_?={folder}", **speaks):
        page = windows.see("同时删除我的数据")
        assert page[1].text.startswith("卸载")
        (box,) = [one for one in page.values() if one.text == "同时删除我的数据"]
        assert not box.ticked
        windows.press(box.number)
        windows.press(1)
        windows.see("卸载程序成功完成卸载")
        windows.press(1)
    assert not windows.data.exists()
    assert windows.registry(LISTED) == {}
    assert windows.said() == [f"{OLD} waystation-cli.exe setup codex --undo --yes"]


def test_one_installation_at_a_time(windows: Windows, installers: Installers) -> None:
    with windows.started(installers.setups[OLD]) as first:
        windows.see("Welcome to Waystation")
        assert windows.run(installers.setups[NEW], "/S") == 3
        windows.press(2)
        assert first.wait(45) == 1
    assert not windows.programs.exists()


def test_an_old_windows_is_told_so(windows: Windows, installers: Installers) -> None:
    windows.version("win7")
    try:
        assert windows.run(installers.setups[OLD], "/S") == 6
    finally:
        windows.version("win10")
    assert not windows.programs.exists()

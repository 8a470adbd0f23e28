"""What goes into the bundle, as far as it can be told without making one: see the folder frozen for that."""

import plistlib
import shutil
import sys
import tarfile
from pathlib import Path

import pytest

from app import __version__
from app.platform import own_program
from app.platform.autostart_files import LaunchAgent
from app.platform.paths import NAME
from app.store.migration import upgrade
from bundle import app_bundle, layout
from bundle.elf import needed_by
from bundle.filters import wanted, without_unneeded
from bundle.freeze import hashes, size_of
from bundle.layout import Bundle, bundle_in, bundle_of, version_of
from bundle.licenses import QT_NOTICE, Part, parts_of
from bundle.version_info import version_info
from installers.linux.archive import make_archive
from machine.checkout import Checkout
from tests.build_scripts.macos.machine import make_app

ROOT = Path(__file__).resolve().parents[2]


def test_the_layout_says_what_the_program_itself_says() -> None:
    checkout = Checkout(ROOT)
    assert version_of(checkout) == __version__
    assert layout.NAME == NAME
    assert layout.CONSOLE == own_program._CONSOLE
    assert Bundle(Path("w"), "win32").program.name == own_program._WINDOWED
    assert bundle_of(checkout) == bundle_in(ROOT / "dist")
    assert bundle_in(ROOT / "dist", "linux").folder == ROOT / "dist" / "Waystation"


def test_on_macos_the_application_is_what_is_tried_and_handed_on(tmp_path: Path) -> None:
    bundle = bundle_in(tmp_path, "darwin")
    make_app(tmp_path / "Waystation.app")
    assert bundle.program == bundle.console == tmp_path / "Waystation.app" / "Contents" / "MacOS" / "Waystation"
    assert bundle.program.is_file()
    assert bundle.licenses.is_file()
    # PyInstaller puts there what is no code, such as the packages' metadata.
    assert (bundle.internal / "base_library.zip").is_file()


def test_on_windows_a_second_program_has_a_console_and_a_name_that_differs_in_more_than_case() -> None:
    windows, linux = Bundle(Path("w"), "win32"), Bundle(Path("w"), "linux")
    assert windows.program.name.lower() != windows.console.name.lower()
    assert linux.console == linux.program


@pytest.mark.parametrize(
    "destination",
    [
        "PySide6/QtWidgets.abi3.so",
        "PySide6/QtSvg.pyd",
        "PySide6/Qt6Core.dll",
        "PySide6/pyside6.abi3.dll",
        "PySide6/MSVCP140.dll",
        "PySide6/libpyside6.abi3.so.6.11",
        "PySide6/Qt/lib/libQt6DBus.so.6",
        "PySide6/Qt/lib/libicudata.so.73",
        "PySide6/Qt/lib/QtGui.framework/Versions/A/QtGui",
        "PySide6/Qt/plugins/platforms/libqwayland.so",
        "PySide6/Qt/plugins/wayland-shell-integration/libxdg-shell.so",
        "PySide6/Qt/plugins/platforms/libqcocoa.dylib",
        "PySide6/Qt/plugins/platforminputcontexts/libibusplatforminputcontextplugin.so",
        "PySide6\\plugins\\platforms\\qwindows.dll",
        "PySide6/plugins/styles/qmodernwindowsstyle.dll",
        "PySide6/Qt/translations/qtbase_zh_CN.qm",
        "PySide6/translations/qtbase_zh_CN.qm",
        "keyring-25.7.0.dist-info/entry_points.txt",
        "keyring-25.7.0.dist-info/METADATA",
        "translations/waystation_zh_CN.qm",
        "libssl.so.3",
        "libxcb-cursor.so.0",
        "libQt6Core.so.6",
        "python313.dll",
        "app/store/migrations/env.py",
        "resources/icons/waystation.svg",
    ],
)
def test_what_is_used_stays(destination: str) -> None:
    assert wanted(destination)


@pytest.mark.parametrize(
    "destination",
    [
        "PySide6/QtNetwork.abi3.so",
        "PySide6/Qt6Qml.dll",
        "PySide6/Qt6Pdf.dll",
        "PySide6/opengl32sw.dll",
        "PySide6/Qt/lib/libQt6Quick.so.6",
        "PySide6/Qt/lib/libQt6EglFSDeviceIntegration.so.6",
        "PySide6/Qt/lib/libQt6WaylandEglClientHwIntegration.so.6",
        "PySide6/Qt/lib/QtNetwork.framework/Versions/A/QtNetwork",
        "PySide6/Qt/plugins/platforms/libqvnc.so",
        "PySide6/Qt/plugins/platformthemes/libqgtk3.so",
        "PySide6/Qt/plugins/imageformats/libqtiff.so",
        "PySide6/plugins/tls/qschannelbackend.dll",
        "PySide6/Qt/translations/qtbase_de.qm",
        "PySide6/Qt/translations/qt_help_zh_CN.qm",
        "PySide6/Qt/qml/QtQml/qmldir",
        "keyring-25.7.0.dist-info/RECORD",
        "libQt6Network.so.6",
        "libgtk-3.so.0",
        "libX11.so.6",
        "libwayland-client.so.0",
        "libfontconfig.so.1",
        "libreadline.so.8",
    ],
)
def test_what_only_came_along_does_not_go_in(destination: str) -> None:
    assert not wanted(destination)


def test_a_library_of_the_system_goes_with_the_last_that_needs_it() -> None:
    needs = {
        "/wheels/a.so": ["libone.so.1", "libQt6Core.so.6"],
        "/usr/lib/libone.so.1": ["libtwo.so.2", "libc.so.6"],
        "/usr/lib/libleft.so.1": ["libthree.so.3"],
    }
    entries = [
        ("a/a.so", "/wheels/a.so", "EXTENSION"),
        ("libone.so.1", "/usr/lib/libone.so.1", "BINARY"),
        ("libtwo.so.2", "/usr/lib/libtwo.so.2", "BINARY"),
        ("libthree.so.3", "/usr/lib/libthree.so.3", "BINARY"),
        ("libleft.so.1", "/usr/lib/libleft.so.1", "BINARY"),
        ("libpython3.13.so.1.0", "/python/libpython3.13.so.1.0", "BINARY"),
        ("libQt6Core.so.6", "PySide6/Qt/lib/libQt6Core.so.6", "SYMLINK"),
    ]
    kept = [name for name, _, _ in without_unneeded(entries, lambda path: needs.get(path, []))]
    assert kept == ["a/a.so", "libone.so.1", "libtwo.so.2", "libpython3.13.so.1.0", "libQt6Core.so.6"]


@pytest.mark.skipif(sys.platform != "linux", reason="reads Linux programs")
def test_what_a_program_needs_is_read_from_it() -> None:
    assert "libc.so.6" in needed_by(shutil.which("bash") or "")


def test_windows_is_told_the_version_and_the_names() -> None:
    made: dict[str, object] = {}

    def part(name: str) -> object:
        def make(*parts: object, **named: object) -> object:
            made.setdefault(name, []).append((parts, named))  # type: ignore[attr-defined]
            return name

        return make

    names = ("VSVersionInfo", "FixedFileInfo", "StringFileInfo", "StringTable", "StringStruct", "VarFileInfo")
    eval(version_info("1.20.3", "it's a gateway"), {name: part(name) for name in (*names, "VarStruct")})
    ((_, fixed),) = made["FixedFileInfo"]  # type: ignore[misc]
    assert fixed["filevers"] == fixed["prodvers"] == (1, 20, 3, 0)
    strings = dict(parts for parts, _ in made["StringStruct"])  # type: ignore[misc]
    assert strings["FileVersion"] == strings["ProductVersion"] == "1.20.3"
    assert strings["FileDescription"] == "it's a gateway"
    holder = (ROOT / "LICENSE").read_text("utf-8").splitlines()[2].removeprefix("Copyright (c) ")
    assert strings["LegalCopyright"] == f"© {holder}. MIT license."
    with pytest.raises(ValueError, match="three numbers"):
        version_info("1.2", "")


def test_macos_is_told_that_it_lives_in_the_menu_bar() -> None:
    plist = plistlib.loads(plistlib.dumps(app_bundle.info_plist("1.20.3")))
    assert plist["LSUIElement"] is True
    assert plist["CFBundleShortVersionString"] == "1.20.3"
    assert plist["CFBundleLocalizations"] == ["en", "zh-Hans"]
    assert LaunchAgent(Path(), NAME)._label == app_bundle.IDENTIFIER


def test_the_oldest_macos_is_that_of_the_locked_qt() -> None:
    # PySide6-Essentials 6.11 has wheels for macosx_13_0; 6.12 for 14.
    lock = (ROOT / "build_scripts/locks/build.txt").read_text(encoding="utf-8")
    assert "\npyside6-essentials==6.11." in lock
    assert app_bundle.OLDEST_MACOS == "13.0"


def test_every_part_brings_its_license() -> None:
    parts = {part.name.lower().replace("_", "-"): part for part in parts_of(Checkout(ROOT))}
    assert {"aiohttp", "pyside6-essentials", "shiboken6", "sqlalchemy", "idna", "psutil"} <= parts.keys()
    assert parts.keys().isdisjoint({"pytest", "ruff", "pyinstaller"})
    # Of these two the texts are ours to bring.
    without = {name for name, part in parts.items() if not part.texts}
    assert without == {"pyside6-essentials", "shiboken6"}
    assert "LGPL-3.0" in parts["pyside6-essentials"].terms
    assert all(part.terms for part in parts.values())


def test_the_notice_of_qt_names_what_the_lgpl_asks_for() -> None:
    notice = QT_NOTICE.format(qt="6.11.3")
    for words in ("Lesser General Public License, version 3", "The Qt Company", "replace them", "Source code:"):
        assert words in notice
    # What packing them changes, see PyInstaller's osxutils and the option `strip` in waystation.spec.
    for words in ("unchanged on Windows;", "on Linux without", "on macOS\nfor one kind of processor"):
        assert words in notice
    texts = ROOT / "build_scripts/bundle/texts"
    assert "GNU LESSER GENERAL PUBLIC LICENSE" in (texts / "LGPL-3.0.txt").read_text(encoding="utf-8")
    assert "GNU GENERAL PUBLIC LICENSE" in (texts / "GPL-3.0.txt").read_text(encoding="utf-8")
    assert Part("a", "1", "MIT", ()).texts == ()


def test_migrations_are_looked_for_where_the_bundle_has_them() -> None:
    spec = (ROOT / "build_scripts/bundle/waystation.spec").read_text(encoding="utf-8")
    assert upgrade.__module__ == "app.store.migration"
    for target in ("app/store/migrations", "app/store/migrations/versions"):
        assert f'"{target}")' in spec
        assert (ROOT / target).is_dir()


def test_two_folders_differ_in_a_byte_a_name_or_a_link(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    for folder in (one, two):
        (folder / "inner").mkdir(parents=True)
        (folder / "inner" / "file").write_bytes(b"same")
        (folder / "link").symlink_to("inner/file")
    assert hashes(one) == hashes(two)
    assert size_of(one) == (4, 1)
    (two / "inner" / "file").write_bytes(b"else")
    (two / "link").unlink()
    (two / "link").symlink_to("inner")
    assert {name for name in hashes(two) if hashes(one)[name] != hashes(two)[name]} == {"inner/file", "link"}


def test_the_archive_is_the_same_whoever_makes_it_and_when(tmp_path: Path) -> None:
    made = []
    for number, mode in enumerate((0o700, 0o775)):
        folder = tmp_path / str(number)
        (folder / "_internal").mkdir(parents=True)
        for name in ("_internal/b", "Waystation", "_internal/a"):
            (folder / name).write_text(name)
        (folder / "Waystation").chmod(mode)
        (folder / "_internal" / "a").chmod(mode & 0o666)
        (folder / "_internal" / "c").symlink_to("a")
        made.append(tmp_path / f"{number}.tar.xz")
        make_archive(Bundle(folder), "waystation-1.0.0", made[-1], 1764000000, {"menu-entry": b"#!/bin/sh", "z": b""})
    assert made[0].read_bytes() == made[1].read_bytes()
    with tarfile.open(made[0]) as archive:
        seen = {entry.name.removeprefix("waystation-1.0.0"): entry for entry in archive}
    parts = ["", "/Waystation", "/_internal", "/_internal/a", "/_internal/b", "/_internal/c", "/menu-entry", "/z"]
    assert list(seen) == parts
    modes = {name: oct(entry.mode & 0o777) for name, entry in seen.items()}
    assert [modes[name] for name in ("", "/Waystation", "/_internal/a", "/menu-entry", "/z")] == [
        "0o755", "0o755", "0o644", "0o755", "0o644"
    ]  # fmt: skip
    assert seen["/_internal/c"].linkname == "a"
    assert {(entry.uid, entry.uname, entry.mtime) for entry in seen.values()} == {(0, "root", 1764000000)}

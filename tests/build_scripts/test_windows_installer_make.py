"""Compiling the installer for Windows: what it is given, what it refuses, and the words in both languages."""

import re
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("the stand-in programs are scripts", allow_module_level=True)

from bundle.layout import COPYRIGHT, Bundle
from installers.windows import make as maker
from installers.windows.make import compile_installer
from machine.report import Stop
from tests.build_scripts.windows.machine import one_icon

FOLDER = Path(maker.__file__).parent
PATH = {"PATH": "/usr/bin:/bin"}


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    """A bundle of files that are no programs; none is started here."""
    made = Bundle(tmp_path / "包 $x" / "Waystation", "win32")
    (made.internal / "PySide6").mkdir(parents=True)
    for file in (made.program, made.console, made.licenses, made.internal / "PySide6" / "Qt6Core.dll"):
        file.write_bytes(file.name.encode() * 1000)
    return made


@pytest.fixture
def icon(tmp_path: Path) -> Path:
    return one_icon(tmp_path / "icon.ico")


def test_the_same_bundle_makes_the_same_installer_whenever_and_wherever(
    bundle: Bundle, icon: Path, tmp_path: Path
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    elsewhere = Bundle(tmp_path / "elsewhere", "win32")
    shutil.copytree(bundle.folder, elsewhere.folder)
    for file in elsewhere.folder.rglob("*"):
        # 2001.
        subprocess.run(["touch", "-d", "@1000000000", file], check=True)
    one, other = (
        compile_installer(made, "0.1.0", folder, icon, PATH) for made, folder in ((bundle, first), (elsewhere, second))
    )
    assert one.name == other.name == "Waystation-0.1.0-windows-x64-setup-unsigned.exe"
    assert one.read_bytes() == other.read_bytes()
    assert [path.name for path in first.iterdir()] == [one.name]


def test_windows_shows_what_the_installer_is(bundle: Bundle, icon: Path, tmp_path: Path) -> None:
    content = compile_installer(bundle, "1.2.3", tmp_path / "made", icon, PATH).read_bytes()
    for text in ("Waystation Setup", "\0Waystation contributors\0", "1.2.3", COPYRIGHT):
        assert text.encode("utf-16-le") in content
    # VS_FIXEDFILEINFO: the mark, its own version, then the file's and the product's in halves of 32 bits.
    _, _, *numbers = struct.unpack_from("<6I", content, content.index(struct.pack("<I", 0xFEEF04BD)))
    assert numbers == 2 * [1 << 16 | 2, 3 << 16]
    assert icon.read_bytes()[22:] in content
    # Neither an administrator nor the virtual folders of old programs.
    assert b'level="asInvoker"' in content


def test_it_compiles_as_nsis_for_windows_does_which_has_no_program_of_64_bits(
    bundle: Bundle, icon: Path, tmp_path: Path
) -> None:
    usual = shutil.which("makensis", path=PATH["PATH"])
    makensis = tmp_path / "bin" / "makensis"
    makensis.parent.mkdir()
    makensis.write_text(f'#!/bin/sh\n[ "$1" = -HDRINFO ] && echo "a=1, NSISDIR={tmp_path}, b" || exec {usual} "$@"\n')
    makensis.chmod(0o755)
    kinds = []
    for path in (PATH["PATH"], f"{makensis.parent}:{PATH['PATH']}"):
        content = compile_installer(bundle, "0.1.0", tmp_path / "made", icon, {"PATH": path}).read_bytes()
        # Of the COFF header behind the mark of a PE file: IMAGE_FILE_MACHINE_AMD64 and _I386.
        kinds.append(struct.unpack_from("<H", content, struct.unpack_from("<I", content, 0x3C)[0] + 4)[0])
    assert kinds == [0x8664, 0x14C]


def test_what_an_upgrade_would_not_replace_is_refused(bundle: Bundle, icon: Path, tmp_path: Path) -> None:
    (bundle.folder / "new.txt").touch()
    with pytest.raises(Stop, match=r"replace\.nsh.* new\.txt"):
        compile_installer(bundle, "0.1.0", tmp_path, icon, PATH)
    (bundle.folder / "new.txt").unlink()
    bundle.console.unlink()
    with pytest.raises(Stop, match=r"replace\.nsh"):
        compile_installer(bundle, "0.1.0", tmp_path, icon, PATH)


@pytest.mark.parametrize("version", ["0.1", "0.1.0rc1", "0.1.0\n"])
def test_a_version_that_windows_cannot_show_or_compare_is_refused(
    version: str, bundle: Bundle, icon: Path, tmp_path: Path
) -> None:
    with pytest.raises(Stop, match="three numbers"):
        compile_installer(bundle, version, tmp_path, icon, PATH)


def test_what_is_missing_is_said(bundle: Bundle, icon: Path, tmp_path: Path) -> None:
    with pytest.raises(Stop, match="apt-get install nsis"):
        compile_installer(bundle, "0.1.0", tmp_path, icon, {"PATH": ""})
    with pytest.raises(Stop, match=r"none\.ico is not there"):
        compile_installer(bundle, "0.1.0", tmp_path, tmp_path / "none.ico", PATH)


def test_the_words_of_makensis_are_handed_on(bundle: Bundle, icon: Path, tmp_path: Path) -> None:
    broken = tmp_path / "bin" / "makensis"
    broken.parent.mkdir()
    broken.write_text('#!/bin/sh\n[ "$1" = -HDRINFO ] || { echo "Error: no memory"; exit 1; }\n')
    broken.chmod(0o755)
    with pytest.raises(Stop, match=r"Error: no memory\nCould not compile the installer"):
        compile_installer(bundle, "0.1.0", tmp_path, icon, {"PATH": str(broken.parent)})


def test_an_nsis_that_makes_no_64_bit_programs_makes_32_bit_ones(bundle: Bundle, icon: Path, tmp_path: Path) -> None:
    real = shutil.which("makensis")
    foreign = tmp_path / "bin" / "makensis"
    foreign.parent.mkdir()
    foreign.write_text(f'#!/bin/sh\n[ "$1" = -HDRINFO ] && echo NSISDIR=/nowhere && exit\nexec {real} "$@"\n')
    foreign.chmod(0o755)
    made = compile_installer(bundle, "0.1.0", tmp_path, icon, {"PATH": str(foreign.parent)}).read_bytes()
    # The kind of machine, behind PE's mark: 0x14c is a 386.
    (header,) = struct.unpack_from("<I", made, 0x3C)
    assert struct.unpack_from("<4sH", made, header) == (b"PE\0\0", 0x14C)


def test_both_programs_the_uninstaller_and_the_installer_are_signed(bundle: Bundle, icon: Path, tmp_path: Path) -> None:
    signed = tmp_path / "signed"
    sign = tmp_path / "sign it.sh"
    sign.write_text(f'#!/bin/sh\nbasename "$2" >> "{signed}"\necho "$1" >> "$2"\n')
    sign.chmod(0o755)
    # In double quotes, which Windows' own shell knows too: makensis hands it to that.
    environ = {**PATH, "WAYSTATION_SIGN": f'"{sign}" --certificate'}
    made = compile_installer(bundle, "0.1.0", tmp_path / "made", icon, environ)
    assert made.name == "Waystation-0.1.0-windows-x64-setup.exe"
    names = signed.read_text().splitlines()
    # The third has a name of makensis' own.
    assert (names[:2], len(names), names[3]) == (["Waystation.exe", "waystation-cli.exe"], 4, made.name)
    assert bundle.program.read_bytes().endswith(b"--certificate\n")
    assert made.read_bytes().endswith(b"--certificate\n")


@pytest.mark.parametrize("fails", ["Waystation.exe", "*setup.exe"])
def test_a_signature_that_fails_makes_no_installer(fails: str, bundle: Bundle, icon: Path, tmp_path: Path) -> None:
    sign = tmp_path / "sign.sh"
    sign.write_text(f'#!/bin/sh\ncase "$1" in */{fails}) echo no certificate; exit 1;; esac\n')
    sign.chmod(0o755)
    with pytest.raises(Stop, match=r"no certificate\nCould not sign"):
        compile_installer(bundle, "0.1.0", tmp_path / "made", icon, {**PATH, "WAYSTATION_SIGN": str(sign)})
    assert not list((tmp_path / "made").glob("*.exe"))


def test_both_languages_say_the_same_things_and_all_are_said() -> None:
    texts = {
        name: dict(re.findall(r'^LangString (\w+) \S+ "(.*)"$', (FOLDER / name).read_text("utf-8"), re.MULTILINE))
        for name in ("english.nsh", "chinese.nsh")
    }
    english, chinese = texts.values()
    assert english.keys() == chinese.keys()
    scripts = "".join(path.read_text("utf-8") for path in FOLDER.glob("*.ns?"))
    assert set(re.findall(r"\$\((Text\w+)\)", scripts)) == english.keys()
    for name in english:
        # The same values are put in, and Chinese has no English sentence left.
        assert sorted(re.findall(r"\$\{?\w+\}?", english[name])) == sorted(re.findall(r"\$\{?\w+\}?", chinese[name]))
        assert re.search(r"[\u4e00-\u9fff]", chinese[name])

"""A Mac as far as this package goes: an application of a few files, and programs that write down how they are used."""

import json
import plistlib
import shlex
import struct
import sys
from dataclasses import dataclass, field
from pathlib import Path

from bundle.app_bundle import info_plist
from bundle.layout import bundle_in
from machine.checkout import Checkout

ARM64, X86_64 = 0x0100000C, 0x01000007
IDENTITY = "A" * 40
#: Writes down the call, and does what the real one would: `security` answers, `xcrun` tells of its verdict. A file
#: fail-<words> makes a call fail whose words begin so, as often as it has letters; the program then tells all that it
#: knows, as a careless one would.
_STAND_IN = r"""#!/bin/sh
signs='{signs}' name={name}
given=$(cat)
{{
    printf '%s\037' "$@"; printf '\036%s\036' "$given"; env | sed 's/=.*//' | tr '\n' '\037'; printf '\036%s\035' $name
}} >> "$signs/calls"
call="$name $*"
[ $name = security ] && call="security $(printf %s "$given" | tr -d '\\"')"
for failing in "$signs"/fail-*; do
    case $call in "${{failing##*/fail-}}"*)
        left=$(cat "$failing")
        if [ "$left" = x ]; then rm "$failing"; else printf %s "${{left#x}}" > "$failing"; fi
        echo "no luck: $call $given $(cat "$signs/secrets")" >&2
        exit 1
    esac
done
case $call in
    "security list-keychains -d user") echo '    "/Users/u/Library/Keychains/login.keychain-db"' ;;
    "security find-identity"*) cat "$signs/identities" ;;
    "xcrun notarytool submit"*) echo "Conducting pre-submission checks" >&2; cat "$signs/verdict" ;;
    "xcrun notarytool log"*) echo "QtGui: the signature of the binary is invalid." ;;
    codesign*) for last; do :; done; ls -d "$last" > /dev/null ;;
    ditto*) for last; do :; done; echo zip > "$last" ;;
esac
"""
#: Draws nothing, since drawing takes a while; the rest is Python's.
_PYTHON = """#!/bin/sh
[ "$2" = installers.macos.background ] && mkdir "$4" && exec touch "$4/background.png"
exec {python} "$@"
"""
#: As dmgbuild runs its settings: they are the first of its options, and its own defaults lie there before.
_DMGBUILD = """
import json, pathlib, shutil, subprocess, sys, tempfile
words = sys.argv[1:]
settings = words[words.index("-s") + 1]
given = [words[at + 1] for at, word in enumerate(words) if word == "-D"]
volume, image = words[-2:]
if subprocess.run(["hdiutil", "create", "-volname", volume]).returncode:
    sys.exit("hdiutil: create failed - Resource busy")
options = {"defines": dict(define.split("=", 1) for define in given)}
exec(compile(pathlib.Path(settings).read_text(), settings, "exec"), options, options)
with tempfile.TemporaryDirectory() as mount:
    for file in options["files"] if not pathlib.Path(%r).exists() else ():
        shutil.copytree(file, pathlib.Path(mount, pathlib.Path(file).name), symlinks=True)
    options["create_hook"](mount, options)
drawn = [path.name for path in pathlib.Path(options["background"]).parent.iterdir()]
pathlib.Path(image).write_text(json.dumps({"drawn": drawn}))
"""


def mach_o(processor: int = ARM64, oldest: tuple[int, int] = (11, 0)) -> bytes:
    """The beginning of a library: its header, and the one command that names the oldest system."""
    command = struct.pack("<IIIIII", 0x32, 24, 1, oldest[0] << 16 | oldest[1] << 8, 0, 0)
    return struct.pack("<IIIIIIII", 0xFEEDFACF, processor, 0, 6, 1, len(command), 0, 0) + command


def fat(*parts: bytes) -> bytes:
    """Several of them in one file."""
    start, table, body = 8 + 20 * len(parts), b"", b""
    for part in parts:
        table += struct.pack(">IIIII", struct.unpack_from("<I", part, 4)[0], 0, start + len(body), len(part), 0)
        body += part
    return struct.pack(">II", 0xCAFEBABE, len(parts)) + table + body


@dataclass(frozen=True)
class Call:
    """How a stand-in was started.

    Args:
        words: its name and what it was told, by `security` on its standard input.
        arguments: what other programs saw.
        environ: the names of its variables.
    """

    words: tuple[str, ...]
    arguments: tuple[str, ...]
    environ: frozenset[str] = field(repr=False)

    def __str__(self) -> str:
        return " ".join(self.words)


class Mac:
    """Programs, a checkout with an icon, and a bundle, all in one folder.

    Args:
        folder: for all of it.
        root: of the real checkout.
    """

    def __init__(self, folder: Path, root: Path) -> None:
        self.signs, self.programs = folder / "signs", folder / "programs"
        self.target = folder / "dist"
        self.signs.mkdir()
        self.programs.mkdir()
        self.target.mkdir()
        for name in ("codesign", "xcrun", "ditto", "hdiutil", "security"):
            self._program(name, _STAND_IN.format(signs=self.signs, name=name))
        self._program("python", _PYTHON.format(python=sys.executable))
        self.checkout = Checkout(folder / "clone")
        (self.checkout.root / "resources").mkdir(parents=True)
        (self.checkout.root / "resources" / "installers").symlink_to(root / "resources" / "installers")
        scripts = self.checkout.root / "build_scripts"
        scripts.mkdir()
        for name in ("installers", "bundle", "machine"):
            (scripts / name).symlink_to(root / "build_scripts" / name)
        (scripts / "dmgbuild.py").write_text(_DMGBUILD % str(self.signs / "lost"))
        icon = self.checkout.build / "icons" / "waystation.icns"
        icon.parent.mkdir(parents=True)
        icon.write_bytes(b"icns")
        (self.signs / "identities").write_text(f'  1) {IDENTITY} "Developer ID Application: A B (TEAM)"\n')
        (self.signs / "verdict").write_text(json.dumps({"id": "1-2", "status": "Accepted"}))
        (self.signs / "secrets").write_text("")
        self.bundle = bundle_in(self.target, "darwin")
        self.app = make_app(self.bundle.folder)

    @property
    def environ(self) -> dict[str, str]:
        return {"PATH": f"{self.programs}:/usr/bin:/bin", "HOME": str(self.target), "QT_QPA_PLATFORM": "offscreen"}

    def fail(self, words: str, times: int = 0) -> None:
        """Let each call fail that begins so, or only some; each tells all secrets."""
        (self.signs / f"fail-{words}").write_text("x" * times)

    def lose_the_copy(self) -> None:
        """What dmgbuild copies by ditto does not arrive, and it does not look."""
        (self.signs / "lost").touch()

    def calls(self) -> list[Call]:
        """In the order they were made."""
        file = self.signs / "calls"
        found = []
        for record in file.read_text().split("\035")[:-1] if file.exists() else ():
            arguments, given, environ, name = record.split("\036")
            told = tuple(arguments.split("\037")[:-1])
            words = tuple(shlex.split(given)) if name == "security" else told
            found.append(Call((name, *words), told, frozenset(environ.split("\037"))))
        return found

    def _program(self, name: str, text: str) -> None:
        program = self.programs / name
        program.write_text(text)
        program.chmod(0o755)


def make_app(app: Path, version: str = "0.1.0") -> Path:
    """Waystation.app as PyInstaller lays it out: code in Frameworks, data in Resources, links from one to the other."""
    contents = app / "Contents"
    frameworks, resources = contents / "Frameworks", contents / "Resources"
    code = {
        contents / "MacOS" / "Waystation": mach_o(),
        frameworks / "libssl.3.dylib": mach_o(),
        # As it comes in the wheel, see app_check.
        frameworks / "PySide6" / "QtGui.abi3.so": mach_o(oldest=(15, 0)),
        frameworks / "PySide6" / "Qt" / "lib" / "QtGui.framework" / "Versions" / "A" / "QtGui": mach_o(oldest=(13, 0)),
        frameworks / "Python.framework" / "Versions" / "3.13" / "Python": mach_o(),
    }
    for path, content in code.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    framework = frameworks / "PySide6" / "Qt" / "lib" / "QtGui.framework"
    (framework / "Versions" / "Current").symlink_to("A")
    (framework / "QtGui").symlink_to("Versions/Current/QtGui")
    (frameworks / "QtGui").symlink_to("PySide6/Qt/lib/QtGui.framework/Versions/A/QtGui")
    resources.mkdir()
    (resources / "LICENSES.txt").write_text("MIT")
    (frameworks / "LICENSES.txt").symlink_to("../Resources/LICENSES.txt")
    # A folder of one kind alone is one link.
    (resources / "PySide6" / "Qt").mkdir(parents=True)
    (resources / "PySide6" / "Qt" / "lib").symlink_to("../../../Frameworks/PySide6/Qt/lib")
    (resources / "Python.framework").symlink_to("../Frameworks/Python.framework")
    (resources / "base_library.zip").write_bytes(b"PK\3\4 data")
    (contents / "Info.plist").write_bytes(plistlib.dumps(info_plist(version)))
    return app

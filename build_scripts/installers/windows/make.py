"""Make Waystation-<version>-windows-x64-setup.exe by makensis: on Windows, and the same on Linux, where tests run it.

Without a certificate the name says `-unsigned`. With one, the variable WAYSTATION_SIGN holds the command that signs a
Windows program in place; the path of the program is added to it, for the bundle's own and for those made here. Blanks
in it stand in double quotes: for the uninstaller makensis hands it to the system's own shell.
"""

import os
import re
import shlex
import shutil
import struct
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from bundle.layout import COPYRIGHT, Bundle
from machine.checkout import Checkout
from machine.report import Stop

SIGN = "WAYSTATION_SIGN"
#: Of a path, its end included: MAX_PATH. A folder needs room for a file of the old form, 8.3, in it.
#: https://learn.microsoft.com/windows/win32/fileio/maximum-file-path-limitation
_MAX_PATH = 260
_SHORT_NAME = 12
#: Where files are unpacked, see replace.nsh.
_UNPACKED = "_part"
#: See app/platform/autostart_registry.py.
_LONGEST_RUN_COMMAND = 260
#: What the icon stands on, #0e7c7b in resources/icons/waystation.svg: the left of the first and of the last page.
_GROUND = bytes.fromhex("0e7c7b")
_ROOT = Path(__file__).resolve().parents[3]


def make(bundle: Bundle, version: str, target: Path) -> list[Path]:
    """Make the installer.

    Args:
        bundle: of Windows.
        version: such as 0.1.0.
        target: the folder for it.

    Raises:
        Stop: something is missing or is not as an upgrade relies on.
    """
    icon = Checkout(_ROOT).build / "icons" / "waystation.ico"
    return [compile_installer(bundle, version, target, icon)]


def compile_installer(
    bundle: Bundle, version: str, target: Path, icon: Path, environ: Mapping[str, str] = os.environ
) -> Path:
    """As `make`, with any icon; the path of the installer. Raises Stop."""
    if not re.fullmatch(r"\d+\.\d+\.\d+", version):
        raise Stop(f"The version {version} is not three numbers, as Windows needs them.")
    if not icon.exists():
        raise Stop(f"{icon} is not there: `build.py bundle` draws it.")
    parts = [bundle.program, bundle.console, bundle.licenses, bundle.internal]
    found = sorted(bundle.folder.iterdir())
    if found != sorted(parts):
        # They are moved one by one, and removed by name.
        names = " ".join(path.name for path in found)
        raise Stop(f"An upgrade replaces only what replace.nsh names, and {bundle.folder} holds: {names}")
    makensis = _makensis(environ)
    sign = environ.get(SIGN, "")
    if sign:
        for program in (bundle.program, bundle.console):
            _run([*shlex.split(sign), str(program)], "sign the program")
    output = target / f"Waystation-{version}-windows-x64-setup{'' if sign else '-unsigned'}.exe"
    work = target / "windows-installer"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    definitions = {
        "TARGET": _stub(makensis),
        "VERSION": version,
        "PUBLISHER": "Waystation contributors",
        "COPYRIGHT": COPYRIGHT,
        "ICON": str(icon),
        "GROUND": str(work / "ground.bmp"),
        "GROUND_COLOUR": _GROUND.hex(),
        "OUTPUT": str(work / output.name),
        "PROGRAM": bundle.program.name,
        "CONSOLE": bundle.console.name,
        "LICENSES": bundle.licenses.name,
        "INTERNAL": bundle.internal.name,
        "SIZE_KB": str(-(-sum(path.stat().st_size for path in _files(bundle)) // 1024)),
        "LONGEST_FOLDER": str(_longest_folder(bundle)),
    }
    if sign:
        definitions["SIGN"] = sign
    lines = [f"!define {name} {_quoted(value)}" for name, value in definitions.items()]
    (work / "build.nsh").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (work / "ground.bmp").write_bytes(_point(_GROUND))
    (work / "payload.nsh").write_text(_payload(bundle), encoding="utf-8")
    script = Path(__file__).with_name("waystation.nsi")
    # Where it looks for what waystation.nsi includes; the script's own folder is the current one.
    options = ["-V2", "-WX", "-INPUTCHARSET", "UTF8", f"-X!addincludedir {_quoted(str(work))}"]
    _run([makensis, *options, str(script)], "compile the installer", {"LC_ALL": "C.UTF-8"})
    if sign:
        _run([*shlex.split(sign), str(work / output.name)], "sign the installer")
    # Only now: no file may say by its name that it is signed and not be.
    (work / output.name).replace(output)
    shutil.rmtree(work)
    return output


def _makensis(environ: Mapping[str, str]) -> str:
    found = shutil.which("makensis", path=environ.get("PATH"))
    usual = Path(environ.get("ProgramFiles(x86)", ""), "NSIS", "makensis.exe")
    if found is None and sys.platform == "win32" and usual.exists():
        found = str(usual)
    if found is None:
        raise Stop("makensis is not installed. Debian: apt-get install nsis. Windows: https://nsis.sourceforge.io")
    return found


def _stub(makensis: str) -> str:
    """What the installer's own program is: 64-bit where this NSIS has it, as Debian's; NSIS' own is 32-bit alone."""
    told = _run([makensis, "-HDRINFO"], "ask NSIS where it is")
    folder = re.search(r"NSISDIR=([^,\n]+)", told)
    wanted = "amd64-unicode"
    there = folder and Path(folder[1], "Stubs", f"lzma_solid-{wanted}").exists()
    return wanted if there else "x86-unicode"


def _files(bundle: Bundle) -> list[Path]:
    return sorted(path for path in bundle.folder.rglob("*") if path.is_file())


def _payload(bundle: Bundle) -> str:
    """The files in a fixed order, each to where it is unpacked."""
    lines, folder = [], None
    for path in _files(bundle):
        if path.parent != folder:
            folder = path.parent
            parts = ["$INSTDIR", _UNPACKED, *map(_literal, folder.relative_to(bundle.folder).parts)]
            lines.append("SetOutPath " + _quoted("\\".join(parts)))
        lines.append("File " + _quoted("/oname=" + _literal(path.name)) + " " + _quoted(str(path)))
    return "\n".join(lines) + "\n"


def _longest_folder(bundle: Bundle) -> int:
    """Characters that the path of the program's folder may have."""

    def length(path: Path) -> int:
        return len("\\".join(["", _UNPACKED, *path.relative_to(bundle.folder).parts]).encode("utf-16-le")) // 2

    files = _files(bundle)
    longest_file = max(length(path) for path in files)
    longest_folder = max(length(path.parent) for path in files) + _SHORT_NAME
    command = f'"\\{bundle.program.name}" --minimized'
    return min(_MAX_PATH - 1 - max(longest_file, longest_folder), _LONGEST_RUN_COMMAND - len(command))


def _point(colour: bytes) -> bytes:
    """A bitmap of one point, to be stretched. BITMAPFILEHEADER, BITMAPINFOHEADER, and a row of four bytes."""
    header = struct.pack("<2sIHHI", b"BM", 58, 0, 0, 54)
    info = struct.pack("<IiiHHIIiiII", 40, 1, 1, 1, 24, 0, 4, 0, 0, 0, 0)
    return header + info + colour[::-1] + b"\0"


def _literal(name: str) -> str:
    """A name where makensis would put variables in."""
    return name.replace("$", "$$")


def _quoted(text: str) -> str:
    """A text as one word of a script of NSIS."""
    return '"' + text.replace('"', '$\\"') + '"'


def _run(command: list[str], what: str, environ: Mapping[str, str] | None = None) -> str:
    done = subprocess.run(
        command,
        cwd=Path(__file__).parent,
        env={**os.environ, **(environ or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode:
        raise Stop(f"{done.stdout.strip()}\nCould not {what} (the words are above).")
    return done.stdout

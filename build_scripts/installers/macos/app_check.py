"""What must hold of the application before it is signed: no certificate is spent on what cannot run."""

import plistlib
from pathlib import Path

from bundle.layout import LICENSES, NAME
from installers.macos.mach_o import read_mach_o
from installers.macos.signing import code_in
from machine.report import Stop

#: What the bindings of Qt say that they need: the system of the machine that built them. In the wheels of PySide6
#: 6.11.3 this is 15.0, while their tag and Qt itself say 13.0; of the system they import only what is older than that,
#: such as libc++'s classes of macOS 12. Newer ones are to be looked at again: their symbol tables tell.
_BINDINGS_SAY = (15, 0)
_BINDINGS = ("PySide6", "shiboken6")


def checked_architecture(app: Path, version: str) -> str:
    """The one kind of processor that the application is for: arm64 or x86_64.

    Raises:
        Stop: it is of another version, incomplete, of mixed kinds, or needs a newer macOS than it says.
    """
    contents = app / "Contents"
    program = contents / "MacOS" / NAME
    if not program.is_file():
        raise Stop(f"{program} is not there: run `build.py bundle` on a Mac first.")
    told = plistlib.loads((contents / "Info.plist").read_bytes())
    if told["CFBundleShortVersionString"] != version:
        raise Stop(f"{app} is of version {told['CFBundleShortVersionString']}: run `build.py bundle` again.")
    if not (contents / "Resources" / LICENSES).is_file():
        raise Stop(f"{app} has no {LICENSES}, which has to go with it.")
    kinds = [code.architecture for code in read_mach_o(program)]
    if len(kinds) != 1:
        raise Stop(f"{program} is for {' and '.join(kinds) or 'no processor of a Mac'}, and has to be for one.")
    oldest = tuple(int(part) for part in told["LSMinimumSystemVersion"].split("."))
    wrong = []
    for path in code_in(app):
        fitting = [code for code in read_mach_o(path) if code.architecture == kinds[0]]
        if not fitting:
            wrong.append(f"{path.relative_to(app)} is not for {kinds[0]}")
        elif fitting[0].oldest_system > (max(oldest, _BINDINGS_SAY) if _is_binding(path) else oldest):
            needed = ".".join(map(str, fitting[0].oldest_system))
            wrong.append(f"{path.relative_to(app)} needs macOS {needed}")
    if wrong:
        raise Stop("\n".join([*wrong, f"So {app.name} would not run where it says: macOS {oldest[0]} on {kinds[0]}."]))
    return kinds[0]


def _is_binding(path: Path) -> bool:
    return path.parent.name in _BINDINGS and ".abi3." in path.name

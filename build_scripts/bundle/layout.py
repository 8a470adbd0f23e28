"""Where the frozen program and its parts are. The installers take everything from here."""

import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

from machine.checkout import Checkout

#: As `app.platform.paths.NAME`: the program's name, and that of its folder.
NAME = "Waystation"
#: Beside the program, its own: everything in it is replaced by an upgrade. PyInstaller's usual name.
INTERNAL = "_internal"
#: Windows only: the same program with a console. A windowed program there has no output, and file names differ
#: in more than their case.
CONSOLE = "waystation-cli.exe"
#: Ends the name of an application of macOS, which PyInstaller makes beside the folder.
APPLICATION = ".app"
#: In the bundle's own folder: what it is made of, with all licenses.
LICENSES = "LICENSES.txt"
#: What the systems show of the program's properties; as LICENSE says.
COPYRIGHT = "© 2026 Waystation contributors. MIT license."


@dataclass(frozen=True)
class Bundle:
    """One frozen program: the folder `dist/Waystation` of a clone, or where an installer has put it.

    The folder holds the program, on Windows the one with a console, LICENSES.txt, and the folder `_internal`. As an
    application of macOS, Waystation.app, it holds the same by other names.

    Args:
        folder: of the program; or the application.
        platform: as `sys.platform`, of the system that the bundle is for.
    """

    folder: Path
    platform: str = sys.platform

    @property
    def program(self) -> Path:
        """What the system starts; on Windows without a console."""
        if self.is_application:
            return self.folder / "Contents" / "MacOS" / NAME
        return self.folder / (f"{NAME}.exe" if self.platform == "win32" else NAME)

    @property
    def console(self) -> Path:
        """What a terminal starts."""
        return self.folder / CONSOLE if self.platform == "win32" else self.program

    @property
    def internal(self) -> Path:
        """Of an application the part that holds what is no code, with links to what is."""
        return self.folder / "Contents" / "Resources" if self.is_application else self.folder / INTERNAL

    @property
    def licenses(self) -> Path:
        return (self.internal if self.is_application else self.folder) / LICENSES

    @property
    def is_application(self) -> bool:
        return self.folder.suffix == APPLICATION


def bundle_in(folder: Path, platform: str = sys.platform) -> Bundle:
    """What users get of that which `build.py bundle` leaves in a folder: on macOS the application."""
    return Bundle(folder / (f"{NAME}{APPLICATION}" if platform == "darwin" else NAME), platform)


def bundle_of(checkout: Checkout) -> Bundle:
    """What `build.py bundle` makes in a clone."""
    return bundle_in(checkout.dist)


def version_of(checkout: Checkout) -> str:
    """The version of the source, such as 0.1.0: the program tells the same by ``--version``."""
    project = tomllib.loads(checkout.pyproject.read_text(encoding="utf-8"))["project"]
    return str(project["version"])

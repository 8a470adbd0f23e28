"""This very program as a command, and another start of it that outlives this one."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, MutableMapping, Sequence
from pathlib import Path

from app.core.errors import WaystationError

#: Starts the program of this checkout wherever it is started from: at sign-in no folder is the current one.
_FROM_CHECKOUT = "import sys;sys.path.insert(0,{root!r});from app.__main__ import main;sys.exit(main())"
#: Without it a bundle takes what it starts for a part of itself.
#: https://pyinstaller.org/en/stable/common-issues-and-pitfalls.html#independent-subprocess
_BUNDLE_OF_ITS_OWN = {"PYINSTALLER_RESET_ENVIRONMENT": "1"}
#: With a console and without one, in a bundle for Windows: build_scripts/bundle/layout.py.
_CONSOLE, _WINDOWED = "waystation-cli.exe", "Waystation.exe"

#: What a bundle is made of, with all licenses: build_scripts/bundle/layout.py.
_LICENSES = "LICENSES.txt"

if sys.platform == "win32":
    _DETACHED = subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP
else:
    _DETACHED = 0


class ProgramNotStarted(WaystationError):
    """The system did not start the program."""

    code = "program_not_started"


def program_command(
    *, frozen: bool | None = None, executable: str = sys.executable, environ: Mapping[str, str] = os.environ
) -> tuple[str, ...]:
    """What starts this program without arguments: the bundle, or Python with this checkout.

    Args:
        frozen: whether it is a bundle; None: look.
        executable: the running one.
        environ: names the AppImage, which `executable` is only a part of while it runs.
    """
    if getattr(sys, "frozen", False) if frozen is None else frozen:
        beside = Path(executable).with_name(_WINDOWED)
        windowless = str(beside) if Path(executable).name.lower() == _CONSOLE and beside.exists() else executable
        return (environ.get("APPIMAGE") or windowless,)
    root = str(Path(__file__).resolve().parents[2])
    return (_windowless(executable), "-c", _FROM_CHECKOUT.format(root=root))


def license_file(
    *, frozen: bool | None = None, executable: str = sys.executable, parts: str = getattr(sys, "_MEIPASS", "")
) -> Path:
    """The file with the licenses of everything in a bundle; in a checkout, with our own alone.

    Args:
        frozen, executable: see `program_command`.
        parts: the folder of the bundle's parts.
    """
    if not (getattr(sys, "frozen", False) if frozen is None else frozen):
        return Path(__file__).resolve().parents[2] / "LICENSE"
    beside = Path(executable).with_name(_LICENSES)
    # An application of macOS has it inside.
    return beside if beside.exists() else Path(parts) / _LICENSES


def forget_the_bundle(environ: MutableMapping[str, str]) -> None:
    """Give the environment back as it was before the bundle's loader changed it for itself.

    Otherwise Codex, a browser or a shell that we start would load the bundle's libraries in place of its own.
    https://pyinstaller.org/en/stable/common-issues-and-pitfalls.html#launching-external-programs-from-the-frozen-application
    """
    for name in [name for name in environ if name.startswith("_PYI_")]:
        del environ[name]
    for name in ("LD_LIBRARY_PATH", "LIBPATH"):
        environ.pop(name, None)
        if (before := environ.pop(f"{name}_ORIG", None)) is not None:
            environ[name] = before


def start_program(command: Sequence[str], environ: Mapping[str, str] = os.environ) -> None:
    """Start a program that goes on when this one ends, and that no Ctrl-C in our terminal reaches.

    Raises:
        ProgramNotStarted: there is no such program, or the system refuses.
    """
    try:
        started = subprocess.Popen(  # noqa: S603 - ourselves
            list(command),
            env={**environ, **_BUNDLE_OF_ITS_OWN},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            creationflags=_DETACHED,
            start_new_session=sys.platform != "win32",
        )
    except OSError as error:
        raise ProgramNotStarted(
            f"The system did not start Waystation: {error.strerror or error}. Quit this one and start it yourself."
        ) from error
    # Nobody waits for it; otherwise Python would warn that it still runs.
    started.returncode = 0


def _windowless(executable: str) -> str:
    """Python without a console window, where there is one."""
    beside = Path(executable).with_name("pythonw.exe")
    return str(beside) if Path(executable).name.lower() == "python.exe" and beside.exists() else executable

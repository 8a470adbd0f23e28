"""Starting at sign-in: read from the system each time, since users also change it there."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from app.core.errors import WaystationError
from app.platform.autostart_files import DesktopEntry, LaunchAgent, is_read_only, run_launchctl
from app.platform.autostart_registry import RunKey
from app.platform.own_program import program_command
from app.platform.paths import NAME

#: What changes this program from outside and is not part of `start_command`: the data folder is.
VARIABLES = (
    "WAYSTATION_KEY_STORE",
    "WAYSTATION_STRICT",
    "WAYSTATION_PLACEMENT",
    "WAYSTATION_CHATGPT_BASE_URL",
    "WAYSTATION_OPENAI_BASE_URL",
    "WAYSTATION_AUTH_ISSUER",
    "WAYSTATION_RELEASE_FEED",
)


class AutostartFailed(WaystationError):
    """The system does not let us change what starts at sign-in."""

    code = "autostart_failed"


class AutostartState(StrEnum):
    """What the system starts at sign-in under our name."""

    OFF = "off"
    ON = "on"
    #: Another copy of the program, such as one that was moved or removed since; switching on takes its place.
    OTHER = "other"


class Place(Protocol):
    """Where a system keeps what it starts at sign-in."""

    def read(self) -> str | None:
        """What would be started, in the system's own words; None: nothing, or it is switched off there."""

    def words(self, command: Sequence[str]) -> str:
        """A command as `read` would give it back."""

    def program(self, words: str) -> str:
        """The path of the program in such words."""

    def write(self, command: Sequence[str]) -> None:
        """Have this started, whatever was there before."""

    def remove(self) -> None:
        """Have nothing started; harmless if there is nothing."""


class Autostart:
    """Whether this program starts when the user signs in.

    Args:
        command: what starts it, such as `start_command()`.
        place: of this system, see `place_of`.
        variables: the names of `VARIABLES` that hold now. A sign-in knows them only where the system has them itself.
    """

    def __init__(self, command: Sequence[str], place: Place, variables: Sequence[str] = ()) -> None:
        self._command = tuple(command)
        self._place = place
        self.variables = tuple(variables)

    def state(self) -> AutostartState:
        """As the system has it now; what cannot be read does not start."""
        found = self._read()
        if found is None:
            return AutostartState.OFF
        return AutostartState.ON if found == self._place.words(self._command) else AutostartState.OTHER

    def is_on(self) -> bool:
        """Whether this very program starts."""
        return self.state() is AutostartState.ON

    def other(self) -> str | None:
        """What starts in this program's place: the path of a program, or nothing more than "" for this very one with
        other options, such as another data folder; None: nothing does.
        """
        if self.state() is not AutostartState.OTHER:
            return None
        program = self._place.program(self._read() or "")
        return "" if program == self._command[0] else program

    def other_is_gone(self) -> bool:
        """Whether the program that `other` names is no longer there, so that nothing starts."""
        other = self.other()
        return bool(other) and not os.path.exists(other or "")

    def _read(self) -> str | None:
        with suppress(OSError, ValueError):
            return self._place.read()
        return None

    def set(self, on: bool) -> None:
        """Start this program at sign-in, in place of whatever was there; or nothing under our name.

        Raises:
            AutostartFailed: the system refuses; all is as before.
            ProgramNotInstalled: the program lies where it will not be at the next sign-in; all is as before.
        """
        try:
            if on:
                self._place.write(self._command)
            else:
                self._place.remove()
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise AutostartFailed(
                f"The system does not let Waystation change what starts at sign-in: {reason}. Use its own settings "
                "for start-up programs instead.",
                reason=reason,
            ) from error


def start_command(
    data_dir: Path | None = None,
    *,
    frozen: bool | None = None,
    executable: str = sys.executable,
    environ: Mapping[str, str] = os.environ,
) -> tuple[str, ...]:
    """What starts this program in the tray; see `program_command`.

    Args:
        data_dir: other than the user's own.
        frozen, executable, environ: as there.
    """
    command = program_command(frozen=frozen, executable=executable, environ=environ)
    return (*command, "--minimized", *(() if data_dir is None else ("--data-dir", str(data_dir))))


def variables_that_hold(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Those of `VARIABLES` that are set."""
    return tuple(name for name in VARIABLES if environ.get(name))


def place_of(
    platform: str,
    environ: Mapping[str, str],
    home: Path,
    open_registry: Callable[[], Any],
    launchctl: Callable[[Sequence[str]], str] = lambda _arguments: "",
    passing: Callable[[str], bool] = lambda _program: False,
) -> Place:
    """Where this system keeps it.

    Args:
        platform: as `sys.platform`.
        environ: may name the user's configuration folder.
        home: the user's home folder.
        open_registry: gives the module `winreg`.
        launchctl, passing: see `LaunchAgent`.
    """
    if platform == "win32":
        return RunKey(NAME, open_registry())
    if platform == "darwin":
        return LaunchAgent(home / "Library" / "LaunchAgents", NAME, launchctl, passing)
    named = Path(environ.get("XDG_CONFIG_HOME", ""))
    # The specification: a relative path is to be ignored.
    return DesktopEntry((named if named.is_absolute() else home / ".config") / "autostart", NAME)


def this_place() -> Place:
    """Where the running system keeps it."""
    return place_of(sys.platform, os.environ, Path.home(), _registry, run_launchctl, is_read_only)


def _registry() -> Any:
    import winreg

    return winreg

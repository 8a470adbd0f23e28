"""What starts at sign-in on Linux and macOS: one file in a folder of the user's."""

from __future__ import annotations

import os
import plistlib
import re
import shlex
import subprocess
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from xml.parsers.expat import ExpatError

from app.core.errors import WaystationError

_GROUP = "[Desktop Entry]"
#: Where a command line begins with its program, in the quotes of the specification or without.
_EXEC = re.compile(r'"((?:[^"\\]|\\.)*)"|(\S*)')
#: The service's own answer takes milliseconds.
_LAUNCHCTL_S = 2.0


class ProgramNotInstalled(WaystationError):
    """macOS runs the program from its disk image, or from the read-only place of its first start."""

    code = "program_not_installed"


class DesktopEntry:
    """Linux: the XDG autostart specification.

    Args:
        folder: `~/.config/autostart`.
        name: of the program.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self._file = folder / f"{name.lower()}.desktop"
        self._name = name

    def read(self) -> str | None:
        """The entry's command line, unless it is switched off."""
        entry = self._entry()
        # Desktops switch an entry off by one of these, and keep the file.
        if entry.get("Hidden") == "true" or entry.get("X-GNOME-Autostart-enabled") == "false":
            return None
        return entry.get("Exec") or None

    def words(self, command: Sequence[str]) -> str:
        """See `app.platform.autostart.Place`."""
        return " ".join(map(_quoted, command))

    def program(self, words: str) -> str:
        """See `app.platform.autostart.Place`."""
        found = _EXEC.match(words.replace("\\\\", "\\"))
        if found is None:
            return words
        return re.sub(r"\\(.)", r"\1", found[1] if found[1] is not None else found[2]).replace("%%", "%")

    def write(self, command: Sequence[str]) -> None:
        """See `app.platform.autostart.Place`."""
        lines = (
            _GROUP,
            "Type=Application",
            f"Name={self._name}",
            # Without the program, such as after its removal, the entry is passed over.
            "TryExec=" + command[0].replace("\\", "\\\\"),
            f"Exec={self.words(command)}",
            "Terminal=false",
            "X-GNOME-Autostart-enabled=true",
            "",
        )
        _replace(self._file, "\n".join(lines).encode())

    def remove(self) -> None:
        """See `app.platform.autostart.Place`."""
        self._file.unlink(missing_ok=True)

    def _entry(self) -> dict[str, str]:
        """The keys of the file's first group; of one that stands twice, the last."""
        try:
            text = self._file.read_text(encoding="utf-8")
        except FileNotFoundError:
            return {}
        entry: dict[str, str] = {}
        inside = False
        for line in text.splitlines():
            if line.startswith("["):
                inside = line.strip() == _GROUP
            elif inside and not line.startswith("#"):
                key, _, value = line.partition("=")
                entry[key.strip()] = value.strip()
        return entry


class LaunchAgent:
    """macOS: a launch agent, which launchd reads at the next sign-in.

    Args:
        folder: `~/Library/LaunchAgents`.
        name: of the program.
        launchctl: runs the program `launchctl` with arguments and gives its output, empty if that fails.
        passing: whether a program lies where it will not be at the next sign-in.
    """

    def __init__(
        self,
        folder: Path,
        name: str,
        launchctl: Callable[[Sequence[str]], str] = lambda _arguments: "",
        passing: Callable[[str], bool] = lambda _program: False,
    ) -> None:
        self._launchctl = launchctl
        self._passing = passing
        self._label = f"app.{name.lower()}"
        self._file = folder / f"{self._label}.plist"

    def read(self) -> str | None:
        """The agent's command line, unless it is switched off."""
        try:
            agent = plistlib.loads(self._file.read_bytes())
        except (FileNotFoundError, ExpatError):
            return None
        if not isinstance(agent, dict) or agent.get("Disabled") is True or agent.get("RunAtLoad") is not True:
            return None
        if self._is_disabled():
            return None
        command = agent.get("ProgramArguments")
        return self.words([str(part) for part in command]) if isinstance(command, list) and command else None

    def words(self, command: Sequence[str]) -> str:
        """See `app.platform.autostart.Place`."""
        return shlex.join(command)

    def program(self, words: str) -> str:
        """See `app.platform.autostart.Place`."""
        return next(iter(shlex.split(words)), "")

    def write(self, command: Sequence[str]) -> None:
        """See `app.platform.autostart.Place`. Raises ProgramNotInstalled."""
        if self._passing(command[0]):
            raise ProgramNotInstalled(
                "Waystation runs from its disk image, or from where macOS has put it for its first start, and will "
                "not be there at the next sign-in. Drag it into the folder Applications, start it there, and try again."
            )
        agent = {
            "Label": self._label,
            "ProgramArguments": list(command),
            "RunAtLoad": True,
            # Only where there is a screen: not for a sign-in by SSH.
            "LimitLoadToSessionType": "Aqua",
            "ProcessType": "Interactive",
            # By this, System Settings shows our name and icon among the login items. It is the application's too.
            "AssociatedBundleIdentifiers": [self._label],
        }
        _replace(self._file, plistlib.dumps(agent))
        if self._is_disabled():
            self._launchctl(("enable", f"{_domain()}/{self._label}"))

    def remove(self) -> None:
        """See `app.platform.autostart.Place`."""
        self._file.unlink(missing_ok=True)

    def _is_disabled(self) -> bool:
        """Whether launchd itself notes that the agent is switched off: `"app.waystation" => disabled`, before macOS 13
        `=> true`.
        """
        told = self._launchctl(("print-disabled", _domain()))
        return re.search(rf'"{re.escape(self._label)}"\s*=>\s*(disabled|true)\b', told) is not None


def run_launchctl(arguments: Sequence[str]) -> str:
    """What launchd says; nothing where it cannot be asked."""
    with suppress(OSError, subprocess.SubprocessError):
        return subprocess.run(  # noqa: S603 - the system's own
            ["/bin/launchctl", *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=_LAUNCHCTL_S,
            check=False,
        ).stdout
    return ""


def is_read_only(program: str) -> bool:
    """Whether it lies on a disk that cannot be written, as a mounted disk image. Not on Windows."""
    with suppress(OSError):
        # Of its folder: the Python of a checkout is a link, and may lead to the system's own disk, which is read-only.
        return bool(os.statvfs(Path(program).parent).f_flag & os.ST_RDONLY)
    return False


def _domain() -> str:
    """Of launchd: what starts when this user signs in at the screen."""
    return f"gui/{os.getuid()}"


def _replace(path: Path, content: bytes) -> None:
    """Write a file so that it is never seen half."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        fresh.write_bytes(content)
        fresh.replace(path)
    finally:
        with suppress(OSError):
            fresh.unlink(missing_ok=True)


def _quoted(argument: str) -> str:
    """An argument of an `Exec` line (Desktop Entry Specification, "The Exec key").

    Raises:
        ValueError: it cannot be written there.
    """
    if not argument.isprintable():
        raise ValueError("a path holds a character that cannot be written there")
    inner = "".join(f"\\{character}" if character in '"`$\\' else character for character in argument)
    # The file's own escape is undone first, and then the percent sign stands for a field.
    return '"' + inner.replace("\\", "\\\\").replace("%", "%%") + '"'

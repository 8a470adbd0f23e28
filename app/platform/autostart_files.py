"""What starts at sign-in on Linux and macOS: one file in a folder of the user's."""

from __future__ import annotations

import os
import plistlib
import shlex
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from xml.parsers.expat import ExpatError

_GROUP = "[Desktop Entry]"


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

    def write(self, command: Sequence[str]) -> None:
        """See `app.platform.autostart.Place`."""
        lines = (
            _GROUP,
            "Type=Application",
            f"Name={self._name}",
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
    """

    def __init__(self, folder: Path, name: str) -> None:
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
        command = agent.get("ProgramArguments")
        return self.words([str(part) for part in command]) if isinstance(command, list) and command else None

    def words(self, command: Sequence[str]) -> str:
        """See `app.platform.autostart.Place`."""
        return shlex.join(command)

    def write(self, command: Sequence[str]) -> None:
        """See `app.platform.autostart.Place`."""
        agent = {
            "Label": self._label,
            "ProgramArguments": list(command),
            "RunAtLoad": True,
            # Only where there is a screen: not for a sign-in by SSH.
            "LimitLoadToSessionType": "Aqua",
            "ProcessType": "Interactive",
        }
        _replace(self._file, plistlib.dumps(agent))

    def remove(self) -> None:
        """See `app.platform.autostart.Place`."""
        self._file.unlink(missing_ok=True)


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

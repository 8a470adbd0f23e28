"""Linux: the package by apt, and the archive in a folder of its own."""

import os
import tempfile
from pathlib import Path

from bundle.layout import NAME, Bundle
from installers.trial import SelftestAndServe, attempt, run
from machine.report import Stop, say
from machine.system_packages import APT_OPTIONS, as_root, is_debian

PACKAGE = "waystation"


class Debian:
    """A system whose packages come from apt.

    Args:
        prefix: what makes a command root's.
    """

    program = Path("/usr/bin/waystation")
    upgrade_ends_it = upgrade_starts_it = True

    def __init__(self, prefix: list[str]) -> None:
        self._prefix = prefix
        self._files: list[Path] = []

    @classmethod
    def here(cls) -> "Debian":
        """This system. Raises Stop where it has no apt, or this user may not use it."""
        prefix = as_root()
        if not is_debian() or prefix is None:
            raise Stop("The .deb can be tried on Debian and Ubuntu, as root or with a sudo that does not ask.")
        return cls(prefix)

    def there(self) -> dict[str, str]:
        """See `System`: the package, its files, and what the user's own folders hold."""
        found = {str(path): "there" for path in self._files if os.path.lexists(path) and not _is_shared(path)}
        for path in _homes():
            if path.exists():
                found[str(path)] = "there"
        state = self._state()
        return found | ({PACKAGE: state} if state else {})

    def is_installed(self) -> bool:
        """See `System`; a package that was removed and not purged counts."""
        return bool(self._state())

    def install(self, file: Path) -> None:
        """See `System`."""
        self._apt("install", "--reinstall", "--allow-downgrades", str(file))

    def look(self, file: Path, version: str) -> None:
        """See `System`."""
        if self._state() != "install ok installed":
            raise Stop(f"dpkg says of {PACKAGE}: {self._state()}")
        self._files = [Path(line) for line in run(["dpkg", "-L", PACKAGE], "list the files").splitlines()]
        for path in self._files:
            if not os.path.lexists(path):
                raise Stop(f"{path} belongs to the package and is not there.")

    def uninstall(self) -> None:
        """See `System`; what came with it because it was needed stays."""
        self._apt("purge", PACKAGE)

    def _state(self) -> str:
        command = ["dpkg-query", "--show", "--showformat=${Status}", PACKAGE]
        code, state = attempt(command, "ask dpkg")
        # Known from a list alone is not there.
        return "" if code or "not-installed" in state else state

    def _apt(self, command: str, *arguments: str) -> None:
        env = ["env", "DEBIAN_FRONTEND=noninteractive"]
        run([*self._prefix, *env, "apt-get", *APT_OPTIONS, command, "-y", *arguments], f"apt-get {command}")


def try_archive(file: Path, version: str) -> None:
    """Unpack the archive, use the program, and see that all was in its one folder. Raises Stop."""
    with tempfile.TemporaryDirectory(prefix="waystation-try-") as name:
        run(["tar", "-xf", file, "-C", name], "unpack the archive")
        folders = list(Path(name).iterdir())
        if len(folders) != 1 or not folders[0].is_dir():
            raise Stop(f"{file.name} unpacks into more than a folder: {', '.join(path.name for path in folders)}")
        SelftestAndServe().works(Bundle(folders[0]).program, version)
    say(f"{file.name}: unpacked and used")


def _homes() -> list[Path]:
    """Where the program keeps what is the user's: see app/platform/paths.py and autostart_files.py."""
    home = Path.home()
    config = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
    data = Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share")
    return [data / NAME, config / "autostart" / f"{PACKAGE}.desktop"]


def _is_shared(path: Path) -> bool:
    """Whether it is a folder of many packages, such as /usr/share."""
    return path.is_dir() and PACKAGE not in str(path).lower()

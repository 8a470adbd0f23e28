"""Windows: the silent installer and its uninstaller; see the top of windows/waystation.nsi for their words."""

import os
import re
from collections.abc import Sequence
from pathlib import Path

from bundle.layout import NAME, Bundle
from installers.trial import attempt, run, wait_for
from machine.report import Stop

_CURRENT = r"HKCU\Software\Microsoft\Windows\CurrentVersion"
LISTED = rf"{_CURRENT}\Uninstall\{NAME}"
RUN = rf"{_CURRENT}\Run"
APPROVED = rf"{_CURRENT}\Explorer\StartupApproved\Run"


class Windows:
    """A Windows of one user.

    Args:
        local: %LOCALAPPDATA%.
        roaming: %APPDATA%.
        starts: what runs a program of Windows; nothing on Windows itself.
    """

    upgrade_ends_it = True
    upgrade_starts_it = False

    def __init__(self, local: Path, roaming: Path, starts: Sequence[str] = ()) -> None:
        self._local, self._starts = local, list(starts)
        self._bundle = Bundle(local / "Programs" / NAME, "win32")
        self._shortcut = roaming / "Microsoft" / "Windows" / "Start Menu" / "Programs" / f"{NAME}.lnk"
        self.program = self._bundle.console

    @classmethod
    def here(cls) -> "Windows":
        """This system."""
        return cls(Path(os.environ["LOCALAPPDATA"]), Path(os.environ["APPDATA"]))

    def there(self) -> dict[str, str]:
        """See `System`: files, the registry, the Start menu, and the user's data."""
        places = (self._bundle.folder, self._shortcut, self._local / NAME)
        found = {str(path): "there" for path in places if path.exists()}
        for key, name in ((LISTED, "DisplayVersion"), (RUN, NAME), (APPROVED, NAME)):
            value = self._value(key, name)
            if value is not None:
                found[f"{key}\\{name}"] = value
        return found

    def is_installed(self) -> bool:
        """See `System`."""
        return self._bundle.folder.exists() or self._value(LISTED, "DisplayVersion") is not None

    def install(self, file: Path) -> None:
        """See `System`; it also starts at sign-in then."""
        run([*self._starts, file, "/S", "/AUTOSTART"], "install it (waystation.nsi names the exit codes)")

    def look(self, file: Path, version: str) -> None:
        """See `System`: what Windows lists, the Start menu, and what starts at sign-in."""
        listed = self._value(LISTED, "DisplayVersion")
        if listed != version:
            raise Stop(f"Windows lists version {listed} of {NAME} among its programs, and not {version}.")
        parts = self._bundle.program, self._bundle.console, self._bundle.internal, self._bundle.licenses
        for path in (*parts, self._shortcut):
            if not path.exists():
                raise Stop(f"{path} is not there.")
        if self._value(RUN, NAME) is None:
            raise Stop(f"It does not start at sign-in: {RUN} has no value {NAME}.")

    def uninstall(self) -> None:
        """See `System`. The uninstaller ends at once, and a copy of it goes on."""
        run([*self._starts, self._bundle.folder / "uninstall.exe", "/S"], "remove it")
        wait_for(lambda: not self.is_installed() and not self._shortcut.exists(), "the uninstaller")

    def _value(self, key: str, name: str) -> str | None:
        """A value of the registry; None: there is none."""
        # The code page of a console differs from system to system; what is looked for is ASCII.
        code, words = attempt([*self._starts, "reg", "query", key, "/v", name], "read the registry")
        found = re.search(rf"^\s+{re.escape(name)}\s+REG_\w+\s+(.*?)\s*$", words, re.MULTILINE)
        return found[1] if found and not code else None

"""What starts at sign-in on Windows: a value in the user's part of the registry."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

#: Microsoft, "Run and RunOnce Registry Keys".
_RUN = r"Software\Microsoft\Windows\CurrentVersion\Run"
_LONGEST = 260
#: Where Task Manager and Settings note what the user has switched off there: binary, an odd first byte means off.
_APPROVED = r"Software\Microsoft\Windows\CurrentVersion\Explorer\StartupApproved\Run"


class RunKey:
    """Windows: the key `Run` of the current user.

    Args:
        name: of the program, and of the value.
        winreg: the module, which exists on Windows only.
    """

    def __init__(self, name: str, winreg: Any) -> None:
        self._name = name
        self._winreg = winreg

    def read(self) -> str | None:
        """The command line, unless the user has switched it off in the system's own list."""
        command = self._value(_RUN)
        approved = self._value(_APPROVED)
        if isinstance(approved, bytes) and approved and approved[0] % 2:
            return None
        return command if isinstance(command, str) and command.strip() else None

    def words(self, command: Sequence[str]) -> str:
        """See `app.platform.autostart.Place`."""
        program, *arguments = command
        # Quoted also without a blank: Windows would try the parts of an unquoted path as programs.
        return " ".join([f'"{program}"', *([subprocess.list2cmdline(arguments)] if arguments else [])])

    def program(self, words: str) -> str:
        """See `app.platform.autostart.Place`."""
        return words[1:].partition('"')[0] if words.startswith('"') else words.partition(" ")[0]

    def write(self, command: Sequence[str]) -> None:
        """See `app.platform.autostart.Place`."""
        words = self.words(command)
        if len(words) > _LONGEST:
            raise ValueError(f"Windows takes command lines of up to {_LONGEST} characters, and this path is longer")
        registry = self._winreg
        with registry.CreateKeyEx(registry.HKEY_CURRENT_USER, _RUN, 0, registry.KEY_SET_VALUE) as key:
            registry.SetValueEx(key, self._name, 0, registry.REG_SZ, words)
        self._delete(_APPROVED)

    def remove(self) -> None:
        """See `app.platform.autostart.Place`."""
        self._delete(_RUN)
        self._delete(_APPROVED)

    def _value(self, path: str) -> object:
        registry = self._winreg
        try:
            with registry.OpenKey(registry.HKEY_CURRENT_USER, path, 0, registry.KEY_QUERY_VALUE) as key:
                return registry.QueryValueEx(key, self._name)[0]
        except FileNotFoundError:
            return None

    def _delete(self, path: str) -> None:
        registry = self._winreg
        with (
            suppress(FileNotFoundError),
            registry.OpenKey(registry.HKEY_CURRENT_USER, path, 0, registry.KEY_SET_VALUE) as key,
        ):
            registry.DeleteValue(key, self._name)

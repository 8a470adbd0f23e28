"""What the user has chosen about the desktop itself, on this computer: not the gateway's settings."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from PySide6.QtCore import QByteArray, QSettings

from app.desktop.design.theme import Theme
from app.desktop.place import Place


class Placement(StrEnum):
    """Where the gateway's loop runs; read when the application starts."""

    #: In the window's own loop.
    LOOP = "loop"
    #: On a thread of its own.
    THREAD = "thread"


class Preferences:
    """The desktop's choices; read and written at once. A file that cannot be written only forgets them.

    Args:
        path: the file, see `app.platform.paths.PREFERENCES_FILE`.
    """

    def __init__(self, path: Path) -> None:
        self._settings = QSettings(str(path), QSettings.Format.IniFormat)

    @property
    def language(self) -> str | None:
        """`en` or `zh_CN`; None: as the system says."""
        value = self._text("language")
        return value if value in ("en", "zh_CN") else None

    @language.setter
    def language(self, value: str | None) -> None:
        self._put("language", value)

    @property
    def theme(self) -> Theme:
        """Light, dark, or the system's."""
        value = self._text("theme")
        return Theme(value) if value in list(Theme) else Theme.SYSTEM

    @theme.setter
    def theme(self, value: Theme) -> None:
        self._put("theme", value.value)

    @property
    def placement(self) -> Placement:
        """Where the gateway's loop runs from the next start on."""
        value = self._text("placement")
        return Placement(value) if value in list(Placement) else Placement.LOOP

    @placement.setter
    def placement(self, value: Placement) -> None:
        self._put("placement", value.value)

    @property
    def notifications(self) -> bool:
        """Whether the tray may speak up by itself."""
        return self._text("notifications") != "off"

    @notifications.setter
    def notifications(self, value: bool) -> None:
        self._put("notifications", "on" if value else "off")

    @property
    def place(self) -> Place:
        """The page that was open last."""
        value = self._text("place")
        return Place(value) if value in list(Place) else Place.OVERVIEW

    @place.setter
    def place(self, value: Place) -> None:
        self._put("place", value.value)

    def geometry(self, name: str) -> QByteArray | None:
        """Size and position of a window, or the widths of a table, as Qt packed them."""
        value = self._settings.value(f"geometry/{name}")
        return value if isinstance(value, QByteArray) and not value.isEmpty() else None

    def keep_geometry(self, name: str, value: QByteArray) -> None:
        """Remember it for the next start."""
        self._put(f"geometry/{name}", value)

    def first_time(self, hint: str) -> bool:
        """True once for each hint, ever; then it is given."""
        if self._text(f"hints/{hint}"):
            return False
        self._put(f"hints/{hint}", "given")
        return True

    def _text(self, key: str) -> str:
        value = self._settings.value(key)
        return value if isinstance(value, str) else ""

    def _put(self, key: str, value: str | QByteArray | None) -> None:
        if value is None:
            self._settings.remove(key)
        else:
            self._settings.setValue(key, value)
        # Now, so that a crash forgets nothing.
        self._settings.sync()

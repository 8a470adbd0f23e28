"""Pictures, drawn from our own SVG files in the colours that fit."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer

# Pixels; every size that trays, buttons and the header ask for at scale factors from 1 to 3.
_SIZES = (16, 20, 22, 24, 32, 44, 48, 64, 96, 128)


class Look(StrEnum):
    """How the gateway's state is drawn: each has its own shape, so that nobody needs the colour."""

    RUNNING = "running"
    STOPPED = "stopped"
    STARTING = "starting"
    PROBLEM = "problem"


# Contrast of 3:1 or more against white and against near-black, as a tray may be either.
_COLOURS = {
    Look.RUNNING: QColor("#0f9d8f"),
    Look.STOPPED: QColor("#868b94"),
    Look.STARTING: QColor("#3b82f6"),
    Look.PROBLEM: QColor("#e5484d"),
}


class Icons:
    """All pictures of the application.

    Args:
        folder: with one SVG file per picture; `currentColor` in them is the colour that is asked for.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._cache: dict[tuple[str, int], QIcon] = {}

    def application(self) -> QIcon:
        """The application's own picture, in its own colours."""
        return self.tinted("waystation", QColor(Qt.GlobalColor.black))

    def colour(self, look: Look) -> QColor:
        """The colour of a state."""
        return _COLOURS[look]

    def state(self, look: Look, *, template: bool = False) -> QIcon:
        """The gateway's state; as a template it is black, and macOS colours it as its menu bar needs."""
        icon = self.tinted(f"tray-{look.value}", QColor(Qt.GlobalColor.black) if template else _COLOURS[look])
        if template:
            icon = QIcon(icon)
            icon.setIsMask(True)
        return icon

    def symbol(self, name: str, palette: QPalette) -> QIcon:
        """A picture for a button or a cell, in the colour of the text beside it; Qt pales it on a disabled one."""
        return self.tinted(name, palette.color(QPalette.ColorGroup.Active, QPalette.ColorRole.ButtonText))

    def tinted(self, name: str, colour: QColor) -> QIcon:
        """A picture in one colour."""
        key = (name, colour.rgba())
        icon = self._cache.get(key)
        if icon is None:
            icon = self._cache[key] = self._drawn(name, colour)
        return icon

    def _drawn(self, name: str, colour: QColor) -> QIcon:
        svg = (self._folder / f"{name}.svg").read_text(encoding="utf-8").replace("currentColor", colour.name())
        renderer = QSvgRenderer(svg.encode())
        if not renderer.isValid():
            raise ValueError(f"{name}.svg is not a picture")
        icon = QIcon()
        for size in _SIZES:
            pixmap = QPixmap(size, size)
            pixmap.fill(Qt.GlobalColor.transparent)
            painter = QPainter(pixmap)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            renderer.render(painter, QRectF(0, 0, size, size))
            painter.end()
            icon.addPixmap(pixmap)
        return icon

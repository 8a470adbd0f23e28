"""Pictures of widgets from inside their process, each when it has come to rest."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QWidget

from app.desktop.appearance import Appearance
from app.desktop.design.theme import Theme
from app.desktop.desktop import Desktop
from app.desktop.place import Place
from app.desktop.widgets.table import Table

LANGUAGES = ("en", "zh_CN")
THEMES = (Theme.LIGHT, Theme.DARK)
SIZE = QSize(1180, 740)
SMALL = QSize(800, 560)
# Seconds that a page gets to ask for what it shows, and until the answers must be there.
_ASKING = 0.3
_PATIENCE = 5.0


@dataclass
class Camera:
    """Takes pictures of one desktop into a folder for each language and theme.

    Attributes:
        target: where those folders are.
        scale: of this process's Qt.
        taken: all pictures.
        missing: what could not be taken, in words.
    """

    target: Path
    scale: int
    taken: list[Path] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    look: str = ""

    async def looks(self, desktop: Desktop, appearance: Appearance) -> AsyncIterator[str]:
        """Give the desktop each look in turn, as its user does in the settings."""
        for language in LANGUAGES:
            appearance.use_language(language)
            for theme in THEMES:
                appearance.use_theme(theme)
                self.look = f"{language}-{theme.value}-{self.scale}"
                await quiet(desktop)
                yield self.look

    def take(self, widget: QWidget, name: str) -> None:
        """Take a picture of a widget as it is now."""
        path = self.target / self.look / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        if widget.grab().save(str(path)):
            self.taken.append(path)
        else:
            self.missing.append(f"{path} could not be written")

    async def take_page(self, desktop: Desktop, place: Place, state: str, size: QSize = SIZE) -> None:
        """Take a picture of the window with this page, and with the first line of its table selected."""
        window = desktop.window
        window.resize(size)
        window.go(place)
        await quiet(desktop)
        if select_first(window.pages[place][0]):
            await quiet(desktop)
        self.take(window, f"{place.value.replace('_', '-')}-{state}")

    async def take_pages(self, desktop: Desktop, state: str, size: QSize = SIZE) -> None:
        """Take a picture of each page."""
        for place in Place:
            await self.take_page(desktop, place, state, size)


def select_first(page: QWidget) -> bool:
    """Select the first line of each table on a page, and say whether there is one."""
    filled = [table for table in page.findChildren(Table) if table.isVisible() and table.model().rowCount()]
    for table in filled:
        table.select_row(0)
    return bool(filled)


async def quiet(desktop: Desktop) -> None:
    """Wait until the page has what it shows; an operation that goes on for long is part of the picture."""
    await asyncio.sleep(_ASKING)
    for _ in range(round(_PATIENCE / 0.05)):
        if not desktop.operations.is_busy():
            break
        await asyncio.sleep(0.05)
    desktop.feed.look()
    # Not by `processEvents`: inside a task the loop cannot begin other tasks.
    await asyncio.sleep(0.05)

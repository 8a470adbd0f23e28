"""The main window, made when somebody wants to see it: who starts with the computer may never do."""

from __future__ import annotations

import asyncio
import importlib
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from app.desktop.overview import Overview
from app.gateway.snapshot import GatewaySnapshot

if TYPE_CHECKING:
    from app.desktop.window import MainWindow

_MODULE = "app.desktop.window"


class LateWindow:
    """Shows what is true in the window, as soon as there is one.

    Args:
        make: makes it. That takes tens of milliseconds and megabytes, its pages and their pictures included.
    """

    def __init__(self, make: Callable[[], MainWindow]) -> None:
        self._make = make
        self._made: MainWindow | None = None
        self._has_tray = True
        self._overview: Overview | None = None
        self._snapshot: GatewaySnapshot | None = None
        self._failure: str | None = None
        #: One takes the place of another: whoever watches goes on watching, and has closed nothing.
        self.replacing = False

    @property
    def window(self) -> MainWindow:
        """The window; made if nobody has asked for it before."""
        if self._made is None:
            self._made = self._make()
            self._tell_all(self._made)
            if self._failure is not None:
                self._made.tell_failure(self._failure)
        return self._made

    @property
    def is_loaded(self) -> bool:
        """Whether the window can be made without reading its modules first."""
        return _MODULE in sys.modules

    async def load(self) -> None:
        """Read its modules on another thread: that takes a tenth of a second or two, and streams go on meanwhile."""
        await asyncio.to_thread(importlib.import_module, _MODULE)

    @property
    def visible(self) -> MainWindow | None:
        """The window, if somebody can see it."""
        return self._made if self._made is not None and self._made.isVisible() else None

    @property
    def is_active(self) -> bool:
        """Whether it has the keyboard."""
        return self._made is not None and self._made.isActiveWindow()

    def show_tray(self, has_tray: bool) -> None:
        """See `MainWindow.show_tray`."""
        self._has_tray = has_tray
        if self._made is not None:
            self._made.show_tray(has_tray)

    def show_overview(self, overview: Overview) -> None:
        """See `MainWindow.show_overview`."""
        self._overview = overview
        if self._made is not None:
            self._made.show_overview(overview)

    def show_snapshot(self, snapshot: GatewaySnapshot) -> None:
        """See `MainWindow.show_snapshot`."""
        self._snapshot = snapshot
        if self._made is not None:
            self._made.show_snapshot(snapshot)

    def tell(self, text: str) -> None:
        """See `MainWindow.tell`; where there is none, it will have been a while ago."""
        self._failure = None
        if self._made is not None:
            self._made.tell(text)

    def tell_failure(self, text: str) -> None:
        """See `MainWindow.tell_failure`; it stands there until it is closed, or something else goes well."""
        if self._made is not None:
            self._made.tell_failure(text)
        else:
            self._failure = text

    def replace(self) -> None:
        """Make it anew, in another language, with what the user saw there."""
        before = self._made
        if before is None:
            return
        visible = before.isVisible()
        before.remember()
        self.replacing = True
        self._made = window = self._make()
        window.take_over(before)
        self._tell_all(window)
        if visible:
            window.bring_up()
        before.leave()
        before.deleteLater()
        self.replacing = False

    def leave(self) -> None:
        """The application is ending."""
        if self._made is not None:
            self._made.leave()

    def _tell_all(self, window: MainWindow) -> None:
        window.show_tray(self._has_tray)
        if self._overview is not None:
            window.show_overview(self._overview)
        if self._snapshot is not None:
            window.show_snapshot(self._snapshot)

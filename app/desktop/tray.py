"""The tray icon and its menu. The menu is built once; later only its labels change, so an open one stays open."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QSystemTrayIcon

from app.desktop import words
from app.desktop.icons import Icons, Look
from app.desktop.overview import Overview, Switch
from app.platform.shells import Shell

# In the order in which the menus name them.
_SHELLS = (Shell.BASH, Shell.POWERSHELL, Shell.CMD)
_HOST_POLL_MS = 5000
_MESSAGE_MS = 6000


@dataclass(frozen=True, slots=True)
class TrayActions:
    """What the menu's entries do."""

    start: Callable[[], None]
    stop: Callable[[], None]
    copy_environment: Callable[[Shell], None]
    copy_setup: Callable[[Shell], None]
    sign_in: Callable[[], None]
    add_from_clipboard: Callable[[], None]
    add_from_file: Callable[[], None]
    wait_overnight: Callable[[bool], None]
    open_window: Callable[[], None]
    quit: Callable[[], None]


class Tray(QObject):
    """The icon in the system's tray, wherever there is one.

    Args:
        icons: for the icon.
        actions: what the entries do.
        practice: whether to say that this is practice.
        host_changed: called with True when a tray has appeared, and at the start with whether there is one.
    """

    def __init__(
        self,
        icons: Icons,
        actions: TrayActions,
        *,
        practice: bool,
        host_changed: Callable[[bool], None],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._icons = icons
        self._actions = actions
        self._practice = practice
        self._host_changed = host_changed
        self._overview: Overview | None = None
        self._busy = False
        self.docked = False
        self._menu = self._build_menu()
        self._tray = self._make_tray()
        self._host_poll = QTimer(self)
        self._host_poll.setInterval(_HOST_POLL_MS)
        self._host_poll.timeout.connect(self._look_for_host)

    @property
    def menu(self) -> QMenu:
        """The menu of the icon."""
        return self._menu

    def show(self) -> None:
        """Appear now, or as soon as there is a tray."""
        # isVisible() is true even where nobody shows the icon; only this tells.
        self.docked = QSystemTrayIcon.isSystemTrayAvailable()
        if self.docked:
            self._tray.show()
        else:
            self._host_poll.start()
        self._host_changed(self.docked)

    def hide(self) -> None:
        """Disappear for good."""
        self._host_poll.stop()
        self._tray.hide()
        self.docked = False

    def rebuild(self) -> None:
        """Make the menu anew, in another language."""
        before, self._menu = self._menu, self._build_menu()
        self._tray.setContextMenu(self._menu)
        before.deleteLater()
        if self._overview is not None:
            seen, self._overview = self._overview, None
            self.show_overview(seen)

    def show_overview(self, overview: Overview) -> None:
        """Show this state."""
        if overview == self._overview:
            return
        look_changed = self._overview is None or self._overview.look is not overview.look
        self._overview = overview
        self._status.setText(overview.status_line)
        if overview.switch is Switch.START:
            self._switch.setText(self.tr("Start"))
        elif overview.switch is Switch.STOP:
            self._switch.setText(self.tr("Stop"))
        self._overnight.setEnabled(overview.overnight is not None)
        self._overnight.setChecked(bool(overview.overnight))
        self._draw_enabled()
        self._set_tool_tip()
        if look_changed:
            self._set_icon()

    def show_busy(self, busy: bool) -> None:
        """Whether starting or stopping is under way."""
        self._busy = busy
        self._draw_enabled()

    def tell(self, text: str, *, failed: bool = False) -> None:
        """Say something in a short message beside the tray."""
        if not self.docked:
            return
        # A picture of our own: over D-Bus it takes the icon's place for as long as the message stands.
        look = Look.PROBLEM if failed else self._look()
        self._tray.showMessage(self.tr("Waystation"), text, self._icons.state(look), _MESSAGE_MS)

    def _make_tray(self) -> QSystemTrayIcon:
        tray = QSystemTrayIcon(self)
        tray.setContextMenu(self._menu)
        tray.activated.connect(self._on_activated)
        tray.messageClicked.connect(self._actions.open_window)
        return tray

    def _set_icon(self) -> None:
        self._tray.setIcon(self._icons.state(self._look(), template=sys.platform == "darwin"))

    def _look(self) -> Look:
        return self._overview.look if self._overview else Look.STARTING

    def _set_tool_tip(self) -> None:
        name = self.tr("Waystation (practice)") if self._practice else self.tr("Waystation")
        self._tray.setToolTip(f"{name}\n{self._status.text()}")

    def _build_menu(self) -> QMenu:
        menu = QMenu()
        self._status = QAction(menu)
        self._status.setEnabled(False)
        menu.addAction(self._status)
        self._switch = QAction(self.tr("Start"), menu)
        self._switch.triggered.connect(self._on_switch)
        menu.addAction(self._switch)
        menu.addSeparator()
        self._shell_menu(menu, self.tr("Copy environment variables"), self._actions.copy_environment)
        self._shell_menu(menu, self.tr("Copy full set-up"), self._actions.copy_setup)
        add = menu.addMenu(self.tr("Add token"))
        _entry(add, self.tr("Sign in with ChatGPT…"), self._actions.sign_in)
        _entry(add, self.tr("From the clipboard"), self._actions.add_from_clipboard)
        _entry(add, self.tr("From auth.json files…"), self._actions.add_from_file)
        self._overnight = QAction(self.tr("Wait overnight when all tokens are at their limit"), menu)
        self._overnight.setCheckable(True)
        # Not `toggled`: showing a snapshot is not a wish of the user's.
        self._overnight.triggered.connect(self._actions.wait_overnight)
        menu.addAction(self._overnight)
        menu.addSeparator()
        _entry(menu, self.tr("Open window"), self._actions.open_window)
        _entry(menu, self.tr("Quit"), self._actions.quit)
        return menu

    def _shell_menu(self, menu: QMenu, title: str, copy: Callable[[Shell], None]) -> None:
        shells = menu.addMenu(title)
        for shell in _SHELLS:
            _entry(shells, words.shell(shell), partial(copy, shell))

    def _draw_enabled(self) -> None:
        possible = self._overview is not None and self._overview.switch is not Switch.NEITHER
        self._switch.setEnabled(possible and not self._busy)

    def _on_switch(self) -> None:
        if self._overview is not None and self._overview.switch is Switch.STOP:
            self._actions.stop()
        elif self._overview is not None and self._overview.switch is Switch.START:
            self._actions.start()

    def _on_activated(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        # On macOS every click opens the menu.
        if reason == QSystemTrayIcon.ActivationReason.Trigger and sys.platform != "darwin":
            self._actions.open_window()

    def _look_for_host(self) -> None:
        if not QSystemTrayIcon.isSystemTrayAvailable():
            return
        self._host_poll.stop()
        # Qt decides when the object is made whether the icon goes over D-Bus or X11: make it anew.
        self._tray.hide()
        self._tray.deleteLater()
        self._tray = self._make_tray()
        self._set_icon()
        self._set_tool_tip()
        self._tray.show()
        self.docked = True
        self._host_changed(True)


def _entry(menu: QMenu, label: str, act: Callable[[], None]) -> None:
    # Not connected directly: `triggered` would hand its `checked` to the function.
    menu.addAction(label).triggered.connect(lambda _checked=False: act())

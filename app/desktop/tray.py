"""The tray icon and its menu. The menu is built once; later only its labels change, so an open one stays open."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QSystemTrayIcon

from app.desktop import words
from app.desktop.icons import Icons, Look
from app.desktop.machine import AutostartSwitch
from app.desktop.overview import Overview, Switch
from app.desktop.tray_entries import TrayEntries
from app.platform.shells import Shell

# In the order in which the menus name them.
_SHELLS = (Shell.BASH, Shell.ZSH, Shell.FISH, Shell.POWERSHELL, Shell.CMD, Shell.WSL)
_HOST_POLL_MS = 5000
_MESSAGE_MS = 6000


@dataclass(frozen=True, slots=True)
class TrayActions:
    """What the menu's entries do; `look` is called before it is seen."""

    look: Callable[[], None]

    start: Callable[[], None]
    stop: Callable[[], None]
    copy_environment: Callable[[Shell], None]
    copy_setup: Callable[[Shell], None]
    sign_in: Callable[[], None]
    add_from_clipboard: Callable[[], None]
    add_from_file: Callable[[], None]
    wait_overnight: Callable[[bool], None]
    enable_token: Callable[[str, bool], None]
    open_sessions: Callable[[], None]
    open_window: Callable[[], None]
    open_settings: Callable[[], None]
    autostart: AutostartSwitch | None
    set_autostart: Callable[[bool], None]
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
        self._entries: TrayEntries | None = None
        self._busy = False
        self._token_entries: dict[str, QAction] = {}
        self.docked = False
        self._menu = self._build_menu()
        self._tray = self._make_tray()
        self._host_poll = QTimer(self)
        self._host_poll.setTimerType(Qt.TimerType.VeryCoarseTimer)
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
        if self._entries is not None:
            entries, self._entries = self._entries, None
            self.show_entries(entries)

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

    def show_entries(self, entries: TrayEntries) -> None:
        """Show these tokens and sessions; entries that stay change in place."""
        if entries == self._entries:
            return
        self._entries = entries
        self._sessions.setText(entries.sessions)
        wanted = {token.id: token for token in entries.tokens}
        for token_id in [token_id for token_id in self._token_entries if token_id not in wanted]:
            self._tokens.removeAction(self._token_entries.pop(token_id))
        if list(self._token_entries) != list(wanted):
            for action in self._token_entries.values():
                self._tokens.removeAction(action)
            old, self._token_entries = self._token_entries, {}
            for token_id in wanted:
                action = old.get(token_id) or self._token_entry(token_id)
                self._tokens.insertAction(self._below_tokens, action)
                self._token_entries[token_id] = action
        for token_id, token in wanted.items():
            action = self._token_entries[token_id]
            action.setText(token.label)
            action.setChecked(token.enabled)
            action.setEnabled(token.changeable)
        self._below_tokens.setVisible(bool(wanted))

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
        self._tokens = menu.addMenu(self.tr("Tokens"))
        self._token_entries = {}
        self._below_tokens: QAction = self._tokens.addSeparator()
        self._below_tokens.setVisible(False)
        _entry(self._tokens, self.tr("Sign in with ChatGPT…"), self._actions.sign_in)
        _entry(self._tokens, self.tr("Add from the clipboard"), self._actions.add_from_clipboard)
        _entry(self._tokens, self.tr("Add from auth.json files…"), self._actions.add_from_file)
        self._sessions: QAction = _entry(menu, self.tr("Sessions"), self._actions.open_sessions)
        self._overnight = QAction(self.tr("Wait overnight when all tokens are at their limit"), menu)
        self._overnight.setCheckable(True)
        # Not `toggled`: showing a snapshot is not a wish of the user's.
        self._overnight.triggered.connect(self._actions.wait_overnight)
        menu.addAction(self._overnight)
        menu.addSeparator()
        _entry(menu, self.tr("Open window"), self._actions.open_window)
        _entry(menu, self.tr("Settings…"), self._actions.open_settings)
        self._autostart = QAction(self.tr("Start at sign-in"), menu)
        self._autostart.setCheckable(True)
        self._autostart.triggered.connect(self._actions.set_autostart)
        self._autostart.setVisible(self._actions.autostart is not None)
        menu.addAction(self._autostart)
        _entry(menu, self.tr("Quit"), self._actions.quit)
        # Time passes without a change in the gateway, and somebody else may have changed what starts at sign-in.
        menu.aboutToShow.connect(self._actions.look)
        menu.aboutToShow.connect(self.show_autostart)
        self.show_autostart()
        return menu

    def show_autostart(self) -> None:
        """Show whether the application starts at sign-in, as the system has it now."""
        if self._actions.autostart is not None:
            self._autostart.setChecked(self._actions.autostart.is_on())
            other = self._actions.autostart.other()
            text = self.tr("Start at sign-in")
            if other is not None and not self._actions.autostart.other_is_gone():
                # A click takes its place.
                text = (
                    self.tr("Start at sign-in (now another copy)")
                    if other
                    else self.tr("Start at sign-in (now with other options)")
                )
            self._autostart.setText(text)

    def _token_entry(self, token_id: str) -> QAction:
        action = QAction(self._tokens)
        action.setCheckable(True)
        # Not `toggled`: showing a snapshot is not a wish of the user's.
        action.triggered.connect(lambda wanted: self._actions.enable_token(token_id, wanted))
        return action

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


def _entry(menu: QMenu, label: str, act: Callable[[], None]) -> QAction:
    action = menu.addAction(label)
    # Not connected directly: `triggered` would hand its `checked` to the function.
    action.triggered.connect(lambda _checked=False: act())
    return action

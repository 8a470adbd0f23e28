"""The main window: the sidebar with the gateway at its foot, notices, and one page at a time."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import (
    QAction,
    QCloseEvent,
    QDragEnterEvent,
    QDropEvent,
    QHideEvent,
    QKeySequence,
    QShortcut,
    QShowEvent,
)
from PySide6.QtWidgets import QWidget

from app.desktop import dialogs, words
from app.desktop.adding import Adding
from app.desktop.appearance import Appearance
from app.desktop.icons import Icons
from app.desktop.machine import Machine
from app.desktop.operations import Operations
from app.desktop.overview import Overview
from app.desktop.page_stack import PageAt, Pages, PageStack
from app.desktop.pages.gateway_panel import GatewayPanel
from app.desktop.pages.licenses import LicensesPage
from app.desktop.pages.notices import Notices
from app.desktop.pages.overview import OverviewPage
from app.desktop.pages.problems import Ways, problem_notices
from app.desktop.pages.requests import RequestsPage
from app.desktop.pages.sessions import SessionsPage
from app.desktop.pages.set_up import SetUpPage
from app.desktop.pages.settings import SettingsPage
from app.desktop.pages.tokens import TokensPage
from app.desktop.pages.window_notices import crash_notice, no_tray_notice, practice_notice
from app.desktop.place import Place
from app.desktop.preferences import Preferences
from app.desktop.sign_in.leader import SignInLeader
from app.desktop.widgets.patient_window import PatientWindow
from app.desktop.widgets.sidebar import Sidebar
from app.desktop.widgets.status_line import StatusLine
from app.desktop.widgets.two_lines import TwoLineDelegate
from app.desktop.window_layout import laid_out
from app.gateway.snapshot import GatewaySnapshot
from app.platform.shells import Shell

_log = logging.getLogger(__name__)

_SIZE = QSize(1180, 740)
_SMALLEST = QSize(800, 560)


class MainWindow(PatientWindow):
    """Everything about the gateway in one window.

    Args:
        icons: for symbols.
        operations: what its buttons do.
        preferences: where size, position and the open page are kept.
        appearance: language and theme.
        machine: this computer.
        shell: chosen at first on the set-up page.
        practice: whether to say that this is practice.
        adding: adds tokens from files and from the clipboard.
        signing_in: leads through sign-ins.
        copy_text: puts a text without secrets on the clipboard.
        visible_changed: called when it is shown or hidden.
        start_for_real: leaves practice for the application itself.
        quit: ends the application.
    """

    overview = PageAt(Place.OVERVIEW, OverviewPage)
    tokens = PageAt(Place.TOKENS, TokensPage)
    sessions = PageAt(Place.SESSIONS, SessionsPage)
    set_up = PageAt(Place.SET_UP, SetUpPage)
    requests = PageAt(Place.REQUESTS, RequestsPage)
    licenses = PageAt(Place.LICENSES, LicensesPage)
    settings = PageAt(Place.SETTINGS, SettingsPage)

    def __init__(
        self,
        icons: Icons,
        operations: Operations,
        *,
        preferences: Preferences,
        appearance: Appearance,
        machine: Machine,
        shell: Shell,
        practice: bool,
        adding: Adding,
        signing_in: SignInLeader,
        copy_text: Callable[[str], None],
        visible_changed: Callable[[bool], None],
        start_for_real: Callable[[], None],
        quit: Callable[[], None],
    ) -> None:
        super().__init__()
        self._operations = operations
        self._adding = adding
        self._signing_in = signing_in
        self._practice = practice
        self._copy_text = copy_text
        self._visible_changed = visible_changed
        self._start_for_real = start_for_real
        self._snapshot: GatewaySnapshot | None = None
        self._has_tray = True
        self._leaving = False
        # Of the window that this one replaces, by page, until the page is open.
        self._sights: dict[Place, Any] = {}
        self._focus: tuple[type[QWidget], int] | None = None
        self.setWindowTitle(self.tr("Waystation (practice)") if practice else self.tr("Waystation"))
        self._preferences = preferences
        self._crash = machine.crash
        self.setMinimumSize(_SMALLEST)
        self.resize(_SIZE.boundedTo(self.screen().availableSize()))
        self.setAcceptDrops(True)
        self.gateway = GatewayPanel(icons, operations)
        self.sidebar = Sidebar(icons, self.tr("Pages"))
        self.notices = Notices(icons, operations, self.gateway.last)
        self.status = StatusLine()
        common = (icons, operations, preferences)
        copy = self._on_copy_text
        self._stack = PageStack(
            {
                Place.OVERVIEW: lambda: OverviewPage(
                    icons,
                    operations,
                    self._on_copy_address,
                    self.go,
                    adding=adding,
                    sign_in=lambda: signing_in.sign_in(),
                    chosen_shell=lambda: self.set_up.shell if Place.SET_UP in self._stack.made else shell,
                ),
                Place.TOKENS: lambda: TokensPage(*common, adding, signing_in.sign_in, self.open_session),
                Place.SESSIONS: lambda: SessionsPage(*common, self.open_set_up),
                Place.SET_UP: lambda: SetUpPage(icons, operations, shell, machine, copy, self.go, signing_in.sign_in),
                Place.REQUESTS: lambda: RequestsPage(*common, self.open_set_up, copy),
                Place.LICENSES: lambda: LicensesPage(*common, shell, machine, self.open_settings),
                Place.SETTINGS: lambda: SettingsPage(*common, appearance, machine, copy),
            }
        )
        titles = {
            Place.OVERVIEW: self.tr("Overview"),
            Place.TOKENS: self.tr("Tokens"),
            Place.SESSIONS: self.tr("Sessions"),
            Place.SET_UP: self.tr("Set up Codex"),
            Place.REQUESTS: self.tr("Requests"),
            Place.LICENSES: self.tr("Licenses"),
            Place.SETTINGS: self.tr("Settings"),
        }
        self.pages = Pages(self._stack, titles)
        for place, title in titles.items():
            self.sidebar.add(place, title)
        self.sidebar.choose(preferences.place)
        self._stack.turn_to(preferences.place)
        self.sidebar.currentRowChanged.connect(self._on_place_changed)
        # Until the gateway is there, the pages would say that there is nothing.
        room = self._stack.sizePolicy()
        room.setRetainSizeWhenHidden(True)
        self._stack.setSizePolicy(room)
        self._stack.hide()
        self.setCentralWidget(laid_out(self.sidebar, self.gateway, self.notices, self._stack, self.status))
        geometry = preferences.geometry("window")
        if geometry is not None:
            self.restoreGeometry(geometry)
        self._add_shortcuts(quit)
        self._show_notices()

    def show_overview(self, overview: Overview) -> None:
        """Show this state in the head."""
        self.gateway.show_overview(overview)

    def show_snapshot(self, snapshot: GatewaySnapshot) -> None:
        """Show this snapshot; only what is visible is drawn."""
        self._snapshot = snapshot
        # The notice of practice says what becomes of everything.
        self.status.show_standing("" if self._practice else words.key_store(snapshot.key_store))
        if self._stack.isHidden():
            self._stack.show()
            self.sidebar.setFocus()
        if self.isVisible():
            self._show_current()

    def take_over(self, before: MainWindow) -> None:
        """Show what the user saw in another window, which this one replaces."""
        self._crash = before._crash
        # What was not yet shown there is still to be shown.
        self._sights = {place: page.sight() for place, page in before._stack.made.items()} | before._sights
        self._focus = before.pages[before.place][0].focused()

    def show_tray(self, has_tray: bool) -> None:
        """Without a tray the window is the only way to the application, and says so."""
        self._has_tray = has_tray
        self._show_notices()

    def tell(self, text: str) -> None:
        """Say for a while that something went well."""
        self.notices.close_passing()
        self.status.show_passing(text)

    def tell_failure(self, text: str) -> None:
        """Say that something went wrong."""
        self.status.clear_passing()
        self.notices.show_passing(text)

    def bring_up(self) -> None:
        """Be seen: shown, not minimised, above the others, with the keyboard."""
        self.setWindowState(self.windowState() & ~Qt.WindowState.WindowMinimized)
        self.show()
        self.raise_()
        self.activateWindow()

    def remember(self) -> None:
        """Note page, size and position; not whenever they change, for writing to the disk takes a while."""
        self._preferences.place = self.place
        self._preferences.keep_geometry("window", self.saveGeometry())

    def leave(self) -> None:
        """The application is ending: close without asking."""
        self._leaving = True
        self.close()

    @property
    def place(self) -> Place:
        """The page that is open."""
        return self.sidebar.place

    def go(self, place: Place) -> None:
        """Turn to a page."""
        self.sidebar.choose(place)

    def open_tokens(self) -> None:
        """Turn to the tokens."""
        self.go(Place.TOKENS)

    def open_session(self, session_id: str | None) -> None:
        """Turn to a session; None: to all of them."""
        self.go(Place.SESSIONS)
        self.sessions.choose(session_id)

    def open_set_up(self) -> None:
        """Turn to the set-up of Codex."""
        self.go(Place.SET_UP)

    def open_settings(self) -> None:
        """Turn to the settings."""
        self.go(Place.SETTINGS)

    def open_models(self) -> None:
        """Turn to the names of models."""
        self.go(Place.SETTINGS)
        self.settings.reveal_models()

    def prepare(self) -> None:
        """See `PatientWindow`."""
        for delegate in self.pages[self.place][0].findChildren(TwoLineDelegate):
            delegate.prepare()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Closing leaves the gateway running: in the tray, or minimised where there is none."""
        if self._has_tray or self._leaving:
            super().closeEvent(event)
        else:
            event.ignore()
            self.showMinimized()

    def showEvent(self, event: QShowEvent) -> None:
        """Somebody watches: be up to date."""
        super().showEvent(event)
        self._visible_changed(True)
        self._show_current()
        self._stack.make_ahead()

    def hideEvent(self, event: QHideEvent) -> None:
        """Nobody watches."""
        super().hideEvent(event)
        self.remember()
        self._visible_changed(False)

    def changeEvent(self, event: QEvent) -> None:
        """A minimised window is not watched either."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.WindowStateChange:
            self._visible_changed(self.isVisible() and not self.isMinimized())

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files, which may be auth.json."""
        if _dropped_files(event):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Add the logins in the files."""
        paths = _dropped_files(event)
        if paths:
            event.acceptProposedAction()
            self.open_tokens()
            self._adding.from_files(paths)

    def _add_shortcuts(self, quit: Callable[[], None]) -> None:
        leave = QAction(self.tr("Quit"), self)
        # Windows has no standard key for it; elsewhere this is the standard key, on macOS with Cmd.
        leave.setShortcut(QKeySequence("Ctrl+Q"))
        leave.triggered.connect(lambda: quit())
        self.addAction(leave)
        QShortcut(QKeySequence(Qt.Key.Key_Escape), self, self.close)
        # All of the system's keys for it: on Windows both Ctrl+F4 and Ctrl+W.
        QShortcut(QKeySequence.StandardKey.Close, self, self.close)
        for number, place in enumerate(Place, 1):
            QShortcut(QKeySequence(f"Ctrl+{number}"), self, lambda place=place: self.go(place))

    def _on_place_changed(self) -> None:
        self._stack.turn_to(self.place)
        self._show_current()

    def _show_current(self) -> None:
        self._show_notices()
        if self._snapshot is None:
            return
        page = self.pages[self.place][0]
        try:
            page.show_snapshot(self._snapshot, time.time())
            sight = self._sights.pop(self.place, None)
            if sight is not None:
                page.show_sight(sight)
                page.focus(self._focus)
                self._focus = None
        except Exception:
            # Also called while Qt shows the window, and an error that leaves there would end the program.
            _log.exception("the page %s cannot show what is true now", self.place)

    def _show_notices(self) -> None:
        notices = []
        said: set[str] = set()
        if self._practice:
            notices.append(practice_notice(self._start_for_real))
        if self._crash is not None:
            notices.append(crash_notice(self._crash.at, time.time(), self._on_copy_crash, self._on_forget_crash))
        if not self._has_tray:
            notices.append(no_tray_notice())
        if self._snapshot is not None:
            signing_in = self._signing_in
            ways = Ways(
                self.open_tokens, self._on_new_key, signing_in.sign_in, signing_in.show_running, self.open_models
            )
            elsewhere = self._signing_in.elsewhere is not None
            problems = problem_notices(self._snapshot, self._operations, ways, time.time(), sign_in_elsewhere=elsewhere)
            # What a page says itself is not said twice.
            keys = {"no_token"} if self.place is Place.TOKENS else set()
            if self.place is Place.OVERVIEW:
                keys = self.overview.says(self._snapshot)
            notices += [notice for notice in problems if notice.key not in keys]
            said = {notice.text for notice in problems if notice.key in keys}
        self.notices.show_standing(notices, said)

    def _on_copy_address(self, address: str) -> None:
        self._copy_text(address)
        self.tell(self.tr("The address is copied."))

    def _on_copy_crash(self) -> None:
        if self._crash is not None:
            self._on_copy_text(self._crash.text)

    def _on_forget_crash(self) -> None:
        if self._crash is not None:
            self._crash.forget()
            self._crash = None
            self._show_notices()

    def _on_copy_text(self, text: str) -> None:
        self._copy_text(text)
        self.tell(self.tr("It is copied."))

    def _on_new_key(self) -> None:
        self._operations.run("ask", self._ask_for_new_key())

    async def _ask_for_new_key(self) -> None:
        if await dialogs.confirmed(
            self,
            self.tr("Use a new key"),
            self.tr("Go on with a new key?"),
            yes=self.tr("Use a new key"),
            explanation=self.tr(
                "What the lost key sealed stays in the list, but cannot be opened any more: add those tokens again, "
                "and copy the set-up again, since it gets a new license."
            ),
        ):
            self._operations.replace_lost_key()


def _dropped_files(event: QDropEvent) -> list[Path]:
    paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
    return [path for path in paths if path.is_file()]

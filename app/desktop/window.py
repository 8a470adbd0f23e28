"""The main window: head, notices, and the pages in tabs."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

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
from PySide6.QtWidgets import QMainWindow, QTabWidget, QVBoxLayout, QWidget

from app.desktop import dialogs, words
from app.desktop.adding import Adding
from app.desktop.icons import Icons
from app.desktop.operations import Operations
from app.desktop.overview import Overview
from app.desktop.pages.header import Header
from app.desktop.pages.notices import Notices, NoticeText
from app.desktop.pages.problems import Ways, problem_notices
from app.desktop.pages.sessions import SessionsPage
from app.desktop.pages.set_up import SetUpPage
from app.desktop.pages.tokens import TokensPage
from app.desktop.pages.turns import TurnsPage
from app.desktop.sign_in.leader import SignInLeader
from app.desktop.widgets.colours import Tone
from app.desktop.widgets.status_line import StatusLine
from app.gateway.snapshot import GatewaySnapshot
from app.platform.shells import Shell

_SIZE = QSize(1160, 700)
_SMALLEST = QSize(720, 460)


class MainWindow(QMainWindow):
    """Everything about the gateway in one window.

    Args:
        icons: for symbols.
        operations: what its buttons do.
        shell: chosen at first on the set-up page.
        practice: whether to say that this is practice.
        adding: adds tokens from files and from the clipboard.
        signing_in: leads through sign-ins.
        copy_text: puts a text without secrets on the clipboard.
        visible_changed: called when it is shown or hidden.
        quit: ends the application.
    """

    def __init__(
        self,
        icons: Icons,
        operations: Operations,
        *,
        shell: Shell,
        practice: bool,
        adding: Adding,
        signing_in: SignInLeader,
        copy_text: Callable[[str], None],
        visible_changed: Callable[[bool], None],
        quit: Callable[[], None],
    ) -> None:
        super().__init__()
        self._operations = operations
        self._adding = adding
        self._signing_in = signing_in
        self._practice = practice
        self._copy_text = copy_text
        self._visible_changed = visible_changed
        self._snapshot: GatewaySnapshot | None = None
        self._has_tray = True
        self._leaving = False
        self.setWindowTitle(self.tr("Waystation (practice)") if practice else self.tr("Waystation"))
        self.setMinimumSize(_SMALLEST)
        self.resize(_SIZE.boundedTo(self.screen().availableSize()))
        self.setAcceptDrops(True)
        self.header = Header(icons, operations, self._on_copy_address)
        self.notices = Notices(icons, operations, self.header.last)
        self.status = StatusLine()
        self.tokens = TokensPage(icons, operations, adding, signing_in.sign_in)
        self.set_up = SetUpPage(icons, operations, shell)
        self.sessions = SessionsPage(icons, operations, self.open_set_up)
        self.turns = TurnsPage(icons, self.open_set_up)
        self._pages = (self.tokens, self.set_up, self.sessions, self.turns)
        self.tabs = QTabWidget()
        self.tabs.addTab(self.tokens, self.tr("&Tokens"))
        self.tabs.addTab(self.set_up, self.tr("Set up Code&x"))
        self.tabs.addTab(self.sessions, self.tr("Sessio&ns"))
        self.tabs.addTab(self.turns, self.tr("Re&quests"))
        self.tabs.currentChanged.connect(self._show_current)
        # Until the gateway is there, the pages would say that there is nothing.
        room = self.tabs.sizePolicy()
        room.setRetainSizeWhenHidden(True)
        self.tabs.setSizePolicy(room)
        self.tabs.hide()
        central = QWidget()
        column = QVBoxLayout(central)
        column.setContentsMargins(16, 14, 16, 10)
        column.setSpacing(12)
        column.addWidget(self.header)
        column.addWidget(self.notices)
        column.addWidget(self.tabs, 1)
        column.addWidget(self.status)
        self.setCentralWidget(central)
        self._add_shortcuts(quit)
        self._show_notices()

    def show_overview(self, overview: Overview) -> None:
        """Show this state in the head."""
        self.header.show_overview(overview)

    def show_snapshot(self, snapshot: GatewaySnapshot) -> None:
        """Show this snapshot; only what is visible is drawn."""
        self._snapshot = snapshot
        self.status.show_standing(words.key_store(snapshot.key_store))
        if self.tabs.isHidden():
            self.tabs.show()
            self.tabs.setFocus()
        if self.isVisible():
            self._show_current()

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

    def leave(self) -> None:
        """The application is ending: close without asking."""
        self._leaving = True
        self.close()

    def open_tokens(self) -> None:
        """Turn to the tokens."""
        self.tabs.setCurrentWidget(self.tokens)

    def open_set_up(self) -> None:
        """Turn to the set-up of Codex."""
        self.tabs.setCurrentWidget(self.set_up)

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

    def hideEvent(self, event: QHideEvent) -> None:
        """Nobody watches."""
        super().hideEvent(event)
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
        for number in range(self.tabs.count()):
            QShortcut(QKeySequence(f"Ctrl+{number + 1}"), self, lambda page=number: self.tabs.setCurrentIndex(page))

    def _show_current(self) -> None:
        self._show_notices()
        if self._snapshot is not None:
            self._pages[self.tabs.currentIndex()].show_snapshot(self._snapshot, time.time())

    def _show_notices(self) -> None:
        notices = []
        if self._practice:
            text = self.tr(
                "Practice: a simulated upstream answers, the tokens are samples, and everything is gone when you quit."
            )
            notices.append(NoticeText("practice", Tone.INFO, text, symbol="practice"))
        if not self._has_tray:
            text = self.tr(
                "This desktop shows no tray icons, so Waystation lives in this window: closing it minimises it, "
                "Ctrl+Q quits."
            )
            notices.append(NoticeText("no_tray", Tone.INFO, text))
        if self._snapshot is not None:
            ways = Ways(self.open_tokens, self._on_new_key, self._signing_in.sign_in, self._signing_in.show_running)
            elsewhere = self._signing_in.elsewhere is not None
            problems = problem_notices(self._snapshot, self._operations, ways, time.time(), sign_in_elsewhere=elsewhere)
            # The page of the tokens says itself what to do while there is none.
            on_tokens = self.tabs.currentWidget() is self.tokens
            notices += [notice for notice in problems if not (on_tokens and notice.key == "no_token")]
        self.notices.show_standing(notices)

    def _on_copy_address(self, address: str) -> None:
        self._copy_text(address)
        self.tell(self.tr("The address is copied."))

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

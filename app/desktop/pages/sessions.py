"""The live sessions."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from operator import attrgetter

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QMenu, QPushButton

from app.desktop import dialogs, token_words, words
from app.desktop.icons import Icons
from app.desktop.models.sessions import SessionTable, session_states
from app.desktop.models.two_line_rows import TwoLineRows
from app.desktop.operations import Operations
from app.desktop.pages.session_detail import SessionDetail
from app.desktop.pages.table_page import TablePage
from app.desktop.preferences import Preferences
from app.desktop.turn_log import TurnLog
from app.desktop.widgets.empty_state import EmptyState
from app.desktop.widgets.notice import Remedy
from app.desktop.widgets.symbol import Symbol
from app.desktop.widgets.table import Table
from app.desktop.widgets.toned_symbol import toned_symbol
from app.gateway.snapshot import GatewaySnapshot, SessionView, TokenState

# Of a session's timeline, read at once.
_PAGE = 100


class SessionsPage(TablePage):
    """Which conversation is on which token, and how it came there.

    Args:
        icons: for symbols.
        operations: what the buttons do.
        preferences: where sizes are kept.
        open_setup: leads to the page that sets up Codex.
    """

    def __init__(
        self, icons: Icons, operations: Operations, preferences: Preferences, open_setup: Callable[[], None]
    ) -> None:
        super().__init__(
            icons,
            preferences,
            "sessions",
            self.tr("Sessions"),
            self.tr("Conversations of the last 24 hours, and the token that serves each."),
            self.tr("Search sessions"),
        )
        self._operations = operations
        self._snapshot: GatewaySnapshot | None = None
        self._opened: str | None = None
        # To be selected as soon as the table shows it.
        self._wanted: str | None = None
        self._known = SessionTable()
        self._model: TwoLineRows[SessionView] = TwoLineRows(
            self._known.columns(), attrgetter("id"), lambda name: toned_symbol(icons, name, self.palette()), self
        )
        self.table = Table(self._model, self.tr("Live sessions"))
        self.table.sort_by(SessionTable.LAST_ACTIVITY, Qt.SortOrder.DescendingOrder)
        self._state = self.bar.add_choice(self.tr("State"), self.tr("All states"))
        self._state.offer(session_states())
        self._token = self.bar.add_choice(self.tr("Token"), self.tr("All tokens"))
        self.bar.changed.connect(self._on_filter)
        self.log = TurnLog(operations, page=_PAGE, parent=self)
        self._make_actions(icons)
        self.detail = SessionDetail(
            icons,
            self._known,
            self.log,
            (self._pin, self._move, self._forget),
            [Remedy(self.tr("Give up waiting"), self._on_give_up, "turns")],
        )
        set_up = QPushButton(self.tr("Set up &Codex"))
        set_up.clicked.connect(open_setup)
        empty = EmptyState(
            icons,
            "session",
            self.tr("No session yet"),
            self.tr(
                "A session is one conversation. It keeps its token until that token is at its limit or broken. "
                "Sessions appear here as soon as Codex or another client has sent its first request."
            ),
            [set_up],
        )
        self.build(self._model, self.table, empty, self.detail, shown=SessionTable.SHOWN)
        self._model.settled.connect(self._choose_wanted)
        self.table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.table.customContextMenuRequested.connect(self._on_context_menu)
        operations.busy_changed.connect(self._update_buttons)
        self._update_buttons()

    def show_snapshot(self, snapshot: GatewaySnapshot, now: float) -> None:
        """Show these sessions; `now` is in Unix seconds."""
        before, self._snapshot = self._snapshot, snapshot
        anew = self._known.know(snapshot, now)
        if before is None or before.tokens is not snapshot.tokens:
            self._token.offer([(token.id, words.token_label(token.label)) for token in snapshot.tokens])
        self._model.update_rows(snapshot.sessions)
        if anew and before is not None:
            self._model.redraw()
        if self._opened is not None:
            self.log.add(snapshot.turns)
        self.show_parts()
        session = self._selected()
        if session is not None:
            self.detail.show_session(session, now, anew=anew)

    def show_selected(self) -> None:
        """Show the details of the selected session, or none."""
        session = self._selected()
        if (session.id if session else None) != self._opened:
            self._opened = session.id if session else None
            if session is None:
                self.log.close()
                # What they offer was meant for the one that has gone.
                self.menu.close()
                self._tokens.close()
            else:
                self.log.open(session.id)
                self.log.add(self._snapshot.turns if self._snapshot is not None else ())
                self.detail.show_session(session, time.time(), anew=True)
            self.show_details(session is not None)
        self._update_buttons()

    def choose(self, session_id: str | None) -> None:
        """Select this session, whatever is looked for now; None: show all."""
        self.bar.clear()
        self._wanted = session_id
        self._choose_wanted()

    def showEvent(self, event: QShowEvent) -> None:
        """What ended while nobody looked is read again."""
        super().showEvent(event)
        if self._opened is not None:
            self.log.refresh()

    def fill_menu(self) -> None:
        """Put what can be done with the selected session into its menu."""
        self.menu.clear()
        session = self._selected()
        if session is None:
            return
        if self._known.waiting(session.id):
            self.menu.addAction(self.tr("Keep waiting"))
            self.menu.addAction(self.tr("Give up waiting")).triggered.connect(self._on_give_up)
            self.menu.addSeparator()
        self.menu.addAction(self._pin.text()).triggered.connect(self._on_pin)
        self.menu.addMenu(self._tokens)
        self.menu.addSeparator()
        self.menu.addAction(self._forget.text()).triggered.connect(self._on_forget)
        for action in self.menu.actions():
            action.setEnabled(self._forget.isEnabled())

    def fill_tokens(self) -> None:
        """Put the tokens that the selected session can be moved to into their menu."""
        self._tokens.clear()
        session = self._selected()
        if session is None or self._snapshot is None:
            return
        for token in self._snapshot.tokens:
            if token.state not in (TokenState.READY, TokenState.RESTING):
                continue
            label = words.token_label(token.label)
            if token.state is TokenState.RESTING:
                label = f"{label} · {token_words.state(token, time.time())}"
            action = self._tokens.addAction(label.replace("&", "&&"))
            there = token.id == session.home_token_id and session.lent_at is None
            action.setCheckable(there)
            action.setChecked(there)
            # A turn that waits for its own token may be told to try it now.
            action.setEnabled(not there or bool(self._known.waiting(session.id)))
            act = partial(self._operations.sessions.move, session.id, token.id)
            action.triggered.connect(lambda _checked=False, act=act: act())

    def _make_actions(self, icons: Icons) -> None:
        self.menu = QMenu(self)
        self._tokens = QMenu(self.tr("Move to"), self)
        self._tokens.aboutToShow.connect(self.fill_tokens)
        self._pin = QPushButton()
        Symbol(icons, self._pin, "pin")
        self._pin.clicked.connect(self._on_pin)
        self._move = QPushButton(self.tr("Move to"))
        Symbol(icons, self._move, "moved")
        self._move.setMenu(self._tokens)
        self._forget = QPushButton(self.tr("&Forget…"))
        self._forget.clicked.connect(self._on_forget)

    def _selected(self) -> SessionView | None:
        session_id = self.table.selected_id()
        number = self._model.number_of(session_id) if session_id else None
        return None if number is None else self._model.row(number)

    def _update_buttons(self) -> None:
        session = self._selected()
        free = session is not None and not self._operations.is_busy("sessions")
        for button in (self._pin, self._move, self._forget):
            button.setEnabled(free)
        pinned = session is not None and session.pinned
        self._pin.setText(self.tr("Unpin") if pinned else self.tr("Pin"))
        self._pin.setToolTip(
            self.tr("Let it move again when its token is at its limit or broken")
            if pinned
            else self.tr("Keep it on its token, whatever happens to that")
        )
        if self.detail.notice is not None:
            for _remedy, control in self.detail.notice.remedies:
                control.setEnabled(not self._operations.is_busy("turns"))

    def _choose_wanted(self) -> None:
        if self._wanted is None or self._model.weighing:
            return
        number, self._wanted = self._model.number_of(self._wanted), None
        if number is not None:
            self.table.select_row(number)

    def _on_filter(self) -> None:
        self._model.set_filter(self._known.filter(self.bar.text, self._state.chosen, self._token.chosen))
        self.show_parts()

    def _on_pin(self) -> None:
        session = self._selected()
        if session is not None:
            self._operations.sessions.pin(session.id, not session.pinned)

    def _on_give_up(self) -> None:
        session = self._selected()
        if session is not None:
            self._operations.pool.give_up(*(turn.turn_id for turn in self._known.waiting(session.id)))

    def _on_forget(self) -> None:
        session = self._selected()
        if session is not None:
            self._operations.run("ask", self._ask_and_forget(session.id))

    async def _ask_and_forget(self, session_id: str) -> None:
        if await dialogs.confirmed(
            self.window(),
            self.tr("Forget session"),
            self.tr("Forget which token this session belongs to?"),
            yes=self.tr("Forget"),
            explanation=self.tr("Its next request gets the token that is least used. Nothing else is lost."),
        ):
            self._operations.sessions.forget(session_id)

    def _on_context_menu(self, position: QPoint) -> None:
        if self._selected() is not None:
            self.fill_menu()
            self.menu.popup(self.table.viewport().mapToGlobal(position))

"""The live sessions."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QHBoxLayout, QMenu, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from app.desktop import dialogs, held, words
from app.desktop.icons import Icons
from app.desktop.models.sessions import session_columns, session_lines
from app.desktop.models.table_model import TableModel
from app.desktop.operations import Operations
from app.desktop.widgets.empty_state import EmptyState
from app.desktop.widgets.page_frame import Page
from app.desktop.widgets.quiet_label import QuietLabel
from app.desktop.widgets.symbol import Symbol
from app.desktop.widgets.table import Table
from app.gateway.snapshot import GatewaySnapshot, HeldView, TokenState


class SessionsPage(Page):
    """Which conversation is on which token.

    Args:
        icons: for symbols.
        operations: what the buttons do.
        open_setup: leads to the page that sets up Codex.
    """

    def __init__(
        self, icons: Icons, operations: Operations, open_setup: Callable[[], None], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._operations = operations
        self._model = TableModel(session_columns(), lambda name: icons.symbol(name, self.palette()), self)
        self.table = Table(self._model, self.tr("Live sessions"))
        self.table.selectionModel().selectionChanged.connect(self._update_buttons)
        self._forget = QPushButton(self.tr("&Forget…"))
        self._forget.clicked.connect(self._on_forget)
        set_up = QPushButton(self.tr("Set up &Codex"))
        set_up.clicked.connect(open_setup)
        self.menu = QMenu(self)
        self.table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.table.customContextMenuRequested.connect(self._on_context_menu)
        self._waiting = QPushButton(self.tr("&Waiting…"))
        Symbol(icons, self._waiting, "waiting")
        self._waiting.clicked.connect(self._on_waiting)
        self._snapshot: GatewaySnapshot | None = None
        self._stack = QStackedWidget()
        self._stack.addWidget(
            EmptyState(
                icons,
                "session",
                self.tr("No session yet"),
                self.tr(
                    "A session is one conversation. It keeps its token until that token is at its limit or broken. "
                    "Sessions appear here as soon as Codex or another client has sent its first request."
                ),
                [set_up],
            )
        )
        self._stack.addWidget(self._filled())
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._stack)
        operations.busy_changed.connect(self._update_buttons)
        self._update_buttons()

    def show_snapshot(self, snapshot: GatewaySnapshot, now: float) -> None:
        """Show these sessions; `now` is in Unix seconds."""
        self._snapshot = snapshot
        self._model.update_lines(session_lines(snapshot, now))
        self._stack.setCurrentIndex(1 if snapshot.sessions else 0)
        self._update_buttons()

    def _filled(self) -> QWidget:
        row = QHBoxLayout()
        row.addWidget(QuietLabel(self.tr("Conversations of the last 24 hours, and the token that serves each.")))
        row.addStretch()
        row.addWidget(self._waiting)
        row.addWidget(self._forget)
        filled = QWidget()
        column = QVBoxLayout(filled)
        column.setContentsMargins(12, 12, 12, 12)
        column.setSpacing(10)
        column.addLayout(row)
        column.addWidget(self.table)
        return filled

    def _update_buttons(self) -> None:
        selected = self.table.selected_id() is not None
        self._forget.setEnabled(selected and not self._operations.is_busy("sessions"))
        self._waiting.setVisible(bool(self._held()))
        self._waiting.setEnabled(not self._operations.is_busy("turns"))

    def _on_forget(self) -> None:
        session_id = self.table.selected_id()
        if session_id is not None:
            self._operations.run("ask", self._ask_and_forget(session_id))

    async def _ask_and_forget(self, session_id: str) -> None:
        if await dialogs.confirmed(
            self.window(),
            self.tr("Forget session"),
            self.tr("Forget which token this session belongs to?"),
            yes=self.tr("Forget"),
            explanation=self.tr("Its next request gets the token that is least used. Nothing else is lost."),
        ):
            self._operations.forget_session(session_id)

    def _held(self) -> list[HeldView]:
        """The turns of the selected session that wait."""
        if self._snapshot is None:
            return []
        return held.by_session(self._snapshot).get(self.table.selected_id() or "", [])

    def _on_waiting(self) -> None:
        self._pop_up(self._waiting.mapToGlobal(QPoint(0, self._waiting.height())))

    def _on_context_menu(self, position: QPoint) -> None:
        self._pop_up(self.table.viewport().mapToGlobal(position))

    def _pop_up(self, where: QPoint) -> None:
        if self.table.selected_id() is not None:
            self.fill_menu()
            self.menu.popup(where)

    def fill_menu(self) -> None:
        """Put what can be done with the selected session into the menu."""
        self.menu.clear()
        waiting = [turn.turn_id for turn in self._held()]
        if waiting and self._snapshot is not None:
            move = self.menu.addMenu(self.tr("&Move to"))
            for token in self._snapshot.tokens:
                if token.state in (TokenState.READY, TokenState.RESTING):
                    label = words.token_label(token.label).replace("&", "&&")
                    act = partial(self._move, waiting, token.id)
                    move.addAction(label).triggered.connect(lambda _checked=False, act=act: act())
            give_up = self.menu.addAction(self.tr("&Give up waiting"))
            give_up.triggered.connect(lambda: self._operations.pool.give_up(*waiting))
            self.menu.addSeparator()
        forget = self.menu.addAction(self._forget.text())
        forget.triggered.connect(self._on_forget)
        forget.setEnabled(self._forget.isEnabled())

    def _move(self, turn_ids: list[str], token_id: str) -> None:
        for turn_id in turn_ids:
            self._operations.pool.move_turn(turn_id, token_id)

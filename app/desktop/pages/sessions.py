"""The live sessions."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QHBoxLayout, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from app.desktop import dialogs
from app.desktop.icons import Icons
from app.desktop.models.sessions import session_columns, session_lines
from app.desktop.models.table_model import TableModel
from app.desktop.operations import Operations
from app.desktop.widgets.empty_state import EmptyState
from app.desktop.widgets.quiet_label import QuietLabel
from app.desktop.widgets.table import Table
from app.gateway.snapshot import GatewaySnapshot


class SessionsPage(QWidget):
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
        self._model.update_lines(session_lines(snapshot, now))
        self._stack.setCurrentIndex(1 if snapshot.sessions else 0)
        self._update_buttons()

    def _filled(self) -> QWidget:
        row = QHBoxLayout()
        row.addWidget(QuietLabel(self.tr("Conversations of the last 24 hours, and the token that serves each.")))
        row.addStretch()
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

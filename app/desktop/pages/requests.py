"""The last turns."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QPushButton, QStackedWidget, QVBoxLayout, QWidget

from app.desktop.icons import Icons
from app.desktop.models.table_model import TableModel
from app.desktop.models.turns import turn_columns, turn_lines
from app.desktop.widgets.empty_state import EmptyState
from app.desktop.widgets.page_frame import Page
from app.desktop.widgets.quiet_label import QuietLabel
from app.desktop.widgets.table import Table
from app.gateway.snapshot import GatewaySnapshot


class RequestsPage(Page):
    """What was asked lately, and how it ended. Never what was said.

    Args:
        icons: for symbols.
        open_setup: leads to the page that sets up Codex.
    """

    def __init__(self, icons: Icons, open_setup: Callable[[], None], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = TableModel(turn_columns(), lambda name: icons.symbol(name, self.palette()), self)
        self.table = Table(self._model, self.tr("Last requests"))
        set_up = QPushButton(self.tr("Set up &Codex"))
        set_up.clicked.connect(open_setup)
        self._stack = QStackedWidget()
        self._stack.addWidget(
            EmptyState(
                icons,
                "requests",
                self.tr("No request yet"),
                self.tr(
                    "Each request gets one line here: when, on which token, how fast, and whether its body went "
                    "out unchanged. What was said is never kept."
                ),
                [set_up],
            )
        )
        filled = QWidget()
        inner = QVBoxLayout(filled)
        inner.setContentsMargins(12, 12, 12, 12)
        inner.setSpacing(10)
        inner.addWidget(QuietLabel(self.tr("The last 200 requests, the newest first. What was said is never kept.")))
        inner.addWidget(self.table)
        self._stack.addWidget(filled)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._stack)

    def show_snapshot(self, snapshot: GatewaySnapshot, now: float) -> None:
        """Show these turns; `now` is in Unix seconds."""
        self._model.update_lines(turn_lines(snapshot, now))
        self._stack.setCurrentIndex(1 if snapshot.turns else 0)

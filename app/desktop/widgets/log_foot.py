"""The line below a table of turns: how far back it goes, and what came of reading more."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from app.desktop.design import space
from app.desktop.design.text import TextRole, styled
from app.desktop.turn_log import TurnLog
from app.desktop.widgets.quiet_label import QuietLabel
from app.desktop.widgets.table import Table


class LogFoot(QWidget):
    """Reads on when the user has come to the end of the table, and tells of it.

    Args:
        log: what the table shows.
        table: whose end is watched.
    """

    def __init__(self, log: TurnLog, table: Table) -> None:
        super().__init__()
        self._log = log
        self._bar = table.verticalScrollBar()
        self._said = styled(QuietLabel(), TextRole.CAPTION)
        self._said.setTextFormat(Qt.TextFormat.PlainText)
        # Otherwise a long reason would widen the window.
        self._said.setMinimumWidth(1)
        self._retry = QPushButton(self.tr("Try again"))
        self._retry.clicked.connect(log.retry)
        row = QHBoxLayout(self)
        space.bare(row, space.S)
        row.addWidget(self._said, 1)
        row.addWidget(self._retry)
        log.changed.connect(self._show)
        self._bar.valueChanged.connect(self._look)
        self._bar.rangeChanged.connect(self._look)
        self._show()

    def _look(self) -> None:
        """At the end of the table, or where it has no end to scroll to, read the next page."""
        if self.isVisible() and self._bar.value() >= self._bar.maximum() - self._bar.pageStep() // 2:
            self._log.older()

    def _show(self) -> None:
        log, number = self._log, len(self._log.rows)
        self._retry.setVisible(log.error is not None)
        if log.error is not None:
            text = log.error
        elif log.loading:
            text = self.tr("Reading…")
        elif log.complete:
            text = self.tr("%n request(s), all that are kept.", "", number)
        elif log.full:
            text = self.tr("The newest %n request(s). The export has the older ones, too.", "", number)
        else:
            text = self.tr("The newest %n request(s). Older ones come when you scroll down.", "", number)
        self._said.setText(text)
        self._look()

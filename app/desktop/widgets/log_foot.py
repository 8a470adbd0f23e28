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
        counts: whether it also tells of the end that all is there; otherwise it goes.
    """

    def __init__(self, log: TurnLog, table: Table, *, counts: bool = True) -> None:
        super().__init__()
        self._log = log
        self._table = table
        self._model = table.rows
        self._counts = counts
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
        for signal in (self._model.modelReset, self._model.rowsRemoved, self._model.settled):
            signal.connect(self._look)
        self._bar.valueChanged.connect(self._look)
        self._bar.rangeChanged.connect(self._look)
        self._tell()

    def _look(self) -> None:
        """At the end of the table, or where it has no end to scroll to, read the next page."""
        parent = self.parentWidget()
        if self._model.weighing or parent is None or not parent.isVisible():
            return
        # Where nothing matches there is no table, and perhaps something older that does.
        at_end = self._bar.value() >= self._bar.maximum() - self._bar.pageStep() // 2
        if at_end or not self._table.isVisible():
            self._log.older()

    def _show(self) -> None:
        self._tell()
        self.setVisible(self._counts or not self._log.complete or self._log.error is not None)
        self._look()

    def _tell(self) -> None:
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

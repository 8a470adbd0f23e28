"""The last 24 hours on the overview: figures, and a picture of them."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QPushButton

from app.core.errors import WaystationError
from app.core.history import HistoryBucket, hours_until
from app.desktop import formats
from app.desktop.amounts import compact
from app.desktop.design import space
from app.desktop.design.text import TextRole, styled
from app.desktop.messages import error_text
from app.desktop.operations import Operations
from app.desktop.widgets.card import Card
from app.desktop.widgets.hours_chart import HoursChart
from app.desktop.widgets.quiet_label import QuietLabel
from app.gateway.snapshot import GatewaySnapshot

#: The figures are asked for at most so often, in milliseconds.
APART_MS = 5000
_HOURS = 24
_GROUP = "history"


class ActivityCard(Card):
    """Requests, tokens and the cached share of the last 24 hours.

    It asks for them when it is shown and a request has ended since, and when a new hour begins; never while it is
    hidden.

    Args:
        operations: carry the question out.
        apart_ms: what passes between two questions at least, in milliseconds.
    """

    def __init__(self, operations: Operations, apart_ms: int = APART_MS) -> None:
        super().__init__(self.tr("Last 24 hours"))
        self._operations = operations
        self._newest: str | None = None
        self._hour_ends = 0.0
        self._asked_for: tuple[str | None, float] | None = None
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(apart_ms)
        self._rest.timeout.connect(self._look)
        self._hour = QTimer(self)
        self._hour.setSingleShot(True)
        self._hour.timeout.connect(self._on_new_hour)
        self.turns = _Figure(self.tr("Requests"))
        self.tokens = _Figure(self.tr("Tokens"))
        self.cached = _Figure(self.tr("Cached share"))
        self.failed = _Figure(self.tr("Failed"))
        self.chart = HoursChart()
        self.chart.show_nothing(self.tr("Counting the requests…"))
        self._again = QPushButton(self.tr("Count again"))
        self._again.clicked.connect(self._ask)
        self._again.hide()
        self._lay_out()
        operations.busy_changed.connect(self._on_busy_changed)

    def show_snapshot(self, snapshot: GatewaySnapshot, now: float) -> None:
        """Ask anew if something has happened; `now` is in Unix seconds."""
        self._newest = snapshot.turns[0].id if snapshot.turns else None
        self._hour_ends = hours_until(now, 1)[1]
        # A little later, so that the gateway's clock agrees.
        self._hour.start(round((self._hour_ends - now) * 1000) + 500)
        self._look()

    def hideEvent(self, event: QHideEvent) -> None:
        """Nobody looks: ask no more."""
        super().hideEvent(event)
        self._hour.stop()

    def _lay_out(self) -> None:
        self.head.addWidget(self._again)
        grid = QGridLayout()
        space.bare(grid)
        grid.setHorizontalSpacing(space.M)
        for column, figure in enumerate((self.turns, self.tokens, self.cached, self.failed)):
            grid.addWidget(figure, 0, column)
            grid.addWidget(figure.caption, 1, column)
            grid.setColumnStretch(column, 1)
        self.body.addLayout(grid)
        self.body.addSpacing(space.XS)
        self.body.addWidget(self.chart, 1)
        self.body.addStretch()

    def _look(self) -> None:
        wanted = (self._newest, self._hour_ends)
        busy = self._rest.isActive() or self._operations.is_busy(_GROUP)
        if self.isVisible() and not busy and wanted != self._asked_for:
            self._ask()

    def _ask(self) -> None:
        self._asked_for = (self._newest, self._hour_ends)
        self._rest.start()
        self._operations.run(_GROUP, self._count())

    async def _count(self) -> None:
        try:
            found = await self._operations.call("history.hours", hours=_HOURS)
        except WaystationError as error:
            self._show_failure(error_text(error))
        else:
            self._show([HistoryBucket(**hour) for hour in found])

    def _show(self, hours: Sequence[HistoryBucket]) -> None:
        self._again.hide()
        turns, failed = sum(hour.turns for hour in hours), sum(hour.failed for hour in hours)
        asked, cached = sum(hour.input_tokens for hour in hours), sum(hour.cached_tokens for hour in hours)
        tokens = asked + sum(hour.output_tokens for hour in hours)
        self.turns.show_number(turns)
        self.tokens.show_number(tokens)
        self.failed.show_number(failed)
        self.cached.setText(formats.percent(round(100 * cached / asked)) if asked else formats.NOTHING)
        if turns:
            self.chart.show_hours(hours)
        else:
            self.chart.show_nothing(self.tr("No requests in the last 24 hours."))

    def _show_failure(self, text: str) -> None:
        self._again.show()
        for figure in (self.turns, self.tokens, self.cached, self.failed):
            figure.setText(formats.NOTHING)
        self.chart.show_nothing(text)

    def _on_busy_changed(self, group: str, busy: bool) -> None:
        if group == _GROUP:
            self._again.setEnabled(not busy)
            self._look()

    def _on_new_hour(self) -> None:
        self._asked_for = None
        self._look()


class _Figure(QLabel):
    """A number that is read at a glance.

    Attributes:
        caption: what it counts, to be placed below it.
    """

    def __init__(self, caption: str) -> None:
        super().__init__(formats.NOTHING)
        styled(self, TextRole.FIGURE)
        # A Chinese unit makes the line higher; the digits shall stand on one line all the same.
        self.setAlignment(Qt.AlignmentFlag.AlignBottom)
        self.caption = styled(QuietLabel(caption), TextRole.CAPTION)
        self.setAccessibleName(f"{caption}: {formats.NOTHING}")

    def show_number(self, number: int) -> None:
        """In few characters; all of them in the tooltip."""
        self.setText(compact(number))
        exact = formats.count(number)
        self.setToolTip(exact if exact != self.text() else "")

    def setText(self, text: str) -> None:
        """Also for screen readers, which do not see what stands below."""
        super().setText(text)
        self.setAccessibleName(f"{self.caption.text()}: {text}")

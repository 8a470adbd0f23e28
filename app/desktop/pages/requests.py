"""The log of requests."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from pathlib import Path
from typing import Any

from PySide6.QtCore import QStandardPaths, Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QMenu, QPushButton

from app.core.turn import TurnRow
from app.desktop import dialogs, words
from app.desktop.export import export_turns, report
from app.desktop.icons import Icons
from app.desktop.messages import Told
from app.desktop.models.turns import TurnTable, outcomes
from app.desktop.models.two_line_rows import TwoLineRows
from app.desktop.operations import Operations
from app.desktop.pages.request_detail import RequestDetail
from app.desktop.pages.table_page import TablePage
from app.desktop.preferences import Preferences
from app.desktop.turn_log import TurnLog
from app.desktop.widgets.empty_state import EmptyState
from app.desktop.widgets.log_foot import LogFoot
from app.desktop.widgets.symbol import Symbol
from app.desktop.widgets.table import Table
from app.desktop.widgets.toned_symbol import toned_symbol
from app.gateway.snapshot import GatewaySnapshot


class RequestsPage(TablePage):
    """What was asked, and how it ended. Never what was said.

    Args:
        icons: for symbols.
        operations: reads and exports the log.
        preferences: where sizes are kept.
        open_setup: leads to the page that sets up Codex.
        copy_text: puts a text on the clipboard and says so.
    """

    def __init__(
        self,
        icons: Icons,
        operations: Operations,
        preferences: Preferences,
        open_setup: Callable[[], None],
        copy_text: Callable[[str], None],
    ) -> None:
        self._export = QPushButton()
        super().__init__(
            icons,
            preferences,
            "requests",
            self.tr("Requests"),
            self.tr("Each request with its token, times and result. What was said is never kept."),
            self.tr("Search requests"),
            (self._export,),
        )
        self._operations = operations
        self._copy_text = copy_text
        self._selected: TurnRow | None = None
        self._snapshot: GatewaySnapshot | None = None
        self._known = TurnTable()
        self._model: TwoLineRows[TurnRow] = TwoLineRows(
            self._known.columns(), attrgetter("id"), lambda name: toned_symbol(icons, name, self.palette()), self
        )
        self.table = Table(self._model, self.tr("Last requests"))
        self.table.sort_by(TurnTable.TIME, Qt.SortOrder.DescendingOrder)
        self._outcome = self.bar.add_choice(self.tr("Result"), self.tr("All results"))
        self._outcome.offer(outcomes())
        self._token = self.bar.add_choice(self.tr("Token"), self.tr("All tokens"))
        self._license = self.bar.add_choice(self.tr("License"), self.tr("All licenses"))
        self.bar.changed.connect(self._on_filter)
        self.log = TurnLog(operations, parent=self)
        self.log.changed.connect(self._show_rows)
        self._make_export(icons)
        copy = QPushButton(self.tr("Copy report"))
        copy.setToolTip(self.tr("What is shown here as JSON, to show to somebody who helps"))
        Symbol(icons, copy, "copy")
        copy.clicked.connect(self._on_copy)
        self.detail = RequestDetail(icons, self._known, (copy,))
        set_up = QPushButton(self.tr("Set up &Codex"))
        set_up.clicked.connect(open_setup)
        empty = EmptyState(
            icons,
            "requests",
            self.tr("No request yet"),
            self.tr(
                "Each request gets one line here: when, on which token, how fast, and whether its body went "
                "out unchanged. What was said is never kept."
            ),
            [set_up],
        )
        self.build(self._model, self.table, empty, self.detail, [LogFoot(self.log, self.table)], shown=TurnTable.SHOWN)
        operations.busy_changed.connect(self._update_export)

    def show_snapshot(self, snapshot: GatewaySnapshot, now: float) -> None:
        """Show the log with what has ended meanwhile; `now` is in Unix seconds."""
        before, self._snapshot = self._snapshot, snapshot
        anew = self._known.know(snapshot, now)
        if before is None:
            self.log.open()
        if anew:
            self._token.offer([(token.id, words.token_label(token.label)) for token in snapshot.tokens])
            self._license.offer([(owner.id, words.license_label(owner.label)) for owner in snapshot.licenses])
            self._model.redraw()
        if before is None or before.turns != snapshot.turns:
            self.log.add(snapshot.turns)
        self.show_parts()

    def sight(self) -> Any:
        """See `Page`: also how far back the log was read."""
        return self.log, super().sight()

    def show_sight(self, sight: Any) -> None:
        """See `Page`."""
        log, seen = sight
        self.log.take_over(log)
        super().show_sight(seen)

    def show_selected(self) -> None:
        """Show the details of the selected request, or none."""
        row_id = self.table.selected_id()
        number = self._model.number_of(row_id) if row_id else None
        row = None if number is None else self._model.row(number)
        self.show_details(row is not None)
        if row is not None and row is not self._selected:
            self.detail.show_request(row)
        self._selected = row

    def showEvent(self, event: QShowEvent) -> None:
        """What ended while nobody looked is read again."""
        super().showEvent(event)
        if self._snapshot is not None:
            self.log.refresh()

    def _make_export(self, icons: Icons) -> None:
        self._export.setText(self.tr("Export"))
        Symbol(icons, self._export, "export")
        menu = QMenu(self)
        self._export.setMenu(menu)
        menu.addAction(self.tr("For spreadsheets (CSV)…")).triggered.connect(lambda: self._on_export("csv"))
        menu.addAction(self.tr("For programs (JSON)…")).triggered.connect(lambda: self._on_export("json"))

    def _show_rows(self) -> None:
        self._model.update_rows(self.log.rows)
        self.show_parts()
        self._update_export()

    def _update_export(self) -> None:
        busy = self._operations.is_busy("export")
        self._export.setText(self.tr("Exporting…") if busy else self.tr("Export"))
        self._export.setEnabled(not busy and bool(self._model.total))

    def _accepts(self) -> Callable[[TurnRow], bool] | None:
        return self._known.filter(self.bar.text, self._outcome.chosen, self._token.chosen, self._license.chosen)

    def _on_filter(self) -> None:
        self._model.set_filter(self._accepts())
        self.show_parts()

    def _on_copy(self) -> None:
        if self._selected is not None:
            self._copy_text(report(self._selected))

    def _on_export(self, kind: str) -> None:
        self._operations.run("export", self._ask_and_export(kind))

    async def _ask_and_export(self, kind: str) -> str | None:
        folder = Path(QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation) or Path.home())
        wanted = {"csv": self.tr("Tables (*.csv)"), "json": self.tr("JSON (*.json)")}[kind]
        path = await dialogs.chosen_new_file(
            self.window(), self.tr("Export requests"), folder / f"waystation-requests.{kind}", [wanted]
        )
        return None if path is None else await self.export_to(path)

    async def export_to(self, path: Path) -> str:
        """Write all requests that match to a file; returns the sentence that tells of it.

        Raises:
            Told: it cannot be written.
            WaystationError: the requests cannot be read.
        """
        try:
            number = await export_turns(
                self._operations.call, path, self._known.names(), self._accepts(), tuple(self.log.rows[:500])
            )
        except OSError as error:
            said = self.tr("{file} cannot be written: {reason}. Choose another folder.")
            raise Told(said.format(file=path.name, reason=error.strerror or type(error).__name__)) from None
        return self.tr("%n request(s) are written to {file}.", "", number).format(file=path)

"""The details of one request."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent
from PySide6.QtGui import QFontDatabase, QResizeEvent
from PySide6.QtWidgets import QApplication, QFrame, QTextBrowser, QWidget

from app.core.turn import TurnRow
from app.desktop import turn_words
from app.desktop.design import colours
from app.desktop.icons import Icons
from app.desktop.models.turns import TurnTable
from app.desktop.pages.request_text import as_html
from app.desktop.widgets.detail_pane import DetailPane

# From this width on, in digits, there is room for two columns.
_TWO_COLUMNS = 100


class RequestDetail(DetailPane):
    """About the selected request.

    Args:
        icons: for symbols.
        known: the names of what a request names.
        actions: what can be done with it.
    """

    def __init__(self, icons: Icons, known: TurnTable, actions: Sequence[QWidget]) -> None:
        super().__init__(icons, actions)
        self._known = known
        self._row: TurnRow | None = None
        self._shown = ""
        # One text, so that the keyboard reaches it as one thing, and all of it can be selected and copied.
        self.text = QTextBrowser()
        self.text.setFrameShape(QFrame.Shape.NoFrame)
        self.text.setAccessibleName(self.tr("Details of the request"))
        self.text.document().setDocumentMargin(0)
        self.text.setTabChangesFocus(True)
        self.body.addWidget(self.text, 1)

    def show_request(self, row: TurnRow) -> None:
        """Show this request."""
        self._row = row
        self._draw()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the system from light to dark."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._draw()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """In two columns where there is room."""
        super().resizeEvent(event)
        self._draw()

    def _draw(self) -> None:
        row = self._row
        if row is None:
            return
        status = "" if row.status is None else f"{row.status} · "
        self.heading.setText(f"{status}{turn_words.ending(row)}")
        html = as_html(
            row,
            self._known,
            quiet=colours.quiet_text(QApplication.palette()),
            fixed=QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont).family(),
            beside=self.width() > _TWO_COLUMNS * self.fontMetrics().horizontalAdvance("0"),
        )
        if html != self._shown:
            self._shown = html
            self.text.setHtml(html)

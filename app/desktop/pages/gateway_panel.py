"""The gateway's state in words and by shape, with Start and Stop, at the foot of the sidebar."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app.desktop.design import space
from app.desktop.design.text import TextRole, styled
from app.desktop.icons import Icons
from app.desktop.operations import Operations
from app.desktop.overview import Overview, Switch
from app.desktop.widgets.quiet_label import QuietLabel
from app.desktop.widgets.symbol import Symbol

_PICTURE_SIZE = 32


class GatewayPanel(QWidget):
    """Always visible, whatever the page."""

    def __init__(self, icons: Icons, operations: Operations, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icons = icons
        self._operations = operations
        self._overview: Overview | None = None
        self._picture = QLabel()
        self._picture.setFixedSize(_PICTURE_SIZE, _PICTURE_SIZE)
        self._headline = styled(QLabel(), TextRole.HEADING)
        self._headline.setWordWrap(True)
        self._summary = styled(QuietLabel(), TextRole.CAPTION)
        self._summary.setWordWrap(True)
        self._switch = QPushButton()
        self._switch_symbol = Symbol(icons, self._switch, "start")
        self._switch.clicked.connect(self._on_switch)
        operations.busy_changed.connect(self._on_busy_changed)
        words = QVBoxLayout()
        space.bare(words)
        words.addWidget(self._headline)
        words.addWidget(self._summary)
        row = QHBoxLayout()
        space.bare(row, space.S)
        row.addWidget(self._picture)
        row.addLayout(words, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(space.M, space.S, space.M, space.M)
        column.setSpacing(space.S)
        column.addLayout(row)
        column.addWidget(self._switch)

    @property
    def last(self) -> QWidget:
        """The last that takes the keyboard."""
        return self._switch

    def show_overview(self, overview: Overview) -> None:
        """Show this state."""
        if overview == self._overview:
            return
        self._overview = overview
        self._draw_picture()
        self._picture.setAccessibleName(overview.headline)
        self._headline.setText(overview.headline)
        self._summary.setText(overview.summary)
        self._summary.setVisible(bool(overview.summary))
        self._draw_buttons()

    def changeEvent(self, event: QEvent) -> None:
        """Another screen may have another scale."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._draw_picture()

    def _draw_picture(self) -> None:
        if self._overview is not None:
            icon = self._icons.state(self._overview.look)
            self._picture.setPixmap(icon.pixmap(QSize(_PICTURE_SIZE, _PICTURE_SIZE), self.devicePixelRatioF()))

    def _draw_buttons(self) -> None:
        switch = self._overview.switch if self._overview else Switch.NEITHER
        if switch is Switch.START:
            self._switch.setText(self.tr("&Start"))
            self._switch_symbol.show("start")
        elif switch is Switch.STOP:
            self._switch.setText(self.tr("&Stop"))
            self._switch_symbol.show("stop")
        self._switch.setVisible(bool(self._switch.text()))
        self._switch.setEnabled(switch is not Switch.NEITHER and not self._operations.is_busy("gateway"))

    def _on_switch(self) -> None:
        if self._overview is not None and self._overview.switch is Switch.STOP:
            self._operations.stop_gateway()
        elif self._overview is not None and self._overview.switch is Switch.START:
            self._operations.start_gateway()

    def _on_busy_changed(self, group: str, _busy: bool) -> None:
        if group == "gateway":
            self._draw_buttons()

"""The window's head: the state in words and by shape, the address, Start and Stop."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QToolButton, QVBoxLayout, QWidget

from app.desktop.icons import Icons
from app.desktop.operations import Operations
from app.desktop.overview import Overview, Switch
from app.desktop.widgets.quiet_label import QuietLabel
from app.desktop.widgets.selectable import make_selectable
from app.desktop.widgets.symbol import Symbol

_PICTURE_SIZE = 48


class Header(QWidget):
    """Always visible above the pages."""

    def __init__(
        self, icons: Icons, operations: Operations, copy_address: Callable[[str], None], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._icons = icons
        self._operations = operations
        self._overview: Overview | None = None
        self._picture = QLabel()
        self._picture.setFixedSize(_PICTURE_SIZE, _PICTURE_SIZE)
        self._headline = QLabel()
        font = self._headline.font()
        font.setPointSizeF(font.pointSizeF() * 1.5)
        self._headline.setFont(font)
        self._address = QLabel()
        self._address.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        make_selectable(self._address)
        self._address.setAccessibleName(self.tr("Address of the gateway"))
        self._copy = QToolButton()
        self._copy.setAutoRaise(True)
        self._copy.setToolTip(self.tr("Copy the address"))
        self._copy.setAccessibleName(self.tr("Copy the address"))
        Symbol(icons, self._copy, "copy")
        self._copy.clicked.connect(lambda: copy_address(self._address.text()))
        self._summary = QuietLabel()
        self._summary.setWordWrap(True)
        self._summary.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._switch = QPushButton()
        self._switch.setMinimumWidth(110)
        self._switch_symbol = Symbol(icons, self._switch, "start")
        self._switch.clicked.connect(self._on_switch)
        operations.busy_changed.connect(self._on_busy_changed)
        self._lay_out()

    @property
    def last(self) -> QWidget:
        """The last that takes the keyboard."""
        return self._switch

    def show_overview(self, overview: Overview) -> None:
        """Show this state."""
        if overview == self._overview:
            return
        self._overview = overview
        icon = self._icons.state(overview.look)
        self._picture.setPixmap(icon.pixmap(QSize(_PICTURE_SIZE, _PICTURE_SIZE), self.devicePixelRatioF()))
        self._picture.setAccessibleName(overview.headline)
        self._headline.setText(overview.headline)
        self._address.setText(overview.address or "")
        self._copy.setVisible(overview.address is not None)
        self._summary.setText(overview.summary)
        self._draw_buttons()

    def _lay_out(self) -> None:
        address = QHBoxLayout()
        address.setSpacing(4)
        address.addWidget(self._address)
        address.addWidget(self._copy)
        address.addStretch()
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(self._headline)
        words.addLayout(address)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        row.addWidget(self._picture)
        row.addLayout(words)
        row.addWidget(self._summary, 1)
        row.addSpacing(4)
        row.addWidget(self._switch)

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

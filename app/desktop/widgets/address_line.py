"""The gateway's address for clients, to read and to copy."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QWidget

from app.desktop.design import space
from app.desktop.icons import Icons
from app.desktop.widgets.selectable import make_selectable
from app.desktop.widgets.symbol import Symbol


class AddressLine(QWidget):
    """An address with a button that copies it.

    Args:
        icons: for the button.
        copy: what the button does with the address.
    """

    def __init__(self, icons: Icons, copy: Callable[[str], None], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._address = QLabel()
        self._address.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        make_selectable(self._address)
        self._address.setAccessibleName(self.tr("Address of the gateway"))
        button = QToolButton()
        button.setAutoRaise(True)
        button.setToolTip(self.tr("Copy the address"))
        button.setAccessibleName(self.tr("Copy the address"))
        Symbol(icons, button, "copy")
        button.clicked.connect(lambda: copy(self._address.text()))
        row = QHBoxLayout(self)
        space.bare(row, space.XS)
        row.addWidget(self._address)
        row.addWidget(button)
        row.addStretch()

    def show_address(self, address: str) -> None:
        """Show this address."""
        self._address.setText(address)

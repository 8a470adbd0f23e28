"""A command to be run in a terminal, with a button that copies it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QToolButton, QWidget

from app.desktop.design import space
from app.desktop.icons import Icons
from app.desktop.widgets.elided_label import ElidedLabel
from app.desktop.widgets.selectable import make_selectable
from app.desktop.widgets.symbol import Symbol


class CommandLine(QWidget):
    """A command without secrets.

    Args:
        icons: for the button.
        command: what it shows and copies.
        copy: puts it on the clipboard, and says so.
    """

    def __init__(self, icons: Icons, command: str, copy: Callable[[str], None]) -> None:
        super().__init__()
        label = ElidedLabel(command)
        label.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        label.setAccessibleName(self.tr("Command"))
        label.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        make_selectable(label)
        button = QToolButton()
        button.setAutoRaise(True)
        name = self.tr("Copy “{command}”").format(command=command)
        button.setAccessibleName(name)
        button.setToolTip(name)
        Symbol(icons, button, "copy")
        button.clicked.connect(lambda: copy(command))
        row = QHBoxLayout(self)
        space.bare(row, space.XS)
        row.addWidget(label)
        row.addWidget(button)
        row.addStretch()

"""What is said below a table about its selected row."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QScrollArea, QToolButton, QVBoxLayout, QWidget

from app.desktop.design import space
from app.desktop.design.text import TextRole, styled
from app.desktop.icons import Icons
from app.desktop.widgets.card import Card
from app.desktop.widgets.elided_label import ElidedLabel
from app.desktop.widgets.symbol import Symbol


class DetailPane(QWidget):
    """A card with the row's name, what can be done with it, and a button that closes it; it scrolls in a low window.

    Args:
        icons: for its button.
        actions: what can be done with the row.

    Attributes:
        heading: the row's name.
        body: what is said about it, from top to bottom.

    Signals:
        closed: the user does not want to see it any more.
    """

    closed = Signal()

    def __init__(self, icons: Icons, actions: Sequence[QWidget] = ()) -> None:
        super().__init__()
        card = Card()
        self.heading = styled(ElidedLabel(), TextRole.HEADING)
        close = QToolButton()
        close.setAutoRaise(True)
        Symbol(icons, close, "close")
        close.setAccessibleName(self.tr("Close the details"))
        close.setToolTip(self.tr("Close the details"))
        close.clicked.connect(self.closed)
        card.head.addWidget(self.heading, 1)
        for item in (*actions, close):
            card.head.addWidget(item)
        card.body.addLayout(card.head)
        content = QWidget()
        self.body = QVBoxLayout(content)
        space.bare(self.body, space.S)
        scroll = QScrollArea()
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        # What is in it takes the keyboard, and is scrolled into sight then.
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidget(content)
        # The card's colour is behind it, and not the window's.
        scroll.viewport().setAutoFillBackground(False)
        content.setAutoFillBackground(False)
        card.body.addWidget(scroll, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, space.XS, 0, 0)
        column.addWidget(card)

"""What all pages have: a title, a sentence, buttons at the right, and a body that may scroll."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from app.desktop.design import space
from app.desktop.design.text import TextRole, styled
from app.desktop.widgets.quiet_label import QuietLabel
from app.gateway.snapshot import GatewaySnapshot


class Page(QWidget):
    """A page of the window."""

    def show_snapshot(self, snapshot: GatewaySnapshot, now: float) -> None:
        """Show what is true now; called only while the page is open. `now` is in Unix seconds."""
        raise NotImplementedError


class PageFrame(Page):
    """The frame of a page.

    Args:
        title: of the page.
        sentence: what the page is for; may be empty.
        actions: what can be done on the whole page, shown right of the title.
        scrolls: the body is as high as it wants to be, and scrolls; otherwise it fills the page.

    Attributes:
        body: the page's content, from top to bottom.
    """

    def __init__(
        self, title: str, sentence: str = "", actions: Sequence[QWidget] = (), *, scrolls: bool = False
    ) -> None:
        super().__init__()
        heading = styled(QLabel(title), TextRole.TITLE)
        row = QHBoxLayout()
        space.bare(row, space.S)
        row.addWidget(heading)
        row.addStretch()
        for action in actions:
            row.addWidget(action)
        column = QVBoxLayout(self)
        column.setContentsMargins(space.L, space.M, space.L, space.S)
        column.setSpacing(space.S)
        column.addLayout(row)
        self._sentence = QuietLabel(sentence)
        self._sentence.setWordWrap(True)
        self._sentence.setVisible(bool(sentence))
        column.addWidget(self._sentence)
        column.addSpacing(space.XS)
        content = QWidget()
        self.body = QVBoxLayout(content)
        space.bare(self.body, space.M)
        if not scrolls:
            column.addWidget(content, 1)
            return
        scroll = QScrollArea()
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        # Everything in it takes the keyboard, and is scrolled into sight then.
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.viewport().setAutoFillBackground(False)
        content.setAutoFillBackground(False)
        # Room for the bar beside the cards rather than over them.
        self.body.setContentsMargins(0, 0, space.XS, space.S)
        scroll.setWidget(content)
        column.addWidget(scroll, 1)

    def set_sentence(self, text: str) -> None:
        """Say something else under the title."""
        self._sentence.setText(text)
        self._sentence.setVisible(bool(text))

"""What all pages have: a title, a sentence, buttons at the right, and a body that may scroll."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget
from shiboken6 import isValid

from app.desktop.design import space
from app.desktop.design.text import TextRole, styled
from app.desktop.widgets.quiet_label import QuietLabel
from app.gateway.snapshot import GatewaySnapshot


class Page(QWidget):
    """A page of the window."""

    def show_snapshot(self, snapshot: GatewaySnapshot, now: float) -> None:
        """Show what is true now; called only while the page is open. `now` is in Unix seconds."""
        raise NotImplementedError

    def sight(self) -> Any:
        """What the user sees of it, for `show_sight` of the page that takes its place; None: as at first."""
        return None

    def show_sight(self, sight: Any) -> None:
        """Show what was seen of another page of this kind; called after the first snapshot."""

    def focused(self) -> tuple[type[QWidget], int] | None:
        """Which of its widgets has the keyboard: its class, and its number among those; None: none of them."""
        widget = self.window().focusWidget()
        if widget is None or not self.isAncestorOf(widget):
            return None
        return type(widget), self.findChildren(type(widget)).index(widget)

    def focus(self, which: tuple[type[QWidget], int] | None) -> None:
        """Give the keyboard to what `focused` has named on another page of this kind."""
        alike = self.findChildren(which[0]) if which is not None else []
        if which is not None and which[1] < len(alike):
            alike[which[1]].setFocus()


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
        column.addWidget(self._sentence)
        # Shown before it is part of the page, it would be a window for a moment, and take the keyboard.
        self._sentence.setVisible(bool(sentence))
        column.addSpacing(space.XS)
        content = QWidget()
        self.body = QVBoxLayout(content)
        space.bare(self.body, space.M)
        self._scroll: QScrollArea | None = None
        if not scrolls:
            column.addWidget(content, 1)
            return
        self._scroll = scroll = QScrollArea()
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

    def sight(self) -> Any:
        """See `Page`: how far it is scrolled."""
        return self._scroll.verticalScrollBar().value() if self._scroll is not None else None

    def show_sight(self, sight: Any) -> None:
        """See `Page`."""
        if self._scroll is not None:
            # What the snapshot brought has to be laid out first.
            QTimer.singleShot(0, self, lambda: self._scroll_to(int(sight)))

    def reveal(self, part: QWidget, above_all: QWidget | None = None) -> None:
        """Scroll to a part of the body, once what changed just now is laid out.

        Args:
            part: whose top is shown.
            above_all: what shall be seen of it even where not all of it can be.
        """

        def scroll() -> None:
            if not isValid(part):
                return
            self._scroll_to(part.y())
            if above_all is not None and isValid(above_all) and self._scroll is not None:
                self._scroll.ensureWidgetVisible(above_all, 0, space.S)

        QTimer.singleShot(0, self, scroll)

    def _scroll_to(self, where: int) -> None:
        if self._scroll is not None:
            self._scroll.verticalScrollBar().setValue(where)

    def set_sentence(self, text: str) -> None:
        """Say something else under the title."""
        self._sentence.setText(text)
        self._sentence.setVisible(bool(text))

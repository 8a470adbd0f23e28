"""The notices above the pages: what is wrong now, what just failed, and whether this is practice."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.desktop.design import space
from app.desktop.design.colours import Tone
from app.desktop.icons import Icons
from app.desktop.operations import Operations
from app.desktop.widgets.notice import Notice, Remedy


@dataclass(frozen=True)
class NoticeText:
    """One notice as data.

    Attributes:
        key: which notice it is; one with the same key takes its place.
        tone: how serious it is.
        text: what it says.
        remedies: what helps; the first has a button, the others are behind it.
        symbol: another symbol than the tone's.
        dismissed: makes it closable, and is called when the user has closed it.
    """

    key: str
    tone: Tone
    text: str
    remedies: tuple[Remedy, ...] = ()
    symbol: str | None = None
    dismissed: Callable[[], None] | None = None

    def looks_like(self, other: NoticeText) -> bool:
        """Whether both would be drawn alike, so that nothing has to be drawn anew."""
        labels = [remedy.label for remedy in self.remedies]
        return (self.key, self.text, labels) == (other.key, other.text, [r.label for r in other.remedies])


class Notices(QWidget):
    """The current notices, one below the other; without any it takes no room.

    Args:
        icons: for symbols.
        operations: what the buttons do.
        after: comes before the notices when the user presses Tab.
    """

    def __init__(
        self, icons: Icons, operations: Operations, after: QWidget | None = None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._icons = icons
        self._operations = operations
        self._after = after
        self._standing: tuple[NoticeText, ...] = ()
        self._said: frozenset[str] = frozenset()
        self._passing: NoticeText | None = None
        self._drawn: list[tuple[NoticeText, Notice]] = []
        self._column = QVBoxLayout(self)
        space.bare(self._column, space.S)
        operations.busy_changed.connect(self._update_buttons)
        self.hide()

    def show_standing(self, notices: Sequence[NoticeText], said: Collection[str] = ()) -> None:
        """Show these for as long as they are true; `said` are texts that the page says itself."""
        self._standing = tuple(notices)
        self._said = frozenset(said)
        self._draw()

    def show_passing(self, text: str) -> None:
        """Show what just failed, until the user closes it or something else happens."""
        self._passing = NoticeText("passing", Tone.ERROR, text, dismissed=self.close_passing)
        self._draw()

    def close_passing(self) -> None:
        """What failed is over."""
        self._passing = None
        self._draw()

    def texts(self) -> list[str]:
        """What the notices say, from top to bottom."""
        return [notice.text for _, notice in self._drawn]

    def press(self, label: str) -> None:
        """Press the button with this label, or choose the entry of the menu beside it, as the user does."""
        for _, notice in self._drawn:
            for remedy, button in notice.remedies:
                if remedy.label == label:
                    button.trigger() if isinstance(button, QAction) else button.click()
                    return
        raise LookupError(label)

    def _draw(self) -> None:
        wanted = list(self._standing)
        # What a standing notice, or the page, says already is not said twice.
        said = self._said.union(notice.text for notice in wanted)
        if self._passing is not None and self._passing.text not in said:
            wanted.append(self._passing)
        before = [text for text, _ in self._drawn]
        if len(wanted) == len(before) and all(map(NoticeText.looks_like, wanted, before)):
            return
        for _, notice in self._drawn:
            self._column.removeWidget(notice)
            # The click that led here may come from one of its buttons.
            notice.hide()
            notice.deleteLater()
        self._drawn = [(text, self._made(text)) for text in wanted]
        before_it = self._after
        for _, notice in self._drawn:
            self._column.addWidget(notice)
            # Notices come and go: Qt's own order is that in which things were made.
            for child in notice.tab_chain():
                if before_it is not None:
                    QWidget.setTabOrder(before_it, child)
                before_it = child
        self.setVisible(bool(wanted))
        self._update_buttons()

    def _made(self, text: NoticeText) -> Notice:
        return Notice(
            self._icons,
            text.tone,
            text.text,
            text.remedies,
            symbol=text.symbol,
            dismissed=text.dismissed,
        )

    def _update_buttons(self) -> None:
        for _, notice in self._drawn:
            for remedy, button in notice.remedies:
                button.setEnabled(not (remedy.group and self._operations.is_busy(remedy.group)))

"""For a while after a token was removed: a notice that takes it back."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.desktop import formats, words
from app.desktop.design import space
from app.desktop.design.colours import Tone
from app.desktop.icons import Icons
from app.desktop.widgets.layouts import show_in
from app.desktop.widgets.notice import Notice, Remedy

_STANDS_MS = 90_000


class UndoNotices(QWidget):
    """One notice for each token that was just removed; without any it takes no room.

    Args:
        icons: for symbols.
        restore: undoes a removal; called with id and label.
    """

    def __init__(self, icons: Icons, restore: Callable[[str, str], None], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icons = icons
        self._restore = restore
        self._shown: dict[str, Notice] = {}
        self._labels: dict[str, str] = {}
        # Of these, the ones that a snapshot has shown to be gone: the one at hand may be older than the removal.
        self._gone: set[str] = set()
        self._column = QVBoxLayout(self)
        space.bare(self._column, space.S)
        self.hide()

    def show_removed(self, token_id: str, label: str) -> None:
        """Offer to undo this removal."""
        self.close_notice(token_id)
        text = self.tr("“{label}” is removed. Its sessions go on with other tokens.").format(
            label=formats.shortened(words.token_label(label), 60)
        )
        undo = Remedy(self.tr("Undo"), partial(self._restore, token_id, label), "tokens")

        def close() -> None:
            self.close_notice(token_id)

        notice = Notice(self._icons, Tone.NEUTRAL, text, (undo,), symbol="trash", dismissed=close)
        self._shown[token_id], self._labels[token_id] = notice, label
        show_in(self._column, notice)
        self.show()
        # Its own child, so that it ends with the notice.
        end = QTimer(notice)
        end.setSingleShot(True)
        end.timeout.connect(close)
        end.start(_STANDS_MS)

    def show_present(self, token_ids: Iterable[str]) -> None:
        """These tokens are there: nothing of theirs need be undone."""
        present = set(token_ids)
        for token_id in self._gone & present:
            self.close_notice(token_id)
        self._gone |= self._shown.keys() - present

    def offered(self) -> dict[str, str]:
        """Labels of the tokens whose removal can be undone here, by id."""
        return {token_id: self._labels[token_id] for token_id in self._shown}

    def close_notice(self, token_id: str) -> None:
        """Offer it no more."""
        self._gone.discard(token_id)
        notice = self._shown.pop(token_id, None)
        if notice is not None:
            self._column.removeWidget(notice)
            # The click that led here may come from one of its buttons.
            notice.hide()
            notice.deleteLater()
        self.setVisible(bool(self._shown))

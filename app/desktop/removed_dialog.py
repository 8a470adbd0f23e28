"""The dialog with the tokens that were removed and can still be restored."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.desktop import formats, words
from app.desktop.design import space
from app.desktop.icons import Icons
from app.desktop.token_operations import RemovedToken
from app.desktop.widgets.quiet_label import QuietLabel
from app.desktop.widgets.symbol import Symbol

_WIDTH = 460
_LIST_HEIGHT = 160
_ID = Qt.ItemDataRole.UserRole


class RemovedDialog(QDialog):
    """A list, and a button that restores what is chosen in it.

    Args:
        icons: for the button.
        tokens: the last removed first.
        restore: called with id and label.
        now: Unix seconds.
        parent: over which it stands.
    """

    def __init__(
        self,
        icons: Icons,
        tokens: Sequence[RemovedToken],
        restore: Callable[[str, str], None],
        now: float,
        parent: QWidget | None,
    ) -> None:
        super().__init__(parent)
        self._restore = restore
        self._labels = {token.id: token.label for token in tokens}
        self.setWindowTitle(self.tr("Removed tokens"))
        self.setMinimumWidth(_WIDTH)
        self.list = QListWidget()
        self.list.setSpacing(space.XS)
        self.list.setMinimumHeight(_LIST_HEIGHT)
        for token in tokens:
            self.list.addItem(_item(token, self._line(token, now)))
        label = QLabel(self.tr("&Can be restored:"))
        label.setBuddy(self.list)
        note = QuietLabel(
            self.tr("A removed token keeps its sealed login for a week, with its name, its order and its proxy.")
            if tokens
            else self.tr("No token was removed in the last week.")
        )
        note.setWordWrap(True)
        buttons = QDialogButtonBox()
        buttons.rejected.connect(self.reject)
        self._button = buttons.addButton(self.tr("&Restore"), QDialogButtonBox.ButtonRole.ActionRole)
        buttons.addButton(QDialogButtonBox.StandardButton.Close)
        Symbol(icons, self._button, "undo")
        self._button.clicked.connect(self._on_restore)
        self.list.itemActivated.connect(self._on_restore)
        self.list.itemSelectionChanged.connect(self._update_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(space.L, space.L, space.L, space.M)
        column.setSpacing(space.S)
        column.addWidget(label)
        column.addWidget(self.list)
        column.addWidget(note)
        column.addSpacing(space.S)
        column.addWidget(buttons)
        label.setVisible(bool(tokens))
        self.list.setVisible(bool(tokens))
        self._button.setVisible(bool(tokens))
        if isinstance(self._button, QPushButton):
            # Only now, within a dialog, a button can be its default.
            self._button.setDefault(bool(tokens))
        self.list.setCurrentRow(0)
        self._update_button()

    def _line(self, token: RemovedToken, now: float) -> str:
        said = self.tr("removed {when}, kept until {until}").format(
            when=formats.minute(token.removed_at, now), until=formats.minute(token.kept_until, now)
        )
        name = formats.shortened(words.token_label(token.label), 60)
        same = token.email is None or token.email == token.label
        return f"{name}\n{said}" if same else f"{name} · {token.email}\n{said}"

    def _update_button(self) -> None:
        self._button.setEnabled(bool(self.list.selectedItems()))

    def _on_restore(self) -> None:
        item = self.list.currentItem()
        if item is not None:
            token_id = str(item.data(_ID))
            self._restore(token_id, self._labels[token_id])
            self.accept()


def _item(token: RemovedToken, text: str) -> QListWidgetItem:
    item = QListWidgetItem(text)
    item.setData(_ID, token.id)
    return item

"""The dialog for a way upstream: the application's, or a token's own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from app.core.errors import WaystationError
from app.desktop.icons import Icons
from app.desktop.messages import error_text
from app.desktop.operations import Operations
from app.desktop.widgets.colours import Tone
from app.desktop.widgets.layouts import clear_layout, show_in
from app.desktop.widgets.notice import Notice
from app.desktop.widgets.quiet_label import QuietLabel

_WIDTH = 460
_DIRECT = "direct"


class ProxyDialog(QDialog):
    """Lets the user choose; stays open while the choice is refused.

    Args:
        icons: for the notice of what is wrong.
        operations: carry the choice out.
        title: of the dialog.
        other: label of the choice without a way of its own, such as "As the system says".
        current: as it is now: an address without its password, `direct`, or None.
        apply: takes an address, `direct`, or an empty text; raises what is wrong with it.
        parent: over which it stands.
    """

    def __init__(
        self,
        icons: Icons,
        operations: Operations,
        title: str,
        other: str,
        current: str | None,
        apply: Callable[[str], Awaitable[None]],
        parent: QWidget | None,
    ) -> None:
        super().__init__(parent)
        self._icons = icons
        self._operations = operations
        self._current = current
        self._apply = apply
        self.setWindowTitle(title)
        self.setMinimumWidth(_WIDTH)
        self.other = QRadioButton(other)
        self.direct = QRadioButton(self.tr("&No proxy"))
        self.own = QRadioButton(self.tr("&This proxy:"))
        group = QButtonGroup(self)
        self.address = QComboBox()
        self.address.setEditable(True)
        self.address.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.address.setAccessibleName(self.tr("Address of the proxy"))
        entry = self.address.lineEdit()
        if entry is not None:
            entry.setPlaceholderText("http://127.0.0.1:7890")
        hint = QuietLabel(
            self.tr("http, https, socks5 or socks5h; with a password as in socks5://user:password@host:1080")
        )
        hint.setWordWrap(True)
        hint.setIndent(24)
        self._problem = QVBoxLayout()
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self._on_ok)
        buttons.rejected.connect(self.reject)
        self._ok = buttons.button(QDialogButtonBox.StandardButton.Ok)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 18, 20, 16)
        column.setSpacing(10)
        for choice in (self.other, self.direct, self.own):
            group.addButton(choice)
            column.addWidget(choice)
        column.addWidget(self.address)
        column.addWidget(hint)
        column.addLayout(self._problem)
        column.addSpacing(6)
        column.addWidget(buttons)
        {None: self.other, _DIRECT: self.direct}.get(current, self.own).setChecked(True)
        self.address.setEditText("" if current in (None, _DIRECT) else str(current))
        self.address.editTextChanged.connect(self._on_text)

    def offer(self, addresses: Sequence[str]) -> None:
        """Put addresses where a proxy may listen into the list."""
        text = self.address.currentText()
        self.address.blockSignals(True)
        self.address.clear()
        self.address.addItems(list(addresses))
        self.address.setEditText(text)
        self.address.blockSignals(False)

    def show_problem(self, text: str | None) -> None:
        """What is wrong with the choice."""
        clear_layout(self._problem)
        if text is not None:
            show_in(self._problem, Notice(self._icons, Tone.ERROR, text))
            self.address.setFocus()

    def _on_text(self, text: str) -> None:
        if text:
            self.own.setChecked(True)

    def _on_ok(self) -> None:
        wanted = _DIRECT if self.direct.isChecked() else ""
        if self.own.isChecked():
            wanted = self.address.currentText().strip()
            if not wanted:
                self.show_problem(self.tr("Write the address of the proxy, such as http://127.0.0.1:7890."))
                return
        if wanted == (self._current or ""):
            # The password is not shown: applying the address again would lose it.
            self.reject()
            return
        self._ok.setEnabled(False)
        self._operations.begin("proxy", self._applied(wanted))

    async def _applied(self, wanted: str) -> None:
        try:
            await self._apply(wanted)
        except WaystationError as error:
            self.show_problem(error_text(error))
            self._ok.setEnabled(True)
        else:
            self.accept()

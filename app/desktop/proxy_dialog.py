"""The dialog for a way upstream: the application's, or a token's own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from urllib.parse import quote, unquote

from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLineEdit,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from app.core.errors import WaystationError
from app.desktop.design import space
from app.desktop.icons import Icons
from app.desktop.messages import error_text
from app.desktop.operations import Operations
from app.desktop.widgets.problem_place import ProblemPlace
from app.desktop.widgets.quiet_label import QuietLabel

_WIDTH = 460
_DIRECT = "direct"


class ProxyDialog(QDialog):
    """Lets the user choose; stays open while the choice is refused.

    User and password have fields of their own: the password is never shown, and those that are stored are not known
    here. They stay while the address does, unless others are written or they are forgotten.

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
        hint = QuietLabel(self.tr("http, https, socks5 or socks5h, such as socks5://host:1080"))
        hint.setWordWrap(True)
        self.user = QLineEdit()
        self.password = QLineEdit()
        self.password.setEchoMode(QLineEdit.EchoMode.Password)
        self.forget = QCheckBox(self.tr("&Forget the stored user and password"))
        form = QFormLayout()
        form.setContentsMargins(space.L, 0, 0, 0)
        form.addRow(self.address)
        form.addRow(hint)
        form.addRow(self.tr("&User:"), self.user)
        form.addRow(self.tr("&Password:"), self.password)
        form.addRow(self.forget)
        self._problem = ProblemPlace(icons)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self._on_ok)
        buttons.rejected.connect(self.reject)
        self._ok = buttons.button(QDialogButtonBox.StandardButton.Ok)
        column = QVBoxLayout(self)
        column.setContentsMargins(space.L, space.L, space.L, space.M)
        column.setSpacing(space.S)
        for choice in (self.other, self.direct, self.own):
            group.addButton(choice)
            column.addWidget(choice)
        column.addLayout(form)
        column.addLayout(self._problem)
        column.addSpacing(space.S)
        column.addWidget(buttons)
        {None: self.other, _DIRECT: self.direct}.get(current, self.own).setChecked(True)
        self.address.setEditText("" if current in (None, _DIRECT) else str(current))
        self.address.editTextChanged.connect(self._on_text)
        for field in (self.user, self.password):
            field.textEdited.connect(lambda text: self._own_if(text))
        self.forget.toggled.connect(self._on_forget)
        self._show_stored()

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
        self._problem.say(text)
        if text is not None:
            self.address.setFocus()

    def _own_if(self, text: str) -> None:
        if text:
            self.own.setChecked(True)

    def _on_text(self, text: str) -> None:
        start, at, host = text.rpartition("@")
        if at:
            # An address with user and password, as other programs show it: they go where they are not seen.
            scheme, separator, names = start.rpartition("://")
            user, _, password = names.partition(":")
            self.user.setText(unquote(user))
            self.password.setText(unquote(password))
            self.address.setEditText(scheme + separator + host)
            return
        self._own_if(text)
        self._show_stored()

    def _on_forget(self, forget: bool) -> None:
        if forget:
            self.own.setChecked(True)
            self.user.clear()
            self.password.clear()
        self._show_stored()

    def _stays(self) -> bool:
        """Whether the address is the one that there is, so that what is stored for it can stay."""
        return self._current not in (None, _DIRECT) and self.address.currentText().strip() == self._current

    def _show_stored(self) -> None:
        stays = self._stays()
        self.forget.setVisible(self._current not in (None, _DIRECT))
        self.forget.setEnabled(stays)
        kept = stays and not self.forget.isChecked()
        for field in (self.user, self.password):
            field.setPlaceholderText(self.tr("unchanged") if kept else self.tr("none"))
            field.setEnabled(kept or not stays)

    def _on_ok(self) -> None:
        wanted = _DIRECT if self.direct.isChecked() else ""
        user, password = self.user.text(), self.password.text()
        keeps = wanted == (self._current or "")
        if self.own.isChecked():
            wanted = self.address.currentText().strip()
            if not wanted:
                self.show_problem(self.tr("Write the address of the proxy, such as http://127.0.0.1:7890."))
                return
            if password and not user:
                self.show_problem(self.tr("Write the user too: the password alone is of no use."))
                self.user.setFocus()
                return
            keeps = self._stays() and not user and not self.forget.isChecked()
            wanted = _with_names(wanted, user, password)
        if keeps:
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


def _with_names(address: str, user: str, password: str) -> str:
    scheme, separator, host = address.partition("://")
    if not user or not separator:
        # Without a scheme it is refused anyway.
        return address
    return f"{scheme}://{quote(user, safe='')}{':' + quote(password, safe='') if password else ''}@{host}"

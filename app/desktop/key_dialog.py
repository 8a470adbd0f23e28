"""The dialog that takes a key, a token or the text of an auth.json, and shows none of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QLineEdit, QVBoxLayout, QWidget

from app.core.credential import Login, RefreshToken
from app.core.errors import InvalidInput, WaystationError
from app.core.login_texts import logins_in
from app.core.token import TokenKind
from app.desktop.counts import Counts
from app.desktop.credential_text import MAX_BYTES
from app.desktop.design import space
from app.desktop.icons import Icons
from app.desktop.messages import error_text
from app.desktop.operations import Operations
from app.desktop.widgets.problem_place import ProblemPlace
from app.desktop.widgets.quiet_label import QuietLabel

_WIDTH = 460


class KeyDialog(QDialog):
    """Says what was recognised, since the field shows dots alone; stays open while the login is refused.

    Args:
        icons: for the notice of what is wrong.
        operations: carry it out.
        add: adds the logins in a text and returns what became of them; raises what is wrong.
        parent: over which it stands.
    """

    def __init__(
        self, icons: Icons, operations: Operations, add: Callable[[str], Awaitable[str | None]], parent: QWidget | None
    ) -> None:
        super().__init__(parent)
        self._operations = operations
        self._add = add
        self.setWindowTitle(self.tr("Add a key or a login"))
        self.setMinimumWidth(_WIDTH)
        label = QLabel(self.tr("&Key or login:"))
        self.entry = QLineEdit()
        self.entry.setEchoMode(QLineEdit.EchoMode.Password)
        self.entry.setMaxLength(MAX_BYTES)
        self.entry.setPlaceholderText(self.tr("Type or paste it here"))
        label.setBuddy(self.entry)
        self.recognised = QuietLabel()
        self.recognised.setWordWrap(True)
        self._problem = ProblemPlace(icons)
        buttons = QDialogButtonBox()
        self._ok = buttons.addButton(self.tr("&Add"), QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self._on_ok)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(space.L, space.L, space.L, space.M)
        column.setSpacing(space.S)
        column.addWidget(label)
        column.addWidget(self.entry)
        column.addWidget(self.recognised)
        column.addLayout(self._problem)
        column.addSpacing(space.S)
        # The words above are not always as long as at first.
        column.addStretch(1)
        column.addWidget(buttons)
        self.entry.textChanged.connect(self._on_text)
        self._on_text("")

    def _on_text(self, text: str) -> None:
        self._problem.say(None)
        said, can_add = _recognised(text)
        if not text.strip():
            said = self.tr(
                "An OpenAI API key (sk-…), a ChatGPT access or refresh token, or the whole text of Codex's auth.json. "
                "It is checked with OpenAI, kept sealed on this computer, and never shown."
            )
        self.recognised.setText(said)
        self._ok.setEnabled(can_add)

    def _on_ok(self) -> None:
        self._ok.setEnabled(False)
        self.entry.setReadOnly(True)
        self._operations.run("add_token", self._added())

    async def _added(self) -> str | None:
        try:
            said = await self._add(self.entry.text())
        except WaystationError as error:
            self._problem.say(error_text(error))
            self.entry.setFocus()
            return None
        finally:
            self._ok.setEnabled(True)
            self.entry.setReadOnly(False)
        self.accept()
        return said


def _recognised(text: str) -> tuple[str, bool]:
    """What a text holds, and whether it can be added."""
    try:
        found = logins_in(text.strip().strip("'"))
    except InvalidInput:
        return QCoreApplication.translate("KeyDialog", "Nothing that Waystation knows so far."), False
    logins = [item for item in found if not isinstance(item, InvalidInput)]
    if not logins:
        return error_text(next(item for item in found if isinstance(item, InvalidInput))), False
    if len(logins) > 1:
        return Counts().recognised(len(logins)), True
    login = logins[0]
    if isinstance(login, RefreshToken):
        return QCoreApplication.translate("KeyDialog", "Recognised: a ChatGPT refresh token."), True
    if isinstance(login, Login) and login.kind is TokenKind.API_KEY:
        return QCoreApplication.translate("KeyDialog", "Recognised: an OpenAI API key."), True
    return QCoreApplication.translate("KeyDialog", "Recognised: a ChatGPT login."), True

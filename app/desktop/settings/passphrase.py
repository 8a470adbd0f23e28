"""Asks for the passphrase of an export."""

from __future__ import annotations

from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFormLayout, QLineEdit, QVBoxLayout, QWidget

from app.desktop import dialogs
from app.desktop.design import space
from app.desktop.widgets.form import note_label

#: Shorter ones are refused by the gateway too.
SHORTEST = 8
_WIDTH = 440


class PassphraseDialog(QDialog):
    """One field, or two that must agree.

    Args:
        title: of the dialog.
        explanation: what the passphrase is for.
        twice: it is a new one.
        parent: over which it stands.
    """

    def __init__(self, title: str, explanation: str, *, twice: bool, parent: QWidget | None) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setMinimumWidth(_WIDTH)
        self.first, self.second = QLineEdit(), QLineEdit()
        form = QFormLayout()
        form.addRow(self.tr("&Passphrase:"), self.first)
        if twice:
            form.addRow(self.tr("&Again:"), self.second)
        for field in (self.first, self.second):
            field.setEchoMode(QLineEdit.EchoMode.Password)
            field.textChanged.connect(self._check)
        self._twice = twice
        self._problem = note_label()
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        self.ok = buttons.button(QDialogButtonBox.StandardButton.Ok)
        column = QVBoxLayout(self)
        column.setContentsMargins(space.L, space.L, space.L, space.M)
        column.setSpacing(space.M)
        column.addWidget(note_label(explanation))
        column.addLayout(form)
        column.addWidget(self._problem)
        column.addWidget(buttons)
        self._check()

    def _check(self) -> None:
        text = self.first.text()
        problem = ""
        if len(text) < SHORTEST:
            problem = self.tr("At least {count} characters.").format(count=SHORTEST)
        elif self._twice and text != self.second.text():
            problem = self.tr("The two are not the same yet.")
        self._problem.setText(problem)
        self.ok.setEnabled(not problem)


async def asked(parent: QWidget | None, title: str, explanation: str, *, twice: bool) -> str | None:
    """Let the user give a passphrase; None: they would not."""
    dialog = PassphraseDialog(title, explanation, twice=twice, parent=parent)
    accepted = await dialogs.finished(dialog) == QDialog.DialogCode.Accepted
    return dialog.first.text() if accepted else None

"""Questions to the user. They never block the loop: the gateway answers clients while a dialog is open.

Qt's kinds of widgets are named with their module: each is made when it is first asked for, and in the tray none is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from PySide6 import QtWidgets
from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication, QWidget

# Of the field for a name, in pixels.
_NAME_WIDTH = 320


async def confirmed(
    parent: QWidget | None, title: str, text: str, *, yes: str, explanation: str = "", no: str | None = None
) -> bool:
    """Ask whether to go on; Esc and the way out both mean no.

    Args:
        parent: over which the question stands.
        title: of the dialog.
        text: the question.
        yes: label of the button that goes on, such as "Remove".
        explanation: a second, smaller paragraph.
        no: label of the other button; None: "Cancel", as the system says it.
    """
    box = QtWidgets.QMessageBox(
        QtWidgets.QMessageBox.Icon.Question, title, text, QtWidgets.QMessageBox.StandardButton.NoButton, parent
    )
    box.setInformativeText(explanation)
    go_on = box.addButton(yes, QtWidgets.QMessageBox.ButtonRole.AcceptRole)
    if no is None:
        way_out = box.addButton(QtWidgets.QMessageBox.StandardButton.Cancel)
    else:
        way_out = box.addButton(no, QtWidgets.QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(way_out)
    box.setEscapeButton(way_out)
    await finished(box)
    return box.clickedButton() is go_on


async def chosen(
    parent: QWidget | None, title: str, text: str, choices: Sequence[str], *, explanation: str = ""
) -> int | None:
    """Let the user choose one of several ways; the first is the default. None: none of them."""
    box = QtWidgets.QMessageBox(
        QtWidgets.QMessageBox.Icon.Question, title, text, QtWidgets.QMessageBox.StandardButton.NoButton, parent
    )
    box.setInformativeText(explanation)
    # Equal roles: otherwise each system would sort them in its own way.
    buttons = [box.addButton(choice, QtWidgets.QMessageBox.ButtonRole.AcceptRole) for choice in choices]
    way_out = box.addButton(QtWidgets.QMessageBox.StandardButton.Cancel)
    box.setDefaultButton(buttons[0])
    box.setEscapeButton(way_out)
    await finished(box)
    clicked = box.clickedButton()
    return buttons.index(clicked) if clicked in buttons else None


async def told(parent: QWidget | None, title: str, text: str, explanation: str = "") -> None:
    """Show what went wrong, until the user has closed it."""
    box = QtWidgets.QMessageBox(
        QtWidgets.QMessageBox.Icon.Critical, title, text, QtWidgets.QMessageBox.StandardButton.Close, parent
    )
    box.setInformativeText(explanation)
    await finished(box)


async def chosen_files(parent: QWidget | None, title: str, folder: Path, filters: list[str]) -> list[Path]:
    """Let the user choose existing files; empty if they chose none."""
    dialog = QtWidgets.QFileDialog(parent, title, str(folder))
    dialog.setFileMode(QtWidgets.QFileDialog.FileMode.ExistingFiles)
    dialog.setNameFilters(filters)
    # Qt's own translation lacks these two; the systems' own dialogs bring theirs.
    dialog.setLabelText(QtWidgets.QFileDialog.DialogLabel.LookIn, QCoreApplication.translate("Dialogs", "Look in:"))
    dialog.setLabelText(
        QtWidgets.QFileDialog.DialogLabel.FileType, QCoreApplication.translate("Dialogs", "Files of type:")
    )
    result = await finished(dialog)
    return [Path(file) for file in dialog.selectedFiles()] if result == QtWidgets.QDialog.DialogCode.Accepted else []


async def chosen_new_file(parent: QWidget | None, title: str, proposed: Path, filters: list[str]) -> Path | None:
    """Let the user choose where to write a file; the system asks before one is replaced. None: nowhere."""
    dialog = QtWidgets.QFileDialog(parent, title, str(proposed.parent))
    dialog.setAcceptMode(QtWidgets.QFileDialog.AcceptMode.AcceptSave)
    dialog.setFileMode(QtWidgets.QFileDialog.FileMode.AnyFile)
    dialog.setNameFilters(filters)
    dialog.setDefaultSuffix(proposed.suffix.removeprefix("."))
    dialog.selectFile(proposed.name)
    dialog.setLabelText(QtWidgets.QFileDialog.DialogLabel.LookIn, QCoreApplication.translate("Dialogs", "Look in:"))
    dialog.setLabelText(
        QtWidgets.QFileDialog.DialogLabel.FileType, QCoreApplication.translate("Dialogs", "Files of type:")
    )
    result = await finished(dialog)
    return Path(dialog.selectedFiles()[0]) if result == QtWidgets.QDialog.DialogCode.Accepted else None


async def named(parent: QWidget | None, title: str, text: str, before: str, longest: int) -> str | None:
    """Let the user change a name; None when it stays as it was."""
    dialog = QtWidgets.QInputDialog(parent)
    dialog.setWindowTitle(title)
    dialog.setLabelText(text)
    dialog.setTextValue(before)
    entry = dialog.findChild(QtWidgets.QLineEdit)
    if isinstance(entry, QtWidgets.QLineEdit):
        entry.setMaxLength(longest)
        entry.setMinimumWidth(_NAME_WIDTH)
    result = await finished(dialog)
    name = dialog.textValue().strip()
    return name if result == QtWidgets.QDialog.DialogCode.Accepted and name not in ("", before) else None


def bring_up_open_one() -> None:
    """Show the question that stands already, perhaps behind other windows."""
    dialog = QApplication.activeModalWidget()
    if dialog is not None:
        dialog.raise_()
        dialog.activateWindow()


async def finished(dialog: QtWidgets.QDialog) -> int:
    """Show a dialog until it is closed; returns its result. It is deleted afterwards."""
    closed: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def settle(result: int) -> None:
        if not closed.done():
            closed.set_result(result)

    dialog.finished.connect(settle)
    for buttons in dialog.findChildren(QtWidgets.QDialogButtonBox):
        # Some desktops put pictures of their own on Cancel and Close, which fit nothing else here.
        for button in buttons.buttons():
            button.setIcon(QIcon())
    if dialog.parentWidget() is None:
        dialog.setWindowModality(Qt.WindowModality.ApplicationModal)
    dialog.open()
    dialog.raise_()
    dialog.activateWindow()
    try:
        return await closed
    finally:
        # Also when the asking task is cancelled because the application quits.
        dialog.close()
        dialog.deleteLater()

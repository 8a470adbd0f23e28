"""Questions to the user. They never block the loop: the gateway answers clients while a dialog is open."""

from __future__ import annotations

import asyncio
from pathlib import Path

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QApplication, QDialog, QFileDialog, QMessageBox, QWidget


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
    box = QMessageBox(QMessageBox.Icon.Question, title, text, QMessageBox.StandardButton.NoButton, parent)
    box.setInformativeText(explanation)
    go_on = box.addButton(yes, QMessageBox.ButtonRole.AcceptRole)
    if no is None:
        way_out = box.addButton(QMessageBox.StandardButton.Cancel)
    else:
        way_out = box.addButton(no, QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(way_out)
    box.setEscapeButton(way_out)
    await _finished(box)
    return box.clickedButton() is go_on


async def told(parent: QWidget | None, title: str, text: str, explanation: str = "") -> None:
    """Show what went wrong, until the user has closed it."""
    box = QMessageBox(QMessageBox.Icon.Critical, title, text, QMessageBox.StandardButton.Close, parent)
    box.setInformativeText(explanation)
    await _finished(box)


async def chosen_file(parent: QWidget | None, title: str, folder: Path, filters: list[str]) -> Path | None:
    """Let the user choose an existing file; None if they chose none."""
    dialog = QFileDialog(parent, title, str(folder))
    dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
    dialog.setNameFilters(filters)
    # Qt's own translation lacks these two; the systems' own dialogs bring theirs.
    dialog.setLabelText(QFileDialog.DialogLabel.LookIn, QCoreApplication.translate("Dialogs", "Look in:"))
    dialog.setLabelText(QFileDialog.DialogLabel.FileType, QCoreApplication.translate("Dialogs", "Files of type:"))
    result = await _finished(dialog)
    files = dialog.selectedFiles()
    return Path(files[0]) if result == QDialog.DialogCode.Accepted and files else None


def bring_up_open_one() -> None:
    """Show the question that stands already, perhaps behind other windows."""
    dialog = QApplication.activeModalWidget()
    if dialog is not None:
        dialog.raise_()
        dialog.activateWindow()


async def _finished(dialog: QDialog) -> int:
    closed: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def settle(result: int) -> None:
        if not closed.done():
            closed.set_result(result)

    dialog.finished.connect(settle)
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

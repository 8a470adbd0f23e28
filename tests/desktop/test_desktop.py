"""Tray, window and operations together, before there is a gateway."""

from pathlib import Path

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QApplication, QMenu

from app.desktop.appearance import Appearance
from app.desktop.desktop import Desktop
from app.desktop.icons import Icons
from app.desktop.preferences import Preferences
from app.platform.shells import Shell
from tests.desktop.stage import machine, settled

STARTING = "Waystation is still starting, or is closing. Try again in a moment."


def entries(menu: QMenu) -> list[QAction]:
    """All entries, of submenus too."""
    return [entry for action in menu.actions() for entry in (entries(action.menu()) if action.menu() else [action])]


async def test_what_cannot_be_done_before_the_gateway_is_there_is_said(
    qapp: QApplication, icons: Icons, tmp_path: Path
) -> None:
    preferences = Preferences(tmp_path / "desktop.ini")
    appearance = Appearance(qapp, preferences, tmp_path)
    desktop = Desktop(icons, preferences, appearance, machine(tmp_path), Shell.BASH, qapp.clipboard(), practice=False)
    qapp.clipboard().setText("sk-abcdefgh12345678")
    for label in ("bash", "PowerShell", "cmd", "Add from the clipboard"):
        for entry in (entry for entry in entries(desktop.tray.menu) if entry.text() == label):
            desktop.window.notices.close_passing()
            entry.trigger()
            await settled(desktop.operations)
            assert desktop.window.notices.texts() == [STARTING], entry.text()
    await desktop.operations.close()
    desktop.window.leave()

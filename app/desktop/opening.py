"""Handing pages and folders to the system's own programs."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices


def open_page(address: str) -> bool:
    """Open a page in the user's browser; False when nothing could."""
    return QDesktopServices.openUrl(QUrl(address))


def open_folder(folder: Path) -> bool:
    """Show a folder; False when nothing could."""
    return QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))

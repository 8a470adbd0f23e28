"""Putting texts on the clipboard, with care for those that hold a license."""

from __future__ import annotations

import sys

from PySide6.QtCore import QMimeData
from PySide6.QtGui import QClipboard

# Windows keeps a copied text out of its clipboard history, and cloud, when this format is there:
# learn.microsoft.com/windows/win32/dataxchg/clipboard-formats#cloud-clipboard-and-clipboard-history-formats
_WINDOWS_NO_HISTORY = 'application/x-qt-windows-mime;value="ExcludeClipboardContentFromMonitorProcessing"'
# KDE's clipboard manager leaves out what is marked so: what KeePassXC and others set.
_KDE_HINT = "x-kde-passwordManagerHint"


def put_text(clipboard: QClipboard, text: str, *, secret: bool, platform: str = sys.platform) -> None:
    """Copy a text; a secret one is marked so that clipboard histories leave it out."""
    data = QMimeData()
    data.setText(text)
    if secret and platform == "win32":
        data.setData(_WINDOWS_NO_HISTORY, b"\0\0\0\0")
    elif secret and platform.startswith("linux"):
        data.setData(_KDE_HINT, b"secret")
    clipboard.setMimeData(data)

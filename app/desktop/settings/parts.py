"""What this program is made of, and under which licenses."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import PySide6
from PySide6.QtCore import qVersion
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QPlainTextEdit, QVBoxLayout, QWidget

from app.desktop.design import space
from app.desktop.widgets.form import note_label

#: Of Qt itself in `qt`, of Qt for Python in `QtForPython`.
QT_SOURCE = "https://download.qt.io/official_releases/"
_DIALOG_SIZE = (680, 520)


class PartsDialog(QDialog):
    """The licenses of everything in this installation; those of Qt, which ask for more, in the user's language.

    Args:
        parent: of the dialog.
        licenses: the file with all of them in a bundle, or with our own in a checkout.
        open_page: opens a page in the browser.
    """

    def __init__(self, parent: QWidget | None, licenses: Path, open_page: Callable[[str], object]) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Software that Waystation uses"))
        self.resize(*_DIALOG_SIZE)
        self.text = QPlainTextEdit(licenses_of_this_installation(licenses))
        self.text.setReadOnly(True)
        self.text.setAccessibleName(self.windowTitle())
        qt = self.tr(
            "Waystation itself is under the MIT license. It uses Qt {version} and Qt for Python under the GNU Lesser "
            "General Public License, version 3. They are dynamically linked libraries in the folder {folder}, and you "
            "may replace them by your own build. Their source code is at {source}"
        )
        self.about_qt = note_label(
            qt.format(version=qVersion(), folder=Path(PySide6.__file__).parent, source=QT_SOURCE)
        )
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        source = buttons.addButton(self.tr("Source code of Qt"), QDialogButtonBox.ButtonRole.ActionRole)
        source.clicked.connect(lambda: open_page(QT_SOURCE))
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(space.L, space.L, space.L, space.M)
        column.setSpacing(space.M)
        column.addWidget(self.about_qt)
        column.addWidget(self.text, 1)
        column.addWidget(buttons)
        # As they stand, on every system.
        QWidget.setTabOrder(self.text, source)
        close = buttons.button(QDialogButtonBox.StandardButton.Close)
        QWidget.setTabOrder(source, close)
        close.setDefault(True)


def licenses_of_this_installation(licenses: Path) -> str:
    """A bundle's file as it is, since it names every part; in a checkout our license, and what is installed.

    Args:
        licenses: that file; without it the list stands alone.
    """
    text = ""
    with suppress(OSError):
        text = licenses.read_text(encoding="utf-8")
    if text and licenses.suffix:
        return text
    return "\n".join([*([text] if text else []), *parts_of_this_installation()])


def parts_of_this_installation() -> list[str]:
    """One line per library: its name, version and license."""
    found = {}
    for part in importlib.metadata.distributions():
        about = part.metadata
        name = _first(about, "Name")
        if not name:
            continue
        terms = _first(about, "License-Expression") or _first(about, "License")
        if not terms or "\n" in terms:
            classifiers = [text for text in about.get_all("Classifier") or () if text.startswith("License ::")]
            terms = classifiers[0].rpartition(" :: ")[2] if classifiers else ""
        found[name.lower()] = f"{name} {part.version}" + (f", {terms}" if terms else "")
    return [found[name] for name in sorted(found)]


def _first(about: importlib.metadata.PackageMetadata, name: str) -> str:
    # Not by `about[name]`: what is missing is None there in some versions of Python, and a KeyError in others.
    return next(iter(about.get_all(name) or ()), "")

"""The set-up of Codex: the texts to paste, and what to know beside them."""

from __future__ import annotations

import logging

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from app.core.errors import InvalidInput
from app.desktop import words
from app.desktop.icons import Icons
from app.desktop.notes import note_text
from app.desktop.operations import Operations
from app.desktop.widgets.masked_text import MaskedText
from app.desktop.widgets.page_frame import Page
from app.desktop.widgets.quiet_label import QuietLabel
from app.desktop.widgets.selectable import make_selectable
from app.desktop.widgets.symbol import Symbol
from app.gateway.snapshot import GatewaySnapshot
from app.platform.codex_notes import SetupNote, environment_notes, setup_notes
from app.platform.codex_setup import environment_text, setup_text
from app.platform.shells import Shell

_log = logging.getLogger(__name__)

# Takes the license's place in the texts on the screen, which others may see.
_STAND_IN = "ws-stand-in-for-the-screen"
_MASK = "ws-••••••••••••••••"


class SetUpPage(Page):
    """Both texts for the chosen shell. The license is masked on the screen and complete on the clipboard.

    Args:
        icons: for buttons.
        operations: what the buttons do.
        shell: chosen at first.
    """

    def __init__(self, icons: Icons, operations: Operations, shell: Shell, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._operations = operations
        self._base_url: str | None = None
        self._shells = QComboBox()
        for value in (Shell.BASH, Shell.POWERSHELL, Shell.CMD):
            self._shells.addItem(words.shell_with_system(value), value.value)
        self.choose(shell)
        self._shells.currentIndexChanged.connect(self._show_texts)
        chooser = QLabel(self.tr("&Your shell:"))
        chooser.setBuddy(self._shells)
        self._copy_setup = QPushButton(self.tr("Copy full set-&up"))
        Symbol(icons, self._copy_setup, "copy")
        self._copy_setup.clicked.connect(self._on_copy_setup)
        self._copy_environment = QPushButton(self.tr("Copy &environment variables"))
        Symbol(icons, self._copy_environment, "copy")
        self._copy_environment.clicked.connect(self._on_copy_environment)
        self._setup = MaskedText(self.tr("Full set-up"), _MASK, self._on_copy_setup, lines=7, grows=True)
        self._environment = MaskedText(self.tr("Environment variables"), _MASK, self._on_copy_environment, lines=2)
        self._setup_notes = QuietLabel()
        self._setup_notes.setAccessibleName(self.tr("Notes on the full set-up"))
        self._environment_notes = QuietLabel()
        self._environment_notes.setAccessibleName(self.tr("Notes on the environment variables"))
        operations.busy_changed.connect(self._update_buttons)
        self._lay_out(chooser)
        self._update_buttons()

    @property
    def shell(self) -> Shell:
        """The chosen shell."""
        return Shell(self._shells.currentData())

    def choose(self, shell: Shell) -> None:
        """Choose a shell, as the user does."""
        self._shells.setCurrentIndex(self._shells.findData(shell.value))

    def show_snapshot(self, snapshot: GatewaySnapshot, now: float) -> None:
        """Show the texts for this gateway's address."""
        if snapshot.base_url != self._base_url:
            self._base_url = snapshot.base_url
            self._show_texts()

    def texts(self) -> tuple[str, str]:
        """What the screen shows: the full set-up and the environment pair."""
        return self._setup.toPlainText(), self._environment.toPlainText()

    def _lay_out(self, chooser: QLabel) -> None:
        shells = QHBoxLayout()
        shells.addWidget(chooser)
        shells.addWidget(self._shells)
        shells.addSpacing(8)
        hint = QuietLabel(self.tr("Copy a text, paste it into your terminal, then run codex there."))
        hint.setWordWrap(True)
        shells.addWidget(hint, 1)
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(12, 12, 12, 12)
        column.setSpacing(12)
        column.addLayout(shells)
        column.addWidget(
            _section(
                self.tr("Full set-up: for every Codex version, changes no file (recommended)"),
                self._setup,
                self._copy_setup,
                self._setup_notes,
            ),
            1,
        )
        column.addWidget(
            _section(
                self.tr("Environment variables: for Codex up to 0.118 and other clients"),
                self._environment,
                self._copy_environment,
                self._environment_notes,
            )
        )
        scroll = QScrollArea()
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        # Everything in it takes the keyboard, and is scrolled into sight then.
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidget(content)
        # The tab's own background shows through, as on the other pages.
        scroll.viewport().setAutoFillBackground(False)
        content.setAutoFillBackground(False)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(scroll)

    def _show_texts(self) -> None:
        self._setup_notes.setText(_listed(setup_notes(self.shell)))
        self._environment_notes.setText(_listed(environment_notes(self.shell)))
        if self._base_url is None:
            return
        try:
            setup = setup_text(self.shell, self._base_url, _STAND_IN)
            environment = environment_text(self.shell, self._base_url, _STAND_IN)
        except InvalidInput:
            _log.warning("no set-up text can be made for the address %s", self._base_url)
            setup = environment = ""
        self._setup.setPlainText(_masked(setup))
        self._environment.setPlainText(_masked(environment))
        self._update_buttons()

    def _update_buttons(self) -> None:
        free = self._base_url is not None and not self._operations.is_busy("copy")
        self._copy_setup.setEnabled(free)
        self._copy_environment.setEnabled(free)

    def _on_copy_setup(self) -> None:
        if self._base_url is not None:
            self._operations.copy_setup(self.shell, self._base_url)

    def _on_copy_environment(self) -> None:
        if self._base_url is not None:
            self._operations.copy_environment(self.shell, self._base_url)


def _section(title: str, text: QWidget, button: QPushButton, notes: QLabel) -> QGroupBox:
    notes.setWordWrap(True)
    make_selectable(notes)
    row = QHBoxLayout()
    row.addWidget(button)
    row.addStretch()
    section = QGroupBox(title)
    column = QVBoxLayout(section)
    column.setSpacing(8)
    column.addWidget(text)
    column.addLayout(row)
    column.addWidget(notes)
    return section


def _listed(notes: tuple[SetupNote, ...]) -> str:
    lines = []
    for note in notes:
        lines.append(f"• {note_text(note)}")
        if note.command:
            lines.append(f"    {note.command}")
    return "\n".join(lines)


def _masked(text: str) -> str:
    return text.replace(_STAND_IN, _MASK).replace("\r\n", "\n").rstrip("\n")

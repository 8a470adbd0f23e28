"""What both dialogs about Codex's files have: the lines that would change, what to know, and what went wrong."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QLabel,
    QPushButton,
    QSizePolicy,
    QSpacerItem,
    QVBoxLayout,
    QWidget,
)

from app.core.errors import WaystationError
from app.desktop.design import space
from app.desktop.design.colours import Tone
from app.desktop.icons import Icons
from app.desktop.messages import error_text
from app.desktop.operations import Operations
from app.desktop.widgets.diff_view import DiffView
from app.desktop.widgets.form import note_label
from app.desktop.widgets.layouts import clear_layout, fit_height, show_in
from app.desktop.widgets.notice import Notice
from app.desktop.widgets.problem_place import ProblemPlace
from app.desktop.widgets.selectable import make_selectable
from app.platform.codex_writer import FileEdit

_WIDTH = 660
_SHARE_OF_SCREEN = 0.85
#: What to know, and how weighty it is; neutral: a quiet line.
Said = tuple[Tone, str]


class ChangesDialog(QDialog):
    """Shows changes and carries them out; stays open while that fails.

    Args:
        icons: for notices.
        operations: carry it out.
        parent: over which it stands.

    Attributes:
        top: above the changes.
        diff: the changes.
        go_on: the button; its words are the dialog's own.
    """

    def __init__(self, icons: Icons, operations: Operations, parent: QWidget | None) -> None:
        super().__init__(parent)
        self._icons = icons
        self._operations = operations
        self.setMinimumWidth(_WIDTH)
        self.top = QVBoxLayout()
        space.bare(self.top, space.XS)
        self.diff = DiffView(self.tr("What would change"))
        self._label = QLabel(self.tr("What would &change:"))
        self._label.setBuddy(self.diff)
        self._state = note_label()
        self._notes = QVBoxLayout()
        space.bare(self._notes, space.S)
        self._problem = ProblemPlace(icons)
        buttons = QDialogButtonBox()
        buttons.accepted.connect(self._on_go_on)
        buttons.rejected.connect(self.reject)
        self.go_on: QPushButton = buttons.addButton("", QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        column = QVBoxLayout(self)
        column.setContentsMargins(space.L, space.L, space.L, space.M)
        column.setSpacing(space.S)
        column.addLayout(self.top)
        column.addSpacing(space.XS)
        column.addWidget(self._label)
        column.addWidget(self.diff, 1)
        column.addWidget(self._state)
        column.addLayout(self._notes)
        column.addLayout(self._problem)
        # Where no change is shown, nothing else shall grow.
        column.addItem(QSpacerItem(0, space.XS, QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Expanding))
        column.addWidget(buttons)

    def wait(self) -> None:
        """The changes are being found out."""
        self.go_on.setEnabled(False)
        self.diff.setEnabled(False)
        self._problem.say(None)
        self._show_state(self.tr("Reading Codex's files…"))

    def show_changes(self, files: Sequence[FileEdit], nothing: str, notes: Sequence[Said]) -> None:
        """Show what would change, and what to know; `nothing` is said when no file would."""
        # First: it takes its colours from what it is now.
        self.diff.setEnabled(True)
        self.diff.show_files([(str(file.path), file.diff) for file in files])
        self.diff.setVisible(bool(files))
        self._label.setVisible(bool(files))
        self._show_state("" if files else nothing)
        clear_layout(self._notes)
        for tone, text in notes:
            if tone is not Tone.NEUTRAL:
                show_in(self._notes, Notice(self._icons, tone, text))
                continue
            label = note_label(text)
            make_selectable(label)
            show_in(self._notes, label)
        self.go_on.setEnabled(bool(files))
        self.go_on.setDefault(True)
        self._fit()

    def show_problem(self, error: WaystationError) -> None:
        """Say what is wrong."""
        self._show_state("")
        self._problem.say(error_text(error))
        self._fit()

    async def carried_out(self, work: Callable[[], Awaitable[str]]) -> str | None:
        """Do it and close, or stay and say what is wrong."""
        try:
            said = await work()
        except WaystationError as error:
            await self.look()
            self.show_problem(error)
            return None
        self.accept()
        return said

    async def look(self) -> None:
        """Find out what would change now, and show it."""
        raise NotImplementedError

    def do(self) -> None:
        """Carry the changes out."""
        raise NotImplementedError

    def _fit(self) -> None:
        """As high as all of it wants to be, unless the screen is lower; no lower than before, so that nothing jumps."""
        before = self.height() if self.isVisible() else 0
        fit_height(self)
        if self.height() < before:
            self.resize(self.width(), before)
        room = round(self.screen().availableSize().height() * _SHARE_OF_SCREEN)
        if self.height() > room:
            self.resize(self.width(), room)

    def _on_go_on(self) -> None:
        self.go_on.setEnabled(False)
        self._problem.say(None)
        self.do()

    def _show_state(self, text: str) -> None:
        self._state.setText(text)
        self._state.setVisible(bool(text))

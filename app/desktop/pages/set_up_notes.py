"""What to know beside a set-up text."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.desktop.design import space
from app.desktop.design.colours import Tone
from app.desktop.icons import Icons
from app.desktop.notes import note_text
from app.desktop.widgets.command_line import CommandLine
from app.desktop.widgets.layouts import clear_layout, show_in, tab_after
from app.desktop.widgets.notice import Notice
from app.desktop.widgets.quiet_label import QuietLabel
from app.desktop.widgets.selectable import make_selectable
from app.platform.codex_notes import NoteCode, SetupNote

# What must not be overlooked: a license, or a prompt, would go to somebody else, or nothing reach the gateway.
_WARNINGS = (NoteCode.ENVIRONMENT_IGNORED, NoteCode.SAVED_KEY_LEAVES, NoteCode.PROXY_BETWEEN)


class SetUpNotes(QWidget):
    """The notes, the weightiest first, with their commands.

    Args:
        icons: for symbols.
        copy_text: puts a text without secrets on the clipboard, and says so.
    """

    def __init__(self, icons: Icons, copy_text: Callable[[str], None]) -> None:
        super().__init__()
        self._icons = icons
        self._copy_text = copy_text
        self._notes: tuple[SetupNote, ...] = ()
        self._column = QVBoxLayout(self)
        space.bare(self._column, space.S)

    def show_notes(self, notes: Sequence[SetupNote]) -> None:
        """Show these."""
        if tuple(notes) == self._notes:
            return
        self._notes = tuple(notes)
        clear_layout(self._column)
        for note in notes:
            if note.code in _WARNINGS:
                show_in(self._column, Notice(self._icons, Tone.WARNING, note_text(note)))
            else:
                label = QuietLabel(note_text(note))
                label.setWordWrap(True)
                make_selectable(label)
                label.setAccessibleName(label.text())
                show_in(self._column, label)
            if note.command:
                show_in(self._column, CommandLine(self._icons, note.command, self._copy_text))
        tab_after(self, self._column)

"""The dialog that shows what would be taken out of Codex's files again, and does it."""

from __future__ import annotations

import time

from PySide6.QtWidgets import QWidget

from app.core.errors import WaystationError
from app.desktop.design.colours import Tone
from app.desktop.icons import Icons
from app.desktop.operations import Operations
from app.desktop.set_up.changes_dialog import ChangesDialog, Said
from app.desktop.set_up.finding_words import command_note, finding_notes
from app.desktop.set_up.operations import Left, SetUpOperations
from app.desktop.widgets.form import note_label
from app.platform.codex_writer import UndoPlan


class UndoDialog(ChangesDialog):
    """Only what Waystation wrote goes.

    Args:
        icons: for notices.
        operations: carry it out.
        set_up: finds out what would change, and takes it back.
        parent: over which it stands.

    Attributes:
        undone: what was taken back; None: nothing.
        left: what is still to be run then; None: nothing.
    """

    def __init__(self, icons: Icons, operations: Operations, set_up: SetUpOperations, parent: QWidget | None) -> None:
        super().__init__(icons, operations, parent)
        self.setWindowTitle(self.tr("Undo"))
        self.go_on.setText(self.tr("&Take it back"))
        self._set_up = set_up
        self._plan: UndoPlan | None = None
        self.undone: UndoPlan | None = None
        self.left: Left | None = None
        self.top.addWidget(
            note_label(
                self.tr(
                    "Takes out what Waystation wrote and puts back what stood there. Whatever else you have changed "
                    "since stays as it is."
                )
            )
        )
        self.wait()
        operations.begin("set_up", self.look())

    def do(self) -> None:
        """See `ChangesDialog`."""
        plan = self._plan
        if plan is not None:
            self._operations.begin("set_up", self._undo(plan))

    async def _undo(self, plan: UndoPlan) -> str | None:
        async def work() -> str:
            await self._set_up.undo(plan)
            self.undone = plan
            self.left = Left.after_undo(plan, time.time())
            if self.left is not None:
                return self.tr("It is taken back. One step is left; the page says which.")
            return self.tr("It is taken back: Codex goes where it went before.")

        return await self.carried_out(work)

    async def look(self) -> None:
        """See `ChangesDialog`."""
        try:
            self._plan = plan = await self._set_up.undo_draft()
        except WaystationError as error:
            self.show_changes((), "", ())
            self.show_problem(error)
            return
        notes: list[Said] = []
        if plan.left:
            said = self.tr("These say something else by now, so they stay: {keys}.")
            notes.append((Tone.INFO, said.format(keys=", ".join(plan.left))))
        notes += [*finding_notes(plan.findings), *command_note(plan.command)]
        self.show_changes(plan.files, self.tr("No file would change."), notes)
        # There is still something to forget.
        self.go_on.setEnabled(True)

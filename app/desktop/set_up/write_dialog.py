"""The dialog that shows what would be written into Codex's files, in either of two ways, and writes it."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from PySide6.QtWidgets import QButtonGroup, QRadioButton, QStyle, QWidget

from app.core.errors import WaystationError
from app.desktop.codex_words import dotted
from app.desktop.design import space
from app.desktop.icons import Icons
from app.desktop.operations import Operations
from app.desktop.set_up.changes_dialog import ChangesDialog
from app.desktop.set_up.finding_words import command_note, finding_notes
from app.desktop.set_up.operations import Draft, SetUpOperations
from app.desktop.widgets.form import note_label
from app.platform.codex_notes import CodexVersion
from app.platform.codex_ways import Route


class WriteDialog(ChangesDialog):
    """Which way, what it changes, and what to know.

    Args:
        icons: for notices.
        operations: carry it out.
        set_up: finds out what would change, and writes it.
        base_url: of the gateway.
        version: of the installed Codex, if known.
        possible: the ways that this Codex can go.
        chosen: the way that is chosen at first.
        followed: login files that tokens follow.
        parent: over which it stands.

    Attributes:
        written: what was written; None: nothing.
    """

    def __init__(
        self,
        icons: Icons,
        operations: Operations,
        set_up: SetUpOperations,
        *,
        base_url: str,
        version: CodexVersion | None,
        possible: Sequence[Route],
        chosen: Route,
        followed: Collection[str],
        parent: QWidget | None,
    ) -> None:
        super().__init__(icons, operations, parent)
        self.setWindowTitle(self.tr("Write it for me"))
        self.go_on.setText(self.tr("&Write"))
        self._set_up = set_up
        self._base_url = base_url
        self._version = version
        self._followed = followed
        self._draft: Draft | None = None
        self.written: Draft | None = None
        self.own = QRadioButton(self.tr("&Own provider (recommended)"))
        self.address = QRadioButton(self.tr("Codex's own &provider, at the gateway's address (openai_base_url)"))
        group = QButtonGroup(self)
        for choice, note in ((self.own, self._about_own()), (self.address, self._about_address(possible))):
            group.addButton(choice)
            self.top.addWidget(choice)
            label = note_label(note)
            # Below the choice's own words.
            style = self.style()
            indent = style.pixelMetric(QStyle.PixelMetric.PM_ExclusiveIndicatorWidth, None, choice)
            indent += style.pixelMetric(QStyle.PixelMetric.PM_RadioButtonLabelSpacing, None, choice)
            label.setContentsMargins(indent, 0, 0, space.XS)
            self.top.addWidget(label)
        self.address.setEnabled(Route.OPENAI_ADDRESS in possible)
        (self.address if chosen is Route.OPENAI_ADDRESS and self.address.isEnabled() else self.own).setChecked(True)
        self.own.toggled.connect(self._draft_anew)
        self._draft_anew()
        (self.own if self.own.isChecked() else self.address).setFocus()

    @property
    def route(self) -> Route:
        """The chosen way."""
        return Route.OPENAI_ADDRESS if self.address.isChecked() else Route.OWN_PROVIDER

    def do(self) -> None:
        """See `ChangesDialog`."""
        draft = self._draft
        if draft is not None:
            self._operations.begin("set_up", self._write(draft))

    async def _write(self, draft: Draft) -> str | None:
        async def work() -> str:
            await self._set_up.write(draft)
            self.written = draft
            if draft.left is not None:
                return self.tr("It is written. One step is left; the page says which.")
            return self.tr("It is written. Start codex anew, in any terminal.")

        return await self.carried_out(work)

    def _draft_anew(self) -> None:
        self.wait()
        self._operations.begin("set_up", self.look())

    async def look(self) -> None:
        """See `ChangesDialog`."""
        route, self._draft = self.route, None
        try:
            draft = await self._set_up.draft(route, self._base_url, self._version, self._followed)
        except WaystationError as error:
            if route is self.route:
                self.show_changes((), "", ())
                self.show_problem(error)
            return
        if route is not self.route:
            # The other way was chosen meanwhile.
            return
        self._draft = draft
        notes = [*finding_notes(draft.plan.findings), *command_note(draft.plan.command)]
        self.show_changes(draft.plan.files, self.tr("Nothing would change: all of this is written already."), notes)

    def _about_own(self) -> str:
        return self.tr(
            "Adds a provider named Waystation and chooses it. Works with every Codex from 0.42 on. codex resume then "
            "lists the conversations that are begun this way; earlier ones are not lost."
        )

    def _about_address(self, possible: Sequence[Route]) -> str:
        if Route.OPENAI_ADDRESS not in possible:
            if self._version is None:
                return self.tr("Needs Codex 0.120 or newer; the version here is not known.")
            return self.tr("Needs Codex 0.120 or newer; here is {version}.").format(version=dotted(self._version))
        return self.tr(
            "One line, and codex resume goes on listing all conversations. But codex login has to save your license in "
            "place of the login that Codex has now."
        )

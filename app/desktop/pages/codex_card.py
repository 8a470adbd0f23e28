"""What there is of Codex on this computer, where it goes now, and which way of setting it up fits."""

from __future__ import annotations

import logging
from collections.abc import Callable

from PySide6.QtCore import QEvent
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFormLayout, QHBoxLayout, QLabel, QPushButton, QWidget

from app.core.errors import WaystationError
from app.desktop.design import space
from app.desktop.design.colours import Tone
from app.desktop.icons import Icons
from app.desktop.messages import error_text
from app.desktop.operations import Operations
from app.desktop.pages.set_up_notes import SetUpNotes
from app.desktop.set_up.facts_words import Line, advice_line, destination_line, details, install_line
from app.desktop.set_up.operations import Seen, SetUpOperations
from app.desktop.widgets.card import Card
from app.desktop.widgets.command_line import CommandLine
from app.desktop.widgets.disclosure import Disclosure
from app.desktop.widgets.quiet_label import QuietLabel
from app.desktop.widgets.selectable import make_selectable
from app.desktop.widgets.state_line import StateLine
from app.desktop.widgets.symbol import Symbol
from app.platform.codex_advice import EnvironmentPair, what_follows
from app.platform.codex_facts import CodexFacts
from app.platform.codex_notes import NoteCode
from app.platform.codex_route import advise
from app.platform.codex_steps import INSTALL

_log = logging.getLogger(__name__)

_GROUP = "look for codex"
# Looking starts a few programs. Seconds.
_REST_S = 5.0
# What the lines above say already.
_SAID = (NoteCode.NOT_INSTALLED, NoteCode.TOO_OLD, NoteCode.CONFIG_BROKEN)


class CodexCard(Card):
    """Looks for Codex when it is first asked to, when the gateway's address changes, and when the user wants.

    Args:
        icons: for symbols.
        operations: looking runs there.
        set_up: looks.
        copy_text: puts a text without secrets on the clipboard, and says so.
        found: called with what was found whenever it has been looked for.
    """

    def __init__(
        self,
        icons: Icons,
        operations: Operations,
        set_up: SetUpOperations,
        copy_text: Callable[[str], None],
        found: Callable[[Seen], None],
    ) -> None:
        super().__init__()
        self._operations = operations
        self._set_up = set_up
        self._found = found
        self._base_url: str | None = None
        self._now = self._looked_at = 0.0
        self._shown_details: list[tuple[str, str]] = []
        # Whether the user was elsewhere, such as in a terminal, where all of it may have changed.
        self._was_away = False
        self._install_line = StateLine(icons, self.tr("Codex on this computer"))
        self._destination = StateLine(icons, self.tr("Where Codex goes"))
        self._problem = StateLine(icons, self.tr("Problem"))
        self._again = QPushButton(self.tr("Look again"))
        Symbol(icons, self._again, "search")
        self._again.clicked.connect(self.look)
        self._advice = QuietLabel()
        self._advice.setAccessibleName(self.tr("What fits"))
        self._advice.setWordWrap(True)
        self._advice.setMinimumWidth(1)
        make_selectable(self._advice)
        self._install = CommandLine(icons, INSTALL, copy_text)
        self._notes = SetUpNotes(icons, copy_text)
        self._details = QWidget()
        self._rows = QFormLayout(self._details)
        space.bare(self._rows, space.XS)
        self._rows.setContentsMargins(space.L + space.XS, 0, 0, 0)
        self._rows.setHorizontalSpacing(space.M)
        self._rows.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        self._unfold = Disclosure(icons, self.tr("Details"), self._details)
        self.head.addWidget(self._install_line, 1)
        self.head.addWidget(self._again)
        self.body.addLayout(self.head)
        for part in (self._destination, self._problem, self._advice, self._install, self._notes):
            self.body.addWidget(part)
        left = QHBoxLayout()
        space.bare(left)
        left.addWidget(self._unfold)
        left.addStretch()
        self.body.addLayout(left)
        self.body.addWidget(self._details)
        self._show_nothing("waiting", Tone.NEUTRAL, self.tr("Looking for Codex on this computer…"))

    @property
    def text(self) -> str:
        """What it says at a glance."""
        lines = (self._install_line, self._destination, self._problem)
        said = [line.text for line in lines if not line.isHidden()]
        return "\n".join([*said, *([] if self._advice.isHidden() else [self._advice.text()])])

    def look_once(self, base_url: str, now: float) -> None:
        """Look, unless that was done for this address of the gateway since the user came; `now` in Unix seconds."""
        self._now = now
        if base_url != self._base_url:
            self._base_url = base_url
            self.look()
        elif self._was_away and now - self._looked_at >= _REST_S:
            self._run(base_url, quietly=True)

    def look(self) -> None:
        """Look anew, such as after something was written."""
        if self._base_url is not None:
            self._run(self._base_url, quietly=False)

    def changeEvent(self, event: QEvent) -> None:
        """Look anew when the user comes back to the window."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.ActivationChange and self.isActiveWindow():
            self._was_away = True

    def showEvent(self, event: QShowEvent) -> None:
        """Look anew when the user comes back to the page."""
        super().showEvent(event)
        self._was_away = True

    def _run(self, base_url: str, *, quietly: bool) -> None:
        self._was_away, self._looked_at = False, self._now
        self._operations.run(_GROUP, self._look(base_url, quietly=quietly))

    async def _look(self, base_url: str, *, quietly: bool) -> None:
        self._again.setEnabled(quietly)
        if not quietly:
            self._install_line.show_state("waiting", Tone.NEUTRAL, self.tr("Looking for Codex on this computer…"))
        try:
            seen = await self._set_up.look(base_url)
        except WaystationError as error:
            self._show_nothing("warning", Tone.ERROR, error_text(error))
            return
        except OSError as error:
            _log.warning("codex cannot be looked for: %s", error)
            failed = self.tr("Codex could not be looked for. The log file says more.")
            self._show_nothing("warning", Tone.ERROR, failed)
            return
        finally:
            self._again.setEnabled(True)
        self._show_seen(seen, base_url)
        self._found(seen)

    def _show_seen(self, seen: Seen, base_url: str) -> None:
        facts, advice = seen.facts, advise(seen.facts)
        self._install_line.show_state(*install_line(facts))
        _show(self._destination, destination_line(facts, base_url))
        _show(self._problem, ("warning", Tone.ERROR, error_text(seen.problem)) if seen.problem else None)
        left = seen.left is not None and seen.left.saves_license
        self._advice.setText(advice_line(facts, advice, can_write=self._set_up.can_write, left=left))
        self._advice.show()
        notes = [note for note in advice.notes if note.code not in _SAID]
        self._notes.show_notes(notes)
        self._notes.setVisible(bool(notes))
        self._install.setVisible(_wants_install(facts))
        self._show_details(details(facts))
        self._unfold.show()

    def _show_details(self, found: list[tuple[str, str]]) -> None:
        # Somebody may be selecting what has not changed.
        if found != self._shown_details:
            self._shown_details = found
            while self._rows.rowCount():
                self._rows.removeRow(0)
            for name, value in found:
                self._rows.addRow(*self._row(name, value))

    def _row(self, name: str, value: str) -> tuple[QLabel, QLabel]:
        title, label = QuietLabel(name), QLabel(value)
        label.setAccessibleName(f"{name}: {value}")
        label.setWordWrap(True)
        label.setMinimumWidth(1)
        make_selectable(label)
        return title, label

    def _show_nothing(self, symbol: str, tone: Tone, text: str) -> None:
        self._install_line.show_state(symbol, tone, text)
        for part in (self._destination, self._problem, self._advice, self._install, self._notes, self._unfold):
            part.hide()
        self._unfold.setChecked(False)


def _show(line: StateLine, said: Line | None) -> None:
    line.setVisible(said is not None)
    if said is not None:
        line.show_state(*said)


def _wants_install(facts: CodexFacts) -> bool:
    install = facts.install
    if install is None or install.version is None:
        return install is None
    return what_follows(install.version).pair is EnvironmentPair.TOO_OLD

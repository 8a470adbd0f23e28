"""Writing Codex's configuration for the user, what was written, and taking it back."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from app.desktop import dialogs, formats
from app.desktop.design import space
from app.desktop.design.colours import Tone
from app.desktop.icons import Icons
from app.desktop.operations import Operations
from app.desktop.set_up.facts_words import lacks_license, mode_name
from app.desktop.set_up.finding_words import finding_text
from app.desktop.set_up.operations import Left, Seen, SetUpOperations
from app.desktop.set_up.undo_dialog import UndoDialog
from app.desktop.set_up.write_dialog import WriteDialog
from app.desktop.widgets.card import Card
from app.desktop.widgets.command_line import CommandLine
from app.desktop.widgets.disclosure import Disclosure
from app.desktop.widgets.folding_row import FoldingRow
from app.desktop.widgets.form import note_label
from app.desktop.widgets.layouts import clear_layout, show_in, tab_after
from app.desktop.widgets.quiet_label import QuietLabel
from app.desktop.widgets.selectable import make_selectable
from app.desktop.widgets.state_line import StateLine
from app.desktop.widgets.symbol import Symbol
from app.gateway.snapshot import GatewaySnapshot
from app.platform.codex_config_findings import Finding, FindingCode
from app.platform.codex_route import RouteReason, advise
from app.platform.codex_ways import Route
from app.platform.codex_write_checks import history_findings
from app.platform.codex_writer import WrittenState

#: Lists the conversations that were begun before, in the versions that list those of one provider.
EARLIER_COMMAND = "codex resume -c model_provider=openai"
_MASK = "ws-••••••••••••••••"
_FILES_OF_CODEX = (Route.OWN_PROVIDER, Route.OPENAI_ADDRESS)


class WriteCard(Card):
    """One button while nothing is written; then what was written, with the way back.

    Args:
        icons: for symbols.
        operations: writing runs there.
        set_up: writes.
        copy_text: puts a text without secrets on the clipboard, and says so.
        copy_secret: the same for one with the license.
        changed: called when something was written or taken back.
    """

    def __init__(
        self,
        icons: Icons,
        operations: Operations,
        set_up: SetUpOperations,
        copy_text: Callable[[str], None],
        copy_secret: Callable[[str], None],
        changed: Callable[[], None],
    ) -> None:
        super().__init__(self.tr("Write it for me"))
        self._icons = icons
        self._operations = operations
        self._set_up = set_up
        self._copy_text = copy_text
        self._copy_secret = copy_secret
        self._changed = changed
        self._seen: Seen | None = None
        self._snapshot: GatewaySnapshot | None = None
        self._now = 0.0
        # Of what was taken back; nobody can know it later.
        self._after_undo: Left | None = None
        self._shown: object = None
        self._state = StateLine(icons, self.tr("What was written"))
        self._about = QuietLabel()
        self._about.setWordWrap(True)
        self._about.setMinimumWidth(1)
        self.write = self._button("write", self._on_write)
        self.undo = self._button("undo", self._on_undo)
        self.undo.setText(self.tr("U&ndo…"))
        row = FoldingRow(space.S)
        for button in (self.write, self.undo):
            row.line.addWidget(button)
        row.line.addStretch()
        self._row = row
        self._rest = QVBoxLayout()
        space.bare(self._rest, space.XS)
        self._earlier = QWidget()
        self._unfold = Disclosure(icons, self.tr("Where are my earlier conversations?"), self._earlier)
        self._lines = QVBoxLayout(self._earlier)
        self._lines.setContentsMargins(space.L, 0, 0, 0)
        self._lines.setSpacing(space.XS)
        self._findings: tuple[Finding, ...] | None = None
        left = QHBoxLayout()
        space.bare(left)
        left.addWidget(self._unfold)
        left.addStretch()
        self.body.addWidget(self._state)
        self.body.addWidget(self._about)
        self.body.addLayout(self._rest)
        self.body.addWidget(row)
        self.body.addLayout(left)
        self.body.addWidget(self._earlier)
        operations.busy_changed.connect(self._update_buttons)
        self._show()

    @property
    def text(self) -> str:
        """What it says."""
        parts = (self._state, self._about)
        return "\n".join(part.text if isinstance(part, StateLine) else part.text() for part in parts if _seen(part))

    def show_seen(self, seen: Seen) -> None:
        """Show what stands in Codex's files."""
        self._seen = seen
        self._after_undo = self._after_undo.still(seen) if self._after_undo is not None else None
        self._show()

    def show_snapshot(self, snapshot: GatewaySnapshot, now: float) -> None:
        """Follow the gateway's address."""
        self._snapshot, self._now = snapshot, now
        self._show()

    def open(self) -> None:
        """Show what would be written."""
        self._on_write()

    @property
    def can_write(self) -> bool:
        """Whether it could be written here, and now."""
        return self._set_up.can_write and self._seen is not None and self._snapshot is not None

    @property
    def left(self) -> Left | None:
        """What the user still has to run; None: nothing."""
        return self._seen.left if self._seen is not None and self._seen.written is not None else self._after_undo

    @property
    def _saves_license(self) -> bool:
        return self.left is not None and self.left.saves_license

    @property
    def wants_writing(self) -> bool:
        """Whether writing is what should come next."""
        return self._is_stale or self._is_best()

    @property
    def _is_stale(self) -> bool:
        written = self._seen.written if self._seen is not None else None
        if written is None:
            return False
        elsewhere = self._snapshot is not None and written.base_url != self._snapshot.base_url
        return not written.stands or elsewhere or self._license_changed

    @property
    def _license_changed(self) -> bool:
        return self._seen is not None and self._seen.license_changed

    def _show(self) -> None:
        base_url = self._snapshot.base_url if self._snapshot else None
        shown = (self._seen, base_url, self._after_undo)
        if shown == self._shown:
            self._update_buttons()
            return
        self._shown = shown
        written = self._seen.written if self._seen else None
        self.set_heading(self.tr("Written for you") if written is not None else self.tr("Write it for me"))
        self._state.setVisible(written is not None)
        self._about.setVisible(written is None)
        self._show_earlier(written)
        self.undo.setVisible(written is not None)
        self._row.setVisible(self._set_up.can_write)
        self._about.setText(self._what_it_is())
        self._show_rest()
        stale = self._is_stale
        if written is not None:
            self._show_written(written, base_url or written.base_url)
        if stale:
            self.write.setText(self.tr("&Write it again…"))
        else:
            self.write.setText(self.tr("Chan&ge…") if written is not None else self.tr("&Write it for me…"))
        self.write.setDefault(self.wants_writing)
        self._row.fold()
        self._update_buttons()

    def _what_it_is(self) -> str:
        if not self._set_up.can_write:
            return self.tr(
                "In practice Codex's own files are not written. Copy a text instead: it holds in one terminal."
            )
        return self.tr(
            "Waystation adds a few lines to Codex's config.toml and shows each of them before. All else in it stays, "
            "the license is kept in a file that only you can read, and one click takes it back."
        )

    def _is_best(self) -> bool:
        if self._seen is None:
            return False
        facts, advice = self._seen.facts, advise(self._seen.facts)
        # What is broken cannot be written, and what is not there is to be installed first.
        sound = facts.config.problem is None and advice.why is not RouteReason.NO_CODEX
        fits = advice.best in _FILES_OF_CODEX and sound
        return fits and (advice.why is not RouteReason.ALREADY or (lacks_license(facts) and not self._saves_license))

    def _show_written(self, written: WrittenState, base_url: str) -> None:
        when = formats.minute(written.written_at, self._now)
        if not written.stands:
            said = self.tr("{path} was written at {time}, but does not say so any more: somebody has changed it since.")
        elif written.base_url != base_url:
            said = self.tr("{path} leads to {address}, but the gateway is at {base_url} now.")
        elif self._license_changed:
            said = self.tr("{path} was written at {time}, but this computer has got another license since.")
        else:
            said = self.tr("{path} was written at {time}: {way}.")
        text = said.format(
            path=written.path,
            time=when,
            way=mode_name(written.mode),
            address=written.base_url,
            base_url=base_url,
        )
        well = written.stands and written.base_url == base_url and not self._license_changed
        self._state.show_state(*(("state-ready", Tone.POSITIVE) if well else ("warning", Tone.WARNING)), text)

    def _show_rest(self) -> None:
        """What the user still has to run."""
        clear_layout(self._rest)
        left = self.left
        if left is None:
            return
        if left.command:
            if left.saves_license:
                said = self.tr("One step is left. Run this once; it saves the license as Codex's login:")
            else:
                said = self.tr("One step is left. Run this once, so that Codex no longer has the license:")
            masked = left.command.replace(left.license_key, _MASK) if left.license_key else left.command
            self._show_step(said, masked, lambda _masked: self._copy_secret(left.command))
        if left.restart:
            if left.command:
                said = self.tr("Then restart Codex's background server, which keeps the license of before:")
            else:
                said = self.tr(
                    "One step is left. Restart Codex's background server, which keeps the license of before:"
                )
            self._show_step(said, left.restart, self._copy_text)
        tab_after(self._about, self._rest)

    def _show_step(self, said: str, command: str, copy: Callable[[str], None]) -> None:
        label = QuietLabel(said)
        label.setWordWrap(True)
        show_in(self._rest, label, CommandLine(self._icons, command, copy))

    def _show_earlier(self, written: WrittenState | None) -> None:
        """How to see conversations that were recorded under another provider."""
        shown = written is not None and written.mode is Route.OWN_PROVIDER
        self._unfold.setVisible(shown)
        if not shown or self._seen is None:
            self._unfold.setChecked(False)
            return
        found = tuple(history_findings({}, self._seen.facts.version))
        if found == self._findings:
            return
        self._findings = found
        clear_layout(self._lines)
        texts = [finding_text(finding) for finding in found]
        if found and found[0].code is not FindingCode.HISTORY_FILTERED:
            texts.insert(0, self.tr("They are all there: codex resume lists them."))
        if not found:
            texts.append(
                self.tr("They are all there: codex resume lists them, and goes on with any through Waystation.")
            )
        for text in texts:
            label = note_label(text)
            make_selectable(label)
            show_in(self._lines, label)
        if any(finding.code is FindingCode.HISTORY_FILTERED for finding in found):
            show_in(self._lines, CommandLine(self._icons, EARLIER_COMMAND, self._copy_text))
        tab_after(self._earlier, self._lines)

    def _button(self, symbol: str, act: Callable[[], None]) -> QPushButton:
        button = QPushButton()
        Symbol(self._icons, button, symbol)
        button.clicked.connect(lambda _checked=False: act())
        return button

    def _update_buttons(self) -> None:
        free = not self._operations.is_busy("set_up")
        self.write.setEnabled(free and self.can_write)
        self.undo.setEnabled(free)

    def _on_write(self) -> None:
        if self.can_write:
            self._operations.run("ask", self._ask_to_write())

    def _on_undo(self) -> None:
        self._operations.run("ask", self._ask_to_undo())

    async def _ask_to_write(self) -> None:
        seen, snapshot = self._seen, self._snapshot
        if seen is None or snapshot is None:
            return
        facts = seen.facts
        dialog = WriteDialog(
            self._icons,
            self._operations,
            self._set_up,
            base_url=snapshot.base_url,
            version=facts.install.version if facts.install else None,
            possible=advise(facts).possible,
            chosen=seen.written.mode if seen.written else Route.OWN_PROVIDER,
            followed=[token.follows for token in snapshot.tokens if token.follows],
            parent=self.window(),
        )
        await dialogs.finished(dialog)
        if dialog.written is not None:
            self._after_undo = None
            self._changed()

    async def _ask_to_undo(self) -> None:
        dialog = UndoDialog(self._icons, self._operations, self._set_up, self.window())
        await dialogs.finished(dialog)
        if dialog.undone is not None:
            self._after_undo = dialog.left
            self._changed()


def _seen(part: QWidget) -> bool:
    return not part.isHidden()

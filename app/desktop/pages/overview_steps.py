"""The three steps of the newcomer."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QSize
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app.desktop import words
from app.desktop.adding import Adding
from app.desktop.design import colours, space
from app.desktop.design.colours import Tone
from app.desktop.design.text import TextRole, styled
from app.desktop.first_steps import Mark, Step, marks
from app.desktop.icons import Icons
from app.desktop.operations import Operations
from app.desktop.pages.problems import gateway_problem
from app.desktop.widgets.card import Card
from app.desktop.widgets.folding_row import FoldingRow
from app.desktop.widgets.layouts import clear_layout, show_in
from app.desktop.widgets.notice import Remedy
from app.desktop.widgets.quiet_label import QuietLabel
from app.desktop.widgets.symbol import Symbol
from app.gateway.snapshot import GatewaySnapshot, RunState
from app.platform.shells import Shell

_MARK_SIZE = 20
_SYMBOLS = {Mark.DONE: "state-ready", Mark.ACTIVE: "step-active", Mark.WAITING: "step-waiting"}
_TONES = {Mark.DONE: Tone.POSITIVE, Mark.ACTIVE: Tone.INFO, Mark.WAITING: Tone.NEUTRAL}


class StepRow(QWidget):
    """One step: its mark by shape and in a word, its title, and while it is active what to do, with the buttons.

    Args:
        icons: for the mark.
        title: of the step.
        buttons: shown while it is active.
    """

    def __init__(self, icons: Icons, title: str, buttons: Sequence[QWidget]) -> None:
        super().__init__()
        self._icons = icons
        self.mark = Mark.WAITING
        self._picture = QLabel()
        self._title = styled(QLabel(title), TextRole.HEADING)
        self._word = styled(QuietLabel(), TextRole.CAPTION)
        self._text = QuietLabel()
        self._text.setWordWrap(True)
        self._text.setMinimumWidth(1)
        head = QHBoxLayout()
        space.bare(head, space.S)
        head.addWidget(self._picture)
        head.addWidget(self._title)
        head.addStretch()
        head.addWidget(self._word)
        self._buttons = FoldingRow(space.S)
        self.show_buttons(buttons)
        below = QVBoxLayout()
        below.setContentsMargins(_MARK_SIZE + space.S, 0, 0, 0)
        below.setSpacing(space.S)
        below.addWidget(self._text)
        below.addWidget(self._buttons)
        column = QVBoxLayout(self)
        space.bare(column, space.XS)
        column.addLayout(head)
        column.addLayout(below)
        self.show_step(Mark.WAITING, "")

    @property
    def text(self) -> str:
        """What it says under its title; empty while it is not active."""
        return self._text.text()

    def show_buttons(self, buttons: Sequence[QWidget]) -> None:
        """Have these buttons from now on."""
        clear_layout(self._buttons.line)
        show_in(self._buttons.line, *buttons)
        self._buttons.line.addStretch()
        self._buttons.fold()

    def show_step(self, mark: Mark, text: str) -> None:
        """Show how it stands; `text` says what to do, and only the active step says it."""
        active = mark is Mark.ACTIVE
        if (mark, text if active else "") == (self.mark, self.text) and self._word.text():
            return
        self.mark = mark
        self._word.setText(self._mark_word())
        self._text.setText(text if active else "")
        self._text.setVisible(active)
        self._buttons.setVisible(active)
        self._draw()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the system from light to dark."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._draw()

    def _mark_word(self) -> str:
        match self.mark:
            case Mark.DONE:
                return self.tr("Done")
            case Mark.ACTIVE:
                return self.tr("Next")
            case Mark.WAITING:
                return self.tr("Later")

    def _draw(self) -> None:
        icon = self._icons.tinted(_SYMBOLS[self.mark], colours.mark(_TONES[self.mark], self.palette()))
        self._picture.setPixmap(icon.pixmap(QSize(_MARK_SIZE, _MARK_SIZE), self.devicePixelRatioF()))


class StepsCard(Card):
    """From nothing to a working Codex. The first step that is open is active and has its buttons.

    Args:
        icons: for marks and buttons.
        operations: what the buttons do.
        adding: adds tokens from files and from the clipboard.
        sign_in: begins a sign-in for a new token.
        chosen_shell: for which the set-up is copied.
        open_set_up: turns to the page that writes the set-up, and has the texts for all shells and clients.
    """

    def __init__(
        self,
        icons: Icons,
        operations: Operations,
        *,
        adding: Adding,
        sign_in: Callable[[], None],
        chosen_shell: Callable[[], Shell],
        open_set_up: Callable[[], None],
    ) -> None:
        super().__init__()
        self._icons = icons
        self._operations = operations
        self._chosen_shell = chosen_shell
        self._base_url = ""
        self._settled = True
        self._remedies: list[tuple[Remedy, QPushButton]] = []
        self._shown_remedies: list[str] | None = None
        self.setAccessibleName(self.tr("First steps"))
        signing = self._button(self.tr("Sign in with ChatGPT"), "sign-in", sign_in)
        signing.setDefault(True)
        self._adding = [
            self._button(self.tr("Import auth.json…"), "file", adding.choose_files),
            self._button(self.tr("Add from clipboard"), "clipboard", adding.from_clipboard),
        ]
        self._copy = self._button(self.tr("Copy full set-up"), "copy", self._on_copy)
        set_up = self._button(self.tr("Set up Codex"), "page-set-up", open_set_up)
        set_up.setDefault(True)
        self.steps = {
            Step.TOKEN: StepRow(icons, self.tr("1. Add a token"), (signing, *self._adding)),
            Step.GATEWAY: StepRow(icons, self.tr("2. Start the gateway"), ()),
            Step.CODEX: StepRow(icons, self.tr("3. Connect Codex"), (set_up, self._copy)),
        }
        self.body.setSpacing(space.M)
        for row in self.steps.values():
            self.body.addWidget(row)
        operations.busy_changed.connect(self._update_buttons)

    def show_snapshot(self, snapshot: GatewaySnapshot) -> None:
        """Show how far the user has come."""
        self._base_url = snapshot.base_url
        self._settled = snapshot.state not in (RunState.STARTING, RunState.STOPPING)
        label = self.tr("Copy full set-up for {shell}").format(shell=words.shell(self._chosen_shell()))
        if label != self._copy.text():
            self._copy.setText(label)
        standing = marks(snapshot)
        said = {
            Step.TOKEN: self.tr(
                "A token is a ChatGPT login or an OpenAI API key; requests are answered with it. The sign-in is "
                "Waystation's own and signs nobody out. Files can also be dropped onto this window."
            ),
            Step.GATEWAY: self._gateway_text(snapshot),
            Step.CODEX: self.tr(
                "Let Waystation write Codex's configuration, or paste the full set-up into your terminal; then run "
                "codex. Waiting for the first request…"
            ),
        }
        for step, row in self.steps.items():
            row.show_step(standing[step], said[step])
        self._show_remedies(snapshot)
        self._update_buttons()

    def _gateway_text(self, snapshot: GatewaySnapshot) -> str:
        if snapshot.state is RunState.FAILED and snapshot.problem is not None:
            return gateway_problem(snapshot.state, snapshot.problem, self._operations).text
        if not self._settled:
            return self.tr("One moment…")
        return self.tr("Clients reach it at {address}.").format(address=snapshot.base_url)

    def _show_remedies(self, snapshot: GatewaySnapshot) -> None:
        if snapshot.state is RunState.FAILED and snapshot.problem is not None:
            wanted = gateway_problem(snapshot.state, snapshot.problem, self._operations).remedies
        else:
            wanted = (Remedy(self.tr("Start the gateway"), self._operations.start_gateway, "gateway"),)
        labels = [remedy.label for remedy in wanted]
        if labels == self._shown_remedies:
            return
        self._shown_remedies = labels
        self._remedies = [(remedy, self._button(remedy.label, None, remedy.pressed)) for remedy in wanted]
        self._remedies[0][1].setDefault(True)
        self.steps[Step.GATEWAY].show_buttons([button for _, button in self._remedies])

    def _update_buttons(self) -> None:
        for button in self._adding:
            button.setEnabled(not self._operations.is_busy("add_token"))
        for remedy, button in self._remedies:
            button.setEnabled(self._settled and not self._operations.is_busy(remedy.group))
        self._copy.setEnabled(bool(self._base_url) and not self._operations.is_busy("copy"))

    def _button(self, label: str, symbol: str | None, act: Callable[[], None]) -> QPushButton:
        button = QPushButton(label)
        if symbol is not None:
            Symbol(self._icons, button, symbol)
        button.clicked.connect(lambda _checked=False: act())
        return button

    def _on_copy(self) -> None:
        self._operations.copy_setup(self._chosen_shell(), self._base_url)

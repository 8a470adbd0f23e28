"""Whether the set-up works: a check on demand, and until then the waiting for the first request."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QPushButton, QWidget

from app.core.turn import Outcome, TurnRow
from app.desktop import formats
from app.desktop.codex_words import client_words, is_codex
from app.desktop.design.colours import Tone
from app.desktop.icons import Icons
from app.desktop.operations import Operations
from app.desktop.pages.check_steps import CheckSteps
from app.desktop.set_up.check_remedies import CheckWays
from app.desktop.set_up.check_words import stage_name
from app.desktop.set_up.operations import SetUpOperations
from app.desktop.widgets.card import Card
from app.desktop.widgets.quiet_label import QuietLabel
from app.desktop.widgets.state_line import StateLine
from app.desktop.widgets.symbol import Symbol
from app.platform.codex_check import CheckCode, CheckReport, CheckStep, Stage

_GROUP = "check codex"


class CheckCard(Card):
    """A button that runs the user's Codex through the gateway, and one line that says how it stands.

    The line turns when a request arrives that is newer than the waiting for it, and when a check ends.

    Args:
        icons: for symbols.
        operations: the check runs there.
        set_up: checks.
        ways: where the buttons beside findings lead.
        copy_text: puts a text without secrets on the clipboard, and says so.
    """

    #: Its steps stand there now, or they say something else at the end.
    grown = Signal()

    def __init__(
        self,
        icons: Icons,
        operations: Operations,
        set_up: SetUpOperations,
        ways: CheckWays,
        copy_text: Callable[[str], None],
    ) -> None:
        super().__init__(self.tr("Check"))
        self._operations = operations
        self._set_up = set_up
        self._copy_text = copy_text
        self._line = StateLine(icons, self.tr("Check"))
        self._about = QuietLabel(
            self.tr(
                "Runs your own Codex once, in an empty folder and through the gateway, follows its request, and names "
                "the first thing that is wrong. It costs one short request."
            )
        )
        self._about.setWordWrap(True)
        self._about.setMinimumWidth(1)
        self.steps = CheckSteps(icons, ways, copy_text)
        self.button = QPushButton()
        self._symbol = Symbol(icons, self.button, "start")
        self.button.clicked.connect(self._on_button)
        self.copy = QPushButton(self.tr("Copy &report"))
        Symbol(icons, self.copy, "copy")
        self.copy.clicked.connect(self._on_copy)
        self.head.addWidget(self.copy)
        self.head.addWidget(self.button)
        for part in (self._line, self._about, self.steps):
            self.body.addWidget(part)
        self._since: float | None = None
        self._curl = False
        self._recommended = False
        self._report: CheckReport | None = None
        self._turns: tuple[Sequence[TurnRow], bool, float] | None = None
        self.steps.hide()
        self.copy.hide()
        self.button.setVisible(set_up.can_check)
        self._about.setVisible(set_up.can_check)
        operations.busy_changed.connect(self._on_busy)
        # In another language there is another card; nobody would see the end of this one's check.
        self.destroyed.connect(lambda: set_up.stop_check())
        self._update_button()

    @property
    def text(self) -> str:
        """What it says."""
        return self._line.text

    @property
    def problem_line(self) -> QWidget | None:
        """The step that has failed; None: none has."""
        problem = self._report.problem if self._report is not None else None
        return self.steps.line(problem.stage) if problem is not None else None

    def recommend(self, recommended: bool) -> None:
        """Whether checking is what should come next."""
        self._recommended = recommended
        self._update_button()

    def run(self) -> None:
        """Check, unless a check is running."""
        if not self._operations.is_busy(_GROUP):
            self._operations.run(_GROUP, self._check())

    def wait_from(self, now: float | None, *, curl: bool, forget: bool = True) -> None:
        """Wait anew, from `now` on, for Codex or for curl.

        Args:
            now: in Unix seconds; None: from the next look on.
            curl: for which.
            forget: also what a check has found, since it was about something else; but not a running one.
        """
        self._since = now
        self._curl = curl
        if not self._operations.is_busy(_GROUP) and (forget or self._report is None):
            self._forget()

    def show_turns(self, turns: Sequence[TurnRow], *, running: bool, now: float) -> None:
        """Look whether it has come; `now` is in Unix seconds."""
        if self._since is None:
            self._since = now
        self._turns = (turns, running, now)
        if self._report is None and not self._operations.is_busy(_GROUP):
            self._show_turns(turns, running=running, now=now)

    def show_mended(self, *, running: bool, has_tokens: bool) -> None:
        """Forget a finding that holds no more: the gateway runs, or there is a token."""
        problem = self._report.problem if self._report is not None else None
        if problem is None or self._operations.is_busy(_GROUP):
            return
        if (problem.code is CheckCode.GATEWAY_STOPPED and running) or (
            problem.code is CheckCode.NO_TOKENS and has_tokens
        ):
            self._forget()

    def _show_turns(self, turns: Sequence[TurnRow], *, running: bool, now: float) -> None:
        since = now if self._since is None else self._since
        came = [turn for turn in turns if turn.started_at >= since and is_codex(turn.client) is not self._curl]
        answered = [turn for turn in came if turn.outcome in (Outcome.COMPLETED, Outcome.CLIENT_LEFT)]
        if answered:
            said = self.tr("It works: the first request of {client} was answered at {time}.")
            self._tell("state-ready", Tone.POSITIVE, said, min(answered, key=lambda turn: turn.started_at), now)
        elif came:
            said = self.tr(
                "{client} has reached Waystation at {time}, so the set-up works; but the request failed. The page "
                "Requests says why."
            )
            self._tell("warning", Tone.WARNING, said, max(came, key=lambda turn: turn.started_at), now)
        elif not running:
            self._line.show_state(
                "warning", Tone.WARNING, self.tr("The gateway is stopped: start it, so that requests can arrive.")
            )
        elif self._curl:
            self._line.show_state("waiting", Tone.NEUTRAL, self.tr("Waiting for the first request from curl…"))
        else:
            self._line.show_state("waiting", Tone.NEUTRAL, self.tr("Waiting for the first request from Codex…"))

    async def _check(self) -> None:
        self._report = None
        self.copy.hide()
        self._about.hide()
        self._line.show_state("step-active", Tone.INFO, self.tr("Checking…"))
        self.steps.show_steps([CheckStep(stage) for stage in Stage])
        self.steps.show()
        self._update_button()
        self.grown.emit()
        try:
            report = await self._set_up.check(self._on_steps)
        except BaseException:
            self._forget()
            raise
        if report is None:
            self._forget()
            return
        self._report = report
        self.steps.show_steps(report.steps)
        self.copy.show()
        self._show_report(report)
        self.grown.emit()

    def _show_report(self, report: CheckReport) -> None:
        problem = report.problem
        if problem is None:
            said = self.tr("It works: Codex got an answer through the gateway.")
            self._line.show_state("state-ready", Tone.POSITIVE, said)
            return
        said = self.tr("Codex gets no answer yet. The first thing that is wrong is under “{stage}”.")
        self._line.show_state("warning", Tone.ERROR, said.format(stage=stage_name(problem.stage)))

    def _on_steps(self, steps: tuple[CheckStep, ...]) -> None:
        self.steps.show_steps(steps)

    def _forget(self) -> None:
        """No check was made, or it says no more how things are."""
        self._report = None
        self.steps.hide()
        self.copy.hide()
        self._update_button()
        self._about.setVisible(self._set_up.can_check)
        if self._turns is not None:
            turns, running, now = self._turns
            self._show_turns(turns, running=running, now=now)

    def _on_button(self) -> None:
        if self._operations.is_busy(_GROUP):
            self._set_up.stop_check()
        else:
            self.run()

    def _on_busy(self, group: str, _busy: bool) -> None:
        if group == _GROUP:
            self._update_button()

    def _update_button(self) -> None:
        busy = self._operations.is_busy(_GROUP)
        self._symbol.show("stop" if busy else "start")
        # Beside a finding its way out comes next.
        self.button.setDefault(self._recommended and not busy and self._report is None)
        if busy:
            self.button.setText(self.tr("Stop the &check"))
        else:
            self.button.setText(self.tr("&Check again") if self._report is not None else self.tr("&Check"))

    def _on_copy(self) -> None:
        if self._report is not None:
            self._copy_text(self._report.text())

    def _tell(self, symbol: str, tone: Tone, said: str, turn: TurnRow, now: float) -> None:
        client = client_words(turn.client) or turn.peer
        self._line.show_state(symbol, tone, said.format(client=client, time=formats.moment(turn.started_at, now)))

"""Whether the set-up worked: it waits for the first request."""

from __future__ import annotations

from collections.abc import Sequence

from app.core.turn import Outcome, TurnRow
from app.desktop import formats
from app.desktop.codex_words import client_words, is_codex
from app.desktop.design.colours import Tone
from app.desktop.icons import Icons
from app.desktop.widgets.card import Card
from app.desktop.widgets.state_line import StateLine


class CheckCard(Card):
    """One line that turns when a request arrives that is newer than the waiting for it.

    Args:
        icons: for its symbol.
    """

    def __init__(self, icons: Icons) -> None:
        super().__init__()
        self._line = StateLine(icons, self.tr("Check"))
        self.body.addWidget(self._line)
        self._since: float | None = None
        self._curl = False

    @property
    def text(self) -> str:
        """What it says."""
        return self._line.text

    def wait_from(self, now: float | None, *, curl: bool) -> None:
        """Wait anew, from `now` (Unix seconds; None: from the next look) on, for Codex or for curl."""
        self._since = now
        self._curl = curl

    def show_turns(self, turns: Sequence[TurnRow], *, running: bool, now: float) -> None:
        """Look whether it has come; `now` is in Unix seconds."""
        if self._since is None:
            self._since = now
        came = [turn for turn in turns if turn.started_at >= self._since and is_codex(turn.client) is not self._curl]
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
            self._line.show_state("waiting", Tone.NEUTRAL, self.tr("Check: waiting for the first request from curl…"))
        else:
            self._line.show_state("waiting", Tone.NEUTRAL, self.tr("Check: waiting for the first request from Codex…"))

    def _tell(self, symbol: str, tone: Tone, said: str, turn: TurnRow, now: float) -> None:
        client = client_words(turn.client) or turn.peer
        self._line.show_state(symbol, tone, said.format(client=client, time=formats.moment(turn.started_at, now)))

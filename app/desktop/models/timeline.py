"""The timeline of a session: its turns, the tries that failed, and its moves from token to token with the reasons."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from PySide6.QtCore import QCoreApplication

from app.core.turn import Attempt, TurnRow
from app.desktop import amounts, failure_words, formats, turn_words
from app.desktop.models.lines import Cell
from app.desktop.models.rows_model import RowColumn


class Kind(StrEnum):
    """What an entry is."""

    TURN = "turn"
    #: A try of a turn, which the next token took over.
    TRY = "try"
    #: The session's token is another one from here on.
    MOVE = "move"
    #: Its first turn.
    BEGIN = "begin"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a timeline.

    Attributes:
        id: stable, as long as the turns stay what they are.
        kind: what it is.
        turn: that it is, or belongs to.
        before: of a move: the token that was left.
        attempt: of a try: that one.
    """

    id: str
    kind: Kind
    turn: TurnRow
    before: str | None = None
    attempt: Attempt | None = None


def timeline(rows: Sequence[TurnRow], *, whole: bool) -> list[Entry]:
    """The entries of a session, the newest first.

    Args:
        rows: its turns, the newest first.
        whole: these are all of its turns; otherwise older ones are missing.
    """
    entries: list[Entry] = []
    at: str | None = None
    for place, row in enumerate(reversed(rows)):
        if place == 0 and whole and row.token_id is not None:
            entries.append(Entry(f"{row.id}:begin", Kind.BEGIN, row))
        entries.extend(
            Entry(f"{row.id}:{number}", Kind.TRY, row, attempt=tried) for number, tried in enumerate(row.attempts)
        )
        if at is not None and row.token_id not in (None, at):
            entries.append(Entry(f"{row.id}:move", Kind.MOVE, row, before=at))
        entries.append(Entry(row.id, Kind.TURN, row))
        at = row.token_id or at
    entries.reverse()
    return entries


class TimelineTable:
    """What the table says of a timeline.

    Args:
        token_label: the name of a token.
    """

    def __init__(self, token_label: Callable[[str], str]) -> None:
        self._token_label = token_label
        self.now = 0.0

    def columns(self) -> tuple[RowColumn[Entry], ...]:
        """Without any order but that of time."""
        return (
            RowColumn(QCoreApplication.translate("Tables", "Time"), 10, self._time),
            RowColumn(QCoreApplication.translate("Tables", "What happened"), 30, self._event, stretch=True),
            RowColumn(QCoreApplication.translate("Tables", "Token"), 10, self._token, stretch=True),
            RowColumn(QCoreApplication.translate("Tables", "Result"), 13, self._result, stretch=True),
            RowColumn(QCoreApplication.translate("Tables", "Total"), 7, self._total, numeric=True),
            RowColumn(QCoreApplication.translate("Tables", "Tokens"), 6, self._used, numeric=True, folds=1),
        )

    def _time(self, entry: Entry) -> Cell:
        at = entry.turn.started_at
        return Cell(formats.moment(at, self.now), hint=formats.full_moment(at))

    def _event(self, entry: Entry) -> Cell:
        turn = entry.turn
        match entry.kind:
            case Kind.TURN:
                model = turn_words.model(turn)
                said = QCoreApplication.translate("Timeline", "Request")
                text = said if model == formats.NOTHING else f"{said} · {model}"
                waited = turn_words.waited(turn)
                return Cell(" · ".join(part for part in (text, waited) if part))
            case Kind.TRY:
                failed = entry.attempt.error if entry.attempt is not None else ""
                said = QCoreApplication.translate("Timeline", "{token} did not serve: {reason}")
                text = said.format(token=self._tried(entry), reason=failure_words.in_short(failed))
                return Cell(text, icon="warning", hint=failed)
            case Kind.BEGIN:
                said = QCoreApplication.translate("Timeline", "The session began on {token}")
                return Cell(said.format(token=self._token_label(turn.token_id or "")), icon="session")
        said = QCoreApplication.translate("Timeline", "From {before} to {token}: {reason}")
        text = said.format(
            before=self._token_label(entry.before or ""),
            token=self._token_label(turn.token_id or ""),
            reason=turn_words.move_reason(turn),
        )
        return Cell(text, icon="moved")

    def _tried(self, entry: Entry) -> str:
        return self._token_label(entry.attempt.token_id if entry.attempt is not None else "")

    def _token(self, entry: Entry) -> Cell:
        if entry.kind is Kind.TRY:
            return Cell(self._tried(entry))
        token_id = entry.turn.token_id
        return Cell(formats.NOTHING if token_id is None else self._token_label(token_id))

    def _result(self, entry: Entry) -> Cell:
        if entry.kind is not Kind.TURN:
            return Cell("")
        turn = entry.turn
        return Cell(turn_words.result(turn), icon=turn_words.symbol(turn), hint=turn_words.explanation(turn) or None)

    def _total(self, entry: Entry) -> Cell:
        if entry.kind is Kind.TRY and entry.attempt is not None:
            return Cell(formats.duration(entry.attempt.ms))
        return Cell(formats.duration(entry.turn.total_ms) if entry.kind is Kind.TURN else "")

    def _used(self, entry: Entry) -> Cell:
        usage = entry.turn.usage
        if entry.kind is not Kind.TURN:
            return Cell("")
        if usage is None:
            return Cell(formats.NOTHING)
        return Cell(
            amounts.compact(usage.input_tokens + usage.output_tokens),
            hint=f"{formats.count(usage.input_tokens)} + {formats.count(usage.output_tokens)}",
        )

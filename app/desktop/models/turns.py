"""The last turns as a table."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from app.core.turn import Outcome, TurnRow
from app.desktop import formats, words
from app.desktop.counts import Counts
from app.desktop.models.lines import Cell, Column, Line
from app.gateway.snapshot import GatewaySnapshot

_SYMBOLS = {Outcome.COMPLETED: "state-ready", Outcome.CLIENT_LEFT: "state-idle"}


def turn_columns() -> tuple[Column, ...]:
    """What the table says of a turn."""
    return (
        Column(QCoreApplication.translate("Tables", "Time"), 8),
        Column(QCoreApplication.translate("Tables", "Endpoint"), 9),
        Column(QCoreApplication.translate("Tables", "Model"), 19, stretch=True),
        Column(QCoreApplication.translate("Tables", "Token"), 15, stretch=True),
        Column(QCoreApplication.translate("Tables", "Result"), 25, stretch=True),
        Column(QCoreApplication.translate("Tables", "Body"), 9),
        Column(QCoreApplication.translate("Tables", "First byte"), 6, numeric=True),
        Column(QCoreApplication.translate("Tables", "Total"), 8, numeric=True),
        Column(
            QCoreApplication.translate("Tables", "In"),
            6,
            numeric=True,
            hint=QCoreApplication.translate("Tables", "What the model read, in tokens of text"),
        ),
        Column(
            QCoreApplication.translate("Tables", "Cached"),
            6,
            numeric=True,
            hint=QCoreApplication.translate("Tables", "The part of it that came from the prompt cache"),
        ),
        Column(
            QCoreApplication.translate("Tables", "Out"),
            5,
            numeric=True,
            hint=QCoreApplication.translate("Tables", "What the model wrote, its reasoning included"),
        ),
    )


def turn_lines(snapshot: GatewaySnapshot, now: float) -> list[Line]:
    """The last turns, the newest first; `now` is in Unix seconds."""
    labels = {token.id: words.token_label(token.label) for token in snapshot.tokens}
    rows = sorted(snapshot.turns, key=lambda row: row.started_at, reverse=True)
    return [Line(row.id, _cells(row, labels, now)) for row in rows]


def _cells(row: TurnRow, labels: dict[str, str], now: float) -> tuple[Cell, ...]:
    token = labels.get(row.token_id, formats.NOTHING) if row.token_id else formats.NOTHING
    usage = row.usage
    return (
        Cell(formats.moment(row.started_at, now), hint=formats.full_moment(row.started_at)),
        Cell(words.endpoint(row.endpoint), hint=row.endpoint),
        Cell(_model(row)),
        Cell(token),
        _result(row),
        _body(row),
        Cell(formats.duration(row.first_byte_ms)),
        Cell(formats.duration(row.total_ms)),
        Cell(formats.count(usage.input_tokens if usage else None)),
        Cell(formats.count(usage.cached_tokens if usage else None)),
        Cell(formats.count(usage.output_tokens if usage else None)),
    )


def _model(row: TurnRow) -> str:
    if row.model is None or row.effort is None or row.model.endswith(f"-{row.effort}"):
        # An alias such as gpt-5-high names the effort already.
        return row.model or formats.NOTHING
    return f"{row.model} · {row.effort}"


def _result(row: TurnRow) -> Cell:
    """The status as the client saw it, with what went wrong: an error's code says more than a word of ours."""
    word = words.outcome(row.outcome)
    status = "" if row.status is None else str(row.status)
    error = None if row.error == row.outcome.value else row.error
    said = error or ("" if row.outcome is Outcome.COMPLETED and status else word)
    hint = " · ".join(part for part in (status, word, error) if part)
    return Cell(f"{status} {said}".strip(), icon=_SYMBOLS.get(row.outcome, "warning"), hint=hint)


def _body(row: TurnRow) -> Cell:
    if row.sent_sha256 is None:
        return Cell(formats.NOTHING, hint=QCoreApplication.translate("Tables", "Nothing was sent upstream."))
    if row.verbatim:
        return Cell(QCoreApplication.translate("Tables", "verbatim"))
    edits = ", ".join(row.edits)
    if edits in ("", "translated"):
        return Cell(QCoreApplication.translate("Tables", "translated"))
    return Cell(Counts().edits(len(row.edits)), hint=edits)

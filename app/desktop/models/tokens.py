"""The tokens as a table."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from app.desktop import formats, words
from app.desktop.models.lines import Cell, Column, Line
from app.gateway.snapshot import GatewaySnapshot, TokenState, TokenView

_SYMBOLS = {
    TokenState.READY: "state-ready",
    TokenState.DISABLED: "state-disabled",
    TokenState.RESTING: "state-resting",
    TokenState.SEALED: "state-sealed",
}


def token_columns() -> tuple[Column, ...]:
    """What the table says of a token."""
    return (
        Column(QCoreApplication.translate("Tables", "Label"), 18, stretch=True),
        Column(QCoreApplication.translate("Tables", "Kind"), 13),
        Column(QCoreApplication.translate("Tables", "Account"), 20, stretch=True),
        Column(QCoreApplication.translate("Tables", "Plan"), 9),
        Column(QCoreApplication.translate("Tables", "State"), 22, stretch=True),
        Column(QCoreApplication.translate("Tables", "Sessions"), 6, numeric=True),
        Column(QCoreApplication.translate("Tables", "Running"), 6, numeric=True),
    )


def token_lines(snapshot: GatewaySnapshot, now: float) -> list[Line]:
    """The tokens, in the order in which they were added; `now` is in Unix seconds."""
    return [Line(token.id, _cells(token, now)) for token in snapshot.tokens]


def _cells(token: TokenView, now: float) -> tuple[Cell, ...]:
    return (
        Cell(words.token_label(token.label)),
        Cell(words.token_kind(token.kind)),
        Cell(token.email or formats.NOTHING),
        Cell(words.plan(token.plan) or formats.NOTHING),
        Cell(_state(token, now), icon=_SYMBOLS[token.state]),
        Cell(formats.count(token.sessions)),
        Cell(formats.count(token.active_turns)),
    )


def _state(token: TokenView, now: float) -> str:
    if token.state is TokenState.RESTING and token.rest_until is not None:
        return QCoreApplication.translate("Tables", "Resting until {time}").format(
            time=formats.minute(token.rest_until, now)
        )
    return words.token_state(token.state)

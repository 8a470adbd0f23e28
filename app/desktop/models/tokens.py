"""The tokens as a table."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QCoreApplication

from app.core.quota import Quota, Window
from app.core.token import TokenKind
from app.desktop import formats, token_words, words
from app.desktop.models.lines import Cell, Column, Line
from app.gateway.snapshot import GatewaySnapshot, TokenState, TokenView

_SYMBOLS = {
    TokenState.READY: "state-ready",
    TokenState.DISABLED: "state-disabled",
    TokenState.RESTING: "state-resting",
    TokenState.SEALED: "state-sealed",
    TokenState.SIGN_IN: "warning",
}


def token_columns() -> tuple[Column, ...]:
    """What the table says of a token."""
    left = QCoreApplication.translate("Tables", "What is left of the quota, and when it is full again")
    return (
        Column(QCoreApplication.translate("Tables", "Label"), 13, stretch=True),
        Column(QCoreApplication.translate("Tables", "Account"), 16, stretch=True),
        Column(QCoreApplication.translate("Tables", "Plan"), 6),
        Column(QCoreApplication.translate("Tables", "State"), 26, stretch=True),
        Column(QCoreApplication.translate("Tables", "Left (5 h)"), 11, hint=left),
        Column(QCoreApplication.translate("Tables", "Left (week)"), 16, hint=left),
        Column(
            QCoreApplication.translate("Tables", "Login until"),
            11,
            hint=QCoreApplication.translate("Tables", "Waystation renews a ChatGPT login before it ends"),
        ),
        Column(QCoreApplication.translate("Tables", "Sessions"), 6, numeric=True),
        Column(QCoreApplication.translate("Tables", "Running"), 6, numeric=True),
    )


def token_lines(snapshot: GatewaySnapshot, now: float) -> list[Line]:
    """The tokens in the user's order; `now` is in Unix seconds."""
    return [Line(token.id, _cells(token, now)) for token in snapshot.tokens]


def _cells(token: TokenView, now: float) -> tuple[Cell, ...]:
    symbol = "state-spare" if token.spare and token.state is TokenState.READY else _SYMBOLS[token.state]
    return (
        Cell(words.token_label(token.label)),
        Cell(token.email or words.token_kind(token.kind)),
        Cell(words.plan(token.plan) or formats.NOTHING),
        Cell(token_words.state(token, now), icon=symbol, hint=token_words.state_hint(token, now)),
        _left(token.quota, token_words.short_window, now),
        _left(token.quota, token_words.long_window, now),
        _login(token, now),
        Cell(formats.count(token.sessions)),
        Cell(formats.count(token.active_turns)),
    )


def _left(quota: Quota | None, choose: Callable[[Quota | None], Window | None], now: float) -> Cell:
    window = choose(quota)
    if quota is None or window is None:
        return Cell(formats.NOTHING, hint=None if quota is None else token_words.quota_hint(quota, now))
    return Cell(token_words.left(window, now), hint=token_words.quota_hint(quota, now))


def _login(token: TokenView, now: float) -> Cell:
    if token.kind is TokenKind.API_KEY:
        return Cell(formats.NOTHING, hint=QCoreApplication.translate("Tables", "An API key does not expire."))
    hints = []
    if token.expires_at is not None:
        hints.append(formats.full_moment(token.expires_at))
    if token.follows:
        said = QCoreApplication.translate("Tables", "Codex renews this login; it is read from {path}")
        hints.append(said.format(path=token.follows))
    elif token.refreshed_at is not None:
        said = QCoreApplication.translate("Tables", "Renewed at {time}")
        hints.append(said.format(time=formats.full_moment(token.refreshed_at)))
    text = formats.NOTHING if token.expires_at is None else formats.minute(token.expires_at, now)
    return Cell(text, hint="\n".join(hints) or None)

"""The live sessions as a table."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication

from app.desktop import formats, held, words
from app.desktop.models.lines import Cell, Column, Line
from app.gateway.snapshot import GatewaySnapshot, HeldView, SessionView


def session_columns() -> tuple[Column, ...]:
    """What the table says of a session."""
    return (
        Column(QCoreApplication.translate("Tables", "Session"), 18, stretch=True),
        Column(QCoreApplication.translate("Tables", "Client"), 19, stretch=True),
        Column(QCoreApplication.translate("Tables", "License"), 12, stretch=True),
        Column(QCoreApplication.translate("Tables", "Model"), 13, stretch=True),
        Column(QCoreApplication.translate("Tables", "Token"), 15, stretch=True),
        Column(QCoreApplication.translate("Tables", "State"), 21),
        Column(QCoreApplication.translate("Tables", "Last activity"), 9),
        Column(QCoreApplication.translate("Tables", "Requests"), 6, numeric=True),
    )


def session_lines(snapshot: GatewaySnapshot, now: float) -> list[Line]:
    """The live sessions, the last active first; `now` is in Unix seconds."""
    labels = {token.id: words.token_label(token.label) for token in snapshot.tokens}
    waiting = held.by_session(snapshot)
    return [
        Line(session.id, _cells(session, labels, waiting.get(session.id, ()), now)) for session in snapshot.sessions
    ]


def _cells(session: SessionView, labels: dict[str, str], waiting: Sequence[HeldView], now: float) -> tuple[Cell, ...]:
    token_hint = None
    if session.home_token_id != session.token_id:
        token_hint = QCoreApplication.translate("Tables", "{token}, on loan from {home}").format(
            token=words.token_label(session.token_label), home=labels.get(session.home_token_id, formats.NOTHING)
        )
    return (
        Cell(formats.shortened(session.name), hint=session.name),
        Cell(session.client or formats.NOTHING),
        Cell(words.license_label(session.license_label) or formats.NOTHING),
        Cell(session.model or formats.NOTHING),
        Cell(words.token_label(session.token_label) or formats.NOTHING, hint=token_hint),
        _state(session, waiting, now),
        Cell(formats.moment(session.last_active_at, now), hint=formats.full_moment(session.last_active_at)),
        Cell(formats.count(session.turns)),
    )


def _state(session: SessionView, waiting: Sequence[HeldView], now: float) -> Cell:
    if waiting:
        until = min(turn.until for turn in waiting)
        said = QCoreApplication.translate("Tables", "Waiting until {time}")
        hint = QCoreApplication.translate(
            "Tables", "At the station since {since}: every token is at its limit, the first is back at {until}."
        )
        return Cell(
            said.format(time=formats.minute(until, now)),
            icon="waiting",
            hint=hint.format(
                since=formats.minute(min(turn.since for turn in waiting), now), until=formats.minute(until, now)
            ),
        )
    active = session.active_turns > 0
    return Cell(words.session_state(active=active), icon="state-active" if active else "state-idle")

"""The gateway's state at a glance, as the tray and the window's head show it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum

from PySide6.QtCore import QCoreApplication

from app.core.policy import OVERNIGHT_WAIT_S
from app.core.token import TokenKind
from app.desktop import formats, held, words
from app.desktop.counts import Counts
from app.desktop.icons import Look
from app.gateway.snapshot import GatewaySnapshot, RunState, TokenState


class Switch(StrEnum):
    """What the one button for starting and stopping does now."""

    START = "start"
    STOP = "stop"
    NEITHER = "neither"


@dataclass(frozen=True, slots=True)
class Overview:
    """The gateway's state at a glance.

    Attributes:
        look: which picture.
        headline: the state in one or two words.
        status_line: the state with the address, for the tray.
        address: for clients; None before it is known.
        summary: how much there is and goes on.
        switch: whether it can be started or stopped now.
        overnight: whether requests wait overnight; None before it is known.
    """

    look: Look
    headline: str
    status_line: str
    address: str | None
    summary: str
    switch: Switch
    overnight: bool | None = None


def starting() -> Overview:
    """Before the gateway is there."""
    return _without_gateway(Look.STARTING, QCoreApplication.translate("Overview", "Starting…"))


def closing() -> Overview:
    """While the gateway goes."""
    return _without_gateway(Look.STARTING, QCoreApplication.translate("Overview", "Closing…"))


def failed(*, opened: bool) -> Overview:
    """When there is no gateway and there will be none; `opened`: there was one."""
    if opened:
        return _without_gateway(Look.PROBLEM, QCoreApplication.translate("Overview", "Stopped"))
    return _without_gateway(Look.PROBLEM, QCoreApplication.translate("Overview", "Could not start"))


def overview(snapshot: GatewaySnapshot, now: float) -> Overview:
    """What to show while the gateway is there; `now` is in Unix seconds."""
    headline = _headline(snapshot)
    return Overview(
        look=_look(snapshot),
        headline=headline,
        status_line=_status_line(snapshot, headline, now),
        address=snapshot.base_url,
        summary=_summary(snapshot),
        switch=_switch(snapshot.state),
        overnight=snapshot.policy.wait_s >= OVERNIGHT_WAIT_S,
    )


def short_address(snapshot: GatewaySnapshot) -> str:
    """Host and port alone, such as `127.0.0.1:8787`."""
    return snapshot.base_url.partition("://")[2].partition("/")[0]


def unusable_tokens(snapshot: GatewaySnapshot) -> bool:
    """Whether there are tokens, but none that may serve."""
    usable = (TokenState.READY, TokenState.RESTING)
    return bool(snapshot.tokens) and not any(token.state in usable for token in snapshot.tokens)


def unusable_reasons(snapshot: GatewaySnapshot) -> str:
    """How many tokens are in which state, in words."""
    counted = Counter(words.token_state(token) for token in snapshot.tokens)
    return ", ".join(f"{state} ({number})" for state, number in counted.items())


def _without_gateway(look: Look, headline: str) -> Overview:
    return Overview(look, headline, headline, None, "", Switch.NEITHER)


def _headline(snapshot: GatewaySnapshot) -> str:
    match snapshot.state:
        case RunState.RUNNING:
            return QCoreApplication.translate("Overview", "Running")
        case RunState.STARTING:
            return QCoreApplication.translate("Overview", "Starting…")
        case RunState.STOPPING:
            return QCoreApplication.translate("Overview", "Stopping…")
        case RunState.STOPPED:
            return QCoreApplication.translate("Overview", "Stopped")
        case RunState.FAILED:
            if snapshot.problem is not None and snapshot.problem.code == "port_busy":
                return QCoreApplication.translate("Overview", "Port {port} is busy").format(port=snapshot.port)
            return QCoreApplication.translate("Overview", "Could not start")


def resting_until(snapshot: GatewaySnapshot) -> float | None:
    """When the first token is back, if none can serve and some only rest; in Unix seconds."""
    if any(token.state is TokenState.READY for token in snapshot.tokens):
        return None
    rests = [token.rest_until for token in snapshot.tokens if token.state is TokenState.RESTING]
    return min((until for until in rests if until is not None), default=None)


def _status_line(snapshot: GatewaySnapshot, headline: str, now: float) -> str:
    if snapshot.state is not RunState.RUNNING:
        return headline
    parts = [headline, short_address(snapshot)]
    if snapshot.key_problem is not None:
        parts.append(QCoreApplication.translate("Overview", "keyring unavailable"))
        return _joined(parts)
    if not snapshot.tokens:
        parts.append(QCoreApplication.translate("Overview", "no token yet"))
    elif unusable_tokens(snapshot):
        parts.append(QCoreApplication.translate("Overview", "no usable token"))
    elif (waiting := held.waiting_in_short(snapshot, now)) is not None:
        parts.append(waiting)
    elif (until := resting_until(snapshot)) is not None:
        said = QCoreApplication.translate("Overview", "all tokens resting until {time}")
        parts.append(said.format(time=formats.minute(until, now)))
    # Also beside the others: it may be what helps.
    refused = {token.kind for token in snapshot.tokens if token.state is TokenState.SIGN_IN and token.enabled}
    if TokenKind.CHATGPT in refused:
        parts.append(QCoreApplication.translate("Overview", "sign-in needed"))
    if TokenKind.API_KEY in refused:
        parts.append(QCoreApplication.translate("Overview", "API key refused"))
    return _joined(parts)


def _joined(parts: list[str]) -> str:
    return " · ".join(parts)


def _look(snapshot: GatewaySnapshot) -> Look:
    if snapshot.state is RunState.FAILED:
        return Look.PROBLEM
    if snapshot.state is RunState.RUNNING:
        troubled = snapshot.problem or snapshot.key_problem or unusable_tokens(snapshot)
        return Look.PROBLEM if troubled else Look.RUNNING
    return Look.STOPPED if snapshot.state is RunState.STOPPED else Look.STARTING


def _summary(snapshot: GatewaySnapshot) -> str:
    counts = Counts()
    parts = [counts.tokens(len(snapshot.tokens)), counts.live_sessions(len(snapshot.sessions))]
    if snapshot.active_turns:
        parts.append(counts.running(snapshot.active_turns))
    return " · ".join(parts)


def _switch(state: RunState) -> Switch:
    match state:
        case RunState.RUNNING:
            return Switch.STOP
        case RunState.STOPPED | RunState.FAILED:
            return Switch.START
        case _:
            return Switch.NEITHER

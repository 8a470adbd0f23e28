"""How far a newcomer has come: a token, a gateway that runs, a first request."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from PySide6.QtCore import QCoreApplication

from app.desktop import formats, words
from app.gateway.snapshot import GatewaySnapshot, RunState


class Step(Enum):
    """What a newcomer has to do, in this order."""

    TOKEN = auto()
    GATEWAY = auto()
    CODEX = auto()


class Mark(Enum):
    """How it stands with a step."""

    DONE = auto()
    #: The first one that is open.
    ACTIVE = auto()
    WAITING = auto()


@dataclass(frozen=True, slots=True)
class LastRequest:
    """The last request that came in with a license of ours.

    Attributes:
        at: Unix seconds.
        client: what the client called itself, or nothing.
        token_label: of the token that answered it, in the user's words; None when that is not known any more.
    """

    at: float
    client: str
    token_label: str | None = None


def marks(snapshot: GatewaySnapshot) -> dict[Step, Mark]:
    """How it stands with each step."""
    done = {
        Step.TOKEN: bool(snapshot.tokens),
        Step.GATEWAY: snapshot.state is RunState.RUNNING,
        Step.CODEX: last_request(snapshot) is not None,
    }
    active = next((step for step in Step if not done[step]), None)
    return {step: Mark.DONE if done[step] else Mark.ACTIVE if step is active else Mark.WAITING for step in Step}


def is_newcomer(snapshot: GatewaySnapshot) -> bool:
    """Whether the steps are of use: whoever has a token and was connected once knows how to start again."""
    return not snapshot.tokens or last_request(snapshot) is None


def last_request(snapshot: GatewaySnapshot) -> LastRequest | None:
    """The last one that is known; None: none ever came."""
    turn = next((turn for turn in snapshot.turns if turn.license_id is not None), None)
    if turn is not None:
        labels = {token.id: token.label for token in snapshot.tokens}
        label = labels.get(turn.token_id or "")
        return LastRequest(turn.started_at, turn.client, words.token_label(label) if label else None)
    used = [(item.last_used_at, item.last_client or "") for item in snapshot.licenses if item.last_used_at is not None]
    return LastRequest(*max(used)) if used else None


def summary(request: LastRequest, now: float) -> str:
    """In one line that Codex is connected, and when it last asked; `now` is in Unix seconds."""
    if "codex" in request.client.lower():
        said = QCoreApplication.translate("FirstSteps", "Codex connected")
    else:
        said = QCoreApplication.translate("FirstSteps", "Connected")
    if request.token_label is None:
        last = QCoreApplication.translate("FirstSteps", "last request {time}")
    else:
        last = QCoreApplication.translate("FirstSteps", "last request {time} on {token}")
    when = formats.minute(request.at, now)
    return f"{said} · {last.format(time=when, token=formats.shortened(request.token_label or '', 40))}"

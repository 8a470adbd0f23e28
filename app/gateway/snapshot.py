"""What the desktop shows: immutable copies, so that nobody outside touches the gateway's objects."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

from app.core.policy import Policy
from app.core.quota import Quota
from app.core.settings import GatewaySettings
from app.core.token import Token, TokenKind, masked_email
from app.core.turn import TurnRow
from app.gateway.license_desk import LicenseView
from app.gateway.sign_in_desk import SignInView
from app.gateway.state import GatewayState

#: Sessions that had a turn within this time are shown as live.
LIVE_SESSION_S = 24 * 3600
_MAX_SESSIONS = 500


class RunState(StrEnum):
    """Whether the gateway listens."""

    STOPPED = "stopped"
    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    #: It could not start; `GatewaySnapshot.problem` says why.
    FAILED = "failed"


class TokenState(StrEnum):
    """Whether a token can serve."""

    READY = "ready"
    DISABLED = "disabled"
    RESTING = "resting"
    SEALED = "sealed"
    #: Only a new sign-in helps; `TokenView.sign_in_needed` says why.
    SIGN_IN = "sign_in"


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, by code for the translation, with a sentence in English."""

    code: str
    message: str
    details: tuple[tuple[str, str | int | None], ...] = ()


@dataclass(frozen=True, slots=True)
class TokenView:
    """One token as it may be shown: never its secret, the e-mail masked."""

    id: str
    kind: TokenKind
    label: str
    email: str | None
    plan: str | None
    state: TokenState
    rest_until: float | None
    expires_at: float | None
    enabled: bool
    active_turns: int
    sessions: int
    rest_reason: str | None = None
    sign_in_needed: str | None = None
    quota: Quota | None = None
    position: int = 0
    spare: bool = False
    proxy: str | None = None
    follows: str | None = None
    refreshed_at: float | None = None


@dataclass(frozen=True, slots=True)
class SessionView:
    """One live session."""

    id: str
    name: str
    license_id: str
    license_label: str
    home_token_id: str
    token_id: str
    token_label: str
    client: str
    model: str | None
    created_at: float
    last_active_at: float
    turns: int
    active_turns: int
    lent_at: float | None = None
    moves: int = 0


@dataclass(frozen=True, slots=True)
class HeldView:
    """One turn that waits at the station.

    Attributes:
        turn_id: to move it or to give it up.
        session_id: of it, or None.
        since, until: Unix seconds.
    """

    turn_id: str
    session_id: str | None
    since: float
    until: float


@dataclass(frozen=True, slots=True)
class GatewaySnapshot:
    """Everything that the desktop shows, at one moment.

    Attributes:
        revision: equal numbers mean equal content.
        state: whether it listens.
        host, port: where it listens, or would.
        base_url: for clients, such as `http://127.0.0.1:8787/codex/v1`.
        problem: why it does not run, or what hinders it.
        key_store: where the data key lives, in one word (`keyring`, `file`, `memory`), or None when it has none.
        key_problem: why secrets cannot be sealed or opened.
        held: turns that wait at the station.
        policy: what the user has chosen about the pool.
        proxy: the application's, as it may be shown; None: the environment's or the system's.
        offered_proxies: addresses on this machine that may be a way to upstream, which cannot be reached.
        sign_in: the one that runs, or the last one.
        settings: what the user has chosen about the gateway, in effect now.
    """

    revision: int
    state: RunState
    host: str
    port: int
    base_url: str
    problem: Problem | None = None
    key_store: str | None = None
    key_problem: Problem | None = None
    tokens: tuple[TokenView, ...] = ()
    licenses: tuple[LicenseView, ...] = ()
    sessions: tuple[SessionView, ...] = ()
    turns: tuple[TurnRow, ...] = ()
    active_turns: int = 0
    held: tuple[HeldView, ...] = ()
    policy: Policy = field(default_factory=Policy)
    proxy: str | None = None
    offered_proxies: tuple[str, ...] = ()
    sign_in: SignInView | None = None
    settings: GatewaySettings = field(default_factory=GatewaySettings)


def token_view(state: GatewayState, token: Token, sessions: Counter[str], now: float) -> TokenView:
    """One token as it may be shown."""
    unusable = state.pool.unusable(token)
    rest = state.pool.rest(token.id, now)
    quota = state.pool.quota(token.id)
    if unusable is not None:
        shown = TokenState(unusable.value)
    else:
        shown = TokenState.READY if rest is None else TokenState.RESTING
    return TokenView(
        id=token.id,
        kind=token.kind,
        label=token.label,
        email=masked_email(token.email),
        plan=(quota.plan if quota else None) or token.plan,
        state=shown,
        rest_until=rest.until if rest else None,
        expires_at=token.expires_at,
        enabled=token.enabled,
        active_turns=state.pool.active_turns(token.id),
        sessions=sessions[token.id],
        rest_reason=rest.reason if rest else None,
        sign_in_needed=token.sign_in_needed,
        quota=quota,
        position=token.position,
        spare=token.spare,
        proxy=token.proxy,
        follows=token.follows,
        refreshed_at=token.refreshed_at,
    )


def token_views(state: GatewayState) -> tuple[TokenView, ...]:
    """All tokens, in the user's order."""
    now = state.clock.now()
    sessions = Counter(
        session.current_token_id for session in state.pool.sessions if session.last_active_at > now - LIVE_SESSION_S
    )
    return tuple(token_view(state, token, sessions, now) for token in state.pool.tokens)


def held_views(state: GatewayState) -> tuple[HeldView, ...]:
    """The turns that wait at the station, the longest waiting first."""
    views = []
    for held in state.station.held:
        turn = state.active.get(held.turn_id)
        views.append(HeldView(held.turn_id, turn.session_id if turn else None, held.since, held.until))
    return tuple(views)


def session_views(state: GatewayState) -> tuple[SessionView, ...]:
    """The live sessions, the last active first."""
    now = state.clock.now()
    active = Counter(turn.session_id for turn in state.active.values())
    last_turn: dict[str | None, tuple[str, str | None]] = {
        row.session_id: (row.client, row.model) for row in state.recent
    }
    last_turn.update({turn.session_id: (turn.client, turn.model) for turn in state.active.values()})
    views = []
    for session in state.pool.sessions:
        if session.last_active_at <= now - LIVE_SESSION_S:
            continue
        token = state.pool.get(session.current_token_id)
        owner = state.licenses.get(session.license_id)
        client, model = last_turn.get(session.id, ("", None))
        views.append(
            SessionView(
                id=session.id,
                name=session.names[0] if session.names else session.id,
                license_id=session.license_id,
                license_label=owner.label if owner else "",
                home_token_id=session.home_token_id,
                token_id=session.current_token_id,
                token_label=token.label if token else "",
                client=client,
                model=model,
                created_at=session.created_at,
                last_active_at=session.last_active_at,
                turns=session.turns,
                active_turns=active[session.id],
                lent_at=session.lent_at,
                moves=session.moves,
            )
        )
    views.sort(key=lambda view: view.last_active_at, reverse=True)
    return tuple(views[:_MAX_SESSIONS])

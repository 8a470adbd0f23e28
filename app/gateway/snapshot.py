"""What the desktop shows: immutable copies, so that nobody outside touches the gateway's objects."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

from app.core.errors import WaystationError
from app.core.forecast import Forecast
from app.core.models import ModelAlias, WithdrawnModel
from app.core.policy import Policy
from app.core.quota import Quota
from app.core.release import Release
from app.core.release_memory import Consent
from app.core.settings import GatewaySettings
from app.core.token import Token, TokenKind, masked_email
from app.core.turn import TurnRow
from app.gateway.license_desk import LicenseView
from app.gateway.release_desk import ReleaseDesk
from app.gateway.sign_in_desk import SignInView
from app.gateway.state import GatewayState

#: Sessions that had a turn within this time are shown as live, and pinned ones always.
LIVE_SESSION_S = 24 * 3600


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

    @classmethod
    def of(cls, error: WaystationError) -> Problem:
        """The problem that an error tells."""
        return cls(error.code, error.message, tuple(error.details.items()))


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
    #: For each window of `quota`, in its order.
    forecasts: tuple[Forecast, ...] = ()
    #: Code and time of its last failure, until its next success; since the gateway was opened.
    last_error: str | None = None
    last_error_at: float | None = None


@dataclass(frozen=True, slots=True)
class SessionView:
    """One live session; see `Session` for the fields' meaning.

    Attributes:
        token_id, token_label: the token that serves it now, or served it last; not its home while the user's move
            waits for its next turn, and while it is lent.
        active_turns: turns of it that run now.
    """

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
    pinned: bool = False
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0


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
class ReleaseView:
    """What is known of new versions of this program.

    Attributes:
        allowed: whether this instance may ask at all.
        consent: whether the user has agreed to be told.
        feed: the address that is asked; None: none is known.
        own_feed: the user has named it.
        asking: it is being asked now.
        answered_at: when it last told something, in Unix seconds.
        failure: why the last question brought nothing.
        news: the newest version if it is newer than this one, skipped or not.
        skipped: the user does not want to hear of it.
    """

    allowed: bool = False
    consent: Consent = Consent.NOT_ASKED
    feed: str | None = None
    own_feed: bool = False
    asking: bool = False
    answered_at: float | None = None
    failure: Problem | None = None
    news: Release | None = None
    skipped: bool = False


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
        models: the user's own names for models.
        withdrawn: models that upstream no longer serves, also those that one of `models` replaces by now.
        release: what is known of new versions.
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
    models: tuple[ModelAlias, ...] = ()
    withdrawn: tuple[WithdrawnModel, ...] = ()
    release: ReleaseView = field(default_factory=ReleaseView)


def token_view(state: GatewayState, token: Token, sessions: Counter[str], now: float) -> TokenView:
    """One token as it may be shown."""
    unusable = state.pool.unusable(token)
    rest = state.pool.rest(token.id, now)
    quota = state.pool.quota(token.id)
    error = state.last_errors.get(token.id)
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
        forecasts=state.pace.forecasts(token.id, quota, now),
        last_error=error.code if error else None,
        last_error_at=error.at if error else None,
    )


def token_views(state: GatewayState, sessions: Counter[str]) -> tuple[TokenView, ...]:
    """All tokens, in the user's order.

    Args:
        state: of the gateway.
        sessions: how many live sessions each token serves, by its id.
    """
    now = state.clock.now()
    return tuple(token_view(state, token, sessions, now) for token in state.pool.tokens)


def held_views(state: GatewayState) -> tuple[HeldView, ...]:
    """The turns that wait at the station, the longest waiting first."""
    views = []
    for held in state.station.held:
        turn = state.active.get(held.turn_id)
        views.append(HeldView(held.turn_id, turn.session_id if turn else None, held.since, held.until))
    return tuple(views)


def release_view(desk: ReleaseDesk) -> ReleaseView:
    """What is known of new versions, as it may be shown."""
    memory = desk.memory
    return ReleaseView(
        allowed=desk.allowed,
        consent=memory.consent,
        feed=memory.feed,
        own_feed=memory.own_feed is not None,
        asking=desk.asking,
        answered_at=memory.answered_at,
        failure=Problem.of(desk.failure) if desk.failure is not None else None,
        news=desk.news,
        skipped=desk.skipped,
    )

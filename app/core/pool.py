"""The pool: all tokens with their health, and the sessions that belong to them.

It answers who could serve and remembers who does; `attempts` leads one turn through it. Time is passed in.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from enum import StrEnum

from app.core.health import FAULTY, LIMIT, RATE, Health
from app.core.policy import Policy
from app.core.quota import Quota
from app.core.record import record
from app.core.rest import Rest
from app.core.routing import Candidate
from app.core.sealed import SealedItems
from app.core.session import Session, SessionBook, with_names, with_owners
from app.core.shortage import PASSING, Shortage, Unusable, shortage
from app.core.token import Kinds, Token, TokenKind

#: After so long away, a loan becomes the home, in seconds.
LOAN_S = 600.0
#: The clock is set now and then by a little; what is more than this changes what lies ahead.
_CLOCK_STEP_S = 30.0
#: Within this time of another token's success, a token's failures are its own.
_OWN_FAULT_S = 120.0
_MAX_TURN_STATES = 10_000


class Reason(StrEnum):
    """Why a turn got the token that it got."""

    #: The session's own token.
    KEPT = "kept"
    #: A session's first turn.
    NEW_SESSION = "new_session"
    #: The turn named no session: the token is for this turn only.
    NO_SESSION = "no_session"
    #: The session's token was disabled, removed, refused by upstream, or cannot be opened any more: it moved.
    TOKEN_GONE = "token_gone"  # noqa: S105 - a reason, no secret
    #: The session's token reached its limit: it moved.
    LIMIT = "limit"
    #: The session's token cannot serve for a moment: lent.
    LENT = "lent"
    #: The session's token cannot have this model: lent.
    MODEL = "model"
    #: The session's token is of a kind that cannot serve this turn: lent.
    KIND = "kind"
    #: The loan is over.
    RETURNED = "returned"
    #: A spare served while nobody else could; now somebody can.
    RELIEVED = "relieved"
    #: The user moved it: this turn, or the session before it.
    USER = "user"


@record
class Standing:
    """Whether a token may take a turn now.

    Attributes:
        why_not: None: it may.
        probe: it rests still, and this turn would try it.
        wait_s: another turn is trying it just now, and its answer is waited for so long; 0: none is.
    """

    why_not: Unusable | None = None
    probe: bool = False
    wait_s: float = 0.0


#: It may, and nothing speaks against it.
FREE = Standing()


class Pool:
    """Tokens and sessions in memory. Not thread-safe: one loop owns it."""

    def __init__(
        self, tokens: Iterable[Token] = (), sessions: Iterable[Session] = (), policy: Policy | None = None
    ) -> None:
        self.sessions = SessionBook(sessions)
        self.policy = policy or Policy()
        self._tokens: dict[str, Token] = {}
        self._sealed: set[str] = set()
        self._health: dict[str, Health] = {}
        self._turn_states: dict[str, str] = {}
        self._given = 0
        self._latest = 0.0
        self._last_success: dict[str, float] = {}
        for token in tokens:
            self.put(token)

    @property
    def tokens(self) -> tuple[Token, ...]:
        """All tokens, in the user's order."""
        return tuple(sorted(self._tokens.values(), key=lambda token: (token.position, token.created_at)))

    def get(self, token_id: str) -> Token | None:
        """The token with this id."""
        return self._tokens.get(token_id)

    def put(self, token: Token, *, sealed: bool = False) -> None:
        """Add or replace a token; `sealed` says that its credential cannot be opened."""
        self._tokens[token.id] = token
        self._health.setdefault(token.id, Health())
        (self._sealed.add if sealed else self._sealed.discard)(token.id)

    def remove(self, token_id: str) -> None:
        """Forget a token; its sessions move at their next turn."""
        self._tokens.pop(token_id, None)
        self._sealed.discard(token_id)
        self._last_success.pop(token_id, None)
        health = self._health.pop(token_id, None)
        if health is not None and health.active:
            # Its last turns still give it back.
            self._health[token_id] = Health(active=health.active, trials=health.trials)

    def health(self, token_id: str) -> Health:
        """The health of a token; of an unknown one, an empty one that nobody keeps."""
        return self._health.get(token_id) or Health()

    def unusable(self, token: Token) -> Unusable | None:
        """Why this token cannot serve until the user does something, or None."""
        if token.id in self._sealed:
            return Unusable.SEALED
        if not token.enabled:
            return Unusable.DISABLED
        if token.sign_in_needed is None:
            return None
        return Unusable.KEY if token.kind is TokenKind.API_KEY else Unusable.SIGN_IN

    def standing(self, token: Token, model: str | None, now: float, kinds: Kinds = None) -> Standing:
        """Whether this token may take a turn with this model now, which only tokens of these kinds can serve."""
        why_not = self.unusable(token)
        if why_not is not None:
            return Standing(why_not)
        if kinds is not None and token.kind not in kinds:
            return Standing(Unusable.KIND)
        health = self.health(token.id)
        if model is not None and health.models.get(model, 0.0) > now:
            return Standing(Unusable.MODEL)
        rest = health.rest
        if rest is None:
            return FREE
        if health.may_probe(now):
            return Standing(probe=now < rest.until)
        reason = _REST_REASONS.get(rest.reason, Unusable.REFUSED)
        return Standing(reason, wait_s=health.trial_s(now))

    def why_away(self, session: Session, model: str | None, now: float, kinds: Kinds = None) -> Reason:
        """Why the session's home does not serve: decides between a loan and a move."""
        home = self._tokens.get(session.home_token_id)
        if home is None or self.unusable(home) is not None:
            return Reason.TOKEN_GONE
        why_not = self.standing(home, model, now, kinds).why_not
        if why_not is None and home.spare:
            return Reason.RELIEVED
        if why_not is Unusable.LIMIT:
            return Reason.LIMIT
        if why_not is Unusable.REFUSED:
            return Reason.TOKEN_GONE
        if why_not is Unusable.KIND:
            return Reason.KIND
        return Reason.MODEL if why_not is Unusable.MODEL else Reason.LENT

    def shortage(self, tokens: Iterable[Token], model: str | None, now: float, kinds: Kinds = None) -> Shortage:
        """Why none of these tokens serves a turn with this model, and when the first is back."""
        reasons: list[Unusable] = []
        back: list[tuple[float, Unusable]] = []
        for token in tokens:
            why_not = self.standing(token, model, now, kinds).why_not
            # One that could serve has been tried by the turn that asks.
            reason = why_not or Unusable.RESTING
            rest = self.health(token.id).rest
            if why_not in PASSING and rest is not None:
                # What upstream said first counts, also while its end is being tried.
                back.append((max(rest.until, now), reason))
            reasons.append(reason)
        back_at, first = min(back, default=(None, None))
        return shortage(reasons, back_at, first)

    def candidate(self, token: Token, standing: Standing, now: float) -> Candidate:
        """The token as `routing.choose` compares it."""
        health = self.health(token.id)
        return Candidate(
            token,
            left_percent=100.0 if health.quota is None else health.quota.left_percent(now),
            active=health.active,
            full=self.full(token.id),
            probe=standing.probe,
            last_given=health.last_given,
        )

    def full(self, token_id: str) -> bool:
        """Whether it serves as many turns as it may."""
        return self.health(token_id).active >= self.policy.turns_per_token

    def rest(self, token_id: str, now: float) -> Rest | None:
        """The rest that this token is taking now, if any."""
        rest = self.health(token_id).rest
        return rest if rest is not None and rest.until > now else None

    def set_rest(self, token_id: str, rest: Rest | None) -> None:
        """Let it rest, or end its rest."""
        if token_id in self._tokens:
            self._health[token_id].rest = rest

    def quota(self, token_id: str) -> Quota | None:
        """What upstream last said of its quota."""
        return self.health(token_id).quota

    def note_quota(self, token_id: str, quota: Quota, now: float, *, asked: bool = False) -> bool:
        """Remember what upstream says of its quota; True when that ended a rest.

        Args:
            token_id: whose.
            quota: the whole of what is known now.
            now: Unix seconds.
            asked: upstream was asked just for it. What comes along with an answer may be older than a limit that
                was reached meanwhile, so only this ends a rest.
        """
        health = self._health.get(token_id)
        if health is None or token_id not in self._tokens:
            return False
        health.quota = quota
        rested = health.rest is not None and health.rest.reason == LIMIT
        if not (asked and rested) or quota.limit_reached or quota.left_percent(now) <= 0:
            return False
        health.rest = None
        return True

    def active_turns(self, token_id: str) -> int:
        """How many turns this token is serving now."""
        return self.health(token_id).active

    def reset(self, token_id: str | None = None) -> int:
        """Try again now: forget the rests and refused models of one token, or of all; how many tokens rested."""
        chosen = self._health if token_id is None else {token_id: self._health.get(token_id, Health())}
        count = 0
        for health in chosen.values():
            count += health.rest is not None
            health.rest, health.faults = None, 0
            health.models.clear()
        return count

    def tick(self, now: float) -> None:
        """Note the time. When the clock was set back, what lies ahead moves with it: spans are what upstream told."""
        if not self._latest:
            # What the store remembers may be of another clock.
            for health in self._health.values():
                health.bound(now)
        back = self._latest - now
        if back > _CLOCK_STEP_S:
            for health in self._health.values():
                health.shift(back)
            self._last_success = {token: at - back for token, at in self._last_success.items()}
            for session in self.sessions:
                if session.lent_at is not None:
                    self.sessions.put(session._replace(lent_at=session.lent_at - back))
            self._latest = now
        self._latest = max(self._latest, now)

    def take(self, token_id: str, now: float) -> bool:
        """A turn goes to this token; whether it tries a resting one. Give it back with `give_back`."""
        health = self._health[token_id]
        probes = health.rest is not None
        health.active += 1
        if probes:
            health.trials += 1
            health.tried_at = now
        self._given += 1
        health.last_given = self._given
        return probes

    def give_back(self, token_id: str, *, probed: bool) -> None:
        """The token does not serve that turn any more."""
        health = self._health.get(token_id)
        if health is None:
            return
        health.active = max(0, health.active - 1)
        if probed:
            health.trials -= 1
        if not health.active and token_id not in self._tokens:
            del self._health[token_id]

    def succeeded(self, token_id: str, now: float, *, probed: bool) -> bool:
        """It served a turn; True when that ended a rest."""
        if token_id not in self._tokens:
            return False
        health = self._health[token_id]
        self._last_success[token_id] = now
        health.faults = 0
        if health.rest is None or not probed:
            # A turn that began before the limit may end after it.
            return False
        health.succeeded()
        return True

    def failed(self, token_id: str, now: float) -> Rest | None:
        """Upstream failed with this token; its own fault only while others succeed."""
        health = self._health.get(token_id)
        others = any(now - at < _OWN_FAULT_S for token, at in self._last_success.items() if token != token_id)
        return health.failed(now) if health is not None and others and token_id in self._tokens else None

    def probed(self, token_id: str) -> None:
        """The turn that tried a resting token has got its answer."""
        health = self._health.get(token_id)
        if health is not None:
            health.trials -= 1

    def sign_in_needed(self, token_id: str, reason: str) -> bool:
        """Upstream refuses this token for good; True when that is new."""
        token = self._tokens.get(token_id)
        if token is None or token.sign_in_needed is not None:
            return False
        self._tokens[token_id] = replace(token, sign_in_needed=reason)
        return True

    def refuse_model(self, token_id: str, model: str, now: float) -> None:
        """This token cannot have this model, for now."""
        health = self._health.get(token_id)
        if health is not None:
            health.refuse_model(model, now)

    def note_turn_state(self, state: str, token_id: str) -> None:
        """This turn state (its digest) was issued to this token."""
        self._turn_states.pop(state, None)
        self._turn_states[state] = token_id
        while len(self._turn_states) > _MAX_TURN_STATES:
            del self._turn_states[next(iter(self._turn_states))]

    def turn_state_owner(self, state: str) -> str | None:
        """Which token a turn state was issued to, if that is known."""
        return self._turn_states.get(state)

    def open_session(
        self, license_id: str, names: tuple[str, ...], token: Token, *, now: float, new_session_id: str
    ) -> Session:
        """A session's first turn goes to this token."""
        session = Session(new_session_id, license_id, (), token.id, token.id, now, now, turns=1)
        return self.sessions.put(with_names(session, names))

    def seen(self, session: Session, names: tuple[str, ...], now: float) -> Session:
        """Another turn of a known session."""
        seen = session._replace(last_active_at=now, turns=session.turns + 1)
        return self.sessions.put(with_names(seen, names))

    def bind(self, session: Session, token: Token, sealed: SealedItems, *, now: float, lend: bool) -> Session:
        """The session goes to another token: lent, or moved for good.

        What the request holds and nobody is known to have issued came from the token that is left.
        """
        digests = [item for _, item in sealed.reasoning] + list(sealed.kept)
        known = with_owners(session, {item: session.current_token_id for item in digests})
        home = session.home_token_id if lend else token.id
        away = token.id != home
        changed = known._replace(
            home_token_id=home,
            current_token_id=token.id,
            lent_at=(session.lent_at or now) if away else None,
            moves=session.moves + 1,
        )
        return self.sessions.put(changed)

    def move(self, session: Session, token: Token) -> Session:
        """The user wants it on this token from now on: its home, to which its next turn goes (`Session.moving`)."""
        return self.sessions.put(session._replace(home_token_id=token.id, lent_at=None))

    def settle(self, session: Session, now: float) -> Session:
        """A loan that has lasted becomes the home, unless a spare serves; a home that is gone is none to move to.

        A pinned session keeps its home whatever happens.
        """
        if session.pinned:
            return session
        if session.moving and self.why_away(session, None, now) in (Reason.TOKEN_GONE, Reason.LIMIT):
            return self.sessions.put(session._replace(home_token_id=session.current_token_id))
        current = self._tokens.get(session.current_token_id)
        lasted = session.lent_at is not None and now - session.lent_at >= LOAN_S
        if not lasted or current is None or current.spare:
            return session
        return self.sessions.put(session._replace(home_token_id=session.current_token_id, lent_at=None))


_REST_REASONS = {
    LIMIT: Unusable.LIMIT,
    RATE: Unusable.RESTING,
    FAULTY: Unusable.RESTING,
}

"""One turn's way through the pool: which token is tried, what follows from its failure, and when to give up.

Pure decisions: the gateway carries each one out and tells what came of it. ::

    attempts = Attempts(pool, wanted, started=now)
    step = attempts.decide(now)        # Send, Pause, Refresh, Queue, Hold or GiveUp
    attempts.failed(fault, now)        # after a Send; or `proven` with the first word of an answer, and `done`

Whoever has got a `Send` ends it by `failed` or `done`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from app.core.pool import Pool, Reason, Standing
from app.core.rest import Rest
from app.core.routing import choose
from app.core.session import Session
from app.core.shortage import PASSING, Shortage, Unusable, shortage
from app.core.steps import Failure, GiveUp, Hold, Pause, Queue, Refresh, Send, Step, Wanted, Why
from app.core.token import Token
from app.core.verdict import Fault, Meaning, judge

#: Bounds of one turn: tries, and the time in which a new one may begin (not counting what was held), in seconds.
MAX_SENDS = 8
MAX_TRYING_S = 120.0
#: How long a token's short rest is waited for, in seconds.
SHORT_WAIT_S = 5.0
#: Before the same token is tried again after a failure of upstream, in seconds.
_SECOND_TRY_S = 0.5
#: Refused on so many tokens, it is not tried on others: whoever burns through logins looks like a thief.
_MAX_REFUSALS = 2
#: After these, upstream's own answer says best what is wrong.
_TELLING = frozenset({Meaning.UPSTREAM, Meaning.MODEL, Meaning.WAY, Meaning.CLIENT})


class Attempts:
    """Leads one turn.

    Attributes:
        sends: how often it was sent.
    """

    def __init__(self, pool: Pool, wanted: Wanted, *, started: float) -> None:
        self.sends = 0
        self._pool = pool
        self._wanted = wanted
        self._trying_since = started
        self._session: Session | None = None
        self._counted = False
        self._opened = False
        self._at: Token | None = None
        self._probing = False
        self._next: Pause | Refresh | None = None
        self._spent: dict[str, Meaning] = {}
        self._second: set[str] = set()
        self._renewed: set[str] = set()
        self._refusals = 0
        self._bad_ways: set[str | None] = set()
        self._strip_all = False
        self._any_issuer = False
        self._last: Meaning | None = None
        self._reason: Reason | None = None

    def decide(self, now: float) -> Step:
        """What to do now."""
        pool = self._pool
        pool.tick(now)
        if self._next is not None:
            step, self._next = self._next, None
            return step
        session = self._known(now)
        if self._refusals >= _MAX_REFUSALS:
            return GiveUp(Why.REFUSED, self._shortage(pool.tokens, now))
        if self._last is Meaning.CLIENT or self.sends >= MAX_SENDS or now - self._trying_since > MAX_TRYING_S:
            return self._end(self._shortage(pool.tokens, now), None)
        issuers = self._issuers(session)
        tokens = [token for token in pool.tokens if not issuers or token.id in issuers]
        if issuers and (len(issuers) > 1 or all(pool.unusable(token) for token in tokens)):
            return GiveUp(Why.NEW_CONVERSATION, self._shortage(tokens, now))
        standings = {token.id: self._standing(token, now) for token in tokens}
        free = [token for token in tokens if standings[token.id].why_not is None] or self._without_model(
            tokens, standings
        )
        if session is not None and self._worth_waiting(session, standings, now):
            return Queue(frozenset({session.home_token_id}))
        chosen = self._chosen(session, free, standings, now)
        if chosen is None:
            return self._nobody(tokens, standings, issuers, now)
        token, reason = chosen
        if pool.full(token.id):
            stays = session is not None and token.id == session.current_token_id
            return Queue(frozenset({token.id} if stays else {other.id for other in free}))
        return self._send(session, token, reason, now)

    def other_way(self, token: Token, now: float) -> bool:
        """Whether another token could serve that does not go the same way upstream."""
        return any(
            other.proxy != token.proxy and self._standing(other, now).why_not is None for other in self._pool.tokens
        )

    def proven(self, now: float) -> bool:
        """Upstream has begun to answer; True when that ended a rest of the token."""
        if self._at is None:
            return False
        probed, self._probing = self._probing, False
        if probed:
            self._pool.probed(self._at.id)
        return self._pool.succeeded(self._at.id, now, probed=probed)

    def done(self) -> None:
        """The turn is over. Harmless when nothing was sent, and when it was told before."""
        self._given_back()

    def failed(self, fault: Fault, now: float) -> Failure:
        """Upstream failed. If the client has seen nothing yet, `decide` says what now."""
        token = self._given_back()
        meaning = judge(fault)
        self._last = meaning
        if token is None:
            return Failure(meaning)
        code = fault.code or f"http_{fault.status}"
        signed_out = self._take_in(token, meaning, fault, code, now)
        return Failure(meaning, token.id, code if signed_out else None)

    def refreshed(self, token_id: str, *, renewed: bool) -> None:
        """What came of a `Refresh`; whether only a new sign-in helps, the pool has been told."""
        self._renewed.add(token_id)
        if not renewed:
            self._spent[token_id] = Meaning.UNAUTHORIZED
            self._refusals += 1

    def queued(self, now: float) -> None:
        """The turn waited in a queue: that was not its own time."""
        self._trying_since = now

    def held(self, now: float) -> None:
        """The turn was held; it may be tried as if it had just come."""
        self._trying_since = now
        self.sends = 0
        self._spent.clear()
        self._second.clear()
        self._bad_ways.clear()
        self._last = None

    def move_to(self, token_id: str) -> None:
        """The user wants it tried there now, whatever its rest says."""
        self._pool.reset(token_id)
        self._reason = Reason.USER

    def _known(self, now: float) -> Session | None:
        """The turn's session as it is now; another turn may have moved it meanwhile."""
        wanted, pool = self._wanted, self._pool
        session = pool.sessions.find(wanted.license_id, wanted.names) if wanted.names else None
        if session is not None:
            if not self._counted:
                session = pool.seen(session, wanted.names, now)
                self._counted = True
            session = pool.settle(session, now)
        return session

    def _issuers(self, session: Session | None) -> set[str]:
        """The tokens that alone can read what cannot be left out; empty: any may try."""
        kept = self._wanted.sealed.kept
        if session is None or self._any_issuer or self._opened or not kept:
            return set()
        return {session.owners.get(item, session.current_token_id) for item in kept}

    def _standing(self, token: Token, now: float) -> Standing:
        standing = self._pool.standing(token, self._wanted.model, now)
        if standing.why_not is not None:
            return standing
        if token.id in self._spent or token.proxy in self._bad_ways:
            return Standing(Unusable.RESTING)
        return standing

    def _chosen(
        self, session: Session | None, free: list[Token], standings: dict[str, Standing], now: float
    ) -> tuple[Token, Reason] | None:
        pool = self._pool
        by_id = {token.id: token for token in free}
        if session is not None and not self._unproven(session):
            home, current = by_id.get(session.home_token_id), by_id.get(session.current_token_id)
            regular = any(not token.spare for token in free)
            if home is not None and not (home.spare and regular):
                return home, Reason.KEPT if home is current else Reason.RETURNED
            if current is not None and not (current.spare and regular):
                return current, Reason.KEPT
        best = choose([pool.candidate(token, standings[token.id], now) for token in free], pool.policy.strategy)
        if best is None:
            return None
        if session is None:
            return best.token, Reason.NEW_SESSION if self._wanted.names else Reason.NO_SESSION
        if self._unproven(session):
            kept = best.token.id == session.current_token_id
            return best.token, Reason.KEPT if kept else Reason.NEW_SESSION
        return best.token, self._why_away(session, now)

    def _unproven(self, session: Session) -> bool:
        """Whether this very turn opened the session, and has been tried in vain: nothing ties it to its token."""
        return self._opened and self.sends > 0 and session.turns <= 1

    def _why_away(self, session: Session, now: float) -> Reason:
        """Why the session's token does not serve: decides between a loan and a move."""
        pool = self._pool
        home = pool.get(session.home_token_id)
        if home is None or pool.unusable(home) is not None:
            return Reason.TOKEN_GONE
        why_not = pool.standing(home, self._wanted.model, now).why_not
        if why_not is None and home.spare:
            return Reason.RELIEVED
        if why_not is Unusable.LIMIT:
            return Reason.LIMIT
        if why_not is Unusable.REFUSED:
            return Reason.TOKEN_GONE
        return Reason.MODEL if why_not is Unusable.MODEL else Reason.LENT

    def _send(self, session: Session | None, token: Token, reason: Reason, now: float) -> Send:
        pool, wanted = self._pool, self._wanted
        moved_from = None
        if session is None:
            if wanted.names:
                session = pool.open_session(
                    wanted.license_id, wanted.names, token, now=now, new_session_id=wanted.new_session_id
                )
                self._opened = self._counted = True
        elif token.id != session.current_token_id:
            moved_from = session.current_token_id
            if reason is Reason.NEW_SESSION:
                moved_from = None
                session = pool.sessions.put(replace(session, home_token_id=token.id, current_token_id=token.id))
            else:
                lend = reason in (Reason.LENT, Reason.MODEL, Reason.RETURNED) or (
                    token.spare and reason is not Reason.RELIEVED
                )
                session = pool.bind(session, token, wanted.sealed, now=now, lend=lend)
        self._at, self._session = token, session
        self._probing = pool.take(token.id, now)
        self.sends += 1
        if self._reason is not None:
            reason, self._reason = self._reason, None
        return Send(token, session, reason, moved_from, self._leave_out(session, token), self._foreign_state(token))

    def _leave_out(self, session: Session | None, token: Token) -> frozenset[int]:
        reasoning = self._wanted.sealed.reasoning if self._strip_all or (session and session.moves) else ()
        if self._strip_all:
            return frozenset(place for place, _ in reasoning)
        if session is None:
            return frozenset()
        return frozenset(place for place, item in reasoning if session.owners.get(item, token.id) != token.id)

    def _foreign_state(self, token: Token) -> bool:
        state = self._wanted.sealed.turn_state
        if state is None:
            return False
        owner = self._pool.turn_state_owner(state)
        if owner is None:
            # After a restart nobody remembers; a session that never moved has it from its only token.
            moved = self._session is None or self._session.moves > 0
            return self._strip_all or self.sends > 1 or moved
        return owner != token.id

    def _take_in(self, token: Token, meaning: Meaning, fault: Fault, code: str, now: float) -> bool:
        """Draw the conclusions; True when only a new sign-in helps this token."""
        pool = self._pool
        health = pool.health(token.id)
        match meaning:
            case Meaning.USAGE_LIMIT:
                health.limit(now, fault.wait_s, fault.resets_at)
            case Meaning.ACCOUNT_REFUSED:
                health.refused(now, code)
            case Meaning.ACCOUNT_CLOSED:
                self._refusals += 1
                return pool.sign_in_needed(token.id, code)
            case Meaning.UNAUTHORIZED if token.id not in self._renewed:
                self._next = Refresh(token.id)
            case Meaning.UNAUTHORIZED:
                self._refusals += 1
                return pool.sign_in_needed(token.id, code)
            case Meaning.MODEL:
                if self._wanted.model is not None:
                    pool.refuse_model(token.id, self._wanted.model, now)
                self._spent[token.id] = meaning
            case Meaning.WAY:
                self._bad_ways.add(token.proxy)
            case Meaning.RATE_LIMIT:
                if not self._tried_again(token, fault.wait_s or 1.0):
                    health.slow_down(now, fault.wait_s)
            case Meaning.UPSTREAM:
                pool.failed(token.id, now)
                # What only this account can read first stays here.
                if not (self._wanted.sealed.any and self._tried_again(token, _SECOND_TRY_S)):
                    self._spent[token.id] = meaning
            case Meaning.FOREIGN:
                self._strip(token)
            case Meaning.CLIENT:
                pass
        return False

    def _tried_again(self, token: Token, wait_s: float) -> bool:
        """Have the token tried once more after a short wait; False when it was, or the wait is too long."""
        if token.id in self._second or wait_s > SHORT_WAIT_S:
            return False
        self._second.add(token.id)
        self._next = Pause(wait_s)
        return True

    def _strip(self, token: Token) -> None:
        """It holds what another account sealed, though we thought it did not: leave out what can be left out."""
        sealed = self._wanted.sealed
        if not self._strip_all and (sealed.reasoning or sealed.turn_state):
            self._strip_all = True
        elif sealed.kept:
            # Nobody knows who issued the rest; whoever did will take it.
            self._any_issuer = True
            self._spent[token.id] = Meaning.FOREIGN
        else:
            self._last = Meaning.CLIENT

    def _nobody(self, tokens: list[Token], standings: dict[str, Standing], issuers: set[str], now: float) -> Step:
        busy = frozenset(token.id for token in tokens if standings[token.id].wait)
        if busy:
            return Queue(busy)
        missing = self._shortage(tokens, now)
        if missing.back_at is not None and self._last not in _TELLING and missing.back_at - now <= SHORT_WAIT_S:
            return Pause(max(missing.back_at - now, 0.05))
        return self._end(missing, next(iter(issuers), None))

    def _end(self, missing: Shortage, issuer: str | None) -> Step:
        """Nobody else is tried."""
        if self._last is Meaning.FOREIGN and self._wanted.sealed.kept:
            return GiveUp(Why.NEW_CONVERSATION, missing)
        if self._last in _TELLING or self._last is Meaning.FOREIGN:
            return GiveUp(Why.LAST_ANSWER, missing)
        if missing.back_at is not None:
            return Hold(missing.back_at, missing, issuer)
        return GiveUp(Why.NO_TOKEN, missing)

    def _without_model(self, tokens: list[Token], standings: dict[str, Standing]) -> list[Token]:
        """When nobody has the model, and nobody comes back who might: ask again, for upstream's own words."""
        if any(standing.why_not in PASSING for standing in standings.values()):
            return []
        return [
            token for token in tokens if standings[token.id].why_not is Unusable.MODEL and token.id not in self._spent
        ]

    def _worth_waiting(self, session: Session, standings: dict[str, Standing], now: float) -> bool:
        """Whether the home's rest is over, and another turn is trying it just now."""
        standing = standings.get(session.home_token_id)
        rest = self._pool.health(session.home_token_id).rest
        return standing is not None and standing.wait and rest is not None and rest.until <= now

    def _shortage(self, tokens: Iterable[Token], now: float) -> Shortage:
        reasons: list[Unusable] = []
        back: list[float] = []
        for token in tokens:
            why_not = self._pool.standing(token, self._wanted.model, now).why_not
            rest: Rest | None = self._pool.health(token.id).rest
            if why_not in PASSING and rest is not None:
                # What upstream said first counts, also while its end is being tried.
                back.append(max(rest.until, now))
            reasons.append(why_not or Unusable.RESTING)
        return shortage(reasons, min(back, default=None))

    def _given_back(self) -> Token | None:
        token, self._at = self._at, None
        if token is not None:
            self._pool.give_back(token.id, probed=self._probing)
        return token

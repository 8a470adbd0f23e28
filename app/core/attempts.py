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

from app.core.own_token import at_home, own_token, trial_at_home, within
from app.core.pool import Pool, Reason, Standing
from app.core.routing import choose
from app.core.session import Session
from app.core.shortage import LASTING, PASSING, Shortage, Unusable
from app.core.steps import Failure, GiveUp, Hold, Pause, Queue, Refresh, Send, Step, Wanted, Why
from app.core.ties import Ties
from app.core.token import Token
from app.core.verdict import Fault, Meaning, judge

#: Bounds of one turn: failed tries, and the time in which a new one may begin (not counting what was held), in seconds.
#: A limit that was found is no failed try, however late: it is found once.
MAX_SENDS = 8
MAX_TRYING_S = 120.0
#: How long a token's short rest is waited for, in seconds.
SHORT_WAIT_S = 5.0
#: Before the same token is tried again after a failure of upstream, in seconds.
_SECOND_TRY_S = 0.5
#: Refused on so many tokens, it is not tried on others: whoever burns through logins looks like a thief.
_MAX_REFUSALS = 2
#: After these, upstream's own answer says best what is wrong.
_TELLING = frozenset({Meaning.UPSTREAM, Meaning.WAY, Meaning.CLIENT})


class Attempts:
    """Leads one turn.

    Attributes:
        sends: how often it was sent.
    """

    def __init__(self, pool: Pool, wanted: Wanted, *, started: float) -> None:
        self.sends = 0
        self._pool = pool
        self._wanted = wanted
        self._ties = Ties(wanted.sealed)
        self._trying_since = started
        self._failures = 0
        self._proven = False
        self._session_id: str | None = None
        self._counted = False
        self._opened = False
        self._at: Token | None = None
        self._probing = False
        self._next: Pause | Refresh | None = None
        self._again: str | None = None
        self._wish: str | None = None
        # Thousands of turns run at once; a set takes 216 bytes, an empty one too.
        self._tried: tuple[str, ...] = ()
        self._spent: dict[str, Meaning] = {}
        self._second: tuple[str, ...] = ()
        self._renewed: tuple[str, ...] = ()
        self._refusals = 0
        self._lent_at: float | None = None
        self._pinned = False
        self._bad_ways: tuple[str | None, ...] = ()
        self._last: Meaning | None = None

    def decide(self, now: float) -> Step:
        """What to do now."""
        pool = self._pool
        pool.tick(now)
        if self._proven:
            # Whatever comes now, the client has seen something of this answer.
            return GiveUp(Why.LAST_ANSWER, self._shortage(pool.tokens, now))
        if self._next is not None:
            step, self._next = self._next, None
            return step
        session = self._known(now)
        self._pinned = session is not None and session.pinned
        if session is not None and (home := self._straight(session, now)) is not None:
            return self._send(session, home, Reason.KEPT, now)
        mine = within(pool, session, self._wish)
        if self._refusals >= _MAX_REFUSALS:
            return GiveUp(Why.REFUSED, self._shortage(mine, now))
        if self._last is Meaning.CLIENT or self._over(now):
            return self._end(self._shortage(mine, now), None)
        readers = self._ties.readers(session)
        tokens = [token for token in mine if readers is None or token.id in readers]
        if self._pinned and (not mine or (readers and not tokens)):
            return GiveUp(Why.PINNED if mine else Why.NO_TOKEN, self._shortage(mine, now))
        standings = {token.id: self._standing(token, now) for token in tokens}
        if readers is not None and self._readers_gone(tokens, standings, now):
            return GiveUp(Why.NEW_CONVERSATION, self._shortage(tokens, now))
        free = [token for token in tokens if standings[token.id].why_not is None]
        free = free or self._without_model(tokens, standings)
        if session is not None and (trial_s := trial_at_home(pool, session, standings, now)):
            return Queue(frozenset({session.home_token_id}), trial_s)
        chosen = self._chosen(session, free, standings, now)
        if chosen is None:
            return self._nobody(tokens, standings, readers, now)
        token, reason = chosen
        if pool.full(token.id):
            stays = session is not None and token.id == session.current_token_id
            return Queue(frozenset({token.id} if stays else {other.id for other in free if pool.full(other.id)}))
        return self._send(session, token, reason, now)

    def other_way(self, token: Token, now: float) -> bool:
        """Whether another token could serve that does not go the same way upstream."""
        tokens = within(self._pool, self._pool.sessions.get(self._session_id or ""))
        return any(one.proxy != token.proxy and self._standing(one, now).why_not is None for one in tokens)

    def proven(self, now: float) -> bool:
        """Upstream has begun to answer; True when that ended a rest of the token."""
        if self._at is None:
            return False
        self._proven = True
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
        self._failures += meaning is not Meaning.USAGE_LIMIT
        code = fault.code or (f"http_{fault.status}" if fault.status is not None else "failed")
        signed_out = self._take_in(token, meaning, fault, code, now)
        return Failure(meaning, token.id, code if signed_out else None)

    def refreshed(self, token_id: str, *, renewed: bool, refused: bool = True) -> None:
        """What came of a `Refresh`; whether only a new sign-in helps, the pool has been told.

        Args:
            token_id: whose.
            renewed: it can be tried again.
            refused: if not, the login was refused for good, rather than that it could not be renewed just now.
        """
        self._renewed += (token_id,)
        if not renewed:
            self._spent[token_id] = Meaning.UNAUTHORIZED
            self._refusals += refused

    def queued(self, now: float) -> None:
        """The turn waited in a queue: that was not its own time."""
        self._trying_since = now

    def held(self, now: float) -> None:
        """The turn was held; it may be tried as if it had just come."""
        self._trying_since = now
        self._failures = 0
        self._spent.clear()
        self._second = self._renewed = ()
        self._bad_ways = ()
        self._again = None
        self._last = None

    def move_to(self, token_id: str) -> None:
        """The user wants it tried there now, whatever its rest says."""
        self._pool.reset(token_id)
        self._wish = token_id

    def _known(self, now: float) -> Session | None:
        """The turn's session as it is now; another turn may have moved it meanwhile."""
        wanted, pool = self._wanted, self._pool
        session = pool.sessions.find(wanted.license_id, wanted.names) if wanted.names else None
        if session is not None and not wanted.beside:
            if not self._counted:
                self._ties.arrived(session)
                session = pool.seen(session, wanted.names, now)
                self._counted = True
            session = pool.settle(session, now)
        return session

    def _straight(self, session: Session, now: float) -> Token | None:
        """The token of a turn of which there is nothing to decide; None: there is."""
        if self.sends or self._wish is not None or not self._ties.nothing_elsewhere(session):
            return None
        return at_home(self._pool, session, self._wanted.model, now, self._wanted.kinds)

    def _over(self, now: float) -> bool:
        """Whether it has been tried for long enough; what is waited for in order to try again still comes."""
        late = self.sends > 0 and self._again is None and now - self._trying_since > MAX_TRYING_S
        return (late and self._last is not Meaning.USAGE_LIMIT) or self._failures >= MAX_SENDS

    def _readers_gone(self, tokens: list[Token], standings: dict[str, Standing], now: float) -> bool:
        """Whether nobody will ever read what cannot be left out, though others could serve the rest."""
        if any(standings[token.id].why_not not in LASTING for token in tokens):
            return False
        others = [token for token in self._pool.tokens if token.id not in standings]
        helped = any(self._standing(token, now).why_not not in LASTING for token in others)
        return helped or (bool(others) and not tokens)

    def _standing(self, token: Token, now: float) -> Standing:
        standing = self._pool.standing(token, self._wanted.model, now, self._wanted.kinds)
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
        if (wished := by_id.get(self._wish or "")) is not None:
            return wished, Reason.USER
        moved = session is not None and session.moving and session.home_token_id in by_id
        again = by_id.get(self._again or "") if not moved else None
        if again is not None and (session is None or again.id == session.current_token_id):
            return again, Reason.NO_SESSION if session is None else Reason.KEPT
        if session is not None and (moved or not self._unproven(session)) and (own := own_token(pool, session, by_id)):
            return own
        rivals = [pool.candidate(token, standings[token.id], now) for token in free]
        best = choose(rivals, pool.policy.strategy, self._wanted.warm)
        if best is None:
            return None
        if session is None:
            return best.token, Reason.NEW_SESSION if self._wanted.names else Reason.NO_SESSION
        if self._unproven(session):
            kept = best.token.id == session.current_token_id
            return best.token, Reason.KEPT if kept else Reason.NEW_SESSION
        return best.token, pool.why_away(session, self._wanted.model, now, self._wanted.kinds)

    def _unproven(self, session: Session) -> bool:
        """Whether this very turn opened the session, and has been tried in vain: nothing ties it to its token."""
        return self._opened and self.sends > 0 and session.turns <= 1

    def _send(self, session: Session | None, token: Token, reason: Reason, now: float) -> Send:
        pool, wanted, ties = self._pool, self._wanted, self._ties
        moved_from = None
        if session is None:
            if wanted.names and not wanted.beside:
                session = pool.open_session(
                    wanted.license_id, wanted.names, token, now=now, new_session_id=wanted.new_session_id
                )
                self._opened = self._counted = True
        elif not wanted.beside:
            noted = ties.noted(session, token)
            session = noted if noted is session else pool.sessions.put(noted)
            if token.id != session.current_token_id:
                session, moved_from = self._bound(session, token, reason, now)
            elif reason is Reason.USER:
                session = pool.move(session, token)
        self._at, self._session_id = token, session.id if session is not None else None
        self._probing = pool.take(token.id, now)
        self.sends += 1
        self._again = self._wish = None
        drop, state = False, wanted.sealed.turn_state
        if state is not None:
            elsewhere = any(tried != token.id for tried in self._tried)
            drop = ties.drop_turn_state(pool.turn_state_owner(state), session, token, elsewhere=elsewhere)
        self._tried += (token.id,)
        return Send(token, session, reason, moved_from, ties.leave_out(session, token), drop)

    def _bound(self, session: Session, token: Token, reason: Reason, now: float) -> tuple[Session, str | None]:
        """The session with another token, and the one that it left; None when it had not begun there."""
        pool = self._pool
        if reason is Reason.NEW_SESSION:
            bound = session._replace(home_token_id=token.id, current_token_id=token.id, lent_at=None)
            return pool.sessions.put(bound), None
        lend = reason in (Reason.LENT, Reason.MODEL, Reason.KIND, Reason.RETURNED)
        if token.spare and reason not in (Reason.RELIEVED, Reason.USER):
            lend = True
        bound = pool.bind(session, token, self._wanted.sealed, now=now, lend=lend)
        if reason is Reason.RETURNED:
            self._lent_at = session.lent_at
        elif bound.lent_at is not None and self._lent_at is not None:
            # The home was tried in vain: the loan has lasted all the while.
            bound = pool.sessions.put(bound._replace(lent_at=self._lent_at))
        return bound, session.current_token_id

    def _take_in(self, token: Token, meaning: Meaning, fault: Fault, code: str, now: float) -> bool:
        """Draw the conclusions; True when only a new sign-in helps this token."""
        pool = self._pool
        health = pool.health(token.id)
        match meaning:
            case Meaning.USAGE_LIMIT if not self._wanted.beside:
                health.limit(now, fault.wait_s, fault.resets_at)
            case Meaning.ACCOUNT_REFUSED:
                health.refused(now, code)
            case Meaning.ACCOUNT_CLOSED:
                self._refusals += 1
                return pool.sign_in_needed(token.id, code)
            case Meaning.UNAUTHORIZED if token.id not in self._renewed:
                self._next, self._again = Refresh(token.id), token.id
            case Meaning.UNAUTHORIZED:
                self._refusals += 1
                return pool.sign_in_needed(token.id, code)
            case Meaning.MODEL | Meaning.USAGE_LIMIT:
                if self._wanted.model is not None:
                    pool.refuse_model(token.id, self._wanted.model, now)
                self._spent[token.id] = meaning
            case Meaning.WAY:
                self._bad_ways += (token.proxy,)
            case Meaning.RATE_LIMIT:
                if not self._tried_again(token, fault.wait_s or 1.0):
                    health.slow_down(now, fault.wait_s)
            case Meaning.UPSTREAM:
                pool.failed(token.id, now)
                # What only this account can read first stays here.
                if not (self._ties.any and self._tried_again(token, _SECOND_TRY_S)):
                    self._spent[token.id] = meaning
            case Meaning.FOREIGN:
                self._cannot_read(token)
        return False

    def _tried_again(self, token: Token, wait_s: float) -> bool:
        """Have the token tried once more after a short wait; False when it was, or the wait is too long."""
        if token.id in self._second or wait_s > SHORT_WAIT_S:
            return False
        self._second += (token.id,)
        self._next, self._again = Pause(wait_s), token.id
        return True

    def _cannot_read(self, token: Token) -> None:
        """It holds what another account sealed, though we thought it did not."""
        session = self._pool.sessions.get(self._session_id) if self._session_id is not None else None
        once_more = self._ties.refused(session, token.id)
        if once_more:
            self._again, self._last = token.id, None
        elif once_more is None:
            self._spent[token.id] = Meaning.FOREIGN
        else:
            self._last = Meaning.CLIENT

    def _nobody(
        self, tokens: list[Token], standings: dict[str, Standing], readers: frozenset[str] | None, now: float
    ) -> Step:
        busy = {token.id: trial_s for token in tokens if (trial_s := standings[token.id].wait_s)}
        if busy:
            return Queue(frozenset(busy), min(busy.values()))
        missing = self._shortage(tokens, now)
        if not self._telling(missing):
            if self._forgiven(tokens, now):
                return Pause(_SECOND_TRY_S)
            in_time = now - self._trying_since <= MAX_TRYING_S
            if missing.back_at is not None and missing.back_at - now <= SHORT_WAIT_S and in_time:
                return Pause(max(missing.back_at - now, 0.05))
        return self._end(missing, next(iter(readers), None) if readers else None)

    def _telling(self, missing: Shortage) -> bool:
        """Whether upstream's last answer says best why nobody serves."""
        # A token that is back some time may have the model that the last one has not.
        return self._last in _TELLING or (self._last is Meaning.MODEL and missing.back_at is None)

    def _forgiven(self, tokens: list[Token], now: float) -> bool:
        """Whether a token could serve, had upstream not failed with it: when all others rest, it is tried anew."""
        pool, wanted = self._pool, self._wanted
        usable = [token for token in tokens if pool.standing(token, wanted.model, now, wanted.kinds).why_not is None]
        failed = [token for token in usable if self._spent.get(token.id) is Meaning.UPSTREAM]
        unreached = {token.proxy for token in usable if token.proxy in self._bad_ways}
        for token in failed:
            del self._spent[token.id]
        self._bad_ways = tuple(way for way in self._bad_ways if way not in unreached)
        return bool(failed or unreached)

    def _end(self, missing: Shortage, reader: str | None) -> Step:
        """Nobody else is tried."""
        if self._last is Meaning.FOREIGN and (reader is None or missing.back_at is None):
            return GiveUp(Why.NEW_CONVERSATION, missing)
        if self._telling(missing):
            return GiveUp(Why.LAST_ANSWER, missing)
        if missing.back_at is not None:
            # Where only that token can read it, a pin keeps it from nothing.
            return Hold(missing.back_at, replace(missing, pinned=self._pinned and reader is None), reader)
        return GiveUp(Why.NO_TOKEN, missing)

    def _without_model(self, tokens: list[Token], standings: dict[str, Standing]) -> list[Token]:
        """When nobody has the model, and nobody comes back who might: ask once, for upstream's own words."""
        if self._last is Meaning.MODEL or any(standing.why_not in PASSING for standing in standings.values()):
            return []
        lacking = [token for token in tokens if standings[token.id].why_not is Unusable.MODEL]
        return [token for token in lacking if self._pool.health(token.id).rest is None]

    def _shortage(self, tokens: Iterable[Token], now: float) -> Shortage:
        missing = self._pool.shortage(tokens, self._wanted.model, now, self._wanted.kinds)
        return replace(missing, pinned=self._pinned)

    def _given_back(self) -> Token | None:
        token, self._at = self._at, None
        if token is not None:
            self._pool.give_back(token.id, probed=self._probing)
        return token

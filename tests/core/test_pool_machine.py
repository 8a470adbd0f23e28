"""Whatever happens to tokens, sessions, upstream and the clock, in whatever order: what must always hold of the pool.

A simulated upstream knows the truth: which token is really at its limit, whose login is dead, who sealed what. The pool
learns of it only through the answers.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from app.core.attempts import MAX_SENDS, MAX_TRYING_S, Attempts
from app.core.health import LIMIT as RESTS_AT_LIMIT
from app.core.health import LONGEST_REST_S, TRIAL_S
from app.core.policy import Policy, Strategy
from app.core.pool import Pool, Reason
from app.core.quota import Quota, Window
from app.core.sealed import SealedItems, digest
from app.core.session import Session
from app.core.shortage import Unusable
from app.core.steps import GiveUp, Hold, Pause, Queue, Refresh, Send, Step, Wanted, Why
from app.core.token import Token
from app.core.verdict import Fault, Meaning
from tests.core.samples import (
    BROKE,
    BROKEN,
    CLOSED,
    EXPIRED,
    FOREIGN,
    LIMIT,
    NO_MODEL,
    NOW,
    SLOW,
    UNREACHED,
    WRONG,
    compaction,
    reasoning,
    token,
)

CONVERSATIONS = ((), ("a",), ("a", "b"), ("b",), ("c",), ("d", "c"))
MODELS = (None, "m-1", "m-2")
PROXIES = (None, "direct", "socks5://10.0.0.1:1080")
#: More steps than any turn needs between two waits for others.
MANY_STEPS = 4 * MAX_SENDS + 40


@dataclass
class Truth:
    """What is really so of one token."""

    limited_until: float = 0.0
    slow_until: float = 0.0
    broken: bool = False
    broke: bool = False
    closed: bool = False
    signed_out: bool = False
    renewable: bool = True
    #: It refuses also what was renewed.
    stubborn: bool = False
    lacks: str | None = None


@dataclass
class Running:
    """A turn on its way."""

    number: int
    attempts: Attempts
    license_id: str
    names: tuple[str, ...]
    model: str | None
    items: list[dict[str, Any]]
    state: str | None
    wrong: bool
    trying_since: float
    send: Send | None = None
    probing: bool = False
    probed_at: float = 0.0
    proven: bool = False
    waits: Step | None = None
    wished: str | None = None
    failures: int = 0
    sends: int = 0
    last: Meaning | None = None
    failed_on: set[str] = field(default_factory=set)
    bad_ways: set[str | None] = field(default_factory=set)
    refreshed: set[str] = field(default_factory=set)
    refused_on: set[str] = field(default_factory=set)

    @property
    def kept(self) -> bool:
        return any(item["type"] == "compaction" for item in self.items)


def issued(text: str) -> str:
    """Whose ciphertext this is."""
    return text.split("|")[0]


class PoolMachine(RuleBasedStateMachine):
    """The pool, many turns at once, and upstream."""

    def __init__(self) -> None:
        super().__init__()
        self.pool = Pool()
        self.truth: dict[str, Truth] = {}
        self.turns: dict[int, Running] = {}
        self.history: dict[tuple[str, tuple[str, ...]], list[dict[str, Any]]] = {}
        #: Where pinned sessions belong, as the user said.
        self.pinned: dict[str, str] = {}
        self.down: set[str | None] = set()
        self.numbers = 0
        self.time = NOW
        self.offset = 0.0

    @property
    def now(self) -> float:
        return self.time + self.offset

    def number(self) -> int:
        self.numbers += 1
        return self.numbers

    # --- the world ---------------------------------------------------------------------------------------------------

    @initialize(
        spares=st.lists(st.booleans(), min_size=1, max_size=4),
        strategy=st.sampled_from(Strategy),
        cap=st.integers(1, 3),
    )
    def begin(self, spares: list[bool], strategy: Strategy, cap: int) -> None:
        self.pool.policy = Policy(strategy, turns_per_token=cap)
        for spare in spares:
            self.add_token(spare, None)

    @precondition(lambda self: len(self.pool.tokens) < 6)
    @rule(spare=st.booleans(), proxy=st.sampled_from(PROXIES))
    def add_token(self, spare: bool, proxy: str | None) -> None:
        new = token(self.number(), spare=spare, proxy=proxy)
        self.truth[new.id] = Truth()
        self.pool.put(new)

    @precondition(lambda self: self.pool.tokens)
    @rule(pick=st.integers(0, 9), what=st.sampled_from(["remove", "enable", "spare", "sign_in", "seal", "order"]))
    def change_token(self, pick: int, what: str) -> None:
        chosen = self.picked(pick)
        match what:
            case "remove":
                self.pool.remove(chosen.id)
            case "enable":
                self.pool.put(replace(chosen, enabled=not chosen.enabled))
            case "spare":
                self.pool.put(replace(chosen, spare=not chosen.spare))
            case "seal":
                self.pool.put(chosen, sealed=True)
            case "order":
                self.pool.put(replace(chosen, position=self.number()))
            case "sign_in":
                self.truth[chosen.id].signed_out = self.truth[chosen.id].closed = False
                self.pool.put(replace(chosen, sign_in_needed=None, enabled=True))

    @precondition(lambda self: self.pool.tokens)
    @rule(
        pick=st.integers(0, 9),
        what=st.sampled_from(
            [
                "limit",
                "limit",
                "short",
                "slow",
                "broken",
                "broke",
                "closed",
                "out",
                "dead",
                "stubborn",
                "model",
                "well",
                "well",
            ]
        ),
    )
    def upstream_changes(self, pick: int, what: str) -> None:
        truth = self.truth[self.picked(pick).id]
        match what:
            case "limit":
                truth.limited_until = self.time + 5 * 3600
            case "short":
                truth.limited_until = self.time + 2
            case "slow":
                truth.slow_until = self.time + 8
            case "out" | "dead":
                truth.signed_out, truth.renewable = True, what == "out"
            case "stubborn":
                truth.signed_out = truth.stubborn = True
            case "model":
                truth.lacks = "m-1"
            case "well":
                self.truth[self.picked(pick).id] = Truth()
            case flag:
                setattr(truth, flag, True)

    @rule(down=st.sampled_from([(), (), (), (), (None,), ("direct",), PROXIES]))
    def ways_change(self, down: tuple[str | None, ...]) -> None:
        self.down = set(down)

    @rule(seconds=st.sampled_from([0.5, 3.0, 20.0, 130.0, 650.0, 1000.0, 20_000.0]))
    def time_passes(self, seconds: float) -> None:
        self.time += seconds

    @rule(seconds=st.sampled_from([-100_000.0, -700.0, -40.0, -10.0, 10.0, 700.0, 100_000.0]))
    def clock_is_set(self, seconds: float) -> None:
        self.offset += seconds
        for turn in self.turns.values():
            # How long it has been tried for, nobody can tell any more.
            turn.probed_at = -math.inf

    @precondition(lambda self: self.pool.tokens)
    @rule(pick=st.integers(0, 9))
    def quota_is_polled(self, pick: int) -> None:
        chosen = self.picked(pick)
        limited = self.truth[chosen.id].limited_until
        reset = limited - self.time
        used = 100.0 if reset > 0 else 7.0
        window = Window("codex", "primary", used, 300, self.now + reset if reset > 0 else None)
        self.pool.note_quota(chosen.id, Quota((window,), self.now), self.now, asked=True)

    @precondition(lambda self: self.pool.tokens)
    @rule(pick=st.integers(-3, 9))
    def user_tries_now(self, pick: int) -> None:
        self.pool.reset(None if pick < 0 else self.picked(pick).id)

    @rule(strategy=st.sampled_from(Strategy), cap=st.integers(1, 3))
    def policy_changes(self, strategy: Strategy, cap: int) -> None:
        self.pool.policy = Policy(strategy, turns_per_token=cap)

    @precondition(lambda self: len(self.pool.sessions) > 0)
    @rule(pick=st.integers(0, 9), whether=st.booleans())
    def user_pins(self, pick: int, whether: bool) -> None:
        session = self.picked_session(pick)
        self.pool.sessions.put(session._replace(pinned=whether))
        self.pinned.pop(session.id, None)
        if whether:
            self.pinned[session.id] = session.home_token_id

    @precondition(lambda self: len(self.pool.sessions) > 0 and self.pool.tokens)
    @rule(pick=st.integers(0, 9), where=st.integers(0, 9))
    def user_moves_a_session(self, pick: int, where: int) -> None:
        session, chosen = self.picked_session(pick), self.picked(where)
        self.pool.reset(chosen.id)
        self.pool.move(session, chosen)
        if session.pinned:
            self.pinned[session.id] = chosen.id

    # --- turns -------------------------------------------------------------------------------------------------------

    @precondition(lambda self: len(self.turns) < 12)
    @rule(
        names=st.sampled_from(CONVERSATIONS),
        license_id=st.sampled_from(["l-1", "l-1", "l-2"]),
        model=st.sampled_from(MODELS),
        odd=st.sampled_from(["", "", "", "", "", "wrong", "state", "compaction", "elsewhere"]),
    )
    def turn_comes(self, names: tuple[str, ...], license_id: str, model: str | None, odd: str) -> None:
        items = list(self.history.setdefault((license_id, names[:1]), []))
        items = items[-4:]
        if odd == "elsewhere":
            items.append(reasoning(f"nobody|{self.number()}"))
        if odd == "compaction" and items:
            items.append(compaction(items[-1]["encrypted_content"]))
        state = f"{issued(items[-1]['encrypted_content'])}|state" if odd == "state" and items else None
        number = self.number()
        sealed = SealedItems({"input": items}, state)
        wanted = Wanted(license_id, names, model, sealed, f"s-{number}")
        attempts = Attempts(self.pool, wanted, started=self.now)
        self.turns[number] = Running(number, attempts, license_id, names, model, items, state, odd == "wrong", self.now)
        self.decide(self.turns[number])

    @precondition(lambda self: len(self.turns) < 12)
    @rule(names=st.sampled_from(CONVERSATIONS), model=st.sampled_from(MODELS), ends=st.booleans())
    def turn_comes_and_runs(self, names: tuple[str, ...], model: str | None, ends: bool) -> None:
        self.turn_comes(names, "l-1", model, "")
        if self.numbers in self.turns:
            turn = self.turns[self.numbers]
            self.turn_runs_as_far_as_it_can(list(self.turns).index(turn.number))
            if ends and turn.proven:
                self.go_on(turn)

    @precondition(lambda self: self.pool.tokens)
    @rule(pick=st.integers(0, 9), resting=st.sampled_from([100.0, 1000.0, 20_000.0]))
    def many_return_from_a_limit(self, pick: int, resting: float) -> None:
        one = self.picked(pick)
        self.truth[one.id].limited_until = self.time + 18_000
        self.pool.health(one.id).limit(self.now, 18_000, None)
        self.time += resting
        for name in "abc":
            self.turn_comes((name,), "l-1", None, "")

    @rule(names=st.sampled_from([("a",), ("c",)]))
    def conversation_is_compacted(self, names: tuple[str, ...]) -> None:
        items = self.history.get(("l-1", names))
        if items:
            self.history["l-1", names] = [compaction(items[-1]["encrypted_content"])]

    @precondition(lambda self: self.turns)
    @rule(pick=st.integers(0, 99))
    def turn_goes_on(self, pick: int) -> None:
        self.go_on(self.picked_turn(pick))

    @precondition(lambda self: self.turns)
    @rule(pick=st.integers(0, 99))
    def turn_runs_as_far_as_it_can(self, pick: int) -> None:
        turn = self.picked_turn(pick)
        for _ in range(MANY_STEPS):
            if turn.number not in self.turns or turn.proven or isinstance(turn.waits, Queue | Hold):
                return
            self.go_on(turn)
        raise AssertionError("it never ends")

    @precondition(lambda self: self.turns)
    @rule()
    def all_turns_run_at_once(self) -> None:
        for turn in list(self.turns.values()):
            if turn.number in self.turns:
                self.go_on(turn)

    @precondition(lambda self: self.turns)
    @rule(pick=st.integers(0, 99))
    def client_leaves(self, pick: int) -> None:
        self.end(self.picked_turn(pick))

    @precondition(lambda self: self.pool.tokens and any(isinstance(turn.waits, Hold) for turn in self.turns.values()))
    @rule(pick=st.integers(0, 9))
    def user_moves_a_held_turn(self, pick: int) -> None:
        turn = next(turn for turn in self.turns.values() if isinstance(turn.waits, Hold))
        turn.wished = self.picked(pick).id
        turn.attempts.move_to(turn.wished)
        self.go_on(turn)

    # --- what the gateway does ---------------------------------------------------------------------------------------

    def go_on(self, turn: Running) -> None:
        if turn.proven:
            self.answer_ends(turn)
            return
        if turn.send is not None:
            self.upstream_answers(turn)
            return
        match turn.waits:
            case Pause(seconds):
                self.time += seconds
            case Refresh(token_id):
                self.renew(turn, token_id)
            case Queue():
                turn.attempts.queued(self.now)
                turn.trying_since = self.now
            case Hold():
                turn.attempts.held(self.now)
                turn.trying_since, turn.failures, turn.last = self.now, 0, None
                turn.failed_on.clear()
                turn.bad_ways.clear()
                turn.refreshed.clear()
        self.decide(turn)

    def renew(self, turn: Running, token_id: str) -> None:
        truth = self.truth[token_id]
        renewed = truth.renewable and not truth.closed and not self.down
        if renewed:
            truth.signed_out = truth.stubborn
        else:
            turn.failed_on.add(token_id)
            turn.refused_on.add(token_id)
            if not truth.renewable:
                self.pool.sign_in_needed(token_id, "refresh_token_expired")
        turn.attempts.refreshed(token_id, renewed=renewed)

    def upstream_answers(self, turn: Running) -> None:
        send = turn.send
        assert send is not None
        fault = self.fault(turn, send)
        if fault is None:
            turn.proven = True
            turn.probing = False
            turn.attempts.proven(self.now)
            return
        failure = turn.attempts.failed(fault, self.now)
        turn.send, turn.probing, turn.waits = None, False, None
        turn.last = failure.meaning
        turn.failures += failure.meaning is not Meaning.USAGE_LIMIT
        match failure.meaning:
            case Meaning.WAY:
                turn.bad_ways.add(send.token.proxy)
            case Meaning.UPSTREAM | Meaning.MODEL | Meaning.FOREIGN:
                turn.failed_on.add(send.token.id)
            case Meaning.UNAUTHORIZED if send.token.id in turn.refreshed:
                turn.refused_on.add(send.token.id)
            case Meaning.ACCOUNT_CLOSED:
                turn.refused_on.add(send.token.id)

    def fault(self, turn: Running, send: Send) -> Fault | None:
        """What upstream says to it; None: it answers."""
        truth = self.truth[send.token.id]
        left = [item for place, item in enumerate(turn.items) if place not in send.leave_out]
        state = [] if send.drop_turn_state or turn.state is None else [turn.state]
        foreign = [
            text for text in [*(item["encrypted_content"] for item in left), *state] if issued(text) != send.token.id
        ]
        checks: list[tuple[Callable[[], bool], Fault]] = [
            (lambda: send.token.proxy in self.down, UNREACHED),
            (lambda: truth.closed, CLOSED),
            (lambda: truth.signed_out, EXPIRED),
            (lambda: turn.wrong, WRONG),
            (lambda: turn.model is not None and turn.model == truth.lacks, NO_MODEL),
            (lambda: bool(foreign), FOREIGN),
            (lambda: truth.broke, BROKE),
            (lambda: truth.slow_until > self.time, SLOW),
            (lambda: truth.limited_until > self.time, replace(LIMIT, wait_s=truth.limited_until - self.time)),
            (lambda: truth.broken, BROKEN),
        ]
        return next((fault for applies, fault in checks if applies()), None)

    def answer_ends(self, turn: Running) -> None:
        send = turn.send
        assert send is not None
        if send.session is not None:
            item = reasoning(f"{send.token.id}|{self.number()}")
            self.history[turn.license_id, turn.names[:1]].append(item)
        step = turn.attempts.decide(self.now)
        assert isinstance(step, GiveUp), "sent twice after output"
        assert step.why is Why.LAST_ANSWER
        self.end(turn)

    def end(self, turn: Running) -> None:
        turn.attempts.done()
        turn.attempts.done()
        del self.turns[turn.number]

    # --- what must hold of each decision -----------------------------------------------------------------------------

    def decide(self, turn: Running) -> None:
        pool, now = self.pool, self.now
        pool.tick(now)
        prior = self.session_of(turn)
        if prior is not None:
            prior = pool.settle(prior, now)
        others = {one.id: one.current_token_id for one in pool.sessions if prior is None or one.id != prior.id}
        rested = {one.id: pool.health(one.id).rest for one in pool.tokens}
        home_fits = {} if prior is None else self.fitting(turn, prior)
        step = turn.attempts.decide(now)
        turn.waits = step
        opened = step.session.id if isinstance(step, Send) and prior is None and step.session is not None else None
        after = {one.id: one.current_token_id for one in pool.sessions if prior is None or one.id != prior.id}
        after.pop(opened or "", None)
        assert after == others, "another session moved"
        if not isinstance(step, Send) and prior is not None:
            kept = pool.sessions.get(prior.id)
            assert kept is not None
            assert (kept.current_token_id, kept.home_token_id) == (prior.current_token_id, prior.home_token_id)
        match step:
            case Send():
                self.check_send(turn, step, prior, home_fits, rested[step.token.id] is not None)
            case Refresh(token_id):
                assert token_id not in turn.refreshed, "renewed twice for one turn"
                turn.refreshed.add(token_id)
            case Pause(seconds):
                assert 0 < seconds <= 5
                if turn.last not in (Meaning.UPSTREAM, Meaning.RATE_LIMIT):
                    turn.bad_ways.clear()
            case Queue(token_ids):
                assert token_ids
                for one in token_ids:
                    assert pool.full(one) or pool.health(one).trials, "waits for a token that is free"
            case Hold():
                assert now <= step.until <= now + LONGEST_REST_S
                self.check_nobody(turn)
            case GiveUp(why):
                self.check_given_up(turn, why)
                self.end(turn)

    def fitting(self, turn: Running, prior: Session) -> dict[Reason, bool]:
        """Which reasons for leaving are true of the session's home now."""
        pool, home = self.pool, self.pool.get(prior.home_token_id)
        if home is None:
            return {Reason.TOKEN_GONE: True, Reason.USER: turn.wished is not None}
        moved = turn.wished is not None or prior.moving
        standing = pool.standing(home, turn.model, self.now)
        rest = pool.health(home.id).rest
        return {
            Reason.TOKEN_GONE: pool.unusable(home) is not None or standing.why_not is Unusable.REFUSED,
            Reason.LIMIT: rest is not None and rest.reason == RESTS_AT_LIMIT,
            Reason.MODEL: standing.why_not is Unusable.MODEL,
            Reason.LENT: standing.why_not is Unusable.RESTING
            or home.id in turn.failed_on
            or home.proxy in turn.bad_ways
            or turn.kept,
            Reason.RELIEVED: home.spare,
            Reason.RETURNED: not prior.moving,
            Reason.USER: moved,
        }

    def check_send(
        self, turn: Running, send: Send, prior: Session | None, fits: dict[Reason, bool], probes: bool
    ) -> None:
        pool, held = self.pool, send.token
        assert not turn.proven
        assert turn.last is not Meaning.CLIENT, "the request's own fault was taken elsewhere"
        assert held.proxy not in turn.bad_ways, "the way is known to be bad"
        assert pool.unusable(held) is None
        assert pool.active_turns(held.id) <= pool.policy.turns_per_token, "more than it may serve"
        if probes:
            trying = [one for one in self.turns.values() if one.probing and one.send and one.send.token.id == held.id]
            assert all(self.now - one.probed_at >= TRIAL_S for one in trying), "two turns try one resting token"
            turn.probed_at = self.now
        if prior is not None and prior.pinned and held.id != prior.home_token_id:
            assert held.id == turn.wished, "a pinned session's turn went to another token"
            assert send.reason is Reason.USER
            self.pinned[prior.id] = held.id
        if prior is not None and send.reason is Reason.USER and send.moved_from is not None:
            assert held.id in (turn.wished, prior.home_token_id)
        turn.send, turn.probing, turn.wished = send, probes, None
        turn.sends += 1
        if send.session is None:
            assert not turn.names
            assert send.reason in (Reason.NO_SESSION, Reason.USER)
            return
        assert send.session == pool.sessions.find(turn.license_id, turn.names)
        assert send.session.current_token_id == held.id
        if prior is not None and prior.current_token_id != held.id and send.moved_from is not None:
            assert send.moved_from == prior.current_token_id
            assert fits.get(send.reason), f"moved without a reason: {send.reason}"
            assert (send.session.lent_at is None) == (send.session.home_token_id == held.id)
            if send.reason is Reason.RETURNED:
                assert held.id == prior.home_token_id
        elif prior is not None and prior.current_token_id != held.id:
            assert send.reason is Reason.NEW_SESSION
            assert prior.turns == 1
        else:
            assert send.moved_from is None
        owners = send.session.owners
        for place, item in enumerate(turn.items):
            owner = owners.get(digest(item["encrypted_content"]), held.id)
            if item["type"] == "compaction":
                assert owner == held.id, "a compaction that another token issued"
            else:
                assert place in send.leave_out or owner == held.id, "reasoning that another token issued"
        if send.session.moves == 0 and not owners and turn.last is not Meaning.FOREIGN and turn.sends == 1:
            assert not send.leave_out
            assert not send.drop_turn_state

    def check_nobody(self, turn: Running) -> None:
        """Nobody that could serve, as far as the pool can know, is left untried."""
        late = self.now - turn.trying_since > MAX_TRYING_S and turn.sends > 0 and turn.last is not Meaning.USAGE_LIMIT
        if turn.failures >= MAX_SENDS or late or turn.kept:
            return
        session = self.session_of(turn)
        free = [
            one.id
            for one in self.pool.tokens
            if (session is None or not session.pinned or one.id == session.home_token_id)
            and self.pool.standing(one, turn.model, self.now).why_not is None
            and one.id not in turn.failed_on
            and one.proxy not in turn.bad_ways
        ]
        assert not free, f"{free} could serve"

    def check_given_up(self, turn: Running, why: Why) -> None:
        match why:
            case Why.REFUSED:
                assert len(turn.refused_on) >= 2
            case Why.NEW_CONVERSATION:
                assert turn.kept
            case Why.PINNED:
                session = self.session_of(turn)
                assert turn.kept
                assert session is not None
                assert session.pinned
            case Why.LAST_ANSWER if turn.last is Meaning.CLIENT and not turn.kept:
                assert turn.wrong
            case Why.LAST_ANSWER:
                assert turn.last in (Meaning.UPSTREAM, Meaning.WAY, Meaning.MODEL) or turn.kept
                if turn.last is not Meaning.CLIENT:
                    self.check_nobody(turn)
            case Why.NO_TOKEN:
                self.check_nobody(turn)

    # --- what must hold at any time ----------------------------------------------------------------------------------

    @invariant()
    def turns_are_counted(self) -> None:
        counted = Counter(turn.send.token.id for turn in self.turns.values() if turn.send is not None)
        for one in self.truth:
            assert self.pool.active_turns(one) == counted[one]

    @invariant()
    def somebody_tries_what_is_being_tried(self) -> None:
        for one in self.pool.tokens:
            trying = [
                turn for turn in self.turns.values() if turn.probing and turn.send and turn.send.token.id == one.id
            ]
            assert self.pool.health(one.id).trials == len(trying)

    @invariant()
    def pinned_sessions_stay_where_the_user_wants_them(self) -> None:
        for session in self.pool.sessions:
            assert session.pinned == (session.id in self.pinned)
            if session.pinned:
                assert session.home_token_id == self.pinned[session.id]

    @invariant()
    def each_name_names_one_session(self) -> None:
        for session in self.pool.sessions:
            for name in session.names:
                found = self.pool.sessions.find(session.license_id, [name])
                assert found is not None
                assert name in found.names

    def teardown(self) -> None:
        for turn in list(self.turns.values()):
            self.end(turn)
        for one in self.truth:
            assert self.pool.active_turns(one) == 0
            assert not self.pool.health(one).trials

    def picked(self, pick: int) -> Token:
        tokens = self.pool.tokens
        return tokens[pick % len(tokens)]

    def picked_session(self, pick: int) -> Session:
        sessions = sorted(self.pool.sessions, key=lambda session: session.id)
        return sessions[pick % len(sessions)]

    def session_of(self, turn: Running) -> Session | None:
        return self.pool.sessions.find(turn.license_id, turn.names) if turn.names else None

    def picked_turn(self, pick: int) -> Running:
        return list(self.turns.values())[pick % len(self.turns)]


TestPoolMachine = PoolMachine.TestCase
TestPoolMachine.settings = settings(
    max_examples=300,
    stateful_step_count=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)

"""What the pool knows of one token's health, and what follows from each success and failure."""

from __future__ import annotations

from dataclasses import dataclass, field

from app.core.quota import Quota
from app.core.rest import Rest

#: A limit is tried again after so long at the latest: limits end early, and times named were wrong. In seconds.
PROBE_S = 15 * 60.0
#: The longest window of a ChatGPT plan is a week; a rest beyond that and a day is a mistake.
LONGEST_REST_S = 8 * 24 * 3600.0
#: So long the answer of a turn that tries a resting token is waited for, in seconds; then another one may try, too: a
#: refusal comes within seconds, and an answer that hangs shall not keep everybody waiting.
TRIAL_S = 20.0
#: The shortest rest when a limit is found again after one: times that upstream names may be wrong, or our clock.
AGAIN_LIMIT_S = 60.0
#: Upstream names whole seconds, rounded either way: who came at that second would find the limit again.
ROUNDING_S = 1.0
#: When upstream reports a limit and not its end.
UNKNOWN_LIMIT_S = 5 * 60.0
#: When upstream asks for a slower pace and does not say for how long.
UNKNOWN_RATE_S = 10.0
LONGEST_RATE_S = 5 * 60.0
#: When the account may not do this now.
REFUSED_S = 3600.0
#: Failures of a token in a row, while others succeed, before it rests.
FAULTS = 3
_FAULT_REST_S = 30.0
_LONGEST_FAULT_REST_S = 5 * 60.0
#: How long it is remembered that a token cannot have a model.
MODEL_S = 6 * 3600.0
#: Clients make names up; beyond so many the oldest are forgotten.
_MAX_MODELS = 64

LIMIT = "usage_limit_reached"
RATE = "rate_limit_exceeded"
FAULTY = "repeated_failures"


@dataclass(slots=True)
class Health:
    """One token's health; changed by the pool alone.

    Attributes:
        quota: as upstream last told it.
        rest: stands until a success, fresh quota or the user ends it; after its end one turn at a time may try.
        faults: failures in a row that others did not have.
        models: until when each model is known not to be had.
        active: turns that it serves now.
        trials: how many of them try whether the rest is over.
        tried_at: when the last of these began, in Unix seconds.
        last_given: number of the assignment that it got last; for taking turns.
    """

    quota: Quota | None = None
    rest: Rest | None = None
    faults: int = 0
    models: dict[str, float] = field(default_factory=dict)
    active: int = 0
    trials: int = 0
    tried_at: float = 0.0
    last_given: int = 0

    def limit(self, now: float, wait_s: float | None, resets_at: float | None) -> Rest:
        """Its quota is used up; upstream's own span is trusted before its point of time, since clocks differ."""
        if wait_s is None:
            # A point of time that has passed says that our clock, or theirs, is wrong.
            wait_s = UNKNOWN_LIMIT_S if resets_at is None or resets_at <= now else resets_at - now
        wait_s += ROUNDING_S
        # Turns that ran when it was found first say nothing new.
        again = self.rest is not None and now >= min(self.rest.probe_at, self.rest.until)
        wait_s = min(max(wait_s, AGAIN_LIMIT_S if again else 1.0), LONGEST_REST_S)
        return self._rests(Rest(now + wait_s, LIMIT, now + min(wait_s, PROBE_S)))

    def slow_down(self, now: float, wait_s: float | None) -> Rest:
        """Upstream asks for a slower pace."""
        until = now + min(max(wait_s or UNKNOWN_RATE_S, 1.0), LONGEST_RATE_S)
        return self._rests(Rest(until, RATE, until))

    def refused(self, now: float, code: str) -> Rest:
        """The account may not do this now."""
        return self._rests(Rest(now + REFUSED_S, code or "refused", now + PROBE_S))

    def failed(self, now: float) -> Rest | None:
        """Another failure of its own; a rest when there have been too many."""
        if self.rest is not None and self.rest.until > now and self.rest.reason == FAULTY:
            # Turns that began before the rest say nothing new.
            return None
        self.faults += 1
        if self.faults < FAULTS:
            return None
        until = now + min(_FAULT_REST_S * 2 ** (self.faults - FAULTS), _LONGEST_FAULT_REST_S)
        return self._rests(Rest(until, FAULTY, until))

    def refuse_model(self, model: str, now: float) -> None:
        """It cannot have this model, for now."""
        self.models.pop(model, None)
        self.models[model] = now + MODEL_S
        while len(self.models) > _MAX_MODELS:
            del self.models[next(iter(self.models))]

    def succeeded(self) -> None:
        """It served a turn."""
        self.faults = 0
        self.rest = None

    def may_probe(self, now: float) -> bool:
        """Whether a resting token may be tried by one turn."""
        return self.rest is not None and not self.trial_s(now) and now >= min(self.rest.probe_at, self.rest.until)

    def trial_s(self, now: float) -> float:
        """How much longer the answer of a turn that tries it is waited for, in seconds; 0: none is."""
        return min(max(self.tried_at + TRIAL_S - now, 0.0), TRIAL_S) if self.trials else 0.0

    def shift(self, seconds: float) -> None:
        """The clock was set back by so much: what lay ahead lies so much less far ahead."""
        if self.rest is not None:
            self.rest = Rest(self.rest.until - seconds, self.rest.reason, self.rest.probe_at - seconds)
        self.tried_at -= seconds
        self.models = {model: until - seconds for model, until in self.models.items()}

    def bound(self, now: float) -> None:
        """No rest is longer than it could have become now: it may have begun under another clock."""
        if self.rest is not None:
            until, probe_at = min(self.rest.until, now + LONGEST_REST_S), min(self.rest.probe_at, now + PROBE_S)
            self.rest = Rest(until, self.rest.reason, probe_at)

    def _rests(self, rest: Rest) -> Rest:
        old = self.rest
        if old is not None and old.reason == LIMIT != rest.reason and old.until > rest.until:
            # Of a limit and a passing rest the limit counts: it says more. But it is not tried before the other's end.
            rest = Rest(old.until, LIMIT, max(old.probe_at, rest.probe_at))
        self.rest = rest
        return rest

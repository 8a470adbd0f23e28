"""No token can serve: how many cannot and why, as data, and the sentence that counts them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum


class Unusable(StrEnum):
    """Why a token cannot serve a turn now."""

    DISABLED = "disabled"
    #: Its credential cannot be opened (lost data key): add it again.
    SEALED = "sealed"
    #: Upstream refuses its login: sign in again.
    SIGN_IN = "sign_in"
    #: Upstream refuses it, an API key: add a new one.
    KEY = "key"
    #: Its quota is used up.
    LIMIT = "limit"
    #: Its account may not do this now: no credit, or not in its plan.
    REFUSED = "refused"
    #: It rests for a moment: too many requests, or repeated failures.
    RESTING = "resting"
    #: It cannot have the model that is asked for.
    MODEL = "model"
    #: The turn holds what only another kind of token can be asked.
    KIND = "kind"


#: Only time helps these.
PASSING = frozenset({Unusable.LIMIT, Unusable.RESTING})
#: Only the user helps these, or another plan.
LASTING = frozenset(
    {Unusable.DISABLED, Unusable.SEALED, Unusable.SIGN_IN, Unusable.KEY, Unusable.REFUSED, Unusable.KIND}
)

_WORDS = {
    Unusable.LIMIT: "{} at {} limit",
    Unusable.SIGN_IN: "{} {} sign-in",
    Unusable.KEY: "{} with a refused API key",
    Unusable.REFUSED: "{} without credit or not allowed by {} plan",
    Unusable.RESTING: "{} resting after failures",
    Unusable.MODEL: "{} without this model",
    Unusable.KIND: "{} of a kind that cannot serve this request",
    Unusable.DISABLED: "{} disabled",
    Unusable.SEALED: "{} sealed by a lost key",
}
_PINNED_WORDS = {
    Unusable.LIMIT: "is at its limit",
    Unusable.SIGN_IN: "needs a new sign-in",
    Unusable.KEY: "is a refused API key",
    Unusable.REFUSED: "has no credit, or its plan does not allow this",
    Unusable.RESTING: "rests after failures",
    Unusable.MODEL: "does not have this model",
    Unusable.KIND: "is of a kind that cannot serve this request",
    Unusable.DISABLED: "is disabled",
    Unusable.SEALED: "is sealed by a lost key",
}
_REMEDIES = {Unusable.SIGN_IN: "sign in again", Unusable.KEY: "add a new API key"}


@dataclass(frozen=True, slots=True)
class Shortage:
    """Why nobody can serve.

    Attributes:
        reasons: how many tokens for each reason, in a fixed order; empty: there are no tokens at all.
        back_at: when the first of them may serve again, in Unix seconds; None: time does not help.
        first: why that one cannot serve; None: for the first reason that passes.
        pinned: it is a pinned session's own token alone that was looked at.
    """

    reasons: tuple[tuple[Unusable, int], ...] = ()
    back_at: float | None = None
    first: Unusable | None = None
    pinned: bool = False

    @property
    def empty(self) -> bool:
        """Whether there are no tokens at all."""
        return not self.reasons

    @property
    def limited(self) -> bool:
        """Whether it is a limit that is waited for."""
        if self.first is not None:
            return self.first is Unusable.LIMIT
        return any(reason is Unusable.LIMIT for reason, _ in self.reasons)

    @property
    def remedy(self) -> str:
        """The sentence that says what the user does about refused tokens; empty when there are none."""
        refused = {reason for reason, _ in self.reasons}
        ways = [way for reason, way in _REMEDIES.items() if reason in refused]
        said = ", or ".join(ways)
        return f"{said[:1].upper()}{said[1:]} in Waystation." if said else ""

    def message(self, clock_time: Callable[[float], str]) -> str:
        """One sentence for the client: "3 tokens: 2 at their limit (first back at 14:02), 1 needs sign-in."

        Args:
            clock_time: Unix seconds as the user's clock shows them.
        """
        if self.pinned:
            return self._of_pinned(clock_time)
        if self.empty:
            return "No token has been added to Waystation yet: add a ChatGPT login or an API key in its window."
        total = sum(count for _, count in self.reasons)
        passing = [(reason, count) for reason, count in self.reasons if reason in PASSING]
        first = self.first or next((reason for reason, _ in passing), None)
        several = sum(count for _, count in passing) > 1
        parts = []
        for reason, count in self.reasons:
            part = _phrase(reason, count)
            if self.back_at is not None and reason is first:
                part += f" ({'first ' if several else ''}back at {clock_time(self.back_at)})"
            parts.append(part)
        return f"{total} {'token' if total == 1 else 'tokens'}: {', '.join(parts)}."

    def _of_pinned(self, clock_time: Callable[[float], str]) -> str:
        what = next((_PINNED_WORDS[reason] for reason, _ in self.reasons), "was removed")
        back = f" (back at {clock_time(self.back_at)})" if self.back_at is not None else ""
        return (
            f"This conversation is pinned to a token that {what}{back}. Unpin it in Waystation, or move it to another "
            "token."
        )


def shortage(reasons: Iterable[Unusable], back_at: float | None = None, first: Unusable | None = None) -> Shortage:
    """Count the reasons; for the rest see `Shortage`."""
    counted = Counter(reasons)
    return Shortage(tuple((reason, counted[reason]) for reason in _WORDS if counted[reason]), back_at, first)


def _phrase(reason: Unusable, count: int) -> str:
    if reason is Unusable.SIGN_IN:
        return _WORDS[reason].format(count, "needs" if count == 1 else "need")
    return _WORDS[reason].format(count, "its" if count == 1 else "their")

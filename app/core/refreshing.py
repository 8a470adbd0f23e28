"""When a ChatGPT login is refreshed. Pure: wall time and jitter are passed in.

All times are Unix seconds by this computer's clock. It may be wrong and it may jump, so nothing here counts: each
answer is worked out anew from what is known, and a time that lies in an impossible future is not believed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from app.core.token import Token, TokenKind

#: So long before its end a login is refreshed; as Codex 0.169 does it (observed).
EARLY_S = 300.0
#: A login that does not say when it ends is refreshed at this age; likewise.
UNKNOWN_AGE_S = 8 * 24 * 3600.0
#: After a success the schedule leaves a login alone for so long, whatever its expiry and our clock say.
SETTLE_S = 60.0
#: A turn that was refused may ask for a refresh as often as this.
RECOVERY_S = 30.0
#: A clock that is set right by less than this is the same clock.
_PUT_BACK_S = 30.0
_FIRST_PAUSE_S = 30.0
_LONGEST_PAUSE_S = 900.0


@dataclass(frozen=True, slots=True)
class Tried:
    """The last try to refresh one login.

    Attributes:
        at: when.
        vain: how many tries in a row, this one included, left it no fresher than it was.
        not_before: when the schedule may try again.
    """

    at: float
    vain: int
    not_before: float

    def counts(self, now: float) -> bool:
        """Whether it can be measured by; not if the clock has been put back a good deal since."""
        return self.at <= now + _PUT_BACK_S


def refreshable(token: Token, *, has_refresh_token: bool) -> bool:
    """Whether this token is one to refresh: not an API key, not read from Codex's file, not disabled, not dead.

    A token that rests is refreshed like any other, so that it can serve as soon as its rest is over.
    """
    return (
        token.kind is TokenKind.CHATGPT
        and token.enabled
        and token.follows is None
        and token.sign_in_needed is None
        and has_refresh_token
    )


def due_at(token: Token) -> float:
    """When a refreshable token wants to be refreshed."""
    if token.expires_at is not None:
        return token.expires_at - EARLY_S
    born = token.created_at if token.refreshed_at is None else token.refreshed_at
    return born + UNKNOWN_AGE_S


def next_try(token: Token, tried: Tried | None, now: float) -> float:
    """When the schedule refreshes a refreshable token: in the past or now means at once."""
    due = due_at(token)
    if tried is None or not tried.counts(now):
        return due
    pause_ends = tried.not_before
    if token.expires_at is not None and tried.vain and tried.at + SETTLE_S < token.expires_at:
        # However long the pause is: once more while the access token still opens upstream.
        pause_ends = min(pause_ends, token.expires_at - SETTLE_S / 2)
    return max(due, pause_ends)


def plan(tokens: Iterable[Token], tried: Mapping[str, Tried], now: float) -> tuple[tuple[str, ...], float | None]:
    """Which of these refreshable tokens are refreshed now, and when the next of the others is; None: none of them."""
    times = {token.id: next_try(token, tried.get(token.id), now) for token in tokens}
    later = [at for at in times.values() if at > now]
    return tuple(token_id for token_id, at in times.items() if at <= now), min(later, default=None)


def may_recover(tried: Tried | None, now: float) -> bool:
    """Whether a turn that was refused may refresh now."""
    return tried is None or not tried.counts(now) or now - tried.at >= RECOVERY_S


def renewed(token: Token, tried: Tried | None, now: float) -> Tried:
    """It was refreshed, and `token` is what it is now.

    If it wants to be refreshed again at once (our clock is far ahead of upstream's), the pauses grow as after
    failures.
    """
    if due_at(token) > now:
        return Tried(now, 0, now + SETTLE_S)
    vain = _vain(tried, now)
    return Tried(now, vain, now + max(SETTLE_S, _pause(vain)))


def failed(tried: Tried | None, now: float, *, jitter: float) -> Tried:
    """It was not refreshed, for a reason that passes.

    Args:
        tried: the try before.
        now: when it failed.
        jitter: 0 to 1, at random, so that not all logins come back at the same time.
    """
    vain = _vain(tried, now)
    return Tried(now, vain, now + min(_LONGEST_PAUSE_S, _pause(vain) * (0.8 + 0.4 * jitter)))


def _vain(tried: Tried | None, now: float) -> int:
    return 1 if tried is None or not tried.counts(now) else tried.vain + 1


def _pause(vain: int) -> float:
    return min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2.0 ** min(vain - 1, 10))

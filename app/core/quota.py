"""Quota: what upstream says of a token's windows, however it says it.

Three dialects, all observed with Codex 0.169 and its backend: the `x-codex-…` headers of every answer, the
`codex.rate_limits` event, and the body of `wham/usage`.
"""

from __future__ import annotations

from dataclasses import dataclass

from app.core.record import record

#: The family of windows that turns of Codex count in.
CODEX = "codex"
PRIMARY = "primary"
SECONDARY = "secondary"


@dataclass(frozen=True, slots=True)
class Window:
    """One window of a limit.

    Attributes:
        limit: the family, such as `codex`; others are named by upstream.
        slot: `primary` (usually five hours) or `secondary` (usually a week).
        used_percent: 0 to 100.
        minutes: its length, when upstream said so.
        resets_at: Unix seconds, when upstream said so.
    """

    limit: str
    slot: str
    used_percent: float
    minutes: int | None = None
    resets_at: float | None = None

    def used_at(self, now: float) -> float:
        """How much is used at `now`: nothing once it has been reset."""
        return 0.0 if self.resets_at is not None and now >= self.resets_at else self.used_percent


@dataclass(frozen=True, slots=True)
class Credits:
    """What can be used beyond the windows; `balance` is upstream's own text."""

    has_credits: bool
    unlimited: bool
    balance: str | None = None


@record
class Quota:
    """All that is known of one token's quota.

    Attributes:
        windows: by limit and slot, those of `codex` first.
        seen_at: when upstream last said something of it, in Unix seconds.
        credits: None when upstream did not say.
        plan: as upstream names it now, or None.
        limit_reached: upstream says that no turn is allowed now.
        whole: it names every window that there is, as `wham/usage` does; a window it leaves out is no more.
    """

    windows: tuple[Window, ...]
    seen_at: float
    credits: Credits | None = None
    plan: str | None = None
    limit_reached: bool = False
    whole: bool = False

    def left_percent(self, now: float) -> float:
        """What is left in the fullest window of `codex`, 0 to 100; 100 when nothing is known."""
        used = [window.used_at(now) for window in self.windows if window.limit == CODEX]
        return 100.0 - max(used, default=0.0)

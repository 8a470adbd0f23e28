"""Quota windows of a ChatGPT account: how much is used, when it starts again, and how upstream says so."""

from dataclasses import dataclass, field

from app.practice.accounts import PracticeAccount

PRIMARY_MINUTES = 300
SECONDARY_MINUTES = 10_080

Headers = list[tuple[str, str]]


@dataclass
class QuotaWindow:
    """One rolling window. ``used_percent`` may be set by hand; ``reset_at`` is seconds since 1970.

    A window starts with its first turn and is empty again once ``reset_at`` has passed.
    """

    minutes: int
    step: float
    used_percent: float = 0.0
    reset_at: float | None = None

    def at(self, now: float) -> "QuotaWindow":
        """Return the window itself, emptied and moved on if its end has passed at ``now``."""
        if self.reset_at is None:
            self.reset_at = now + self.minutes * 60
        elif now >= self.reset_at:
            self.used_percent = 0.0
            self.reset_at = now + self.minutes * 60
        return self

    @property
    def reached(self) -> bool:
        """Say whether nothing is left."""
        return self.used_percent >= 100.0

    def reset_second(self, now: float) -> int:
        """Return the end of the window at ``now`` as a whole second."""
        return round(self.at(now).reset_at or now)


@dataclass
class AccountQuota:
    """The five-hour (primary) and the weekly (secondary) window of one account."""

    plan: str
    primary: QuotaWindow
    secondary: QuotaWindow
    credits: dict[str, object] = field(
        default_factory=lambda: {"has_credits": False, "unlimited": False, "balance": "0"}
    )

    @classmethod
    def of(cls, account: PracticeAccount) -> "AccountQuota":
        """Return the unused windows of ``account``."""
        return cls(
            plan=account.plan,
            primary=QuotaWindow(PRIMARY_MINUTES, account.primary_step),
            secondary=QuotaWindow(SECONDARY_MINUTES, account.secondary_step),
        )

    def charge(self, now: float) -> None:
        """Count one turn in both windows."""
        for window in (self.primary.at(now), self.secondary.at(now)):
            window.used_percent = min(100.0, window.used_percent + window.step)

    def exhaust(self, now: float, *, resets_in: float | None = None, weekly: bool = False) -> None:
        """Use a window up: the five-hour one, or the weekly one. ``resets_in`` is seconds from ``now``."""
        window = (self.secondary if weekly else self.primary).at(now)
        window.used_percent = 100.0
        if resets_in is not None:
            window.reset_at = now + resets_in

    def blocked_until(self, now: float) -> int | None:
        """Return the second at which the account may be used again, or None if it may be used now."""
        ends = [w.reset_second(now) for w in (self.primary.at(now), self.secondary.at(now)) if w.reached]
        return max(ends, default=None)

    def headers(self, now: float) -> Headers:
        """Return the rate headers that the Codex backend puts on every answer."""
        found: Headers = [("x-codex-active-limit", "codex"), ("x-codex-plan-type", self.plan)]
        for name, window in (("primary", self.primary.at(now)), ("secondary", self.secondary.at(now))):
            end = window.reset_second(now)
            found += [
                (f"x-codex-{name}-used-percent", f"{window.used_percent:.1f}"),
                (f"x-codex-{name}-window-minutes", str(window.minutes)),
                (f"x-codex-{name}-reset-at", str(end)),
                (f"x-codex-{name}-reset-after-seconds", str(max(0, round(end - now)))),
            ]
        found += [
            ("x-codex-credits-has-credits", str(self.credits["has_credits"])),
            ("x-codex-credits-unlimited", str(self.credits["unlimited"])),
            ("x-codex-credits-balance", str(self.credits["balance"])),
        ]
        return found

    def event(self, now: float) -> dict[str, object]:
        """Return the ``codex.rate_limits`` event."""
        limits: dict[str, object] = {"allowed": True, "limit_reached": self.blocked_until(now) is not None}
        for name, window in (("primary", self.primary), ("secondary", self.secondary)):
            limits[name] = {
                "used_percent": window.used_percent,
                "window_minutes": window.minutes,
                "reset_at": window.reset_second(now),
            }
        return {
            "type": "codex.rate_limits",
            "plan_type": self.plan,
            "rate_limits": limits,
            "credits": self.credits,
        }

    def usage(self, now: float) -> dict[str, object]:
        """Return the body of ``GET wham/usage``."""
        reached = self.blocked_until(now) is not None
        limit: dict[str, object] = {"allowed": not reached, "limit_reached": reached}
        for name, window in (("primary_window", self.primary), ("secondary_window", self.secondary)):
            end = window.reset_second(now)
            limit[name] = {
                "used_percent": round(window.used_percent),
                "limit_window_seconds": window.minutes * 60,
                "reset_after_seconds": max(0, round(end - now)),
                "reset_at": end,
            }
        return {
            "plan_type": self.plan,
            "rate_limit": limit,
            "credits": self.credits,
            "additional_rate_limits": [],
            "rate_limit_reset_credits": {"available_count": 0},
        }

"""Quota windows of a ChatGPT account: how much is used, when it starts again, and how upstream says so."""

from dataclasses import dataclass, field
from typing import Any

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
class LimitFamily:
    """Windows that are counted together. ``secondary`` may be None: some plans have one window only.

    ``name`` is what upstream calls the family to people, ``models`` the models whose turns it counts.
    """

    id: str
    primary: QuotaWindow
    secondary: QuotaWindow | None
    name: str | None = None
    models: frozenset[str] = frozenset()

    def charge(self, now: float) -> None:
        """Count one turn in every window."""
        for _, window in self._windows(now):
            window.used_percent = min(100.0, window.used_percent + window.step)

    def exhaust(self, now: float, *, resets_in: float | None = None, weekly: bool = False) -> None:
        """Use a window up: the five-hour one, or the weekly one. ``resets_in`` is seconds from ``now``."""
        window = (self.secondary if weekly and self.secondary else self.primary).at(now)
        window.used_percent = 100.0
        if resets_in is not None:
            window.reset_at = now + resets_in

    def reached_until(self, now: float) -> int | None:
        """Return the second at which every reached window is empty again, or None if none is reached."""
        ends = [window.reset_second(now) for _, window in self._windows(now) if window.reached]
        return max(ends, default=None)

    def blocked_until(self, now: float) -> int | None:
        """Return the second at which turns are allowed again, or None if they are allowed now."""
        return self.reached_until(now)

    def window_headers(self, now: float) -> Headers:
        """Return the headers of the windows, ``x-codex-primary-used-percent`` and so on."""
        prefix = f"x-{self.id.replace('_', '-')}"
        found: Headers = [(f"{prefix}-limit-name", self.name)] if self.name else []
        for name, window in self._windows(now):
            end = window.reset_second(now)
            found += [
                (f"{prefix}-{name}-used-percent", f"{window.used_percent:.1f}"),
                (f"{prefix}-{name}-window-minutes", str(window.minutes)),
                (f"{prefix}-{name}-reset-at", str(end)),
                (f"{prefix}-{name}-reset-after-seconds", str(max(0, round(end - now)))),
            ]
        return found

    def limits(self, now: float) -> dict[str, object]:
        """Return the ``rate_limits`` of the ``codex.rate_limits`` event."""
        found = self._verdict(now) | {"primary": None, "secondary": None}
        for name, window in self._windows(now):
            found[name] = {
                "used_percent": window.used_percent,
                "window_minutes": window.minutes,
                "reset_at": window.reset_second(now),
            }
        return found

    def rate_limit(self, now: float) -> dict[str, object]:
        """Return the ``rate_limit`` of ``GET wham/usage``."""
        found = self._verdict(now) | {"primary_window": None, "secondary_window": None}
        for name, window in self._windows(now):
            end = window.reset_second(now)
            found[f"{name}_window"] = {
                "used_percent": round(window.used_percent),
                "limit_window_seconds": window.minutes * 60,
                "reset_after_seconds": max(0, round(end - now)),
                "reset_at": end,
            }
        return found

    def _windows(self, now: float) -> list[tuple[str, QuotaWindow]]:
        found = [("primary", self.primary.at(now))]
        return found if self.secondary is None else [*found, ("secondary", self.secondary.at(now))]

    def _verdict(self, now: float) -> dict[str, object]:
        reached = self.reached_until(now) is not None
        return {"allowed": self.blocked_until(now) is None, "limit_reached": reached}


@dataclass
class AccountQuota(LimitFamily):
    """All windows of one account: the five-hour (primary) and the weekly (secondary), and further families.

    An account with credits goes on when its windows are used up: set ``credits["has_credits"]`` and the balance.
    """

    plan: str = ""
    credits: dict[str, Any] = field(default_factory=lambda: {"has_credits": False, "unlimited": False, "balance": "0"})
    families: list[LimitFamily] = field(default_factory=list)

    @classmethod
    def of(cls, account: PracticeAccount) -> "AccountQuota":
        """Return the unused windows of ``account``."""
        return cls(
            "codex",
            QuotaWindow(PRIMARY_MINUTES, account.primary_step),
            QuotaWindow(SECONDARY_MINUTES, account.secondary_step),
            plan=account.plan,
        )

    def add_family(
        self, id: str = "codex_bengalfox", name: str = "GPT-5.3-Codex-Spark", *, models: frozenset[str] = frozenset()
    ) -> LimitFamily:
        """Give the account windows of their own for ``models``, and return them to be changed."""
        windows = QuotaWindow(PRIMARY_MINUTES, 2.0), QuotaWindow(SECONDARY_MINUTES, 0.5)
        family = LimitFamily(id, *windows, name, models)
        self.families.append(family)
        return family

    def family(self, model: str | None) -> LimitFamily:
        """Return the windows that count the turns of ``model``."""
        return next((family for family in self.families if model in family.models), self)

    def blocked_until(self, now: float) -> int | None:
        """Return the second at which turns are allowed again, or None: they are, or credits pay for them."""
        balance = self.credits.get("balance")
        paid = self.credits["has_credits"] and (balance is None or float(balance) > 0)
        return None if paid or self.credits["unlimited"] else self.reached_until(now)

    def headers(self, now: float, model: str | None = None) -> Headers:
        """Return the rate headers that the Codex backend puts on every answer; ``model`` chooses the active limit."""
        found = [("x-codex-active-limit", self.family(model).id), ("x-codex-plan-type", self.plan)]
        for family in (self, *self.families):
            found += family.window_headers(now)
        found += [
            ("x-codex-credits-has-credits", str(self.credits["has_credits"])),
            ("x-codex-credits-unlimited", str(self.credits["unlimited"])),
            ("x-codex-credits-balance", str(self.credits["balance"])),
        ]
        return found

    def event(self, now: float) -> dict[str, object]:
        """Return the ``codex.rate_limits`` event of the account's own windows, which has no name."""
        return {
            "type": "codex.rate_limits",
            "plan_type": self.plan,
            "rate_limits": self.limits(now),
            "credits": self.credits,
        }

    def events(self, now: float) -> list[dict[str, object]]:
        """Return :meth:`event`, and one such event for each further family, with its name."""
        more: list[dict[str, object]] = [
            {
                "type": "codex.rate_limits",
                "plan_type": self.plan,
                "rate_limits": family.limits(now),
                "metered_limit_name": family.id,
                "limit_name": family.name,
            }
            for family in self.families
        ]
        return [self.event(now), *more]

    def usage(self, now: float) -> dict[str, object]:
        """Return the body of ``GET wham/usage``."""
        more = [
            {"limit_name": family.name, "metered_feature": family.id, "rate_limit": family.rate_limit(now)}
            for family in self.families
        ]
        return {
            "plan_type": self.plan,
            "rate_limit": self.rate_limit(now),
            "credits": self.credits,
            "additional_rate_limits": more,
            "rate_limit_reset_credits": {"available_count": 0},
        }

"""A license's daily budget: what it has used since local midnight, and when it may use more."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta, tzinfo

from app.core.license import License
from app.core.limit_reached import LimitReached
from app.core.turn import Usage

#: The code of the refusal, and of the turn's row.
LICENSE_BUDGET = "license_budget"
# In seconds: where it is midnight somewhere, and this computer may be taken there, a quarter of an hour begins.
_QUARTER_S = 900


def local_midnight(now: float, zone: tzinfo | None = None) -> float:
    """When the day of `now` began, in Unix seconds.

    Args:
        now: Unix seconds.
        zone: where; None: the system's own.
    """
    return _start_of(_day_of(now, zone), zone)


def next_midnight(now: float, zone: tzinfo | None = None) -> float:
    """When the next day begins, in Unix seconds; always later than `now`."""
    tomorrow = _day_of(now, zone) + timedelta(days=1)
    first = _start_of(tomorrow, zone)
    # Where clocks went back across midnight it strikes twice, and `now` may lie between the two.
    return first if first > now else _start_of(tomorrow, zone, fold=1)


class BudgetBook:
    """What each license has used today, input and output tokens as upstream counts them.

    A turn counts in the day in which it ends. What upstream did not count, such as a turn whose client left before
    its end, counts nothing. Turns that run when a budget ends may finish, so a day can use more than its budget.

    Args:
        used: what was used before, by license id.
        since: the beginning of the day that `used` is of, in Unix seconds.
        zone: whose midnights count; None: the system's own.
    """

    def __init__(self, used: Mapping[str, int] | None = None, since: float = 0.0, zone: tzinfo | None = None) -> None:
        self._used = dict(used or {})
        self._zone = zone
        self._day = _day_of(since, zone)
        # Between these two it is that day.
        self._from = self._until = 0.0

    def add(self, license_id: str, usage: Usage | None, now: float) -> None:
        """A turn has ended."""
        self._turn_over(now)
        if usage is not None:
            self._used[license_id] = self.used(license_id, now) + usage.input_tokens + usage.output_tokens

    def used(self, license_id: str, now: float) -> int:
        """How many tokens the license has used today."""
        self._turn_over(now)
        return self._used.get(license_id, 0)

    def check(self, license: License, endpoint: str, now: float) -> None:
        """Let a turn begin.

        Raises:
            LimitReached: 429 `license_budget`; today's budget of the license is used up.
        """
        budget = license.daily_tokens
        if budget is None or self.used(license.id, now) < budget:
            return
        renewed = next_midnight(now, self._zone)
        when = datetime.fromtimestamp(renewed, self._zone).astimezone(self._zone)
        raise LimitReached(
            f"The daily budget of this license, {budget:,} tokens, is used up. It is new at {when:%Y-%m-%d %H:%M} "
            f"(UTC{when:%z}).",
            endpoint=endpoint,
            code=LICENSE_BUDGET,
            resets_at=renewed,
            now=now,
            advice=f"Ask for a larger daily budget for this Waystation license than {budget:,}",
        )

    def _turn_over(self, now: float) -> None:
        if self._from <= now < self._until:
            return
        today = _day_of(now, self._zone)
        quarter_ends = (math.floor(now / _QUARTER_S) + 1) * _QUARTER_S
        self._from = local_midnight(now, self._zone)
        self._until = min(next_midnight(now, self._zone), quarter_ends)
        if today > self._day:
            self._used.clear()
        # A clock that was set back gives nothing back: what was used in the meantime was used.
        self._day = today


def _day_of(now: float, zone: tzinfo | None) -> date:
    return datetime.fromtimestamp(now, zone).date()


def _start_of(day: date, zone: tzinfo | None, fold: int = 0) -> float:
    # A midnight that daylight saving skips is, read with the old offset, the moment at which it does.
    return datetime.combine(day, time(fold=fold), zone).timestamp()

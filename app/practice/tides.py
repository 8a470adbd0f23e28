"""Quota windows that fill by themselves and begin anew after minutes, for somebody who watches.

A real window takes five hours or a week. These keep the length that they are known by and only move faster: their use
is a function of the time alone, so nothing has to tick.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from app.practice.accounts import PracticeAccount
from app.practice.server import PracticeUpstream
from app.practice.windows import PRIMARY_MINUTES, SECONDARY_MINUTES, QuotaWindow


@dataclass
class TidalWindow(QuotaWindow):
    """A window that rises to ``peak`` per cent, stays there, and is empty again.

    ``first_fill_s`` is how long that takes from the ``used_percent`` that it is made with, ``fill_s`` how long it takes
    from zero, and ``stays_s`` how long it stays; all in seconds. Turns count on top, up to the peak.
    """

    first_fill_s: float = 120.0
    fill_s: float = 240.0
    stays_s: float = 180.0
    peak: float = 100.0
    _began: float = 0.0
    _low: float = 0.0
    _fills_in: float = 0.0

    def at(self, now: float) -> QuotaWindow:
        """Return the window itself as it is at ``now``."""
        if self.reset_at is None:
            self._begin(now, self.used_percent, self.first_fill_s)
        elif now >= self.reset_at:
            self._begin(now, 0.0, self.fill_s)
        risen = self._low + (self.peak - self._low) * min(1.0, (now - self._began) / self._fills_in)
        self.used_percent = min(self.peak, max(self.used_percent, risen))
        return self

    def _begin(self, now: float, low: float, fills_in: float) -> None:
        self._began, self._low, self._fills_in = now, low, fills_in
        self.used_percent = low
        self.reset_at = now + fills_in + self.stays_s


def raise_tides(upstream: PracticeUpstream, accounts: Sequence[PracticeAccount], *, pace: float = 1.0) -> None:
    """Give the sample accounts windows that move: the first reaches its limit two minutes from now, and every seven
    minutes from then on, and rests for three; the second always has room. ``pace`` multiplies all times.
    """
    first, second = accounts

    def window(minutes: int, used: float, fill: tuple[float, float], stays_s: float, peak: float) -> TidalWindow:
        first_s, later_s = fill
        return TidalWindow(
            minutes,
            step=0.1,
            used_percent=used,
            first_fill_s=first_s * pace,
            fill_s=later_s * pace,
            stays_s=stays_s * pace,
            peak=peak,
        )

    quota = upstream.quota(first)
    quota.primary = window(PRIMARY_MINUTES, 57.0, (120, 240), 180, 100.0)
    quota.secondary = window(SECONDARY_MINUTES, 34.0, (2 * 86_400, 3 * 86_400), 86_400, 70.0)
    quota = upstream.quota(second)
    quota.primary = window(PRIMARY_MINUTES, 12.0, (5_400, 7_200), 3_600, 72.0)
    quota.secondary = window(SECONDARY_MINUTES, 21.0, (4 * 86_400, 5 * 86_400), 86_400, 60.0)

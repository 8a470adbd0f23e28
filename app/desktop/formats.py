"""Numbers and times as the tables show them."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import QLocale

NOTHING = "–"
# Times that are so near need no date, also past midnight.
_SOON_S = 12 * 3600
# Dates that are so near need no year.
_NEAR_S = 180 * 86400


def moment(at: float | None, now: float) -> str:
    """A time of this day as `14:03:22`, of another day as `minute` has it; local time."""
    if at is None:
        return NOTHING
    then = datetime.fromtimestamp(at)
    if then.date() == datetime.fromtimestamp(now).date():
        return then.strftime("%H:%M:%S")
    return _date(then, at, now)


def full_moment(at: float) -> str:
    """Date and time to the second, local."""
    return datetime.fromtimestamp(at).strftime("%Y-%m-%d %H:%M:%S")


def minute(at: float, now: float) -> str:
    """A time to the minute, with its date if it could be mistaken; of another year the date alone."""
    then, today = datetime.fromtimestamp(at), datetime.fromtimestamp(now)
    if then.date() == today.date() or 0 <= at - now < _SOON_S:
        return then.strftime("%H:%M")
    return _date(then, at, now)


def duration(milliseconds: float | None) -> str:
    """`85 ms`, `2.4 s`, `3:05 min`."""
    if milliseconds is None:
        return NOTHING
    if milliseconds < 999.5:
        return f"{milliseconds:.0f} ms"
    seconds = milliseconds / 1000
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d} min"


def count(number: int | None) -> str:
    """A number with the separators of the language."""
    return NOTHING if number is None else QLocale().toString(number)


def percent(number: int) -> str:
    """A share of a hundred, as both languages write it."""
    return f"{count(number)}%"


def _date(then: datetime, at: float, now: float) -> str:
    far = then.year != datetime.fromtimestamp(now).year and abs(at - now) > _NEAR_S
    return then.strftime("%Y-%m-%d" if far else "%m-%d %H:%M")


def shortened(name: str, limit: int = 20) -> str:
    """A long name by its start and end; session names are often UUIDs that differ at the end."""
    if len(name) <= limit:
        return name
    tail = (limit - 1) // 3
    return f"{name[: limit - 1 - tail]}…{name[-tail:]}"

"""Large numbers in few characters, and scales that end on round ones."""

from __future__ import annotations

import math

from PySide6.QtCore import QLocale

_UNITS = ((1e9, "B"), (1e6, "M"), (1e3, "k"))
# Chinese counts in ten thousands.
_CHINESE_UNITS = ((1e8, "亿"), (1e4, "万"))
# Their halves are round as well.
_ROUND = (1.0, 1.2, 1.6, 2.0, 2.4, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)


def compact(number: float) -> str:
    """A number at a glance, by the locale: `850`, `1.2M`, `123万`."""
    locale = QLocale()
    chinese = locale.language() == QLocale.Language.Chinese
    for unit, name in _CHINESE_UNITS if chinese else _UNITS:
        # What would be rounded up to this unit is told in it.
        if number >= unit * 0.9995:
            value = number / unit
            whole = value >= 10 or abs(value - round(value)) < 0.05
            return f"{locale.toString(round(value, 1), 'f', 0 if whole else 1)}{name}"
    return locale.toString(round(number))


def round_top(highest: float) -> int:
    """Where a scale ends that has to hold `highest`: at least 1, and a round number whose half is round."""
    if highest <= 1:
        return 1
    power = 10.0 ** math.floor(math.log10(highest))
    return round(next(step for step in _ROUND if step * power >= highest * 0.999999) * power)

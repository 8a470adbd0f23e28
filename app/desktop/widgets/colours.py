"""Colours made from the palette, so that they fit dark and light alike."""

from __future__ import annotations

from enum import Enum

from PySide6.QtGui import QColor, QPalette


class Tone(Enum):
    """The hue of a notice; its symbol says the same without colour."""

    WARNING = QColor("#d97706")
    ERROR = QColor("#dc2626")
    INFO = QColor("#2563eb")


def blended(base: QColor, tint: QColor, share: float) -> QColor:
    """`base` with `share` (0 to 1) of `tint` in it."""
    return QColor.fromRgbF(
        base.redF() + (tint.redF() - base.redF()) * share,
        base.greenF() + (tint.greenF() - base.greenF()) * share,
        base.blueF() + (tint.blueF() - base.blueF()) * share,
    )


def is_dark(palette: QPalette) -> bool:
    """Whether windows are darker than their text."""
    window = palette.color(QPalette.ColorRole.Window).lightnessF()
    return bool(window < palette.color(QPalette.ColorRole.WindowText).lightnessF())


def quiet_text(palette: QPalette) -> QColor:
    """For what is said beside the main thing; contrast of more than 4.5:1 on usual palettes."""
    return blended(palette.color(QPalette.ColorRole.WindowText), palette.color(QPalette.ColorRole.Window), 0.35)

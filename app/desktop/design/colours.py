"""Colours made from the palette, so that they fit dark and light alike."""

from __future__ import annotations

from enum import Enum

from PySide6.QtGui import QColor, QPalette

# WCAG 2.2 asks for 3:1 of what is no text; more, so that it has that on fields with a tint too.
_SEEN = 4.5
# From the accent to the colour of text.
_STEPS = 10


class Tone(Enum):
    """The hue of a notice, a gauge or a mark; its symbol or its words say the same without colour."""

    POSITIVE = QColor("#0f766e")
    WARNING = QColor("#d97706")
    ERROR = QColor("#dc2626")
    INFO = QColor("#2563eb")
    NEUTRAL = QColor("#6b7280")


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


def mark(tone: Tone, palette: QPalette) -> QColor:
    """A tone for symbols, bars and lines; contrast of more than 3:1 against windows and cards."""
    return blended(tone.value, QColor("white"), 0.45) if is_dark(palette) else tone.value


def tinted(tone: Tone, palette: QPalette, share: float = 0.10) -> QColor:
    """A field that only hints at a tone, with ordinary text on it."""
    window = palette.color(QPalette.ColorRole.Window)
    return blended(window, tone.value, share * 2.2 if is_dark(palette) else share)


def card(palette: QPalette) -> QColor:
    """The field of a card: what tables and entries have too."""
    return palette.color(QPalette.ColorRole.Base)


def line(palette: QPalette) -> QColor:
    """Thin lines: around cards, between parts."""
    window, text = palette.color(QPalette.ColorRole.Window), palette.color(QPalette.ColorRole.WindowText)
    return blended(window, text, 0.16)


def groove(palette: QPalette) -> QColor:
    """The empty part of a gauge."""
    window, text = palette.color(QPalette.ColorRole.Window), palette.color(QPalette.ColorRole.WindowText)
    return blended(window, text, 0.13)


def focus(palette: QPalette, *behind: QColor) -> QColor:
    """Of the line around what has the keyboard; contrast of at least 3:1 against windows, cards, tints and `behind`."""
    role = QPalette.ColorRole
    accent, text = palette.color(role.Highlight), palette.color(role.WindowText)
    fields = (palette.color(role.Window), palette.color(role.Base), *behind)
    made = (blended(accent, text, step / _STEPS) for step in range(_STEPS))
    return next((ink for ink in made if all(contrast(ink, field) >= _SEEN for field in fields)), text)


def contrast(one: QColor, other: QColor) -> float:
    """From 1 to 21: "contrast ratio" of WCAG 2.2."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: QColor) -> float:
    # "Relative luminance" of WCAG 2.2.
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)
        for part in (colour.redF(), colour.greenF(), colour.blueF())
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue

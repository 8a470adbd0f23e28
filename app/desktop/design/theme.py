"""Light, dark, or as the system has it."""

from __future__ import annotations

import sys
from enum import StrEnum

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication

# Widgets that draw no window of their own; by the names of their classes.
_FRAMED = ("QCheckBox", "QRadioButton", "QLineEdit", "QAbstractSpinBox", "QComboBox")


class Theme(StrEnum):
    """What the user has chosen."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


def apply_theme(application: QApplication, theme: Theme) -> None:
    """Make all windows light or dark; on Windows and macOS in the system's own way.

    Elsewhere the styles of desktops do not follow a wish for light or dark (`setColorScheme` had no effect on X11 with
    Qt 6.11), so there the wish brings the Fusion style with a palette of ours.
    """
    schemes = {Theme.LIGHT: Qt.ColorScheme.Light, Theme.DARK: Qt.ColorScheme.Dark}
    application.styleHints().setColorScheme(schemes.get(theme, Qt.ColorScheme.Unknown))
    if sys.platform in ("win32", "darwin"):
        return
    if theme is Theme.SYSTEM:
        application.setPalette(QPalette())
    else:
        application.setStyle("Fusion")
        palette = dark_palette() if theme is Theme.DARK else light_palette()
        application.setPalette(palette)
        framed = framed_palette(palette, dark=theme is Theme.DARK)
        for kind in _FRAMED:
            # It takes a str; the stub of PySide6 6.11.3 says bytes.
            application.setPalette(framed, kind)  # type: ignore[arg-type]


def light_palette() -> QPalette:
    """Dark text on light windows."""
    return _palette(window="#f3f4f6", base="#ffffff", text="#1b1f24", button="#f9fafb", highlight="#0f766e")


def dark_palette() -> QPalette:
    """Light text on dark windows."""
    return _palette(window="#1f2328", base="#272c33", text="#e6e8eb", button="#323840", highlight="#14857b")


def framed_palette(palette: QPalette, *, dark: bool) -> QPalette:
    """For what is nothing but its frame while it is empty: a frame that can be seen, 3:1 against cards.

    The Fusion style makes frames from the colour of windows, 1.4 times darker, which is lost in a dark window.
    """
    made = QPalette(palette)
    made.setColor(QPalette.ColorRole.Window, QColor("#aab1ba" if dark else "#b4b9c0"))
    return made


def _palette(*, window: str, base: str, text: str, button: str, highlight: str) -> QPalette:
    # Qt makes the shades of frames and shadows from these two.
    made = QPalette(QColor(button), QColor(window))
    role = QPalette.ColorRole
    for name in (role.WindowText, role.Text, role.ButtonText, role.ToolTipText):
        made.setColor(name, QColor(text))
    made.setColor(role.Base, QColor(base))
    made.setColor(role.ToolTipBase, QColor(base))
    made.setColor(role.Highlight, QColor(highlight))
    made.setColor(role.HighlightedText, QColor("white"))
    made.setColor(role.Accent, QColor(highlight))
    made.setColor(role.Link, QColor("#2dd4bf" if QColor(window).lightnessF() < 0.5 else "#0f766e"))
    between = _between(QColor(base), QColor(window))
    made.setColor(role.AlternateBase, between)
    faint = _between(QColor(text), QColor(window))
    made.setColor(role.PlaceholderText, faint)
    for name in (role.WindowText, role.Text, role.ButtonText):
        made.setColor(QPalette.ColorGroup.Disabled, name, faint)
    return made


def _between(one: QColor, other: QColor) -> QColor:
    return QColor.fromRgbF(
        (one.redF() + other.redF()) / 2, (one.greenF() + other.greenF()) / 2, (one.blueF() + other.blueF()) / 2
    )

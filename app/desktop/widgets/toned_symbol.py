"""Symbols of states in tables, in the tone of what they say; the words beside them say it too."""

from __future__ import annotations

from PySide6.QtGui import QIcon, QPalette

from app.desktop.design import colours
from app.desktop.design.colours import Tone
from app.desktop.icons import Icons

_TONES = {
    "state-ready": Tone.POSITIVE,
    "state-active": Tone.POSITIVE,
    "state-idle": Tone.NEUTRAL,
    "state-disabled": Tone.WARNING,
    "waiting": Tone.WARNING,
    "warning": Tone.ERROR,
}


def toned_symbol(icons: Icons, name: str, palette: QPalette) -> QIcon:
    """A symbol in its tone; one that says nothing good or bad in the colour of text."""
    tone = _TONES.get(name)
    return icons.symbol(name, palette) if tone is None else icons.tinted(name, colours.mark(tone, palette))

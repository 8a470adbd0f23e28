"""How the parts of the bars are filled: each in its own shade and its own pattern."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto
from typing import TypeAlias

from PySide6.QtCore import QPoint, QRect, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPalette, QPen

from app.desktop.design import colours, space
from app.desktop.design.colours import Tone

_KEY = 10


class Stroke(Enum):
    """What a part of a bar stands for."""

    CACHED = auto()
    INPUT = auto()
    OUTPUT = auto()
    TURNS = auto()
    FAILED = auto()


#: Of each stroke, and behind its pattern.
Inks: TypeAlias = Mapping[Stroke, tuple[QColor, QColor]]


def inks(palette: QPalette) -> Inks:
    """What strokes are drawn with, made once for all bars: there are a hundred parts."""
    card = colours.card(palette)
    made = {stroke: _ink(stroke, palette) for stroke in Stroke}
    return {stroke: (ink, colours.blended(card, ink, 0.22)) for stroke, ink in made.items()}


def draw_stroke(painter: QPainter, where: QRectF, stroke: Stroke, inks: Inks) -> None:
    """Fill a part of a bar."""
    (ink, behind), pattern = inks[stroke], _PATTERNS.get(stroke)
    if pattern is None:
        painter.fillRect(where, ink)
        return
    painter.save()
    painter.fillRect(where, behind)
    painter.fillRect(where, QBrush(ink, pattern))
    painter.setPen(QPen(ink, 1))
    if where.height() > 2 and where.width() > 2:
        painter.drawRect(where.adjusted(0.5, 0.5, -0.5, -0.5))
    else:
        painter.fillRect(where, ink)
    painter.restore()


def draw_key(painter: QPainter, at: QPoint, stroke: Stroke, words: str, palette: QPalette, inks: Inks) -> int:
    """Draw what a filling stands for, in the painter's font; returns where it ends at the right."""
    metrics = painter.fontMetrics()
    square = QRectF(at.x(), at.y() + (metrics.height() - _KEY) / 2, _KEY, _KEY)
    draw_stroke(painter, square, stroke, inks)
    left = at.x() + _KEY + space.XS
    width = metrics.horizontalAdvance(words)
    painter.setPen(colours.quiet_text(palette))
    painter.drawText(QRect(left, at.y(), width + 1, metrics.height()), Qt.AlignmentFlag.AlignVCenter, words)
    return left + width


_PATTERNS = {Stroke.CACHED: Qt.BrushStyle.BDiagPattern, Stroke.FAILED: Qt.BrushStyle.DiagCrossPattern}


def _ink(stroke: Stroke, palette: QPalette) -> QColor:
    match stroke:
        case Stroke.CACHED | Stroke.INPUT:
            return colours.mark(Tone.POSITIVE, palette)
        case Stroke.OUTPUT:
            return colours.blended(palette.color(QPalette.ColorRole.Text), colours.card(palette), 0.1)
        case Stroke.TURNS:
            return colours.mark(Tone.NEUTRAL, palette)
        case Stroke.FAILED:
            return colours.mark(Tone.ERROR, palette)

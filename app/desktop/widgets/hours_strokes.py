"""How the parts of the bars are filled: each in its own shade and its own pattern."""

from __future__ import annotations

from enum import Enum, auto

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


def draw_stroke(painter: QPainter, where: QRectF, stroke: Stroke, palette: QPalette) -> None:
    """Fill a part of a bar."""
    ink, pattern = _ink(stroke, palette), _PATTERNS.get(stroke)
    painter.save()
    if pattern is None:
        painter.fillRect(where, ink)
    else:
        painter.fillRect(where, colours.blended(colours.card(palette), ink, 0.22))
        painter.fillRect(where, QBrush(ink, pattern))
        painter.setPen(QPen(ink, 1))
        if where.height() > 2 and where.width() > 2:
            painter.drawRect(where.adjusted(0.5, 0.5, -0.5, -0.5))
        else:
            painter.fillRect(where, ink)
    painter.restore()


def draw_key(painter: QPainter, at: QPoint, stroke: Stroke, words: str, palette: QPalette) -> int:
    """Draw what a filling stands for, in the painter's font; returns where it ends at the right."""
    metrics = painter.fontMetrics()
    square = QRectF(at.x(), at.y() + (metrics.height() - _KEY) / 2, _KEY, _KEY)
    draw_stroke(painter, square, stroke, palette)
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

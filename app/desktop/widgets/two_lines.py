"""Table cells of two lines: a text with a quieter one or a gauge below it, or one text that is wrapped."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetrics,
    QIcon,
    QPainter,
    QPalette,
    QStaticText,
    QTextLayout,
    QTextOption,
    QTransform,
)
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from app.desktop.design import colours, space, text
from app.desktop.design.colours import Tone
from app.desktop.design.text import TextRole
from app.desktop.widgets.table import Table

#: What a model answers beside Qt's own roles: the text of the second line, or
BELOW = Qt.ItemDataRole.UserRole + 1
#: how full the gauge on the second line is, 0 to 100, with its `Tone`: `tuple[int, Tone]`; or None.
BAR = Qt.ItemDataRole.UserRole + 2

#: Of a cell: symbol, side, text, the text below, and the gauge as `BAR` answers it.
Line: TypeAlias = tuple[QIcon | None, Qt.AlignmentFlag, str, str | None, tuple[int, Tone] | None]

_SYMBOL_SIZE = 16
_BAR = 5
_WIDEST_BAR = 160
_MARK = 3
# So many lines are kept as they were laid out: more than anybody sees at once.
_LINES = 1_000


def use_two_lines(table: Table) -> None:
    """Draw all cells of a table in this way."""
    delegate = TwoLineDelegate(table)
    table.setItemDelegate(delegate)
    table.setAlternatingRowColors(False)
    table.verticalHeader().setDefaultSectionSize(delegate.height(table.font()))


@dataclass(frozen=True, slots=True)
class _Hand:
    """Writes lines in one font. To lay out a line takes longer than all else about a cell, so each is kept."""

    font: QFont
    metrics: QFontMetrics
    lines: dict[tuple[str, int | None], tuple[QStaticText, int]] = field(default_factory=dict)

    def width(self, said: str) -> int:
        """Of a text in one line that is not elided."""
        return self._line(said, None)[1]

    def write(self, painter: QPainter, where: QRect, right: bool, said: str) -> None:
        """One line in the middle of this height; what has no room is elided. The painter has the font already."""
        room = where.width()
        text, width = self._line(said, None)
        # What is as wide as the room to a part of a pixel may have none.
        if width >= room:
            text, width = self._line(said, room)
        left = where.left() + (room - width if right else 0)
        painter.drawStaticText(left, where.top() + (where.height() - self.metrics.height()) // 2, text)

    def lay_out(self, said: str, room: int) -> None:
        """Do what `write` has to do before it draws."""
        if self.width(said) >= room:
            self._line(said, room)

    def _line(self, said: str, room: int | None) -> tuple[QStaticText, int]:
        """As it is, for columns of any width, or elided for this one; with its width."""
        line = self.lines.get((said, room))
        if line is None:
            elide, side = self.metrics.elidedText, Qt.TextElideMode.ElideRight
            shown = said if room is None else elide(said, side, room)
            text = QStaticText(shown)
            text.setTextFormat(Qt.TextFormat.PlainText)
            text.prepare(QTransform(), self.font)
            if len(self.lines) >= _LINES:
                self.lines.clear()
            line = self.lines[said, room] = text, self.metrics.horizontalAdvance(shown)
        return line


@dataclass(frozen=True, slots=True)
class _Inks:
    """What cells are drawn with, made once for each palette and font: hundreds are drawn at a time."""

    upper: _Hand
    below: _Hand
    text: QColor
    quiet: QColor
    line: QColor
    accent: QColor
    selected: QColor
    focused: QColor


class TwoLineDelegate(QStyledItemDelegate):
    """The selected row is only tinted, so that symbols and gauges keep their colours, and has a mark at its edge."""

    def __init__(self, table: Table) -> None:
        super().__init__(table)
        self._table = table
        self._inks: tuple[int, _Inks] | None = None

    def prepare(self) -> None:
        """Find and lay out what is in sight, which is half of drawing what is new, and can be done in a slot before."""
        table = self._table
        first, last = (table.rowAt(y) for y in (0, table.viewport().height() - 1))
        if self._inks is None or first < 0 or not table.isVisible():
            return
        inks, model = self._inks[1], self._table.rows
        last = last if last >= 0 else model.rowCount() - 1
        columns = [column for column in range(model.columnCount()) if not table.isColumnHidden(column)]
        for column in columns:
            width = table.columnWidth(column) - 2 * space.S
            for row in range(first, last + 1):
                icon, _side, said, below, bar = _line(model.index(row, column))
                room = width - (_SYMBOL_SIZE + space.S if isinstance(icon, QIcon) else 0)
                if bar is None and not below:
                    inks.upper.width(said)
                    continue
                inks.upper.lay_out(said, room)
                if bar is None and below != " ":
                    inks.below.lay_out(str(below), room)

    def height(self, font: QFont) -> int:
        """Of a row, in pixels."""
        below = QFontMetrics(text.font(TextRole.CAPTION))
        return QFontMetrics(font).height() + below.height() + 2 * space.S

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        """See QStyledItemDelegate."""
        return QSize(0, self.height(option.font))

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """See QStyledItemDelegate."""
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        inks, rect = self._inks_for(option), option.rect
        _paint_field(painter, option, index.column(), rect, inks)
        icon, side, said, below, bar = _line(index)
        # To ask a flag of Qt's for its parts takes long: once a cell.
        right = Qt.AlignmentFlag.AlignRight in side
        field = rect.adjusted(space.S, space.S, -space.S, -space.S)
        if isinstance(icon, QIcon):
            top = rect.center().y() - _SYMBOL_SIZE // 2
            icon.paint(painter, QRect(field.left(), top, _SYMBOL_SIZE, _SYMBOL_SIZE))
            field.setLeft(field.left() + _SYMBOL_SIZE + space.S)
        if bar is None and not below:
            _draw_wrapped(painter, field, right, said, inks)
        else:
            upper = QRect(field.left(), field.top(), field.width(), inks.upper.metrics.height())
            painter.setFont(inks.upper.font)
            painter.setPen(inks.text)
            inks.upper.write(painter, upper, right, said)
            lower = QRect(field.left(), upper.bottom() + 1, field.width(), field.bottom() - upper.bottom())
            if bar is not None:
                left, tone = bar
                _draw_bar(painter, lower, left, tone, option.palette)
            elif below != " ":
                painter.setFont(inks.below.font)
                painter.setPen(inks.quiet)
                inks.below.write(painter, lower, right, str(below))
        painter.restore()

    def _inks_for(self, option: QStyleOptionViewItem) -> _Inks:
        palette, font = option.palette, option.font
        key = palette.cacheKey()
        if self._inks is None or self._inks[0] != key or self._inks[1].upper.font != font:
            base, accent = palette.color(QPalette.ColorRole.Base), palette.color(QPalette.ColorRole.Highlight)
            ink, below = palette.color(QPalette.ColorRole.Text), text.font(TextRole.CAPTION)
            self._inks = (
                key,
                _Inks(
                    upper=_Hand(QFont(font), QFontMetrics(font)),
                    below=_Hand(below, QFontMetrics(below)),
                    text=ink,
                    quiet=colours.quiet_text(palette),
                    line=colours.blended(base, ink, 0.10),
                    accent=accent,
                    selected=colours.blended(base, accent, 0.14),
                    focused=colours.blended(base, accent, 0.22),
                ),
            )
        return self._inks[1]


def _line(index: QModelIndex | QPersistentModelIndex) -> Line:
    model = index.model()
    line = getattr(model, "line", None)
    if line is not None:
        found: Line = line(index)
        return found
    # Asked for directly: through the index each answer would be made into Qt's own kind and back.
    ask = model.data
    icon, side = ask(index, Qt.ItemDataRole.DecorationRole), ask(index, Qt.ItemDataRole.TextAlignmentRole)
    return icon, side, str(ask(index) or ""), ask(index, BELOW), ask(index, BAR)


def _paint_field(painter: QPainter, option: QStyleOptionViewItem, column: int, rect: QRect, inks: _Inks) -> None:
    if QStyle.StateFlag.State_Selected in option.state:
        focused = option.widget is not None and option.widget.hasFocus()
        painter.fillRect(rect, inks.focused if focused else inks.selected)
        if column == 0:
            painter.fillRect(QRect(rect.topLeft(), QSize(_MARK, rect.height())), inks.accent)
    painter.fillRect(QRect(rect.left(), rect.bottom(), rect.width(), 1), inks.line)


def _draw_wrapped(painter: QPainter, where: QRect, right: bool, said: str, inks: _Inks) -> None:
    """On two lines where it needs them; what has no room even so is elided."""
    hand = inks.upper
    height = hand.metrics.height()
    painter.setFont(hand.font)
    painter.setPen(inks.text)
    fits = hand.width(said) <= where.width()
    lines = [said] if fits else wrapped(said, hand.font, where.width())
    top = where.center().y() - len(lines) * height // 2 + 1
    for number, line in enumerate(lines):
        hand.write(painter, QRect(where.left(), top + number * height, where.width(), height), right, line)


def wrapped(said: str, font: QFont, width: int) -> list[str]:
    """A text on one line or on two; the second may be longer than the width."""
    layout = QTextLayout(said, font)
    layout.setTextOption(QTextOption(Qt.AlignmentFlag.AlignLeft))
    layout.beginLayout()
    line = layout.createLine()
    line.setLineWidth(max(width, 1))
    line.setPosition(QPointF(0, 0))
    first = line.textLength()
    layout.endLayout()
    rest = said[first:].strip()
    return [said[:first].strip(), rest] if rest else [said]


def _draw_bar(painter: QPainter, where: QRect, left: int, tone: Tone, palette: QPalette) -> None:
    whole = QRectF(where.left(), where.center().y() - _BAR / 2 + 1, min(where.width(), _WIDEST_BAR), _BAR)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colours.groove(palette))
    painter.drawRoundedRect(whole, _BAR / 2, _BAR / 2)
    if left > 0:
        filled = QRectF(whole)
        # What is left is never too little to be seen.
        filled.setWidth(max(whole.width() * left / 100, _BAR))
        painter.setBrush(colours.mark(tone, palette))
        painter.drawRoundedRect(filled, _BAR / 2, _BAR / 2)

"""Table cells of two lines: a text with a quieter one or a gauge below it, or one text that is wrapped."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QIcon, QPainter, QPalette, QTextLayout, QTextOption
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from app.desktop.design import colours, space, text
from app.desktop.design.colours import Tone
from app.desktop.design.text import TextRole
from app.desktop.widgets.table import Table

#: What a model answers beside Qt's own roles: the text of the second line, or
BELOW = Qt.ItemDataRole.UserRole + 1
#: how full the gauge on the second line is, 0 to 100, with its `Tone`: `tuple[int, Tone]`; or None.
BAR = Qt.ItemDataRole.UserRole + 2

_SYMBOL_SIZE = 16
_BAR = 5
_WIDEST_BAR = 160
_MARK = 3


def use_two_lines(table: Table) -> None:
    """Draw all cells of a table in this way."""
    delegate = TwoLineDelegate(table)
    table.setItemDelegate(delegate)
    table.setAlternatingRowColors(False)
    table.verticalHeader().setDefaultSectionSize(delegate.height(table.font()))


class TwoLineDelegate(QStyledItemDelegate):
    """The selected row is only tinted, so that symbols and gauges keep their colours, and has a mark at its edge."""

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
        self._paint_field(painter, option, index)
        field = option.rect.adjusted(space.S, space.S, -space.S, -space.S)
        icon = index.data(Qt.ItemDataRole.DecorationRole)
        if isinstance(icon, QIcon):
            top = option.rect.center().y() - _SYMBOL_SIZE // 2
            icon.paint(painter, QRect(field.left(), top, _SYMBOL_SIZE, _SYMBOL_SIZE))
            field.setLeft(field.left() + _SYMBOL_SIZE + space.S)
        side = Qt.AlignmentFlag(index.data(Qt.ItemDataRole.TextAlignmentRole)) & Qt.AlignmentFlag.AlignHorizontal_Mask
        said, below, bar = str(index.data() or ""), index.data(BELOW), index.data(BAR)
        metrics = QFontMetrics(option.font)
        ink = option.palette.color(QPalette.ColorRole.Text)
        if bar is None and not below:
            _draw_wrapped(painter, field, side, said, option.font, ink)
        else:
            upper = QRect(field.left(), field.top(), field.width(), metrics.height())
            _draw_line(painter, upper, side, said, option.font, ink)
            lower = QRect(field.left(), upper.bottom() + 1, field.width(), field.bottom() - upper.bottom())
            if bar is not None:
                left, tone = bar
                _draw_bar(painter, lower, left, tone, option.palette)
            else:
                quiet = text.font(TextRole.CAPTION)
                _draw_line(painter, lower, side, str(below), quiet, colours.quiet_text(option.palette))
        painter.restore()

    def _paint_field(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        palette: QPalette = option.palette
        base, accent = palette.color(QPalette.ColorRole.Base), palette.color(QPalette.ColorRole.Highlight)
        if option.state & QStyle.StateFlag.State_Selected:
            focused = option.widget is not None and option.widget.hasFocus()
            painter.fillRect(option.rect, colours.blended(base, accent, 0.22 if focused else 0.14))
            if index.column() == 0:
                painter.fillRect(QRect(option.rect.topLeft(), QSize(_MARK, option.rect.height())), accent)
        painter.fillRect(
            QRect(option.rect.left(), option.rect.bottom(), option.rect.width(), 1),
            colours.blended(base, palette.color(QPalette.ColorRole.Text), 0.10),
        )


def _draw_line(painter: QPainter, where: QRect, side: Qt.AlignmentFlag, said: str, font: QFont, colour: QColor) -> None:
    painter.setFont(font)
    painter.setPen(colour)
    shown = QFontMetrics(font).elidedText(said, Qt.TextElideMode.ElideRight, where.width())
    painter.drawText(where, side | Qt.AlignmentFlag.AlignVCenter, shown)


def _draw_wrapped(
    painter: QPainter, where: QRect, side: Qt.AlignmentFlag, said: str, font: QFont, colour: QColor
) -> None:
    """On two lines where it needs them; what has no room even so is elided."""
    metrics = QFontMetrics(font)
    lines = wrapped(said, font, where.width())
    top = where.center().y() - len(lines) * metrics.height() // 2 + 1
    for number, line in enumerate(lines):
        row = QRect(where.left(), top + number * metrics.height(), where.width(), metrics.height())
        _draw_line(painter, row, side, line, font, colour)


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

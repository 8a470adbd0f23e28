"""Tokens and requests hour by hour, as bars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import (
    QAccessible,
    QAccessibleAnnouncementEvent,
    QFocusEvent,
    QFontMetrics,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from app.core.history import HOUR_S, HistoryBucket
from app.desktop import formats
from app.desktop.amounts import compact, round_top
from app.desktop.design import colours, space, text
from app.desktop.design.text import TextRole
from app.desktop.widgets.hours_strokes import Inks, Stroke, draw_key, draw_stroke, inks

_TOKENS_HEIGHT = 136
_MOST_HEIGHT = 480
_TURNS_HEIGHT = 30
_LEAST_WIDTH = 280
_STEPS = (1, 2, 3, 4, 6, 8, 12, 24)
_BAR_SHARE = 0.72
# Something is never too little to be seen.
_LEAST_BAR = 2


@dataclass(frozen=True, slots=True)
class _Places:
    """Where things are drawn: two fields one above the other, each with a line of keys above it."""

    tokens_key: QRect
    tokens: QRect
    turns_key: QRect
    turns: QRect
    labels: QRect


class HoursChart(QWidget):
    """Bars for the hours of a day: tokens by their kind above, requests with the failed ones below.

    The kinds differ by their pattern as well as by their shade. The pointer over an hour shows its figures; with the
    keyboard the arrow keys, Home and End go from hour to hour, and screen readers hear the figures.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._hours: tuple[HistoryBucket, ...] = ()
        self._words = ""
        self._chosen: int | None = None
        self._hovered: int | None = None
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.setMaximumHeight(_MOST_HEIGHT)
        self.setAccessibleName(self.tr("Tokens and requests hour by hour"))
        self.show_nothing("")

    @property
    def words(self) -> str:
        """What it says in place of bars."""
        return self._words

    @property
    def chosen(self) -> int | None:
        """Which hour the keyboard is on, counted from the oldest."""
        return self._chosen

    def show_hours(self, hours: Sequence[HistoryBucket]) -> None:
        """Show these hours, the oldest first."""
        if self._hours == tuple(hours) and not self._words:
            return
        # The keyboard stays on its hour, also when a new one comes.
        start = self._hours[self._chosen].start if self._chosen is not None else None
        self._hours, self._words = tuple(hours), ""
        self._chosen = next((at for at, hour in enumerate(self._hours) if hour.start == start), None)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus if hours else Qt.FocusPolicy.NoFocus)
        self._describe()
        self.update()

    def show_nothing(self, words: str) -> None:
        """Say this in place of bars."""
        self._hours, self._words, self._chosen = (), words, None
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAccessibleDescription(words)
        self.update()

    def hour_words(self, index: int) -> str:
        """The figures of one hour, one a line."""
        hour = self._hours[index]
        lines = [f"{_clock(hour.start)}–{_clock(hour.start + HOUR_S)}", self.tr("%n request(s)", "", hour.turns)]
        if hour.failed:
            lines[-1] = self.tr("{requests}, {failed} failed").format(
                requests=lines[-1], failed=formats.count(hour.failed)
            )
        if hour.input_tokens or hour.output_tokens:
            said = self.tr("Input: {tokens} tokens, {cached} of them from the cache")
            lines.append(said.format(tokens=formats.count(hour.input_tokens), cached=formats.count(hour.cached_tokens)))
            lines.append(self.tr("Output: {tokens} tokens").format(tokens=formats.count(hour.output_tokens)))
        return "\n".join(lines)

    def sizeHint(self) -> QSize:
        """High enough for both fields; where there is more room the upper one takes it."""
        return QSize(_LEAST_WIDTH * 2, self._height_besides() + _TOKENS_HEIGHT)

    def minimumSizeHint(self) -> QSize:
        """Narrower bars, but not lower ones."""
        return QSize(_LEAST_WIDTH, self.sizeHint().height())

    def event(self, event: QEvent) -> bool:
        """The tooltip of the hour under the pointer."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            at = self._hour_at(event.pos())
            if at is None:
                QToolTip.hideText()
            else:
                QToolTip.showText(event.globalPos(), self.hour_words(at), self, self._column(at))
            return True
        return super().event(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """The hour under the pointer is marked."""
        self._hover(self._hour_at(event.position().toPoint()))

    def leaveEvent(self, event: QEvent) -> None:
        """None is marked any more."""
        self._hover(None)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Begin with the running hour."""
        super().focusInEvent(event)
        if self._chosen is None and self._hours:
            self._choose(len(self._hours) - 1)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """The mark goes with the keyboard."""
        super().focusOutEvent(event)
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """From hour to hour."""
        last = len(self._hours) - 1
        now = last if self._chosen is None else self._chosen
        match event.key():
            case Qt.Key.Key_Left:
                self._choose(now - 1)
            case Qt.Key.Key_Right:
                self._choose(now + 1)
            case Qt.Key.Key_Home:
                self._choose(0)
            case Qt.Key.Key_End:
                self._choose(last)
            case _:
                super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Both fields with their scales, bars and keys."""
        painter = QPainter(self)
        painter.setFont(text.font(TextRole.CAPTION))
        places = self._places()
        quiet = colours.quiet_text(self.palette())
        tokens_top = round_top(max((_tokens(hour) for hour in self._hours), default=0))
        turns_top = round_top(max((hour.turns for hour in self._hours), default=0))
        if not self._hours:
            self._draw_words(painter)
            return
        painter.setPen(QPen(colours.line(self.palette()), 1))
        for field, parts in ((places.tokens, 2), (places.turns, 1)):
            for part in range(parts + 1):
                y = field.bottom() - round(field.height() * part / parts)
                painter.drawLine(field.left(), y, field.right(), y)
        painter.setPen(quiet)
        self._draw_scale(painter, places.tokens, (0, tokens_top / 2, tokens_top))
        self._draw_scale(painter, places.turns, (turns_top,))
        strokes = inks(self.palette())
        self._draw_keys(painter, places, strokes)
        self._draw_marks(painter, places)
        for at, hour in enumerate(self._hours):
            column = QRectF(self._column(at, places))
            beside = round(column.width() * (1 - _BAR_SHARE) / 2)
            bar = column.adjusted(beside, 0, -beside, 0)
            kinds = (
                (Stroke.CACHED, hour.cached_tokens),
                (Stroke.INPUT, hour.input_tokens - hour.cached_tokens),
                (Stroke.OUTPUT, hour.output_tokens),
            )
            self._draw_bar(painter, bar, places.tokens, tokens_top, kinds, strokes)
            turns = ((Stroke.TURNS, hour.turns - hour.failed), (Stroke.FAILED, hour.failed))
            self._draw_bar(painter, bar, places.turns, turns_top, turns, strokes)
        painter.setPen(quiet)
        self._draw_clock(painter, places)

    def _draw_words(self, painter: QPainter) -> None:
        painter.setFont(self.font())
        painter.setPen(colours.quiet_text(self.palette()))
        painter.drawText(
            self.rect().adjusted(space.L, 0, -space.L, 0),
            Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap,
            self._words,
        )

    def _draw_bar(
        self,
        painter: QPainter,
        column: QRectF,
        field: QRect,
        top: int,
        parts: Sequence[tuple[Stroke, int]],
        strokes: Inks,
    ) -> None:
        base = float(field.bottom())
        for stroke, amount in parts:
            if amount > 0:
                # On whole pixels, so that no seam shows between the parts.
                high = max(round(field.height() * amount / top), _LEAST_BAR)
                draw_stroke(painter, QRectF(column.left(), base - high, column.width(), high), stroke, strokes)
                base -= high

    def _draw_scale(self, painter: QPainter, field: QRect, values: Sequence[float]) -> None:
        line = self._metrics().height()
        for value in values:
            y = field.bottom() - round(field.height() * value / values[-1])
            where = QRect(0, y - line // 2, field.left() - space.S, line)
            painter.drawText(where, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, compact(value))

    def _draw_keys(self, painter: QPainter, places: _Places, strokes: Inks) -> None:
        tokens = (
            (Stroke.INPUT, self.tr("Input")),
            (Stroke.CACHED, self.tr("Input from the cache")),
            (Stroke.OUTPUT, self.tr("Output")),
        )
        turns = ((Stroke.TURNS, self.tr("Requests")), (Stroke.FAILED, self.tr("Failed")))
        for place, keys in ((places.tokens_key, tokens), (places.turns_key, turns)):
            left = place.left()
            for stroke, words in keys:
                left = draw_key(painter, QPoint(left, place.top()), stroke, words, self.palette(), strokes) + space.M

    def _draw_marks(self, painter: QPainter, places: _Places) -> None:
        if self._hovered is not None:
            window, ink = (self.palette().color(role) for role in (QPalette.ColorRole.Base, QPalette.ColorRole.Text))
            painter.fillRect(self._column(self._hovered), colours.blended(window, ink, 0.08))
        if self._chosen is not None and self.hasFocus():
            painter.save()
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(colours.focus(self.palette()), 2))
            field = QRectF(self._column(self._chosen)).adjusted(1, -space.XS / 2, -1, space.XS / 2)
            painter.drawRoundedRect(field, space.XS / 2, space.XS / 2)
            painter.restore()

    def _draw_clock(self, painter: QPainter, places: _Places) -> None:
        metrics, field = self._metrics(), places.labels
        column = self._column(0, places).width() or 1
        widest = metrics.horizontalAdvance("00:00") + space.S
        step = next((step for step in _STEPS if step * column >= widest), _STEPS[-1])
        for at, hour in enumerate(self._hours):
            if datetime.fromtimestamp(hour.start).hour % step:
                continue
            middle = self._column(at, places).center().x()
            where = QRect(middle - widest // 2, field.top(), widest, field.height())
            where.moveRight(min(where.right(), self.width() - 1 + space.XS))
            painter.drawText(where, Qt.AlignmentFlag.AlignCenter, _clock(hour.start))

    def _places(self) -> _Places:
        line = self._metrics().height()
        # As wide as the widest that a scale says.
        left = max(self._metrics().horizontalAdvance(sample) for sample in ("999M", "9999万")) + space.S
        width = self.width() - left
        tops = [0]
        high = max(self.height() - self._height_besides(), _TOKENS_HEIGHT)
        for height in (line + space.S, high + space.S, line + space.XS, _TURNS_HEIGHT + space.XS):
            tops.append(tops[-1] + height)
        return _Places(
            QRect(left, tops[0], width, line),
            QRect(left, tops[1], width, high),
            QRect(left, tops[2], width, line),
            QRect(left, tops[3], width, _TURNS_HEIGHT),
            QRect(left, tops[4], width, line),
        )

    def _height_besides(self) -> int:
        """Of all but the upper field."""
        return 3 * self._metrics().height() + 2 * space.S + 2 * space.XS + _TURNS_HEIGHT

    def _column(self, at: int, places: _Places | None = None) -> QRect:
        places = places or self._places()
        share = places.tokens.width() / max(len(self._hours), 1)
        left, right = (places.tokens.left() + round(share * edge) for edge in (at, at + 1))
        return QRect(left, places.tokens.top(), right - left, places.turns.bottom() - places.tokens.top())

    def _hour_at(self, point: QPoint) -> int | None:
        places = self._places()
        return next((at for at in range(len(self._hours)) if self._column(at, places).contains(point)), None)

    def _hover(self, at: int | None) -> None:
        if at != self._hovered:
            self._hovered = at
            self.update()

    def _choose(self, at: int) -> None:
        if not self._hours:
            return
        self._chosen = min(max(at, 0), len(self._hours) - 1)
        self._describe()
        said = self.hour_words(self._chosen)
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, said.replace("\n", ", ")))
        if self.isVisible():
            column = self._column(self._chosen)
            QToolTip.showText(self.mapToGlobal(QPoint(column.right(), column.top())), said, self)
        self.update()

    def _describe(self) -> None:
        if self._chosen is not None:
            self.setAccessibleDescription(self.hour_words(self._chosen).replace("\n", ", "))
        else:
            self.setAccessibleDescription(self.tr("The arrow keys go from hour to hour."))

    def _metrics(self) -> QFontMetrics:
        return QFontMetrics(text.font(TextRole.CAPTION))


def _tokens(hour: HistoryBucket) -> int:
    return hour.input_tokens + hour.output_tokens


def _clock(at: float) -> str:
    return datetime.fromtimestamp(at).strftime("%H:%M")

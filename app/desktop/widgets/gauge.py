"""How much of one quota window is left: a bar with its words.

    gauge = Gauge()
    gauge.show_reading(reading(window, token.forecasts, now), of="Work")

`show_reading` does nothing when the reading is the one that it shows already, so it may be called with every snapshot.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication, QEvent, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QProgressBar, QSizePolicy, QWidget

from app.core.forecast import Forecast
from app.core.quota import CODEX, Window
from app.desktop import formats, token_words
from app.desktop.design import colours, space, text
from app.desktop.design.colours import Tone
from app.desktop.design.text import TextRole

#: Less left than this, in percent, is little.
LOW_PERCENT = 20
_BAR = 6
_LEAST_WIDTH = 120


@dataclass(frozen=True, slots=True)
class Reading:
    """What a gauge shows.

    Attributes:
        label: which window: `5 h`.
        left_percent: 0 to 100.
        left: the same in words, which also say when it is little: `73% left`, `Low: 8% left`, `Used up`.
        resets: when it begins anew, in words: `resets 14:02`; empty when upstream did not say, or nothing is used.
        resets_short: the time alone, for where the words have no room.
        forecast: when it runs out if it goes on like this: `at this pace until 16:40`; empty when it lasts.
    """

    label: str
    left_percent: int
    left: str
    resets: str = ""
    resets_short: str = ""
    forecast: str = ""

    @property
    def tone(self) -> Tone:
        """By what is left; `left` says the same."""
        if self.left_percent <= 0:
            return Tone.ERROR
        return Tone.WARNING if self.left_percent < LOW_PERCENT else Tone.POSITIVE

    @property
    def sentence(self) -> str:
        """All of it in one line, for screen readers and hints."""
        return " · ".join(part for part in (self.label, self.left, self.resets, self.forecast) if part)


def reading(window: Window, forecasts: Iterable[Forecast], now: float) -> Reading:
    """What is left of a window, in the user's words.

    Args:
        window: as upstream last told it.
        forecasts: of its token, `TokenView.forecasts`; the one for this window is found by its limit and slot.
        now: Unix seconds.
    """
    label = token_words.span(window.minutes) or window.slot
    if window.limit != CODEX:
        label = f"{token_words.limit_name(window.limit)}, {label}"
    percent = token_words.left_percent(window, now)
    resets = time = forecast = ""
    if window.resets_at is not None and window.resets_at > now and percent < 100:
        time = formats.minute(window.resets_at, now)
        resets = QCoreApplication.translate("Gauge", "resets {time}").format(time=time)
        ends = [item.runs_out_at for item in forecasts if (item.limit, item.slot) == (window.limit, window.slot)]
        # One that has passed was wrong.
        if percent > 0 and ends and ends[0] is not None and ends[0] > now:
            said = QCoreApplication.translate("Gauge", "at this pace until {time}")
            forecast = said.format(time=formats.minute(ends[0], now))
    return Reading(label, percent, _left(percent), resets, time, forecast)


def _left(percent: int) -> str:
    if percent <= 0:
        return QCoreApplication.translate("Gauge", "Used up")
    if percent < LOW_PERCENT:
        said = QCoreApplication.translate("Gauge", "Low: {percent} left")
    else:
        said = QCoreApplication.translate("Gauge", "{percent} left")
    return said.format(percent=formats.percent(percent))


class Gauge(QProgressBar):
    """One window of a token's quota: its label and what is left, when it resets, a bar, and below it the forecast.

    It takes no keyboard focus: screen readers find it as a progress bar with the percentage as its value and the whole
    reading in its name. It needs 120 pixels of width at least, and about 200 to show all words; narrower, the reset is
    said by its time alone, and what does not fit even so is elided. The tooltip has all of it. Its height grows by one
    line while there is a forecast.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._reading = Reading("", 100, "")
        self._of = ""
        self.setRange(0, 100)
        self.setTextVisible(False)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    @property
    def reading(self) -> Reading:
        """What it shows."""
        return self._reading

    def show_reading(self, reading: Reading, *, of: str = "") -> None:
        """Show this; `of` is whose window it is, said to screen readers and in the tooltip."""
        if (reading, of) == (self._reading, self._of):
            return
        higher = bool(reading.forecast) != bool(self._reading.forecast)
        self._reading, self._of = reading, of
        self.setValue(reading.left_percent)
        said = f"{of} · {reading.sentence}" if of else reading.sentence
        self.setAccessibleName(said)
        self.setToolTip(said)
        if higher:
            self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """Wide enough for all words."""
        line, quiet = self._metrics()
        words = line.horizontalAdvance(self._head()) + space.M + quiet.horizontalAdvance(self._reading.resets)
        return QSize(max(words, _LEAST_WIDTH), self._height())

    def minimumSizeHint(self) -> QSize:
        """Words are elided below this."""
        return QSize(_LEAST_WIDTH, self._height())

    def changeEvent(self, event: QEvent) -> None:
        """Follow the system's font."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self.updateGeometry()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Words, bar, forecast."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        line, quiet = self._metrics()
        top = self.rect().adjusted(0, 0, 0, line.height() - self.height())
        side = Qt.AlignmentFlag.AlignVCenter
        painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
        painter.setFont(self.font())
        head = line.elidedText(self._head(), Qt.TextElideMode.ElideRight, top.width())
        painter.drawText(top, side | Qt.AlignmentFlag.AlignLeft, head)
        painter.setPen(colours.quiet_text(self.palette()))
        painter.setFont(self._quiet_font())
        room = top.width() - line.horizontalAdvance(head) - space.S
        fits = quiet.horizontalAdvance(self._reading.resets) <= room
        resets = self._reading.resets if fits else self._reading.resets_short
        resets = quiet.elidedText(resets, Qt.TextElideMode.ElideRight, max(room, 0))
        painter.drawText(top, side | Qt.AlignmentFlag.AlignRight, resets)
        bar = QRect(0, top.bottom() + 1 + space.XS, self.width(), _BAR)
        self._draw_bar(painter, QRectF(bar))
        if self._reading.forecast:
            below = QRect(0, bar.bottom() + 1 + space.XS, self.width(), quiet.height())
            painter.setPen(colours.quiet_text(self.palette()))
            forecast = quiet.elidedText(self._reading.forecast, Qt.TextElideMode.ElideRight, below.width())
            painter.drawText(below, side | Qt.AlignmentFlag.AlignLeft, forecast)

    def _draw_bar(self, painter: QPainter, bar: QRectF) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colours.groove(self.palette()))
        painter.drawRoundedRect(bar, _BAR / 2, _BAR / 2)
        left = self._reading.left_percent
        if left <= 0:
            return
        # What is left is never too little to be seen.
        filled = QRectF(bar.left(), bar.top(), max(bar.width() * left / 100, _BAR), _BAR)
        if self.layoutDirection() is Qt.LayoutDirection.RightToLeft:
            filled.moveRight(bar.right())
        painter.setBrush(colours.mark(self._reading.tone, self.palette()))
        painter.drawRoundedRect(filled, _BAR / 2, _BAR / 2)

    def _head(self) -> str:
        return f"{self._reading.label} · {self._reading.left}" if self._reading.label else self._reading.left

    def _quiet_font(self) -> QFont:
        return text.font(TextRole.CAPTION)

    def _metrics(self) -> tuple[QFontMetrics, QFontMetrics]:
        return self.fontMetrics(), QFontMetrics(self._quiet_font())

    def _height(self) -> int:
        line, quiet = self._metrics()
        below = space.XS + quiet.height() if self._reading.forecast else 0
        return line.height() + space.XS + _BAR + below

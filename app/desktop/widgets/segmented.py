"""One of a few, all of them in sight."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QHBoxLayout, QSizePolicy, QWidget

from app.desktop.design import colours, space

_INSET = 3


class Segmented(QWidget):
    """Choices side by side; Tab leads to the chosen one, the arrow keys to the others.

    Args:
        name: of the choice as a whole, for screen readers.

    Signals:
        chosen: another value was chosen, by the user or by `choose`.
    """

    chosen = Signal(str)

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self._name = name
        self._group = QButtonGroup(self)
        self._segments: dict[str, _Segment] = {}
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(_INSET, _INSET, _INSET, _INSET)
        self._row.setSpacing(0)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)

    def add(self, value: str, label: str, hint: str = "") -> None:
        """Add a choice; the first one is chosen at first."""
        segment = _Segment(label)
        segment.setAccessibleName(f"{self._name}: {label}")
        segment.setToolTip(hint)
        segment.setChecked(not self._segments)
        segment.toggled.connect(lambda on: self._on_toggled(value, on))
        self._segments[value] = segment
        self._group.addButton(segment)
        self._row.addWidget(segment)

    @property
    def value(self) -> str:
        """What is chosen."""
        return next(value for value, segment in self._segments.items() if segment.isChecked())

    def choose(self, value: str) -> None:
        """Choose, as the user does."""
        self._segments[value].setChecked(True)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The groove in which they lie."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colours.groove(self.palette()))
        painter.drawRoundedRect(QRectF(self.rect()), space.RADIUS - 1, space.RADIUS - 1)

    def _on_toggled(self, value: str, on: bool) -> None:
        if on:
            self.chosen.emit(value)


class _Segment(QAbstractButton):
    """One choice: raised when it is the chosen one."""

    def __init__(self, label: str) -> None:
        super().__init__()
        self.setText(label)
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Fixed)

    def shows_focus(self) -> bool:
        """See `FocusRing`."""
        return True

    def sizeHint(self) -> QSize:
        """Its text, with room around it."""
        metrics = self.fontMetrics()
        return QSize(metrics.horizontalAdvance(self.text()) + 2 * space.M, metrics.height() + space.S)

    def minimumSizeHint(self) -> QSize:
        """A text that is cut off would name no choice."""
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        """A raised field when chosen, a frame when it has the keyboard."""
        palette = self.palette()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        field = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        base, ink = colours.card(palette), palette.color(QPalette.ColorRole.WindowText)
        raised = colours.blended(base, ink, 0.24) if colours.is_dark(palette) else base
        if self.isChecked():
            painter.setBrush(raised)
            painter.setPen(QPen(colours.line(palette), 1))
            painter.drawRoundedRect(field, space.RADIUS - _INSET, space.RADIUS - _INSET)
        elif self.underMouse():
            painter.setBrush(colours.blended(colours.groove(palette), base, 0.4))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.drawRoundedRect(field, space.RADIUS - _INSET, space.RADIUS - _INSET)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(colours.focus(palette, raised), 2))
            painter.drawRoundedRect(field.adjusted(1, 1, -1, -1), space.RADIUS - _INSET, space.RADIUS - _INSET)
        painter.setPen(ink)
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self.text())

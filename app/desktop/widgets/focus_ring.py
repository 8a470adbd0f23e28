"""The line around whatever has the keyboard."""

from __future__ import annotations

import sys
from typing import Protocol, runtime_checkable

from PySide6.QtCore import QObject, QRectF, Qt, QTimer
from PySide6.QtGui import QGuiApplication, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QFocusFrame,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QProxyStyle,
    QStyle,
    QStyleHintReturn,
    QStyleOption,
    QTextEdit,
    QWidget,
)
from shiboken6 import isValid

from app.desktop.design import colours

#: How far it reaches beyond what it surrounds, and how wide its line is, in pixels.
REACH = 3
_WIDTH = 2.0
_RADIUS = 5

_SURROUNDED = (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QComboBox,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QTextEdit,
)


@runtime_checkable
class ShowsFocus(Protocol):
    """A widget that can show by itself that it has the keyboard."""

    def shows_focus(self) -> bool:
        """Whether it does so now."""
        ...


class FocusRing(QObject):
    """Surrounds what has the keyboard, unless it was brought there by the mouse.

    The Fusion style draws a default button alike with the keyboard and without it, and no style draws anything around a
    label whose text can be selected. On Windows and macOS the controls show it in the system's own way, so there only
    labels are surrounded. What shows the keyboard by itself on all systems is a `ShowsFocus`.

    Args:
        application: whose windows it is for; also its parent.
    """

    def __init__(self, application: QApplication) -> None:
        super().__init__(application)
        self._application = application
        self._kinds = (QLabel,) if sys.platform in ("win32", "darwin") else _SURROUNDED
        self._by_keyboard = True
        self._at: QWidget | None = None
        # From where it last fell, since that was disabled; see `FocusReturn`.
        self._rested: QWidget | None = None
        self._frame: _Frame | None = None
        # Later: what has the keyboard may yet be scrolled into sight, and a frame out of sight stays hidden.
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.timeout.connect(self._surround)
        # Without the widgets that the signal brings: one of them may be half gone.
        application.focusChanged.connect(self._on_focus)
        self._on_focus()

    @property
    def surrounded(self) -> QWidget | None:
        """What it stands around."""
        frame = self._frame
        return frame.widget() if frame is not None and isValid(frame) and frame.isVisible() else None

    def close(self) -> None:
        """Surround nothing any more."""
        self._application.focusChanged.disconnect(self._on_focus)
        if self._frame is not None and isValid(self._frame):
            self._frame.deleteLater()
        self._frame = None

    def _on_focus(self) -> None:
        now = QApplication.focusWidget()
        if now is not None:
            self._notice(now)
        self._later.start(0)

    def _notice(self, now: QWidget) -> None:
        """Whether the keyboard was brought here by itself; where it only falls to the next, all stays as it was."""
        before, self._at = self._at, now
        if QGuiApplication.mouseButtons() != Qt.MouseButton.NoButton:
            self._by_keyboard = False
        elif before is not None and isValid(before) and before is not now:
            # A button that was clicked may go, or rest and come back, and a dialog may open: no walk by the keyboard.
            walked = before.isVisible() and before.isEnabled() and before.window() is now.window()
            self._by_keyboard = self._by_keyboard or (walked and now is not self._rested)
            self._rested = None if before.isEnabled() else self._rested or before

    def _wants(self, widget: QWidget) -> bool:
        shown = isinstance(widget, ShowsFocus) and widget.shows_focus()
        return isinstance(widget, self._kinds) and not shown

    def _surround(self) -> None:
        now = QApplication.focusWidget()
        widget = now if now is not None and self._by_keyboard and self._wants(now) else None
        # It goes with the window that it was last in.
        if self._frame is None or not isValid(self._frame):
            if widget is None:
                return
            self._frame = _Frame()
        self._frame.setWidget(None)  # type: ignore[arg-type]
        self._frame.setWidget(widget)  # type: ignore[arg-type]


class _Frame(QFocusFrame):
    """Follows a widget wherever it goes; Qt does that."""

    def __init__(self) -> None:
        super().__init__()
        self._style = _FrameStyle(self)
        self.setStyle(self._style)

    def paintEvent(self, event: QPaintEvent) -> None:
        """A rounded line."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(colours.focus(self.palette()), _WIDTH))
        inset = _WIDTH / 2
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(inset, inset, -inset, -inset), _RADIUS, _RADIUS)


class _FrameStyle(QProxyStyle):
    """Lets the frame stand above its neighbours: otherwise its parent's edge cuts it off."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__()
        self.setParent(parent)

    def styleHint(
        self,
        hint: QStyle.StyleHint,
        option: QStyleOption | None = None,
        widget: QWidget | None = None,
        returnData: QStyleHintReturn | None = None,
    ) -> int:
        """See QStyle."""
        if hint == QStyle.StyleHint.SH_FocusFrame_AboveWidget:
            return 1
        return super().styleHint(hint, option, widget, returnData)

    def pixelMetric(
        self,
        metric: QStyle.PixelMetric,
        option: QStyleOption | None = None,
        widget: QWidget | None = None,
    ) -> int:
        """See QStyle."""
        if metric in (QStyle.PixelMetric.PM_FocusFrameHMargin, QStyle.PixelMetric.PM_FocusFrameVMargin):
            return REACH
        return super().pixelMetric(metric, option, widget)

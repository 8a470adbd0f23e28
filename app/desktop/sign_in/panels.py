"""What the sign-in's dialog shows while it waits: for the browser here, or for a code typed anywhere."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from app.desktop.design import space
from app.desktop.icons import Icons
from app.desktop.widgets.problem_place import ProblemPlace
from app.desktop.widgets.quiet_label import QuietLabel
from app.desktop.widgets.selectable import make_selectable
from app.desktop.widgets.symbol import Symbol

_TICK_MS = 1000


class BrowserPanel(QWidget):
    """The browser has been opened; it can be another one, and it can be on another computer.

    Signals:
        open_asked: open the page (again).
        copy_asked: copy the page's address.
        pasted: the user gave the address at which the browser ended.

    Attributes:
        first: what gets the keyboard.

    Args:
        icons: for the buttons.
    """

    open_asked = Signal()
    copy_asked = Signal()
    pasted = Signal(str)

    def __init__(self, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._said = _wrapped(QLabel())
        again = _button(icons, "browser", self.tr("&Open the browser again"), self.open_asked.emit)
        copy = _button(icons, "copy", self.tr("Copy &link"), self.copy_asked.emit)
        other = _wrapped(
            QuietLabel(self.tr("For another account, open the link in another browser profile or a private window."))
        )
        self._entry = QLineEdit()
        self._entry.setPlaceholderText("http://127.0.0.1:1455/auth/callback?code=…")
        self._entry.returnPressed.connect(self._on_paste)
        self._entry.textChanged.connect(self._on_text)
        self._go_on = QPushButton(self.tr("Co&ntinue"))
        # Enter in the field means this button, never the dialog's.
        self._go_on.setAutoDefault(False)
        self._go_on.clicked.connect(self._on_paste)
        elsewhere = _wrapped(
            QLabel(self.tr("Does the browser run on another computer? &Paste the address at which it ended:"))
        )
        elsewhere.setBuddy(self._entry)
        self._problem = ProblemPlace(icons)
        paste = QHBoxLayout()
        paste.addWidget(self._entry, 1)
        paste.addWidget(self._go_on)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(space.S)
        column.addWidget(self._said)
        column.addLayout(_row(again, copy))
        column.addWidget(other)
        column.addSpacing(space.S)
        column.addWidget(elsewhere)
        column.addLayout(paste)
        column.addLayout(self._problem)
        column.addStretch()
        self.first = again
        self.show_opened(True)
        self._on_text()

    def show_opened(self, opened: bool) -> None:
        """Whether a browser could be opened."""
        if opened:
            self._said.setText(
                self.tr("Your browser shows the sign-in page of ChatGPT. Sign in there, then come back to this window.")
            )
        else:
            self._said.setText(self.tr("No browser could be opened. Copy the link and open it in a browser."))

    def show_busy(self, busy: bool) -> None:
        """While what was pasted is looked at."""
        self._entry.setReadOnly(busy)
        self._go_on.setEnabled(not busy and bool(self._entry.text().strip()))

    def show_problem(self, text: str | None) -> None:
        """What is wrong with what was pasted."""
        self._problem.say(text)
        if text is not None:
            self._entry.setFocus()
            self._entry.selectAll()

    def clear(self) -> None:
        """Forget what was pasted: it holds a code."""
        self._entry.clear()
        self.show_problem(None)

    def _on_text(self) -> None:
        self._go_on.setEnabled(bool(self._entry.text().strip()))

    def _on_paste(self) -> None:
        if self._entry.text().strip() and not self._entry.isReadOnly():
            self.show_problem(None)
            self.pasted.emit(self._entry.text())


class DevicePanel(QWidget):
    """A code to be typed into a page that any browser can open.

    Signals:
        open_asked: open the page here.
        copy_asked: copy this text.

    Attributes:
        first: what gets the keyboard.

    Args:
        icons: for the buttons.
        now: Unix seconds.
    """

    open_asked = Signal()
    copy_asked = Signal(str)

    def __init__(self, icons: Icons, parent: QWidget | None = None, *, now: Callable[[], float] = time.time) -> None:
        super().__init__(parent)
        self._now = now
        self._expires_at: float | None = None
        self._page = _fixed(self.tr("Address of the page"))
        self._page.setWordWrap(True)
        self._code = _fixed(self.tr("Code"))
        font = self._code.font()
        font.setPointSizeF(font.pointSizeF() * 2.2)
        self._code.setFont(font)
        self._left = QuietLabel()
        caution = _wrapped(QuietLabel(self.tr("Never type a code that somebody else has sent you.")))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(space.S)
        column.addWidget(_wrapped(QLabel(self.tr("1. Open this page in any browser, also on another computer:"))))
        column.addWidget(self._page)
        column.addLayout(
            _row(
                _button(icons, "browser", self.tr("&Open page"), self.open_asked.emit),
                _button(icons, "copy", self.tr("Copy &link"), lambda: self.copy_asked.emit(self._page.text())),
            )
        )
        column.addSpacing(space.S)
        column.addWidget(_wrapped(QLabel(self.tr("2. Sign in there and type this code:"))))
        copy_code = _button(icons, "copy", self.tr("&Copy code"), lambda: self.copy_asked.emit(self._code.text()))
        self.first = copy_code
        column.addLayout(_row(self._code, copy_code))
        column.addWidget(self._left)
        column.addWidget(caution)
        column.addStretch()
        self._tick = QTimer(self)
        self._tick.setInterval(_TICK_MS)
        self._tick.timeout.connect(self._show_left)

    def show_code(self, code: str, page: str, expires_at: float | None) -> None:
        """Show this code and when it ends, in Unix seconds."""
        self._code.setText(code)
        self._page.setText(page)
        self._expires_at = expires_at
        self._show_left()
        self._tick.start()

    def clear(self) -> None:
        """It is over."""
        self._tick.stop()
        self._code.clear()

    def _show_left(self) -> None:
        if self._expires_at is None:
            self._left.clear()
            return
        seconds = max(0, round(self._expires_at - self._now()))
        if seconds:
            left = f"{seconds // 60}:{seconds % 60:02d}"
            self._left.setText(self.tr("The code is good for {time} more.").format(time=left))
        else:
            self._left.setText(self.tr("The code has ended."))


def _wrapped(label: QLabel) -> QLabel:
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    return label


def _fixed(name: str) -> QLabel:
    label = QLabel()
    label.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
    label.setAccessibleName(name)
    make_selectable(label)
    return label


def _button(icons: Icons, symbol: str, label: str, act: Callable[[], None]) -> QPushButton:
    button = QPushButton(label)
    button.setAutoDefault(False)
    Symbol(icons, button, symbol)
    button.clicked.connect(lambda _checked=False: act())
    return button


def _row(*items: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(space.S)
    for item in items:
        row.addWidget(item)
    row.addStretch()
    return row

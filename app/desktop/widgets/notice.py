"""A notice across the window: what is wrong or worth knowing, with one button that helps, and others behind it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QAction, QColor, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QPushButton, QToolButton, QWidget

from app.desktop.design import space
from app.desktop.design.colours import Tone, blended, is_dark
from app.desktop.icons import Icons
from app.desktop.widgets.selectable import make_selectable
from app.desktop.widgets.symbol import Symbol

_SYMBOLS = {
    Tone.POSITIVE: "state-ready",
    Tone.WARNING: "warning",
    Tone.ERROR: "warning",
    Tone.INFO: "info",
    Tone.NEUTRAL: "info",
}
_SYMBOL_SIZE = 18


@dataclass(frozen=True, slots=True)
class Remedy:
    """What can be done about what a notice says.

    Attributes:
        label: of its button or entry.
        act: what it does.
        group: the group of operations that it belongs to; it is disabled while that is busy.
    """

    label: str
    act: Callable[[], None]
    group: str = ""

    def pressed(self) -> None:
        """Act; the button's `checked` must not become an argument."""
        self.act()


class Notice(QWidget):
    """One notice. It says the same by its text, its symbol and its colour.

    Args:
        icons: for the symbol.
        tone: how serious it is.
        text: what it says.
        remedies: what helps: a button for the first, a menu for the others.
        symbol: another symbol than the tone's.
        dismissed: makes the notice closable, and is called when the user has closed it.
    """

    def __init__(
        self,
        icons: Icons,
        tone: Tone,
        text: str,
        remedies: Sequence[Remedy] = (),
        *,
        symbol: str | None = None,
        dismissed: Callable[[], None] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._tone = tone
        self.remedies: list[tuple[Remedy, QPushButton | QAction]] = []
        self._label = QLabel(text)
        self._label.setWordWrap(True)
        # Otherwise a long word would widen the window.
        self._label.setMinimumWidth(1)
        self._label.setTextFormat(Qt.TextFormat.PlainText)
        make_selectable(self._label)
        self._icons = icons
        self._symbol = symbol or _SYMBOLS[tone]
        self._picture = QLabel()
        self._draw_picture()
        row = QHBoxLayout(self)
        row.setContentsMargins(space.M, space.S, space.S, space.S)
        row.setSpacing(space.M)
        row.addWidget(self._picture)
        row.addWidget(self._label, 1)
        for remedy in remedies[:1]:
            button = QPushButton(remedy.label)
            button.clicked.connect(remedy.pressed)
            button.setDefault(True)
            row.addWidget(button)
            self.remedies.append((remedy, button))
        if remedies[1:]:
            row.addWidget(self._other_ways(remedies[1:]))
        if dismissed is not None:
            close = QToolButton()
            close.setAutoRaise(True)
            Symbol(icons, close, "close")
            close.setAccessibleName(self.tr("Close this notice"))
            close.setToolTip(self.tr("Close this notice"))
            close.clicked.connect(dismissed)
            row.addWidget(close)

    def tab_chain(self) -> list[QWidget]:
        """What takes the keyboard, in the order in which it is read."""
        return [child for child in self.findChildren(QWidget) if child.focusPolicy() & Qt.FocusPolicy.TabFocus]

    @property
    def text(self) -> str:
        """What it says."""
        return self._label.text()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the system from light to dark."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._draw_picture()

    def paintEvent(self, event: QPaintEvent) -> None:
        """A rounded field, tinted with the tone."""
        window = self.palette().color(QPalette.ColorRole.Window)
        share = 0.22 if is_dark(self.palette()) else 0.10
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(blended(window, self._tone.value, share))
        painter.setPen(QPen(blended(window, self._tone.value, share + 0.25), 1))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)

    def _other_ways(self, remedies: Sequence[Remedy]) -> QPushButton:
        button = QPushButton(self.tr("Other ways"))
        menu = QMenu(button)
        for remedy in remedies:
            entry = menu.addAction(remedy.label)
            entry.triggered.connect(lambda _checked=False, act=remedy.act: act())
            self.remedies.append((remedy, entry))
        button.setMenu(menu)
        return button

    def _draw_picture(self) -> None:
        # On a dark field the tone itself would be too dark.
        colour = blended(self._tone.value, QColor("white"), 0.45) if is_dark(self.palette()) else self._tone.value
        icon = self._icons.tinted(self._symbol, colour)
        self._picture.setPixmap(icon.pixmap(QSize(_SYMBOL_SIZE, _SYMBOL_SIZE), self.devicePixelRatioF()))

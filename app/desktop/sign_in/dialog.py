"""The dialog of a sign-in: what the user has to do now, and how it ended."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app.desktop.design import space
from app.desktop.design.colours import Tone
from app.desktop.icons import Icons, Look
from app.desktop.sign_in.panels import BrowserPanel, DevicePanel
from app.desktop.widgets.layouts import clear_layout, show_in
from app.desktop.widgets.notice import Notice
from app.desktop.widgets.quiet_label import QuietLabel
from app.desktop.widgets.selectable import make_selectable
from app.gateway.sign_in_desk import SignInWay

_WIDTH = 540


class SignInDialog(QDialog):
    """Shows one sign-in. It decides nothing: who leads it connects its signals and says what to show.

    Signals:
        closed: by the user, by whatever means.
        way_asked: begin anew in this way.
        proxy_asked: begin anew through this proxy.

    Args:
        icons: for symbols.
        title: of the dialog.
        parent: over which it stands.
    """

    closed = Signal()
    way_asked = Signal(object)
    proxy_asked = Signal(str)

    def __init__(self, icons: Icons, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icons = icons
        self._over = False
        self.setWindowTitle(title)
        self.setMinimumWidth(_WIDTH)
        self.browser = BrowserPanel(icons)
        self.device = DevicePanel(icons)
        self._working = _Working()
        self._ended = _Ended()
        self._stack = QStackedWidget()
        for panel in (self._working, self.browser, self.device, self._ended):
            self._stack.addWidget(panel)
        self._others = QHBoxLayout()
        self._note = QuietLabel()
        self._close = QPushButton(self.tr("Cancel"))
        self._close.clicked.connect(self.reject)
        foot = QHBoxLayout()
        foot.addLayout(self._others)
        foot.addWidget(self._note)
        foot.addStretch()
        foot.addWidget(self._close)
        column = QVBoxLayout(self)
        column.setContentsMargins(space.L, space.L, space.L, space.M)
        column.setSpacing(space.M)
        column.addWidget(self._stack, 1)
        column.addLayout(foot)
        self.rejected.connect(self.closed)
        self.show_working(self.tr("Preparing the sign-in…"))

    @property
    def over(self) -> bool:
        """Whether the sign-in has ended, well or not."""
        return self._over

    @property
    def text(self) -> str:
        """How it ended."""
        return self._ended.text

    def show_working(self, text: str) -> None:
        """Nothing to do for the user."""
        self._working.show_text(text)
        self._turn_to(self._working, text)

    def show_browser(self) -> None:
        """The browser's turn."""
        if self._stack.currentWidget() is not self.browser:
            self._turn_to(
                self.browser,
                self.tr("Sign in in your browser"),
                [(self.tr("Use a &device code instead"), lambda: self.way_asked.emit(SignInWay.DEVICE))],
            )

    def show_device(self, code: str, page: str, expires_at: float | None) -> None:
        """The user's turn, with a code."""
        self.device.show_code(code, page, expires_at)
        if self._stack.currentWidget() is not self.device:
            self._turn_to(
                self.device,
                self.tr("Type the code in a browser"),
                [(self.tr("Use the &browser here instead"), lambda: self.way_asked.emit(SignInWay.BROWSER))],
            )

    def show_done(self, text: str) -> None:
        """It went well."""
        self._ended.show_done(self._icons, text)
        self._turn_to(self._ended, text, over=True)

    def show_failed(self, text: str, way: SignInWay, *, other_way: bool, proxies: tuple[str, ...] = ()) -> None:
        """It did not.

        Args:
            text: why, and what to do.
            way: in which it was tried.
            other_way: whether the other way would help; it is offered first then.
            proxies: that may help; they are offered first.
        """
        self._ended.show_failed(self._icons, text)
        again = (self.tr("&Try again"), lambda: self.way_asked.emit(way))
        if way is SignInWay.BROWSER:
            other = (self.tr("Use a &device code instead"), lambda: self.way_asked.emit(SignInWay.DEVICE))
        else:
            other = (self.tr("Use the &browser here instead"), lambda: self.way_asked.emit(SignInWay.BROWSER))
        through = [
            (self.tr("Use proxy {address}").format(address=address), lambda address=address: self._ask_proxy(address))
            for address in proxies
        ]
        self._turn_to(self._ended, text, [*through, *([other, again] if other_way else [again, other])], over=True)

    def note(self, text: str) -> None:
        """Say something small, such as that a text was copied."""
        self._note.setText(text)
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, text))

    def _ask_proxy(self, address: str) -> None:
        self.proxy_asked.emit(address)

    def _turn_to(
        self,
        panel: QWidget,
        said: str,
        others: list[tuple[str, Callable[[], None]]] | None = None,
        *,
        over: bool = False,
    ) -> None:
        for old in (self.browser, self.device):
            if old is not panel:
                old.clear()
        clear_layout(self._others)
        self._over = over
        self._stack.setCurrentWidget(panel)
        self._close.setText(self.tr("Close") if over else self.tr("Cancel"))
        self._note.clear()
        before: QWidget = self._note
        for label, act in others or []:
            button = QPushButton(label)
            button.setAutoDefault(False)
            button.clicked.connect(lambda _checked=False, act=act: act())
            show_in(self._others, button)
            QWidget.setTabOrder(before, button)
            before = button
        QWidget.setTabOrder(before, self._close)
        # Once it is over, what helps is one press of Enter away; before, Enter must not cancel by mistake.
        first = self._others.itemAt(0)
        helping = first.widget() if over and first is not None else self._close
        self._close.setAutoDefault(over)
        if isinstance(helping, QPushButton) and over:
            helping.setDefault(True)
            helping.setFocus()
        else:
            self._close.setDefault(False)
            # Not as the panel's focus proxy: then Tab would pass over all that stands before it.
            (panel.first if isinstance(panel, BrowserPanel | DevicePanel) else panel).setFocus()
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, said))
        self.adjustSize()


class _Working(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self._text = QLabel()
        self._text.setWordWrap(True)
        bar = QProgressBar()
        bar.setRange(0, 0)
        bar.setTextVisible(False)
        self._bar = bar
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(space.M)
        column.addStretch()
        column.addWidget(self._text)
        column.addWidget(bar)
        column.addStretch()

    def show_text(self, text: str) -> None:
        self._text.setText(text)
        self._bar.setAccessibleName(text)


class _Ended(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self.text = ""

    def show_done(self, icons: Icons, text: str) -> None:
        picture = QLabel()
        picture.setPixmap(icons.tinted("state-ready", icons.colour(Look.RUNNING)).pixmap(32, 32))
        picture.setAccessibleName(self.tr("Done"))
        label = QLabel(text)
        label.setWordWrap(True)
        label.setTextFormat(Qt.TextFormat.PlainText)
        make_selectable(label)
        done = QWidget()
        row = QHBoxLayout(done)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(space.M)
        row.addWidget(picture)
        row.addWidget(label, 1)
        self._become(done, text)

    def show_failed(self, icons: Icons, text: str) -> None:
        self._become(Notice(icons, Tone.ERROR, text), text)

    def _become(self, widget: QWidget, text: str) -> None:
        clear_layout(self._column)
        self._column.addStretch()
        show_in(self._column, widget)
        self._column.addStretch()
        self.text = text

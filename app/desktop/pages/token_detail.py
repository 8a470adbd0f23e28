"""Everything about the selected token: its state, its last failure, its quota, its sessions, its login."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from app.core.token import TokenKind
from app.desktop import formats, token_words, words
from app.desktop.design import colours, space
from app.desktop.design.colours import Tone
from app.desktop.design.text import TextRole, styled
from app.desktop.icons import Icons
from app.desktop.models.tokens import TONES, account_line, symbol_of
from app.desktop.pages.token_sections import LoginSection, QuotaSection, SessionsSection, say, wrapping
from app.desktop.token_failures import Help, failure
from app.desktop.widgets.card import Card
from app.desktop.widgets.elided_label import ElidedLabel
from app.desktop.widgets.layouts import clear_layout
from app.desktop.widgets.quiet_label import QuietLabel
from app.desktop.widgets.selectable import make_selectable
from app.desktop.widgets.state_line import StateLine
from app.desktop.widgets.symbol import Symbol
from app.gateway.snapshot import GatewaySnapshot, TokenState, TokenView

# From this width on, in pixels, the buttons stand beside the name.
_WIDE = 460


@dataclass(frozen=True, slots=True)
class DetailActions:
    """What the buttons beside a token do; each is called with the token.

    Attributes:
        help: what brings it back into service: a new sign-in, or a try.
        sign_in, choose_way, test: what helps after a failure.
        enable: let it serve, or not.
        more: show the menu of all that can be done, below this button.
        open_session: turn to a session; None: to all of them.
    """

    help: Callable[[TokenView], None]
    sign_in: Callable[[TokenView], None]
    choose_way: Callable[[TokenView], None]
    test: Callable[[TokenView], None]
    enable: Callable[[TokenView], None]
    more: Callable[[QWidget], None]
    open_session: Callable[[str | None], None]


class TokenDetail(Card):
    """The pane beside the list of tokens.

    Args:
        icons: for symbols.
        actions: what the buttons do.
    """

    def __init__(self, icons: Icons, actions: DetailActions, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self._icons = icons
        self._actions = actions
        self._token: TokenView | None = None
        self._label = styled(ElidedLabel(), TextRole.HEADING)
        self._account = ElidedLabel(quiet=True)
        self.test = QPushButton(self.tr("&Test"))
        self.test.setToolTip(self.tr("Ask upstream whether it accepts this token; that costs nothing"))
        self.test.clicked.connect(lambda: self._act(actions.test))
        self.enable = QPushButton(self.tr("&Disable"))
        self.enable.clicked.connect(lambda: self._act(actions.enable))
        self.more = QPushButton(self.tr("&More"))
        Symbol(icons, self.more, "more")
        self.more.clicked.connect(lambda: actions.more(self.more))
        self._state = StateLine(icons, self.tr("State of the token"))
        self._explanation = wrapping(QuietLabel())
        self.help = QPushButton(self.tr("Sign in &again"))
        self._help_symbol = Symbol(icons, self.help, "sign-in")
        self.help.clicked.connect(lambda: self._act(actions.help))
        self._failure = QVBoxLayout()
        self._shown_failure: object = None
        self._quota = QuotaSection()
        self._sessions = SessionsSection(icons, actions.open_session)
        self._login = LoginSection()
        # Names and buttons: side by side where there is room.
        self._top = QBoxLayout(QBoxLayout.Direction.TopToBottom)
        self._lay_out()

    def show_token(self, token: TokenView, snapshot: GatewaySnapshot, now: float, *, busy: bool) -> None:
        """Show this token.

        Args:
            token: of the snapshot.
            snapshot: with its sessions.
            now: Unix seconds.
            busy: an operation on tokens runs: the buttons wait.
        """
        self._token = token
        self._label.setText(words.token_label(token.label))
        self._account.setText(account_line(token))
        symbol = symbol_of(token)
        self._state.show_state(symbol, TONES[symbol], token_words.state(token, now))
        say(self._explanation, token_words.explanation(token))
        self._show_help(token)
        self._show_failure(token, now)
        self._quota.show_token(token, now)
        self._sessions.show_token(token, snapshot)
        self._login.show_token(token, now)
        self.show_busy(busy)

    def show_busy(self, busy: bool) -> None:
        """While an operation on tokens runs, the buttons wait."""
        opened = self._token is not None and self._token.state is not TokenState.SEALED
        self.test.setEnabled(opened and not busy)
        self.enable.setEnabled(opened and not busy)
        self.help.setEnabled(not busy)
        self.more.setEnabled(not busy)

    def sizeHint(self) -> QSize:
        """Wide enough for the words of a gauge."""
        return QSize(320, 240)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The buttons stand where they have room."""
        super().resizeEvent(event)
        wide = event.size().width() >= _WIDE
        self._top.setDirection(QBoxLayout.Direction.LeftToRight if wide else QBoxLayout.Direction.TopToBottom)

    def _act(self, action: Callable[[TokenView], None]) -> None:
        if self._token is not None:
            action(self._token)

    def _show_help(self, token: TokenView) -> None:
        """The one thing that brings the token back; without any the button is not there."""
        signs_in = token.state is TokenState.SIGN_IN and token.kind is TokenKind.CHATGPT
        if signs_in:
            self.help.setText(self.tr("Sign in &again"))
            self._help_symbol.show("sign-in")
        elif token.state is TokenState.RESTING:
            self.help.setText(self.tr("Try n&ow"))
            self._help_symbol.show("start")
        self.help.setVisible(signs_in or token.state is TokenState.RESTING)
        self.enable.setText(self.tr("&Disable") if token.enabled else self.tr("&Enable"))

    def _show_failure(self, token: TokenView, now: float) -> None:
        code = token.last_error
        # What the state says already is not said twice.
        said = code is None or code in (token.rest_reason, token.sign_in_needed) or token.state is TokenState.SEALED
        shown = None if said else (token.id, code, token.last_error_at, token.kind)
        if shown == self._shown_failure:
            return
        self._shown_failure = shown
        clear_layout(self._failure)
        if shown is None or code is None:
            return
        found = failure(code)
        when = "" if token.last_error_at is None else formats.minute(token.last_error_at, now)
        title = self.tr("Last failure, {time}").format(time=when)
        button = None
        if found.help is not None and not (found.help is Help.SIGN_IN and token.kind is TokenKind.API_KEY):
            button = self._help_button(found.help)
        text = self.tr("{what} {advice}").format(what=found.text, advice=found.advice)
        self._failure.addWidget(_FailureField(self._icons, title, text, button))

    def _help_button(self, help: Help) -> QPushButton:
        label, action = {
            Help.SIGN_IN: (self.tr("Sign in again"), self._actions.sign_in),
            Help.PROXY: (self.tr("Own proxy…"), self._actions.choose_way),
            Help.TEST: (self.tr("Test it now"), self._actions.test),
        }[help]
        button = QPushButton(label)
        button.clicked.connect(lambda: self._act(action))
        return button

    def _lay_out(self) -> None:
        content = QWidget()
        column = QVBoxLayout(content)
        space.bare(column, space.S)
        column.setContentsMargins(0, 0, space.S, 0)
        space.bare(self._failure)
        column.addWidget(self._state)
        column.addWidget(self._explanation)
        column.addWidget(self.help, 0, Qt.AlignmentFlag.AlignLeft)
        column.addLayout(self._failure)
        for section in (self._quota, self._sessions, self._login):
            column.addWidget(section)
        column.addStretch()
        scroll = QScrollArea()
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        # Everything in it takes the keyboard, and is scrolled into sight then.
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.viewport().setAutoFillBackground(False)
        scroll.setWidget(content)
        content.setAutoFillBackground(False)
        names = QVBoxLayout()
        space.bare(names, space.XS)
        names.addWidget(self._label)
        names.addWidget(self._account)
        row = QHBoxLayout()
        space.bare(row, space.S)
        for button in (self.test, self.enable, self.more):
            row.addWidget(button)
        row.addStretch()
        space.bare(self._top, space.S)
        self._top.addLayout(names, 1)
        self._top.addLayout(row)
        self.body.addLayout(self._top)
        self.body.addWidget(scroll, 1)


class _FailureField(QWidget):
    """A tinted field: what failed last, what to do, and the button that does it."""

    def __init__(self, icons: Icons, title: str, text: str, button: QPushButton | None) -> None:
        super().__init__()
        state = StateLine(icons, title)
        state.show_state("warning", Tone.WARNING, title)
        column = QVBoxLayout(self)
        column.setContentsMargins(space.M, space.S, space.M, space.M)
        column.setSpacing(space.S)
        column.addWidget(state)
        said = wrapping(QLabel(text))
        make_selectable(said)
        column.addWidget(said)
        if button is not None:
            column.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The field."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colours.tinted(Tone.WARNING, self.palette()))
        painter.drawRoundedRect(self.rect(), space.RADIUS, space.RADIUS)

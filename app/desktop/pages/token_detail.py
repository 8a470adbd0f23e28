"""Everything about the selected token: its state, its last failure, its quota, its sessions, its login."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import islice

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.core.quota import CODEX
from app.core.token import TokenKind
from app.desktop import formats, token_words, words
from app.desktop.counts import Counts
from app.desktop.design import colours, space
from app.desktop.design.colours import Tone
from app.desktop.design.text import TextRole, styled
from app.desktop.icons import Icons
from app.desktop.models.tokens import TONES, account_line, symbol_of
from app.desktop.token_failures import Help, failure
from app.desktop.widgets.card import Card
from app.desktop.widgets.elided_label import ElidedLabel
from app.desktop.widgets.gauge import Gauge, reading
from app.desktop.widgets.layouts import clear_layout
from app.desktop.widgets.quiet_label import QuietLabel
from app.desktop.widgets.selectable import make_selectable
from app.desktop.widgets.state_line import StateLine
from app.desktop.widgets.symbol import Symbol
from app.gateway.snapshot import GatewaySnapshot, SessionView, TokenState, TokenView

# Named of the sessions; the others are counted.
_MOST_SESSIONS = 5
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
        self._explanation = _wrapping(QuietLabel())
        self.help = QPushButton(self.tr("Sign in &again"))
        self._help_symbol = Symbol(icons, self.help, "sign-in")
        self.help.clicked.connect(lambda: self._act(actions.help))
        self._failure = QVBoxLayout()
        self._shown_failure: object = None
        self._quota_note = _wrapping(styled(QuietLabel(), TextRole.CAPTION))
        self._gauges = QVBoxLayout()
        self._shown_windows: list[tuple[str, str]] = []
        self._shown_gauges: list[Gauge] = []
        self._credits = QLabel()
        self._sessions = QVBoxLayout()
        self._shown_sessions: object = None
        self._facts = QFormLayout()
        self._values: dict[str, QLabel] = {}
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
        _say(self._explanation, token_words.explanation(token))
        self._show_help(token)
        self._show_failure(token, now)
        self._show_quota(token, now)
        self._show_sessions(token, snapshot)
        self._show_facts(token, now)
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

    def _show_quota(self, token: TokenView, now: float) -> None:
        quota = token.quota
        windows = quota.windows if quota is not None else ()
        named = [(window.limit, window.slot) for window in windows]
        if named != self._shown_windows:
            self._shown_windows = named
            self._make_gauges()
        for gauge, window in zip(self._shown_gauges, windows, strict=True):
            of = words.token_label(token.label)
            said = reading(window, token.forecasts, now)
            if window.limit != CODEX:
                # The family stands above its gauges.
                of = f"{of} · {token_words.limit_name(window.limit)}"
                said = replace(said, label=token_words.span(window.minutes) or window.slot)
            gauge.show_reading(said, of=of)
        credits = quota.credits if quota is not None else None
        has_credits = credits is not None and (credits.unlimited or credits.has_credits)
        _say(
            self._credits,
            self.tr("Credits: {balance}").format(balance=credits.balance or "∞") if credits and has_credits else "",
        )
        if quota is not None:
            note = self.tr("As upstream said at {time}").format(time=formats.minute(quota.seen_at, now))
        elif token.kind is TokenKind.API_KEY:
            note = self.tr("An API key has no windows: OpenAI bills what it uses.")
        else:
            note = self.tr("Not known yet. Upstream says it with the first answer, or when you test the token.")
        _say(self._quota_note, note)

    def _make_gauges(self) -> None:
        clear_layout(self._gauges)
        self._shown_gauges = []
        before = CODEX
        for limit, _ in self._shown_windows:
            if limit != before:
                self._gauges.addWidget(styled(ElidedLabel(token_words.limit_name(limit), quiet=True), TextRole.CAPTION))
            before = limit
            self._shown_gauges.append(Gauge())
            self._gauges.addWidget(self._shown_gauges[-1])

    def _show_sessions(self, token: TokenView, snapshot: GatewaySnapshot) -> None:
        named = list(islice((item for item in snapshot.sessions if item.token_id == token.id), _MOST_SESSIONS))
        shown = (token.sessions, token.active_turns, [(item.id, item.name, item.active_turns) for item in named])
        if shown == self._shown_sessions:
            return
        self._shown_sessions = shown
        clear_layout(self._sessions)
        if not token.sessions:
            self._sessions.addWidget(_wrapping(QuietLabel(self.tr("None in the last 24 hours."))))
            return
        for session in named:
            self._sessions.addWidget(self._link(session), 0, Qt.AlignmentFlag.AlignLeft)
        if token.sessions > len(named):
            more = _link_button(Counts().more_sessions(token.sessions - len(named)))
            more.clicked.connect(lambda: self._actions.open_session(None))
            self._sessions.addWidget(more, 0, Qt.AlignmentFlag.AlignLeft)

    def _link(self, session: SessionView) -> QToolButton:
        button = _link_button(formats.shortened(session.name))
        Symbol(self._icons, button, "state-active" if session.active_turns else "state-idle")
        more = " · ".join(part for part in (session.name, session.model, session.client) if part)
        button.setToolTip(self.tr("Show this session: {name}").format(name=more))
        button.clicked.connect(lambda: self._actions.open_session(session.id))
        return button

    def _show_facts(self, token: TokenView, now: float) -> None:
        login_until = renewed = ""
        if token.kind is TokenKind.CHATGPT and token.expires_at is not None:
            login_until = formats.minute(token.expires_at, now)
        if token.refreshed_at is not None and not token.follows:
            renewed = formats.minute(token.refreshed_at, now)
        facts = {
            "until": login_until,
            "renewed": renewed,
            "follows": token.follows or "",
            "way": token_words.proxy(token.proxy) if token.proxy else self.tr("as Waystation"),
            "code": token.sign_in_needed or (token.rest_reason if token.state is TokenState.RESTING else None) or "",
        }
        for name, text in facts.items():
            self._values[name].setText(text)
            self._facts.setRowVisible(self._values[name], bool(text))

    def _lay_out(self) -> None:
        content = QWidget()
        column = QVBoxLayout(content)
        space.bare(column, space.S)
        column.setContentsMargins(0, 0, space.S, 0)
        for layout in (self._failure, self._sessions):
            space.bare(layout)
        space.bare(self._gauges, space.M)
        column.addWidget(self._state)
        column.addWidget(self._explanation)
        column.addWidget(self.help, 0, Qt.AlignmentFlag.AlignLeft)
        column.addLayout(self._failure)
        self._section(column, self.tr("What is left"))
        column.addLayout(self._gauges)
        column.addWidget(self._credits)
        column.addWidget(self._quota_note)
        self._section(column, self.tr("Sessions on it"))
        column.addLayout(self._sessions)
        self._section(column, self.tr("Login and way"))
        self._lay_out_facts()
        column.addLayout(self._facts)
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

    def _section(self, column: QVBoxLayout, title: str) -> None:
        column.addSpacing(space.S)
        column.addWidget(_Line())
        column.addWidget(styled(QuietLabel(title), TextRole.CAPTION))

    def _lay_out_facts(self) -> None:
        self._facts.setContentsMargins(0, 0, 0, 0)
        self._facts.setHorizontalSpacing(space.M)
        self._facts.setVerticalSpacing(space.XS)
        self._facts.setRowWrapPolicy(QFormLayout.RowWrapPolicy.DontWrapRows)
        self._facts.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        titles = {
            "until": self.tr("Login until"),
            "renewed": self.tr("Renewed"),
            "follows": self.tr("Codex renews it in"),
            "way": self.tr("Way upstream"),
            "code": self.tr("Upstream's code"),
        }
        for name, title in titles.items():
            value = ElidedLabel()
            make_selectable(value)
            value.setAccessibleName(title)
            self._values[name] = value
            self._facts.addRow(QuietLabel(title), value)


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
        said = _wrapping(QLabel(text))
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


class _Line(QWidget):
    """Between two sections."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedHeight(1)

    def paintEvent(self, event: QPaintEvent) -> None:
        """One line."""
        QPainter(self).fillRect(self.rect(), colours.line(self.palette()))


def _wrapping(label: QLabel) -> QLabel:
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    # Otherwise a long word would widen the window.
    label.setMinimumWidth(1)
    return label


def _say(label: QLabel, text: str) -> None:
    label.setText(text)
    label.setVisible(bool(text))


def _link_button(text: str) -> QToolButton:
    button = QToolButton()
    button.setAutoRaise(True)
    button.setText(text.replace("&", "&&"))
    button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    button.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
    return button

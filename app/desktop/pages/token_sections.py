"""The sections of the pane about one token: what is left, the sessions on it, its login."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from typing import TypeVar

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QFormLayout, QLabel, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from app.core.quota import CODEX
from app.core.token import TokenKind
from app.desktop import formats, token_words, words
from app.desktop.counts import Counts
from app.desktop.design import colours, space
from app.desktop.design.text import TextRole, styled
from app.desktop.icons import Icons
from app.desktop.widgets.elided_label import ElidedLabel
from app.desktop.widgets.gauge import Gauge, reading
from app.desktop.widgets.layouts import clear_layout
from app.desktop.widgets.quiet_label import QuietLabel
from app.desktop.widgets.symbol import Symbol
from app.gateway.snapshot import GatewaySnapshot, SessionView, TokenState, TokenView

_L = TypeVar("_L", bound=QLabel)
# Named of the sessions; the others are counted.
_MOST_SESSIONS = 5


class Section(QWidget):
    """A line, a quiet title, and what stands below."""

    def __init__(self, title: str) -> None:
        super().__init__()
        self.column = QVBoxLayout(self)
        space.bare(self.column, space.S)
        self.column.addSpacing(space.XS)
        self.column.addWidget(_Line())
        self.column.addWidget(styled(QuietLabel(title), TextRole.CAPTION))


class QuotaSection(Section):
    """Every window with its reset and its forecast, those of other families under their names; credits."""

    def __init__(self) -> None:
        super().__init__(QCoreApplication.translate("QuotaSection", "What is left"))
        self._gauges = QVBoxLayout()
        space.bare(self._gauges, space.M)
        self._windows: list[tuple[str, str]] = []
        self._shown_gauges: list[Gauge] = []
        self._credits = QLabel()
        self._note = wrapping(styled(QuietLabel(), TextRole.CAPTION))
        self.column.addLayout(self._gauges)
        self.column.addWidget(self._credits)
        self.column.addWidget(self._note)

    def show_token(self, token: TokenView, now: float) -> None:
        """Show what is left of this token; `now` is in Unix seconds."""
        quota = token.quota
        windows = quota.windows if quota is not None else ()
        named = [(window.limit, window.slot) for window in windows]
        if named != self._windows:
            self._windows = named
            self._make_gauges()
        for gauge, window in zip(self._shown_gauges, windows, strict=True):
            of = words.token_label(token.label)
            shown = reading(window, token.forecasts, now)
            if window.limit != CODEX:
                # The family stands above its gauges.
                of = f"{of} · {token_words.limit_name(window.limit)}"
                shown = replace(shown, label=token_words.span(window.minutes) or window.slot)
            gauge.show_reading(shown, of=of)
        credits = quota.credits if quota is not None else None
        said = ""
        if credits is not None and (credits.unlimited or credits.has_credits):
            said = self.tr("Credits: {balance}").format(balance=credits.balance or "∞")
        say(self._credits, said)
        if quota is not None:
            note = self.tr("As upstream said at {time}").format(time=formats.minute(quota.seen_at, now))
        elif token.kind is TokenKind.API_KEY:
            note = self.tr("An API key has no windows: OpenAI bills what it uses.")
        else:
            note = self.tr("Not known yet. Upstream says it with the first answer, or when you test the token.")
        say(self._note, note)

    def _make_gauges(self) -> None:
        clear_layout(self._gauges)
        self._shown_gauges = []
        before = CODEX
        for limit, _ in self._windows:
            if limit != before:
                self._gauges.addWidget(styled(ElidedLabel(token_words.limit_name(limit), quiet=True), TextRole.CAPTION))
            before = limit
            self._shown_gauges.append(Gauge())
            self._gauges.addWidget(self._shown_gauges[-1])


class SessionsSection(Section):
    """The last sessions that a token serves, each leading to its page.

    Args:
        icons: for symbols.
        open_session: turns to a session; None: to all of them.
    """

    def __init__(self, icons: Icons, open_session: Callable[[str | None], None]) -> None:
        super().__init__(QCoreApplication.translate("SessionsSection", "Sessions on it"))
        self._icons = icons
        self._open_session = open_session
        self._shown: object = None
        self._column = QVBoxLayout()
        space.bare(self._column)
        self.column.addLayout(self._column)

    def show_token(self, token: TokenView, snapshot: GatewaySnapshot) -> None:
        """Show the sessions of this token."""
        named = list(islice((item for item in snapshot.sessions if item.token_id == token.id), _MOST_SESSIONS))
        shown = (token.sessions, token.active_turns, [(item.id, item.name, item.active_turns) for item in named])
        if shown == self._shown:
            return
        self._shown = shown
        clear_layout(self._column)
        if not token.sessions:
            self._column.addWidget(wrapping(QuietLabel(self.tr("None in the last 24 hours."))))
            return
        for session in named:
            self._column.addWidget(self._link(session), 0, Qt.AlignmentFlag.AlignLeft)
        if token.sessions > len(named):
            more = _link_button(Counts().more_sessions(token.sessions - len(named)))
            more.clicked.connect(lambda: self._open_session(None))
            self._column.addWidget(more, 0, Qt.AlignmentFlag.AlignLeft)

    def _link(self, session: SessionView) -> QToolButton:
        button = _link_button(formats.shortened(session.name))
        Symbol(self._icons, button, "state-active" if session.active_turns else "state-idle")
        more = " · ".join(part for part in (session.name, session.model, session.client) if part)
        button.setToolTip(self.tr("Show this session: {name}").format(name=more))
        button.clicked.connect(lambda: self._open_session(session.id))
        return button


class LoginSection(Section):
    """Until when the login holds, who renews it, and its way upstream."""

    def __init__(self) -> None:
        super().__init__(QCoreApplication.translate("LoginSection", "Login and way"))
        self._form = QFormLayout()
        self._form.setContentsMargins(0, 0, 0, 0)
        self._form.setHorizontalSpacing(space.M)
        self._form.setVerticalSpacing(space.XS)
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._values: dict[str, QLabel] = {}
        titles = {
            "until": self.tr("Login until"),
            "renewed": self.tr("Renewed"),
            "follows": self.tr("Codex renews it in"),
            "way": self.tr("Way upstream"),
            "code": self.tr("Upstream's code"),
        }
        for name, title in titles.items():
            value = ElidedLabel()
            self._values[name] = value
            self._form.addRow(QuietLabel(title), value)
        self.column.addLayout(self._form)

    def show_token(self, token: TokenView, now: float) -> None:
        """Show this token's; `now` is in Unix seconds."""
        login_until = renewed = ""
        if token.kind is TokenKind.CHATGPT and token.expires_at is not None:
            login_until = formats.minute(token.expires_at, now)
        if token.refreshed_at is not None and not token.follows:
            renewed = formats.minute(token.refreshed_at, now)
        facts = {
            "until": login_until,
            "renewed": renewed,
            "follows": token.follows or "",
            "way": token_words.proxy(token.proxy) if token.proxy else self.tr("same as Waystation"),
            "code": token.sign_in_needed or (token.rest_reason if token.state is TokenState.RESTING else None) or "",
        }
        for name, text in facts.items():
            self._values[name].setText(text)
            self._form.setRowVisible(self._values[name], bool(text))


class _Line(QWidget):
    """Between two sections."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedHeight(1)

    def paintEvent(self, event: QPaintEvent) -> None:
        """One line."""
        QPainter(self).fillRect(self.rect(), colours.line(self.palette()))


def wrapping(label: _L) -> _L:
    """Let a label wrap its text."""
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    # Otherwise a long word would widen the window.
    label.setMinimumWidth(1)
    return label


def say(label: QLabel, text: str) -> None:
    """Say this; where there is nothing to say, take no room."""
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

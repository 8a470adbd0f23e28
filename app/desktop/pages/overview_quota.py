"""What is left of the tokens' quota, on the overview."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from app.core.token import TokenKind
from app.desktop import formats, token_words, words
from app.desktop.design import space
from app.desktop.design.text import TextRole, styled
from app.desktop.widgets.card import Card
from app.desktop.widgets.elided_label import ElidedLabel
from app.desktop.widgets.gauge import Gauge, reading
from app.desktop.widgets.quiet_label import QuietLabel
from app.gateway.snapshot import GatewaySnapshot, TokenState, TokenView

#: More tokens than these are only counted.
MOST = 8


class QuotaCard(Card):
    """Gauges for the first tokens, in the user's order, and the way to the others.

    Args:
        open_tokens: turns to the page with all tokens.
    """

    def __init__(self, open_tokens: Callable[[], None]) -> None:
        super().__init__(self.tr("Quota"))
        self.setAccessibleName(self.tr("Quota"))
        self.rows: list[TokenQuota] = []
        self.more = QPushButton()
        self.more.setFlat(True)
        self.more.clicked.connect(lambda _checked=False: open_tokens())
        self._rows = QVBoxLayout()
        space.bare(self._rows, space.M)
        self.body.addLayout(self._rows)
        foot = QHBoxLayout()
        foot.addWidget(self.more)
        foot.addStretch()
        self.body.addLayout(foot)
        self.body.addStretch()

    def show_snapshot(self, snapshot: GatewaySnapshot, now: float) -> None:
        """Show these tokens; `now` is in Unix seconds."""
        shown = snapshot.tokens[:MOST]
        while len(self.rows) < len(shown):
            self.rows.append(TokenQuota())
            self._rows.addWidget(self.rows[-1])
        for at, row in enumerate(self.rows):
            if at < len(shown):
                row.show_token(shown[at], now)
            row.setVisible(at < len(shown))
        others = len(snapshot.tokens) - len(shown)
        if others:
            self.more.setText(self.tr("and %n more", "", others))
        self.more.setVisible(bool(others))


class TokenQuota(QWidget):
    """One token: its name, its plan or why it does not serve, and its two windows beside each other."""

    def __init__(self) -> None:
        super().__init__()
        self._shown: tuple[TokenView, float] | None = None
        self.name = ElidedLabel()
        self.aside = styled(ElidedLabel(quiet=True), TextRole.CAPTION)
        self.aside.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.gauges = (Gauge(), Gauge())
        self.instead = styled(QuietLabel(), TextRole.CAPTION)
        self.instead.setWordWrap(True)
        head = QHBoxLayout()
        space.bare(head, space.S)
        head.addWidget(self.name, 1)
        head.addWidget(self.aside)
        bars = QHBoxLayout()
        space.bare(bars, space.L)
        for gauge in self.gauges:
            bars.addWidget(gauge, 1, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout(self)
        space.bare(column, space.XS)
        column.addLayout(head)
        column.addLayout(bars)
        column.addWidget(self.instead)

    def show_token(self, token: TokenView, now: float) -> None:
        """Show this token; `now` is in Unix seconds."""
        # Times are told to the minute.
        if (token, now // 60) == self._shown:
            return
        self._shown = token, now // 60
        label = words.token_label(token.label)
        self.name.setText(label)
        self.aside.setText(_aside(token, now))
        windows = (token_words.short_window(token.quota), token_words.long_window(token.quota))
        for gauge, window in zip(self.gauges, windows, strict=True):
            if window is not None:
                gauge.show_reading(reading(window, token.forecasts, now), of=formats.shortened(label, 60))
            gauge.setVisible(window is not None)
        self.instead.setText("" if any(windows) else self._without_windows(token))
        self.instead.setVisible(not any(windows))

    def _without_windows(self, token: TokenView) -> str:
        if token.kind is TokenKind.API_KEY:
            return self.tr("Paid by use: no windows that run out.")
        return self.tr("Upstream has not said yet how much is left.")


def _aside(token: TokenView, now: float) -> str:
    if token.state is TokenState.READY and not token.spare:
        return words.plan(token.plan)
    if token.state is TokenState.SIGN_IN:
        # The reason stands in the notice above.
        return words.token_state(token)
    return token_words.state(token, now)

"""The line below the tokens: how one is chosen, how long requests wait, and the way upstream."""

from __future__ import annotations

from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QPushButton, QWidget

from app.core.policy import DEFAULT_WAIT_S, OVERNIGHT_WAIT_S, Policy, Strategy
from app.desktop import dialogs, formats, token_words
from app.desktop.icons import Icons
from app.desktop.operations import Operations
from app.desktop.proxy_dialog import ProxyDialog
from app.gateway.snapshot import GatewaySnapshot

# Of each choice, in pixels, and of the proxy's address, in letters.
_NARROWEST = 96
_LONGEST_WAY = 30
_WAITS = (0.0, DEFAULT_WAIT_S, OVERNIGHT_WAIT_S)


class PoolBar(QWidget):
    """The user's choices about all tokens.

    Args:
        icons: for dialogs.
        operations: what it does.
    """

    def __init__(self, icons: Icons, operations: Operations, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icons = icons
        self._operations = operations
        self._policy = Policy()
        self._proxy: str | None = None
        self.strategy = QComboBox()
        self.strategy.addItem(self.tr("balanced: most quota left first"), Strategy.BALANCED.value)
        self.strategy.addItem(self.tr("in order: the first until it is spent"), Strategy.IN_ORDER.value)
        self.strategy.activated.connect(self._on_strategy)
        self.wait = QComboBox()
        self.wait.activated.connect(self._on_wait)
        self.way = QPushButton()
        self.way.clicked.connect(self._on_way)
        for choice in (self.strategy, self.wait):
            # Less than it asks for: a small window matters more than the whole text.
            choice.setMinimumWidth(_NARROWEST)
        self.strategy.setToolTip(self.tr("How the token of a new session is chosen"))
        self.wait.setToolTip(
            self.tr("How long a request of Codex waits at the station when every token is at its limit")
        )
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(_labelled(self.tr("C&hoice:"), self.strategy))
        row.addWidget(self.strategy)
        row.addSpacing(12)
        row.addWidget(_labelled(self.tr("At the limit, wa&it:"), self.wait))
        row.addWidget(self.wait)
        row.addStretch()
        row.addWidget(self.way)
        operations.failed.connect(self._show_policy)
        self._show_policy()
        self._show_way()

    def show_snapshot(self, snapshot: GatewaySnapshot) -> None:
        """Show these choices."""
        if snapshot.policy != self._policy:
            self._policy = snapshot.policy
            self._show_policy()
        if snapshot.proxy != self._proxy:
            self._proxy = snapshot.proxy
            self._show_way()

    def _show_policy(self) -> None:
        self.strategy.setCurrentIndex(self.strategy.findData(self._policy.strategy.value))
        # Another time than these can be chosen on the command line.
        waits = sorted({*_WAITS, self._policy.wait_s})
        self.wait.clear()
        for wait_s in waits:
            self.wait.addItem(self._wait_text(wait_s), wait_s)
        self.wait.setCurrentIndex(waits.index(self._policy.wait_s))

    def _wait_text(self, wait_s: float) -> str:
        if wait_s == 0:
            return self.tr("not at all")
        if wait_s == OVERNIGHT_WAIT_S:
            return self.tr("overnight (up to 6 hours)")
        return self.tr("up to {minutes} minutes").format(minutes=formats.count(round(wait_s / 60)))

    def _show_way(self) -> None:
        text = self.tr("as the system says") if self._proxy is None else token_words.proxy(self._proxy)
        self.way.setText(self.tr("Prox&y: {proxy}…").format(proxy=formats.shortened(text, _LONGEST_WAY)))
        self.way.setToolTip(text)

    def _on_strategy(self) -> None:
        strategy = Strategy(self.strategy.currentData())
        if strategy is not self._policy.strategy:
            self._operations.pool.set_strategy(strategy)

    def _on_wait(self) -> None:
        wait_s = float(self.wait.currentData())
        if wait_s != self._policy.wait_s:
            self._operations.pool.set_wait(wait_s)

    def _on_way(self) -> None:
        self._operations.run("ask", self._ask_for_way())

    async def _ask_for_way(self) -> None:
        async def choose(text: str) -> None:
            await self._operations.pool.set_proxy(text or None)

        dialog = ProxyDialog(
            self._icons,
            self._operations,
            self.tr("Proxy of Waystation"),
            self.tr("As the &system or HTTPS_PROXY says"),
            self._proxy,
            choose,
            self.window(),
        )
        dialog.offer(await self._operations.pool.found_proxies())
        await dialogs.finished(dialog)


def _labelled(text: str, buddy: QWidget) -> QLabel:
    label = QLabel(text)
    label.setBuddy(buddy)
    return label

"""How tokens are chosen, how long requests wait, and the way to OpenAI."""

from __future__ import annotations

from PySide6.QtWidgets import QCheckBox, QComboBox, QDoubleSpinBox, QPushButton, QSpinBox

from app.core.policy import DEFAULT_WAIT_S, MOST_TURNS_PER_TOKEN, OVERNIGHT_WAIT_S, Policy, Strategy
from app.core.settings import LONGEST_HOLD_S, GatewaySettings
from app.desktop import dialogs, formats, token_words
from app.desktop.icons import Icons
from app.desktop.operations import Operations
from app.desktop.proxy_dialog import ProxyDialog
from app.desktop.settings.section import Section
from app.gateway.snapshot import GatewaySnapshot

_LONGEST_WAY = 40
_WAITS = (0.0, DEFAULT_WAIT_S, OVERNIGHT_WAIT_S)


class PoolSection(Section):
    """The user's choices about all tokens.

    Args:
        icons: for dialogs.
        operations: what it does.
    """

    def __init__(self, icons: Icons, operations: Operations) -> None:
        super().__init__("")
        self.set_heading(self.tr("Tokens and requests"))
        self._icons = icons
        self._operations = operations
        self._policy = Policy()
        self._settings = GatewaySettings()
        self._proxy: str | None = None
        self.strategy = QComboBox()
        self.strategy.addItem(self.tr("balanced: most quota left first"), Strategy.BALANCED.value)
        self.strategy.addItem(self.tr("in order: the first until it is spent"), Strategy.IN_ORDER.value)
        self.strategy.activated.connect(self._on_strategy)
        self.wait = QComboBox()
        self.wait.activated.connect(self._on_wait)
        self.turns = QSpinBox()
        self.turns.setRange(1, MOST_TURNS_PER_TOKEN)
        self.turns.editingFinished.connect(self._on_turns)
        self.hold = QDoubleSpinBox()
        self.hold.setRange(0, LONGEST_HOLD_S)
        self.hold.setDecimals(1)
        self.hold.setSingleStep(0.5)
        self.hold.setSuffix(self.tr(" s"))
        self.hold.editingFinished.connect(self._on_hold)
        self.strict = QCheckBox(self.tr("Strict pass-through: never edit a request"))
        self.strict.clicked.connect(lambda wanted: operations.settings.change(strict=wanted))
        self.websockets = QCheckBox(self.tr("Let Codex use a WebSocket"))
        self.websockets.clicked.connect(lambda wanted: operations.settings.change(websockets=wanted))
        self.way = QPushButton()
        self.way.clicked.connect(self._on_way)
        self.form.row(self.tr("A new session gets:"), self.strategy)
        self.form.row(
            self.tr("At the limit, wait:"),
            self.wait,
            note=self.tr(
                "How long a request of Codex waits at the station when every token is at its limit. A session keeps "
                "its token as long as that can serve, whatever is chosen here."
            ),
        )
        self.form.row(self.tr("Requests per token at a time:"), self.turns)
        self.form.row(
            self.tr("Hold an answer's beginning for:"),
            self.hold,
            note=self.tr("Until then a failure can still be served by another token. 0 passes everything on at once."),
        )
        self.form.wide(
            self.strict,
            self.tr("Plain API clients then see upstream's refusal where Waystation would help, and so do moved ones."),
        )
        self.form.wide(
            self.websockets,
            self.tr("Codex asks for one when its own provider is pointed here. Otherwise it sends single requests."),
        )
        self.test = QPushButton(self.tr("Test"))
        self.test.setToolTip(self.tr("Try whether OpenAI answers; no token is used for it"))
        self.test.clicked.connect(operations.pool.test_way)
        self.form.row(self.tr("Proxy:"), self.way, self.test)
        # A method, since Qt forgets those of a window that was replaced by one in another language.
        operations.busy_changed.connect(self._update_test)
        operations.failed.connect(self._show)
        self._show()
        self._show_way()

    def show_snapshot(self, snapshot: GatewaySnapshot, now: float) -> None:
        """See `Section`."""
        if (snapshot.policy, snapshot.settings) != (self._policy, self._settings):
            self._policy, self._settings = snapshot.policy, snapshot.settings
            self._show()
        if snapshot.proxy != self._proxy:
            self._proxy = snapshot.proxy
            self._show_way()

    def _show(self) -> None:
        self.strategy.setCurrentIndex(self.strategy.findData(self._policy.strategy.value))
        # Another time than these can be chosen on the command line.
        waits = sorted({*_WAITS, self._policy.wait_s})
        self.wait.clear()
        for wait_s in waits:
            self.wait.addItem(self._wait_text(wait_s), wait_s)
        self.wait.setCurrentIndex(waits.index(self._policy.wait_s))
        if not self.turns.hasFocus():
            self.turns.setValue(self._policy.turns_per_token)
        if not self.hold.hasFocus():
            self.hold.setValue(self._settings.hold_s)
        self.strict.setChecked(self._settings.strict)
        self.websockets.setChecked(self._settings.websockets)

    def _wait_text(self, wait_s: float) -> str:
        if wait_s == 0:
            return self.tr("not at all")
        if wait_s == OVERNIGHT_WAIT_S:
            return self.tr("overnight (up to 6 hours)")
        return self.tr("up to {minutes} minutes").format(minutes=formats.count(round(wait_s / 60)))

    def _update_test(self) -> None:
        self.test.setEnabled(not self._operations.is_busy("proxy"))

    def _show_way(self) -> None:
        text = self.tr("System proxy") if self._proxy is None else token_words.proxy(self._proxy)
        self.way.setText(self.tr("{proxy}…").format(proxy=formats.shortened(text, _LONGEST_WAY)))
        self.way.setToolTip(text)

    def _on_strategy(self) -> None:
        strategy = Strategy(self.strategy.currentData())
        if strategy is not self._policy.strategy:
            self._operations.pool.set_strategy(strategy)

    def _on_wait(self) -> None:
        wait_s = float(self.wait.currentData())
        if wait_s != self._policy.wait_s:
            self._operations.pool.set_wait(wait_s)

    def _on_turns(self) -> None:
        if self.turns.value() != self._policy.turns_per_token:
            self._operations.settings.set_turns_per_token(self.turns.value())

    def _on_hold(self) -> None:
        if self.hold.value() != self._settings.hold_s:
            self._operations.settings.change(hold_s=self.hold.value())

    def _on_way(self) -> None:
        self._operations.run("ask", self._ask_for_way())

    async def _ask_for_way(self) -> None:
        async def choose(text: str) -> None:
            await self._operations.pool.set_proxy(text or None)

        dialog = ProxyDialog(
            self._icons,
            self._operations,
            self.tr("Proxy of Waystation"),
            self.tr("&System proxy, or HTTPS_PROXY"),
            self._proxy,
            choose,
            self.window(),
        )
        dialog.offer(await self._operations.pool.found_proxies())
        await dialogs.finished(dialog)

"""One quiet line on the overview: that a new version is out, or once, whether the user wants to be told."""

from __future__ import annotations

from PySide6.QtWidgets import QPushButton

from app.core.release_memory import Consent
from app.desktop.design import space
from app.desktop.design.colours import Tone
from app.desktop.first_steps import is_newcomer
from app.desktop.icons import Icons
from app.desktop.operations import Operations
from app.desktop.pages.release_news import ReleaseNews
from app.desktop.update_operations import UPDATES
from app.desktop.update_words import host_of, is_out
from app.desktop.widgets.card import Card
from app.desktop.widgets.disclosure import Disclosure
from app.desktop.widgets.folding_row import FoldingRow
from app.desktop.widgets.state_line import StateLine
from app.gateway.snapshot import GatewaySnapshot


class UpdatesCard(Card):
    """Seen while there is something to say: a version that is out, or a question that was never answered.

    Args:
        icons: for symbols.
        operations: what its buttons do.
    """

    def __init__(self, icons: Icons, operations: Operations) -> None:
        super().__init__()
        self._operations = operations
        self.state = StateLine(icons, self.tr("About new versions"))
        self.agree = QPushButton(self.tr("Check once a day"))
        self.agree.clicked.connect(lambda: operations.updates.agree(True))
        self.refuse = QPushButton(self.tr("No"))
        self.refuse.setAccessibleName(self.tr("Do not check for new versions"))
        self.refuse.setToolTip(self.tr("Do not check for new versions"))
        self.refuse.clicked.connect(lambda: operations.updates.agree(False))
        self._answers = FoldingRow(space.S)
        for button in (self.agree, self.refuse):
            self._answers.line.addWidget(button)
        self._answers.line.addStretch()
        self.news = ReleaseNews(icons, operations)
        self.unfold = Disclosure(icons, self.tr("What is new"), self.news)
        for part in (self.state, self._answers, self.unfold, self.news):
            self.body.addWidget(part)
        operations.busy_changed.connect(self._draw)
        self.hide()

    def show_snapshot(self, snapshot: GatewaySnapshot) -> None:
        """Say what there is to say, or nothing."""
        seen = snapshot.release
        news = seen.news if not seen.skipped else None
        # Whoever has not come as far as a first answer has other things to think of.
        asks = seen.allowed and seen.feed is not None and seen.consent is Consent.NOT_ASKED
        asks = asks and news is None and not is_newcomer(snapshot)
        self.setVisible(asks or news is not None)
        self._answers.setVisible(asks)
        self.unfold.setVisible(news is not None)
        if news is not None:
            self.state.show_state("info", Tone.INFO, is_out(news))
            self.news.show_release(news)
        else:
            self.unfold.setChecked(False)
        if asks:
            said = self.tr(
                "Waystation can ask {host} once a day whether there is a new version. That host learns this computer's "
                "address on the internet and the version of Waystation, nothing else. Nothing is downloaded or "
                "installed by itself."
            )
            self.state.show_state("info", Tone.NEUTRAL, said.format(host=host_of(seen.feed or "")))

    def _draw(self) -> None:
        for button in (self.agree, self.refuse):
            button.setEnabled(not self._operations.is_busy(UPDATES))

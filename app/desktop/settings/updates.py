"""New versions: how it stands, what is new, and whether the release feed may be asked once a day."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QLineEdit, QPushButton

from app.core.release_memory import Consent
from app.desktop.design import space
from app.desktop.icons import Icons
from app.desktop.operations import Operations
from app.desktop.pages.release_news import ReleaseNews
from app.desktop.settings.section import Section
from app.desktop.update_operations import CHECK, UPDATES
from app.desktop.update_words import host_of, standing
from app.desktop.widgets.folding_row import FoldingRow
from app.desktop.widgets.form import note_label
from app.desktop.widgets.state_line import StateLine
from app.gateway.snapshot import GatewaySnapshot, ReleaseView

# Such an address is shown whole.
_FEED_WIDTH = 340


class UpdatesSection(Section):
    """The card about new versions.

    Args:
        icons: for symbols.
        operations: what it does.
    """

    def __init__(self, icons: Icons, operations: Operations) -> None:
        super().__init__("")
        self.set_heading(self.tr("New versions"))
        self._operations = operations
        self._seen = ReleaseView()
        self.state = StateLine(icons, self.tr("Whether there is a new version"))
        self.news = ReleaseNews(icons, operations)
        self.check = QPushButton(self.tr("Check now"))
        self.check.clicked.connect(operations.updates.check)
        self.again = QPushButton(self.tr("Show it after all"))
        self.again.clicked.connect(lambda: operations.updates.skip(None))
        self._buttons = FoldingRow(space.S)
        for button in (self.check, self.again):
            self._buttons.line.addWidget(button)
        self._buttons.line.addStretch()
        self.daily = QCheckBox(self.tr("Check once a day"))
        self.daily.clicked.connect(operations.updates.agree)
        self._about = note_label()
        self.feed = QLineEdit()
        self.feed.setMinimumWidth(_FEED_WIDTH)
        self.feed.setPlaceholderText("https://")
        self.feed.setInputMethodHints(Qt.InputMethodHint.ImhUrlCharactersOnly)
        self.feed.textChanged.connect(self._draw)
        self.feed.returnPressed.connect(self._on_feed)
        self.use_feed = QPushButton(self.tr("Use this feed"))
        self.use_feed.clicked.connect(self._on_feed)
        # Not rows of the form: it reckons the height of what wraps inside of them too low.
        for number, part in enumerate((self.state, self.news, self._buttons)):
            self.body.insertWidget(number, part)
        self.form.wide(self.daily)
        self.form.addRow(self._about)
        self.form.row(self.tr("Release feed:"), self.feed, self.use_feed)
        self._feed_row = self.form.rowCount() - 1
        # Methods, since Qt forgets those of a window that was replaced by one in another language.
        operations.busy_changed.connect(self._draw)
        operations.failed.connect(self._take_back)
        self._show(0.0)

    def show_snapshot(self, snapshot: GatewaySnapshot, now: float) -> None:
        """See `Section`."""
        before, self._seen = self._seen, snapshot.release
        if before.feed != self._seen.feed:
            self.feed.setText(self._seen.feed or "")
        self._show(now)

    def _show(self, now: float) -> None:
        seen = self._seen
        said = standing(seen, now)
        self.state.show_state(said.symbol, said.tone, said.text)
        if seen.news is not None:
            self.news.show_release(seen.news)
        self.news.setVisible(seen.allowed and seen.news is not None and not seen.skipped)
        self.again.setVisible(seen.skipped)
        self._about.setText(self._what_is_asked())
        self._buttons.setVisible(seen.allowed)
        for row in (self.daily, self._about):
            self.form.setRowVisible(row, seen.allowed)
        self.form.setRowVisible(self._feed_row, seen.allowed)
        self._take_back()
        self._draw()

    def _what_is_asked(self) -> str:
        if self._seen.feed is None:
            return self.tr("Nothing is ever downloaded or installed by itself.")
        said = self.tr(
            "{host} is asked, by the same way and proxy as OpenAI. It learns this computer's address on the internet "
            "and the version of Waystation, nothing else. Nothing is downloaded or installed by itself."
        )
        return said.format(host=host_of(self._seen.feed))

    def _take_back(self) -> None:
        """Show what is, not what was wished for."""
        self.daily.setChecked(self._seen.consent is Consent.AGREED)

    def _draw(self) -> None:
        free = not self._operations.is_busy(UPDATES)
        asking = self._seen.asking or self._operations.is_busy(CHECK)
        self.check.setEnabled(self._seen.feed is not None and not asking)
        self.again.setEnabled(free)
        # Who is asked must be known to whoever agrees.
        self.daily.setEnabled(free and (self._seen.feed is not None or self.daily.isChecked()))
        self.use_feed.setEnabled(free and self._wanted_feed() != self._seen.feed)

    def _wanted_feed(self) -> str | None:
        """What would be asked; without an address the feed of this build, which an own one hides."""
        text = self.feed.text().strip()
        if text:
            return text
        return "" if self._seen.own_feed else self._seen.feed

    def _on_feed(self) -> None:
        if self.use_feed.isEnabled():
            self._operations.updates.use_feed(self.feed.text().strip())

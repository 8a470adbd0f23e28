"""What is new in a version, as plain text, and what the user can do about it."""

from __future__ import annotations

from PySide6.QtWidgets import QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from app.core.release import Release
from app.desktop.design import space
from app.desktop.icons import Icons
from app.desktop.operations import Operations
from app.desktop.update_operations import UPDATES
from app.desktop.widgets.calm_wheel import leave_wheel_until_chosen
from app.desktop.widgets.folding_row import FoldingRow
from app.desktop.widgets.quiet_label import QuietLabel
from app.desktop.widgets.symbol import Symbol

# Lines that are seen at once.
_FEWEST_LINES = 3
_MOST_LINES = 12


class ReleaseNews(QWidget):
    """The news of one version, with a button to its page and one that puts it aside.

    Args:
        icons: for the button.
        operations: what the buttons do.
    """

    def __init__(self, icons: Icons, operations: Operations) -> None:
        super().__init__()
        self._operations = operations
        self._release: Release | None = None
        # Plain: nothing in it loads a picture or can be clicked.
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setTabChangesFocus(True)
        leave_wheel_until_chosen(self.text)
        self.open = QPushButton(self.tr("Open the page"))
        Symbol(icons, self.open, "browser")
        self.open.clicked.connect(self._on_open)
        self.skip = QPushButton(self.tr("Not this version"))
        self.skip.setToolTip(self.tr("Say nothing more of it; the next version is told of again"))
        self.skip.clicked.connect(self._on_skip)
        self._no_page = QuietLabel(self.tr("The feed names no page that can be opened safely."))
        self._no_page.setWordWrap(True)
        buttons = FoldingRow(space.S)
        for button in (self.open, self.skip):
            buttons.line.addWidget(button)
        buttons.line.addStretch()
        column = QVBoxLayout(self)
        space.bare(column, space.S)
        column.addWidget(self.text)
        column.addWidget(self._no_page)
        column.addWidget(buttons)
        operations.busy_changed.connect(self._draw)

    def show_release(self, release: Release) -> None:
        """Show the news of this one."""
        if release == self._release:
            return
        self._release = release
        self.text.setPlainText(release.news or self.tr("What is new is told on the page."))
        self.text.setAccessibleName(self.tr("What is new in {version}").format(version=release.version))
        lines = min(max(release.news.count("\n") + 2, _FEWEST_LINES), _MOST_LINES)
        self.text.setFixedHeight(self.text.fontMetrics().lineSpacing() * lines + 2 * space.S)
        self.open.setVisible(release.page is not None)
        self._no_page.setVisible(release.page is None)
        self.open.setToolTip(release.page or "")
        self._draw()

    def _draw(self) -> None:
        self.skip.setEnabled(not self._operations.is_busy(UPDATES))

    def _on_open(self) -> None:
        if self._release is not None and self._release.page is not None:
            self._operations.updates.open_page(self._release.page)

    def _on_skip(self) -> None:
        if self._release is not None:
            self._operations.updates.skip(self._release.version)

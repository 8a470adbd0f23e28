"""The gateway's state and address on the overview, with the way to give them to a client."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QSize
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QPushButton

from app.desktop import words
from app.desktop.design import colours, space
from app.desktop.design.colours import Tone
from app.desktop.design.text import TextRole, styled
from app.desktop.first_steps import is_newcomer, last_request, summary
from app.desktop.icons import Icons, Look
from app.desktop.operations import Operations
from app.desktop.overview import overview
from app.desktop.widgets.address_line import AddressLine
from app.desktop.widgets.card import Card
from app.desktop.widgets.elided_label import ElidedLabel
from app.desktop.widgets.symbol import Symbol
from app.gateway.snapshot import GatewaySnapshot
from app.platform.shells import Shell

_PICTURE_SIZE = 32
_MARK_SIZE = 16


class ConnectionCard(Card):
    """State, address, and for those who are connected what the newcomer's steps have become: one quiet line.

    Args:
        icons: for pictures and buttons.
        operations: copy the set-up.
        copy_address: copies the address and says so.
        chosen_shell: for which the set-up is copied.
    """

    def __init__(
        self,
        icons: Icons,
        operations: Operations,
        copy_address: Callable[[str], None],
        chosen_shell: Callable[[], Shell],
    ) -> None:
        super().__init__()
        self._icons = icons
        self._operations = operations
        self._chosen_shell = chosen_shell
        self._base_url = ""
        self._look: Look | None = None
        self._newcomer: bool | None = None
        self._picture = QLabel()
        self.headline = styled(QLabel(), TextRole.HEADING)
        self._address = AddressLine(icons, copy_address)
        self._mark = QLabel()
        self.summary = ElidedLabel(quiet=True)
        self._copy = QPushButton(self.tr("Copy full set-up"))
        Symbol(icons, self._copy, "copy")
        self._copy.clicked.connect(self._on_copy)
        operations.busy_changed.connect(self._update_button)
        self._lay_out()

    def show_snapshot(self, snapshot: GatewaySnapshot, now: float) -> None:
        """Show this state; `now` is in Unix seconds."""
        seen = overview(snapshot, now)
        self._base_url = snapshot.base_url
        self.headline.setText(seen.headline)
        self._address.show_address(snapshot.base_url)
        self._copy.setText(self.tr("Copy full set-up for {shell}").format(shell=words.shell(self._chosen_shell())))
        newcomer, request = is_newcomer(snapshot), last_request(snapshot)
        quiet = not newcomer and request is not None
        self.summary.setText(summary(request, now) if quiet and request is not None else "")
        for widget in (self.summary, self._mark, self._copy):
            widget.setVisible(quiet)
        if self._newcomer and quiet:
            # It happened while the user waited for it, in another window most likely.
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self.summary, self.summary.text()))
        self._newcomer = newcomer
        if seen.look is not self._look:
            self._look = seen.look
            self._draw()
        self._update_button()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the system from light to dark."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._draw()

    def _lay_out(self) -> None:
        done = QHBoxLayout()
        space.bare(done, space.XS)
        done.addWidget(self._mark)
        done.addWidget(self.summary, 1)
        grid = QGridLayout()
        space.bare(grid)
        grid.setHorizontalSpacing(space.M)
        grid.setVerticalSpacing(space.XS)
        grid.addWidget(self._picture, 0, 0, 2, 1)
        grid.addWidget(self.headline, 0, 1)
        # Not beside the address, which may be long.
        grid.addWidget(self._copy, 0, 2)
        grid.addWidget(self._address, 1, 1, 1, 2)
        grid.addLayout(done, 2, 1, 1, 2)
        grid.setColumnStretch(1, 1)
        self.body.addLayout(grid)

    def _draw(self) -> None:
        if self._look is None:
            return
        ratio = self.devicePixelRatioF()
        self._picture.setPixmap(self._icons.state(self._look).pixmap(QSize(_PICTURE_SIZE, _PICTURE_SIZE), ratio))
        done = self._icons.tinted("state-ready", colours.mark(Tone.POSITIVE, self.palette()))
        self._mark.setPixmap(done.pixmap(QSize(_MARK_SIZE, _MARK_SIZE), ratio))

    def _update_button(self) -> None:
        self._copy.setEnabled(bool(self._base_url) and not self._operations.is_busy("copy"))

    def _on_copy(self) -> None:
        self._operations.copy_setup(self._chosen_shell(), self._base_url)

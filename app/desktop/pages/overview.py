"""The page "Overview"."""

from __future__ import annotations

from collections.abc import Callable

from app.desktop.icons import Icons
from app.desktop.operations import Operations
from app.desktop.place import Place
from app.desktop.widgets.address_line import AddressLine
from app.desktop.widgets.page_frame import PageFrame
from app.gateway.snapshot import GatewaySnapshot


class OverviewPage(PageFrame):
    """The page "Overview".

    Args:
        icons: for symbols.
        operations: what the buttons do.
        copy_address: copies the address and says so.
        go: turns to another page.
    """

    def __init__(
        self, icons: Icons, operations: Operations, copy_address: Callable[[str], None], go: Callable[[Place], None]
    ) -> None:
        super().__init__(self.tr("Overview"), scrolls=True)
        self._icons = icons
        self._operations = operations
        self._go = go
        self._address = AddressLine(icons, copy_address)
        self.body.addWidget(self._address)
        self.body.addStretch()

    def show_snapshot(self, snapshot: GatewaySnapshot, now: float) -> None:
        """Show this; `now` is in Unix seconds."""
        self._address.show_address(snapshot.base_url)

"""The page "Licenses"."""

from __future__ import annotations

from app.desktop.icons import Icons
from app.desktop.operations import Operations
from app.desktop.widgets.page_frame import PageFrame
from app.gateway.snapshot import GatewaySnapshot


class LicensesPage(PageFrame):
    """The page "Licenses".

    Args:
        icons: for symbols.
        operations: what the buttons do.
    """

    def __init__(self, icons: Icons, operations: Operations) -> None:
        super().__init__(self.tr("Licenses"), scrolls=True)
        self._icons = icons
        self._operations = operations

    def show_snapshot(self, snapshot: GatewaySnapshot, now: float) -> None:
        """Show this; `now` is in Unix seconds."""

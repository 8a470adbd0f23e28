"""What all sections of the settings page have in common."""

from __future__ import annotations

from app.desktop.widgets.card import Card
from app.desktop.widgets.form import Form
from app.gateway.snapshot import GatewaySnapshot


class Section(Card):
    """One card of the settings page.

    Args:
        heading: of the card.

    Attributes:
        form: its rows.
    """

    def __init__(self, heading: str) -> None:
        super().__init__(heading)
        self.form = Form()
        self.body.addLayout(self.form)

    def show_snapshot(self, snapshot: GatewaySnapshot, now: float) -> None:
        """Show what is chosen now; `now` is in Unix seconds. What the user is typing is left alone."""

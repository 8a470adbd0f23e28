"""Where a dialog says what is wrong with what was written."""

from __future__ import annotations

from PySide6.QtWidgets import QVBoxLayout

from app.desktop.design import space
from app.desktop.design.colours import Tone
from app.desktop.icons import Icons
from app.desktop.widgets.layouts import clear_layout, show_in
from app.desktop.widgets.notice import Notice


class ProblemPlace(QVBoxLayout):
    """Takes no room while there is nothing to say.

    Args:
        icons: for the notice.
    """

    def __init__(self, icons: Icons) -> None:
        super().__init__()
        self._icons = icons
        space.bare(self)

    def say(self, text: str | None) -> None:
        """What is wrong, in place of what was; None: nothing is."""
        clear_layout(self)
        if text is not None:
            show_in(self, Notice(self._icons, Tone.ERROR, text))

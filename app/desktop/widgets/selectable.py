"""Labels whose text can be selected and copied."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel


def make_selectable(label: QLabel) -> None:
    """Let the text be selected by mouse and by keyboard alike."""
    label.setTextInteractionFlags(
        Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
    )
    # The flags alone let the label be clicked, but not reached by Tab.
    label.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

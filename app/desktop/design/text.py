"""The type scale: what a text is for decides its size and weight, relative to the system's font."""

from __future__ import annotations

from enum import Enum
from typing import TypeVar

from PySide6.QtGui import QFont
from PySide6.QtWidgets import QApplication, QWidget

_W = TypeVar("_W", bound=QWidget)


class TextRole(Enum):
    """What a text is for, with its size relative to the system's font, and whether it is bold."""

    #: The one title of a page.
    TITLE = (1.5, False)
    #: Of a card or a section.
    HEADING = (1.1, True)
    #: A figure that is read at a glance.
    FIGURE = (1.6, False)
    BODY = (1.0, False)
    #: Beside the main thing.
    CAPTION = (0.92, False)


def font(role: TextRole) -> QFont:
    """The application's font in this role."""
    size, bold = role.value
    made = QFont(QApplication.font())
    made.setPointSizeF(made.pointSizeF() * size)
    # Bold Chinese characters are hard to read when they are small; the roles that are bold are not.
    made.setBold(bold)
    return made


def styled(widget: _W, role: TextRole) -> _W:
    """Give a widget the font of a role, and return it."""
    widget.setFont(font(role))
    return widget

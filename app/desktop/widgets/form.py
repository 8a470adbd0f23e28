"""Rows of a form: a label, a control, and a quiet sentence that says what it does."""

from __future__ import annotations

from PySide6.QtWidgets import QFormLayout, QHBoxLayout, QLabel, QWidget

from app.desktop.design import space
from app.desktop.design.text import TextRole, styled
from app.desktop.widgets.calm_wheel import leave_wheel_to_page
from app.desktop.widgets.quiet_label import QuietLabel

# So that the controls of several cards stand below each other, in pixels.
_LABEL_WIDTH = 210


class Form(QFormLayout):
    """Labels at the left, controls beside them; below each other where the window is narrow."""

    def __init__(self) -> None:
        super().__init__()
        space.bare(self)
        self.setHorizontalSpacing(space.M)
        self.setVerticalSpacing(space.S)
        self.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        self.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.FieldsStayAtSizeHint)

    def row(self, label: str, *controls: QWidget, note: str = "") -> None:
        """A labelled row; the label belongs to the first control."""
        title = QLabel(label)
        title.setBuddy(controls[0])
        title.setMinimumWidth(_LABEL_WIDTH)
        beside = QHBoxLayout()
        space.bare(beside, space.S)
        for control in controls:
            leave_wheel_to_page(control)
            beside.addWidget(control)
        beside.addStretch()
        self.addRow(title, beside)
        self.note(note)

    def wide(self, control: QWidget, note: str = "") -> None:
        """A control that says itself what it is, such as a check box."""
        self.addRow(control)
        self.note(note)

    def note(self, text: str) -> None:
        """A quiet sentence under the row before it."""
        if text:
            self.addRow(note_label(text))


def note_label(text: str = "") -> QuietLabel:
    """A quiet sentence that wraps."""
    label = styled(QuietLabel(text), TextRole.CAPTION)
    label.setWordWrap(True)
    # Otherwise a long word would widen the window.
    label.setMinimumWidth(1)
    return label

"""Layouts whose content changes while they are seen."""

from __future__ import annotations

from PySide6.QtWidgets import QBoxLayout, QDialog, QLayout, QWidget


def clear_layout(layout: QLayout) -> None:
    """Remove and delete what is in it; the click that leads here may come from one of its buttons."""
    while item := layout.takeAt(0):
        widget = item.widget()
        if widget is not None:
            widget.hide()
            widget.deleteLater()


def show_in(layout: QBoxLayout, *widgets: QWidget) -> None:
    """Add widgets, visible and able to take the keyboard at once, not only when the layout is next drawn."""
    for widget in widgets:
        layout.addWidget(widget)
        widget.show()


def fit_height(dialog: QDialog) -> None:
    """As high as its content at its width; a dialog itself reckons texts that wrap as narrow and high."""
    layout = dialog.layout()
    if layout is not None:
        layout.activate()
        dialog.resize(dialog.width(), layout.totalHeightForWidth(dialog.width()))

"""Layouts whose content changes while they are seen."""

from __future__ import annotations

from PySide6.QtCore import Qt
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


def tab_after(before: QWidget, layout: QLayout) -> None:
    """Let the keyboard come from `before`, or from what is before that, to what is in the layout.

    Qt's own order is that in which things were made.
    """
    start = before
    while not before.focusPolicy() & Qt.FocusPolicy.TabFocus:
        # Nothing can follow what the keyboard does not stop at.
        earlier = before.previousInFocusChain()
        if earlier is None or earlier is start:
            return
        before = earlier
    for index in range(layout.count()):
        item = layout.itemAt(index)
        part = item.widget() if item is not None else None
        for widget in [part, *part.findChildren(QWidget)] if part is not None else []:
            if widget.focusPolicy() & Qt.FocusPolicy.TabFocus:
                QWidget.setTabOrder(before, widget)
                before = widget


def fit_height(dialog: QDialog) -> None:
    """As high as its content at its width; a dialog itself reckons texts that wrap as narrow and high."""
    layout = dialog.layout()
    if layout is not None:
        layout.activate()
        dialog.resize(dialog.width(), layout.totalHeightForWidth(dialog.width()))

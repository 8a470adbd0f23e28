"""Asks the widgets of a window whether all that they say can be read: clipped texts, overlaps, what lies outside."""

from collections.abc import Iterator
from itertools import combinations

from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractScrollArea,
    QCheckBox,
    QComboBox,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QRadioButton,
    QScrollArea,
    QScrollBar,
    QStackedWidget,
    QStyle,
    QStyleOptionComboBox,
    QTableView,
    QToolButton,
    QWidget,
)

from app.desktop.widgets.elided_label import ElidedLabel


def misfits(window: QWidget) -> list[str]:
    """Everything on this window that cannot be read whole, in words; empty if all is well."""
    found = []
    for widget in window.findChildren(QWidget):
        if widget.isVisible() and not isinstance(widget, QScrollBar):
            found += [f"{_named(widget)}: {problem}" for problem in _problems(widget)]
    return sorted(set(found))


def _problems(widget: QWidget) -> Iterator[str]:
    if isinstance(widget, ElidedLabel):
        pass
    elif isinstance(widget, QLabel):
        yield from _of_label(widget)
    elif isinstance(widget, QPushButton | QToolButton | QCheckBox | QRadioButton):
        # Qt's own pictures inside an entry have no words to be read.
        if not isinstance(widget.parentWidget(), QLineEdit) and widget.sizeHint().width() > widget.width():
            yield f"needs {widget.sizeHint().width()} wide, has {widget.width()}"
    elif isinstance(widget, QComboBox):
        yield from _of_choice(widget)
    elif isinstance(widget, QLineEdit):
        wanted = widget.fontMetrics().horizontalAdvance(widget.placeholderText())
        if not widget.text() and wanted > widget.contentsRect().width():
            yield f"its hint needs {wanted} wide, has {widget.contentsRect().width()}"
    elif isinstance(widget, QHeaderView):
        yield from _of_header(widget)
    elif isinstance(widget, QScrollArea):
        yield from _of_scrolled(widget)
    elif isinstance(widget, QTableView) and widget.horizontalScrollBar().maximum() > 0:
        yield f"its last {widget.horizontalScrollBar().maximum()} pixels are out of sight"
    yield from _of_place(widget)
    yield from _of_children(widget)


def _of_label(label: QLabel) -> Iterator[str]:
    if not label.text() or label.width() <= 0:
        return
    room = label.contentsRect()
    if label.wordWrap():
        wanted = label.heightForWidth(label.width())
        if wanted > label.height():
            yield f"needs {wanted} high, has {label.height()}"
    elif label.sizeHint().width() > label.width():
        yield f"needs {label.sizeHint().width()} wide, has {label.width()}"
    if label.fontMetrics().height() > room.height() + 1:
        yield f"a line needs {label.fontMetrics().height()} high, has {room.height()}"


def _of_choice(box: QComboBox) -> Iterator[str]:
    option = QStyleOptionComboBox()
    box.initStyleOption(option)
    field = box.style().subControlRect(
        QStyle.ComplexControl.CC_ComboBox, option, QStyle.SubControl.SC_ComboBoxEditField, box
    )
    wanted = box.fontMetrics().horizontalAdvance(box.currentText())
    if wanted > field.width():
        yield f"{box.currentText()!r} needs {wanted} wide, has {field.width()}"


def _of_header(header: QHeaderView) -> Iterator[str]:
    model = header.model()
    if header.orientation() is not Qt.Orientation.Horizontal or model is None:
        return
    for number in range(header.count()):
        text = str(model.headerData(number, Qt.Orientation.Horizontal) or "")
        wanted = header.fontMetrics().horizontalAdvance(text)
        if not header.isSectionHidden(number) and wanted > header.sectionSize(number):
            yield f"{text!r} needs {wanted} wide, has {header.sectionSize(number)}"


def _of_scrolled(area: QScrollArea) -> Iterator[str]:
    inner, room = area.widget(), area.viewport().width()
    never = area.horizontalScrollBarPolicy() is Qt.ScrollBarPolicy.ScrollBarAlwaysOff
    if inner is not None and never and inner.width() > room:
        yield f"its content is {inner.width()} wide, and {room} can be seen"


def _of_place(widget: QWidget) -> Iterator[str]:
    """Outside of its parent; what scrolls is larger than what one sees of it."""
    parent = widget.parentWidget()
    if parent is None or widget.isWindow() or _scrolls(parent):
        return
    if not parent.rect().contains(widget.geometry()) and not widget.geometry().isEmpty():
        yield f"{_shown(widget.geometry())} lies outside of {_named(parent)} {parent.width()}x{parent.height()}"


def _of_children(widget: QWidget) -> Iterator[str]:
    """Children that cover each other, in a parent that lays them out side by side."""
    if isinstance(widget, QStackedWidget | QAbstractScrollArea) or widget.layout() is None or _scrolls(widget):
        return
    children = widget.findChildren(QWidget, options=Qt.FindChildOption.FindDirectChildrenOnly)
    laid_out = [child for child in children if child.isVisible() and _is_laid_out(widget, child)]
    for one, other in combinations(laid_out, 2):
        shared = one.geometry().intersected(other.geometry())
        if shared.width() > 0 and shared.height() > 0:
            yield f"{_named(one)} {_shown(one.geometry())} covers {_named(other)} {_shown(other.geometry())}"


def _is_laid_out(parent: QWidget, child: QWidget) -> bool:
    """Whether the parent's layout has it, itself or by a layout inside."""
    waiting = [parent.layout()]
    while waiting:
        layout = waiting.pop()
        for number in range(layout.count() if layout is not None else 0):
            item = layout.itemAt(number)
            if item.widget() is child:
                return True
            waiting.append(item.layout())
    return False


def _scrolls(widget: QWidget) -> bool:
    parent = widget.parentWidget()
    return isinstance(widget, QTableView) or (isinstance(parent, QAbstractScrollArea) and parent.viewport() is widget)


def _named(widget: QWidget) -> str:
    """Where it is and what it says."""
    text = widget.text() if isinstance(widget, QLabel | QAbstractButton) else ""
    names = []
    parent = widget.parentWidget()
    while parent is not None and len(names) < 3:
        if type(parent).__module__.startswith("app."):
            names.append(type(parent).__name__)
        parent = parent.parentWidget()
    return f"{type(widget).__name__} {(text or widget.accessibleName())[:50]!r} in {' < '.join(names)}"


def _shown(rect: QRect) -> str:
    corner: QPoint = rect.topLeft()
    return f"{rect.width()}x{rect.height()}+{corner.x()}+{corner.y()}"

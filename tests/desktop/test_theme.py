"""Light and dark: what has nothing but a frame is seen by it."""

from collections.abc import Iterator

import pytest
from PySide6.QtGui import QColor, QImage, QPalette
from PySide6.QtWidgets import QApplication, QCheckBox, QLineEdit, QRadioButton, QSpinBox, QVBoxLayout, QWidget

from app.desktop.design.theme import Theme, apply_theme


@pytest.fixture(params=[Theme.LIGHT, Theme.DARK])
def themed(qapp: QApplication, request: pytest.FixtureRequest) -> Iterator[Theme]:
    before, style = qapp.palette(), qapp.style().name()
    apply_theme(qapp, request.param)
    yield request.param
    apply_theme(qapp, Theme.SYSTEM)
    qapp.setStyle(style)
    qapp.setPalette(before)


def luminance(colour: QColor) -> float:
    """Of WCAG 2.2, "relative luminance"."""
    parts = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (colour.redF(), colour.greenF(), colour.blueF())
    ]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one: QColor, other: QColor) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def strongest(image: QImage, against: QColor, columns: range) -> float:
    """The strongest contrast that stands anywhere there."""
    return max(contrast(image.pixelColor(x, y), against) for x in columns for y in range(image.height()))


def test_an_empty_box_or_entry_has_a_frame_of_three_to_one_against_its_card(themed: Theme) -> None:
    card = QWidget()
    base = card.palette().color(QPalette.ColorRole.Base)
    column = QVBoxLayout(card)
    for kind in (QCheckBox, QRadioButton, QLineEdit, QSpinBox):
        made = kind()
        column.addWidget(made)
        card.show()
        made.clearFocus()
        QApplication.processEvents()
        drawn = made.grab().toImage()
        # The left edge: neither words nor arrows are there.
        assert strongest(drawn, base, range(0, 6)) >= 3.0, kind
    card.close()
    card.deleteLater()

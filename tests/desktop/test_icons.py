from itertools import combinations
from pathlib import Path

import pytest
from PySide6.QtGui import QColor, QImage

from app.desktop.icons import Icons, Look

ICONS = Path(__file__).resolve().parents[2] / "resources/icons"


def shape(icons: Icons, look: Look, size: int) -> list[bool]:
    """Which pixels are inked, whatever their colour."""
    image = icons.state(look).pixmap(size, size).toImage().convertToFormat(QImage.Format.Format_ARGB32)
    return [image.pixelColor(x, y).alpha() > 127 for y in range(size) for x in range(size)]


@pytest.mark.parametrize("size", [16, 22, 48])
def test_states_differ_in_shape_and_not_only_in_colour(icons: Icons, size: int) -> None:
    for one, other in combinations(Look, 2):
        pairs = zip(shape(icons, one, size), shape(icons, other, size), strict=True)
        different = sum(a != b for a, b in pairs)
        assert different > size * size * 0.04, (one, other, different)


def test_a_template_is_a_black_mask(icons: Icons) -> None:
    icon = icons.state(Look.RUNNING, template=True)
    assert icon.isMask()
    assert not icons.state(Look.RUNNING).isMask()
    image = icon.pixmap(22, 22).toImage()
    colours = [image.pixelColor(x, y) for x in range(22) for y in range(22)]
    assert {colour.name() for colour in colours if colour.alpha() > 250} == {"#000000"}


@pytest.mark.parametrize("path", sorted(ICONS.glob("*.svg")), ids=lambda path: path.stem)
def test_every_picture_can_be_drawn(icons: Icons, path: Path) -> None:
    image = icons.tinted(path.stem, QColor("#123456")).pixmap(24, 24).toImage()
    assert any(image.pixelColor(x, y).alpha() > 127 for x in range(24) for y in range(24))


def test_a_symbol_takes_the_colour_that_is_asked_for(icons: Icons) -> None:
    image = icons.tinted("stop", QColor("#ff0000")).pixmap(16, 16).toImage()
    assert image.pixelColor(8, 8).name() == "#ff0000"

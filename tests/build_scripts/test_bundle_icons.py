"""The icon files, read as their formats say."""

import struct
from pathlib import Path

import pytest
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

from bundle.icons import ICNS_TYPES, ICO_SIZES, PNG_SIZES, make_icons

SVG = Path(__file__).resolve().parents[2] / "resources/icons/waystation.svg"
#: The teal of its ground, and where each icon must have it: in the middle, near the lower edge.
GROUND = 0xFF0E7C7B


@pytest.fixture(scope="module")
def icons(qapp_cls: type[QApplication], tmp_path_factory: pytest.TempPathFactory) -> Path:
    application = QApplication.instance() or qapp_cls([])
    folder = tmp_path_factory.mktemp("icons")
    make_icons(SVG, folder)
    del application
    return folder


def ground(image: QImage) -> int:
    """The colour at the lower edge's middle, inside the rounded square."""
    return image.pixel(image.width() // 2, image.height() - 1 - max(1, image.height() // 16))


def test_windows_finds_each_size(icons: Path) -> None:
    data = (icons / "waystation.ico").read_bytes()
    reserved, kind, count = struct.unpack_from("<HHH", data)
    assert (reserved, kind, count) == (0, 1, len(ICO_SIZES))
    end = 6 + 16 * count
    for number, size in enumerate(ICO_SIZES):
        width, height, _, _, planes, bits, length, start = struct.unpack_from("<BBBBHHII", data, 6 + 16 * number)
        assert (width, height, planes, bits, start) == (size % 256, size % 256, 1, 32, end)
        end = start + length
        if size < 256:
            header = struct.unpack_from("<IiiHHI", data, start)
            assert header == (40, size, size * 2, 1, 32, 0)
            # The second row from below, as bitmaps go upwards.
            row = start + 40 + max(1, size // 16) * size * 4
            blue, green, red, alpha = data[row + size // 2 * 4 :][:4]
            assert alpha << 24 | red << 16 | green << 8 | blue == GROUND
            # The corner is transparent by its alpha.
            assert data[start + 43] == 0
            assert length == 40 + size * size * 4 + (size + 31) // 32 * 4 * size
        else:
            assert ground(QImage.fromData(data[start:end], "PNG")) == GROUND
    assert end == len(data)


def test_macos_finds_each_type(icons: Path) -> None:
    data = (icons / "waystation.icns").read_bytes()
    assert data[:4] == b"icns"
    assert struct.unpack_from(">I", data, 4) == (len(data),)
    found, at = {}, 8
    while at < len(data):
        kind, (length,) = data[at : at + 4].decode(), struct.unpack_from(">I", data, at + 4)
        image = QImage.fromData(data[at + 8 : at + length], "PNG")
        assert image.width() == image.height()
        assert ground(image) == GROUND
        found[kind] = image.width()
        at += length
    assert found == ICNS_TYPES


def test_linux_finds_each_size(icons: Path) -> None:
    for size in PNG_SIZES:
        image = QImage(str(icons / f"waystation-{size}.png"))
        assert (image.width(), image.height()) == (size, size)
        assert ground(image) == GROUND
        assert image.pixelColor(0, 0).alpha() == 0


def test_drawn_twice_they_are_the_same(icons: Path, tmp_path: Path) -> None:
    again = make_icons(SVG, tmp_path)
    assert {path.name: path.read_bytes() for path in again} == {
        path.name: path.read_bytes() for path in icons.iterdir()
    }


def test_what_is_no_picture_is_refused(icons: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.svg"
    broken.write_text("no picture", encoding="utf-8")
    with pytest.raises(ValueError, match="cannot be drawn"):
        make_icons(broken, tmp_path / "icons")

"""Make all icon files from the one SVG: python -m bundle.icons SVG FOLDER, with PySide6.

waystation.ico for Windows, waystation.icns for macOS, waystation-<size>.png for Linux and for pages. The containers
are written here, since Qt writes them with one size only.
"""

import os
import struct
import sys
from collections.abc import Mapping
from pathlib import Path

#: Pixels. Windows: the notification area, lists, tiles at scales from 100 to 300 %.
ICO_SIZES = (16, 20, 24, 32, 40, 48, 64, 128, 256)
#: macOS: type -> pixels; of 16 (doubled), 32 (doubled), 128, 256 and 512 points, each plain and doubled. The types of
#: 16 and 32 plain points hold no PNG that every version reads.
#: https://en.wikipedia.org/wiki/Apple_Icon_Image_format
ICNS_TYPES = {
    "ic11": 32,
    "ic12": 64,
    "ic07": 128,
    "ic13": 256,
    "ic08": 256,
    "ic14": 512,
    "ic09": 512,
    "ic10": 1024,
}
#: The folders of the hicolor theme that desktops look in.
PNG_SIZES = (16, 22, 24, 32, 48, 64, 128, 256, 512)
#: Windows reads a PNG in an icon, but some programs only at this size.
_PNG_IN_ICO = 256


def make_icons(svg: Path, folder: Path) -> list[Path]:
    """Draw each size anew, since a scaled small icon is blurred. The files made.

    Raises:
        ValueError: it is no SVG that Qt can draw.
    """
    pngs, bitmaps = drawn(svg, {*ICO_SIZES, *ICNS_TYPES.values(), *PNG_SIZES})
    folder.mkdir(parents=True, exist_ok=True)
    files = {
        "waystation.ico": ico({size: pngs[size] if size == _PNG_IN_ICO else dib(bitmaps[size]) for size in ICO_SIZES}),
        "waystation.icns": icns({kind: pngs[size] for kind, size in ICNS_TYPES.items()}),
        **{f"waystation-{size}.png": pngs[size] for size in PNG_SIZES},
    }
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return [folder / name for name in files]


def drawn(svg: Path, sizes: set[int]) -> tuple[dict[int, bytes], dict[int, bytes]]:
    """The picture in each size: as PNG, and as rows of blue, green, red, alpha from the top.

    Raises:
        ValueError: it is no SVG that Qt can draw.
    """
    from PySide6.QtCore import QBuffer, QIODevice, Qt
    from PySide6.QtGui import QImage, QPainter
    from PySide6.QtSvg import QSvgRenderer

    renderer = QSvgRenderer(str(svg))
    if not renderer.isValid():
        raise ValueError(f"{svg} cannot be drawn")
    pngs, bitmaps = {}, {}
    for size in sorted(sizes):
        image = QImage(size, size, QImage.Format.Format_ARGB32)
        image.fill(Qt.GlobalColor.transparent)
        painter = QPainter(image)
        renderer.render(painter)
        painter.end()
        buffer = QBuffer()
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        image.save(buffer, "PNG")  # type: ignore[call-overload]
        pngs[size] = bytes(buffer.data().data())
        bitmaps[size] = bytes(image.constBits())
    return pngs, bitmaps


def dib(pixels: bytes) -> bytes:
    """A square picture as an icon holds it: a bitmap of twice its height, upside down, with an empty mask."""
    size = int((len(pixels) // 4) ** 0.5)
    rows = [pixels[start : start + size * 4] for start in range(0, len(pixels), size * 4)]
    # A bit for each pixel, in rows of whole 32 bits: what is transparent says the alpha.
    mask = bytes((size + 31) // 32 * 4 * size)
    header = struct.pack("<IiiHHIIiiII", 40, size, size * 2, 1, 32, 0, len(pixels) + len(mask), 0, 0, 0, 0)
    return header + b"".join(reversed(rows)) + mask


def ico(pictures: Mapping[int, bytes]) -> bytes:
    """Windows' icon file of pictures by size, each a PNG or what `dib` gives."""
    start = 6 + 16 * len(pictures)
    entries, contents = b"", b""
    for size, content in pictures.items():
        side = size % 256
        entries += struct.pack("<BBBBHHII", side, side, 0, 0, 1, 32, len(content), start + len(contents))
        contents += content
    return struct.pack("<HHH", 0, 1, len(pictures)) + entries + contents


def icns(pictures: Mapping[str, bytes]) -> bytes:
    """macOS' icon file of PNGs by type."""
    body = b"".join(kind.encode() + struct.pack(">I", len(png) + 8) + png for kind, png in pictures.items())
    return b"icns" + struct.pack(">I", len(body) + 8) + body


if __name__ == "__main__":
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from PySide6.QtGui import QGuiApplication

    # Painting needs it, for as long.
    application = QGuiApplication(sys.argv[:1])
    make_icons(Path(sys.argv[1]), Path(sys.argv[2]))
